"""What a kind says in its reports, and that a kind which says nothing gets a report all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from markupsafe import Markup

from model_evaluation.kinds.registry import report_words
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.markdown import report_markdown
from model_evaluation.runtime.report.markup import part
from model_evaluation.runtime.report.page import comparison_html, report_html
from model_evaluation.runtime.report.view import ReportView, comparison_text, ordered_metrics
from model_evaluation.runtime.report.words import ReportWords
from unit.runtime.page_parser import Page


@pytest.fixture(scope="module")
def silent(ordinary: Analysis) -> Analysis:
    """The analysis of a kind without words, on a metric of its own."""
    summary = ordinary.summary
    own = {"metrics": {"accuracy": summary["metrics"]["Correctness"]}, "primary_metric": "accuracy", "slices": {}}
    columns = [name.replace("Correctness", "accuracy") for name in ordinary.table.column_names]
    table = ordinary.table.rename_columns(columns)
    verdict = {"decision": "improved", "sentence": "The fine-tuned model is better on accuracy."}
    return Analysis(summary | own | {"verdict": verdict, "warnings": [], "fairness": None}, ReportWords(), table)


def test_a_kind_without_words_has_every_report_and_none_of_another_kinds_words(silent: Analysis) -> None:
    summary, words = silent.summary, silent.words
    texts = (
        report_html(silent, {}),
        comparison_html(silent),
        comparison_text(summary, words),
        report_markdown(summary, words),
    )
    for text in texts:
        assert not [word for word in ("judge", "gainst people", "Harmfulness") if word in text]
        assert "accuracy" in text
    assert words.simulated == "SIMULATED: made with a local stand-in for AWS. No model was involved."


class AnalysisWithSections(Analysis):
    def sections(self) -> Sequence[tuple[str, str, Markup]]:
        confusion = part("table", headings=["", "no"], lines=[["yes", "3"]], caption="rows are actual")
        return [
            ("confusion", "Who was taken for whom", confusion),
            ("empty", "Nothing here", part("bullets", texts=[])),
        ]


def test_a_kind_has_sections_of_its_own_on_the_page(silent: Analysis) -> None:
    page = Page(report_html(AnalysisWithSections(silent.summary, silent.words, silent.table), {}))
    assert "#confusion" in [link["href"] for link in page.all("a")]
    assert "Who was taken for whom" in "".join(page.text)
    assert "Nothing here" not in "".join(page.text)


@pytest.mark.parametrize(
    ("guards", "opening"),
    [
        (("Bias",), "Bias guards the decision: if it got worse, "),
        (("A", "B", "C"), "A, B and C guard the decision: if one of them got worse, "),
    ],
)
def test_guards_are_named(ordinary: Analysis, guards: tuple[str, ...], opening: str) -> None:
    alone, guarded = (ReportView(ordinary.summary, ReportWords(guards=names)).methods[3] for names in ((), guards))
    assert guarded == f"{alone} {opening}a good result on the primary metric is called mixed."


def test_the_metrics_that_guard_stand_after_the_primary_one(ordinary: Analysis) -> None:
    names = {"a": {}, "b": {}, "c": {}}
    summary = {"metrics": names, "primary_metric": "b"}
    assert ordered_metrics(summary, ReportWords(guards=("c",))) == ["b", "c", "a"]


@pytest.mark.parametrize("scope", ["compare", "tuned"])
def test_the_judges_words_name_the_judge(scope: str) -> None:
    words = report_words({"scope": scope, "kind": "llm_as_judge", "conditions": {"judge": "nova"}})
    assert words.conditions == (("Judge", "nova"),)
    assert ("both models" in words.method) == (scope == "compare")
    assert words.limits[0].startswith("The scores are a judge model's opinions")


def test_what_the_numbers_cannot_say_ends_with_what_no_kind_can(ordinary: Analysis) -> None:
    own = replace(ordinary.words, limits=("Only sunny days.",))
    first, *shared = ReportView(ordinary.summary, own).limits
    assert first == "Only sunny days."
    assert [text.split(" unless ")[0].split(",")[0] for text in shared] == [
        "Rows are treated as independent",
        "Where score and length of an answer go together",
    ]


class TestFairness:
    FAIRNESS = {  # noqa: RUF012 - a constant
        "checks": [
            {"id": "cut", "status": "fail", "counts": {"tuned": 12, "base": 0}, "message": "12 answers are <cut>."},
            {"id": "prompts", "status": "pass", "counts": {}, "message": "Both models got the same prompts."},
        ],
        "sound_rows": {
            "n_paired": 40,
            "difference": {"mean": 0.01, "ci_low": -0.1, "ci_high": 0.12, "confidence": 0.95},
        },
    }

    def test_the_checks_stand_between_verdict_and_evidence(self, ordinary: Analysis) -> None:
        fair = replace(ordinary, summary=ordinary.summary | {"fairness": self.FAIRNESS})
        page = report_html(fair, {})
        text = " ".join("".join(Page(page).text).split())
        assert '<b class="bad">fail</b>' in page
        assert "fail 12 answers are <cut>. (tuned: 12, base: 0)" in text
        assert (
            "Among the rows that are sound in both models, the difference on Correctness is +0.01 "
            "(95% CI −0.10 to 0.12, 40 rows)." in text
        )
        sentence = fair.summary["verdict"]["sentence"]
        assert text.index(sentence) < text.index("Was the comparison fair?") < text.index("All metrics")

    def test_the_short_report_tells_what_did_not_pass(self, ordinary: Analysis) -> None:
        text = report_markdown(ordinary.summary | {"fairness": self.FAIRNESS}, ordinary.words)
        assert "Was the comparison fair?\n\n- 12 answers are &#60;cut&#62;.\n- Among the rows that are sound in" in text
        assert "the difference on Correctness is +0.01 (95% CI −0.10 to 0.12, 40 rows).\n\n|" in text
        assert "same prompts" not in text

    def test_without_checks_there_is_no_such_section(self, ordinary: Analysis) -> None:
        unchecked = replace(ordinary, summary={**ordinary.summary, "fairness": None})
        assert "fair?" not in report_html(unchecked, {})
