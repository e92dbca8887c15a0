"""What the jobs left in MLflow: aggregates as a run's metrics, and each rollout as a trace with its spans in S3."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_evaluation.runtime.results.evaluation import ResultsError
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.tasks.questions import score_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import TraceInfo

CATEGORY = "AgentRFTEvaluation"
SPANS_AT = "mlflow.artifactLocation"
RUN_OF = "mlflow.sourceRun"
TRACES_AT_ONCE = 100


@dataclass(frozen=True)
class Rollout:
    """One rollout. ``reward`` is ``None`` where the environment gave none; ``last`` is the agent's last words."""

    prompt: str
    reward: float | None
    last: str = ""
    turns: int = 0


@dataclass(frozen=True)
class ModelRollouts:
    """One model's results. ``metrics`` are aggregates by name without ``eval/``; ``unread`` counts traces whose spans
    are nowhere or cannot be read, ``nobodys`` those of the experiment that name no run; ``tokens`` is what the job is
    billed for."""

    metrics: Mapping[str, float]
    rollouts: Sequence[Rollout] = ()
    unread: int = 0
    nobodys: int = 0
    tokens: Mapping[str, int] = field(default_factory=dict)


def read_model(aws: AwsClients, job_arn: str, mlflow_arn: str, label: str) -> ModelRollouts:
    """A job's results. Raises :class:`ResultsError` where there is no run of MLflow to read; rollouts that cannot be
    read leave the aggregates."""
    job = aws.sagemaker.describe_job(JobName=job_arn.rsplit("/", 1)[-1], JobCategory=CATEGORY)
    output = json.loads(job["JobConfigDocument"]).get("ServiceOutput", {})
    tokens = {name: count for name, count in output.get("BillableTokenUsage", {}).items() if isinstance(count, int)}
    details = output.get("MlflowDetails", {})
    if not details.get("RunId"):
        raise ResultsError(
            f"The job of the {label} names no run of MLflow: {job_arn}",
            fix="Without one there are no results to read. Look at the job's log; run the evaluation again.",
        )
    with _client(mlflow_arn) as client:
        from mlflow.exceptions import MlflowException

        try:
            metrics = client.get_run(details["RunId"]).data.metrics
        except MlflowException as error:
            raise ResultsError(
                f"The results of the {label} cannot be read from MLflow ({mlflow_arn}): {error}",
                fix="Allow sagemaker-mlflow:GetRun and SearchTraces on it in your own policy, and run this cell again.",
            ) from error
        every: list[TraceInfo] = []
        with contextlib.suppress(MlflowException):  # an older server has none; the aggregates are there
            every = list(_traces(client, details))
    traces = [trace for trace in every if trace.trace_metadata.get(RUN_OF) == details["RunId"]]
    nobodys = sum(not trace.trace_metadata.get(RUN_OF) for trace in every)
    rollouts = [rollout for trace in traces if (rollout := _rollout(aws, trace.tags.get(SPANS_AT, ""))) is not None]
    own = {name.removeprefix("eval/"): value for name, value in metrics.items() if name.startswith("eval/")}
    return ModelRollouts(own, rollouts, len(traces) - len(rollouts), nobodys, tokens)


@contextlib.contextmanager
def _client(arn: str) -> Iterator[MlflowClient]:
    """A client of the app or server. MLflow's own address is set meanwhile: SageMaker's plugin takes its headers from
    it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")  # of a progress bar that nobody sees
        import mlflow

    before = os.environ.get("MLFLOW_TRACKING_URI")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(arn)
    try:
        yield mlflow.MlflowClient(tracking_uri=arn)
    finally:
        mlflow.set_tracking_uri(before)  # type: ignore[arg-type]


def _traces(client: MlflowClient, details: Mapping[str, str]) -> Iterator[TraceInfo]:
    """Every trace of the run's experiment, which other runs write to as well."""
    token = None
    while True:
        page = client.search_traces(
            [details["ExperimentId"]], max_results=TRACES_AT_ONCE, page_token=token, include_spans=False
        )
        yield from (trace.info for trace in page)
        token = page.token
        if not token:
            return


def _rollout(aws: AwsClients, place: str) -> Rollout | None:
    """The rollout whose spans are at an S3 prefix; ``None`` where nothing usable is there."""
    if not place.startswith("s3://"):
        return None
    uri = S3Uri.parse(f"{place.rstrip('/')}/traces.json")
    try:
        return read_rollout(json.loads(aws.s3.get_object(Bucket=uri.bucket, Key=uri.key)["Body"].read()))
    except (ClientError, ValueError):
        return None


def read_rollout(trace: object) -> Rollout | None:
    """A rollout from its spans; ``None`` where they name no prompt. Attributes are texts, often JSON once more."""
    spans = trace.get("spans") if isinstance(trace, dict) else None
    spans = [span for span in spans if isinstance(span, dict)] if isinstance(spans, list) else []
    whole = next((span for span in spans if span.get("name") == "trajectory"), None)
    attributes = _attributes(whole)
    inputs = _literal(attributes.get("mlflow.spanInputs"))
    prompt = inputs.get("prompt") if isinstance(inputs, dict) else inputs
    if prompt is None:
        return None
    turns = [span for span in spans if str(span.get("name", "")).startswith("turn-")]
    last = _literal(_attributes(turns[-1] if turns else None).get("mlflow.spanOutputs"))
    words = last if isinstance(last, str) else json.dumps(last, ensure_ascii=False) if last is not None else ""
    text = prompt if isinstance(prompt, str) else json.dumps(prompt, ensure_ascii=False)
    return Rollout(text.strip(), score_of(_literal(attributes.get("reward"))), words, len(turns))


def _attributes(span: Mapping[str, Any] | None) -> Mapping[str, Any]:
    found = span.get("attributes") if span else None
    return found if isinstance(found, dict) else {}


def _literal(value: object) -> object:
    """What a text that is JSON stands for; other texts and values are themselves."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
