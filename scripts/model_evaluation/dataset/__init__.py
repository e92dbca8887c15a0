"""Evaluation datasets: checked whole, described, and made ready.

Pure: bytes come in as an iterable of chunks, so local files and S3 objects are the same.

``rows``        from bytes to rows: file types, lines, JSON, the five formats
``operations``  new files out of a dataset: converted, sampled, split, without what is wrong or repeated
"""

from .check import DatasetReport, check_stream
from .file_sets import JoinedFiles
from .findings import Finding
from .operations.apply import OPERATIONS, apply_operation, convert_command, parse_operation, useful_operations
from .power import minimum_detectable_rate_difference
from .profile import Profile
from .rows.lines import read_chunks
from .rows.reading import Terms
from .training_overlap import Overlap, find_overlap

__all__ = [
    "OPERATIONS",
    "DatasetReport",
    "Finding",
    "JoinedFiles",
    "Overlap",
    "Profile",
    "Terms",
    "apply_operation",
    "check_stream",
    "convert_command",
    "find_overlap",
    "minimum_detectable_rate_difference",
    "parse_operation",
    "read_chunks",
    "useful_operations",
]
