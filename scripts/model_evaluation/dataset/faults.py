"""Every kind of fault a dataset can have, as faults.toml lists them: how grave it is, what it means, what to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal, NamedTuple

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")

_IF_ROWS_ARE_LEFT = re.compile(r"\[([^\]]*)\]")  # in a fix
_ALTERNATIVE = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")


class FaultKind(NamedTuple):
    """One kind of fault. ``message`` and ``fix`` are as faults.toml explains them."""

    level: Level
    message: str
    fix: str = ""

    def text(self, count: int) -> str:
        """The message about ``count`` faults."""
        text = _ALTERNATIVE.sub(r"\1" if count == 1 else r"\2", self.message)
        return text.format(rows="1 row" if count == 1 else f"{count:,} rows", count=f"{count:,}")

    def advice(self, renaming: str = "", *, rows_left: bool = True) -> str:
        """What to do. ``renaming`` is the file's own, as an option of `convert`; ``rows_left``: whether any row is
        without errors."""
        text = _IF_ROWS_ARE_LEFT.sub(r"\1" if rows_left else "", self.fix)
        return text.replace("{map}", renaming)


FAULT_KINDS: dict[str, FaultKind] = {
    kind: FaultKind(**entry)
    for kind, entry in tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8")).items()
}
