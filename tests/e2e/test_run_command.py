"""`run` as a pipeline would use it: exit codes, what stays behind, and running again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from answers import all_answers
from cli_runs import RunCli, answer
from e2e.script_runs import without_kernels
from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
from model_evaluation.localaws import LocalAws, Scenario

pytestmark = pytest.mark.e2e
QUICK = ("-p", "POLL_SECONDS", "0.2")


def test_run_from_refusal_to_result(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalAws(step_seconds=0.2) as aws:
        use_account(monkeypatch, aws)
        world = seed_demo_world(aws, region=aws.region)
        answer(run_cli, tmp_path, all_answers(world, builtin_metrics="Correctness"))
        refused = run_cli("run", project=tmp_path)
        assert (refused.code, refused.json["error"]["code"]) == (3, "not_rendered")
        notebook = Path(run_cli("render", project=tmp_path).json["notebook"])

        def runs() -> list[dict[str, Any]]:
            content = json.loads((tmp_path / "workflow_state.json").read_text(encoding="utf-8"))
            found: list[dict[str, Any]] = content["runs"]
            return found

        def starts() -> int:
            return len(aws.calls.of("StartPipelineExecution"))

        # A parameter that cannot be used costs no kernel; a check that fails starts nothing.
        refused = run_cli("run", "-p", "RUN_LABEL", "5", project=tmp_path)
        assert (refused.code, refused.json["error"]["code"]) == (3, "run_refused")
        assert "RUN_LABEL must be text" in refused.json["error"]["message"]
        with without_kernels():
            refused = run_cli("run", *QUICK, "-r", "DATASET_ETAG", "0000", project=tmp_path)
        assert (refused.code, refused.json["error"]["code"]) == (3, "run_refused")
        assert refused.json["error"]["details"]["cell"] == "checks"
        assert (starts(), runs()) == (0, [])

        # A run that fails says where and why, and keeps what it started.
        aws.scenario = Scenario(fail_step={"EvaluateBaseInferenceModel": "CapacityError: none left"})
        with without_kernels():
            failed = run_cli("run", *QUICK, project=tmp_path)
        assert (failed.code, failed.json["error"]["code"]) == (4, "run_failed")
        assert "CapacityError: none left" in failed.json["error"]["message"]
        assert "again later" in failed.json["error"]["fix"]
        assert failed.json["error"]["details"]["execution_arn"] == runs()[-1]["execution_arn"]

        # Running again starts anew after a failure, and ends with the report as the next command.
        aws.scenario = Scenario()
        with without_kernels():
            done = run_cli("run", *QUICK, project=tmp_path)
        assert done.code == 0, done.json
        assert (done.json["next"], done.json["simulated"]) == ("report", True)
        assert "Evaluation Succeeded" in done.stderr
        assert starts() == 2
        assert [entry.get("outcome") for entry in runs()] == ["Failed", None]
        assert runs()[-1]["execution_arn"] == done.json["execution_arn"]
        assert done.json["results"].endswith(done.json["execution_arn"].rsplit("/", 1)[-1])
        assert run_cli("report", project=tmp_path).code == 0

        # Without the notebook's own records the state file still knows the run. Taken up long after it was started,
        # its results are those of the notebook that was written meanwhile.
        shutil.rmtree(notebook.parent / "results")
        state_file = tmp_path / "workflow_state.json"
        content = json.loads(state_file.read_text(encoding="utf-8"))
        content["rendered"]["written"] += 3600
        state_file.write_text(json.dumps(content), encoding="utf-8")
        with without_kernels():
            again = run_cli("run", *QUICK, project=tmp_path)
        assert (again.json["execution_arn"], again.json["next"]) == (done.json["execution_arn"], "report")
        assert starts() == 2
        statuses = [row["status"] for row in run_cli("runs", project=tmp_path).json["runs"]]
        assert statuses == ["Succeeded", "Failed"]

        # An interrupt leaves the evaluation alone and says how to go on.
        def interrupt(*_: object, **__: object) -> None:
            for record in (notebook.parent / "results" / "launches").glob("*.json"):
                record.touch()  # the notebook has taken its run up
            raise KeyboardInterrupt

        monkeypatch.setattr("model_evaluation.commands.evaluations.run.run_rendered", interrupt)
        interrupted = run_cli("run", project=tmp_path)
        assert (interrupted.code, interrupted.json["error"]["code"]) == (130, "interrupted")
        assert f"the evaluation goes on in AWS: {done.json['execution_arn']}" in interrupted.json["error"]["message"]
        assert "evaluate.py stop" in interrupted.json["error"]["fix"]


def test_a_program_is_rendered_run_and_reported_like_a_notebook(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalAws(step_seconds=0.1) as aws:
        use_account(monkeypatch, aws)
        world = seed_demo_world(aws, region=aws.region)
        answer(run_cli, tmp_path, all_answers(world, builtin_metrics="Correctness", notebook="script"))
        program = Path(run_cli("render", "--library", "beside", project=tmp_path).json["notebook"])
        assert program.suffix == ".py"
        assert {path.suffix for path in program.parent.iterdir()} == {".py", ".whl"}
        assert run_cli("status", project=tmp_path).json["next"] == "run"

        refused = run_cli("run", "-p", "NO_SUCH", "5", project=tmp_path)
        assert "has no parameter NO_SUCH" in refused.json["error"]["message"]
        with without_kernels():
            refused = run_cli("run", *QUICK, "-r", "DATASET_ETAG", "0000", project=tmp_path)
        assert (refused.code, refused.json["error"]["code"]) == (3, "run_refused")
        assert refused.json["error"]["details"]["cell"] == "checks"
        assert "expected 0000" in refused.json["error"]["message"]

        done = run_cli("run", *QUICK, project=tmp_path)
        assert done.code == 0, done.json
        assert (done.json["next"], done.json["simulated"]) == ("report", True)
        assert "Evaluation Succeeded" in done.stderr
        assert "Evaluation Succeeded" in Path(done.json["notebook"]).read_text(encoding="utf-8")
        assert run_cli("report", project=tmp_path).json["rows"]["paired"] > 0
        (run,) = run_cli("runs", project=tmp_path).json["runs"]
        assert (run["status"], run["execution_arn"]) == ("Succeeded", done.json["execution_arn"])
