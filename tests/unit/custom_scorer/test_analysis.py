"""A scorer's files to its verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evaluator_parameters import EVALUATOR
from model_evaluation.kinds.custom_scorer.runtime.analysis import ModelFiles, analyse, own_scores, read_model
from model_evaluation.kinds.custom_scorer.runtime.settings import ScorerSettings
from model_evaluation.localaws.jobs.task_results import AnsweredQuestion, TaskAnswers, TaskResults, task_files
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.export import export_analysis
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side
from model_evaluation.runtime.settings import SettingsError
from model_evaluation.runtime.tasks.files import Question
from unit.runtime.results_world import BUCKET, EXECUTION

OUTPUT = f"s3://{BUCKET}/evaluations/scored"
SCHEMA = Path(__file__).parents[3] / "scripts" / "model_evaluation" / "schemas" / "summary.schema.json"
STEPS: dict[Side, str] = {"tuned": "EvaluateCustomModel", "base": "EvaluateBaseModel"}
ROWS = [
    {"query": f"Ticket {n}: which team?", "response": f"team {n % 4}", "category": "even" if n % 2 == 0 else "odd"}
    for n in range(40)
]
LINES = [json.dumps(row) for row in ROWS]
Marks = Sequence[float | None]


def put(
    s3: Any, side: Side, marks: Marks, *, failures: int = 0, order: Sequence[int] | None = None, **more: Any
) -> None:
    """A row per mark; ``None``: the scorer failed on it."""
    answered = []
    for at in order or range(len(marks)):
        metrics: dict[str, Any] = {"em": 0.0, "rouge1": 0.5}
        if marks[at] is not None:
            metrics["custom_lambda_metric"] = repr({"aggregate_reward_score": marks[at], "team_correct": marks[at]})
        answered.append(AnsweredQuestion(ROWS[at]["query"], f"{side} answers ticket {at} in its own words", metrics))
    given = [mark for mark in marks if mark is not None]
    own = {"aggregate_reward_score": sum(given) / len(given), "byoc_failure_count": float(failures), **more}
    results = TaskResults([TaskAnswers("custom|gen_qa_gen_qa|0", answered)], ["em", "rouge1"], own)
    for file in task_files(f"pipelines-{EXECUTION}-{STEPS[side]}-0a1b2c", side, 1.8e9, results):
        s3.put_object(Bucket=BUCKET, Key=f"evaluations/scored/{file.key}", Body=file.body)


def analysed(
    s3: Any, tuned: Marks, base: Marks, *, primary: str = "team_correct", direction: str = "higher"
) -> Analysis:
    files: dict[Side, ModelFiles] = {
        side: read_model(s3, OUTPUT, [EXECUTION], side, side)
        for side in (("tuned", "base"))  # type: ignore[misc]
    }
    evaluation = Evaluation(
        "custom_scorer",
        {"scorer": "prime_math", "decoding": {}},
        {"name": "assistant/3"},
        {"name": "llama"},
        primary_metric=primary,
        execution_arn=f"arn:aws:sagemaker:us-west-2:111122223333:pipeline/p/execution/{EXECUTION}",
    )
    analysis = analyse(evaluation, files, LINES, direction=direction)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(dict(analysis.summary))
    return analysis


def marks_of(right: int, of: int = 40) -> list[float | None]:
    return [float(n < right) for n in range(of)]


def test_the_scorers_scores_pair_by_record(s3: Any) -> None:
    put(s3, "tuned", marks_of(32), order=list(reversed(range(40))))
    put(s3, "base", marks_of(20))
    summary = analysed(s3, [], []).summary
    assert list(summary["metrics"]) == ["team_correct", "aggregate_reward_score"]
    entry = summary["metrics"]["team_correct"]
    assert (entry["wins"], entry["losses"], entry["n_paired"]) == (12, 0, 40)
    assert summary["verdict"]["decision"] == "improved"
    assert set(summary["slices"]["category"]) == {"even", "odd"}
    assert "em" not in summary["metrics"], "the container's own text metrics know nothing of the rule"


def test_rows_that_the_scorer_failed_on_are_missing_not_zero(s3: Any) -> None:
    tuned: list[float | None] = [None, *marks_of(32)[1:]]
    put(s3, "tuned", tuned, failures=1)
    put(s3, "base", marks_of(20))
    summary = analysed(s3, [], []).summary
    entry = summary["metrics"]["team_correct"]
    assert (entry["n_paired"], entry["tuned"]["n_missing"]) == (39, 1)
    check = next(check for check in summary["fairness"]["checks"] if check["id"] == "scorer_failures")
    assert (check["status"], check["counts"]["fine-tuned model"]) == ("warn", 1)
    assert "counted as 0 the difference would be +0.28" in check["message"]  # (31 - 20) / 40
    assert "at_most" not in check


def test_many_failures_hold_the_verdict_back(s3: Any) -> None:
    tuned: list[float | None] = [None] * 6 + marks_of(40)[6:]
    put(s3, "tuned", tuned, failures=6)
    put(s3, "base", marks_of(10))
    assert analysed(s3, [], []).summary["verdict"]["decision"] == "inconclusive"


def test_failures_that_only_the_count_tells_are_said(s3: Any) -> None:
    put(s3, "tuned", marks_of(32), failures=7)
    put(s3, "base", marks_of(20))
    checks = analysed(s3, [], []).summary["fairness"]["checks"]
    assert "7 of the fine-tuned model" in next(c["message"] for c in checks if c["id"] == "scorer_failures")


def test_a_mean_that_the_rows_contradict_is_said(s3: Any) -> None:
    put(s3, "tuned", marks_of(32), aggregate_reward_score=0.99)
    put(s3, "base", marks_of(20))
    warnings = analysed(s3, [], []).summary["warnings"]
    assert any("reports a mean of 0.99" in text and "0.8 over 40" in text for text in warnings)


def test_lower_may_be_better(s3: Any) -> None:
    put(s3, "tuned", marks_of(10))
    put(s3, "base", marks_of(30))
    assert analysed(s3, [], [], direction="lower").summary["verdict"]["decision"] == "improved"


def test_the_first_metric_decides_where_none_was_named(s3: Any) -> None:
    put(s3, "tuned", marks_of(32))
    put(s3, "base", marks_of(20))
    assert analysed(s3, [], [], primary="").summary["primary_metric"] == "aggregate_reward_score"
    with pytest.raises(ResultsError, match="they have aggregate_reward_score, team_correct"):
        analysed(s3, [], [], primary="f1")


def test_a_report_is_written(s3: Any, tmp_path: Path) -> None:
    put(s3, "tuned", marks_of(32))
    put(s3, "base", marks_of(20))
    folder = export_analysis(analysed(s3, [], []), tmp_path)
    assert "a program" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"em": 1, "custom_lambda_metric": {"a": 1, "b": 0.5}}, {"a": 1.0, "b": 0.5}),
        ({"em": 1, "custom_lambda_metric": "{'a': 1}"}, {"a": 1.0}),
        ({"custom_lambda_metric": [{"name": "a", "value": 1, "type": "Reward"}]}, {"a": 1.0}),
        ({"em": 1, "prime_math": 1.0, "byoc_failure_count": 0}, {"prime_math": 1.0}),
        ({"em": 1, "bleu": 30.0, "a_stderr": 0.1}, {}),
        ({"custom_lambda_metric": {"a": "broken"}}, {"a": None}),
        (None, {}),
    ],
)
def test_where_a_rows_own_scores_stand(metrics: Mapping[str, Any] | None, expected: dict[str, Any]) -> None:
    assert own_scores(Question("p", "p", "a", None, metrics)) == expected


def test_files_without_rows_cannot_be_compared(s3: Any) -> None:
    results = TaskResults([TaskAnswers("custom|gen_qa_gen_qa|0", [AnsweredQuestion("q", "a", {"em": 1.0})])], ["em"])
    for file in task_files(f"pipelines-{EXECUTION}-EvaluateCustomModel-0a", "tuned", 1.8e9, results, rows=False):
        s3.put_object(Bucket=BUCKET, Key=f"evaluations/scored/{file.key}", Body=file.body)
    with pytest.raises(ResultsError, match="but no rows"):
        read_model(s3, OUTPUT, [EXECUTION], "tuned", "fine-tuned model")


PARAMETERS: dict[str, Any] = EVALUATOR | {
    "DATASET": "s3://acme-data/rows.jsonl",
    "DATASET_ETAG": "",
    "DATASET_NOTES": [],
    "SCORER": "prime_math",
    "PRIMARY_METRIC": None,
    "BETTER": "higher",
    "DECODING": {},
}
REGISTERED = "arn:aws:sagemaker:us-west-2:123456789012:hub-content/HUB/JsonDoc/my-scorer/1.0.0"


@pytest.mark.parametrize("scorer", ["prime_math", "prime_code", REGISTERED])
def test_scorers_that_sagemaker_takes(scorer: str) -> None:
    assert ScorerSettings.from_parameters(PARAMETERS | {"SCORER": scorer}).scorer == scorer


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"SCORER": "arn:aws:lambda:us-west-2:123456789012:function:f"}, "SCORER must be prime_math"),
        ({"SCORER": "code_executions"}, "SCORER must be prime_math"),
        ({"BETTER": "more"}, "BETTER must be higher or lower"),
    ],
)
def test_what_the_sdk_would_send_on_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        ScorerSettings.from_parameters(PARAMETERS | changes)


def test_another_scorer_in_the_definition_is_found() -> None:
    arguments: dict[str, Any] = {
        "RoleArn": PARAMETERS["ROLE_ARN"],
        "ModelPackageConfig": {"SourceModelPackageArn": PARAMETERS["MODEL_PACKAGE_ARN"]},
        "ServerlessJobConfig": {"EvaluatorArn": REGISTERED},
        "InputDataConfig": [{"DataSource": {"S3DataSource": {"S3Uri": PARAMETERS["DATASET"]}}}],
        "HyperParameters": {"aggregation": "mean"},
        "OutputDataConfig": {"S3OutputPath": PARAMETERS["S3_OUTPUT"]},
    }
    steps = [{"Name": name, "Arguments": arguments} for name in ("EvaluateBaseModel", "EvaluateCustomModel")]
    text, settings = json.dumps({"Steps": steps}), ScorerSettings.from_parameters(PARAMETERS | {"SCORER": REGISTERED})
    assert settings.runs.definition_differences(text, "run", settings) == []
    preset = ScorerSettings.from_parameters(PARAMETERS)
    assert preset.runs.definition_differences(text, "run", preset) == [f"its scorer is {REGISTERED}"]
