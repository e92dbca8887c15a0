"""The recorded dataset's rows, as the scorer will get them."""

from __future__ import annotations

import json
from typing import Any

from model_evaluation.conversation.context import Context


def dataset_lines(context: Context) -> list[bytes]:
    """Every line of the recorded dataset that is not blank."""
    from model_evaluation.lookups.s3.dataset_files import read_object, unchanged_files

    facts = context.facts("dataset")
    files = unchanged_files(context.aws, facts)

    def ask() -> list[bytes]:
        bodies = [b"".join(read_object(context.aws, item)) for item in files]
        return [line for body in bodies for line in body.split(b"\n") if line.strip()]

    return context.aws.once(("scorer lines", str(facts["uri"]), str(facts["etag"])), ask)


def dataset_rows(context: Context) -> list[tuple[int, dict[str, Any]]]:
    """Every row with its line, those that are not a JSON object left out."""
    rows = []
    for number, line in enumerate(dataset_lines(context), 1):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append((number, row))
    return rows
