"""What an evaluation of a predictive model needs to be allowed."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.permissions import Need, Permissions, TrustedService, actions
from model_evaluation.lookups.iam import SAGEMAKER
from model_evaluation.preflight import needs
from model_evaluation.preflight.configuration import Configuration, configuration_of
from model_evaluation.preflight.needs import API, Needs

from .recorded import ENDPOINT, sides_of, uses_batch, uses_jobs

TRUSTED = (TrustedService(SAGEMAKER, "SageMaker", "No job can start."),)
NO_JOB = "the transform job does not start"


def permissions(context: Context, role: str = "") -> Permissions:
    """As far as the answers go."""
    if not uses_jobs(context):
        return Permissions()
    config = configuration_of(context, role)
    return Permissions(_of_role(config), _of_caller(config, context), TRUSTED)


def _of_role(config: Configuration) -> Needs:
    """What the model's container does: it loads its artefact; the job's rows and predictions go by the same role."""
    if not config.role:
        return ()
    return (
        *needs.write_output(config, "write_results", "the predictions cannot be written", API),
        *needs.container_images(config),
        *needs.job_logs(config),
    )


def _of_caller(config: Configuration, context: Context) -> Needs:
    caller: list[Need] = []
    if uses_batch(context):
        jobs, job = config.sagemaker("transform-job/*"), config.sagemaker("transform-job/preflight")
        start = actions("sagemaker", "CreateTransformJob DescribeTransformJob StopTransformJob")
        caller += [
            Need("start", start, (jobs,), NO_JOB, API, asked=(job,)),
            Need("find_jobs", ("sagemaker:ListTransformJobs",), ("*",), "a job that runs is not found again", API),
            *needs.write_output(config, "upload", "the rows cannot be put into S3", API),
        ]
        if config.role:
            models, model = config.sagemaker("model/*"), config.sagemaker("model/preflight")
            make = actions("sagemaker", "CreateModel DescribeModel")
            caller += [
                Need("make_model", make, (models,), NO_JOB, API, asked=(model,)),
                *needs.pass_role(config, SAGEMAKER, "CreateModel is refused", API, "pass_role"),
            ]
    endpoints = [str(context.value(side)) for side, source in sides_of(context).items() if source == ENDPOINT]
    if endpoints:
        names, arns = actions("sagemaker", "DescribeEndpoint InvokeEndpoint"), tuple(endpoints)
        caller.append(Need("invoke", names, arns, "the endpoint does not answer", API, asked=arns))
    return tuple(caller)
