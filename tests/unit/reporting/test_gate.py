"""The verdict as an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from model_evaluation.errors import UsageError
from model_evaluation.reporting.gate import decide_gate


def summary(decision: str = "improved") -> dict[str, Any]:
    return {
        "verdict": {"decision": decision, "sentence": "s"},
        "metrics": {
            "Correctness": {"difference": {"mean": 0.1, "ci_low": 0.02, "ci_high": 0.2, "p_value": 0.01}},
            "Custom.one-two": {"difference": None},
            "pros-and-cons": {"difference": {"mean": 0.5, "ci_low": None, "ci_high": None}},
        },
    }


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        ("improved", 0), ("equivalent", 0), ("no_worse", 0), ("regressed", 10), ("mixed", 10),
        ("inconclusive", 11), ("invalid", 12), ("none", 12), ("something new", 12),
    ],
)  # fmt: skip
def test_the_bare_gate_follows_the_decision(decision: str, code: int) -> None:
    assert decide_gate(summary(decision), "").exit_code == code


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("Correctness.ci_low > 0", 0),
        ("Correctness.ci_low >= 0.02", 0),
        ("Correctness.ci_low > 0.02", 10),
        ("Correctness.ci_low > 0 and Correctness.ci_high < 0.1", 10),
        ("Unknown.ci_low > 0", 12),
        ("Custom.one-two.ci_low > 0", 12),
        ("pros-and-cons.mean > 0", 0),
        ("pros-and-cons.ci_low > 0", 11),
        ("pros-and-cons.ci_low > 0 and Correctness.ci_low > 1", 10),
        ("pros-and-cons.ci_low > 0; Unknown.ci_low > 1", 12),
        ("Builtin.Correctness.ci_low > 0, Correctness.p_value <= 0.05", 0),
    ],
)
def test_rules_look_at_the_bounds(rules: str, code: int) -> None:
    assert decide_gate(summary(), rules).exit_code == code


def close_summary(verdict: str = "inconclusive") -> dict[str, Any]:
    """The primary metric lies between -0.04 and +0.03 of 0, a safety metric between -0.01 and +0.06."""
    entry = {"direction": "higher", "n_paired": 80, "margin": 0.05, "verdict": verdict}
    return {
        "scope": "compare", "primary_metric": "Correctness", "rows": {"dataset": 80, "paired": 80},
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
        ("margin = 0.05 and Harmfulness.ci_high < 0.05", 10),
        ("margin = 0.03 and Correctness.margin = 0.045", 0),
        ("Unknown.margin = 0.05", 12),
    ],
)
def test_a_margin_of_ones_own(rules: str, code: int) -> None:
    gate = decide_gate(close_summary(), rules)
    assert gate.exit_code == code
    if code == 0:
        assert "differences up to 0.0" in gate.reasons[0]


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
