"""A pair of Inspect's logs that lie on this machine: the same verdict, without AWS."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from model_evaluation.errors import Refused

if TYPE_CHECKING:
    from model_evaluation.runtime.analysis import Analysis
    from model_evaluation.runtime.results.evaluation import Side

    from .runtime.logs import Log


def logs_analysis(paths: Sequence[str]) -> Analysis | None:
    """The comparison of the first log, or folder of logs, with the second one; of a single one, its own numbers.
    ``None`` when these are not logs of Inspect. Raises Refused for logs that cannot be compared."""
    files = [_files(Path(path)) for path in paths]
    if not all(files) or not all(_looks_right(own[0]) for own in files):
        return None
    from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError

    from .runtime.analysis import LABELS, analyse
    from .runtime.logs import read_log

    try:
        bodies = [[(file, file.read_bytes()) for file in own] for own in files]
    except OSError as error:
        raise Refused(
            f"{error.filename} cannot be read: {error.strerror}.", fix="Check the file.", code="unreadable"
        ) from error
    digest = hashlib.sha256(b"".join(body for own in bodies for _, body in own)).hexdigest()[:12]
    sides: tuple[Side, ...] = ("tuned", "base")
    try:
        logs = {
            side: [read_log(body, file.name) for file, body in own] for side, own in zip(sides, bodies, strict=False)
        }
        names = [_model(own) for own in logs.values()]
        evaluation = Evaluation(
            kind="inspect_ai",
            conditions={},
            tuned={"name": names[0]},
            base={"name": names[1]} if len(names) == 2 else None,
            scope="compare" if len(names) == 2 else "tuned",
            execution_arn=f"inspect-logs-{digest}",
            created=max(log.created for log in logs["tuned"]),
            simulated=any(log.simulated for own in logs.values() for log in own),
            labels=LABELS,
        )
        return analyse(evaluation, logs, places=dict(zip(sides, paths, strict=False)))
    except ResultsError as error:
        raise Refused(error.message, fix=error.fix, code="invalid_results") from error


def _files(path: Path) -> list[Path]:
    """The logs that a path stands for."""
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix in (".json", ".eval") and file.name != "logs.json")
    return [path] if path.is_file() and path.suffix in (".json", ".eval") else []


def _looks_right(file: Path) -> bool:
    """By its first bytes: a zip file called .eval, or JSON whose first keys are those of a log."""
    with file.open("rb") as stream:
        head = stream.read(4096)
    return head[:2] == b"PK" if file.suffix == ".eval" else b'"eval"' in head and b'"status"' in head


def _model(logs: Sequence[Log]) -> str:
    return ", ".join(dict.fromkeys(log.model for log in logs if log.model)) or "unknown"
