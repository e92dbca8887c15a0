"""The demos of further kinds of evaluation, as a user starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("kind", "call", "decision"),
    [
        ("benchmark", "BenchMarkEvaluator(", "mixed"),
        ("custom_scorer", "CustomScorerEvaluator(", "improved"),
        ("multi_turn", "MultiTurnRLEvaluator(", "improved"),
        ("inspect_ai", "InspectAIEvaluator(", "improved"),
        ("predictive", "TransformJob.create(", "improved"),
    ],
)
def test_the_demo_of_a_kind_ends_with_its_verdict(kind: str, call: str, decision: str, tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "evaluate.py"), "demo", "--kind", kind, "--output", str(tmp_path / "d"),
         "--json"],
        cwd=tmp_path, env=env, capture_output=True, text=True, encoding="utf-8", timeout=1200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    envelope = json.loads(done.stdout.strip().splitlines()[-1])
    assert envelope["simulated"] is True
    assert envelope["verdict"]["decision"] == decision
    assert call in Path(envelope["notebook"]).read_text(encoding="utf-8")
    assert Path(envelope["files"]["report.html"]).is_file()
    executed = Path(envelope["executed_notebook"]).read_text(encoding="utf-8")
    assert "image/png" in executed
    assert '"output_type": "error"' not in executed
    assert "authToken" not in executed, "the SDK prints a link with a token in it for agents"
    for further in envelope.get("further", []):
        assert further["simulated"] is True
        assert further["verdict"]["decision"] not in ("invalid", "none")
        assert Path(further["files"]["report.html"]).is_file()
    if kind == "predictive":
        assert [Path(own["project"]).name for own in envelope["further"]] == ["fernway-progression"]
