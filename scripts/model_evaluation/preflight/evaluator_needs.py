"""What evaluations need to be allowed whose jobs run one of the SDK's evaluators and nothing beyond SageMaker."""

from __future__ import annotations

from model_evaluation.kinds.permissions import Need, TrustedService, actions
from model_evaluation.lookups.iam import SAGEMAKER

from . import needs
from .configuration import Configuration
from .needs import CUSTOMIZATION, SDK_CALLER, SDK_ROLE, SDK_SOURCE, Needs

TRUSTED = (TrustedService(SAGEMAKER, "SageMaker", "No step can start."),)
# What the SDK (3.27) simulates for the role of such an evaluator without naming resources, whatever network it has.
SDK_ROLE_ACTIONS = (
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    *actions("ec2", "CreateNetworkInterface CreateNetworkInterfacePermission DeleteNetworkInterface"),
    *actions("ec2", "DeleteNetworkInterfacePermission DescribeNetworkInterfaces DescribeVpcs DescribeDhcpOptions"),
    *actions("ec2", "DescribeSubnets DescribeSecurityGroups"),
)
EARLY = "the steps fail a few minutes after the start"


def of_role(config: Configuration, prefix: str, sdk_actions: tuple[str, ...] = SDK_ROLE_ACTIONS) -> Needs:
    """What SageMaker does with the execution role; ``prefix`` is how the SDK's pipelines are named, ``sdk_actions``
    what the SDK simulates without naming resources."""
    lost = "the models' answers are lost when they are to be written"
    handing_on = "a step may fail when it hands the role on to its job"
    no_base, no_model = "a step may not find the base model", "the step may not find the model"
    return (
        *needs.read_dataset(config, EARLY, SDK_ROLE),
        *needs.list_buckets(config, "GetBucketLocation ListBucket", EARLY, SDK_ROLE),
        *needs.write_output(config, "write_results", lost, SDK_ROLE),
        *needs.training_jobs(config, "the first step fails"),
        *needs.pass_role(config, SAGEMAKER, handing_on, CUSTOMIZATION, "pass_role", "contested"),
        *needs.base_model(config, no_base, CUSTOMIZATION, "contested"),
        *needs.model_package(config, no_model, CUSTOMIZATION, "contested"),
        *needs.read_weights(config),
        *needs.end_uploads(config, SDK_ROLE),
        *needs.container_images(config),
        *needs.pipelines_of_role(config, prefix),
        *needs.lineage(config),
        *needs.job_logs(config),
        *needs.track_in_mlflow(config),
        *needs.sdk_check(sdk_actions, "the SDK refuses the role before anything starts"),
    )


def of_caller(config: Configuration, prefix: str, *read_for_checks: str) -> Needs:
    """What whoever runs the notebook calls; ``read_for_checks`` are actions that only the kind's own checks take."""
    cannot = "the SDK cannot resolve the {} and refuses to start"
    artifact = (config.sagemaker("artifact/preflight"),)
    register = actions("sagemaker", "CreateArtifact DescribeArtifact")
    unregistered = "the SDK may refuse to start: it registers the model's artifact first"
    return (
        *needs.start_pipelines(config, prefix),
        *needs.base_model(config, cannot.format("base model"), SDK_CALLER),
        *needs.model_package(config, cannot.format("model"), SDK_SOURCE),
        *needs.write_output(config, "write_output", "results cannot be read", SDK_CALLER),
        *needs.read_dataset(config, "the notebook's checks and charts cannot read the rows", SDK_CALLER),
        *needs.list_buckets(config, "ListBucket", "results cannot be found", SDK_CALLER),
        *needs.create_mlflow(config),
        Need("lineage", register, (config.sagemaker("artifact/*"),), unregistered, SDK_CALLER, "contested", artifact),
        *needs.sdk_check(needs.SDK_CALLER_ACTIONS, "the SDK refuses you before anything starts"),
        *needs.read_for_checks(config, *read_for_checks),
    )


def recipe(config: Configuration) -> Needs:
    """The settings of the recipe that an evaluator starts, which lie in SageMaker's bucket of the region."""
    bucket = config.s3(f"jumpstart-cache-prod-{config.region}")
    granted, asked = (f"{bucket}/*",), (f"{bucket}/preflight",)
    unread = "the SDK cannot read the recipe's settings and silently leaves them out"
    return (Need("recipe", ("s3:GetObject",), granted, unread, SDK_SOURCE, "secondary", asked),)
