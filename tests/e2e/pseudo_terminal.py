"""A program in a real pseudo-terminal: type, wait for words, read the exit code."""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]|\x1b\][^\x07]*\x07|\r")
ENTER, TAB, UP, CTRL_C, CTRL_D = "\r", "\t", "\x1b[A", "\x03", "\x04"


class PseudoTerminal:
    """Runs ``command``; everything it writes is in ``seen`` with colours and cursor movements taken out."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], *, columns: int = 110, rows: int = 50) -> None:
        import fcntl
        import pty
        import termios

        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        env = {**env, "TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
        )
        os.close(slave)
        self.seen = ""
        self.raw = ""
        self._mark = 0

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)

    def type(self, text: str) -> None:
        """Press keys, without Enter."""
        os.write(self.master, text.encode())

    def enter(self, text: str = "") -> None:
        """Type a line and press Enter."""
        self.type(text + ENTER)

    def expect(self, *words: str, seconds: float = 300.0) -> str:
        """Wait until all ``words`` were written since the last call, in this order; return what was written."""
        deadline = time.monotonic() + seconds
        pattern = re.compile(".*?".join(re.escape(word) for word in words), re.S)
        while True:
            found = pattern.search(self.seen, self._mark)
            if found:
                text, self._mark = self.seen[self._mark : found.end()], found.end()
                return text
            if time.monotonic() > deadline or not self._read(deadline):
                raise AssertionError(f"{words} did not appear; the terminal shows:\n{self.seen[self._mark :][-3000:]}")

    def exit_code(self, seconds: float = 300.0) -> int:
        """Wait for the end, reading what is left."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self.process.wait(timeout=max(0.1, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0.0, min(0.2, deadline - time.monotonic())))
        if not ready:
            return time.monotonic() < deadline
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the program has ended
            return False
        self.raw += data.decode("utf-8", "replace")
        self.seen = CONTROL.sub("", self.raw)
        return bool(data)
