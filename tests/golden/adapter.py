"""The only module of these tests that knows the package: from an evaluation's files to what a user gets to see.

When modules move or ``summary.json`` gets another version, this file changes and the golden results do not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import boto3  # noqa: TID251 - the tests' own client for moto
from moto import mock_aws

from golden.evaluations import PREFIX, Evaluation
from model_evaluation.kinds.llm_as_judge.runtime.analysis import analyse_execution
from model_evaluation.runtime.dataset_files import SourceRows
from model_evaluation.runtime.report.charts import draw_charts
from model_evaluation.runtime.report.export import write_tables
from model_evaluation.runtime.report.markdown import report_markdown
from model_evaluation.runtime.report.page import report_html
from model_evaluation.runtime.report.view import comparison_text
from unit.runtime.results_world import evaluated

BUCKET = "evaluation-results"


class Outcome(NamedTuple):
    """``summary`` as :func:`plain_summary` has it, the rest as it is: ``page`` is HTML, ``per_example`` CSV."""

    summary: dict[str, Any]
    table: str
    markdown: str
    page: str
    per_example: str


def outcome(evaluation: Evaluation, folder: Path) -> Outcome:
    """What today's code makes of the evaluation; ``folder`` is for files on the way."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
        s3.create_bucket(Bucket=BUCKET)
        for key, body in evaluation.objects.items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        analysis = analyse_execution(
            s3,
            evaluated(
                judge=evaluation.judge,
                model_names={"tuned": evaluation.tuned, "base": evaluation.base},
                primary_metric=evaluation.primary_metric.removeprefix("Builtin."),
                execution_arn=evaluation.arn,
                scope=evaluation.scope,
                simulated=evaluation.simulated,
                created="2026-01-02T03:04:05Z",
            ),
            output_uri=f"s3://{BUCKET}/{PREFIX}",
            dataset_lines=evaluation.dataset,
            builtin_metrics=evaluation.builtin_metrics,
            custom_metrics=json.dumps(evaluation.custom_metrics) if evaluation.custom_metrics else None,
            further_executions=evaluation.further,
            source=SourceRows(evaluation.source, list(evaluation.sources)),
        )
        write_tables(analysis, folder)
    summary = json.loads(json.dumps(analysis.summary, allow_nan=False))  # as it is after it was written
    return Outcome(
        plain_summary(summary),
        comparison_text(summary, analysis.words),
        report_markdown(summary, analysis.words),
        report_html(analysis, draw_charts(analysis)),
        (folder / "per_example.csv").read_text(encoding="utf-8"),
    )


def plain_summary(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The summary in version 1's words, whichever of the two versions it is, without its number.

    Version 2 says the judge in ``conditions``, names its ``kind``, has a model's name in an object, says of each metric
    whether it guards the decision and on which scale its scores lie, and of the whole whether it was fair and what was
    planned.
    """
    new = ("schema_version", "kind", "conditions", "fairness", "planned")
    plain = {name: value for name, value in summary.items() if name not in new}
    models = {side: model["name"] if isinstance(model, dict) else model for side, model in summary["models"].items()}
    judge = summary["judge"] if "judge" in summary else summary["conditions"]["judge"]
    return _without_new({**plain, "judge": judge, "models": models})


def _without_new(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_new(item) for name, item in value.items() if name not in ("guard", "scale")}
    return value
