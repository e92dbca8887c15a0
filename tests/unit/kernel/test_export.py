"""Files on disk, the report, and the fragments for notebook and terminal."""

from __future__ import annotations

import ast
import html
import html.parser
import importlib
import inspect
import itertools
import json
import os
import pathlib
import time
from dataclasses import replace
from typing import Any

import jsonschema
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import model_evaluation
from model_evaluation.kernel import export
from model_evaluation.kernel.analysis import Analysis
from model_evaluation.kernel.changedrows import changed_rows, changed_rows_html, marked_words
from model_evaluation.kernel.charts import draw_charts
from model_evaluation.kernel.export import export_analysis
from model_evaluation.kernel.looks import in_notebook
from model_evaluation.kernel.markdown import escaped, report_markdown
from model_evaluation.kernel.page import report_html
from model_evaluation.kernel.report import comparison_table_html, comparison_text, text_html
from model_evaluation.kernel.rowbrowser import rows_html
from model_evaluation.kernel.shortnames import short_name, short_time
from model_evaluation.kernel.wording import SIMULATED_TEXT, UNCHECKED_TEXT, one_line
from model_evaluation.notebook.inlining import imported_modules
from unit.kernel.results_world import NASTY, World, analyse, make_world, memory_s3, put_rows, put_world, result_line

SCHEMA = pathlib.Path(model_evaluation.__file__).parent / "schemas" / "summary.schema.json"


def inlined(name: str, order: list[str]) -> list[str]:
    """The module after those it imports from, as they stand in the notebook."""
    for needed in imported_modules(inspect.getsource(importlib.import_module(f"model_evaluation.kernel.{name}"))):
        if needed not in order:
            inlined(needed, order)
    if name not in order:
        order.append(name)
    return order


MODULES = inlined("export", inlined("analysis", []))


def analysis_of(world: World, **changes: Any) -> Analysis:
    with memory_s3() as s3:
        put_world(s3, world)
        return analyse(s3, world.dataset, **changes)


@pytest.fixture(scope="module")
def ordinary() -> Analysis:
    return analysis_of(make_world())


