"""Inspect's logs: JSON and zstd, whole and broken, and what every sample of them says."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.kinds.inspect_ai.runtime.logs import Log, read_log, value_of
from model_evaluation.runtime.results.evaluation import ResultsError

ReadLog = Callable[[str], Log]
LOGS = Path(__file__).parents[2] / "data" / "inspect_logs"


def test_json_and_zstd_say_the_same(log: ReadLog) -> None:
    packed, plain = log("reference.eval"), log("reference.json")
    assert packed.keyed() == plain.keyed()
    assert (packed.task, packed.model, packed.status, packed.epochs) == ("capitals", "mockllm/model", "success", 2)
    assert packed.means == plain.means


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python's own zip module knows zstd there")
def test_the_members_are_such_that_python_cannot_unpack_them() -> None:
    with zipfile.ZipFile(LOGS / "reference.eval") as archive, pytest.raises(NotImplementedError):
        archive.read("header.json")


def test_the_order_of_samples_is_that_of_their_execution(log: ReadLog) -> None:
    orders = {tuple(sample.id for sample in log(name).samples) for name in ("candidate.eval", "reference.json")}
    assert len(orders) == 2


def test_long_texts_are_whole_although_the_log_keeps_them_apart(log: ReadLog) -> None:
    sample = log("reference.eval").keyed()["capitals", "Peru", 2]
    assert sample.input.endswith("What is the capital of Peru?")
    assert len(sample.input) > 400
    assert (sample.target, sample.answer) == ("Lima", "I do not know")


def test_attachments_are_put_back(log: ReadLog) -> None:
    document = json.loads((LOGS / "reference.json").read_bytes())
    sample = document["samples"][0]
    sample["attachments"]["abc"], sample["input"] = "the whole question", "attachment://abc"
    assert read_log(json.dumps(document).encode(), "x.json").samples[0].input == "the whole question"


def test_a_failed_sample_has_an_error_and_no_score(log: ReadLog) -> None:
    candidate = log("candidate.eval")
    failed = candidate.keyed()["capitals", "France", 1]
    assert "did not answer" in failed.error
    assert failed.scores == {}
    # What makes errors vanish: a success, whose averages are over the others.
    assert (candidate.status, candidate.total, candidate.completed) == ("success", 12, 10)
    assert candidate.means["includes"] == pytest.approx(4 / 5)


def test_answers_at_the_token_limit_are_told(log: ReadLog) -> None:
    assert [sample.id for sample in log("candidate.eval").samples if sample.cut_off] == ["Egypt", "Egypt"]


def test_a_run_whose_errors_were_too_many_still_has_its_samples(log: ReadLog) -> None:
    failed = log("failed.eval")
    assert failed.status == "error"
    assert sum(bool(sample.scores) for sample in failed.samples) == 10


def test_a_run_that_was_interrupted_has_some_samples_and_no_header(log: ReadLog) -> None:
    broken = log("broken.eval")
    assert broken.status == "started"
    assert 0 < len(broken.samples) < broken.expected == 12


def test_a_cancelled_run_is_not_a_success() -> None:
    document = json.loads((LOGS / "reference.json").read_bytes())
    document |= {"status": "cancelled", "results": None, "samples": document["samples"][:5]}
    log = read_log(json.dumps(document).encode(), "x.json")
    assert (log.status, len(log.samples), log.expected, log.means) == ("cancelled", 5, 12, {})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"eval": 3}', b"PK\x03\x04 and no more", b'{"eval": {}, "samples": []}', b"\xff\xfe"]
)
def test_what_is_no_log_is_refused_with_what_to_do(body: bytes) -> None:
    with pytest.raises(ResultsError) as refused:
        read_log(body, "strange.eval")
    assert "strange.eval" in refused.value.message
    assert "inspect log recover" in refused.value.fix


def test_a_sample_that_cannot_be_unpacked_is_counted(log: ReadLog) -> None:
    content = io.BytesIO((LOGS / "reference.eval").read_bytes())
    with zipfile.ZipFile(content) as archive:
        info = archive.getinfo("samples/Peru_epoch_1.json")
    damaged = bytearray(content.getvalue())
    damaged[info.header_offset + 60 : info.header_offset + 260] = bytes(200)
    found = read_log(bytes(damaged), "damaged.eval")
    assert (found.unreadable, len(found.samples)) == (1, 11)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), (True, 1.0), (3, 3.0), (0.25, 0.25), ("0.5", 0.5), ("yes", 1.0),
        ("No", 0.0), ("maybe", None), (None, None), ([1], None), (float("nan"), None),
    ],
)  # fmt: skip
def test_values_are_numbers_as_inspect_has_them(value: object, number: float | None) -> None:
    assert value_of(value) == number


def changed(change: Callable[[dict[str, Any]], None]) -> Log:
    document = json.loads((LOGS / "reference.json").read_bytes())
    change(document)
    return read_log(json.dumps(document).encode(), "x.json")


def test_a_dictionary_of_values_is_a_score_each() -> None:
    def change(document: dict[str, Any]) -> None:
        for sample in document["samples"]:
            sample["scores"] = {"rubric": {"value": {"tone": "C", "facts": 0.5}, "explanation": "so so"}}

    log = changed(change)
    assert log.scorers == ("rubric.tone", "rubric.facts")
    assert log.samples[0].scores == {"rubric.tone": 1.0, "rubric.facts": 0.5}
    assert log.samples[0].explanations["rubric.facts"] == "so so"


def test_ids_may_be_numbers_and_targets_lists() -> None:
    def change(document: dict[str, Any]) -> None:
        document["samples"][0] |= {"id": 7, "target": ["a", "b"]}

    sample = changed(change).samples[0]
    assert (sample.id, sample.target) == ("7", "a, b")


def test_a_conversation_is_what_the_user_said_with_the_rest_as_context() -> None:
    def change(document: dict[str, Any]) -> None:
        turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
        document["samples"][0]["input"] = turns

    sample = changed(change).samples[0]
    assert (sample.input, sample.context) == ("Why?", "Be brief.")


def test_of_a_sample_that_occurs_twice_the_scored_one_counts() -> None:
    def change(document: dict[str, Any]) -> None:
        first = document["samples"][0]
        document["samples"].insert(0, {**first, "scores": {}, "error": {"message": "first attempt"}})

    log = changed(change)
    assert len(log.samples) == 13
    assert all(sample.scores for sample in log.keyed().values())
