"""A dataset of more rows than one job takes, from the refusal to one verdict over all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from account_access import use_account
from cli_runs import RunCli
from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.cloud import Call
from trouble import Trouble

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("no_kernels")]
ROWS = 1_002
QUICK = ("-p", "POLL_SECONDS", "0.1")


def fail_the_second_start(aws: LocalAws) -> None:
    def refuse_from_now_on(call: Call, moment: str) -> None:
        if (call.operation, moment) == ("StartPipelineExecution", "answered"):
            aws.scenario = Trouble(
                errors={"StartPipelineExecution": ("ResourceLimitExceeded", "all places are taken")}, missing_scores=0
            )
            aws.calls.observer = lambda call, moment: None

    aws.calls.observer = refuse_from_now_on


def test_a_dataset_of_more_than_1000_rows_is_evaluated_file_by_file_and_reported_as_one(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def done(*words: str) -> Any:
        result = run_cli(*words, project=tmp_path)
        assert result.code == 0, result.json
        return result.json

    def refused(*words: str) -> Any:
        result = run_cli(*words, project=tmp_path)
        assert result.code == 3, result.json
        return result.json["error"]

    with LocalAws(step_seconds=0.05, scenario=Scenario(missing_scores=0)) as aws:
        use_account(monkeypatch, aws)
        world = seed_demo_world(aws, region=aws.region)
        lines = [
            json.dumps({"query": f"Where is order {n}?", "response": f"On day {n}.", "category": f"c{n % 2}"})
            for n in range(1, ROWS + 1)
        ]
        uri = f"s3://{world.bucket}/in/tickets.jsonl"
        aws.client("s3").put_object(Bucket=world.bucket, Key="in/tickets.jsonl", Body="\n".join(lines).encode())
        done("answer", "task", "Answer support tickets")
        done("answer", "dataset", uri)
        assert refused("answer", "data", "ok")["code"] == "dataset_unusable"
        prepared = refused("answer", "data", "shard")["details"]
        every = str(tmp_path / "data" / "tickets.shard-*-of-002.jsonl")
        done("dataset", "upload", every, prepared["dataset"].rpartition("/")[0] + "/", "--yes")
        for step, value in {
            "dataset": prepared["dataset"],
            "data": "ok",
            "custom_metrics": "none",
            "builtin_metrics": "Correctness",
            "model": world.model_package_arn,
            "judge": world.judge,
            "role": world.role_arn,
            "mlflow": world.mlflow_app_arn,
            "output": f"s3://{world.bucket}/results/tickets",
        }.items():
            done("answer", step, value)
        trained = tmp_path / "training.jsonl"
        trained.write_text("\n".join(lines[:5]), encoding="utf-8")
        overlap = done("dataset", "overlap", str(trained))["overlap"]["statement"]
        for step, value in {"confirm": "yes", "terms": "I agree", "notebook": "new"}.items():
            done("answer", step, value)
        notebook = Path(done("render")["notebook"])

        # The second file's job cannot start: what ran stays, and running again goes on there.
        fail_the_second_start(aws)
        failed = run_cli("run", *QUICK, project=tmp_path)
        assert failed.json["error"]["code"] == "run_failed"
        assert "all places are taken" in failed.json["error"]["message"]
        aws.scenario = Scenario(missing_scores=0)
        finished = run_cli("run", *QUICK, project=tmp_path)
        assert finished.code == 0, finished.json
        assert "Attached to the evaluation that is already there (Succeeded)" in finished.stderr
        assert "Run 2 of 2" in finished.stderr
        runs = done("runs")["runs"]
        first, second = (prepared["dataset"].replace("*", f"00{number}") for number in (1, 2))
        assert [(run["dataset"], run["status"]) for run in runs] == [
            (second, "Succeeded"),
            (second, "not started"),
            (first, "Succeeded"),
        ]

        folder = Path(finished.json["results"])
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        assert [summary["rows"][name] for name in ("dataset", "tuned", "base", "paired")] == [ROWS] * 4
        assert summary["metrics"]["Correctness"]["n_paired"] == ROWS
        assert any("in 2 parts" in warning for warning in summary["warnings"])
        assert overlap in summary["warnings"]
        assert overlap in (folder / "report.md").read_text(encoding="utf-8")
        assert summary["record_source"] == uri
        table = pd.read_parquet(folder / "per_example.parquet")
        assert sorted(map(int, table["record_id"])) == list(range(1, ROWS + 1))
        assert all(f"order {row.record_id}?" in row.prompt for row in table.itertuples())
        assert notebook.parent in folder.parents
