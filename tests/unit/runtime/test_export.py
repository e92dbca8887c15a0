"""Files on disk, and the modules as one notebook cell."""

from __future__ import annotations

import json
import os
import pathlib
import time
from dataclasses import replace
from typing import Any

import jsonschema
import pandas as pd
import pytest

import model_evaluation
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report import export
from model_evaluation.runtime.report.charts import draw_charts
from model_evaluation.runtime.report.export import export_analysis
from model_evaluation.runtime.report.page import report_html
from unit.runtime.page_parser import Page
from unit.runtime.results_world import analysis_of, make_world

SCHEMA = pathlib.Path(model_evaluation.__file__).parent / "schemas" / "summary.schema.json"


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports without charts, which take most of the time."""
    monkeypatch.setattr(Analysis, "charts", {})


class TestFiles:
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
        assert ordinary.words.unchecked in (folder / "report.md").read_text()
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
            assert ordinary.words.unchecked not in (folder / name).read_text()

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


class TestInlining:
    """The modules' sources become one notebook cell, in one namespace."""

    def test_writes_everything_in_one_folder(self, ordinary: Analysis, tmp_path: pathlib.Path) -> None:
        analysis = analysis_of(make_world())
        folder = export_analysis(analysis, tmp_path / "results")
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
        assert summary == analysis.summary == ordinary.summary
        assert [p.name for p in (tmp_path / "results").iterdir()] == ["a1b2c3d4e5f6"]
