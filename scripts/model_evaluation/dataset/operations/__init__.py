"""A dataset made ready: each operation writes new files and a manifest, and leaves the source alone."""

from .apply import OPERATIONS, apply_operation, parse_operation
from .manifest import Manifest

__all__ = ["OPERATIONS", "Manifest", "apply_operation", "parse_operation"]
