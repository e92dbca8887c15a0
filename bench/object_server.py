"""A file behind HTTPS the way S3 serves an object: HEAD, GET with ranges and If-Match, at a limited rate.

    python bench/object_server.py FILE FOLDER RATE

serves ``https://localhost:PORT/bench.rows/rows.jsonl``, prints the port, and ends when its input ends. FOLDER
receives ``ca.pem``, which clients have to trust. RATE is in bytes per second, of all connections together; 0 is as
fast as it goes.
"""

from __future__ import annotations

import mmap
import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

ETAG = '"0123456789abcdef"'
PIECE = 1 << 17


class Pace:
    """Lets bytes through at a rate."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait(self, size: int) -> None:
        if not self._rate:
            return
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - 0.01) + size / self._rate
            delay = self._free_at - now
        if delay > 0:
            time.sleep(delay)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    data: ClassVar[memoryview]
    pace: ClassVar[Pace]

    def do_HEAD(self) -> None:
        self._head(200, 0, len(self.data))

    def do_GET(self) -> None:
        start, end = 0, len(self.data)
        asked = self.headers.get("Range")
        if asked:
            first, last = asked.removeprefix("bytes=").split("-")
            start, end = int(first), min(end, int(last) + 1)
        self._head(206 if asked else 200, start, end)
        for at in range(start, end, PIECE):
            piece = self.data[at : min(end, at + PIECE)]
            self.pace.wait(len(piece))
            self.connection.sendall(piece)

    def _head(self, status: int, start: int, end: int) -> None:
        self.send_response(status)
        self.send_header("ETag", ETAG)
        self.send_header("Content-Length", str(end - start))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(self.data)}")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may leave early."""


def main() -> None:
    from model_evaluation.localaws.certificates import CertificateAuthority

    path, folder, rate = sys.argv[1:]
    file = os.open(path, os.O_RDONLY)
    Handler.data = memoryview(mmap.mmap(file, 0, prot=mmap.PROT_READ))
    Handler.pace = Pace(float(rate))
    server = Server(("127.0.0.1", 0), Handler)
    context: ssl.SSLContext = CertificateAuthority(Path(folder)).context_for("localhost")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
