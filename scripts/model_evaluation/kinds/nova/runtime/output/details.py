"""The container's table of rows (``details_*.parquet``): its cells are mostly texts of Python values.

Nothing in them is evaluated. The column of log probabilities was called ``pred_logits`` before October 2025 and is
spelt ``pred_lobprobs`` in published code; a table that has it under either name is read all the same, and what is
missing is named, never taken for empty.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet

from model_evaluation.runtime.rows import whole_text

LOGPROBS = ("pred_logprobs", "pred_logits", "pred_lobprobs")
COLUMNS = ("example", "gold", "metrics", "predictions", "specifics", *LOGPROBS)
ROW_ID = "row_id"
SOLUTION = re.compile(r"<\|begin_of_solution\|>(.*?)(?:<\|end_of_solution\|>|\Z)", re.DOTALL)
FENCE = re.compile(r"\A```[a-zA-Z0-9_-]*[ \t]*\r?\n(.*?)\r?\n?```\Z", re.DOTALL)
PARSING = threading.Lock()  # in Python 3.11 two threads that parse at once may end in a SystemError

TokenChoices = Mapping[str, float]
"""The likeliest tokens of one position, each with its log probability."""


@dataclass(slots=True)
class DetailRow:
    """One row of the table. ``prediction`` is the model's text as it came; ``logprobs`` has an entry per token, and is
    ``None`` where the table has none. ``place`` names file and row."""

    place: str
    example: str
    gold: str
    prediction: str
    metrics: dict[str, float]
    specifics: dict[str, object] = field(default_factory=dict)
    outputs: dict[str, object] = field(default_factory=dict)
    """The values of ``metrics`` that are not numbers, such as a judge's words."""
    logprobs: Sequence[TokenChoices] | None = None

    @property
    def row_id(self) -> str | None:
        """The dataset's own name of the row: ``row_id`` of its metadata, or the sample's of a reward evaluation."""
        own = self.metadata.get(ROW_ID, self.specifics.get("sample_id"))
        return None if own is None else str(own)

    @property
    def metadata(self) -> dict[str, object]:
        """The dataset row's metadata, which come back as text."""
        value = self.specifics.get("metadata")
        try:
            value = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


@dataclass
class DetailRows:
    """All rows of some tables; ``problems`` are cells that could not be read, ``logprobs`` the column's name."""

    rows: list[DetailRow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    logprobs: str = ""
    files: int = 0


def read_details(tables: Mapping[str, Path]) -> DetailRows:
    """Every row of every table, in the order of names. A cell that cannot be read leaves its row without that part."""
    found = DetailRows()
    for name, path in sorted(tables.items()):
        short = name.rpartition("/")[2]
        try:
            table = pa_parquet.read_table(path)
        except (pa.ArrowException, OSError) as error:
            found.problems.append(f"{short} is not a Parquet file: {error}")
            continue
        found.files += 1
        present = [column for column in COLUMNS if column in table.column_names]
        own = logprobs_of(present)
        found.logprobs = found.logprobs or own
        for at, cells in enumerate(table.select(present).to_pylist()):
            found.rows.append(detail_row(f"{short}, row {at + 1}", cells, own, found.problems))
    return found


def logprobs_of(columns: Sequence[str]) -> str:
    """The column of log probabilities, under whatever name of theirs it goes; empty for none."""
    return next((column for column in LOGPROBS if column in columns), "")


def detail_row(place: str, cells: Mapping[str, object], logprobs: str, problems: list[str]) -> DetailRow:
    """One row of a table. ``logprobs`` is the name of the column that holds them; ``problems`` gets what of the row
    cannot be read."""

    def value(name: str) -> object:
        try:
            return python_value(cells.get(name))
        except ValueError as error:
            problems.append(f"{place}: {name} cannot be read ({error})")
            return None

    metrics, specifics = value("metrics"), value("specifics")
    metrics = metrics if isinstance(metrics, dict) else {}
    numbers = {name: number for name, item in metrics.items() if (number := as_number(item)) is not None}
    row = DetailRow(
        place,
        example=first_text(cells.get("example")),
        gold=first_text(value("gold")),
        prediction=first_text(value("predictions")),
        metrics=numbers,
        specifics=specifics if isinstance(specifics, dict) else {},
        outputs={name: item for name, item in metrics.items() if name not in numbers},
    )
    if logprobs:
        row.logprobs = token_choices(value(logprobs))
        if row.logprobs is None and cells.get(logprobs) not in (None, "", "[]", "None"):
            problems.append(f"{place}: {logprobs} has another shape than lists of tokens with their log probabilities")
    return row


def python_value(cell: object) -> object:
    """A cell's value: its text read as a Python literal where it is one. ``ValueError`` for a broken one."""
    if isinstance(cell, np.ndarray):
        return cell.tolist()
    if not isinstance(cell, str) or not cell.lstrip().startswith(("[", "{", "(")):
        return cell
    text = cell.strip()
    with PARSING, contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        return ast.literal_eval(text)  # nearly all of them
    try:
        with PARSING:
            return ast.literal_eval(_Literals().visit(ast.parse(text, mode="eval")))
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"not a Python value: {cell[:60]!r}") from error


class _Literals(ast.NodeTransformer):
    """Literals in place of what a Python value's text may hold beside them: ``nan``, ``inf``, ``np.float64(0.5)``."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(float(node.id.lower())) if node.id.lower() in ("nan", "inf", "infinity") else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        numpy = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        if numpy and node.func.value.id in ("np", "numpy") and len(node.args) == 1:  # type: ignore[attr-defined]
            argument: ast.expr = self.visit(node.args[0])
            return argument
        return node


def first_text(value: object) -> str:
    """A text, or the first one of a list; empty when there is none."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            parsed = python_value(value)
        except ValueError:
            parsed = value
        value = parsed
    while isinstance(value, list | tuple):
        value = value[0] if value else ""
    return whole_text(value) if isinstance(value, str) else ""


def as_number(value: object) -> float | None:
    """A number, also of numpy, or a truth value as 0 or 1; ``None`` for anything else and for what is not finite."""
    if isinstance(value, bool | np.bool_):
        return float(value)
    if isinstance(value, int | float | np.number) and np.isfinite(value):
        return float(value)
    return None


def token_choices(value: object) -> list[TokenChoices] | None:
    """One entry per token of the first prediction; ``None`` when the value has another shape."""
    if not isinstance(value, list | tuple) or not value:
        return None
    positions = value[0] if isinstance(value[0], list | tuple) else value
    if not positions or not all(isinstance(item, Mapping) and item for item in positions):
        return None
    tokens = [{str(token): as_number(number) for token, number in item.items()} for item in positions]
    if any(number is None for item in tokens for number in item.values()):
        return None
    return [{token: float(number or 0.0) for token, number in item.items()} for item in tokens]


def plain_answer(text: str) -> str:
    """An answer without what wraps it: the marks of a solution, and a fence of Markdown around all of it."""
    solution = SOLUTION.search(text)
    text = (solution[1] if solution else text).strip()
    fence = FENCE.match(text)
    return fence[1].strip() if fence else text
