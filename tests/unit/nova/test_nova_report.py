"""The report of a Nova evaluation: its own parts and charts, and nothing of them where there is nothing to tell."""

from __future__ import annotations

import json

import pytest

from model_evaluation.kinds.nova.runtime.report.page_parts import page_sections
from model_evaluation.runtime.report.charts import draw_charts
from model_evaluation.runtime.report.page import report_html
from model_evaluation.runtime.report.row_browser import rows_json
from unit.nova.container_runs import CHECKPOINT, analysed, answered, both, judged, usual


def headings(analysis: object) -> list[str]:
    return [heading for _, heading, _ in page_sections(analysis)]  # type: ignore[arg-type]


def test_answers_with_classes_and_confidence() -> None:
    analysis = usual()
    assert headings(analysis) == ["Classes", "How sure the models were", "Wrong although sure, and least sure"]
    charts = draw_charts(analysis)
    assert {"difference", "slices", "cells", "reliability", "routing"} <= set(charts)
    assert charts["cells"].title.startswith("Lowest where difficulty is")
    page = report_html(analysis, charts)
    assert "Confusion, base model" in page
    assert "5 no JSON object" in page
    assert "Nothing is calibrated unless" in page


def test_one_model_without_log_probabilities() -> None:
    analysis = analysed({"tuned": answered(CHECKPOINT, inference={})}, scope="tuned")
    assert headings(analysis) == ["Classes"]
    assert "confidence" not in analysis.summary
    assert not {"reliability", "routing"} & set(draw_charts(analysis))


def test_plain_texts_have_neither() -> None:
    rows = [{"query": f"Question {at}?", "response": f"Answer {at}."} for at in range(12)]
    outputs = both(rows, inference={"top_logprobs": 0})
    analysis = analysed(outputs, rows, primary="f1_score", answer_field="")
    assert headings(analysis) == []
    assert "cells" not in draw_charts(analysis)


def test_preferences_beside_the_containers() -> None:
    rows = [{"a_scores": 0.0, "b_scores": 2.0, "ties": 0.0}] * 8 + [{"a_scores": 2.0, "b_scores": 0.0, "ties": 0.0}] * 4
    analysis = judged(rows, {"winrate": 0.667, "lower_rate": 0.4, "upper_rate": 0.87, "b_scores": 16.0})
    assert headings(analysis) == ["Preferences"]
    page = report_html(analysis, draw_charts(analysis))
    assert "0.667 (0.400 to 0.870)" in page
    assert "Nothing is significant in an interval that holds 0.5" in page


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a_very_long_class_name_" * 20])
def test_names_of_classes_are_text(name: str) -> None:
    rows = [{"query": f"q {at}", "response": f'{{"class": "{name if at % 2 else "b"}"}}'} for at in range(20)]
    page = report_html(analysed(both(rows), rows), {})
    assert "<script>alert" not in page


WHAT = ("less sure than 0.7", "sure and wrong")


def test_rows_can_be_filtered_by_confidence() -> None:
    analysis = usual()
    data = json.loads(str(rows_json(analysis, 4_000_000)))
    names = [f"{model} {what}" for model in ("Fine-tuned model", "Base model") for what in WHAT]
    assert data["marks"] == names
    found = [row["id"] for row in data["rows"] if names.index("Base model sure and wrong") in row["marks"]]
    table = analysis.per_example
    sure = (table["base_confidence"] >= 0.7) & (table["accuracy__base"] == 0)
    assert found == table["record_id"][sure].tolist()
    assert len(found) == analysis.summary["confidence"]["base"]["overconfident"]
