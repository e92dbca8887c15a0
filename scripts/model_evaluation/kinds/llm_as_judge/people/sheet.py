"""The labelling sheet: people score a random, blind subset; read back, it shows how far the judge can be believed."""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from model_evaluation.errors import Refused, UsageError
from model_evaluation.files import write_atomically
from model_evaluation.json_types import JsonObject
from model_evaluation.reporting.examples import read_examples
from model_evaluation.reporting.words import finite_number
from model_evaluation.runtime.results.evaluation import BOTH_SIDES
from model_evaluation.runtime.summary import Entry, Side, Summary

COLUMNS = ("item", "prompt", "reference", "answer_1", "answer_2", "score_1", "score_2", "comment")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
WORDS = {"yes": 1, "no": 0, "true": 1, "false": 0}


class Example(NamedTuple):
    """A record that both models answered and the judge scored for both."""

    record_id: str
    occurrence: str
    prompt: str
    reference: str
    answers: dict[str, str]
    scores: dict[str, float]

    @property
    def key(self) -> tuple[str, str]:
        return self.record_id, self.occurrence


class Labelled(NamedTuple):
    """An example with a person's scores of its two answers."""

    example: Example
    scores: dict[str, float]


class SheetItem(Struct, frozen=True):
    """A row of the sheet: which record it is, and which model's answer stands first and second."""

    record_id: str
    occurrence: str
    answer_1: Side
    answer_2: Side


class SheetKey(Struct, frozen=True):
    """The answer key; ``items`` by the number in the sheet."""

    execution_arn: str
    metric: str
    seed: int
    items: dict[str, SheetItem]


def scored_examples(folder: str, metric: str) -> list[Example]:
    """The records with numeric judge scores for both models, in the table's order. Raises Refused when none has."""
    examples = []
    for row in read_examples(folder):
        scores = {side: finite_number(row.get(f"{metric}__{side}", "")) for side in ("tuned", "base")}
        numbers = {side: score for side, score in scores.items() if score is not None}
        if len(numbers) == 2:
            answers = {side: row[f"{side}_response"] for side in ("tuned", "base")}
            examples.append(
                Example(row["record_id"], row["occurrence"], row["prompt"], row["reference"], answers, numbers)
            )
    if not examples:
        raise Refused(
            f"No row has a numeric {metric} score for both models, so there is nothing to hold labels against.",
            fix="Name another metric with --metric.",
            code="nothing_to_label",
        )
    return examples


def write_sheet(
    examples: Sequence[Example], summary: Summary, metric: str, path: str, *, n: int, seed: int
) -> JsonObject:
    """Write the sheet of ``n`` rows (fewer when there are not as many) and its answer key ``PATH.key.json``.

    The rows are a simple random sample, in random order, and so is which model comes first; the same seed gives
    the same sheet. Nothing in the sheet tells the models apart. An existing file is never overwritten.
    """
    key_path = key_of(path)
    for existing in (path, key_path):
        if os.path.exists(existing):
            raise Refused(f"{existing} exists; it may hold labels.", fix="Name another file.", code="file_exists")
    rng = random.Random(seed)  # noqa: S311 - a reproducible sample, not a secret
    sample = rng.sample(list(examples), min(n, len(examples)))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    items: dict[str, SheetItem] = {}
    for number, example in enumerate(sample, start=1):
        first = rng.choice(BOTH_SIDES)
        second: Side = "base" if first == "tuned" else "tuned"
        texts = (example.prompt, example.reference, example.answers[first], example.answers[second])
        writer.writerow([number, *map(_cell, texts), "", "", ""])
        items[str(number)] = SheetItem(*example.key, first, second)
    key = SheetKey(summary["execution_arn"], metric, seed, items)
    write_atomically(key_path, msgspec.json.format(msgspec.json.encode(key), indent=1) + b"\n")
    # The byte order mark makes spreadsheets read UTF-8.
    write_atomically(path, ("\ufeff" + out.getvalue()).encode("utf-8", "replace"))
    scale = people_scale(summary["metrics"][metric], []).limits
    return {
        "sheet": path, "key": key_path, "rows": len(sample), "of": len(examples), "metric": metric, "seed": seed,
        "scale": list(scale) if scale else None,
    }  # fmt: skip


def key_of(sheet: str) -> str:
    return f"{sheet}.key.json"


