"""Parts of the report's page that only this kind has: preferences, criteria, classes, confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from model_evaluation.kinds.nova.runtime.scores.answers import ACCURACY
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.markup import part
from model_evaluation.runtime.report.words import one_line
from model_evaluation.runtime.statistics.verdicts import signed_words
from model_evaluation.runtime.summary import (
    Summary,
    capital,
    compared,
    evaluated_models,
    labels_of,
    short_labels,
    value_of,
)

Part = Mapping[str, Any]
"""A part of a summary."""
CELL_CHARACTERS = 60
PROMPT_CHARACTERS = 80
TELLING_ROWS = 10
REASONS = {
    "no_logprobs": "no log probabilities",
    "bad_json": "no JSON object",
    "no_value": "without the field",
    "no_alignment": "tokens that do not give the answer",
}


def page_sections(analysis: Analysis) -> Sequence[tuple[str, str, Markup]]:
    """Anchor, heading and body of each part that these results have."""
    summary = analysis.summary
    parts = [
        ("preferences", "Preferences", _preferences(summary)),
        ("subtasks", "Subtasks", Markup() if len(analysis.table) else _subtasks(summary)),
        ("criteria", "Where the answers differ", _criteria(summary)),
        ("classes", "Classes", _classes(summary)),
        ("confidence", "How sure the models were", _confidence(summary)),
        ("", "Wrong although sure, and least sure", _telling_rows(analysis)),
    ]
    return [own for own in parts if own[2]]


def number(value: object) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else f"{value:,}"


def short(name: str) -> str:
    """A name for a cell."""
    return one_line(name)[:CELL_CHARACTERS]


def between(own: Mapping[str, object], value: str = "value") -> str:
    """A number with its interval."""
    if own[value] is None:
        return "–"
    return f"{own[value]:.3f} ({own['ci_low']:.3f} to {own['ci_high']:.3f})"


def _preferences(summary: Part) -> Markup:
    found = summary.get("preferences")
    if not found:
        return Markup()
    labels, container = labels_of(summary), found.get("container") or {}
    judgments, strength, consistency = found["judgments"], found["strength"], found["position_consistency"]
    low, high = container.get("lower_rate"), container.get("upper_rate")
    interval = f" ({low:.3f} to {high:.3f})" if low is not None and high is not None else ""
    rate = f"{container['winrate']:.3f}{interval}" if "winrate" in container else "–"
    lines = [
        [f"Prompts won by the {labels['tuned']}", number(found["wins"]), "–"],
        ["Prompts tied, or judged either way", number(found["ties"]), "–"],
        [f"Prompts won by the {labels['base']}", number(found["losses"]), "–"],
        ["Prompts without a usable verdict", number(found["errors"]), "–"],
        ["Judgments for either, ties, unusable", _counts(judgments), _container_counts(container)],
        ["Share of decided prompts won", between(strength, "tuned") if strength else "–", rate],
        ["Same verdict in both orders", between(consistency) if consistency else "–", "–"],
    ]
    caption = "Ours, by prompt, beside the container's own numbers, by judgment; 95% intervals"
    note = (
        "How the container draws its interval is not documented, and published ones cannot be made again from their "
        "counts. Nothing is significant in an interval that holds 0.5."
    )
    return part("table", headings=("", "Ours", "The container's"), lines=lines, caption=caption, short=True) + part(
        "paragraphs", texts=[note]
    )


def _counts(judgments: Mapping[str, int]) -> str:
    return f"B {judgments['b']}, A {judgments['a']}, ties {judgments['ties']}, unusable {judgments['unusable']}"


def _container_counts(container: Mapping[str, float]) -> str:
    names = {"b_scores": "B", "a_scores": "A", "ties": "ties", "inference_error": "unusable"}
    return ", ".join(f"{word} {container[name]:g}" for name, word in names.items() if name in container) or "–"


def _subtasks(summary: Summary) -> Markup:
    """The container's numbers where they are all that it left."""
    primary, sides, short = summary["primary_metric"], evaluated_models(summary), short_labels(summary)
    lines = []
    for name, entries in summary["slices"].get("category", {}).items():
        entry = entries[primary]
        difference = [signed_words(compared(entry))] if len(sides) == 2 else []
        lines.append([one_line(name), *(f"{value_of(entry[side]):.2f}" for side in sides), *difference])
    if not lines:
        return Markup()
    headings = ("Subtask", *(capital(short[side]) for side in sides), *(["Difference"] if len(sides) == 2 else []))
    caption = f"{primary} by subtask; of how many questions each is the container does not say"
    return part("table", headings=headings, lines=lines, caption=caption, short=True)


def _criteria(summary: Part) -> Markup:
    rubric = summary.get("rubric")
    if not rubric:
        return Markup()
    lines = [[short(name), number(own["n"]), f"{own['difference']:+.3f}"] for name, own in rubric["criteria"].items()]
    caption = "Mean difference B − A on a scale of 0 to 1, by the criteria that the judge made up"
    scores = [f"{name} {rubric[name]:.3f}" for name in ("weighted_score_A", "weighted_score_B") if name in rubric]
    note = (
        f"{', '.join(scores)}; the container's margin is A − B: {rubric['score_margin']:.3f} over {rubric['n']} rows."
    )
    return part("table", headings=("Criterion", "Rows", "B − A"), lines=lines, caption=caption, short=True) + part(
        "paragraphs", texts=[note]
    )


