"""Notebooks as JSON: what marks our cells, and the layout that Jupyter itself writes."""

from __future__ import annotations

import json

from model_evaluation.runtime.settings import Json

NBFORMAT, NBFORMAT_MINOR = 4, 5
METADATA_KEY = "model_evaluation"  # marks every cell that is ours; the section is found by it again


def notebook_bytes(notebook: Json) -> bytes:
    """A notebook in Jupyter's own layout. Lone surrogates, which UTF-8 cannot hold, become JSON escapes."""
    cells = [{**cell, "source": _lines(cell["source"])} for cell in notebook["cells"]]
    text = json.dumps({**notebook, "cells": cells}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return text.encode("utf-8", errors="backslashreplace")


def has_tag(cell: Json, tag: str) -> bool:
    """Whether a cell of anybody's notebook has this tag."""
    tags = cell["metadata"].get("tags")
    return isinstance(tags, list) and tag in tags


def _lines(source: object) -> object:
    return source.splitlines(keepends=True) if isinstance(source, str) else source