def read_labels(path: str, key: SheetKey, examples: Sequence[Example], summary: Summary) -> list[Labelled]:
    """The items whose two answers both carry a score. Raises Refused, naming the bad cells.

    ``key`` is :func:`read_key`'s, ``examples`` are those of its metric. People score on the declared scale; where the
    judge's scores lie on its image in 0 to 1, theirs are put there.
    """
    by_key = {example.key: example for example in examples}
    rows = _read_sheet(path)
    scale = people_scale(summary["metrics"][key.metric], [row.get(f"score_{n}") or "" for row in rows for n in "12"])
    labelled, faults = [], []
    for number, row in enumerate(rows, start=2):
        item = key.items.get((row.get("item") or "").strip())
        if item is None:
            faults.append(f"line {number}: item {row.get('item')!r} is not in the key")
            continue
        example = by_key.get((item.record_id, item.occurrence))
        if example is None:
            faults.append(f"line {number}: row {item.record_id} is not in these results")
            continue
        scores: dict[str, float] = {}
        for place, side in (("1", item.answer_1), ("2", item.answer_2)):
            text = (row.get(f"score_{place}") or "").strip()
            if text:
                score = _score(text, scale.limits)
                if score is None:
                    span = f" of {scale.limits[0]:g} to {scale.limits[1]:g}" if scale.limits else ""
                    faults.append(f"line {number}: score_{place} is {text!r}, expected a number{span}")
                else:
                    scores[side] = scale.as_scored(score)
        if len(scores) == 2:
            labelled.append(Labelled(example, scores))
    keys = [label.example.key for label in labelled]
    if len(set(keys)) < len(keys):
        faults.append("an item occurs twice")
    if faults:
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise Refused(
            f"{path}: {'; '.join(faults[:5])}{more}.", fix="Correct these cells and run the command again.",
            code="bad_labels", details={"count": len(faults)},
        )  # fmt: skip
    return labelled


class PeopleScale(NamedTuple):
    """On which scale people scored: its ``limits``, and the ends of the declared scale where the judge's scores lie on
    its image in 0 to 1."""

    limits: tuple[float, float] | None
    declared_ends: tuple[float, float] | None = None

    def as_scored(self, score: float) -> float:
        """A person's score on the scale of the judge's."""
        if self.declared_ends is None:
            return score
        low, high = self.declared_ends
        return (score - low) / (high - low)


def people_scale(entry: Entry, cells: Sequence[str]) -> PeopleScale:
    """The declared scale, unless some of the numbers that people gave are only on that of the judge's scores."""
    limits, scale = entry.get("limits"), entry.get("scale")
    own = (limits[0], limits[1]) if limits else None
    if not scale or scale["scores_on"] != "unit":
        return PeopleScale(own)
    declared = scale["declared"]
    numbers = [number for cell in cells if (number := _number(cell)) is not None]
    as_declared = all(any(abs(number - value) < 1e-9 for value in declared) for number in numbers)
    if not as_declared and own and all(own[0] - 0.005 <= number <= own[1] + 0.005 for number in numbers):
        return PeopleScale(own)
    return PeopleScale((declared[0], declared[-1]), (scale["lowest"], scale["highest"]))


def _cell(text: str) -> str:
    """Text a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _number(text: str) -> float | None:
    """A number with a point or a comma before its decimals."""
    return finite_number(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)


def _score(text: str, limits: Sequence[float] | None) -> float | None:
    number = _number(text)
    if number is None and limits and text.casefold() in WORDS:
        number = float(limits[WORDS[text.casefold()]])
    if number is None or (limits and not limits[0] <= number <= limits[1]):
        return None
    return number


def _read_sheet(path: str) -> list[dict[str, str]]:
    """The sheet's rows, whatever separator the spreadsheet saved it with."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
        heading = text.partition("\n")[0]
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count)))
    except (OSError, ValueError, csv.Error) as error:
        raise UsageError(
            f"{path} cannot be read as a labelling sheet: {error}.", fix="Save it as CSV in UTF-8."
        ) from error
    if not rows or not {"item", "score_1", "score_2"} <= set(rows[0]):
        raise Refused(
            f"{path} has no rows with the columns item, score_1 and score_2.",
            fix="Keep the sheet's first line as it was written.",
            code="bad_labels",
        )
    return rows


def read_key(path: str, summary: Summary) -> SheetKey:
    """The sheet's answer key. Raises Refused when it is missing, damaged or of another execution."""
    try:
        with open(path, "rb") as file:
            key = msgspec.json.decode(file.read(), type=SheetKey)
        if any(item.answer_1 == item.answer_2 for item in key.items.values()):
            raise ValueError("an item does not name both models")
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise Refused(
            f"The sheet's answer key {path} cannot be read: {getattr(error, 'strerror', None) or error}.",
            fix="Keep the file that was written beside the sheet; it says which answer is whose.",
            code="no_label_key",
        ) from error
    if key.execution_arn != summary["execution_arn"] or key.metric not in summary["metrics"]:
        raise Refused(
            f"The labels are for {key.metric} of {key.execution_arn}, these results are of {summary['execution_arn']}.",
            fix="Name the results the sheet was made from with --results DIR.",
            code="other_execution",
        )
    return key
