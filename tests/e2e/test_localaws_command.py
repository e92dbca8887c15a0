"""`localaws` serves until it is ended; `rehearse` runs one's own configuration against it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from answers import all_answers
from cli_runs import RunCli, answer
from e2e.script_runs import without_kernels
from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
from model_evaluation.localaws import LocalAws

pytestmark = pytest.mark.e2e

EVALUATE = Path(__file__).parents[2] / "scripts" / "evaluate.py"


def clean_environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}


def evaluate(project: Path, env: dict[str, str], *arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(EVALUATE), "--project", str(project), *arguments],
        env={**clean_environment(), **env}, capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def test_the_lines_of_localaws_are_all_a_program_needs(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, str(EVALUATE), "localaws", "--seed"],
        env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        lines: dict[str, str] = {}
        for line in server.stdout:
            key, _, value = line.rstrip("\n").partition("=")
            lines[key] = value
            if key == "LOCAL_AWS_OLDER_EXECUTION_ID":
                break
        code, body = evaluate(tmp_path, lines, "answer", "model", lines["LOCAL_AWS_GROUP_NAME"])
        assert code == 0, body
        assert body["recorded"]["value"] == lines["LOCAL_AWS_MODEL_PACKAGE_ARN"]
    finally:
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=300)
    assert server.returncode == 0
    assert "Traceback" not in errors


@pytest.fixture
def complete(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """Every answer; the dataset is a set of two files with five rows each. The "real" account is a local AWS too."""
    with LocalAws(step_seconds=0) as aws:
        world = seed_demo_world(aws, region=aws.region)
        use_account(monkeypatch, aws)
        for number in (1, 2):
            rows = "".join(f'{{"query": "Where is {number}-{n}?", "response": "On day {n}."}}\n' for n in range(5))
            key = f"in/rows-00{number}-of-002.jsonl"
            aws.client("s3").put_object(Bucket=world.bucket, Key=key, Body=rows.encode())
        answers = all_answers(
            world,
            dataset=f"s3://{world.bucket}/in/rows-*-of-002.jsonl",
            builtin_metrics="Correctness",
            output=f"s3://{world.bucket}/results/rehearsed",
        )
        answer(run_cli, tmp_path, answers)
        yield aws


def test_a_rehearsal_runs_the_notebook_without_touching_the_account(complete: LocalAws, tmp_path: Path) -> None:
    """In a process of its own, as a process has one local AWS. The account must see reading calls only."""
    aws = complete
    before = len(aws.calls)
    code, body = evaluate(tmp_path, aws.env, "rehearse", "--step-seconds", "0.1")
    assert code == 0, body
    assert {call.operation for call in list(aws.calls)[before:]} <= {"HeadObject", "GetObject"}
    assert body["simulated"] is True
    (file,) = Path(body["results"]).glob("*/summary.json")
    summary = json.loads(file.read_text())
    assert summary["simulated"] is True
    assert summary["rows"]["dataset"] == summary["rows"]["paired"] == 10
    code, report = evaluate(tmp_path, aws.env, "report")
    assert (code, report["error"]["code"]) == (3, "no_results"), "a rehearsal is never taken for the real result"


def test_a_rehearsal_without_credentials_uses_sample_rows_and_says_so(
    complete: LocalAws, run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete.close()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with without_kernels():
        rehearsed = run_cli("rehearse", "--step-seconds", "0.1", project=tmp_path)
    assert rehearsed.code == 0, rehearsed.json
    assert any(item["kind"] == "sample_rows" for item in rehearsed.json["findings"])
    (file,) = Path(rehearsed.json["results"]).glob("*/summary.json")
    assert json.loads(file.read_text())["rows"]["dataset"] == 60, "the demo's rows, spread over both files"
