"""``mlflow server`` on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LISTENING = re.compile(rb"running on (http://127\.0\.0\.1:\d+)")


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Its address; artifacts go straight to a folder, as SageMaker's go to S3."""
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "0", "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
        "--no-serve-artifacts", "--default-artifact-root", (folder / "artifacts").as_uri(),
    ]  # fmt: skip
    env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=folder)
        try:
            yield _address(process, folder / "log")
        finally:
            process.terminate()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where it listens, which it says as soon as it does."""
    while process.poll() is None:
        if found := LISTENING.search(log.read_bytes()):
            return found[1].decode()
        time.sleep(0.25)
    raise AssertionError(log.read_text()[-2000:])
