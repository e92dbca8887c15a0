"""A dataset made ready: each operation writes new files and a manifest, and leaves the source alone."""

from .apply import OPERATIONS, apply_operation, convert_command, parse_operation
from .manifest import Manifest
from .useful import useful_operations

__all__ = ["OPERATIONS", "Manifest", "apply_operation", "convert_command", "parse_operation", "useful_operations"]
