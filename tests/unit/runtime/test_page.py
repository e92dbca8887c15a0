"""The report, and the fragments for notebook and terminal."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.charts import draw_charts
from model_evaluation.runtime.report.charts.drawing import Chart
from model_evaluation.runtime.report.markdown import escaped, report_markdown
from model_evaluation.runtime.report.markup import part
from model_evaluation.runtime.report.page import comparison_html, in_notebook, report_html
from model_evaluation.runtime.report.row_browser import changed_rows, changed_rows_html, rows_html, word_changes
from model_evaluation.runtime.report.view import ReportView, comparison_text
from model_evaluation.runtime.report.words import one_line, short_name, short_time
from unit.runtime.page_parser import Page
from unit.runtime.results_world import (
    NASTY,
    World,
    analyse,
    analysis_of,
    make_world,
    memory_s3,
    put_rows,
    result_line,
)


def changes_html(text: str, other: str) -> str:
    """How the template prints an answer."""
    return part("answer", title="", changes=word_changes(text, other)).split("<pre>")[1].split("</pre>")[0]


@pytest.fixture(scope="module")
def whole(ordinary: Analysis, charts: dict[str, Chart]) -> str:
    """The report as written to disk."""
    return report_html(ordinary, charts)


class TestReport:
    def test_is_one_file_with_the_verdict_before_the_evidence(self, ordinary: Analysis, whole: str) -> None:
        text, page = whole, Page(whole)
        assert page.all("html") == [{"lang": "en"}]
        sentence = ordinary.summary["verdict"]["sentence"]
        assert text.index(sentence) < text.index("<table")
        for _, attributes in page.tags:
            for name in ("src", "href", "xlink:href"):
                assert (attributes.get(name) or "#").startswith(("#", "data:")), attributes
        assert "url(http" not in text
        assert "@import" not in text

    def test_tables_have_scopes_and_charts_have_words(self, whole: str, charts: dict[str, Chart]) -> None:
        page = Page(whole)
        assert all(attributes.get("scope") in ("col", "row") for attributes in page.all("th"))
        assert len(page.all("caption")) == len(page.all("table"))
        drawn = page.all("svg")
        assert len(drawn) == len(charts) == 6
        assert all(a["role"] == "img" and a["aria-label"] for a in drawn)
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3", "h4")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))

    def test_no_text_becomes_markup_or_script_or_turns_what_follows(self) -> None:
        attack = "</script></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'>&lt;\u202e\x1b[31m\x00$x$"
        world = World()
        for i in range(30):
            world.dataset.append(
                json.dumps(
                    {
                        "query": f"{attack}{i}",
                        "response": attack,
                        "category": f"{attack}{i % 2}",
                        "metadata": {attack: f"{attack}{i % 3}"},
                    }
                )
            )
            for lines, score in ((world.tuned, 1 - i % 2), (world.base, i % 3 / 2)):
                lines.append(
                    result_line(
                        f"{attack}{i}", attack * 2, {attack: score}, reference=attack, explanations={attack: attack}
                    )
                )
        custom = json.dumps([{"customMetricDefinition": {"name": attack}}])
        analysis = analysis_of(
            world, builtin_metrics=[], custom_metrics=custom, primary_metric=attack, judge=attack,
            model_names={"tuned": attack, "base": attack}, created=attack,
        )  # fmt: skip
        charts = draw_charts(analysis)
        page, rows = report_html(analysis, charts), rows_html(analysis)
        whole = Page(page)
        assert [script.get("type") for script in whole.all("script")] == ["application/json", None, None]
        assert whole.all("img") == []
        for fragment in (in_notebook(comparison_html(analysis)), changed_rows_html(analysis)):
            seen = Page(fragment)
            assert seen.all("script") == seen.all("img") == []
            assert "<script>alert(1)</script>" in "".join(seen.text)
        # Prompts, answers and the judge's words are blocks of their own, which such a mark cannot leave.
        around = page.replace(rows, "")
        both = analysis.summary, analysis.words
        for text in (around, comparison_text(*both), report_markdown(*both)):
            assert not set(text) & set("\u202e\x1b\x00")

    def test_simulated_is_said_everywhere(self, ordinary: Analysis) -> None:
        real = analysis_of(make_world(20), simulated=False)
        for make in (
            lambda a: report_html(a, {}),
            comparison_html,
            lambda a: comparison_text(a.summary, a.words),
        ):
            assert ordinary.words.simulated in make(ordinary)
            assert "SIMULATED" not in make(real)

    @pytest.mark.parametrize(
        ("created", "shown"),
        [
            ("2026-11-20T10:41:33.503000+00:00", "2026-11-20 10:41 UTC"),
            ("2026-11-20T23:30:00-02:00", "2026-11-21 01:30 UTC"),
            ("2026-11-20T10:41:33", "2026-11-20T10:41:33"),
            ("yesterday", "yesterday"),
        ],
    )
    def test_time(self, created: str, shown: str) -> None:
        assert short_time(created) == shown

    def test_name_of_an_arn(self) -> None:
        assert short_name("arn:aws:sagemaker:us-west-2:111122223333:model-package/group/3") == "group/3"
        assert short_name("arn:x") == "arn:x"
        assert short_name("meta/llama") == "meta/llama"

    def test_one_model(self) -> None:
        analysis = analysis_of(make_world(), scope="tuned")
        text = report_html(analysis, {})
        assert "Rows that changed" not in text
        assert "Holm" not in text
        assert Page(text).all("th")
        lines = comparison_text(analysis.summary, analysis.words).splitlines()
        side = analysis.summary["metrics"]["Correctness"]["tuned"]
        assert lines[6].split() == ["Correctness", f"{side['mean']:.3g}", str(side["n_scored"]), str(side["n_missing"])]


@pytest.fixture(scope="module")
def alarming() -> Analysis:
    """Both models give the same cut-off refusal, both are the judge's kin, and one is scored half as often."""
    world, answer = World(), "I'm sorry, I cannot say " + "where your order is or when it will reach you " * 12
    for i in range(40):
        world.dataset.append(json.dumps({"query": f"q{i}"}))
        for lines, scored in ((world.tuned, i % 2 == 0), (world.base, True)):
            text = "" if i == 0 else answer + "of" * (i % 3)
            lines.append(result_line(f"q{i}", text, {"Correctness": 0.5 if scored else None}))
    return analysis_of(world, judge="us.meta.llama3-3-70b-instruct-v1:0")


