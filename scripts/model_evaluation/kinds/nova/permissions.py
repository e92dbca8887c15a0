"""What an evaluation in the Nova container needs to be allowed, each action with who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.kinds.permissions import Need, Permissions, TrustedService, actions
from model_evaluation.lookups.iam import SAGEMAKER
from model_evaluation.preflight import needs
from model_evaluation.preflight.configuration import Configuration, configuration_of
from model_evaluation.preflight.needs import API, Needs

from .runtime.recipes.recipe import function_of

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

GUIDE = "Nova user guide, evaluation"
SDK = "SDK 3.27, model trainer"
TRUSTED = (TrustedService(SAGEMAKER, "SageMaker", "No job can start."),)
NOT_STARTED = "the job does not start"


def permissions(context: Context, role: str = "") -> Permissions:
    """As far as the answers go."""
    config = configuration_of(context, role)
    places = [str(context.value("model") or ""), str(context.facts("scope").get("reference") or "")]
    checkpoints = tuple(place.removeprefix("s3://") for place in places if place.startswith("s3://"))
    processor = context.facts("processor").get("processor") or {}
    function = function_of({"processor": processor, "rl_env": processor})
    return Permissions((*_of_role(config, checkpoints), *_invoke(function)), _of_caller(config), TRUSTED)


def _of_role(config: Configuration, checkpoints: tuple[str, ...]) -> Needs:
    early = "the job fails a few minutes after the start"
    return (
        *needs.read_dataset(config, early, GUIDE),
        *needs.list_buckets(config, "ListBucket", early, GUIDE),
        *needs.write_output(config, "write_results", "the job runs to its end and its results are lost", GUIDE),
        *_read_checkpoints(config, checkpoints),
        *needs.end_uploads(config, GUIDE),
        *needs.container_images(config),
        *needs.job_logs(config),
    )


def _read_checkpoints(config: Configuration, checkpoints: tuple[str, ...]) -> Needs:
    """Their bucket is SageMaker's own for this account; its policy decides, too."""
    if not checkpoints:
        return ()
    granted = tuple(config.s3(f"{place}/*") for place in checkpoints)
    asked = tuple(config.s3(f"{place}/weights") for place in checkpoints)
    otherwise = "the container cannot load the customised model"
    return (Need("checkpoint", ("s3:GetObject",), granted, otherwise, GUIDE, asked=asked),)


def _invoke(function: str) -> Needs:
    if not function:
        return ()
    otherwise = "no row gets the function's metrics, and the job fails"
    return (Need("function", ("lambda:InvokeFunction",), (function,), otherwise, GUIDE, asked=(function,)),)


def _of_caller(config: Configuration) -> Needs:
    job, one = (config.sagemaker("training-job/*"),), (config.sagemaker("training-job/preflight"),)
    start = actions("sagemaker", "AddTags CreateTrainingJob DescribeTrainingJob")
    return (
        Need("start", start, job, NOT_STARTED, SDK, asked=one),
        Need("find_jobs", ("sagemaker:ListTrainingJobs",), ("*",), "a second job may be started for one", SDK),
        Need("stop", ("sagemaker:StopTrainingJob",), job, "the run cannot be ended from here", API, "contested", one),
        *needs.write_output(config, "upload_recipe", "the recipe cannot be handed to the job", SDK),
        *needs.pass_role(config, SAGEMAKER, NOT_STARTED, API, "pass_role"),
        *needs.read_dataset(config, "results cannot be put to the dataset's rows", SDK),
        *needs.read_for_checks(config, "sagemaker:DescribeTrainingJob"),
    )
