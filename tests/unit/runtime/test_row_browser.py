"""Every row travels in the report, whole where there is room, and stays data."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report import row_browser
from model_evaluation.runtime.report.page import in_notebook
from model_evaluation.runtime.report.row_browser import rows_html
from unit.runtime.results_world import NASTY, World, analysis_of, make_world, result_line

TEXTS = ("prompt", "reference", "base", "tuned")


def embedded(page: str) -> dict[str, Any]:
    match = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert match
    data: dict[str, Any] = json.loads(match[1])
    return data


def texts_of_row(row: dict[str, Any]) -> list[str]:
    return [*(row[name] for name in TEXTS), *(text for score in row["scores"] for text in score[2:])]


def texts_of(data: dict[str, Any]) -> list[str]:
    return [text for row in data["rows"] for text in texts_of_row(row)]


def test_every_row_is_there_with_both_scores_and_words(ordinary: Analysis) -> None:
    data = embedded(rows_html(ordinary))
    table = ordinary.per_example
    assert data["metrics"][0] == "Correctness"
    assert data["lower"] == [name == "Harmfulness" for name in data["metrics"]]
    assert [row["id"] for row in data["rows"]] == [str(value) for value in table["record_id"]]
    assert "cut" not in data["intro"]
    for position, row in enumerate(data["rows"]):
        line = table.iloc[position]
        assert row["prompt"] == line["prompt"]
        assert [row["base"], row["tuned"]] == [
            value if isinstance(value, str) else "" for value in line[["base_response", "tuned_response"]]
        ]
        for place, name in enumerate(data["metrics"]):
            for side, score in zip(("base", "tuned"), row["scores"][place][:2], strict=True):
                value = line[f"{name}__{side}"]
                assert score == (None if value != value else value)


def test_hostile_text_cannot_leave_the_data() -> None:
    world = World()
    texts = [*NASTY, "</script><script>alert(1)</script>", "<!--<script>", "\u2028\u2029", "]]>"]
    for i, text in enumerate(texts):
        world.dataset.append(json.dumps({"query": f"{text}{i}", "response": text, "category": text}))
        for lines in (world.tuned, world.base):
            lines.append(result_line(f"{text}{i}", text, {"Correctness": 1.0}, reference=text))
    analysis = analysis_of(world)
    for page in (rows_html(analysis), in_notebook(rows_html(analysis))):
        assert page.count("<script") == page.count("</script>") == 2
        assert "<!--" not in page
        assert "<" not in page.split('"application/json">')[1].split("</script>")[0]
        assert [row["base"] for row in embedded(page)["rows"]] == texts


def test_what_scripts_show_stands_there_for_those_who_have_none(ordinary: Analysis) -> None:
    still = re.sub(r"<script.*?</script>", "", rows_html(ordinary, changed=3), flags=re.DOTALL)
    assert 4 <= still.count("<details") <= 6
    assert still.count("<mark>") >= 4
    assert "<select" not in still  # no control that would do nothing
    assert "hidden" not in still


def test_long_texts_are_cut_so_that_the_page_stays_small(ordinary: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = row_browser.rows_json(ordinary, 1_000_000)
    monkeypatch.setattr(row_browser, "BROWSER_SHORTEST", 5)
    budget = int(0.7 * len(whole.encode()))
    short = row_browser.rows_json(ordinary, budget)
    assert 0.6 * budget < len(short.encode()) <= budget
    before, cut = json.loads(whole), json.loads(short)
    assert len(cut["rows"]) == len(before["rows"])
    assert max(map(len, texts_of(cut))) < max(map(len, texts_of(before)))
    assert "characters are cut; per_example.csv has them whole" in cut["intro"]


def test_with_too_many_rows_those_that_changed_least_are_left_out(ordinary: Analysis) -> None:
    data = embedded(rows_html(ordinary, budget=20_000))
    kept = [row["id"] for row in data["rows"]]
    changes = ordinary.per_example["Correctness__difference"].abs().fillna(-1)
    assert 5 < len(kept) < 15
    inside = ordinary.per_example["record_id"].isin(kept)
    assert changes[inside].min() >= changes[~inside].max()
    assert f"These are the {len(kept)} of 60 rows that changed most" in data["intro"]


@pytest.mark.parametrize("piece", ["<", '"', "\\", "\n", "🦜", "word "])
def test_a_megabyte_of_anything_stays_within_bounds(piece: str) -> None:
    columns = ("tuned_response", "base_response", "Correctness__tuned_explanation", "category")
    analysis = analysis_of(make_world(8))
    for column in columns:
        analysis.per_example[column] = piece * (1_000_000 // len(piece.encode()))
    page = rows_html(analysis, budget=300_000)
    assert len(page.encode()) < 800_000
    assert len(embedded(page)["rows"]) == 8


def test_one_model_has_no_results_to_filter_by() -> None:
    page = rows_html(analysis_of(make_world(20), scope="tuned"))
    assert embedded(page)["models"] == ["tuned"]
    assert "<details" not in page


def test_labels_stay_labels_and_missing_scores_stay_missing() -> None:
    world = World()
    for i in range(6):
        world.dataset.append(json.dumps({"query": f"q{i}", "response": "r"}))
        world.tuned.append(result_line(f"q{i}", "a", {"Tone": "friendly"}, reference="r"))
        world.base.append(result_line(f"q{i}", "b", {"Tone": None}, reference="r"))
    data = embedded(rows_html(analysis_of(world, builtin_metrics=["Tone"], primary_metric="Tone")))
    assert data["rows"][0]["scores"][0][:2] == [None, "friendly"]


def test_a_stray_label_leaves_the_other_scores_numbers() -> None:
    world = World()
    for i, score in enumerate([0.5, 1.0, "N/A"]):
        world.dataset.append(json.dumps({"query": f"q{i}"}))
        world.tuned.append(result_line(f"q{i}", "a", {"Tone": score}))
        world.base.append(result_line(f"q{i}", "b", {"Tone": 0.25}))
    analysis = analysis_of(world, builtin_metrics=["Tone"], primary_metric="Tone")
    scores = [row["scores"][0][:2] for row in embedded(rows_html(analysis))["rows"]]
    assert scores == [[0.25, 0.5], [0.25, 1.0], [0.25, None]]
    assert analysis.summary["metrics"]["Tone"]["tuned"]["missing_reasons"] == {"not applicable": 1}
