"""A checkout has the same bytes on every system."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def git(*words: str, cwd: Path) -> str:
    return subprocess.run(["git", *words], cwd=cwd, capture_output=True, check=True, text=True).stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_checkout_that_asks_for_crlf_gets_lf(tmp_path: Path) -> None:
    checkout, rows = tmp_path / "checkout", b"#!/usr/bin/env python3\nprint()\n"
    checkout.mkdir()
    shutil.copy(ROOT / ".gitattributes", checkout)
    for name in ("evaluate.py", "SKILL.md", "rows.jsonl", "cell.py.j2"):
        (checkout / name).write_bytes(rows)
    (checkout / "chart.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    git("init", "-q", cwd=checkout)
    git("add", ".", cwd=checkout)
    names = git("ls-files", cwd=checkout).split()
    for name in names:
        (checkout / name).unlink()
    git("-c", "core.autocrlf=true", "checkout-index", "-a", "-f", cwd=checkout)
    assert not [name for name in names if b"\r\n" in (checkout / name).read_bytes() and name != "chart.png"]
    assert (checkout / "chart.png").read_bytes() == b"\x89PNG\r\n\x1a\n\x00"
