"""The corpus of small files in tests/data/datasets/cases.jsonl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from model_evaluation.dataset import DatasetReport

CASES_FILE = Path(__file__).parents[2] / "data" / "datasets" / "cases.jsonl"


def load_cases() -> list[dict[str, Any]]:
    # Not splitlines(): texts may hold characters it takes for line ends.
    return [json.loads(line) for line in CASES_FILE.read_text(encoding="utf-8").split("\n") if line]


def content(case: dict[str, Any]) -> bytes:
    """A case's bytes: texts, ``{"hex"}``, ``{"text", "encoding"}`` and ``{"repeat", "times"}``, joined."""
    out = bytearray()
    for part in case["content"]:
        if isinstance(part, str):
            out += part.encode("utf-8")
        elif "hex" in part:
            out += bytes.fromhex(part["hex"])
        elif "repeat" in part:
            out += part["repeat"].encode("utf-8") * part["times"]
        else:
            out += part["text"].encode(part["encoding"])
    return bytes(out)


def chunked(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def told(report: DatasetReport) -> dict[str, Any]:
    """All that envelopes show of a report."""
    lists = {"findings": report.findings, "samples": report.samples}
    shown = {name: [entry.as_json() for entry in entries] for name, entries in lists.items()}
    return {"usable": report.usable, "profile": report.profile.as_json(), **shown}
