"""The one parser of S3 URIs: a bucket and a key, kept exactly; anything else is told."""

from __future__ import annotations

import pytest

from model_evaluation.runtime.s3_uri import S3Uri


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("s3://rows", ("rows", "")),
        ("s3://rows/", ("rows", "")),
        ("s3://rows/p/q/", ("rows", "p/q/")),
        ("s3://rows/a b#?", ("rows", "a b#?")),
    ],
)
def test_a_uri_is_a_bucket_and_a_key(text: str, parts: tuple[str, str]) -> None:
    assert S3Uri.parse(text) == parts
    assert str(S3Uri.parse(text)) == f"s3://{parts[0]}/{parts[1]}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s3://bucket/key"),
        ("rows/p", "s3://bucket/key"),
        ("https://rows/p", "s3://bucket/key"),
        ("s3:///p", "not a bucket name"),
        ("s3://Rows/p", "not a bucket name"),
        ("s3://a..b/p", "not a bucket name"),
        (f"s3://rows/{'x' * 1025}", "1,025 bytes; S3 allows 1,024"),
    ],
)
def test_what_is_no_uri_is_told(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("1,025", "1025")):
        S3Uri.parse(text)
