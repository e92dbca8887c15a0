"""Every row travels in the report, whole where there is room, and stays data."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from model_evaluation.kernel import rowbrowser
from model_evaluation.kernel.analysis import Analysis
from model_evaluation.kernel.rowbrowser import browser_data, browser_html
from unit.kernel.results_world import NASTY, World, analyse, make_world, memory_s3, put_world, result_line


def analysis_of(world: World, **changes: Any) -> Analysis:
    with memory_s3() as s3:
        put_world(s3, world)
        return analyse(s3, world.dataset, **changes)


@pytest.fixture(scope="module")
def ordinary() -> Analysis:
    return analysis_of(make_world())


def embedded(page: str) -> dict[str, Any]:
    match = re.search(r'<script type="application/json" id="rows-data">(.*?)</script>', page, re.DOTALL)
    assert match
    data: dict[str, Any] = json.loads(match[1])
    return data


def test_every_row_is_there_with_both_scores_and_words(ordinary: Analysis) -> None:
    data = embedded(browser_html(ordinary))
    table = ordinary.per_example
    assert data["metrics"][0] == "Correctness"
    assert data["lower"] == [name == "Harmfulness" for name in data["metrics"]]
    assert [row[0] for row in data["rows"]] == [str(value) for value in table["record_id"]]
    for position, row in enumerate(data["rows"]):
        line = table.iloc[position]
        assert row[2] == line["prompt"]
        assert row[4:6] == [
            value if isinstance(value, str) else "" for value in line[["base_response", "tuned_response"]]
        ]
        for place, name in enumerate(data["metrics"]):
            for side, score in zip(("base", "tuned"), row[6][place][:2], strict=True):
                value = line[f"{name}__{side}"]
                assert score == (None if value != value else value)


def test_hostile_text_cannot_leave_the_data() -> None:
    world = World()
    texts = [*NASTY, "</script><script>alert(1)</script>", "<!--<script>", "\u2028\u2029", "]]>"]
    for i, text in enumerate(texts):
        world.dataset.append(json.dumps({"query": f"{text}{i}", "response": text, "category": text}))
        for lines in (world.tuned, world.base):
            lines.append(result_line(f"{text}{i}", text, {"Correctness": 1.0}, reference=text))
    page = browser_html(analysis_of(world))
    assert page.count("<script") == page.count("</script>") == 1
    assert "<!--" not in page
    assert "<" not in page.split('id="rows-data">')[1].split("</script>")[0]
    rows = embedded(page)["rows"]
    assert [row[4] for row in rows] == texts


def test_long_texts_are_cut_so_that_the_page_stays_small(ordinary: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    names = list(ordinary.summary["metrics"])
    whole = browser_data(ordinary.per_example, names, ["base", "tuned"])
    assert whole["cut"] == 0
    size = sum(len(text) for row in whole["rows"] for text in (*row[2:6], *(t for s in row[6] for t in s[2:])))
    monkeypatch.setattr(rowbrowser, "BROWSER_SHORTEST", 5)
    monkeypatch.setattr(rowbrowser, "BROWSER_BYTES", size // 2)
    cut = browser_data(ordinary.per_example, names, ["base", "tuned"])
    assert 5 < cut["cut"] < max(len(row[4]) for row in whole["rows"])
    kept = sum(
        len(text.removesuffix(" …")) for row in cut["rows"] for text in (*row[2:6], *(t for s in row[6] for t in s[2:]))
    )
    assert 0.8 * (size // 2) < kept <= size // 2
    assert "characters are cut; per_example.csv has them whole" in browser_html(ordinary)


def test_one_model_has_no_results_to_filter_by() -> None:
    page = browser_html(analysis_of(make_world(20), scope="tuned"))
    assert embedded(page)["sides"] == ["tuned"]
    assert 'data-control="result"' not in page
    assert "worst first" in page


def test_labels_stay_labels_and_missing_scores_stay_missing() -> None:
    world = World()
    for i in range(6):
        world.dataset.append(json.dumps({"query": f"q{i}", "response": "r"}))
        world.tuned.append(result_line(f"q{i}", "a", {"Tone": "friendly"}, reference="r"))
        world.base.append(result_line(f"q{i}", "b", {"Tone": None}, reference="r"))
    data = embedded(browser_html(analysis_of(world, builtin_metrics=["Tone"], primary_metric="Tone")))
    assert data["rows"][0][6][0][:2] == [None, "friendly"]
