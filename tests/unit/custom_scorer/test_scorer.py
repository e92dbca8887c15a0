"""A scorer before it is used: the event of each format, replies that the container takes, the trial, presets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.errors import Refused
from model_evaluation.kinds.custom_scorer.demo.script import demo_dataset, demo_scorer
from model_evaluation.kinds.custom_scorer.scorer.events import ANSWER_FIELDS, event_of, format_name, gold_of
from model_evaluation.kinds.custom_scorer.scorer.local_file import local_call
from model_evaluation.kinds.custom_scorer.scorer.replies import ReplyError, read_reply
from model_evaluation.kinds.custom_scorer.scorer.trial import samples_of, try_scorer
from model_evaluation.kinds.custom_scorer.steps.scorer import lacking

ROWS: dict[str, dict[str, Any]] = {
    "openai_chat": {
        "messages": [{"role": "user", "content": "Capital of Peru?"}, {"role": "assistant", "content": "Lima"}]
    },
    "sagemaker": {"id": "p1", "query": "Capital of Peru?", "response": "Lima", "metadata": {"k": 1}},
    "prompt_completion": {"prompt": "Capital of Peru?", "completion": "Lima"},
    "preference": {"prompt": "Capital of Peru?", "chosen": "Lima", "rejected": "Quito"},
    "verl": {
        "prompt": [{"role": "user", "content": "Capital of Peru?"}],
        "reward_model": {"ground_truth": "Lima"},
        "extra_info": {"answer": "Lima", "split": "test"},
    },
}


def answer_in(event: dict[str, Any], name: str) -> str:
    field = event[ANSWER_FIELDS[name]]
    return str(field[-1]["content"] if name == "openai_chat" else field)


@pytest.mark.parametrize("name", ROWS)
def test_the_models_answer_stands_where_the_rows_format_has_it(name: str) -> None:
    row = ROWS[name]
    assert format_name(row) == name
    (event,) = event_of(row, "Quito", "7")
    assert answer_in(event, name) == "Quito"
    gold = event["extra_info"]["reference_answer"] if name == "verl" else event["reference_answer"]
    assert gold == {"text": "Lima"}
    assert gold_of(row) == "Lima"


def test_response_is_gold_in_one_format_and_the_models_answer_in_another() -> None:
    (sagemaker,), (verl,) = (event_of(ROWS[name], "Quito", "7") for name in ("sagemaker", "verl"))
    assert (sagemaker["response"], sagemaker["model_response"]) == ("Lima", "Quito")
    assert verl["response"] == "Quito"
    assert verl["data_source"] == "customized"
    assert "id" not in verl, "only where the row has one"


def test_a_chat_keeps_its_gold_turn_and_the_models_follows() -> None:
    (event,) = event_of(ROWS["openai_chat"], "Quito", "7")
    assert [turn["content"] for turn in event["messages"]] == ["Capital of Peru?", "Lima", "Quito"]
    assert event["id"] == "7"


def test_a_row_of_no_format_is_said() -> None:
    with pytest.raises(ValueError, match="none of the five"):
        format_name({"text": "x"})


GOOD = {"id": "1", "aggregate_reward_score": 0.5, "metrics_list": [{"name": "m", "value": 1, "type": "Metric"}]}


@pytest.mark.parametrize("reply", [[GOOD], {"statusCode": 200, "body": json.dumps([GOOD])}])
def test_both_forms_of_a_reply_are_taken(reply: object) -> None:
    scores = read_reply(reply, "1")
    assert (scores.total, scores.metrics) == (0.5, {"m": 1.0})


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"statusCode": 200, "body": [GOOD]}, "body is not JSON text"),
        ({"statusCode": 500, "body": "[]"}, "statusCode is 500"),
        ({"statusCode": 200, "body": "{"}, "body is not JSON text"),
        ({"statusCode": 200, "body": "{}"}, "got `object`"),
        ("text", "Expected `array`, got `str`"),
        (None, "got `null`"),
        ([], "0 results were returned for 1 sample"),
        ([GOOD, GOOD], "2 results"),
        ([3], "got `int`"),
        ([{"aggregate_reward_score": 1}], "id is None"),
        ([{**GOOD, "id": "2"}], "returned unchanged"),
        ([{"id": "1"}], "missing required field `aggregate_reward_score`"),
        ([{"id": "1", "aggregate_reward_score": "1"}], "got `str`"),
        ([{"id": "1", "aggregate_reward_score": True}], "got `bool`"),
        ([{"id": "1", "aggregate_reward_score": float("nan")}], "a finite number is expected"),
        ([{**GOOD, "metrics_list": [{"value": 1}]}], "missing required field `name`"),
        ({"errorType": "KeyError", "errorMessage": "'gold'"}, "the function raised KeyError"),
    ],
)
def test_replies_that_would_be_counted_as_failures_say_why(reply: object, words: str) -> None:
    with pytest.raises(ReplyError, match=words):
        read_reply(reply, "1")


def scorer(rule: Callable[[dict[str, Any]], float]) -> Callable[[list[dict[str, Any]]], object]:
    return lambda event: [{"id": one.get("id"), "aggregate_reward_score": rule(one)} for one in event]


SAMPLES = [(n, {"query": f"Question {n}?", "response": gold}) for n, gold in enumerate(("Lima", "Quito", "Bogotá"), 1)]


def test_a_scorer_that_tells_right_from_wrong_passes() -> None:
    trial = try_scorer(SAMPLES, scorer(lambda one: float(one["model_response"] == one["response"])))
    assert trial.faults == []
    assert trial.oddities == []
    assert [call.answer for call in trial.calls] == ["right", "wrong", "empty"] * 3
    assert trial.rows()[1] == {"line": 1, "answer": "wrong", "score": 0.0}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda one: 1.0, "Wrong answers score as well as right ones"),
        (lambda one: float(one["response"] == one["response"]), "the model's answer is in `model_response`"),
        (lambda one: float(one["model_response"] in ("", one["response"])), "Empty answers score as well"),
        (lambda one: float(one["model_response"] != one["response"]), "Wrong answers score as well"),
    ],
)
def test_a_scorer_that_gives_wrong_answers_full_marks_is_refused(rule: Any, words: str) -> None:
    trial = try_scorer(SAMPLES, scorer(rule))
    assert len(trial.faults) == 1
    assert words in trial.faults[0]


def test_a_scorer_for_another_format_is_refused() -> None:
    """Written for verl rows, it reads the gold answer as the model's."""
    rule = scorer(lambda one: float(one["response"] == one["reference_answer"]["text"]))
    assert try_scorer(SAMPLES, rule).faults
    verl = [(n, {**ROWS["verl"], "extra_info": {"answer": gold}}) for n, gold in enumerate(("Lima", "Quito"), 1)]
    fitting = scorer(lambda one: float(one["response"] == one["extra_info"]["reference_answer"]["text"]))
    assert try_scorer(verl, fitting).faults == []


