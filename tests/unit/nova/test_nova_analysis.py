"""Answers of two models, as the container leaves them: put together by record, and nothing taken for granted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from model_evaluation.kinds.nova.demo.script import demo_questions
from model_evaluation.kinds.nova.functions.running import Outcome
from model_evaluation.kinds.nova.localaws.container import NovaOutput, output_files
from model_evaluation.kinds.nova.runtime.output.details import python_value
from model_evaluation.kinds.nova.runtime.output.result_files import OutputFiles
from model_evaluation.kinds.nova.runtime.recipes.recipe import REWARD, RFT
from model_evaluation.kinds.nova.runtime.recipes.rows import question_row
from model_evaluation.kinds.nova.runtime.scores.analysis import (
    Answered,
    analyse_aggregates,
    analyse_answers,
    analyse_benchmark,
    subtask_of,
)
from model_evaluation.kinds.nova.runtime.scores.answers import answer_fields, json_object, label_of
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.page import report_html
from model_evaluation.runtime.results.evaluation import ResultsError, Side
from model_evaluation.runtime.results.paired_labels import class_table
from unit.nova.container_runs import (
    CHECKPOINT,
    TICKETS,
    analysed,
    answered,
    both,
    edited,
    evaluation,
    recipe,
    require_valid,
    sorted_in,
    usual,
)

FLAT = [{**row, "metadata": json.dumps({"difficulty": "easy"})} for row in TICKETS]


def right(output: Any) -> int:
    """How many answers have the reference's class, counted without any of the code under test but its parsers."""
    count = 0

    def look(row: dict[str, Any]) -> dict[str, Any]:
        nonlocal count
        gold, given = json.loads(python_value(row["gold"])[0]), json_object(python_value(row["predictions"])[0])
        count += given is not None and given.get("class") == gold["class"]
        return row

    edited(output, look)
    return count


@pytest.mark.parametrize("replicas", [1, 4])
def test_two_models_are_compared_row_by_row(replicas: int) -> None:
    outputs = both(replicas=replicas)
    summary = analysed(outputs).summary
    entry = summary["metrics"]["accuracy"]
    assert summary["rows"] == {"dataset": 72, "tuned": 72, "base": 72, "paired": 72}
    assert entry["tuned"]["mean"] == pytest.approx(right(outputs["tuned"]) / 72)
    assert entry["base"]["mean"] == pytest.approx(right(outputs["base"]) / 72)
    assert entry["difference"]["mean"] == pytest.approx((right(outputs["tuned"]) - right(outputs["base"])) / 72)
    assert summary["verdict"]["decision"] == "improved"
    assert set(summary["slices"]) == {"difficulty", "priority", "site"}
    assert summary["warnings"] == []
    require_valid(summary)


def test_the_order_of_rows_and_the_number_of_files_change_nothing() -> None:
    one, four = usual(), analysed(both(replicas=4))
    assert one.summary["metrics"] == four.summary["metrics"]
    assert one.table.equals(four.table)


def test_names_of_metrics_are_the_documented_ones() -> None:
    metrics = usual().summary["metrics"]
    assert list(metrics)[:2] == ["accuracy", "valid_json"]
    assert {"exact_match", "quasi_exact_match", "f1_score", "rougeL", "bleu"} <= set(metrics)
    assert not {"em", "qem", "f1"} & set(metrics)
    assert metrics["bleu"]["limits"] == [0.0, 100.0]


def test_classes_are_counted_by_truth_and_answer() -> None:
    outputs = both()
    labels = usual().summary["classification"]
    assert labels["field"] == "class"
    table = labels["tuned"]
    assert sum(table["confusion"][at][at] for at in range(4)) == right(outputs["tuned"])
    assert [sum(row) for row in table["confusion"]][:4] == [18, 18, 18, 18]


