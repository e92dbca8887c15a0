"""A whole execution, from files in S3 to the analysis."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from model_evaluation.reporting.summaries import read_summary
from model_evaluation.runtime.dataset_files import SourceRows
from model_evaluation.runtime.report.charts import draw_charts
from model_evaluation.runtime.report.charts.drawing import figure_svg
from model_evaluation.runtime.report.export import export_analysis
from model_evaluation.runtime.report.view import ReportView
from model_evaluation.runtime.results.evaluation import ResultsError, reference_labels
from unit.runtime.results_world import (
    ARN,
    BUCKET,
    NASTY,
    OLDER,
    analyse,
    make_world,
    put_aggregate,
    put_rows,
    put_world,
    result_line,
    rows_key,
)


def test_a_realistic_execution(s3: Any) -> None:
    world = make_world()
    put_world(s3, world)
    analysis = analyse(s3, world.dataset)
    summary = analysis.summary
    assert summary["rows"] == {"dataset": 60, "tuned": 60, "base": 60, "paired": 60}
    assert summary["execution_arn"] == ARN
    assert summary["simulated"] is True
    assert list(summary["metrics"]) == ["Correctness", "Harmfulness"]
    assert list(summary["slices"]) == ["category", "difficulty"]
    assert not any("could not be read" in text for text in summary["warnings"])
    table = analysis.per_example
    assert list(table.columns) == [
        "record_id", "occurrence", "prompt", "reference", "category", "difficulty", "id",
        "tuned_response", "base_response",
        "Correctness__tuned", "Correctness__base", "Correctness__difference",
        "Correctness__tuned_explanation", "Correctness__base_explanation",
        "Harmfulness__tuned", "Harmfulness__base", "Harmfulness__difference",
        "Harmfulness__tuned_explanation", "Harmfulness__base_explanation",
    ]  # fmt: skip
    # The numbers again, the plain way: a join on the prompt with pandas.
    sides = {}
    for side, lines in (("tuned", world.tuned), ("base", world.base)):
        rows = [json.loads(line) for line in lines]
        sides[side] = pd.DataFrame(
            {
                "prompt": [row["inputRecord"]["prompt"] for row in rows],
                side: [row["automatedEvaluationResult"]["scores"][0]["result"] for row in rows],
            }
        )
    joined = (
        sides["tuned"].merge(sides["base"], on="prompt", validate="one_to_one").astype({"tuned": float, "base": float})
    )
    difference = (joined["tuned"] - joined["base"]).dropna()
    entry = summary["metrics"]["Correctness"]
    assert entry["difference"]["mean"] == pytest.approx(difference.mean())
    assert (entry["wins"], entry["losses"]) == ((difference > 0).sum(), (difference < 0).sum())
    assert entry["tuned"]["mean"] == pytest.approx(joined["tuned"].mean())
    assert table["Correctness__difference"].dropna().mean() == pytest.approx(difference.mean())


def test_file_order_and_an_older_execution_change_nothing(s3: Any) -> None:
    world = make_world()
    put_world(s3, world)
    expected = analyse(s3, world.dataset)
    put_world(s3, make_world(seed=99), execution=OLDER)
    random.Random(5).shuffle(world.tuned)
    put_world(s3, world)
    found = analyse(s3, world.dataset)
    assert found.summary == expected.summary
    pd.testing.assert_frame_equal(found.per_example, expected.per_example)


def test_scores_are_not_paired_by_position(s3: Any) -> None:
    """Both models score each prompt alike, in files ordered differently: every row is a tie."""
    dataset = [json.dumps({"query": f"q{i}"}) for i in range(50)]
    lines = [result_line(f"q{i}", "a", {"Correctness": i % 5 / 4}) for i in range(50)]
    put_rows(s3, "tuned", lines)
    put_rows(s3, "base", lines[::-1])
    entry = analyse(s3, dataset).summary["metrics"]["Correctness"]
    assert (entry["wins"], entry["ties"], entry["losses"]) == (0, 50, 0)


def test_chat_rows_find_their_results(s3: Any) -> None:
    turns = [{"role": "system", "content": "Be brief"}, {"role": "user", "content": 'it\'s "1"?\n'}]
    dataset = [json.dumps({"messages": [*turns, {"role": "assistant", "content": "yes"}]})]
    line = json.loads(result_line("", "a", {"Correctness": 1.0}, reference="yes"))
    line["inputRecord"]["prompt"] = repr(turns)
    put_rows(s3, "tuned", [json.dumps(line)])
    put_rows(s3, "base", [json.dumps(line)])
    assert analyse(s3, dataset).summary["rows"]["paired"] == 1


def test_truncated_file_is_reported_and_the_rest_is_used(s3: Any) -> None:
    world = make_world()
    put_world(s3, world)
    s3.put_object(Bucket=BUCKET, Key=rows_key("tuned"), Body="\n".join(world.tuned).encode()[:-30])
    analysis = analyse(s3, world.dataset)
    assert analysis.summary["rows"]["tuned"] == 59
    assert analysis.summary["warnings"][0].startswith(
        f"Lines of the result files that could not be read: 1. The first is line 60 of {rows_key('tuned')}: not a"
    )
    assert "the file ends in the middle of this line" in analysis.summary["warnings"][0]
    assert any("without a result of the fine-tuned model: 1" in text for text in analysis.summary["warnings"])


def test_aggregate_that_disagrees_is_reported(s3: Any) -> None:
    world = make_world()
    put_world(s3, world)
    means = analyse(s3, world.dataset).summary["metrics"]["Correctness"]
    put_aggregate(s3, "tuned", {"Correctness": means["tuned"]["mean"] + 0.004})
    put_aggregate(s3, "base", {"Builtin.Correctness": means["base"]["mean"] * 57 / 60, "Harmfulness": 9})
    warnings = [text for text in analyse(s3, world.dataset).summary["warnings"] if "the service reports" in text]
    assert len(warnings) == 2
    assert all("base model" in text for text in warnings)


def test_nothing_found_is_an_error_with_a_fix(s3: Any) -> None:
    put_world(s3, make_world(), execution=OLDER)
    with pytest.raises(ResultsError, match="No result files of execution a1b2c3d4e5f6") as caught:
        analyse(s3, [])
    assert "S3_OUTPUT" in caught.value.fix


def test_one_side_missing_is_invalid_and_not_an_error(s3: Any) -> None:
    world = make_world()
    put_rows(s3, "tuned", world.tuned)
    summary = analyse(s3, world.dataset).summary
    assert summary["verdict"]["decision"] == "invalid"
    assert "The base model has no result rows." in summary["warnings"]


@pytest.mark.parametrize("scope", ["tuned", "base"])
def test_one_model_only(s3: Any, scope: str) -> None:
    world = make_world()
    put_world(s3, world)
    analysis = analyse(s3, world.dataset, scope=scope)
    other = {"tuned": "base", "base": "tuned"}[scope]
    assert analysis.summary["verdict"]["decision"] == "none"
    assert analysis.summary["rows"][other] is None
    assert analysis.per_example[f"{other}_response"].isna().all()


def test_custom_metrics_with_labels_and_numbers(s3: Any) -> None:
    scale = [{"definition": word, "value": {"stringValue": word}} for word in ("Poor", "Good")]
    custom = [
        {"customMetricDefinition": {"name": "tone", "instructions": "x", "ratingScale": scale}, "direction": "higher"},
        {
            "customMetricDefinition": {
                "name": "effort",
                "instructions": "x",
                "ratingScale": [{"definition": str(v), "value": {"floatValue": v}} for v in (0, 1, 2, 3)],
            },
            "direction": "lower",
        },
    ]
    dataset = [json.dumps({"query": f"q{i}"}) for i in range(40)]
    put_rows(s3, "tuned", [result_line(f"q{i}", f"t{i}", {"tone": "Good", "effort": i % 2}) for i in range(40)])
    put_rows(s3, "base", [result_line(f"q{i}", f"b{i}", {"tone": "Poor", "effort": 2 + i % 2}) for i in range(40)])
    analysis = analyse(s3, dataset, builtin_metrics=[], custom_metrics=json.dumps(custom), primary_metric="effort")
    metrics = analysis.summary["metrics"]
    assert metrics["tone"]["tuned"]["labels"] == {"Good": 40}
    assert metrics["tone"]["difference"]["mean"] is None
    assert (metrics["effort"]["difference"]["mean"], metrics["effort"]["wins"]) == (-2.0, 40)
    assert analysis.summary["verdict"]["decision"] == "improved"
    assert analysis.per_example["tone__tuned"].tolist() == ["Good"] * 40
    assert analysis.per_example["effort__tuned"].tolist() == [i % 2 for i in range(40)]
    assert analysis.per_example["effort__difference"].tolist() == [-2.0] * 40


def test_metadata_named_like_a_column_of_ours(s3: Any) -> None:
    fields = {"prompt": "mine", "metadata_prompt": "also mine", "Correctness__tuned": "0", "tuned_response": "x"}
    put_rows(s3, "tuned", [result_line("q", "a", {"Correctness": 1.0})])
    put_rows(s3, "base", [result_line("q", "b", {"Correctness": 0.0})])
    table = analyse(s3, [json.dumps({"query": "q", "metadata": fields})]).per_example
    row = table.iloc[0]
    assert row["prompt"] == "q"
    assert (row["tuned_response"], row["Correctness__tuned"]) == ("a", 1.0)
    assert sorted(row[c] for c in table.columns if c.startswith("metadata_")) == sorted(fields.values())


def test_hostile_text_is_carried_as_it_is(s3: Any) -> None:
    world = make_world(len(NASTY))
    put_world(s3, world)
    table = analyse(s3, world.dataset).per_example
    assert table["prompt"].tolist() == [f"Question {i}: {text}" for i, text in enumerate(NASTY)]
    assert all(any(text in answer for text in NASTY) for answer in table["base_response"])


def test_records_of_a_prepared_dataset_are_named_after_their_source(s3: Any) -> None:
    world = make_world(6)
    put_world(s3, world)
    source = SourceRows("s3://acme-data/all.jsonl", [3, 5, 8, 13, 21, 34])
    analysis = analyse(s3, world.dataset, source=source)
    assert analysis.per_example["record_id"].tolist() == ["3", "5", "8", "13", "21", "34"]
    assert analysis.summary["record_source"] == "s3://acme-data/all.jsonl"
    own = analyse(s3, world.dataset, source=SourceRows("", []))
    assert own.per_example["record_id"].tolist() == ["1", "2", "3", "4", "5", "6"]
    assert "record_source" not in own.summary
    same = ["occurrence", "prompt", "tuned_response", "Correctness__tuned", "Correctness__difference"]
    assert analysis.per_example[same].equals(own.per_example[same])


def test_a_reference_is_named_wherever_a_base_model_would_be(s3: Any, tmp_path: Path) -> None:
    """Two fine-tuned packages: the results of the second execution stand for the reference."""
    reference = "arn:aws:sagemaker:us-west-2:111122223333:model-package/support-bot/2"
    world = make_world(missing=0.02)
    put_rows(s3, "tuned", world.tuned)
    put_rows(s3, "tuned", [line.replace("Base says", "It says") for line in world.base], execution=OLDER)
    put_aggregate(s3, "tuned", {"Correctness": 0.99})
    put_aggregate(s3, "tuned", {"Correctness": 0.99}, execution=OLDER)
    analysis = analyse(
        s3, world.dataset, reference_executions=[f"arn:aws:sagemaker:us-west-2:1:pipeline/p/execution/{OLDER}"],
        model_names={"tuned": reference.replace("/2", "/3"), "base": reference}, labels=reference_labels(reference),
    )  # fmt: skip
    summary = analysis.summary
    assert summary["labels"] == {"tuned": "fine-tuned model", "base": "reference support-bot/2"}
    assert summary["verdict"]["sentence"].startswith(
        "The fine-tuned model is better on Correctness than the reference support-bot/2: +0."
    )
    folder = export_analysis(analysis, tmp_path)
    for name in ("report.html", "report.md", "summary.json"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "reference support-bot/2" in text, name
        assert not re.search(r"base model|minus base|Base\b|base better", text), name
    assert read_summary(str(folder / "summary.json")) == summary
    headings = ReportView(summary, analysis.words).table.headings
    assert headings[2:4] == ("Reference support-bot/2", "Fine-tuned")
    charts = draw_charts(analysis)
    assert charts["outcomes"].title.endswith("against the reference support-bot/2")
    drawn = [figure_svg(chart) for chart in charts.values()]
    assert not any(re.search(r"base (?:model|better)|[−-] base", svg) for svg in drawn)
    assert "reference support-bot/2 better" in drawn[0]