@pytest.fixture(scope="module")
def charts(ordinary: Analysis) -> dict[str, Figure]:
    return draw_charts(ordinary)


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports without charts, which take most of the time."""
    monkeypatch.setattr(export, "draw_charts", lambda _: {})


class Page(html.parser.HTMLParser):
    """What a browser would see: tags, attributes, text; unbalanced tags are an error."""

    VOID = frozenset({"meta", "input", "br", "wbr", "path", "use", "rect", "image"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


class TestFiles:
    def test_everything_is_written(self, ordinary: Analysis, tmp_path: pathlib.Path) -> None:
        folder = export_analysis(ordinary, tmp_path / "results")
        assert folder == tmp_path / "results" / "a1b2c3d4e5f6"
        assert sorted(p.name for p in folder.iterdir()) == [
            "figures", "per_example.csv", "per_example.parquet", "report.html", "report.md", "summary.json",
        ]  # fmt: skip
        names = {"difference", "outcomes", "slices", "distributions", "length", "coverage"}
        assert {p.name for p in (folder / "figures").iterdir()} == {
            f"{n}.{kind}" for n in names for kind in ("png", "svg")
        }
        summary = json.loads((folder / "summary.json").read_text("utf-8"))
        jsonschema.validate(summary, json.loads(SCHEMA.read_text("utf-8")))
        assert summary == ordinary.summary
        assert [p.name for p in (tmp_path / "results").iterdir()] == ["a1b2c3d4e5f6"]

    @pytest.mark.usefixtures("no_charts")
    def test_tables_read_back_as_they_were(self, ordinary: Analysis, tmp_path: pathlib.Path) -> None:
        folder = export_analysis(ordinary, tmp_path)
        parquet = pd.read_parquet(folder / "per_example.parquet")
        csv = pd.read_csv(folder / "per_example.csv", dtype={"record_id": str, "id": str}, lineterminator="\n")
        for table in (parquet, csv):
            assert list(table.columns) == list(ordinary.per_example.columns)
            for column in table.columns:
                expected, found = ordinary.per_example[column], table[column]
                assert found.isna().tolist() == expected.isna().tolist(), column
                assert found.dropna().tolist() == expected.dropna().tolist(), column

    @pytest.fixture
    def one_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Exports that write one small file: these tests are about folders."""

        def write(analysis: Analysis, folder: pathlib.Path, judge_error: Any) -> None:
            (folder / "summary.json").write_text(analysis.summary["execution_arn"])

        monkeypatch.setattr(export, "write_files", write)

    @pytest.mark.usefixtures("one_file")
    def test_writing_again_replaces(self, ordinary: Analysis, tmp_path: pathlib.Path) -> None:
        folder = export_analysis(ordinary, tmp_path)
        (folder / "stale").write_text("old")
        assert export_analysis(ordinary, tmp_path) == folder
        assert not (folder / "stale").exists()
        assert [p.name for p in tmp_path.iterdir()] == [folder.name]

    @pytest.mark.usefixtures("no_charts")
    def test_what_people_said_of_this_execution_is_taken_over(self, ordinary: Analysis, tmp_path: pathlib.Path) -> None:
        folder = export_analysis(ordinary, tmp_path)
        assert UNCHECKED_TEXT in (folder / "report.md").read_text()
        plain = {"mean": 0.1, "ci_low": 0.0, "ci_high": 0.2}
        said = {
            "execution_arn": ordinary.summary["execution_arn"], "metric": "Correctness", "sentence": "People agree.",
            "labelled": 60, "scored_by_judge": 60, "judge_only": plain, "people_only": plain,
            "corrected_difference": plain,
        }  # fmt: skip
        (folder / "judge_error.json").write_text(json.dumps(said))
        assert export_analysis(ordinary, tmp_path) == folder
        assert json.loads((folder / "judge_error.json").read_text()) == said
        for name in ("report.md", "report.html"):
            assert "People agree." in (folder / name).read_text()
            assert UNCHECKED_TEXT not in (folder / name).read_text()

    @pytest.mark.usefixtures("one_file")
    def test_what_a_killed_kernel_left_is_cleared_once_it_is_old(
        self, ordinary: Analysis, tmp_path: pathlib.Path
    ) -> None:
        name = export_analysis(ordinary, tmp_path).name
        for age, left in ((3600, "old"), (5, "new")):
            (tmp_path / f".{name}-{left}").mkdir()
            moment = time.time() - age
            os.utime(tmp_path / f".{name}-{left}", (moment, moment))
        export_analysis(ordinary, tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == [f".{name}-new", name]

    def test_a_failure_leaves_the_old_export_and_no_debris(
        self, ordinary: Analysis, tmp_path: pathlib.Path, one_file: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = export_analysis(ordinary, tmp_path)
        before = (folder / "summary.json").read_bytes()

        def fail(analysis: Analysis, fresh: pathlib.Path, judge_error: Any) -> None:
            (fresh / "summary.json").write_text("half")
            raise OSError("disk full")

        monkeypatch.setattr(export, "write_files", fail)
        with pytest.raises(OSError, match="disk full"):
            export_analysis(ordinary, tmp_path)
        assert (folder / "summary.json").read_bytes() == before
        assert [p.name for p in tmp_path.iterdir()] == [folder.name]

    @pytest.mark.parametrize(
        ("arn", "name"), [("", "execution"), ("x/..", "execution"), ("x/a b;c", "a_b_c"), ("plain", "plain")]
    )
    @pytest.mark.usefixtures("one_file")
    def test_folder_stays_inside(self, ordinary: Analysis, tmp_path: pathlib.Path, arn: str, name: str) -> None:
        renamed = replace(ordinary, summary=ordinary.summary | {"execution_arn": arn})
        assert export_analysis(renamed, tmp_path) == tmp_path / name

    @pytest.mark.parametrize("n", [1, 2])
    def test_hardly_any_data(self, n: int) -> None:
        analysis = analysis_of(make_world(n))
        assert Page(report_html(analysis, draw_charts(analysis))).all("table")

    @pytest.mark.usefixtures("no_charts")
    def test_no_score_at_all(self, tmp_path: pathlib.Path) -> None:
        folder = export_analysis(analysis_of(make_world(3, missing=1.0)), tmp_path)
        assert json.loads((folder / "summary.json").read_text())["verdict"]["decision"] == "invalid"


class TestReport:
    def test_is_one_file_with_the_verdict_before_the_evidence(
        self, ordinary: Analysis, charts: dict[str, Figure]
    ) -> None:
        text = report_html(ordinary, charts)
        page = Page(text)
        assert page.all("html") == [{"lang": "en"}]
        sentence = ordinary.summary["verdict"]["sentence"]
        assert text.index(sentence) < text.index("<table")
        for _, attributes in page.tags:
            for name in ("src", "href", "xlink:href"):
                assert (attributes.get(name) or "#").startswith(("#", "data:")), attributes
        assert "url(http" not in text
        assert "@import" not in text

    def test_tables_have_scopes_and_charts_have_words(self, ordinary: Analysis, charts: dict[str, Figure]) -> None:
        page = Page(report_html(ordinary, charts))
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
            world, builtin_metrics=[], custom_metrics_json=custom, primary_metric=attack, judge=attack,
            model_names={"tuned": attack, "base": attack}, created=attack,
        )  # fmt: skip
        charts = draw_charts(analysis)
        page, rows = report_html(analysis, charts), rows_html(analysis)
        whole = Page(page)
        assert [script.get("type") for script in whole.all("script")] == ["application/json", None, None]
        assert whole.all("img") == []
        for fragment in (in_notebook(comparison_table_html(analysis.summary)), changed_rows_html(analysis)):
            seen = Page(fragment)
            assert seen.all("script") == seen.all("img") == []
            assert "<script>alert(1)</script>" in "".join(seen.text)
        # Prompts, answers and the judge's words are blocks of their own, which such a mark cannot leave.
        around = page.replace(rows, "")
        for text in (around, comparison_text(analysis.summary), report_markdown(analysis.summary)):
            assert not set(text) & set("\u202e\x1b\x00")

    def test_simulated_is_said_everywhere(self, ordinary: Analysis) -> None:
        real = analysis_of(make_world(20), simulated=False)
        for make in (
            lambda a: report_html(a, {}),
            lambda a: comparison_table_html(a.summary),
            lambda a: comparison_text(a.summary),
        ):
            assert SIMULATED_TEXT in make(ordinary)
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
        lines = comparison_text(analysis.summary).splitlines()
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
            "The base model answered empty on 1 of 40 rows",
            "39 of 40 answers of the base model read like a refusal",
            "39 of 40 answers of the base model end in the middle of a sentence",
            "fewer than 95% of 40: Correctness 20",
            "Scored for the fine-tuned and for the base model: Correctness 50% and 100%",
            "The judge and the base model are of the same family (Meta Llama)",
        ):
            assert sum(words in warning for warning in alarming.summary["warnings"]) == 1, words

    def test_all_are_seen_in_notebook_page_terminal_and_markdown(self, alarming: Analysis) -> None:
        summary = alarming.summary
        for warning in summary["warnings"]:
            for page in (comparison_table_html(summary), report_html(alarming, {})):
                assert f"<li>{html.escape(warning)}</li>" in page
            assert f"- {warning}" in comparison_text(summary)
            assert f"- {escaped(warning)}" in report_markdown(summary)


