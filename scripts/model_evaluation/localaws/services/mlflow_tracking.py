"""The part of MLflow's own REST API that readers of results ask: a run with its metrics, and the traces of its
experiment. MLflow's client reaches it through the endpoint that SageMaker's plugin is told."""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from urllib.parse import parse_qs

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.operations import Record, Response

SERVICE = "sagemaker-mlflow"
GET_RUN = "/api/2.0/mlflow/runs/get"
SEARCH_TRACES = "/api/3.0/mlflow/traces/search"
OWN_PATHS = re.compile(r"/api/\d\.0/mlflow/")
PAGE = 100


class Tracked(NamedTuple):
    """A request to MLflow as it is recorded, and its answer."""

    service: str
    operation: str
    params: Record
    response: Response


def put_run(cloud: Cloud, run_id: str, name: str, experiment_id: str, metrics: dict[str, float], when: float) -> None:
    """A finished run with its metrics."""
    moment = int(when * 1000)
    info: Record = {"run_id": run_id, "run_uuid": run_id, "run_name": name, "experiment_id": experiment_id}
    info |= {"status": "FINISHED", "start_time": moment, "end_time": moment, "lifecycle_stage": "active"}
    values = [{"key": key, "value": value, "timestamp": moment, "step": 0} for key, value in metrics.items()]
    cloud.store.mlflow_runs[run_id] = {"info": info, "data": {"metrics": values, "params": [], "tags": []}}


def put_trace(cloud: Cloud, trace_id: str, experiment_id: str, run_id: str, tags: dict[str, str], when: str) -> None:
    """A trace of a run, or of none; ``when`` is an ISO time, ``tags`` may say where its spans are."""
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}
    trace = {"trace_id": trace_id, "trace_location": place, "request_time": when, "state": "OK"}
    metadata = {"mlflow.sourceRun": run_id} if run_id else {}
    cloud.store.mlflow_traces.append({**trace, "trace_metadata": metadata, "tags": tags})


def answer_tracking(cloud: Cloud, environ: Record) -> Tracked | None:
    """The answer to a request to MLflow; ``None`` for any other."""
    path = str(environ.get("PATH_INFO", ""))
    if not OWN_PATHS.match(path):
        return None
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    query = {key: values[0] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    params: Record = json.loads(body) if body else query
    operation = {GET_RUN: "GetRun", SEARCH_TRACES: "SearchTraces"}.get(path, path)
    try:
        with cloud.lock:
            cloud.rules.admit(SERVICE, operation)
            found = _answer(cloud, operation, params)
        status, content = (200, found) if found is not None else (404, _error("RESOURCE_DOES_NOT_EXIST", path))
    except ServiceError as error:
        status, content = error.status, _error("PERMISSION_DENIED", error.message)
    response = Response(status, {"Content-Type": "application/json"}, json.dumps(content).encode())
    return Tracked(SERVICE, operation, params, response)


def _answer(cloud: Cloud, operation: str, params: Record) -> Record | None:
    if operation == "GetRun":
        run = cloud.store.mlflow_runs.get(str(params.get("run_id")))
        return None if run is None else {"run": run}
    if operation != "SearchTraces":
        return None
    wanted = {place["mlflow_experiment"]["experiment_id"] for place in params["locations"]}
    found = [
        trace
        for trace in cloud.store.mlflow_traces
        if trace["trace_location"]["mlflow_experiment"]["experiment_id"] in wanted
    ]
    start, size = int(params.get("page_token") or 0), min(int(params.get("max_results") or PAGE), PAGE)
    page: Record = {"traces": found[start : start + size]}
    if start + size < len(found):
        page["next_page_token"] = str(start + size)
    return page


def _error(code: str, message: str) -> Record:
    return {"error_code": code, "message": message}
