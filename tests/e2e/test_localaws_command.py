"""`localaws` serves until it is ended; `rehearse` runs one's own configuration against it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from answers import all_answers
from model_evaluation.kinds.llm_as_judge.localaws.world import World
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


def complete(project: Path, aws: LocalAws, world: World) -> None:
    """Every answer; the dataset is a set of two files with five rows each."""
    for number in (1, 2):
        rows = "".join(f'{{"query": "Where is order {number}-{n}?", "response": "On day {n}."}}\n' for n in range(5))
        aws.client("s3").put_object(Bucket=world.bucket, Key=f"in/rows-00{number}-of-002.jsonl", Body=rows.encode())
    answers = all_answers(
        world,
        dataset=f"s3://{world.bucket}/in/rows-*-of-002.jsonl",
        builtin_metrics="Correctness",
        output=f"s3://{world.bucket}/results/rehearsed",
    )
    for step, value in answers.items():
        code, body = evaluate(project, aws.env, "answer", step, value)
        assert code == 0, body


def test_a_rehearsal_runs_the_notebook_without_touching_the_account(
    account: tuple[LocalAws, World], tmp_path: Path
) -> None:
    """The "real" account is a local AWS too; it must see reading calls only."""
    aws, world = account
    complete(tmp_path, aws, world)
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
    account: tuple[LocalAws, World], tmp_path: Path
) -> None:
    aws, world = account
    complete(tmp_path, aws, world)
    env = {"AWS_REGION": "us-west-2", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    env |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    code, body = evaluate(tmp_path, env, "rehearse", "--step-seconds", "0.1")
    assert code == 0, body
    assert any(item["kind"] == "sample_rows" for item in body["findings"])
    (file,) = Path(body["results"]).glob("*/summary.json")
    assert json.loads(file.read_text())["rows"]["dataset"] == 60, "the demo's rows, spread over both files"
