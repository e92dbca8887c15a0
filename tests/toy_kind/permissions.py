"""What an evaluation of toys needs to be allowed."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.permissions import Need, Permissions, TrustedService, actions
from model_evaluation.lookups.iam import SAGEMAKER
from model_evaluation.preflight import needs
from model_evaluation.preflight.configuration import configuration_of

SOURCE = "the toy's makers"


def permissions(context: Context, role: str = "") -> Permissions:
    """As far as the answers go."""
    config = configuration_of(context, role)
    jobs = (config.sagemaker("training-job/*"),)
    start = actions("sagemaker", "CreateTrainingJob DescribeTrainingJob ListTrainingJobs StopTrainingJob")
    return Permissions(
        role=(
            *needs.read_dataset(config, "the container has no rows", SOURCE),
            *needs.write_output(config, "write_results", "the results are lost", SOURCE),
        ),
        caller=(
            Need("start", start, jobs, "the evaluation does not start", SOURCE),
            *needs.pass_role(config, SAGEMAKER, "the evaluation does not start", SOURCE, "pass_role"),
        ),
        trusted=(TrustedService(SAGEMAKER, "SageMaker", "The container cannot start."),),
    )
