"""What pipeline steps do when their time is up.

A step fails with the service's words for whatever AWS would only find out while it runs.
"""

from __future__ import annotations

from collections.abc import Callable

from model_evaluation.localaws.services.lineage import run_lineage_step

from .cloud import Cloud
from .errors import ServiceError, StepFailure
from .inference import run_inference
from .player import Execution, StepRun
from .policies import trusts
from .scoring import run_judging
from .trainingjob import Job

JOBS: dict[tuple[str | None, str | None], Callable[[Job], None]] = {
    ("BenchmarkEvaluation", "inference_only"): run_inference,
    ("LLMAJEvaluation", None): run_judging,
}


def run_step(cloud: Cloud, execution: Execution, run: StepRun) -> None:
    """Does the work of a step whose time is up. Raises :class:`StepFailure`."""
    if run.step.kind == "Lineage":
        try:
            run_lineage_step(cloud, execution.region, run.arguments)
        except ServiceError as error:
            raise StepFailure(f"ClientError: {error.message}") from error
        return
    if run.step.kind != "Training":
        raise StepFailure(f"local AWS does not play steps of type {run.step.kind}")
    config = run.arguments.get("ServerlessJobConfig", {})
    key = (config.get("EvaluationType"), run.arguments.get("HyperParameters", {}).get("task"))
    job = JOBS.get(key)
    if job is None:
        raise StepFailure(f"local AWS does not play evaluations of type {key[0]} with task {key[1]}")
    role = run.arguments["RoleArn"]
    if not trusts(cloud, role, "sagemaker.amazonaws.com"):
        raise StepFailure(
            f"ClientError: Could not assume role {role}. Please ensure that the role exists and allows "
            "principal 'sagemaker.amazonaws.com' to assume the role."
        )
    job(Job(cloud, execution, run))
