"""Every fault of the catalogue: what a read-only call can reveal is caught before the start, and its fix mends it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.localaws import LocalAws
from model_evaluation.preflight.fixes import commands_in
from unit.preflight.fault_player import load_faults, play

READABLE = [fault for fault in load_faults() if fault["readable"] and fault["check"]]  # others are known gaps


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(step_seconds=0) as aws:
        yield aws


@pytest.mark.parametrize("fault", READABLE, ids=[fault["id"] for fault in READABLE])
def test_it_is_caught_before_the_start_and_mended_by_its_fix(
    fault: dict[str, Any], aws: LocalAws, tmp_path: Path
) -> None:
    outcome = play(fault, aws, tmp_path)
    assert outcome.caught, outcome.entry
    assert outcome.entry is not None
    assert outcome.entry["message"]
    assert outcome.entry["fix"], "a check that does not pass says what to do"
    if "by_hand" not in fault:
        assert commands_in(outcome.entry["fix"]), outcome.entry["fix"]
    assert outcome.mended


def test_a_policy_whose_only_statement_is_in_no_list_keeps_it(aws: LocalAws, tmp_path: Path) -> None:
    alone = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetBucketTagging", "Resource": "arn:aws:s3:::<results>"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": alone})
    put = f"aws s3api put-bucket-policy --bucket <results> --policy {shlex.quote(policy)}"
    (fault,) = (fault for fault in READABLE if fault["id"] == "bucket-of-another-account")
    outcome = play({**fault, "play": [put]}, aws, tmp_path)
    assert outcome.entry is not None
    assert outcome.mended
    (words,) = (shlex.split(line) for line in commands_in(outcome.entry["fix"]) if "put-bucket-policy" in line)
    kept, added = json.loads(words[-1])["Statement"]
    assert kept["Action"] == alone["Action"]
    assert added["Action"] == ["s3:GetObject", "s3:PutObject"]
