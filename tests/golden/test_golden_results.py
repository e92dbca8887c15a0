"""The same results give the same numbers and texts as they did before: summary, tables and reports, compared whole.

``UPDATE_GOLDEN=1`` writes what comes out now over the golden results; read the difference before you commit it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from golden.adapter import outcome, plain_summary
from golden.comparing import csv_difference, first_difference, text_difference, visible_text
from golden.evaluations import EVALUATIONS, Evaluation

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize("evaluation", EVALUATIONS, ids=lambda evaluation: evaluation.name.replace(" ", "_"))
def test_results_are_what_they_were(evaluation: Evaluation, tmp_path: Path) -> None:
    result = outcome(evaluation, tmp_path)
    texts = {
        "summary.json": json.dumps(result.summary, indent=1, ensure_ascii=False) + "\n",
        "table.txt": result.table + "\n",
        "report.md": result.markdown,
        "page.txt": visible_text(result.page),
        "per_example.csv": result.per_example,
    }
    folder = EXPECTED / evaluation.name.replace(" ", "_")
    if os.environ.get("UPDATE_GOLDEN") == "1":
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_bytes(text.encode())
    golden = {name: (folder / name).read_bytes().decode() for name in texts}
    differences = {
        "summary.json": first_difference(json.loads(golden["summary.json"]), result.summary),
        "per_example.csv": csv_difference(golden["per_example.csv"], texts["per_example.csv"]),
        **{name: text_difference(golden[name], texts[name]) for name in ("table.txt", "report.md", "page.txt")},
    }
    messages = [f"{folder.name}/{name}, {text}" for name, text in differences.items() if text]
    if messages:
        pytest.fail("\n".join(("no longer the golden results:", *messages)), pytrace=False)


def test_every_golden_result_has_its_evaluation() -> None:
    names = [evaluation.name.replace(" ", "_") for evaluation in EVALUATIONS]
    assert sorted(names) == sorted(folder.name for folder in EXPECTED.iterdir())


def test_both_versions_of_a_summary_are_compared_alike() -> None:
    first = {"schema_version": 1, "judge": "j", "models": {"tuned": "t", "base": None}, "rows": {}}
    second = {
        "schema_version": 2,
        "kind": "llm_as_judge",
        "conditions": {"judge": "j"},
        "models": {"tuned": {"name": "t", "arn": "arn:x"}, "base": None},
        "rows": {},
    }
    assert plain_summary(first) == plain_summary(second)


@pytest.mark.parametrize(
    ("golden", "now", "difference"),
    [
        ({"a": 1.0, "b": [2]}, {"b": [2], "a": 1.0 + 1e-12}, None),
        ({"a": {"b": 1.0}}, {"a": {"b": 1.000001}}, "a.b:\n  golden: 1.0\n  now:    1.000001"),
        ({"a": 1}, {"a": True}, "a:\n  golden: 1\n  now:    True"),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]:\n  golden: '(nothing)'\n  now:    2"),
        ({"a": 1}, {}, "the whole: 'a' is missing"),
        ({}, {"a": 1}, "the whole: 'a' is new"),
    ],
)
def test_the_first_difference_is_named(golden: Any, now: Any, difference: str | None) -> None:
    assert first_difference(golden, now) == difference


@pytest.mark.parametrize(
    ("now", "difference"),
    [
        ('"id","m__tuned"\n"1",1\n"",\n', None),
        ('"id","m__tuned"\n"1",1.5\n"",\n', "row[0].m__tuned:\n  golden: 1.0\n  now:    1.5"),
        (
            '"id","m__tuned"\n"1",1.0\n,\n',
            'an empty text became a missing one, or the other way round: line 3:\n  golden: "",\n  now:    ,',
        ),
    ],
)
def test_cells_are_compared_as_what_they_hold(now: str, difference: str | None) -> None:
    text = csv_difference('"id","m__tuned"\n"1",1.0\n"",\n', now)
    assert text == difference


def test_only_what_a_reader_sees_is_compared() -> None:
    page = """<title>T</title><style>p {}</style><p>One <b>two</b>
        three</p><script>let x = "<p>";</script><svg aria-label="a chart"><text>9</text></svg>
        <table><tr><th>Name</th><td>4</td></tr></table>"""
    assert visible_text(page) == "T\nOne two three\n[a chart]\n| Name | 4\n"
