"""Drift: what did not move is rarely said to have, and what moved is found, from two files of distributions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cli_runs import RunCli
from model_evaluation.kinds.predictive.runtime.drift import baseline, distribution, drift, inputs
from model_evaluation.kinds.predictive.runtime.page.evaluation_file import constraints
from model_evaluation.runtime.report.export import export_analysis
from unit.predictive.numbers.cases import analysed, texts, two_models

Draw = Callable[[np.random.Generator, int], np.ndarray]  # type: ignore[type-arg]


def file_of(**columns: np.ndarray) -> dict[str, object]:  # type: ignore[type-arg]
    return {"version": 1, "created": "", "columns": {name: distribution(own) for name, own in columns.items()}}


def test_what_did_not_move_is_within_chance() -> None:
    rng = np.random.default_rng(0)
    high, small = 0, 0
    for _ in range(300):
        old, new = rng.normal(size=1_000), rng.normal(size=500)
        (own,) = drift(file_of(x=old), file_of(x=new))
        high += own["psi"] > own["psi_by_chance"]
        small += (own["ks_p_value"] or 1) < 0.05
    assert 0.01 <= high / 300 <= 0.1
    assert small / 300 <= 0.09


@pytest.mark.parametrize(
    ("draw", "before", "now"),
    [
        pytest.param(lambda rng, n: rng.integers(0, 5, n), 20_000, 20_000, id="five numbers"),
        pytest.param(lambda rng, n: (rng.random(n) < 0.1) * rng.normal(size=n), 20_000, 20_000, id="nine tenths zero"),
        pytest.param(lambda rng, n: texts(rng.integers(0, 100, n)), 1_000, 200, id="a hundred texts"),
        pytest.param(lambda rng, n: texts(rng.zipf(1.6, n)), 2_000, 2_000, id="rare texts"),
    ],
)
def test_ties_and_rare_texts_do_not_move_by_chance(draw: Draw, before: int, now: int) -> None:
    """As quantiles to a hundredth, and by each set's own 50 most frequent texts, most of these seemed to move."""
    rng = np.random.default_rng(2)
    moved = [drift(file_of(x=draw(rng, before)), file_of(x=draw(rng, now)))[0]["p_value"] < 0.05 for _ in range(100)]
    assert sum(moved) <= 12  # of 5 that are expected, more than three standard errors


def test_the_index_is_that_of_counted_tenths() -> None:
    rng = np.random.default_rng(1)
    old, new = rng.normal(size=5_000), rng.normal(0.3, 1.2, 4_000)
    (own,) = drift(file_of(x=old), file_of(x=new))
    edges = np.quantile(old, np.linspace(0, 1, 11)[1:-1])
    before, now = (np.bincount(np.searchsorted(edges, x), minlength=10) / len(x) for x in (old, new))
    assert own["psi"] == pytest.approx(float(((now - before) * np.log(now / before)).sum()), rel=0.02)
    assert own["ks"] == pytest.approx(stats.ks_2samp(old, new).statistic, abs=0.01)
    assert own["p_adjusted"] < 1e-6


def test_texts_move_by_their_shares() -> None:
    old, new = texts(["a"] * 90 + ["b"] * 10), texts(["a"] * 50 + ["b"] * 40 + ["c"] * 10)
    (own,) = drift(file_of(x=old), file_of(x=new))
    # (0.5 - 0.9) ln(0.5 / 0.9) + 0.3 ln 4 + (0.1 - 0.005) ln 20
    assert own["psi"] == pytest.approx(-0.4 * np.log(5 / 9) + 0.3 * np.log(4) + 0.095 * np.log(20))
    assert own["ks"] is None
    assert own["psi"] > own["psi_by_chance"]


@pytest.mark.parametrize("old", [np.zeros(50), np.append(np.ones(20), np.nan), np.array([0.0, 1.0] * 30)])
def test_few_values_break_nothing(old: np.ndarray) -> None:  # type: ignore[type-arg]
    (same,) = drift(file_of(x=old), file_of(x=old))
    assert same["psi"] == pytest.approx(0, abs=1e-12)
    assert same["ks"] == 0
    (moved,) = drift(file_of(x=old), file_of(x=old + 5))
    assert moved["psi"] > 0.5


def test_columns_without_values_or_of_another_type_are_left_out() -> None:
    assert drift(file_of(x=np.full(3, np.nan)), file_of(x=np.ones(3))) == []
    assert drift(file_of(x=texts("abc")), file_of(x=np.ones(3))) == []
    assert drift(file_of(x=np.ones(3)), file_of(y=np.ones(3))) == []


