"""Pairs for the judge, out of two files with the answers of one model each."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from model_evaluation.dataset.operations.output import refuse_existing
from model_evaluation.errors import Refused
from model_evaluation.runtime.settings import Json

from .runtime.output.details import first_text
from .runtime.recipes.rows import GENERATION_FAILED

PROMPTS, ANSWERS = ("query", "prompt"), ("inference", "answer", "response", "tuned_response")


class Pairs(NamedTuple):
    """The pairs in the first file's order, and why other prompts gave none."""

    rows: list[dict[str, str]]
    left_out: dict[str, int]


def build_pairs(baseline: str, challenger: str) -> Pairs:
    """A is the baseline's answer, B the challenger's. Answers are put together by prompt, never by line; a prompt that
    a file has twice with different answers gives no pair. Raises Refused for a file that cannot be read."""
    a, twice_a = _answers(baseline)
    b, twice_b = _answers(challenger)
    left_out: Counter[str] = Counter()
    rows = []
    for prompt, answer in a.items():
        if prompt in twice_a or prompt in twice_b:
            left_out["answered twice, differently"] += 1
        elif prompt not in b:
            left_out[f"not in {os.path.basename(challenger)}"] += 1
        elif any(not text.strip() or text.startswith(GENERATION_FAILED) for text in (answer, b[prompt])):
            left_out["without an answer of both"] += 1
        else:
            rows.append({"prompt": prompt, "response_A": answer, "response_B": b[prompt]})
    only = sum(prompt not in a for prompt in b)
    if only:
        left_out[f"not in {os.path.basename(baseline)}"] += only
    return Pairs(rows, dict(left_out))


def write_rows(project: str, name: str, rows: Sequence[Mapping[str, object]]) -> str:
    """Writes a new file of rows into the project; its path."""
    path = os.path.join(project, name)
    refuse_existing(Path(path))
    with open(path, "x", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def _answers(path: str) -> tuple[dict[str, str], set[str]]:
    """Answers by prompt, and the prompts that have several."""
    answers: dict[str, str] = {}
    twice: set[str] = set()
    for row in _rows(os.path.expanduser(path)):
        prompt, answer = _of(row, PROMPTS), _of(row, ANSWERS)
        if prompt is None or answer is None:
            raise Refused(
                f"{path} has a row with {', '.join(map(str, row))}: a prompt ({' or '.join(PROMPTS)}) and an answer "
                f"({', '.join(ANSWERS)}) are expected.",
                fix="Give the container's inference_output.jsonl, per_example.csv of a finished evaluation, or JSON "
                "Lines with prompt and answer.",
                code="not_convertible",
            )
        if answers.setdefault(prompt, answer) != answer:
            twice.add(prompt)
    return answers, twice


def _rows(path: str) -> Iterator[dict[str, object]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            if path.endswith(".csv"):
                yield from csv.DictReader(file)
                return
            for line in file:
                if line.strip():
                    row = json.loads(line)
                    yield row if isinstance(row, dict) else {}
    except (OSError, ValueError, csv.Error) as error:
        raise Refused(
            f"{path} cannot be read: {error}.", fix="Give a file of answers on this machine.", code="file_unreadable"
        ) from error


def _of(row: Json, names: tuple[str, ...]) -> str | None:
    """The first of these fields; the container writes a conversation and a list of answers as Python texts."""
    value = next((row[name] for name in names if isinstance(row.get(name), str)), None)
    if value is None:
        return None
    if value.startswith("[{"):
        from .runtime.output.details import python_value

        turns = python_value(value)
        listed = turns if isinstance(turns, list) else []
        spoken = [turn.get("content") for turn in listed if isinstance(turn, dict) and turn.get("role") == "user"]
        return str(spoken[-1]) if spoken else value
    return first_text(value) if value.startswith("[") else str(value)
