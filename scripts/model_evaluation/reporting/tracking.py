"""A finished evaluation as an MLflow run: parameters, metrics with their intervals, and the files."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import logging
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from model_evaluation.errors import AwsError, EvaluationError, UsageError
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.registry import report_words
from model_evaluation.packages import missing_package
from model_evaluation.runtime.results.evaluation import NamedModel
from model_evaluation.runtime.summary import Summary, model_name, value_of

from .result_files import list_files
from .words import execution_id

if TYPE_CHECKING:
    from mlflow import MlflowClient

DIGEST_TAG = "model_evaluation.summary_sha256"
ARN_TAG = "model_evaluation.execution_arn"
SCHEMES = ("http://", "https://", "arn:aws", "sqlite:", "file:")
# MLflow retries for minutes by default; a person waits. Nothing about this use is sent to anyone.
ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


def log_to_mlflow(summary: Summary, folder: str, uri: str, experiment: str) -> JsonObject:
    """Log the evaluation once and return ``{"run_id", "experiment", "uri", "already", ...}``.

    ``uri`` is a tracking server's URL or the ARN of a SageMaker MLflow app or tracking server. The same summary is
    not logged twice: the run it has is returned. Simulated results go into an experiment of their own. The results
    are only read. Raises AwsError ``mlflow_failed`` when the server does not take them.
    """
    if not uri.startswith(SCHEMES):
        raise UsageError(
            f"{uri!r} is not an MLflow server; expected http(s)://..., or an ARN of SageMaker MLflow.",
            fix="For example: --mlflow http://127.0.0.1:5000",
        )
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if summary["simulated"]:
        experiment += " (SIMULATED)"
    for name in ("mlflow", *(["sagemaker_mlflow"] if uri.startswith("arn:") else [])):  # MLflow's plugin for ARNs
        if importlib.util.find_spec(name) is None:
            raise missing_package(name)
    with _mlflow_errors(uri), _client(uri) as client:
        return _log(client, summary, folder, uri, experiment)


@contextlib.contextmanager
def _client(uri: str) -> Iterator[MlflowClient]:
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


def _log(client: MlflowClient, summary: Summary, folder: str, uri: str, experiment: str) -> JsonObject:
    from mlflow.entities import Metric, Param, RunTag

    digest = hashlib.sha256(json.dumps(summary, sort_keys=True).encode()).hexdigest()
    existing = client.get_experiment_by_name(experiment)
    experiment_id = existing.experiment_id if existing else client.create_experiment(experiment)
    body = {"experiment": experiment, "experiment_id": experiment_id, "uri": uri}
    done = client.search_runs(
        [experiment_id], f"tags.`{DIGEST_TAG}` = '{digest}' and attributes.status = 'FINISHED'", max_results=1
    )
    if done:
        return {"run_id": done[0].info.run_id, **body, "already": True}
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
        artifacts = list_files(folder)
        for name, path in artifacts.items():
            if os.path.isdir(path):
                client.log_artifacts(run_id, path, name)
            else:
                client.log_artifact(run_id, path)
        client.set_terminated(run_id, "FINISHED")
    except BaseException:
        with contextlib.suppress(Exception):  # the first failure is the one to tell
            client.set_terminated(run_id, "FAILED")
        raise
    return {"run_id": run_id, **body, "already": False, "metrics": len(metrics), "artifacts": list(artifacts)}


def run_parameters(summary: Summary) -> dict[str, str]:
    """What the run was made with, as text."""
    rows, models = summary["rows"], summary["models"]
    return {
        **{name: str(value) or "-" for name, value in summary["conditions"].items()},
        "primary_metric": summary["primary_metric"],
        "metrics": ",".join(summary["metrics"])[:5000],
        "tuned_model": _arn_or_name(models["tuned"]),
        "base_model": _arn_or_name(models["base"]),
        "rows_dataset": str(rows["dataset"]),
        "rows_paired": str(rows["paired"]),
        "simulated": str(summary["simulated"]).lower(),
    }


def _arn_or_name(model: NamedModel | None) -> str:
    return model.get("arn", model["name"]) if model else "-"


def run_tags(summary: Summary) -> dict[str, str]:
    sentence = summary["verdict"]["sentence"]
    note = f"{report_words(summary).simulated}\n\n{sentence}" if summary["simulated"] else sentence
    return {
        ARN_TAG: summary["execution_arn"],
        "model_evaluation.decision": summary["verdict"]["decision"],
        "model_evaluation.model": model_name(summary, "tuned") or "–",
        "mlflow.note.content": note,
    }


def run_metrics(summary: Summary) -> dict[str, float]:
    """Every number of every metric, such as ``METRIC.difference`` with ``.difference_ci_low``; a number that
    does not exist is left out, never 0."""
    metrics: dict[str, float] = {}
    for name, entry in summary["metrics"].items():
        numbers: dict[str, float | None] = {"n_paired": entry["n_paired"]}
        for side, model in (("tuned", entry["tuned"]), ("base", entry["base"])):
            known = cast("Mapping[str, float]", model or {})
            numbers[f"{side}_mean"] = value_of(model)
            numbers |= {f"{side}_{part}": known.get(part) for part in ("n_missing", "ci_low", "ci_high")}
        if difference := entry["difference"]:
            numbers["difference"] = difference["mean"]
            numbers["difference_ci_low"], numbers["difference_ci_high"] = difference["ci_low"], difference["ci_high"]
            numbers["p_value"], numbers["p_adjusted"] = difference["p_value"], difference["p_adjusted"]
            numbers |= {"wins": entry["wins"], "ties": entry["ties"], "losses": entry["losses"]}
        metrics |= {f"{name}.{key}": float(value) for key, value in numbers.items() if value is not None}
    return metrics


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