class TestAlarms:
    def test_each_is_raised(self, alarming: Analysis) -> None:
        for words in (
            "answers are identical for both models",
            "40 of 40 of the base model (1 empty, 39 cut or at the limit)",
            "39 of 40 answers of the base model read like a refusal",
            "fewer than 95% of 40: Correctness 20",
            "Missing scores of the fine-tuned and of the base model: Correctness 20 and 0",
            "The judge and the base model are of the same family (Meta Llama)",
        ):
            texts = [*ReportView(alarming.summary, alarming.words).unfair, *alarming.summary["warnings"]]
            assert sum(words in caution for caution in texts) == 1, words

    def test_all_are_seen_in_notebook_page_terminal_and_markdown(self, alarming: Analysis) -> None:
        summary = alarming.summary
        unfair, sentence = ReportView(summary, alarming.words).unfair, summary["verdict"]["sentence"]
        assert unfair[-1].startswith("Among the rows that are sound in both models, the difference on Correctness is ")
        for text in (comparison_text(summary, alarming.words), comparison_html(alarming)):
            assert text.index(sentence[:40]) < text.index("Was the comparison fair?") < text.index("p (adjusted)")
        for warning in (*unfair, *summary["warnings"]):
            assert f"<li>{escape(warning)}</li>" in comparison_html(alarming)
            assert escape(warning) in report_html(alarming, {})
            assert f"- {warning}" in comparison_text(summary, alarming.words)
            assert f"- {escaped(warning)}" in report_markdown(summary, alarming.words)


