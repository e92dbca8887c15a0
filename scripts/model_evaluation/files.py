"""Files written so that a crash leaves the old one or the new one, never half of either."""

from __future__ import annotations

import os
import time
from os import PathLike


def write_atomically(path: str | PathLike[str], content: bytes, *, sync: bool = True) -> None:
    """Replace ``path`` (or what it links to) with ``content``: temporary file beside it, fsync, rename.

    An existing file keeps its mode. ``sync=False`` leaves the fsync out, for files that may be lost in a power cut.
    Raises OSError; then ``path`` is as it was and nothing is left behind.
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{time.monotonic_ns()}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