def test_class_metrics_by_hand() -> None:
    # Truth a a a b; answers a b none b. Precision a 1/1, b 1/2; recall a 1/3, b 1/1; F1 a 2*1/(1+3), b 2*1/(2+1).
    table = class_table({("a", "a"): 1, ("a", "b"): 1, ("a", None): 1, ("b", "b"): 1})
    assert table["classes"] == ["a", "b", "(none)"]
    assert table["confusion"] == [[1, 1, 1], [0, 1, 0], [0, 0, 0]]
    a, b = table["per_class"]["a"], table["per_class"]["b"]
    assert (a["precision"]["value"], a["recall"]["value"], a["f1"]) == (1.0, pytest.approx(1 / 3), pytest.approx(0.5))
    assert (b["precision"]["value"], b["recall"]["value"], b["f1"]) == (0.5, 1.0, pytest.approx(2 / 3))
    assert table["macro_f1"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert class_table({("a", None): 1})["per_class"]["a"]["precision"] == {
        "value": None, "ci_low": None, "ci_high": None, "n": 0,
    }  # fmt: skip


def test_rows_that_every_instance_repeats_count_once() -> None:
    summary = analysed(both(replicas=2, output=NovaOutput(repeated=True))).summary
    assert summary["rows"]["paired"] == 72
    assert "Rows of the fine-tuned model that several result files repeat, counted once: 72." in summary["warnings"]


def test_small_letters_find_their_rows() -> None:
    def lower(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "example": row["example"].lower(), "gold": row["gold"].lower(), "specifics": "{}"}

    outputs = both(FLAT)
    summary = analysed({**outputs, "base": edited(outputs["base"], lower)}, FLAT).summary
    assert summary["rows"]["paired"] == 72


def test_values_in_small_letters_are_compared_without_regard_to_case() -> None:
    rows = [
        {"query": f"Ticket {at}?", "response": json.dumps({"Class": ("Hardware_Critical", "Access")[at % 2]})}
        for at in range(12)
    ]

    def lower(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, **{name: row[name].lower() for name in ("example", "gold", "predictions")}}

    usually = analysed({"tuned": answered(CHECKPOINT, rows)}, rows, scope="tuned", answer_field="Class").summary
    small = {"tuned": edited(answered(CHECKPOINT, rows), lower)}
    summary = analysed(small, rows, scope="tuned", answer_field="Class").summary
    assert summary["metrics"]["accuracy"]["tuned"]["mean"] == usually["metrics"]["accuracy"]["tuned"]["mean"] > 0.5
    assert summary["classification"] == usually["classification"]
    assert any("wrote 12 rows of the fine-tuned model in small letters" in text for text in summary["warnings"])


def test_a_prompt_with_something_around_it_is_found_by_its_reference() -> None:
    rows = [{"query": f"Where is {name}?", "response": f"In {name}land."} for name in ("A", "B", "C")]

    def wrapped(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "example": f"System: be brief. User: {row['example']} Assistant:"}

    output = edited(answered(CHECKPOINT, rows), wrapped)
    summary = analysed({"tuned": output}, rows, scope="tuned", primary="f1_score", answer_field="").summary
    assert summary["rows"]["tuned"] == 3
    assert not any("belong to no row" in text for text in summary["warnings"])


def test_a_prompt_that_a_function_changed_finds_its_row_by_its_id() -> None:
    def call(events: Sequence[dict[str, Any]]) -> list[Outcome]:
        if events[0]["process_type"] == "postprocess":
            return [Outcome({"length": float(len(event["data"]["prompt"]))}) for event in events]
        return [Outcome({}, row={**event["data"], "prompt": "Changed."}) for event in events]

    function = {"lambda_arn": "x", "preprocessing": {"enabled": True}}
    made = {**recipe(CHECKPOINT), "processor": function}
    output = sorted_in(output_files(made, TICKETS, NovaOutput(), call))
    summary = analysed({"tuned": output}, scope="tuned").summary
    assert summary["rows"]["tuned"] == 72
    assert summary["metrics"]["length"]["tuned"]["mean"] == len("Changed.")


def test_a_row_that_belongs_nowhere_is_left_out_and_told() -> None:
    first = TICKETS[0]["query"]

    def other(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "example": "Something else?", "specifics": "{}"} if row["example"] == first else row

    outputs = both()
    summary = analysed({**outputs, "tuned": edited(outputs["tuned"], other)}).summary
    assert summary["rows"]["paired"] == 71
    assert any("belong to no row of the dataset, left out: 1" in text for text in summary["warnings"])
    assert any("has results for 71 of 72 rows" in text for text in summary["warnings"])


def test_equal_rows_are_told_apart_by_their_id_only() -> None:
    rows = [{**TICKETS[0], "metadata": json.dumps({"row_id": str(at)})} for at in range(3)]
    answers = iter(["access", "network", "access"])

    def with_class(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "predictions": str([json.dumps({**json.loads(rows[0]["response"]), "class": next(answers)})])}

    output = edited(answered(CHECKPOINT, rows), with_class)
    table = analysed({"tuned": output}, rows, scope="tuned").per_example
    assert sorted(table["accuracy__tuned"]) == [0.0, 1.0, 1.0]
    by_id = dict(zip(table["record_id"], table["tuned_response"], strict=True))
    wrong = next(record for record, text in by_id.items() if "network" in text)
    told = dict(zip(table["record_id"], table["row_id"], strict=True))

    def mine(row: dict[str, Any]) -> dict[str, Any] | None:
        metadata = json.loads(python_value(row["specifics"])["metadata"])
        return row if "network" in row["predictions"] and metadata["row_id"] == told[wrong] else None

    assert len(read_rows(edited(output, mine))) == 1


def read_rows(output: Any) -> list[Any]:
    from model_evaluation.kinds.nova.runtime.output.details import read_details

    return read_details(output.details).rows


def test_an_answer_that_cannot_be_read_is_wrong_and_not_missing() -> None:
    def broken(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "predictions": "['{\"class\": ']"}

    outputs = both()
    metrics = analysed({**outputs, "base": edited(outputs["base"], broken)}).summary["metrics"]
    assert metrics["accuracy"]["base"]["mean"] == 0.0
    assert metrics["accuracy"]["base"]["n_missing"] == 0
    assert metrics["valid_json"]["base"]["mean"] == 0.0


@pytest.mark.parametrize("column", ["pred_logits", "pred_lobprobs"])
def test_the_misspelt_column_is_read_and_told(column: str) -> None:
    summary = analysed(both(output=NovaOutput(logprobs=column))).summary
    assert summary["confidence"]["resolved"] == 72
    assert any(f"in a column named {column}" in text for text in summary["warnings"])


def test_without_the_column_there_is_no_confidence_at_all() -> None:
    asked = {"top_logprobs": 5}
    without = (both(output=NovaOutput(logprobs="")), both(inference={"top_logprobs": 0}))
    for outputs in without:
        summary = analysed(outputs, inference=asked).summary
        assert "confidence" not in summary
        assert sum("asks for top_logprobs 5, and the" in text for text in summary["warnings"]) == 2
    assert not any("top_logprobs" in text for text in analysed(without[1]).summary["warnings"])


def test_confidence_stands_beside_every_row() -> None:
    table = usual().per_example
    assert table["tuned_confidence"].notna().all()
    unresolved = table["base_confidence_status"] == "bad_json"
    assert unresolved.sum() == 5
    assert table["base_confidence"].isna().equals(unresolved)


def test_one_model_alone_has_numbers_and_no_verdict() -> None:
    summary = analysed({"base": answered("nova-lite/prod")}, scope="base").summary
    assert summary["verdict"]["decision"] == "none"
    assert summary["models"]["tuned"] is None


def test_overlap_as_the_deciding_number_of_json_answers_is_warned_of() -> None:
    warnings = analysed(both(), primary="f1_score").summary["warnings"]
    assert any("names of keys count as right" in text for text in warnings)


def test_the_containers_own_mean_is_held_against_its_rows() -> None:
    outputs = both()
    body = json.loads(next(iter(outputs["tuned"].aggregates.values())))
    body["results"]["all"]["em"] = 0.123
    outputs["tuned"] = outputs["tuned"]._replace(aggregates={"results_1.json": json.dumps(body).encode()})
    assert any(
        "exact_match: the service reports a mean of 0.123" in text for text in analysed(outputs).summary["warnings"]
    )


def test_results_without_a_table_or_without_the_metric_are_refused() -> None:
    outputs = both()
    with pytest.raises(ResultsError, match="base model left no table of rows"):
        analysed({**outputs, "base": outputs["base"]._replace(details={})})
    with pytest.raises(ResultsError, match="No row has the primary metric politeness"):
        analysed(outputs, primary="politeness")


def test_fields_that_classify() -> None:
    assert answer_fields([row["response"] for row in TICKETS]) == ["class", "description"]
    assert answer_fields(["yes", "no"]) == []
    assert label_of({"a": 1}, "a") == "1"
    assert label_of({"a": [1]}, "a") is None


def test_a_benchmark_is_compared_question_by_question_and_by_subtask() -> None:
    outputs: dict[Side, OutputFiles] = {
        side: sorted_in(output_files(recipe(model, "math"), [], NovaOutput()))
        for side, model in (("tuned", CHECKPOINT), ("base", "nova-lite/prod"))
    }
    summary = analyse_benchmark(evaluation(primary="exact_match", task="math"), outputs).summary
    assert summary["rows"]["paired"] == 7 * 60
    assert set(summary["slices"]["category"]) >= {"algebra", "precalculus"}
    assert summary["slices"]["category"]["algebra"]["exact_match"]["n_paired"] == 60
    named = {side: edited(own, lambda row: {**row, "metrics": "{'em': 1.0}"}) for side, own in outputs.items()}
    assert (
        analyse_benchmark(evaluation(primary="pass@1", task="math"), named).summary["primary_metric"] == "exact_match"
    )


QUESTIONS = [json.loads(line) for line in demo_questions().splitlines()]


def reward_outputs() -> dict[Side, OutputFiles]:
    """Two models' rewards: 1 for an answer with an even number of characters."""

    def call(samples: Sequence[dict[str, Any]]) -> list[Outcome]:
        return [Outcome({REWARD: float(len(own["messages"][-1]["content"]) % 2 == 0)}) for own in samples]

    made = {"processor": {"reward_lambda_arn": "arn:aws:lambda:us-east-1:111122223333:function:SageMaker-r"}}
    return {
        side: sorted_in(output_files(recipe(model, RFT, **made), QUESTIONS, NovaOutput(), call))
        for side, model in (("tuned", CHECKPOINT), ("base", "nova-lite/prod"))
    }


def rewarded(outputs: dict[Side, OutputFiles]) -> Analysis:
    rows = [question_row(row, line) for line, row in enumerate(QUESTIONS, 1)]
    return analyse_answers(Answered(evaluation(primary=REWARD, task=RFT), rows), outputs)


@pytest.mark.parametrize(
    ("changes", "paired"),
    [({}, 72), ({"example": "[in other words]"}, 72), ({"specifics": str({"sample_id": "row 7"})}, 72)],
)
def test_rewards_are_paired_by_sample_or_by_text(changes: dict[str, str], paired: int) -> None:
    outputs = reward_outputs()
    usual_rewards = rewarded(outputs).summary
    outputs["base"] = edited(outputs["base"], lambda row: {**row, **changes})
    summary = rewarded(outputs).summary
    assert summary["rows"]["paired"] == paired
    assert summary["metrics"] == usual_rewards["metrics"]
    require_valid(summary)


def test_numbers_without_rows_are_shown_and_never_given_an_n() -> None:
    outputs: dict[Side, OutputFiles] = {
        side: sorted_in(output_files(recipe(model, "strong_reject"), [], NovaOutput()))
        for side, model in (("tuned", CHECKPOINT), ("base", "nova-lite/prod"))
    }
    asked = evaluation(primary="deflection", task="strong_reject")
    analysis = analyse_aggregates(asked, outputs)
    summary = analysis.summary
    entry = summary["metrics"]["deflection"]
    assert entry["difference"]["mean"] == entry["tuned"]["mean"] - entry["base"]["mean"]
    assert [entry["difference"][name] for name in ("ci_low", "ci_high", "p_value")] == [None] * 3
    assert (entry["tuned"]["n_scored"], summary["rows"]["dataset"]) == (0, 0)
    assert summary["verdict"]["decision"] == "inconclusive"
    assert (
        f"({entry['tuned']['mean']:.2f} against {entry['base']['mean']:.2f}; of how many rows is not known"
        in (summary["verdict"]["sentence"])
    )
    require_valid(summary)
    page = report_html(analysis, analysis.charts)
    assert "of how many questions each is the container does not say" in page
    assert not any(told in page for told in ("bootstrap", "Wilson", "0 in the dataset", "<svg"))
    alone = analyse_aggregates(evaluation("tuned", "deflection", "strong_reject"), {"tuned": outputs["tuned"]}).summary
    assert (alone["verdict"]["decision"], alone["metrics"]["deflection"]["difference"]) == ("none", None)
    with pytest.raises(ResultsError, match="left no rows, and no accuracy"):
        analyse_aggregates(evaluation(task="strong_reject"), outputs)


def test_subtasks_by_the_names_of_tables() -> None:
    assert subtask_of("a/details_custom|mmlu:anatomy_zs_cot|0_2026-01-01T00.parquet") == "anatomy"
    assert subtask_of("a/details_custom|ifeval_zs|0_2026-01-01T00.parquet") == "ifeval"