def _classes(summary: Part) -> Markup:
    found = summary.get("classification")
    if not found:
        return Markup()
    labels = labels_of(summary)
    body = Markup()
    for side in ("tuned", "base"):
        table = found.get(side)
        if table is None:
            continue
        lines = [[short(name), *_class_cells(own)] for name, own in table["per_class"].items()]
        caption = f"{found['field']}, {labels[side]}: macro F1 {number(table['macro_f1'])} over {table['n']} rows"
        headings = ("Class", "Rows", "Precision (95% CI)", "Recall (95% CI)", "F1")
        body += part("table", headings=headings, lines=lines, caption=caption)
        confusion = [
            [short(name), *map(str, row)]
            for name, row in zip(table["classes"], table["confusion"], strict=True)
            if sum(row)
        ]
        columns = ("Truth \\ answer", *map(short, table["classes"]))
        body += part("table", headings=columns, lines=confusion, caption=f"Confusion, {labels[side]}", short=True)
    return body


def _class_cells(own: Part) -> list[str]:
    rates = [between(own[name]) for name in ("precision", "recall")]
    return [number(own["recall"]["n"]), *rates, number(own["f1"])]


def sides_of_confidence(summary: Part) -> dict[str, Part]:
    """The confidences by model."""
    found = summary.get("confidence")
    if not found:
        return {}
    first = "tuned" if summary["models"]["tuned"] else "base"
    return {first: found, **({"base": found["base"]} if "base" in found else {})}


def _confidence(summary: Mapping[str, object]) -> Markup:
    sides, labels = sides_of_confidence(summary), labels_of(summary)
    if not sides:
        return Markup()
    rows: dict[str, list[str]] = {}
    for own in sides.values():
        threshold = own["threshold"] or {}
        unresolved = ", ".join(f"{count} {REASONS.get(reason, reason)}" for reason, count in own["unresolved"].items())
        for name, value in (
            ("Rows with a confidence", number(own["resolved"])),
            ("Rows without", unresolved or "0"),
            ("Mean confidence", number(own["mean"])),
            ("Right among them", number(own["accuracy"])),
            ("Expected calibration error", number(own["ece"])),
            (f"Wrong with a confidence of {own['overconfident_at']:g} or more", number(own["overconfident"])),
            ("Threshold for taking an answer unseen", number(threshold.get("value"))),
            ("… takes of the other half", number(threshold.get("coverage"))),
            ("… of which are right", between(threshold, "accuracy") if threshold else "–"),
            ("Calibration error on the other half, as it is", number(own["same_rows_ece"])),
            ("… and after a map fitted on the first half", number(own["calibrated_ece"])),
        ):
            rows.setdefault(name, []).append(value)
    lines = [[name, *values] for name, values in rows.items()]
    headings = ("", *(labels[side].capitalize() for side in sides))
    caption = "Probability of all tokens of the answer's value; rows that cannot be resolved have none"
    return part("table", headings=headings, lines=lines, caption=caption, short=True)


def confidence_marks(analysis: Analysis) -> dict[str, pd.Series]:
    """Rows of which a model was not sure, and those that it was sure of and got wrong."""
    labels, table, marks = labels_of(analysis.summary), analysis.per_example, {}
    for side, own in sides_of_confidence(analysis.summary).items():
        sure, name = table[f"{side}_confidence"], capital(labels[side])
        marks[f"{name} less sure than {own['overconfident_at']:g}"] = sure < own["overconfident_at"]
        if f"{ACCURACY}__{side}" in table:
            wrong = table[f"{ACCURACY}__{side}"] == 0
            marks[f"{name} sure and wrong"] = (sure >= own["overconfident_at"]) & wrong
    return marks


def _telling_rows(analysis: Analysis) -> Markup:
    """The rows on which a look pays: wrong with the highest confidence, and those with the lowest."""
    sides, labels = sides_of_confidence(analysis.summary), labels_of(analysis.summary)
    table, body = analysis.per_example, Markup()
    for side, own in sides.items():
        score = f"{ACCURACY}__{side}"
        if score not in table or not own["resolved"]:
            continue
        known = table[table[f"{side}_confidence"].notna()].sort_values(f"{side}_confidence")
        sure = known[(known[score] == 0) & (known[f"{side}_confidence"] >= own["overconfident_at"])].iloc[::-1]
        for what, rows in (("wrong although sure", sure), ("least sure", known)):
            lines = [
                [str(row["record_id"]), f"{row[f'{side}_confidence']:.3f}", "right" if row[score] else "wrong",
                 short(str(row[f"{score}_explanation"])), one_line(str(row["prompt"]))[:PROMPT_CHARACTERS]]
                for row in rows.head(TELLING_ROWS).to_dict("records")
            ]  # fmt: skip
            if lines:
                caption = f"{labels[side].capitalize()}, {what}: {len(lines)} of {len(rows):,} rows"
                headings = ("Row", "Confidence", "", "Answer", "Prompt")
                body += part("table", headings=headings, lines=lines, caption=caption, left=5)
    return body
