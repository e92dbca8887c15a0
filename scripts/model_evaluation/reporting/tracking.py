"""A finished evaluation as an MLflow run: parameters, metrics with their intervals, and the files."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import logging
import os
from collections.abc import Iterator, Mapping
from typing import Any

from model_evaluation.errors import AwsError, EvaluationError, MissingDependency, UsageError
from model_evaluation.kinds.registry import report_words
from model_evaluation.runtime.report.plain_text import short_name

from .words import execution_id

DIGEST_TAG = "model_evaluation.summary_sha256"
ARN_TAG = "model_evaluation.execution_arn"
SCHEMES = ("http://", "https://", "arn:aws", "sqlite:", "file:")
ARTIFACTS = ("summary.json", "per_example.parquet", "per_example.csv", "report.html", "report.md", "judge_error.json")
# MLflow retries for minutes by default; a person waits. Nothing about this use is sent to anyone.
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


def log_to_mlflow(summary: Mapping[str, Any], folder: str, uri: str, experiment: str) -> dict[str, Any]:
    """Log the evaluation once and return ``{"run_id", "experiment", "uri", "already", ...}``.

    ``uri`` is a tracking server's URL or the ARN of a SageMaker MLflow app or tracking server. The same summary is
    not logged twice: the run it has is returned. Simulated results go into an experiment of their own. The results
    are only read. Raises AwsError ``mlflow_failed`` when the server does not take them.
    """
    if not uri.startswith(SCHEMES):
        raise UsageError(
            f"{uri!r} is no MLflow server; expected http(s)://..., or an ARN of SageMaker MLflow.",
            fix="For example: --mlflow http://127.0.0.1:5000",
        )
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if summary["simulated"]:
        experiment += " (SIMULATED)"
    _require(uri)
    with _mlflow_errors(uri), _client(uri) as client:
        return _log(client, summary, folder, uri, experiment)


def _require(uri: str) -> None:
    """Raises MissingDependency. SageMaker's ARNs are understood by a plugin of MLflow."""
    for name in ("mlflow", *(["sagemaker_mlflow"] if uri.startswith("arn:") else [])):
        if importlib.util.find_spec(name) is None:
            raise MissingDependency(
                f"The Python package {name!r} is not installed.", fix="python -m pip install mlflow sagemaker-mlflow"
            )


@contextlib.contextmanager
def _client(uri: str) -> Iterator[Any]:
    """A client of ``uri``. MLflow's own address is set meanwhile: the SageMaker plugin takes its headers from it."""
    import mlflow

    before = os.environ.get("MLFLOW_TRACKING_URI")
    # With any other address than an ARN the plugin warns at every request.
    logging.getLogger("mlflow.tracking.request_header.registry").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(uri)
    try:
        yield mlflow.MlflowClient(tracking_uri=uri)
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]


def _log(client: Any, summary: Mapping[str, Any], folder: str, uri: str, experiment: str) -> dict[str, Any]:
    from mlflow.entities import Metric, Param, RunTag

    digest = hashlib.sha256(json.dumps(summary, sort_keys=True).encode()).hexdigest()
    found = client.get_experiment_by_name(experiment)
    experiment_id = found.experiment_id if found else client.create_experiment(experiment)
    told = {"experiment": experiment, "experiment_id": experiment_id, "uri": uri}
    done = client.search_runs(
        [experiment_id], f"tags.`{DIGEST_TAG}` = '{digest}' and attributes.status = 'FINISHED'", max_results=1
    )
    if done:
        return {"run_id": done[0].info.run_id, **told, "already": True}
    name = ("SIMULATED " if summary["simulated"] else "") + execution_id(summary)
    run = client.create_run(experiment_id, run_name=name, tags={DIGEST_TAG: digest})
    run_id = run.info.run_id
    try:
        metrics, moment = run_metrics(summary), run.info.start_time
        client.log_batch(
            run_id,
            metrics=[Metric(key, value, moment, 0) for key, value in metrics.items()],
            params=[Param(key, value) for key, value in run_parameters(summary).items()],
            tags=[RunTag(key, value) for key, value in run_tags(summary).items()],
        )
        artifacts = [item for item in ARTIFACTS if os.path.isfile(os.path.join(folder, item))]
        for item in artifacts:
            client.log_artifact(run_id, os.path.join(folder, item))
        if os.path.isdir(os.path.join(folder, "figures")):
            client.log_artifacts(run_id, os.path.join(folder, "figures"), "figures")
            artifacts.append("figures")
        client.set_terminated(run_id, "FINISHED")
    except BaseException:
        with contextlib.suppress(Exception):  # the first failure is the one to tell
            client.set_terminated(run_id, "FAILED")
        raise
    return {"run_id": run_id, **told, "already": False, "metrics": len(metrics), "artifacts": artifacts}


def run_parameters(summary: Mapping[str, Any]) -> dict[str, str]:
    """What the run was made with, as text."""
    rows, models = summary["rows"], summary["models"]
    return {
        "judge": summary["judge"] or "-",
        "primary_metric": summary["primary_metric"],
        "metrics": ",".join(summary["metrics"])[:5000],
        "tuned_model": models["tuned"] or "-",
        "base_model": models["base"] or "-",
        "rows_dataset": str(rows["dataset"]),
        "rows_paired": str(rows["paired"]),
        "simulated": str(summary["simulated"]).lower(),
    }


def run_tags(summary: Mapping[str, Any]) -> dict[str, str]:
    sentence = summary["verdict"]["sentence"]
    note = f"{report_words(summary).simulated}\n\n{sentence}" if summary["simulated"] else sentence
    return {
        ARN_TAG: summary["execution_arn"],
        "model_evaluation.decision": summary["verdict"]["decision"],
        "model_evaluation.model": short_name(summary["models"]["tuned"]),
        "mlflow.note.content": note,
    }


def run_metrics(summary: Mapping[str, Any]) -> dict[str, float]:
    """Every number of every metric, such as ``Correctness.difference`` with ``.difference_ci_low``; a number that
    does not exist is left out, never 0."""
    found: dict[str, float] = {}
    for name, entry in summary["metrics"].items():
        numbers: dict[str, float | None] = {"n_paired": entry["n_paired"]}
        for side in ("tuned", "base"):
            if entry[side] is not None:
                numbers[f"{side}_mean"] = entry[side]["mean"]
                numbers[f"{side}_n_missing"] = entry[side]["n_missing"]
        difference = entry["difference"]
        if difference is not None:
            numbers["difference"] = difference["mean"]
            for key in ("ci_low", "ci_high", "p_value", "p_adjusted"):
                numbers[f"difference_{key}" if key.startswith("ci") else key] = difference[key]
            numbers |= {key: entry[key] for key in ("wins", "ties", "losses")}
        found |= {f"{name}.{key}": float(value) for key, value in numbers.items() if value is not None}
    return found


@contextlib.contextmanager
def _mlflow_errors(uri: str) -> Iterator[None]:
    try:
        yield
    except EvaluationError:
        raise
    except Exception as error:  # MLflow, its plugin, requests and botocore each have their own
        reason = " ".join(str(error).split())[:500] or type(error).__name__
        raise AwsError(
            f"MLflow at {uri} did not take the run: {type(error).__name__}: {reason}",
            fix="The results are as they were. Check the address, the network and permissions (sagemaker-mlflow:*), "
            "then run the same command again.",
            code="mlflow_failed",
        ) from error
