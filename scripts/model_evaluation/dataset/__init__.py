"""Evaluation datasets: checked whole, described, and made ready.

Pure: bytes come in as an iterable of chunks, so local files and S3 objects are the same. Nothing is
imported until it is used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .check import DatasetReport, check_stream
    from .leakage import Leakage, find_leakage
    from .lines import read_chunks
    from .manifest import Manifest
    from .operations import OPERATIONS, apply_operation, parse_operation
    from .power import minimum_detectable_difference, minimum_detectable_rate_difference, rows_needed

_HOMES = {
    "DatasetReport": "check",
    "Leakage": "leakage",
    "Manifest": "manifest",
    "OPERATIONS": "operations",
    "apply_operation": "operations",
    "check_stream": "check",
    "find_leakage": "leakage",
    "minimum_detectable_difference": "power",
    "minimum_detectable_rate_difference": "power",
    "parse_operation": "operations",
    "read_chunks": "lines",
    "rows_needed": "power",
}
__all__ = [
    "OPERATIONS",
    "DatasetReport",
    "Leakage",
    "Manifest",
    "apply_operation",
    "check_stream",
    "find_leakage",
    "minimum_detectable_difference",
    "minimum_detectable_rate_difference",
    "parse_operation",
    "read_chunks",
    "rows_needed",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
