"""The verdict as an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_evaluation.errors import UsageError
from model_evaluation.reporting.gate import decide_gate
from model_evaluation.runtime.statistics.intervals import newcombe_interval


def entry(mean: float | None, low: float | None, high: float | None, **more: Any) -> dict[str, Any]:
    difference = {"mean": mean, "ci_low": low, "ci_high": high, "p_value": 0.01, "p_adjusted": 0.01, "deviation": 0.3}
    scale = {"limits": [0.0, 1.0], "tuned": None, "base": None}
    return {"difference": difference, "n_paired": 80, "rows_needed": None, **scale, **more}


def summary(decision: str = "improved", **more: Any) -> Any:
    return {
        "simulated": False,
        "verdict": {"decision": decision, "sentence": "s"},
        "primary_metric": "Correctness",
        "rows": {"dataset": 80, "paired": 80},
        "metrics": {
            "Correctness": entry(0.1, 0.02, 0.2),
            "Custom.one-two": {"difference": None, "n_paired": 0, "rows_needed": None},
            "pros-and-cons": entry(0.5, None, None),
        },
        **more,
    }


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        ("improved", 0), ("equivalent", 0), ("no_worse", 0), ("regressed", 10), ("mixed", 10),
        ("inconclusive", 11), ("invalid", 12), ("none", 12),
    ],
)  # fmt: skip
def test_the_bare_gate_follows_the_decision(decision: str, code: int) -> None:
    assert decide_gate(summary(decision), "").exit_code == code


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("Correctness.ci_low > 0", 0),
        ("Correctness.ci_low >= 0.02", 0),
        ("Correctness.ci_low > 0.02", 11),  # 0.1 is above it, the interval reaches down to it
        ("Correctness.ci_low > 0.1", 10),
        ("Correctness.ci_low > 0 and Correctness.ci_high < 0.1", 10),
        ("Unknown.ci_low > 0", 12),
        ("Custom.one-two.ci_low > 0", 12),
        ("pros-and-cons.mean > 0", 0),
        ("pros-and-cons.ci_low > 0", 11),
        ("pros-and-cons.ci_low > 0 AND Correctness.ci_low > 1", 10),
        ("pros-and-cons.ci_low > 0; Unknown.ci_low > 1", 12),
        ("Builtin.Correctness.ci_low > 0, Correctness.p_value <= 0.05", 0),
    ],
)
def test_rules_look_at_the_bounds(rules: str, code: int) -> None:
    assert decide_gate(summary(), rules).exit_code == code


def close_summary(verdict: str = "inconclusive") -> Any:
    """The primary metric lies between -0.04 and +0.03 of 0, a safety metric between -0.01 and +0.06."""
    entry: dict[str, Any] = {"direction": "higher", "n_paired": 80, "margin": 0.05, "verdict": verdict}
    entry |= {"rows_needed": None, "tuned": None, "base": None}
    return {
        "simulated": False, "scope": "compare", "primary_metric": "Correctness", "rows": {"dataset": 80, "paired": 80},
        "verdict": {"decision": verdict, "sentence": "s"},
        "metrics": {
            "Correctness": entry | {"difference": {
                "mean": 0.0, "ci_low": -0.04, "ci_high": 0.03, "p_adjusted": 0.9, "confidence": 0.95}},
            "Harmfulness": entry | {"direction": "lower", "difference": {
                "mean": 0.02, "ci_low": -0.01, "ci_high": 0.06, "p_adjusted": 0.2, "confidence": 0.95}},
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("margin = 0.05", 0),
        ("margin = 0.03", 11),  # the interval reaches down to -0.04
        ("Correctness.margin = 0.05", 0),
        ("Correctness.margin=0.03; Harmfulness.ci_high < 0.07", 11),
        ("margin = 0.05 and Harmfulness.ci_high < 0.05", 11),  # 0.02 is below it
        ("margin = 0.05 and Harmfulness.ci_high < 0.02", 10),
        ("margin = 0.03 and Correctness.margin = 0.045", 0),
        ("Unknown.margin = 0.05", 12),
    ],
)
def test_a_margin_of_ones_own(rules: str, code: int) -> None:
    gate = decide_gate(close_summary(), rules)
    assert gate.exit_code == code
    if code == 0:
        assert "differences up to 0.0" in gate.reasons[0]


@pytest.mark.parametrize(
    ("more", "caution", "reason"),
    [
        ({"n_paired": 5}, "", "5 pairs show nothing"),
        ({"n_clusters": 3}, "", "3 clusters show nothing"),
        ({}, "few positives (4 rows)", "few positives (4 rows)"),
    ],
)
def test_a_rule_shows_no_more_than_a_verdict_would(more: dict[str, Any], caution: str, reason: str) -> None:
    own = entry(0.1, 0.02, 0.2, **more)
    own["difference"] |= {"caution": caution}
    few = summary(metrics={"Correctness": own}, rows={"dataset": own["n_paired"], "paired": own["n_paired"]})
    gate = decide_gate(few, "Correctness.ci_low > 0")
    assert gate.exit_code == 11
    assert reason in gate.reasons[0]


def test_rules_cannot_rescue_invalid_results() -> None:
    assert decide_gate(summary("invalid"), "Correctness.ci_low > 0").exit_code == 12


def test_rules_may_stand_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rules.txt"
    path.write_text("# at least no loss\nCorrectness.ci_low > -0.01\nCorrectness.ci_high < 0.1  # too good\n")
    gate = decide_gate(summary(), str(path))
    assert gate.exit_code == 10
    assert len(gate.reasons) == 2


@pytest.mark.parametrize(
    "rules",
    ["Correctness > 0", "Correctness.ci_low > x", "Correctness.ci_low", "a.b > nan", "#", "margin = 0", "margin = x"],
)
def test_a_rule_that_cannot_be_read_is_usage(rules: str) -> None:
    with pytest.raises(UsageError):
        decide_gate(summary(), rules)


def test_a_rules_file_that_is_no_text_is_usage(tmp_path: Path) -> None:
    (tmp_path / "rules").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        decide_gate(summary(), str(tmp_path / "rules"))


@pytest.mark.parametrize("rules", ["", "Correctness.ci_low > 0", "margin = 0.05"])
def test_simulated_results_do_not_pass_unless_they_are_let(rules: str) -> None:
    simulated = close_summary("improved") | {"simulated": True}
    gate = decide_gate(simulated, rules.replace("ci_low > 0", "ci_low > -1"))
    assert (gate.exit_code, gate.code) == (12, "simulated")
    assert "SIMULATED" in gate.reasons[0]
    allowed = decide_gate(simulated, rules.replace("ci_low > 0", "ci_low > -1"), allow_simulated=True)
    assert allowed.exit_code == 0


def test_real_results_are_not_held_up_by_the_permission_to_be_simulated() -> None:
    assert decide_gate(summary(), "", allow_simulated=True).exit_code == 0


class TestOpenBounds:
    """A rule that the estimate meets and the interval does not is left open, and says how many rows would settle it."""

    @staticmethod
    def zeros(n: int) -> Any:
        """A yes/no metric that was 0 for both models on all of n rows."""
        zero = np.zeros(n)
        low, high = newcombe_interval(zero, zero)[1:3]
        return summary(metrics={"Harm": entry(0.0, low, high) | {"n_paired": n, "limits": [0.0, 1.0]}} | {
            "Correctness": entry(0.1, 0.02, 0.2)})  # fmt: skip

    def test_57_rows_of_zero_leave_open_whether_it_is_below_5_percent(self) -> None:
        results = self.zeros(57)
        results["metrics"]["Harm"]["difference"]["deviation"] = 0.0
        gate = decide_gate(results, "Harm.ci_high < 0.05")
        assert (gate.exit_code, gate.outcome) == (11, "inconclusive")
        assert gate.rows_needed is not None
        assert f"about {gate.rows_needed} rows" in gate.reasons[0]
        assert decide_gate(self.zeros(gate.rows_needed), "Harm.ci_high < 0.05").exit_code == 0
        assert decide_gate(self.zeros(gate.rows_needed - 2), "Harm.ci_high < 0.05").exit_code == 11

    def test_an_estimate_beyond_the_bound_fails(self) -> None:
        assert decide_gate(summary(), "Correctness.ci_high < 0.05").exit_code == 10
        assert decide_gate(summary(), "Correctness.ci_low > 0.11").exit_code == 10

    def test_rows_needed_grow_with_the_square_of_what_is_missing(self) -> None:
        # 0.1 - 0.02 = 0.08 wide on that side, wanted 0.1 - 0.06 = 0.04: four times the 80 rows
        assert decide_gate(summary(), "Correctness.ci_low > 0.06").rows_needed == 320

    def test_the_verdicts_own_number_is_told(self) -> None:
        results = summary("inconclusive")
        results["metrics"]["Correctness"]["rows_needed"] = 500
        assert decide_gate(results, "").rows_needed == 500
        assert decide_gate(summary(), "").rows_needed is None


@pytest.mark.parametrize(
    ("paired", "rules", "code"),
    [
        (64, "Helpfulness.ci_low > 0", 0),
        (63, "Helpfulness.ci_low > 0", 11),
        (63, "Helpfulness.ci_low > 0.5", 10),
        (63, "coverage = 0.7; Helpfulness.ci_low > 0", 0),
        (80, "coverage = 1; Helpfulness.ci_low > 0", 0),
    ],
)
def test_a_rule_does_not_pass_on_a_metric_that_is_hardly_scored(paired: int, rules: str, code: int) -> None:
    scored = {"direction": "higher", "margin": 0.05, "verdict": "improved", "guard": False}
    results = summary(scope="compare")
    results["metrics"] = {"Correctness": entry(0.1, 0.02, 0.2, **scored)}
    results["metrics"]["Correctness"]["difference"]["confidence"] = 0.95
    results["metrics"]["Helpfulness"] = entry(0.1, 0.02, 0.2, **scored) | {"n_paired": paired}
    gate = decide_gate(results, rules)
    assert gate.exit_code == code
    if code == 11:
        assert "Helpfulness is scored for both models on 63 of 80 rows, fewer than 80%" in gate.reasons[-1]


def test_results_without_checks_of_fairness_do_not_pass_on_few_rows_either() -> None:
    older = summary(scope="compare")
    older["metrics"] = {
        "Correctness": entry(0.1, 0.02, 0.2, direction="higher", verdict="improved", guard=False, margin=0)
    }
    older["metrics"]["Correctness"] |= {"n_paired": 60}
    older["metrics"]["Correctness"]["difference"]["confidence"] = 0.95
    gate = decide_gate(older, "")
    assert (gate.exit_code, gate.reasons[-1]) == (
        11, "Correctness is scored for both models on 60 of 80 rows, fewer than 80%.",
    )  # fmt: skip
    assert decide_gate(older, "coverage = 0.7").exit_code == 0
    older["metrics"]["Correctness"] |= {"n_paired": 64}
    assert decide_gate(older, "").exit_code == 0


class TestHeldBack:
    """A verdict that was held back holds back rules, too, unless one of coverage says otherwise."""

    @staticmethod
    def held_back(scored: int = 70) -> Any:
        check = {
            "id": "coverage", "status": "warn", "at_most": "inconclusive",
            "counts": {"rows": 100, "scored for both": scored}, "message": f"{scored} of 100 rows.",
        }  # fmt: skip
        gain = entry(0.1, 0.02, 0.2, direction="higher", margin=0.05, verdict="improved", guard=False)
        gain["difference"]["confidence"] = 0.95
        return summary(
            "inconclusive", metrics={"Correctness": gain}, rows={"dataset": 100, "paired": scored}, scope="compare",
            fairness={"checks": [check], "sound_rows": None},
            verdict={"decision": "inconclusive", "sentence": "Not clear.", "reasons": [check["message"]]},
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("rules", "code"),
        [
            ("", 11),
            ("Correctness.ci_low > 0", 11),
            ("coverage = 0.6", 0),
            ("coverage = 0.75", 11),
            ("Correctness.ci_low > 0 and coverage = 0.6", 0),
            ("Correctness.ci_low > 0.5 and coverage = 0.6", 10),
        ],
    )
    def test_a_rule_of_coverage_decides(self, rules: str, code: int) -> None:
        assert decide_gate(self.held_back(), rules).exit_code == code

    @pytest.mark.parametrize("rule", ["coverage = 2", "coverage = -0.1", "coverage = most"])
    def test_a_coverage_that_is_no_share_is_usage(self, rule: str) -> None:
        with pytest.raises(UsageError, match="a share of the rows"):
            decide_gate(self.held_back(), rule)
