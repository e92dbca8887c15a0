"""Reads ``summary.json`` and believes it only when it is whole, ours, and consistent with itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping

from model_evaluation.errors import Refused
from model_evaluation.kinds.registry import DEFAULT, REGISTRY, load_kind
from model_evaluation.packages import without_grammars
from model_evaluation.runtime.results.summary import SCHEMA_VERSION
from model_evaluation.runtime.settings import Json
from model_evaluation.runtime.statistics.verdicts import Verdict, metric_verdict, overall_verdict
from model_evaluation.runtime.summary import FairnessCheck, Summary

SCHEMA = "summary.schema.json"
FIX = "Run the notebook's last cells again; they write it anew."


def read_summary(path: str) -> Summary:
    """The summary at ``path``, of whichever version up to the present one. Raises Refused ``invalid_results`` for a
    file that is half-written, foreign, of a newer version, or says two things at once: a wrong number is never
    returned."""
    try:
        with open(path, encoding="utf-8") as file:
            summary = json.load(file, parse_constant=_no_constant, object_pairs_hook=_unique)
    except (OSError, ValueError, RecursionError) as error:
        raise _invalid(path, str(error) or type(error).__name__) from error
    if isinstance(summary, dict) and summary.get("schema_version") == 1:
        summary = load_kind(DEFAULT).upgraded(summary)  # the first version knew no other kind
    fault = summary_fault(summary)
    if not fault and summary["kind"] not in REGISTRY:
        fault = f"it is of kind {str(summary['kind'])[:60]!r}, this program knows {', '.join(REGISTRY)}"
    if fault:
        raise _invalid(path, fault)
    result: Summary = summary
    return result


def summary_fault(summary: object) -> str | None:
    """What is wrong with a decoded summary, ``None`` when nothing is."""
    without_grammars()
    from jsonschema import Draft202012Validator

    if isinstance(summary, dict) and isinstance(summary.get("schema_version"), int):
        version = summary["schema_version"]
        if version > SCHEMA_VERSION:
            return f"schema_version is {version}, this program reads {SCHEMA_VERSION}; install the newer program"
    error = next(iter(Draft202012Validator(_schema()).iter_errors(summary)), None)
    if error is not None:
        where = ".".join(str(part) for part in error.absolute_path) or "the file"
        message = error.message if len(error.message) < 200 else f"{error.message[:200]}…"
        return f"{where}: {message}"
    assert isinstance(summary, dict)
    return next(_contradictions(summary), None)


def _contradictions(summary: Json) -> Iterator[str]:
    for name, entry in _entries(summary):
        difference = entry["difference"]
        if difference is not None:
            low, high = difference["ci_low"], difference["ci_high"]
            if (low is None) != (high is None) or (low is not None and low > high):
                yield f"{name}: the interval's ends are {low} and {high}"
            outcomes = [entry[key] for key in ("wins", "ties", "losses")]
            if None not in outcomes and sum(outcomes) != entry["n_paired"]:
                yield f"{name}: {outcomes} wins, ties and losses are not its {entry['n_paired']} pairs"
            pairs = entry.get("n_clusters") or entry["n_paired"]
            shown = metric_verdict(difference, pairs, entry["direction"], entry.get("margin"))
            if entry["verdict"] not in (None, shown):
                yield f"{name}: it is {entry['verdict']}, its interval of {low} to {high} and its p-value show {shown}"
        needed = [summary.get("scope")] if difference is None else ["tuned", "base", "verdict"]
        for key in needed:
            if key in entry and entry[key] is None:
                yield f"{name}: it has no {key}"
        if entry["n_paired"] > summary["rows"]["paired"]:
            yield f"{name}: {entry['n_paired']} pairs, but only {summary['rows']['paired']} rows are paired"
    decision, primary = summary["verdict"]["decision"], summary["metrics"].get(summary["primary_metric"])
    if decision not in ("invalid", "none") and (primary is None or primary["difference"] is None):
        yield f"the verdict is {decision}, but the primary metric {summary['primary_metric']!r} was not compared"
        return
    again = verdict_again(summary)["decision"]
    if again != decision:
        yield f"the verdict is {decision}, its metrics and checks say {again}"


def _entries(summary: Json) -> Iterator[tuple[str, Json]]:
    yield from summary["metrics"].items()
    for field, values in summary["slices"].items():
        for value, cell in values.items():
            for name, entry in cell.items():
                yield f"{field} {value}, {name}", entry


def _schema() -> Json:
    path = os.path.join(os.path.dirname(os.path.dirname(__file__)), "schemas", SCHEMA)
    with open(path, encoding="utf-8") as file:
        schema: Json = json.load(file)
    return schema


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")


def _unique(pairs: list[tuple[str, object]]) -> Json:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return unique


def _invalid(path: str, reason: str) -> Refused:
    return Refused(f"{path} is damaged, incomplete or not ours: {reason}.", fix=FIX, code="invalid_results")


def verdict_again(
    summary: Json | Summary, margins: Mapping[str, float] | None = None, coverage: float | None = None
) -> Verdict:
    """The overall verdict of a summary found again with other margins, in score units, by metric (``""`` is all
    others), or with another share of the rows that must be scored for both models.

    For those who know which loss would matter to them; 5% of the scale and 80% of the rows are only conventions.
    """
    metrics = {}
    for name, entry in summary["metrics"].items():
        metrics[name] = entry
        margin = (margins or {}).get(name, (margins or {}).get(""))
        if margin is not None and entry["difference"] is not None:
            n = entry.get("n_clusters") or entry["n_paired"]
            verdict = metric_verdict(entry["difference"], n, entry["direction"], margin)
            metrics[name] = entry | {"verdict": verdict, "margin": margin}
    fairness = summary.get("fairness")
    if fairness and coverage is not None:
        checks = [check for check in fairness["checks"] if not _is_covered(check, coverage)]
        fairness = {**fairness, "checks": checks}
    scope, labels = summary.get("scope", "compare"), summary.get("labels")
    return overall_verdict(metrics, summary["primary_metric"], scope, summary["rows"], fairness, labels)


def _is_covered(check: FairnessCheck, coverage: float) -> bool:
    """Whether a check is met by the share of rows that is asked for instead of the usual one."""
    if check["id"] == "missing_alike":
        return True
    counts = check["counts"]
    return check["id"] == "coverage" and counts["scored for both"] >= coverage * counts["rows"]
