"""Shared files know no kind of evaluation: its words stand in the kind's own folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "scripts" / "model_evaluation"
# Words of a kind, whatever their case. A shared file that holds one knows that kind.
WORDS = re.compile(
    r"judge|bedrock|llmaj|llm_as|LLMAsJudge|correctness|completeness|faithfulness|helpfulness|coherence|harmfulness|"
    r"stereotyping|professionalstyle|followinginstructions|\bnova\b|xgboost|batch transform",
    re.IGNORECASE,
)
# Rooms that are still being taken out of the judge's hands.
PENDING = {"runtime", "steps"}
OUT_ALREADY = ("runtime/report/",)  # parts of those rooms
SUFFIXES = {".py", ".json", ".j2", ".css", ".js", ".html"}


def shared_files() -> list[Path]:
    files = [path for path in PACKAGE.rglob("*") if path.suffix in SUFFIXES and "__pycache__" not in path.parts]
    return sorted(path for path in files if not _is_a_kinds(path) and not _is_pending(path))


def _is_pending(path: Path) -> bool:
    relative = path.relative_to(PACKAGE) if path.is_relative_to(PACKAGE) else path
    name = relative.as_posix()
    return relative.parts[0] in PENDING and not name.startswith(OUT_ALREADY)


def _is_a_kinds(path: Path) -> bool:
    """Whether the file lies in a kind's folder, or is one of the two that name them all."""
    parts = path.parts
    if "kinds" not in parts:
        return False
    inside = parts[parts.index("kinds") + 1 :]
    return len(inside) > 1 or inside in (("registry.py",), ("fitting.py",))


@pytest.mark.parametrize("path", shared_files(), ids=lambda path: str(path.relative_to(PACKAGE.parents[1])))
def test_a_shared_file_holds_no_word_of_a_kind(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert not [f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if WORDS.search(line)]
