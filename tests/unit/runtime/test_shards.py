"""A dataset in several files: its names, and what is made of a manifest."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_evaluation.runtime.dataset_files import SourceRows, source_rows
from model_evaluation.runtime.s3_uri import is_shard_set, manifest_key, shard_names, unsharded_name, whole_set
from unit.runtime.fake_sagemaker import clients, settings_with


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


class OneBucket:
    """Objects by key, as boto3's S3 client gives them."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}


def manifest(*files: tuple[bytes, list[Any]]) -> bytes:
    outputs = [{"sha256": hashlib.sha256(body).hexdigest(), "source_lines": runs} for body, runs in files]
    return json.dumps({"source": {"uri": "s3://acme-data/all.jsonl"}, "outputs": outputs}).encode()


FIRST, SECOND = b'{"query": 1}\n{"query": 2}\n{"query": 3}\n', b'{"query": 4}\n'
SET = {"in/rows-001-of-002.jsonl": FIRST, "in/rows-002-of-002.jsonl": SECOND}


def traced(dataset: str, objects: dict[str, bytes]) -> SourceRows:
    return source_rows(settings_with(DATASET=dataset), clients(None, OneBucket(objects)))


def test_rows_of_a_prepared_dataset_are_traced_to_their_source() -> None:
    kept = {"in/manifest/rows.jsonl.json": manifest((FIRST, [[2, 3], 7]), (SECOND, [5]))}
    found = traced("s3://acme-data/in/rows-*-of-002.jsonl", SET | kept)
    assert found == SourceRows("s3://acme-data/all.jsonl", [2, 3, 7, 5])
    one = {"rows.jsonl": FIRST, "manifest/rows.jsonl.json": manifest((FIRST, [4, 6, 8]))}
    assert traced("s3://acme-data/rows.jsonl", one).lines == [4, 6, 8]


def test_after_several_operations_the_first_source_counts() -> None:
    content = json.loads(manifest((FIRST, [[2, 4]])))
    content["origin"] = {"uri": "s3://acme-data/first.jsonl"}
    content["outputs"][0]["origin_lines"] = [5, [8, 9]]
    objects = {"rows.jsonl": FIRST, "manifest/rows.jsonl.json": json.dumps(content).encode()}
    assert traced("s3://acme-data/rows.jsonl", objects) == SourceRows("s3://acme-data/first.jsonl", [5, 8, 9])


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"[]",
        b"{}",
        manifest((FIRST, [[2, 3], 7])),
        manifest((FIRST, [[2, 3], 7]), (SECOND + b" ", [5])),
        manifest((FIRST, [[2, 3, 4]]), (SECOND, [5])),
    ],
    ids=["none", "empty", "a list", "nothing in it", "a file less", "another content", "no run"],
)
def test_a_manifest_of_other_files_does_not_count(content: bytes | None) -> None:
    kept = {} if content is None else {"in/manifest/rows.jsonl.json": content}
    assert traced("s3://acme-data/in/rows-*-of-002.jsonl", SET | kept) == SourceRows("", [])


def test_a_manifests_key_does_not_begin_with_its_datasets() -> None:
    for name in ("s3://b/in/rows.jsonl", "rows.jsonl", "s3://b/in/rows-*-of-002.jsonl"):
        assert not any(manifest_key(name).startswith(file) for file in shard_names(name))
