"""Reads ``per_example.csv`` without pandas, a row at a time."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator

from model_evaluation.errors import Refused

LONGEST_CELL = 1 << 27


def read_examples(folder: str) -> Iterator[dict[str, str]]:
    """The table's rows as text by column; an empty cell is ``""``. Raises Refused when there is no usable table."""
    path = os.path.join(folder, "per_example.csv")
    csv.field_size_limit(LONGEST_CELL)
    try:
        with open(path, encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if "record_id" not in (reader.fieldnames or ()):
                raise ValueError("it has no column record_id")
            for row in reader:
                if None in row or None in row.values():
                    raise ValueError(f"line {reader.line_num} has another number of cells than the first")
                yield row
    except (OSError, ValueError, csv.Error) as error:
        raise Refused(
            f"{path} cannot be read: {error}.",
            fix="Run the notebook's last cells again; they write it anew.",
            code="invalid_results",
        ) from error


def dataset_fingerprint(folder: str) -> str | None:
    """What identifies the dataset an evaluation used: a digest of its prompts and references, in any order.

    ``None`` when the table is not there. Rows that only the results have (``unlisted-1`` ...) do not count.
    """
    total = 0
    try:
        for row in read_examples(folder):
            if not row["record_id"].startswith("unlisted-"):
                text = "\x1f".join((row.get("prompt", ""), row.get("reference", "")))
                total += int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16], "big")
    except Refused:
        return None
    return f"{total % (1 << 128):032x}"
