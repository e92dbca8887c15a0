"""Shared files know no kind of evaluation: its words stand in the kind's own folder."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "scripts" / "model_evaluation"
# Words of a kind, whatever their case. A shared file that holds one knows that kind.
WORDS = re.compile(
    r"judge|bedrock|llmaj|llm_as|LLMAsJudge|correctness|completeness|faithfulness|helpfulness|coherence|harmfulness|"
    r"stereotyping|professionalstyle|followinginstructions|\bnova\b|xgboost|batch transform|"
    r"\bpredictive\b|custom_scorer|inspect_ai",
    re.IGNORECASE,
)
# Lines that hold one and mean something else.
ALLOWED = {
    "runtime/statistics/metrics.py": "(?:judge|rate|assess|determine|",  # what a scorer writes that gives no score
}
SUFFIXES = {".py", ".json", ".j2", ".css", ".js", ".html"}


def shared_files() -> list[Path]:
    files = [path for path in PACKAGE.rglob("*") if path.suffix in SUFFIXES and "__pycache__" not in path.parts]
    return sorted(path for path in files if not _is_a_kinds(path))


def _is_a_kinds(path: Path) -> bool:
    """Whether the file lies in a kind's folder, or is one of the two that name them all."""
    parts = path.parts
    if "kinds" not in parts:
        return False
    inside = parts[parts.index("kinds") + 1 :]
    return len(inside) > 1 or inside in (("registry.py",), ("fitting.py",))


def test_a_shared_file_holds_no_word_of_a_kind() -> None:
    lines = [
        (path.relative_to(PACKAGE).as_posix(), number, line.strip())
        for path in shared_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if WORDS.search(line)
    ]
    assert lines
    assert [found for found in lines if found[0] not in ALLOWED or ALLOWED[found[0]] not in found[2]] == []
