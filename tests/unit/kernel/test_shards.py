"""A dataset in several files: its names, and what is made of a manifest."""

from __future__ import annotations

import pytest

from model_evaluation.kernel.shardnames import is_shard_set, shard_names, unsharded_name, whole_set


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("s3://b/a-*-of-002.jsonl", ["s3://b/a-001-of-002.jsonl", "s3://b/a-002-of-002.jsonl"]),
        ("a.b-*-of-001", ["a.b-001-of-001"]),
        ("s3://b/rows.jsonl", ["s3://b/rows.jsonl"]),
        ("s3://b/a-*-of-000.jsonl", ["s3://b/a-*-of-000.jsonl"]),
        ("s3://b/a-*-of-2.jsonl", ["s3://b/a-*-of-2.jsonl"]),
        ("s3://b/a-*-of-002/x.jsonl", ["s3://b/a-*-of-002/x.jsonl"]),
        ("s3://b/a-*-of-99999.jsonl", ["s3://b/a-*-of-99999.jsonl"]),
    ],
)
def test_a_star_stands_for_every_file_of_its_set(name: str, files: list[str]) -> None:
    assert shard_names(name) == files
    assert is_shard_set(name) == (files != [name])


def test_a_thousand_files_have_four_digits() -> None:
    names = shard_names("r-*-of-1000.jsonl")
    assert (names[0], names[-1], len(names)) == ("r-0001-of-1000.jsonl", "r-1000-of-1000.jsonl", 1000)


def test_a_file_knows_its_set_and_the_set_its_name() -> None:
    for name in shard_names("s3://b/rows-*-of-012.jsonl"):
        assert whole_set(name) == "s3://b/rows-*-of-012.jsonl"
    assert whole_set("s3://b/rows.jsonl") is None
    assert unsharded_name("s3://b/rows-*-of-012.jsonl") == "s3://b/rows.jsonl"
    assert unsharded_name("s3://b/rows-001-of-012.jsonl") == "s3://b/rows-001-of-012.jsonl"
