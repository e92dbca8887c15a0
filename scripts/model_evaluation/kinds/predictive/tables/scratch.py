"""Folders for rows that are looked at: gone afterwards, and if a process was killed, when the next one starts."""

from __future__ import annotations

import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

PREFIX = "model-evaluation"


@contextmanager
def scratch_folder(name: str) -> Iterator[str]:
    """A folder of this process. Those that processes left which are no more are deleted."""
    if os.name == "posix":  # elsewhere nothing tells whether a process lives without touching it
        for path in glob.glob(os.path.join(glob.escape(tempfile.gettempdir()), f"{PREFIX}-{name}-*")):
            owner = re.match(rf"{PREFIX}-{name}-(\d+)-", os.path.basename(path))
            if owner and not _lives(int(owner[1])):
                shutil.rmtree(path, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}-{name}-{os.getpid()}-") as folder:
        yield folder


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True
