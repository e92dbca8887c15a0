"""What a check of custom metrics found, gathered until all is known."""

from __future__ import annotations

MOST_FINDINGS = 100  # more than this is a wrong file, not a wrong metric; output stays readable

_ORDER = ("error", "warning", "info")


class Findings:
    """Collects findings; at most ``MOST_FINDINGS`` are kept, the rest are counted."""

    def __init__(self) -> None:
        self._kept: list[dict[str, str]] = []
        self._left_out = 0
        self.count_errors = 0

    @property
    def has_errors(self) -> bool:
        return self.count_errors > 0

    def error(self, kind: str, message: str, position: str, fix: str) -> None:
        self.count_errors += 1
        self._add("error", kind, message, position, fix)

    def warning(self, kind: str, message: str, position: str, fix: str) -> None:
        self._add("warning", kind, message, position, fix)

    def info(self, kind: str, message: str, position: str, fix: str) -> None:
        self._add("info", kind, message, position, fix)

    def as_list(self) -> list[dict[str, str]]:
        """Errors, then warnings, then infos; each group in the order of the text."""
        ordered = sorted(self._kept, key=lambda finding: _ORDER.index(finding["level"]))
        if self._left_out:
            ordered.append(
                {
                    "level": "error" if self.has_errors else "warning",
                    "kind": "more_findings",
                    "message": f"{self._left_out} further findings are not listed.",
                    "position": "top level",
                    "fix": "Correct the listed ones and check again.",
                }
            )
        return ordered

    def _add(self, level: str, kind: str, message: str, position: str, fix: str) -> None:
        if len(self._kept) >= MOST_FINDINGS:
            self._left_out += 1
            return
        finding = {"level": level, "kind": kind, "message": message, "position": position, "fix": fix}
        self._kept.append(finding)