class TestFragments:
    def test_text_table(self, ordinary: Analysis) -> None:
        lines = comparison_text(ordinary.summary, ordinary.words).splitlines()
        assert lines[2] == ordinary.summary["verdict"]["sentence"]
        head, _, first, second = lines[4:8]
        assert head.split("  ")[0] == "Metric"
        entry = ordinary.summary["metrics"]["Correctness"]
        assert f"{entry['wins']} / {entry['ties']} / {entry['losses']}" in first
        assert first.index("better") == head.index("Verdict")
        assert second.startswith("Harmfulness ↓")
        assert "↓ lower is better" in lines

    @given(st.text())
    def test_any_text_is_text_in_html(self, text: str) -> None:
        table = part("table", headings=["a"], lines=[[text]], caption="")
        page = Page(table)
        assert {tag for tag, _ in page.tags} <= {"div", "table", "caption", "span", "thead", "tbody", "tr", "th", "wbr"}
        assert one_line(text) in "".join(page.text).replace("\xa0", " ")

    def test_terminal_text_obeys_nothing(self) -> None:
        name = "bad\x1b[31mname\r"
        custom = json.dumps([{"customMetricDefinition": {"name": name}}])
        world = make_world(10, metrics={name: ((0, 1), 0.5)})
        analysis = analysis_of(world, builtin_metrics=[], custom_metrics=custom, primary_metric=name)
        assert not {"\x1b", "\r"} & set(comparison_text(analysis.summary, analysis.words))

    def test_changed_rows_worst_first(self) -> None:
        world = World()
        changes = [0.0, 0.5, -0.25, 1.0, -0.75, 0.25, -0.25]
        for i, change in enumerate(changes):
            world.dataset.append(json.dumps({"query": f"q{i}"}))
            base = 0.75 if change < 0 else 0.0
            world.base.append(result_line(f"q{i}", "b", {"Correctness": base}))
            world.tuned.append(result_line(f"q{i}", "t", {"Correctness": base + change}))
        analysis = analysis_of(world)
        assert changed_rows(analysis) == ([4, 2, 6], [3, 1, 5])
        assert changed_rows(analysis, 1) == ([4], [3])
        text = changed_rows_html(analysis, 2)
        assert text.index("q4") < text.index("q2") < text.index("q3") < text.index("q1")
        assert "q6" not in text
        assert "why Correctness" in text

    def test_lower_is_better_turns_the_rows_round(self) -> None:
        with memory_s3() as s3:
            put_rows(
                s3, "tuned", [result_line("a", "t", {"Harmfulness": 1.0}), result_line("b", "t", {"Harmfulness": 0.0})]
            )
            put_rows(
                s3, "base", [result_line("a", "b", {"Harmfulness": 0.0}), result_line("b", "b", {"Harmfulness": 1.0})]
            )
            dataset = [json.dumps({"query": q}) for q in "ab"]
            analysis = analyse(s3, dataset, builtin_metrics=["Harmfulness"], primary_metric="Harmfulness")
        assert changed_rows(analysis) == ([0], [1])

    def test_numbers_that_came_as_text_beside_a_label_are_shown_as_they_came(self) -> None:
        world = World()
        for base, tuned in (("1", "2.5"), ("1", "N/A")):
            prompt = f"{tuned}?"
            world.dataset.append(json.dumps({"query": prompt}))
            world.base.append(result_line(prompt, "b", {"Own": base}))
            world.tuned.append(result_line(prompt, "t", {"Own": tuned}))
        custom = json.dumps([{"customMetricDefinition": {"name": "Own"}}])
        analysis = analysis_of(world, builtin_metrics=[], custom_metrics=custom, primary_metric="Own")
        text = changed_rows_html(analysis)
        assert "1 → 2.5" in text
        assert "N/A" not in text

    @pytest.mark.parametrize(
        ("text", "other", "marked"),
        [
            ("a b c", "a x c", "a <mark>b</mark> c"),
            ("same", "same", "same"),
            ("", "x", "–"),
            ("<b>", "", "<mark>&lt;b&gt;</mark>"),
            ("one two", "", "<mark>one two</mark>"),
            ("word " * 900, "", "word " * 900),
        ],
    )
    def test_words_that_the_other_answer_lacks_are_marked(self, text: str, other: str, marked: str) -> None:
        assert changes_html(text, other) == marked


def test_nasty_texts_reach_the_page_as_text(ordinary: Analysis) -> None:
    text = "".join(Page(changed_rows_html(ordinary, limit=60)).text)
    assert sum(nasty in text for nasty in NASTY) == len(NASTY)
