"""What the preset scorers need of every row."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .events import gold_of

PRESETS = {
    "prime_math": "the last number or formula of the answer against the row's reference answer",
    "prime_code": "the answer's code is run against the tests in the row's metadata",
}
NUMBER = re.compile(r"[-+]?\d|\\[a-z]+|[xyzn]\b|π")


def lacking(preset: str, row: Mapping[str, Any]) -> str:
    """What a row lacks for a preset; empty where it has all."""
    if preset == "prime_math":
        gold = gold_of(row)
        if not gold.strip():
            return "no reference answer"
        return "" if NUMBER.search(gold) else "a reference answer without any number or formula"
    metadata = row.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            metadata = None
    if not isinstance(metadata, Mapping):
        return "no metadata with inputs and outputs"
    inputs, outputs = metadata.get("inputs"), metadata.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, list) or not inputs:
        return "no inputs and outputs in its metadata"
    if len(inputs) != len(outputs):
        return "as many outputs as inputs in its metadata"
    return ""
