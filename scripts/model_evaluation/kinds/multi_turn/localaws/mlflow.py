"""The part of MLflow's own REST API that readers of rollouts ask: a run with its metrics, and the traces of its
experiment. MLflow's client reaches it through the endpoint that SageMaker's plugin is told."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.operations import TRACKING_SERVICE, Operations, Record, Request, ServiceError

OPERATIONS = Operations()
PAGE = 100
# Where runs and traces are kept, by their ids and in the shape that the API gives them; no region is known of them.
RUNS, TRACES = ("MlflowRun", ""), ("MlflowTrace", "")


def put_run(cloud: Cloud, run_id: str, name: str, experiment_id: str, metrics: dict[str, float], when: float) -> None:
    """A finished run with its metrics."""
    moment = int(when * 1000)
    info: Record = {"run_id": run_id, "run_uuid": run_id, "run_name": name, "experiment_id": experiment_id}
    info |= {"status": "FINISHED", "start_time": moment, "end_time": moment, "lifecycle_stage": "active"}
    values = [{"key": key, "value": value, "timestamp": moment, "step": 0} for key, value in metrics.items()]
    cloud.tables[RUNS][run_id] = {"info": info, "data": {"metrics": values, "params": [], "tags": []}}


def put_trace(cloud: Cloud, trace_id: str, experiment_id: str, run_id: str, tags: dict[str, str], when: str) -> None:
    """A trace of a run, or of none; ``when`` is an ISO time, ``tags`` may say where its spans are."""
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}
    trace = {"trace_id": trace_id, "trace_location": place, "request_time": when, "state": "OK"}
    metadata = {"mlflow.sourceRun": run_id} if run_id else {}
    cloud.tables[TRACES][trace_id] = {**trace, "trace_metadata": metadata, "tags": tags}


@OPERATIONS.plays(TRACKING_SERVICE, "/api/2.0/mlflow/runs/get")
def get_run(cloud: Cloud, request: Request) -> Record:
    run_id = str(request.params.get("run_id"))
    if run_id not in cloud.tables[RUNS]:
        raise ServiceError("RESOURCE_DOES_NOT_EXIST", f"Run {run_id} not found", status=404)
    return {"run": cloud.tables[RUNS][run_id]}


@OPERATIONS.plays(TRACKING_SERVICE, "/api/3.0/mlflow/traces/search")
def search_traces(cloud: Cloud, request: Request) -> Record:
    params = request.params
    experiments = {place["mlflow_experiment"]["experiment_id"] for place in params["locations"]}
    traces = [
        trace
        for trace in cloud.tables[TRACES].values()
        if trace["trace_location"]["mlflow_experiment"]["experiment_id"] in experiments
    ]
    start, size = int(params.get("page_token") or 0), min(int(params.get("max_results") or PAGE), PAGE)
    more = {"next_page_token": str(start + size)} if start + size < len(traces) else {}
    return {"traces": traces[start : start + size], **more}