class TestFragments:
    def test_text_table(self, ordinary: Analysis) -> None:
        lines = comparison_text(ordinary.summary).splitlines()
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
        page = Page(f"<p>{text_html(text)}</p>")
        assert {tag for tag, _ in page.tags} <= {"p", "wbr"}
        assert "".join(page.text).replace("\xa0", " ") == one_line(text)

    def test_terminal_text_obeys_nothing(self) -> None:
        name = "bad\x1b[31mname\r"
        custom = json.dumps([{"customMetricDefinition": {"name": name}}])
        world = make_world(10, metrics={name: ((0, 1), 0.5)})
        analysis = analysis_of(world, builtin_metrics=[], custom_metrics_json=custom, primary_metric=name)
        assert not {"\x1b", "\r"} & set(comparison_text(analysis.summary))

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

    @pytest.mark.parametrize(
        ("text", "other", "marked"),
        [
            ("a b c", "a x c", "a <mark>b</mark> c"),
            ("same", "same", "same"),
            ("", "x", ""),
            ("<b>", "", "<mark>&lt;b&gt;</mark>"),
            ("one two", "", "<mark>one two</mark>"),
            ("word " * 900, "", "word " * 900),
        ],
    )
    def test_marked_words(self, text: str, other: str, marked: str) -> None:
        assert marked_words(text, other) == marked


class TestInlining:
    """The modules' sources become one notebook cell, in one namespace."""

    def test_top_level_names_are_unique_and_imports_can_be_dropped(self) -> None:
        seen: dict[str, str] = {}
        for module in MODULES:
            tree = ast.parse(inspect.getsource(importlib.import_module(f"model_evaluation.kernel.{module}")))
            for node in tree.body:
                if isinstance(node, ast.ImportFrom) and node.level:
                    assert node.level == 1
                    assert node.module in MODULES[: MODULES.index(module)], (module, node.module)
                    assert all(alias.asname is None for alias in node.names)
                names = [n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
                defined = [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
                if isinstance(node, ast.Assign | ast.AnnAssign):
                    defined = [n.id for n in names]
                for name in defined:
                    assert seen.setdefault(name, module) == module, name

    def test_runs_as_one_cell(self, tmp_path: pathlib.Path) -> None:
        parts = []
        for module in MODULES:
            source = inspect.getsource(importlib.import_module(f"model_evaluation.kernel.{module}"))
            tree = ast.parse(source)
            tree.body = [
                node
                for node in tree.body
                if not (isinstance(node, ast.ImportFrom) and (node.level or node.module == "__future__"))
            ]
            parts.append(ast.unparse(tree))
        space: dict[str, Any] = {"__name__": "__main__"}
        exec("from __future__ import annotations\n" + "\n".join(parts), space)
        world = make_world(20)
        with memory_s3() as s3:
            put_world(s3, world)
            analysis = space["analyse_execution"](
                s3, output_uri="s3://evaluation-results/evaluations/support bot", execution_arn="x/a1b2c3d4e5f6",
                dataset_lines=world.dataset, judge="j", model_names={"tuned": "t", "base": "b"},
                builtin_metrics=["Correctness"], custom_metrics_json=None, primary_metric="Correctness",
                scope="compare", simulated=True, created="now",
            )  # fmt: skip
        assert space["export_analysis"](analysis, tmp_path).is_dir()
        assert "Correctness" in space["comparison_text"](analysis.summary)


def test_nasty_texts_reach_the_page_as_text(ordinary: Analysis) -> None:
    text = "".join(Page(changed_rows_html(ordinary, limit=60)).text)
    assert sum(nasty in text for nasty in NASTY) == len(NASTY)
