"""``report.md``: the report as a comment on a pull request holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from model_evaluation.kernel.shortnames import short_name, short_time

from .words import SIMULATED, execution_id, interval, metric_order, signed

WORDS = {
    "improved": "better",
    "regressed": "worse",
    "equivalent": "practically the same",
    "no_worse": "no worse",
    "inconclusive": "not clear",
    "mixed": "mixed",
    "invalid": "no valid comparison",
    "none": "one model only",
}
WORST_SLICES = 3
_MARKS = re.compile(r"[\\`*_{}\[\]!~]")
# As entities: HTML, table cells, formulas, and what GitHub and GitLab take for people, issues and links.
_ENTITIES = re.compile(r"[<>&@#|$]|(?<=[A-Za-z]):(?=//)|(?<=www)\.", re.IGNORECASE)
_LINE_START = re.compile(r"^(?=[-+=])|(?<=^\d)(?=[.)])|(?<=^\d\d)(?=[.)])")


def report_markdown(summary: Mapping[str, Any], judge_error: Mapping[str, Any] | None = None) -> str:
    """Verdict, table, slices that got worse, warnings and rows. Every text from outside is escaped."""
    verdict, rows = summary["verdict"], summary["rows"]
    parts = [f"## Model evaluation: {WORDS[verdict['decision']]}"]
    if summary["simulated"]:
        parts.append(f"> **{SIMULATED}**")
    parts.append(f"**{escaped(verdict['sentence'])}**")
    parts.append(_metrics_table(summary))
    lower = any(entry["direction"] == "lower" for entry in summary["metrics"].values())
    notes = ["↓ lower is better."] * lower + ["Differences are fine-tuned minus base."] * _compared(summary)
    if notes:
        parts.append(" ".join(notes))
    worse = worst_slices(summary)
    if worse:
        parts.append("Slices that got worse (p-values corrected over all slices):\n\n" + "\n".join(worse))
    if judge_error:
        parts.append(f"Against people: {escaped(str(judge_error.get('sentence', '')))}")
    elif verdict["decision"] != "none":
        parts.append("The judge's scores were not checked against people.")
    if summary["warnings"]:
        parts.append("Take care:\n\n" + "\n".join(f"- {escaped(text)}" for text in summary["warnings"]))
    models = summary["models"]
    parts.append(
        f"Rows: {rows['dataset']} in the dataset, {_count(rows['tuned'])} results of the fine-tuned model "
        f"({escaped(short_name(models['tuned']))}), {_count(rows['base'])} of the base model "
        f"({escaped(short_name(models['base']))}), {rows['paired']} with both. Judge: "
        f"{escaped(summary['judge'] or '–')}. Execution {escaped(execution_id(summary))}, "
        f"{escaped(short_time(summary['created']))}."
    )
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text that stays text: one line, nothing in it formats, links, mentions or becomes HTML."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = _ENTITIES.sub(lambda found: f"&#{ord(found[0])};", _MARKS.sub(r"\\\g<0>", line))
    return _LINE_START.sub(r"\\", line)


def _compared(summary: Mapping[str, Any]) -> bool:
    return bool(summary["verdict"]["decision"] != "none")


def _metrics_table(summary: Mapping[str, Any]) -> str:
    both = _compared(summary)
    lines: list[Sequence[str]] = []
    for name in metric_order(summary):
        entry = summary["metrics"][name]
        title = escaped(name) + (" ↓" if entry["direction"] == "lower" else "")
        title = f"**{title}**" if name == summary["primary_metric"] else title
        if both and entry["difference"] is not None:
            difference = entry["difference"]
            lines.append(
                [
                    title, WORDS[entry["verdict"]], _mean(entry["base"]), _mean(entry["tuned"]),
                    signed(difference["mean"]), interval(difference), _p_value(difference["p_adjusted"]),
                    f"{entry['wins']} / {entry['ties']} / {entry['losses']}", str(entry["n_paired"]),
                ]
            )  # fmt: skip
        else:
            side = entry["tuned"] or entry["base"] or {"mean": None, "n_scored": 0, "n_missing": 0}
            lines.append([title, _mean(side), str(side["n_scored"]), str(side["n_missing"])])
    headings: Sequence[str] = ("Metric", "Mean", "Scored", "Missing")
    if both:
        headings = (
            "Metric", "Verdict", "Base", "Fine-tuned", "Difference", "95% CI", "p (adjusted)",
            "Won / tied / lost", "Rows",
        )  # fmt: skip
    left = 2 if both else 1
    rule = ["---"] * left + ["---:"] * (len(headings) - left)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (headings, rule, *lines))


def worst_slices(summary: Mapping[str, Any]) -> list[str]:
    """The slices that regressed on the primary metric, at most three, the largest loss first."""
    primary = summary["primary_metric"]
    found = []
    for field, values in summary["slices"].items():
        for value, cell in values.items():
            entry = cell.get(primary)
            if entry and entry["verdict"] == "regressed":
                difference = entry["difference"]
                text = f"- {escaped(field)} = {escaped(value)}: {signed(difference['mean'])} "
                text += f"({interval(difference)}, {entry['n_paired']} rows)"
                found.append((-abs(difference["mean"]), text))
    return [text for _, text in sorted(found)[:WORST_SLICES]]


def _mean(side: Mapping[str, Any] | None) -> str:
    return "–" if side is None or side["mean"] is None else signed(side["mean"], "")


def _p_value(value: float | None) -> str:
    return "–" if value is None else "under 0.001" if value < 0.001 else f"{value:.3f}"


def _count(value: int | None) -> str:
    return "no" if value is None else str(value)
