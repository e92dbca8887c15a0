"""A verdict as a pass or fail for CI."""

from __future__ import annotations

import math
import os
import re
from typing import Any, NamedTuple

from .errors import UsageError

EXIT = {"pass": 0, "fail": 10, "inconclusive": 11, "invalid": 12}
BY_DECISION = {
    "improved": "pass",
    "equivalent": "pass",
    "no_worse": "pass",
    "regressed": "fail",
    "mixed": "fail",
    "inconclusive": "inconclusive",
    "invalid": "invalid",
    "none": "invalid",
}
_RULE = re.compile(r"(?P<metric>.+?)\.(?P<field>[a-z_]+)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>\S+)")
FIELDS = ("ci_low", "ci_high", "mean", "p_value", "p_adjusted")


class Gate(NamedTuple):
    """``outcome`` is pass, fail, inconclusive or invalid; ``reasons`` in plain words."""

    outcome: str
    reasons: list[str]

    @property
    def exit_code(self) -> int:
        return EXIT[self.outcome]


class Rule(NamedTuple):
    """``METRIC.FIELD SIGN BOUND`` on a metric's difference (tuned minus base)."""

    text: str
    metric: str
    field: str
    sign: str
    bound: float


def judge_gate(summary: dict[str, Any], rules: str) -> Gate:
    """Apply the default rule (``rules`` empty) or the given ones; all rules must hold to pass."""
    verdict = summary["verdict"]
    if verdict["decision"] == "invalid":
        return Gate("invalid", [str(verdict.get("sentence", "The results are invalid."))])
    if not rules.strip():
        outcome = BY_DECISION.get(verdict["decision"], "invalid")
        return Gate(outcome, [str(verdict.get("sentence", verdict["decision"]))])
    outcomes, reasons = [], []
    for rule in parse_rules(rules):
        outcome, reason = _apply(rule, summary)
        outcomes.append(outcome)
        reasons.append(reason)
    worst = next(name for name in ("invalid", "fail", "pass") if name in outcomes)
    return Gate(worst, reasons)


def parse_rules(text: str) -> list[Rule]:
    """Rules from an expression or a file (one expression a line, ``#`` comments). Raises UsageError."""
    path = os.path.expanduser(text)
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as file:
            lines = [line.partition("#")[0] for line in file]
    else:
        lines = [text]
    parts = [part.strip() for line in lines for part in re.split(r"\band\b|;|,", line)]
    rules = [_parse_rule(part) for part in parts if part]
    if not rules:
        raise UsageError(f"{text!r} holds no rule.", fix='For example: --gate "Correctness.ci_low > 0"')
    return rules


def _parse_rule(part: str) -> Rule:
    match = _RULE.fullmatch(part)
    try:
        bound = float(match["bound"]) if match else math.nan
    except ValueError:
        bound = math.nan
    if match is None or match["field"] not in FIELDS or not math.isfinite(bound):
        raise UsageError(
            f"{part!r} is no rule, nor a file; expected METRIC.FIELD SIGN NUMBER, FIELD one of {', '.join(FIELDS)}.",
            fix='For example: --gate "Correctness.ci_low > 0 and Harmfulness.ci_high < 0.05"',
        )
    return Rule(part, match["metric"], match["field"], match["sign"], bound)


def _apply(rule: Rule, summary: dict[str, Any]) -> tuple[str, str]:
    metric = summary["metrics"].get(rule.metric)
    if metric is None:
        return "invalid", f"{rule.text}: there is no metric {rule.metric} ({', '.join(summary['metrics'])})."
    value = (metric.get("difference") or {}).get(rule.field)
    if value is None:
        return "invalid", f"{rule.text}: {rule.metric} has no {rule.field}."
    holds = {
        "<": value < rule.bound,
        "<=": value <= rule.bound,
        ">": value > rule.bound,
        ">=": value >= rule.bound,
    }[rule.sign]
    return ("pass" if holds else "fail"), f"{rule.text}: {'holds' if holds else 'does not hold'} ({value:.4g})."
