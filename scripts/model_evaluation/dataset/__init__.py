"""Evaluation datasets: checked whole, described, and made ready.

Pure: bytes come in as an iterable of chunks, so local files and S3 objects are the same. Nothing is
imported until it is used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .check import DatasetReport, check_stream
    from .lines import read_chunks

_HOMES = {
    "DatasetReport": "check",
    "check_stream": "check",
    "read_chunks": "lines",
}
__all__ = ["DatasetReport", "check_stream", "read_chunks"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
