"""``s3://bucket/key`` taken apart; the one parser of such URIs."""

from __future__ import annotations

import re
from typing import NamedTuple

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


class S3Uri(NamedTuple):
    """``key`` is empty for the bucket itself, and kept exactly."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @classmethod
    def parse(cls, text: str) -> S3Uri:
        """Raises ValueError, which says what was received and what is expected, for anything else."""
        if not text.startswith("s3://"):
            raise ValueError(f"{text[:200]!r} was received; an S3 URI is expected, which looks like s3://bucket/key.")
        bucket, _, key = text[len("s3://") :].partition("/")
        if not _BUCKET.fullmatch(bucket) or ".." in bucket:
            raise ValueError(
                f"{bucket[:100]!r} is not a bucket name; one has 3 to 63 lower-case letters, digits, dots and hyphens."
            )
        if len(key.encode("utf-8")) > 1024:
            raise ValueError(f"The key has {len(key.encode('utf-8'))} bytes; S3 allows 1,024.")
        return cls(bucket, key)
