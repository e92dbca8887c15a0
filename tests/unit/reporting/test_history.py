"""The history puts on one line only what can be compared, and says what it left out."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.errors import Refused
from model_evaluation.reporting.between_runs import change_since_last
from model_evaluation.reporting.examples import dataset_fingerprint
from model_evaluation.reporting.history import (
    Group,
    history_json,
    history_sentences,
    project_history,
    trends,
)
from model_evaluation.reporting.trend_chart import trend_chart
from model_evaluation.runtime.report.charts.drawing import Chart, figure_svg
from unit.reporting.results_on_disk import BASE, HOSTILE, put_results, summary_of

BETTER = (1.0, 1.0, 1.0, 0.75) * 10


def groups_of(project: Path) -> list[Group]:
    return project_history(str(project))[0]


def put(project: Path, day: int, **how: Any) -> Path:
    return put_results(project, f"run{day:02}", created=f"2026-11-{day:02}T10:00:00+00:00", **how)


def test_runs_under_the_same_conditions_are_one_line(tmp_path: Path) -> None:
    for day in (3, 1, 2):
        put(tmp_path, day, tuned=BETTER if day == 3 else (1.0, 0.75, 1.0, 0.5) * 10)
    (group,) = groups_of(tmp_path)
    assert [run.folder[-5:] for run in group.runs] == ["run01", "run02", "run03"]
    (found,) = history_json([group])
    assert found["differs"] == found["notes"] == []
    assert [trend["metric"] for trend in found["trends"]] == ["Correctness", "Harmfulness"]
    expected = [
        summary_of(tmp_path / "results" / name)["metrics"]["Correctness"]["difference"]["mean"]
        for name in ("run01", "run02", "run03")
    ]
    assert [point["mean"] for point in found["trends"][0]["points"]] == expected
    assert expected[2] > expected[1]


def test_a_run_whose_results_lie_in_two_folders_counts_once(tmp_path: Path) -> None:
    for day in (1, 2):
        folder = put(tmp_path, day)
    shutil.copytree(folder, tmp_path / "notebooks" / "results" / folder.name)
    (group,) = groups_of(tmp_path)
    assert [run.folder[-5:] for run in group.runs] == ["run01", "run02"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"judge": "judge-two"}, "another judge (judge-two, not judge-one)"),
        ({"prompts": "other"}, "another dataset (40 rows as well, but others)"),
        ({"tuned": (1.0,) * 20, "base": (0.5,) * 20}, "another dataset (20 rows, not 40)"),
        ({"base_model": "other-base"}, f"another base model (other-base, not {BASE})"),
        ({"simulated": True}, "these are SIMULATED"),
    ],
)  # fmt: skip
def test_other_conditions_stand_apart_and_say_why(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    put(tmp_path, 1, **change)
    put(tmp_path, 2)
    put(tmp_path, 3)
    newest, apart = groups_of(tmp_path)
    assert [run.folder[-5:] for run in newest.runs] == ["run02", "run03"]
    assert newest.differs == []
    assert [run.folder[-5:] for run in apart.runs] == ["run01"]
    assert apart.differs == [said]
    assert any(said in sentence for sentence in history_sentences([newest, apart]))


def test_real_runs_are_never_mixed_with_simulated_ones(tmp_path: Path) -> None:
    for day in range(1, 5):
        put(tmp_path, day, simulated=day % 2 == 0)
    newest, apart = groups_of(tmp_path)
    assert [run.summary["simulated"] for run in newest.runs] == [True, True]
    assert [run.summary["simulated"] for run in apart.runs] == [False, False]
    assert apart.differs == ["these are real, the newest is SIMULATED"]
    assert history_sentences([newest, apart])[0].startswith("SIMULATED")
    assert [text.startswith("SIMULATED. Against") for text in texts(trend_chart([newest, apart]))].count(True) == 1


def test_a_kinds_own_condition_called_dataset_does_not_hide_other_rows(tmp_path: Path) -> None:
    for day, prompts in ((1, "other"), (2, "same")):
        folder = put(tmp_path, day, prompts=prompts)
        summary = summary_of(folder)
        summary["conditions"]["dataset"] = "s3://bucket/rows.csv"
        (folder / "summary.json").write_text(json.dumps(summary))
    _, apart = groups_of(tmp_path)
    assert apart.differs == ["another dataset (40 rows as well, but others)"]


def test_without_the_rows_the_dataset_is_not_taken_for_the_same(tmp_path: Path) -> None:
    (put(tmp_path, 1) / "per_example.csv").unlink()
    put(tmp_path, 2)
    newest, apart = groups_of(tmp_path)
    assert "cannot be compared" in apart.differs[0]
    assert len(newest.runs) == 1


def test_a_metric_whose_scale_changed_is_not_drawn_through(tmp_path: Path) -> None:
    folder = put(tmp_path, 1)
    put(tmp_path, 2)
    summary = summary_of(folder)
    summary["metrics"]["Harmfulness"]["limits"] = [0, 10]
    (folder / "summary.json").write_text(json.dumps(summary))
    (group,) = groups_of(tmp_path)
    harm = next(trend for trend in trends(group) if trend.metric == "Harmfulness")
    assert harm.entries[0] is None
    assert harm.note == "Harmfulness: older runs with another direction or scale, left out: 1."
    assert history_json([group])[0]["notes"] == [harm.note]


def test_another_primary_metric_is_another_question(tmp_path: Path) -> None:
    put(tmp_path, 1, metrics=("Correctness", "Harmfulness"))
    put(tmp_path, 2, metrics=("Helpfulness", "Correctness"))
    newest, older = groups_of(tmp_path)
    assert [trend.metric for trend in trends(newest)] == ["Helpfulness", "Correctness"]
    assert older.differs == ["another primary metric (Correctness, not Helpfulness)"]
    assert change_since_last(newest) is None
    assert history_sentences([newest, older])[-1] == (
        "Not compared with these: 1 run; another primary metric (Correctness, not Helpfulness)."
    )


def test_damaged_and_single_model_runs_are_left_out_with_the_reason(tmp_path: Path) -> None:
    put(tmp_path, 1)
    put(tmp_path, 2, scope="tuned", base_model=None)
    (put(tmp_path, 3) / "summary.json").write_text("{")
    groups, left_out = project_history(str(tmp_path))
    assert [len(group.runs) for group in groups] == [1]
    assert len(left_out) == 2
    assert any("run02" in reason and "nothing was compared" in reason for reason in left_out)
    assert any("run03" in reason and "damaged" in reason for reason in left_out)


def test_a_folder_that_is_being_written_is_not_seen(tmp_path: Path) -> None:
    folder = put(tmp_path, 1)
    folder.rename(folder.parent / ".run01-x")
    with pytest.raises(Refused) as caught:
        project_history(str(tmp_path))
    assert caught.value.code == "no_results"


def test_the_fingerprint_is_about_rows_not_their_order(tmp_path: Path) -> None:
    first, second = put(tmp_path, 1), put(tmp_path, 2)
    lines = (second / "per_example.csv").read_text().splitlines(keepends=True)
    (second / "per_example.csv").write_text("".join([lines[0], *reversed(lines[1:])]))
    assert dataset_fingerprint(str(first)) == dataset_fingerprint(str(second))
    (second / "per_example.csv").write_text("".join(lines[:-1]))
    assert dataset_fingerprint(str(first)) != dataset_fingerprint(str(second))


def test_the_two_newest_models_are_compared_row_by_row(tmp_path: Path) -> None:
    put(tmp_path, 1, tuned=(0.5, 0.5, 0.75, 0.5) * 10)
    put(tmp_path, 2, tuned=(0.75, 0.75, 0.75, 0.5) * 10)
    (group,) = groups_of(tmp_path)
    change = change_since_last(group)
    assert change is not None
    assert change["mean"] == pytest.approx(0.125)  # +0.25 on half of the rows
    assert change["n_paired"] == 40
    assert 0 < change["ci_low"] < 0.125 < change["ci_high"] < 0.25
    assert change["sentence"].startswith(
        "The newer fine-tuned model is better on Correctness than the fine-tuned model of the run before: +0.12 (95% "
    )
    assert change["decision"] == "improved"


def test_one_run_has_no_change(tmp_path: Path) -> None:
    put(tmp_path, 1)
    assert change_since_last(groups_of(tmp_path)[0]) is None


def points(chart: Chart) -> list[int]:
    """How many runs each panel shows."""
    return [len(line.get_xdata()) for axes in chart.axes for line in axes.lines if line.get_marker() == "o"]  # type: ignore[arg-type]


def intervals(chart: Chart) -> int:
    return sum(line.get_linewidth() == 2 for axes in chart.axes for line in axes.lines)


def texts(chart: Chart) -> list[str]:
    """Every text of the picture as it is written, each line for itself."""
    elements = ET.fromstring(figure_svg(chart)).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(element.itertext()) for element in elements]


def test_the_picture_shows_every_run_once_and_nothing_is_obeyed(tmp_path: Path) -> None:
    for day in (1, 2, 3):
        put(tmp_path, day, judge=HOSTILE)
    put(tmp_path, 4, judge='"><script>x</script>', base_model="<b>")
    chart = trend_chart(groups_of(tmp_path))
    assert points(chart) == [1, 1, 3, 3]  # per group and metric
    assert intervals(chart) == 8
    root = ET.fromstring(figure_svg(chart, title=HOSTILE))
    assert not root.findall(".//{http://www.w3.org/2000/svg}script")
    assert root.findtext("{http://www.w3.org/2000/svg}title") == HOSTILE
    assert any("<script>alert(1)</script>" in text for text in texts(chart))


def test_a_single_run_that_cannot_be_compared_is_named_but_not_drawn(tmp_path: Path) -> None:
    put(tmp_path, 1, judge="judge-two\u202e\x00")
    put(tmp_path, 2)
    put(tmp_path, 3)
    chart = trend_chart(groups_of(tmp_path))
    assert points(chart) == [2, 2]
    assert "Not drawn: run01, another judge (judge-two , not judge-one)" in texts(chart)
    assert chart.title.startswith("Correctness, newest run (2026-11-03")


def test_a_run_without_an_interval_is_a_point_without_a_bar(tmp_path: Path) -> None:
    put(tmp_path, 1, tuned=(1.0,), base=(0.5,))
    chart = trend_chart(groups_of(tmp_path))
    assert points(chart) == [1, 1]
    assert intervals(chart) == 0


def test_a_metric_whose_labels_are_no_numbers_has_no_panel(tmp_path: Path) -> None:
    put(tmp_path, 1, other="polite")
    put(tmp_path, 2, other="polite", tuned=BETTER)
    chart = trend_chart(groups_of(tmp_path))
    assert points(chart) == [2]
    assert "Harmfulness" not in " ".join(texts(chart))
