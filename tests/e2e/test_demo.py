"""The demo as a user runs it, and README's transcript of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- demo: begin .*?-->\n```\n)(.*?)(```\n<!-- demo: end -->)", re.DOTALL)
VERDICT = re.compile(r"(<!-- verdict: begin -->\n```\n)(.*?)(```\n<!-- verdict: end -->)", re.DOTALL)

# What differs from run to run and from day to day.
CHANGING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"(execution/|results/)[a-z0-9]{12}\b"), r"\1EXECUTION"),
    (re.compile(r"(Started [a-z-]+)-[0-9a-f]{8}-[0-9a-f]{8}"), r"\1-HASH"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}\b"), "DATE"),
    (re.compile(r"\b\d{2}:\d{2}:\d{2}\b"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? s\b"), "N s"),
    (re.compile(r"sagemaker 3\.\d+\.\d+"), "sagemaker 3.N"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
)


class Demo(NamedTuple):
    """One run of the demo: what it printed, and where it worked."""

    text: str
    folder: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    elsewhere = tmp_path_factory.mktemp("a folder with spaces")
    env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "evaluate.py"), "demo"],
        cwd=elsewhere, env=env, capture_output=True, text=True, encoding="utf-8", timeout=1200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Demo(done.stdout, elsewhere / "demo-output")


def comparable(text: str) -> str:
    """The text without what changes. Which of two parallel steps is reported first is chance, as is whether a poll
    saw a step before its end."""
    for pattern, replacement in CHANGING:
        text = pattern.sub(replacement, text)
    lines = text.splitlines()
    progress = sorted({line for line in lines if line.startswith("  TIME  ") and not line.endswith(": executing")})
    rest = [line.rstrip() for line in lines if not line.startswith("  TIME  ")]
    return "\n".join([*rest, *progress])


def test_it_ends_with_a_verdict_marked_simulated(demo: Demo) -> None:
    assert "SIMULATED" in demo.text.splitlines()[0]
    assert "The fine-tuned model is better on Correctness" in demo.text
    assert not demo.text.lstrip().startswith("{")


def test_everything_is_where_it_says(demo: Demo) -> None:
    paths = [Path(line.split(maxsplit=1)[1]) for line in demo.text.splitlines() if line.startswith("  notebook  ")]
    paths += list(demo.folder.glob("*/notebooks/*_executed.ipynb"))
    paths += list(demo.folder.glob("*/notebooks/results/*/report.html"))
    paths += list(demo.folder.glob("*/notebooks/results/*/per_example.parquet"))
    assert len(paths) == 4
    assert all(path.is_file() for path in paths)
    summary = json.loads(next(demo.folder.glob("*/notebooks/results/*/summary.json")).read_text())
    assert summary["simulated"] is True
    assert [summary["rows"][side] for side in ("dataset", "tuned", "base", "paired")] == [60, 60, 60, 60]


def test_the_executed_notebook_shows_charts_and_no_error(demo: Demo) -> None:
    notebook = nbformat.read(next(demo.folder.glob("*/notebooks/*_executed.ipynb")), as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert len([output for output in outputs if "image/png" in output.get("data", {})]) >= 3


def test_the_readme_shows_what_the_demo_prints(demo: Demo) -> None:
    """UPDATE_README=1 writes the present text into README.md."""
    text = demo.text.replace(str(demo.folder), "demo-output").replace(f"{ROOT}/", "")
    verdict = text[text.index("$ evaluate.py report") : text.index("\nLook at it")]
    readme = README.read_text(encoding="utf-8")
    for block, shown in ((BLOCK, text), (VERDICT, verdict)):
        match = block.search(readme)
        assert match, "README.md has lost a block of the demo"
        if os.environ.get("UPDATE_README"):
            readme = block.sub(lambda found, shown=shown: found[1] + shown + found[3], readme)
        else:
            assert comparable(match[2]) == comparable(shown)
    if os.environ.get("UPDATE_README"):
        README.write_text(readme, encoding="utf-8")


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "evaluate.py"), "demo", "--output", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (3, "folder_in_use")
    assert (tmp_path / "mine.txt").read_text() == "precious"