def test_a_scorer_that_changes_its_mind_is_odd() -> None:
    calls = []

    def moody(one: dict[str, Any]) -> float:
        calls.append(one)
        return float(one["model_response"] == one["response"]) * (2 if len(calls) > 9 else 1)

    assert "not deterministic" in try_scorer(SAMPLES, scorer(moody)).oddities[0]


def test_without_any_gold_answer_nothing_can_be_tried() -> None:
    assert "No row has a reference answer" in try_scorer([], scorer(lambda one: 1.0)).faults[0]
    lines = [b'{"query": "x"}', b"nothing", b'{"query": "y", "response": "a"}', b'{"query": "z", "response": "a"}']
    assert [line for line, _ in samples_of(lines, 3)] == [3], "different answers, so that one can be the other's wrong"


def test_a_file_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "scorer.py"
    path.write_text(demo_scorer(), encoding="utf-8")
    trial = try_scorer(samples_of(demo_dataset().splitlines(), 2), local_call(str(path)))
    assert trial.faults == []
    assert trial.metrics == ["team_correct", "json_valid"]
    with pytest.raises(Refused, match="There is no file"):
        local_call(str(tmp_path / "nothing.py"))
    (tmp_path / "metrics.json").write_text("[]")
    with pytest.raises(Refused, match="is not a Python file"):
        local_call(str(tmp_path / "metrics.json"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import nothing_of_the_sort", "No module named"),
        ("def lambda_handler(event, context): return {1, 2}", "not JSON serializable"),
        ("print('hello')\ndef lambda_handler(event, context): return 1", "got `int`"),
        ("x = 1", "lambda_handler"),
    ],
)
def test_a_file_that_fails_says_how(source: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "scorer.py"
    path.write_text(source, encoding="utf-8")
    assert words in try_scorer(SAMPLES[:1], local_call(str(path))).faults[0]


@pytest.mark.parametrize(
    ("preset", "row", "why"),
    [
        ("prime_math", {"query": "6*7?", "response": "42"}, ""),
        ("prime_math", {"query": "x?", "response": "\\frac{1}{2}"}, ""),
        ("prime_math", {"query": "6*7?"}, "no reference answer"),
        ("prime_math", {"query": "Capital?", "response": "Lima"}, "without any number"),
        ("prime_code", {"query": "add", "metadata": {"inputs": [1], "outputs": [2]}}, ""),
        ("prime_code", {"query": "add", "metadata": '{"inputs": [1], "outputs": [2]}'}, ""),
        ("prime_code", {"query": "add"}, "no metadata"),
        ("prime_code", {"query": "add", "metadata": {"inputs": [], "outputs": []}}, "no inputs and outputs"),
        ("prime_code", {"query": "add", "metadata": {"inputs": [1, 2], "outputs": [2]}}, "as many outputs"),
    ],
)
def test_what_a_row_lacks_for_a_preset(preset: str, row: dict[str, Any], why: str) -> None:
    found = lacking(preset, row)
    assert (why in found) if why else found == ""