def test_results_leave_a_baseline_and_constraints(tmp_path: Path) -> None:
    test, predictions = two_models(500)
    analysis = analysed(test, predictions)
    folder = export_analysis(analysis, tmp_path)
    kept = json.loads((folder / "baseline.json").read_text())
    assert set(kept["columns"]) == {
        "label",
        "tuned_score",
        "tuned_prediction",
        "base_score",
        "base_prediction",
        "region",
    }
    assert "r17" not in (folder / "baseline.json").read_text()
    again = analysed(*two_models(500, seed=8))
    moved = drift(kept, json.loads(json.dumps(baseline(again.joined, ""))))
    assert all(own["p_adjusted"] > 0.01 for own in moved)
    shifted = drift(kept, baseline(analysed(*two_models(500, seed=8, prevalence=0.6)).joined, ""))
    assert next(own for own in shifted if own["column"] == "label")["p_adjusted"] < 1e-6
    content = json.loads((folder / "constraints.json").read_text())["binary_classification_constraints"]
    own = analysis.summary["metrics"]["recall"]["tuned"]["ci_low"]
    assert content["recall"] == {"threshold": own, "comparison_operator": "LessThanThreshold"}
    assert constraints("clustering", {}) == {}


def test_report_tells_drift_against_an_earlier_baseline(run_cli: RunCli, tmp_path: Path) -> None:
    before, now = tmp_path / "before", tmp_path / "project" / "results"
    earlier = export_analysis(analysed(*two_models(800)), before) / "baseline.json"
    folder = export_analysis(analysed(*two_models(800, seed=5, prevalence=0.6)), now)
    found = run_cli("report", "--results", str(folder), "--against", str(earlier), project=tmp_path / "project")
    assert found.code == 0
    assert "columns moved: label (PSI" in found.json["drift"]["sentence"]
    columns = {own["column"]: own for own in found.json["drift"]["columns"]}
    assert columns["region"]["p_adjusted"] > 0.05
    assert "verdict" in found.json
    same = run_cli("report", "--results", str(folder), "--against", str(folder / "baseline.json"), project=tmp_path)
    assert same.json["drift"]["sentence"] == "No drift is shown in any of 6 columns."


def test_drift_of_what_the_model_is_given_is_told_by_column(run_cli: RunCli, tmp_path: Path) -> None:
    """Numbers, texts and cells that are missing; what is not given to the model is left out."""
    rng = np.random.default_rng(3)
    n = 800
    frame = pd.DataFrame({"amount": rng.normal(size=n).round(4), "shop": rng.choice(["a", "b"], n), "same": 1, "id": 0})
    frame = frame.astype(str).mask(rng.random((n, 4)) < 0.05, "")
    later = frame.copy()
    later["amount"] = [str(float(cell) + 0.6) if cell else "" for cell in frame["amount"]]
    folders = [
        export_analysis(analysed(*two_models(n), inputs=inputs(rows, ["amount", "shop", "same"])), tmp_path / name)
        for name, rows in (("before", frame), ("now", later))
    ]
    found = run_cli(
        "report", "--results", str(folders[1]), "--against", str(folders[0] / "baseline.json"), project=tmp_path
    )
    columns = {own["column"]: own for own in found.json["drift"]["columns"]}
    assert "1 of 9 columns moved: input amount (PSI" in found.json["drift"]["sentence"]
    assert columns["input amount"]["ks"] == pytest.approx(
        stats.ks_2samp(*(rows["amount"][rows["amount"] != ""].astype(float) for rows in (frame, later))).statistic,
        abs=0.01,
    )
    assert columns["input shop"]["ks"] is None
    assert columns["input shop"]["psi"] == columns["input same"]["psi"] == 0
    assert "input id" not in columns


def test_what_is_no_baseline_is_refused(run_cli: RunCli, tmp_path: Path) -> None:
    folder = export_analysis(analysed(*two_models(100)), tmp_path)
    for content in ("{", "{}", '{"version": 1, "created": "", "columns": {"x": {"n": 3}}}', "[]"):
        (tmp_path / "other.json").write_text(content)
        found = run_cli("report", "--results", str(folder), "--against", str(tmp_path / "other.json"), project=tmp_path)
        assert (found.code, found.json["error"]["code"]) == (3, "no_baseline")
