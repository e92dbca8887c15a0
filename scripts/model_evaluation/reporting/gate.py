"""A verdict as a pass or fail for CI."""

from __future__ import annotations

import math
import operator
import os
import re
from collections.abc import Mapping
from typing import NamedTuple, cast

from model_evaluation.errors import UsageError
from model_evaluation.runtime.statistics.metrics import NOT_APPLICABLE
from model_evaluation.runtime.statistics.verdicts import FEWEST_PAIRS, PAIRED_FLOOR, Verdict
from model_evaluation.runtime.summary import Difference, Entry, ModelScores, Summary

from .summaries import verdict_again
from .words import finite_number

EXIT = {"pass": 0, "fail": 10, "inconclusive": 11, "invalid": 12}
WORST_FIRST = ("invalid", "fail", "inconclusive", "pass")
BY_DECISION = {
    **dict.fromkeys(("improved", "equivalent", "no_worse"), "pass"),
    **dict.fromkeys(("regressed", "mixed"), "fail"),
    "inconclusive": "inconclusive",
    **dict.fromkeys(("invalid", "none"), "invalid"),
}
RULE = re.compile(r"(?:(?P<metric>.+)\.)?(?P<field>[a-z_]+)\s*(?P<sign><=|>=|<|>|=)\s*(?P<bound>\S+)")
FIELDS = ("ci_low", "ci_high", "mean", "p_value", "p_adjusted")
SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
LARGEST_RULES = 1 << 20


class Check(NamedTuple):
    """One line of a gate: a rule, or the verdict. ``outcome`` as the gate's, ``reason`` in plain words, ``rows_needed``
    about how many rows would settle what these leave open, ``misnamed``: there is no metric of the rule's name."""

    name: str
    outcome: str
    reason: str
    rows_needed: int | None = None
    misnamed: bool = False


class Gate(NamedTuple):
    """``outcome`` is pass, fail, inconclusive or invalid: the worst of its ``checks``. ``code`` is the error's."""

    outcome: str
    checks: list[Check]
    code: str = ""

    @property
    def exit_code(self) -> int:
        return EXIT[self.outcome]

    @property
    def reasons(self) -> list[str]:
        return [check.reason for check in self.checks]

    @property
    def rows_needed(self) -> int | None:
        return max((check.rows_needed for check in self.checks if check.rows_needed), default=None)


class Rule(NamedTuple):
    """``METRIC.FIELD SIGN BOUND`` on a metric's difference (tuned minus base).

    Or ``METRIC.margin = BOUND``: the verdict is to be found with this margin; without METRIC, of every metric. Or
    ``coverage = BOUND``: this share of the rows has to be scored for both models, instead of 80%.
    """

    text: str
    metric: str
    field: str
    sign: str
    bound: float


def decide_gate(summary: Summary, rules: str, *, allow_simulated: bool = False) -> Gate:
    """Apply the default rule (``rules`` empty) or the given ones; all rules must hold to pass.

    A rule on a bound that the rows leave open is inconclusive; one on a metric that does not exist or was not compared
    is invalid. Margins and coverage apply the default rule to the verdict found with them, beside the other rules.
    What holds the verdict back holds every rule back, too, and so does a metric that is scored for both models on fewer
    than 80% of the rows, unless a rule of coverage says otherwise. Simulated results are invalid unless
    ``allow_simulated``. Raises UsageError when ``rules`` cannot be read.
    """
    parsed = parse_rules(rules) if rules.strip() else []
    if summary["simulated"] and not allow_simulated:
        reason = "The results are SIMULATED: they say nothing about a model. --allow-simulated lets them pass."
        return Gate("invalid", [Check("simulated", "invalid", reason)], "simulated")
    margins = {rule.metric: rule.bound for rule in parsed if rule.field == "margin"}
    coverage = next((rule.bound for rule in parsed if rule.field == "coverage"), None)
    again = margins or coverage is not None
    verdict = verdict_again(summary, margins, coverage) if again else summary["verdict"]
    names = ("", *summary["metrics"])
    own = [rule for rule in parsed if rule.field not in ("margin", "coverage")]
    share = PAIRED_FLOOR if coverage is None else coverage
    checks = [_apply(rule, summary, share) for rule in own]
    checks += [_unknown(rule, summary) for rule in parsed if rule.field == "margin" and rule.metric not in names]
    if again or not own or verdict["decision"] == "invalid":
        checks.insert(0, _by_verdict(verdict, summary))
    elif verdict.get("reasons"):
        checks.insert(0, Check("fairness", "inconclusive", " ".join(verdict["reasons"])))
    if "fairness" not in summary and checks[0].outcome == "pass":  # results of an older program, or of a simple kind
        few = _hardly_scored(summary["primary_metric"], summary, share)
        checks += [Check("coverage", "inconclusive", few)] if few else []
    if checks[0][:2] == ("verdict", "invalid"):
        checks = checks[:1]
    worst = next(name for name in WORST_FIRST if any(check.outcome == name for check in checks))
    return Gate(worst, checks, f"gate_{worst}")


def _by_verdict(verdict: Verdict, summary: Summary) -> Check:
    """The default rule."""
    outcome, entry = BY_DECISION[verdict["decision"]], summary["metrics"].get(summary["primary_metric"])
    needed = entry["rows_needed"] if entry and outcome == "inconclusive" else None
    return Check("verdict", outcome, verdict["sentence"], needed)


def invalid_gate(reason: str, code: str) -> Gate:
    """The gate of results that cannot be read."""
    return Gate("invalid", [Check("results", "invalid", reason)], code)


