"""The same S3 in memory as the other tests of results."""

from unit.runtime.conftest import bucket, s3  # noqa: F401 - fixtures
