"""Whoever watches the calls is told of each twice, and may drop the connection at either moment."""

from __future__ import annotations

import pytest
from botocore.exceptions import ConnectionClosedError

from model_evaluation.localaws import LocalAws
from model_evaluation.localaws.cloud import Call


@pytest.mark.parametrize(("moment", "exists"), [("arrived", False), ("answered", True)])
def test_a_call_can_be_cut_off_before_and_after_it_took_effect(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, moment: str, exists: bool
) -> None:
    seen: list[tuple[str, str]] = []

    def watch(call: Call, at: str) -> None:
        seen.append((call.operation, at))
        if (call.operation, at) == ("CreateBucket", moment):
            raise ConnectionAbortedError("cut off")

    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3 = aws.client("s3", "us-east-1")
    monkeypatch.setattr(aws.calls, "observer", watch)
    with pytest.raises(ConnectionClosedError):
        s3.create_bucket(Bucket=f"cut-off-{moment}")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert (f"cut-off-{moment}" in buckets) == exists
    assert [at for operation, at in seen if operation == "CreateBucket"] == ["arrived", "answered"][: 1 + exists]
    assert seen[-2:] == [("ListBuckets", "arrived"), ("ListBuckets", "answered")]
