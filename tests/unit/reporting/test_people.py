"""What people said of the judge stands in every report, and only when people said it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from model_evaluation.kinds.llm_as_judge.people.judge_error import judge_error_report
from model_evaluation.kinds.llm_as_judge.people.sheet import Labelled, scored_examples
from model_evaluation.runtime.report.markdown import report_markdown
from model_evaluation.runtime.report.people import (
    PEOPLE_END,
    PEOPLE_START,
    error_file,
    people_html,
    people_sentences,
    read_scorer_error,
    with_people,
)
from model_evaluation.runtime.report.words import ReportWords
from unit.reporting.results_on_disk import HOSTILE, put_results, summary_of

WORDS = ReportWords(scorer="judge")
ARN = "arn:aws:sagemaker:us-west-2:111122223333:pipeline/p/execution/abc123def456"


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """People agree with the judge on a yes/no metric, but for every fifth of twenty rows."""
    folder = put_results(tmp_path_factory.mktemp("labels"), tuned=(1.0, 1.0, 0.0, 1.0) * 10, base=(0.0, 1.0) * 20)
    summary = summary_of(folder)
    examples = scored_examples(str(folder), "Correctness")
    labels = [
        Labelled(example, {side: 1 - score if at % 5 == 0 else score for side, score in example.scores.items()})
        for at, example in enumerate(examples[:20])
    ]
    return {"execution_arn": ARN, **judge_error_report(summary, "Correctness", examples, labels, 20)}


def test_without_labels_every_report_says_that_the_difference_is_the_judges(tmp_path: Path) -> None:
    assert people_sentences(None, WORDS) == [WORDS.unchecked]
    assert escape(WORDS.unchecked) in people_html(None, WORDS)
    assert f"- {WORDS.unchecked}" in report_markdown(summary_of(put_results(tmp_path)), WORDS)


def test_with_labels_the_correction_and_the_judges_rates_are_told(labelled: dict[str, Any], tmp_path: Path) -> None:
    corrected, rate = labelled["corrected_difference"], labelled["yes_no"]["tuned"]["sensitivity"]
    page, short = people_html(labelled, WORDS), report_markdown(summary_of(put_results(tmp_path)), WORDS, labelled)
    for text in (page, short):
        assert "Corrected by people" in text
        assert f"true-positive rate (the judge says yes where people do) {rate['rate']:.0%} (" in text
        assert f"{rate['k']} of {rate['n']})" in text
        assert "true-negative rate (the judge says no where people do)" in text
        assert WORDS.unchecked not in text
        assert "Only 20 labelled rows" in text
    assert "<td>{:+.2f}</td>".format(corrected["mean"]).replace("-", "−") in page
    assert page.count('<th scope="row">') == 3  # the judge, people, both


def test_a_page_gets_the_section_in_place_of_the_one_it_has(labelled: dict[str, Any]) -> None:
    page = f"<html>before{people_html(None, WORDS)}after</html>"
    once = with_people(page, labelled, WORDS)
    assert once is not None
    assert once.startswith("<html>before")
    assert once.endswith("after</html>")
    assert escape(WORDS.unchecked) not in once
    assert with_people(once, labelled, WORDS) == once
    for other in ("", "<html></html>", PEOPLE_START, f"{PEOPLE_END}{PEOPLE_START}"):
        assert with_people(other, labelled, WORDS) is None


def test_nothing_in_it_becomes_markup_or_ends_the_section(labelled: dict[str, Any]) -> None:
    text = HOSTILE + PEOPLE_END + "\u202e"
    page = people_html(labelled | {"sentence": text, "metric": text, "warnings": [text]}, WORDS)
    assert "<script" not in page
    assert page.count(PEOPLE_END) == 1
    assert "\u202e" not in page


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "null", '"x"', json.dumps({"execution_arn": ARN}),
        json.dumps({"execution_arn": ARN, "sentence": "People agree."}),
        json.dumps({"execution_arn": ARN, "sentence": 3}), "[" * 100_000,
    ],
)  # fmt: skip
def test_a_file_that_is_not_whole_counts_as_no_labels(tmp_path: Path, content: str) -> None:
    (tmp_path / error_file(WORDS)).write_text(content)
    assert read_scorer_error(tmp_path, ARN, WORDS) is None


def test_labels_are_of_one_execution_only(tmp_path: Path, labelled: dict[str, Any]) -> None:
    assert read_scorer_error(tmp_path, ARN, WORDS) is None
    (tmp_path / error_file(WORDS)).write_text(json.dumps(labelled))
    assert read_scorer_error(tmp_path, ARN, WORDS) == labelled
    assert read_scorer_error(tmp_path, ARN + "x", WORDS) is None
