"""A verdict as a pass or fail for CI."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from model_evaluation.errors import UsageError
from model_evaluation.runtime.results.summary import Summary
from model_evaluation.runtime.statistics.verdicts import Verdict, verdict_with_margins

from .words import finite_number

EXIT = {"pass": 0, "fail": 10, "inconclusive": 11, "invalid": 12}
WORST_FIRST = ("invalid", "fail", "inconclusive", "pass")
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
_MARGIN = re.compile(r"(?:(?P<metric>.+)\.)?margin\s*=\s*(?P<bound>\S+)")
FIELDS = ("ci_low", "ci_high", "mean", "p_value", "p_adjusted")
LARGEST_RULES = 1 << 20


class Check(NamedTuple):
    """One line of a gate: a rule, or the verdict. ``outcome`` as the gate's, ``reason`` in plain words."""

    name: str
    outcome: str
    reason: str


class Gate(NamedTuple):
    """``outcome`` is pass, fail, inconclusive or invalid: the worst of its ``checks``."""

    outcome: str
    checks: list[Check]

    @property
    def exit_code(self) -> int:
        return EXIT[self.outcome]

    @property
    def reasons(self) -> list[str]:
        return [check.reason for check in self.checks]


class Rule(NamedTuple):
    """``METRIC.FIELD SIGN BOUND`` on a metric's difference (tuned minus base).

    Or ``METRIC.margin = BOUND``: the verdict is to be found with this margin; without METRIC, of every metric.
    """

    text: str
    metric: str
    field: str
    sign: str
    bound: float


def decide_gate(summary: Summary, rules: str) -> Gate:
    """Apply the default rule (``rules`` empty) or the given ones; all rules must hold to pass.

    A rule on a bound that the rows were too few for is inconclusive; one on a metric that does not exist or was
    not compared is invalid. Margins apply the default rule to the verdict found with them, beside the other rules.
    Raises UsageError when ``rules`` cannot be read.
    """
    verdict = summary["verdict"]
    parsed = parse_rules(rules) if rules.strip() else []
    margins = {rule.metric: rule.bound for rule in parsed if rule.field == "margin"}
    if verdict["decision"] == "invalid" or not parsed:
        return Gate(*_by_verdict(verdict))
    known = ("", *summary["metrics"])
    checks = [_apply(rule, summary) for rule in parsed if rule.field != "margin" or rule.metric not in known]
    if margins:
        checks = [*_by_verdict(verdict_with_margins(summary, margins))[1], *checks]
    worst = next(name for name in WORST_FIRST if any(check.outcome == name for check in checks))
    return Gate(worst, checks)


def _by_verdict(verdict: Verdict) -> tuple[str, list[Check]]:
    """The default rule's outcome, and its one check."""
    outcome = BY_DECISION.get(verdict["decision"], "invalid")
    return outcome, [Check("verdict", outcome, str(verdict.get("sentence", verdict["decision"])))]


def invalid_gate(reason: str) -> Gate:
    """The gate of results that cannot be read."""
    return Gate("invalid", [Check("results", "invalid", reason)])


def parse_rules(text: str) -> list[Rule]:
    """Rules from an expression or a file (one expression a line, ``#`` comments). Raises UsageError."""
    parts = [part.strip() for line in _lines(text) for part in re.split(r"\s+and\s+|;|,", line.strip())]
    rules = [_parse_rule(part) for part in parts if part]
    if not rules:
        raise UsageError(f"{text!r} holds no rule.", fix='For example: --gate "METRIC.ci_low > 0"')
    return rules


def _lines(text: str) -> list[str]:
    path = os.path.expanduser(text)
    if len(path) > 4096 or "\0" in path or not os.path.isfile(path):
        return [text]
    try:
        with open(path, encoding="utf-8-sig") as file:
            content = file.read(LARGEST_RULES)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The rules file {path} cannot be read as UTF-8 text: {error}.", fix="One rule a line, # for comments."
        ) from error
    return [line.partition("#")[0] for line in content.splitlines()]


def _parse_rule(part: str) -> Rule:
    margin = _MARGIN.fullmatch(part)
    if margin is not None:
        return _margin_rule(part, margin)
    match = _RULE.fullmatch(part)
    bound = finite_number(match["bound"]) if match else None
    if match is None or match["field"] not in FIELDS or bound is None:
        raise UsageError(
            f"{part!r} is neither a rule nor a file; expected METRIC.FIELD SIGN NUMBER, with FIELD one of "
            f"{', '.join(FIELDS)}.",
            fix='For example: --gate "METRIC.ci_low > 0 and OTHER.ci_high < 0.05"',
        )
    return Rule(part, match["metric"].removeprefix("Builtin."), match["field"], match["sign"], bound)


def _margin_rule(part: str, match: re.Match[str]) -> Rule:
    bound = finite_number(match["bound"])
    if bound is None or bound <= 0:
        raise UsageError(
            f"{part!r}: a margin is a number above 0, in score units.",
            fix='For example: --gate "margin = 0.02" or --gate "METRIC.margin = 0.02"',
        )
    return Rule(part, (match["metric"] or "").removeprefix("Builtin."), "margin", "=", bound)


def _apply(rule: Rule, summary: Summary) -> Check:
    metric = summary["metrics"].get(rule.metric)
    if metric is None:
        known = ", ".join(summary["metrics"])
        return Check(rule.text, "invalid", f"{rule.text}: there is no metric {rule.metric} ({known}).")
    difference: Mapping[str, Any] = metric["difference"] or {}
    value = difference.get(rule.field)
    if value is None and difference.get("mean") is not None:
        return Check(rule.text, "inconclusive", f"{rule.text}: too few rows for {rule.field} of {rule.metric}.")
    if value is None:
        return Check(rule.text, "invalid", f"{rule.text}: {rule.metric} has no {rule.field}.")
    holds = {
        "<": value < rule.bound,
        "<=": value <= rule.bound,
        ">": value > rule.bound,
        ">=": value >= rule.bound,
    }[rule.sign]
    reason = f"{rule.text}: {'holds' if holds else 'does not hold'} ({value:.4g})."
    return Check(rule.text, "pass" if holds else "fail", reason)
