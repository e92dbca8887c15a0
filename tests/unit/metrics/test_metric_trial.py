"""Trying a metric: the samples, the prompt, the judge's reply, and what the scores say; and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli_runs import RunCli
from model_evaluation.errors import Refused
from model_evaluation.kinds.llm_as_judge.metrics import trial
from model_evaluation.kinds.llm_as_judge.metrics.trial import BedrockJudge
from model_evaluation.lookups.session import Aws

SCALE = [{"definition": "Bad", "value": {"floatValue": 0}}, {"definition": "Good", "value": {"floatValue": 2}}]
INSTRUCTIONS = "You judge replies. Say how polite the reply is.\n\nAsked: {{prompt}}\nReply: {{prediction}}"


def metric(name: str = "Tone", direction: str = "higher", **more: Any) -> dict[str, Any]:
    definition = {"name": name, "instructions": INSTRUCTIONS, "ratingScale": SCALE, **more}
    return {"customMetricDefinition": definition, "direction": direction}


ROWS = [(1, "p1", "r1"), (2, "p2", None), (3, "p3", "r3"), (4, "p4", "r3")]


def test_each_row_is_tried_with_its_own_and_with_another_answer() -> None:
    found = trial.samples(ROWS, 2)
    assert found == [
        trial.Sample(1, "right", "p1", "r1", "r1"),
        trial.Sample(1, "wrong", "p1", "r1", "r3"),
        trial.Sample(3, "right", "p3", "r3", "r3"),
        trial.Sample(3, "wrong", "p3", "r3", "r1"),  # not row 4's, which is the same text
    ]


@pytest.mark.parametrize(
    "rows", [[], [(1, "p", "r")], [(1, "p", None), (2, "q", None)], [(1, "p", "r"), (2, "q", "r")]]
)
def test_without_two_different_answers_there_is_nothing_to_try(rows: list[Any]) -> None:
    with pytest.raises(Refused, match="reference answer"):
        trial.samples(rows, 3)


def test_variables_are_filled_in_once_so_that_texts_stay_texts() -> None:
    sample = trial.Sample(1, "right", "What is {{prediction}}?", "ref", "{{prompt}} \\1")
    prompt = trial.judge_prompt(metric()["customMetricDefinition"], sample)
    assert "Asked: What is {{prediction}}?\nReply: {{prompt}} \\1" in prompt
    assert "- Bad\n- Good" in prompt


def test_without_a_scale_a_number_is_asked_for() -> None:
    definition = {"name": "x", "instructions": "{{ ground_truth }}{{prediction}}"}
    prompt = trial.judge_prompt(definition, trial.Sample(1, "right", "p", "REF", "RES"))
    assert prompt.startswith("REFRES")
    assert "NUMBER" in prompt


@pytest.mark.parametrize(
    ("scale", "reply", "score"),
    [
        (True, '{"reasoning": "because", "rating": "Good"}', 2),
        (True, 'Sure: {"reasoning": "because", "rating": " good "} Bye', 2),
        (True, '{"reasoning": "because", "rating": "Great"}', None),
        (True, "no JSON at all", None),
        (True, "[1]", None),
        (True, "} {", None),
        (False, '{"reasoning": "because", "score": 0.5}', 0.5),
        (False, '{"reasoning": "because", "score": true}', None),
        (False, '{"reasoning": "because", "score": "0.5"}', None),
        (False, "{}", None),
    ],
)
def test_a_reply_is_read_or_it_is_no_score(scale: bool, reply: str, score: float | None) -> None:
    definition = {"name": "x", "instructions": "i", **({"ratingScale": SCALE} if scale else {})}
    assert trial.read_reply(definition, reply)[0] == score


def test_a_text_scale_gives_its_texts() -> None:
    definition = {"name": "x", "ratingScale": [{"definition": "Good", "value": {"stringValue": "A"}}]}
    assert trial.read_reply(definition, '{"rating": "Good"}')[0] == "A"


@pytest.mark.parametrize(
    ("direction", "right", "wrong", "separates"),
    [
        ("higher", 2.0, 0.0, True),
        ("higher", 0.0, 2.0, False),
        ("higher", 1.0, 1.0, False),
        ("lower", 0.0, 2.0, True),
        ("lower", 2.0, 0.0, False),
        ("higher", None, 0.0, None),
        ("higher", "A", "B", None),
    ],
)
def test_separates_follows_the_direction(direction: str, right: Any, wrong: Any, separates: bool | None) -> None:
    tried = trial.samples(ROWS, 2)
    (result,) = trial.try_metrics(
        [metric(direction=direction)], tried, lambda _, sample: (right if sample.kind == "right" else wrong, "")
    )
    assert result["separates"] is separates
    assert len(result["scores"]) == 4


# -- the command ---------------------------------------------------------------------------------------------


@pytest.fixture
def metrics_file(tmp_path: Path) -> Path:
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps([metric()]))
    return path


def test_it_runs_on_the_sample_rows_without_an_account(run_cli: RunCli, tmp_path: Path, metrics_file: Path) -> None:
    result = run_cli("metric", "try", str(metrics_file), project=tmp_path)
    assert result.code == 0, result.json
    assert result.json["simulated"] is True
    assert "SIMULATED" in result.json["findings"][0]["message"]
    (tried,) = result.json["metrics"]
    assert len(tried["scores"]) == 6
    assert {item["score"] for item in tried["scores"]} <= {0.0, 2.0}
    assert "Reply: " in result.json["prompt_example"]


def test_own_rows_and_their_number(run_cli: RunCli, tmp_path: Path, metrics_file: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"query": "a", "response": "b c d"}\nnot json\n{"query": "e", "response": "f g h"}\n')
    result = run_cli("metric", "try", str(metrics_file), "--rows", str(rows), "--limit", "1", project=tmp_path)
    assert [item["row"] for item in result.json["metrics"][0]["scores"]] == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--limit", "0"], 2, "usage"),
        (["--limit", "21"], 2, "usage"),
        (["--rows", "nowhere.jsonl"], 3, "file_unreadable"),
        (["--judge", "amazon.nova-pro-v1:0"], 3, "needs_consent"),
        (["--judge", "amazon.nova-pro-v1:0", "--yes"], 4, "no_region"),
    ],
)
def test_what_cannot_be_tried_is_named(
    run_cli: RunCli, tmp_path: Path, metrics_file: Path, arguments: list[str], code: int, error: str
) -> None:
    result = run_cli("metric", "try", str(metrics_file), *arguments, project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (code, error)


def test_no_metric_is_nothing_to_try(run_cli: RunCli, tmp_path: Path) -> None:
    path = tmp_path / "none.txt"
    path.write_text("none")
    result = run_cli("metric", "try", str(path), project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (3, "refused")
    assert "expected the definition of at least one" in result.json["error"]["message"]


@pytest.mark.parametrize("dual_stack", ["false", "true"])
def test_aws_itself_is_not_called_simulated(monkeypatch: pytest.MonkeyPatch, dual_stack: str) -> None:
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", dual_stack)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert not BedrockJudge(Aws(), "amazon.nova-pro-v1:0").simulated


def test_a_metric_with_faults_is_refused_before_anything_runs(run_cli: RunCli, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps([metric(instructions="Rate it.")]))
    result = run_cli("metric", "try", str(path), "--judge", "x", "--yes", project=tmp_path)
    assert result.code == 3
    assert result.json["error"]["code"] not in ("needs_consent", "no_region")
