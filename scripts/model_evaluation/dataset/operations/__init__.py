"""A dataset made ready: each operation writes new files and a manifest, and leaves the source alone."""
