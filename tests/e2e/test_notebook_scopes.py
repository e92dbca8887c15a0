"""Other configurations of the same notebook: fewer metrics, fewer models, a script, texts that try to be code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.notebook_runs import studio, text_of
from model_evaluation.localaws import Scenario
from model_evaluation.notebook.render import build_notebook
from model_evaluation.notebook.script import notebook_script

pytestmark = pytest.mark.e2e
HOSTILE = 'it\'s "x" {{ 7*7 }} {% y %} {# z #} 50% \\n'


@pytest.mark.parametrize(
    ("changes", "metrics"),
    [
        (
            {
                "BUILTIN_METRICS": [],
                "PRIMARY_METRIC": "Tone",
                "DATASET": "arn:aws:sagemaker:us-west-2:123456789012:hub-content/HUBNAME/DataSet/tickets/1.0.0",
                "MLFLOW_RESOURCE_ARN": None,
            },
            {"Tone"},
        ),
        ({"CUSTOM_METRICS": None}, {"Correctness", "Harmfulness"}),
    ],
    ids=["custom metrics only, registry dataset, no MLflow app", "built-in metrics only"],
)
def test_one_kind_of_metrics_is_enough(tmp_path: Path, changes: dict[str, Any], metrics: set[str]) -> None:
    with studio(tmp_path, **changes) as place:
        outcome = place.run()
        assert outcome.ok, outcome
        assert set(place.summary["metrics"]) == metrics
        assert place.summary["primary_metric"] in metrics


def test_the_tuned_model_alone_through_a_throttled_account(tmp_path: Path) -> None:
    scenario = Scenario(throttle={"ListPipelineExecutionSteps": 4}, deny={"GetFoundationModel": ""})
    with studio(tmp_path, scenario=scenario, EVALUATE_BASE_MODEL=False) as place:
        outcome = place.run()
        assert outcome.ok, outcome
        assert place.summary["verdict"]["decision"] == "none"
        assert place.summary["rows"]["base"] is None
        assert "! Judge: could not be checked: access denied." in text_of(place.executed["checks"])
        assert "Judge scores the base model" not in text_of(place.executed["wait"])


def test_the_base_model_alone(tmp_path: Path) -> None:
    model = "meta-textgeneration-llama-3-2-1b-instruct"
    with studio(tmp_path, MODEL_PACKAGE_ARN=model, EVALUATE_BASE_MODEL=False) as place:
        outcome = place.run()
        assert outcome.ok, outcome
        assert place.summary["models"] == {"tuned": None, "base": model}
        assert place.summary["rows"]["tuned"] is None
        assert place.summary["metrics"]["Correctness"]["base"]["n_scored"] > 0


def test_texts_that_look_like_code_arrive_as_they_are(tmp_path: Path) -> None:
    changes = {
        "DATASET": f"s3://acme-data/evaluation/{HOSTILE}.jsonl",
        "S3_OUTPUT": f"s3://acme-data/results/{HOSTILE}",
        "RUN_LABEL": f"{HOSTILE} é😀",
        "MLFLOW_EXPERIMENT": f"{HOSTILE} é😀",
    }
    with studio(tmp_path, **changes) as place:
        outcome = place.run()
        assert outcome.ok, outcome
        assert "7*7" in text_of(place.executed["setup"])
        assert place.summary["rows"]["paired"] == 12


def test_the_script_runs_with_plain_python(tmp_path: Path) -> None:
    with studio(tmp_path, CUSTOM_METRICS=None) as place:
        script = tmp_path / "evaluation.py"
        script.write_text(notebook_script(build_notebook(place.parameters)), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(script)],
            cwd=tmp_path,
            env=place.aws.child_environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        for text in ("SIMULATED", "✓ Credentials", "Evaluation Succeeded", "Harmfulness ↓", "Written to"):
            assert text in done.stdout
        assert place.summary["rows"]["paired"] == 12
        assert place.starts == 1
