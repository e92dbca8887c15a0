"""Every kind of fault a dataset can have, as faults.toml lists them: how grave it is, what it means, what to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal, NamedTuple

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")

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


FAULT_KINDS: dict[str, FaultKind] = {
    kind: FaultKind(**entry)
    for kind, entry in tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8")).items()
}