def parse_rules(text: str) -> list[Rule]:
    """Rules from an expression or a file (one expression a line, ``#`` comments). Raises UsageError."""
    parts = [part.strip() for line in _lines(text) for part in re.split(r"(?i)\s+and\s+|;|,", line.strip())]
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
    match = RULE.fullmatch(part)
    metric, field, sign, text = match.groups(default="") if match else ("", "", "", "")
    bound = finite_number(text)
    if field == "coverage" and sign == "=" and not metric:
        fault = f"coverage is a share of the rows, 0 to 1; the usual one is {PAIRED_FLOOR:g}"
        example, holds = "coverage = 0.6", bound is not None and 0 <= bound <= 1
    elif field == "margin" and sign == "=":
        fault = "a margin is a number above 0, in score units"
        example, holds = "margin = 0.02", bound is not None and bound > 0
    else:
        fault = "a rule is METRIC.FIELD SIGN NUMBER, or a file of such; FIELD is one of " + ", ".join(FIELDS)
        example, holds = (
            "METRIC.ci_low > 0 and OTHER.ci_high < 0.05",
            bool(metric) and field in FIELDS and sign in SIGNS,
        )
    if bound is None or not holds:
        raise UsageError(f"{part!r}: {fault}.", fix=f'For example: --gate "{example}"')
    return Rule(part, metric.removeprefix("Builtin."), field, sign, bound)


def _unknown(rule: Rule, summary: Summary) -> Check:
    names = ", ".join(summary["metrics"])
    return Check(rule.text, "invalid", f"{rule.text}: there is no metric {rule.metric} ({names}).", misnamed=True)


def _apply(rule: Rule, summary: Summary, share: float) -> Check:
    """``share`` of the rows must be scored for both models for a rule to pass."""
    entry = summary["metrics"].get(rule.metric)
    if entry is None:
        return _unknown(rule, summary)
    difference = entry["difference"]
    value = _number(difference, rule.field)
    if value is None and _number(difference, "mean") is not None:
        return Check(rule.text, "inconclusive", f"{rule.text}: too few rows for {rule.field} of {rule.metric}.")
    if value is None:
        return Check(rule.text, "invalid", f"{rule.text}: {rule.metric} has no {rule.field}.")
    if _holds(rule, value):
        if few := _hardly_scored(rule.metric, summary, share) or _hardly_shown(entry):
            return Check(rule.text, "inconclusive", f"{rule.text}: {few}")
        return Check(rule.text, "pass", f"{rule.text}: holds ({value:.4g}).")
    mean = _number(difference, "mean")
    if rule.field in ("ci_low", "ci_high") and mean is not None and _holds(rule, mean):
        needed = _rows_for_bound(rule, entry, mean, value)
        reason = f"{rule.text}: these {entry['n_paired']} rows leave it open ({value:.4g})"
        reason += f"; about {needed:,} rows would show a difference like this one." if needed else "."
        return Check(rule.text, "inconclusive", reason, needed)
    return Check(rule.text, "fail", f"{rule.text}: does not hold ({value:.4g}).")


def _hardly_scored(metric: str, summary: Summary, share: float) -> str:
    """Says that too few rows have this metric's score for both models; empty where there are enough."""
    rows, entry = summary["rows"], summary["metrics"][metric]
    total, paired = max(rows["dataset"], rows["paired"]) - _not_applicable(entry), entry["n_paired"]
    if paired >= share * total:
        return ""
    return f"{metric} is scored for both models on {paired} of {total} rows, fewer than {share:.0%}."


def _hardly_shown(entry: Entry) -> str:
    """Why a verdict would claim nothing of this metric whatever its numbers are; empty where it could."""
    clusters = entry.get("n_clusters")
    if (units := clusters or entry["n_paired"]) < FEWEST_PAIRS:
        return f"{units} {'clusters' if clusters else 'pairs'} show nothing; {FEWEST_PAIRS} are needed."
    difference = entry["difference"]
    caution = difference.get("caution") if difference else None
    return f"{caution}." if caution else ""


def _not_applicable(entry: Entry) -> int:
    """On how many rows at most the metric was found not to apply for both models."""
    models = [model for model in (entry["tuned"], entry["base"]) if model and "missing_reasons" in model]
    counts = [cast("ModelScores", model)["missing_reasons"].get(NOT_APPLICABLE, 0) for model in models]
    return min(counts) if len(counts) == 2 else 0


def _holds(rule: Rule, value: float) -> bool:
    return bool(SIGNS[rule.sign](value, rule.bound))


def _number(difference: Difference | None, name: str) -> float | None:
    numbers: Mapping[str, object] = difference or {}
    value = numbers.get(name)
    return float(value) if isinstance(value, float | int) else None


def _rows_for_bound(rule: Rule, entry: Entry, mean: float, end: float) -> int | None:
    """About how many rows bring the bound to where the rule wants it, if the difference stays as it is; ``end`` is
    that of its interval that the rule is about.

    An interval narrows with the root of the rows. Where no row differs, its end is a share of the scale whose odds
    shrink with the rows, as in Wilson's interval.
    """
    n = entry["n_paired"]
    needed, now = abs(rule.bound - mean), abs(end - mean)
    if not needed:
        return None
    factor = (now / needed) ** 2
    if not _number(entry["difference"], "deviation"):
        low, high = entry.get("limits") or (0.0, 1.0)
        needed, now = (min(end / (high - low), 0.999) for end in (needed, now))
        factor = now / (1 - now) * (1 - needed) / needed
    return int(max(n + 1, math.ceil(n * factor)))
