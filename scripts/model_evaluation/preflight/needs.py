"""What several kinds of evaluation need to be allowed. A kind's own permissions are made of these and of its own.

Each returns ``None`` for what this evaluation does not have.
"""

from __future__ import annotations

from model_evaluation.kinds.permissions import SDK_CHECK, Necessity, Need
from model_evaluation.lookups.iam.roles import SAGEMAKER

from .configuration import PUBLIC_HUB, Configuration

# Who says so; references/iam.md names the pages.
SDK_ROLE = "SDK 3.27, role policy"
SDK_CALLER = "SDK 3.27, caller actions"
SDK_SOURCE = "SDK 3.27, source"
CUSTOMIZATION = "SageMaker guide, customization prerequisites"
API = "AWS API reference"
READING = "preflight"
# The SDK (3.27) simulates these for the caller of every evaluator, without naming resources.
SDK_CALLER_ACTIONS = (
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "sagemaker:AddTags",
    "sagemaker:CreateArtifact",
    "sagemaker:CreatePipeline",
    "sagemaker:DescribeArtifact",
    "sagemaker:DescribeHub",
    "sagemaker:DescribeHubContent",
    "sagemaker:DescribePipeline",
    "sagemaker:DescribePipelineExecution",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:ListArtifacts",
    "sagemaker:ListHubContents",
    "sagemaker:ListHubs",
    "sagemaker:ListPipelineExecutionSteps",
    "sagemaker:ListPipelines",
    "sagemaker:ListTags",
    "sagemaker:StartPipelineExecution",
    "sagemaker:StopPipelineExecution",
    "sagemaker:UpdatePipeline",
)


def present(*needs: Need | None) -> tuple[Need, ...]:
    """Those that this evaluation has."""
    return tuple(need for need in needs if need is not None)


def of_service(service: str, *names: str) -> tuple[str, ...]:
    """``of_service("s3", "GetObject")`` is ``("s3:GetObject",)``."""
    return tuple(f"{service}:{name}" for name in names)


# -- data ----------------------------------------------------------------------------------------------------


def read_dataset(config: Configuration, otherwise: str, source: str) -> Need | None:
    if not config.dataset:
        return None
    granted = (config.s3(config.dataset),)
    return Need("read_dataset", ("s3:GetObject",), granted, otherwise, source, asked=config.dataset_objects)


def list_buckets(config: Configuration, actions: tuple[str, ...], otherwise: str, source: str) -> Need | None:
    if not config.buckets:
        return None
    return Need("list_buckets", actions, config.buckets, otherwise, source, asked=config.buckets)


def write_output(config: Configuration, part: str, otherwise: str, source: str) -> Need | None:
    if not config.output:
        return None
    granted, asked = (config.s3(f"{config.output}/*"),), (config.s3(f"{config.output}/preflight"),)
    return Need(part, ("s3:GetObject", "s3:PutObject"), granted, otherwise, source, asked=asked)


def end_uploads(config: Configuration, source: str) -> tuple[Need, ...]:
    """What belongs to writing large objects in parts."""
    if not config.output:
        return ()
    granted, asked = (config.s3(f"{config.output}/*"),), (config.s3(f"{config.output}/preflight"),)
    otherwise, bucket = "parts of an upload that was broken off stay in the bucket", (config.s3(config.output_bucket),)
    return (
        Need("end_uploads", ("s3:AbortMultipartUpload",), granted, otherwise, source, "contested", asked),
        Need("list_uploads", ("s3:ListBucketMultipartUploads",), bucket, otherwise, source, "contested", bucket),
    )


def read_weights(config: Configuration) -> Need | None:
    """SageMaker may keep the weights where only it can look, so this is never essential."""
    if not config.weights:
        return None
    granted = tuple(config.s3(f"{weights}/*") for weights in config.weights)
    asked = tuple(config.s3(f"{weights}/model.safetensors") for weights in config.weights)
    otherwise = "the inference step may not be able to load the fine-tuned weights"
    return Need("weights", ("s3:GetObject",), granted, otherwise, SDK_ROLE, "contested", asked)


def use_keys(keys: tuple[str, ...]) -> Need | None:
    """KMS keys of buckets and objects; `encryption` asks about them, since a key's own policy decides, too."""
    if not keys:
        return None
    actions = of_service("kms", "Decrypt", "Encrypt", "GenerateDataKey")
    return Need("keys", actions, keys, "what is encrypted with them cannot be read or written", SDK_ROLE)


# -- models --------------------------------------------------------------------------------------------------


def base_model(config: Configuration, otherwise: str, source: str, necessity: Necessity = "required") -> Need | None:
    if not config.models:
        return None
    contents = {model: config.of_hub(f"hub-content/{PUBLIC_HUB}/Model/{model.base_model}") for model in config.models}
    granted = (config.of_hub(f"hub/{PUBLIC_HUB}"), *dict.fromkeys(f"{content}/*" for content in contents.values()))
    asked = tuple(dict.fromkeys(f"{content}/{model.base_model_version or '*'}" for model, content in contents.items()))
    return Need("base_model", ("sagemaker:DescribeHubContent",), granted, otherwise, source, necessity, asked)


def model_package(config: Configuration, otherwise: str, source: str, necessity: Necessity = "required") -> Need | None:
    if not config.packages:
        return None
    action, arns = ("sagemaker:DescribeModelPackage",), config.packages
    return Need("model_package", action, arns, otherwise, source, necessity, arns)


# -- jobs and pipelines --------------------------------------------------------------------------------------


def training_jobs(config: Configuration, otherwise: str) -> tuple[Need, Need]:
    """Jobs that the role starts, and may have to end."""
    granted, asked = (config.sagemaker("training-job/*"),), (config.sagemaker("training-job/pipelines-preflight"),)
    start = of_service("sagemaker", "AddTags", "CreateTrainingJob", "DescribeTrainingJob")
    stop = "a run that is stopped may leave its job running"
    return (
        Need("jobs", start, granted, otherwise, SDK_ROLE, asked=asked),
        Need("end_jobs", ("sagemaker:StopTrainingJob",), granted, stop, SDK_ROLE, "contested", asked),
    )


def pass_role(
    config: Configuration, service: str, otherwise: str, source: str, *, part: str, necessity: Necessity = "required"
) -> Need:
    """Handing the execution role to a service such as ``sagemaker.amazonaws.com``."""
    arn, context = (config.role,), (("iam:PassedToService", service),)
    return Need(part, ("iam:PassRole",), arn, otherwise, source, necessity, arn, context)


def container_images(config: Configuration) -> Need:
    actions = of_service("ecr", "BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    granted = (f"arn:{config.partition}:ecr:{config.region}:*:repository/*",)
    asked = (config.arn("ecr", "repository/preflight"),)
    otherwise = "a step may not be able to load its container image"
    return Need("images", actions, granted, otherwise, SDK_ROLE, "contested", asked)


def pipelines_of_role(config: Configuration, prefix: str) -> Need:
    """The SDK's own role may work with pipelines; whoever runs the notebook starts them."""
    actions = ("CreatePipeline", "DescribePipeline", "DescribePipelineExecution", "StartPipelineExecution")
    granted, asked = (config.sagemaker(f"pipeline/{prefix}*"),), (config.sagemaker(f"pipeline/{prefix}-preflight"),)
    otherwise = "a notebook that runs with this very role may not start"
    return Need("pipelines", of_service("sagemaker", *actions), granted, otherwise, SDK_ROLE, "contested", asked)


def start_pipelines(config: Configuration, prefix: str) -> tuple[Need, ...]:
    """What starting and watching takes whoever runs the notebook; ``prefix`` is how the SDK's pipelines are named."""
    pattern, pipeline = config.sagemaker(f"pipeline/{prefix}*"), config.sagemaker(f"pipeline/{prefix}-preflight")
    start = ("CreatePipeline", "UpdatePipeline", "DescribePipeline", "StartPipelineExecution", "AddTags", "ListTags")
    watch = ("DescribePipelineExecution", "ListPipelineExecutionSteps", "StopPipelineExecution")
    not_started = "the evaluation does not start"
    return (
        Need("start", of_service("sagemaker", *start), (pattern,), not_started, SDK_CALLER, asked=(pipeline,)),
        Need("find_pipelines", ("sagemaker:ListPipelines",), ("*",), not_started, SDK_CALLER),
        Need(
            "watch",
            of_service("sagemaker", *watch),
            (f"{pattern}/execution/*", pattern),
            "the run goes on without anybody seeing how",
            SDK_CALLER,
            asked=(f"{pipeline}/execution/preflight000",),
        ),
        pass_role(config, SAGEMAKER, "CreatePipeline is refused", API, part="pass_role"),
    )


def sdk_check(actions: tuple[str, ...], otherwise: str) -> Need:
    """What the SDK simulates on ``*`` before it starts anything."""
    return Need(SDK_CHECK, actions, ("*",), otherwise, SDK_SOURCE)


# -- beside the results --------------------------------------------------------------------------------------


def lineage(config: Configuration) -> Need:
    names = ("AddAssociation", "CreateAction", "CreateArtifact", "CreateContext")
    reading = ("DescribeAction", "DescribeArtifact", "DescribeContext")
    granted = tuple(config.sagemaker(f"{record}/*") for record in ("action", "artifact", "context"))
    otherwise = "the lineage steps fail; the results are complete all the same"
    asked = (config.sagemaker("action/preflight"),)
    return Need(
        "lineage", of_service("sagemaker", *names, *reading), granted, otherwise, CUSTOMIZATION, "secondary", asked
    )


def job_logs(config: Configuration) -> Need:
    names = ("CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents")
    group = config.arn("logs", "log-group:/aws/sagemaker/TrainingJobs")
    otherwise, asked = "a failing job leaves no log", (f"{group}:log-stream:x",)
    return Need("logs", of_service("logs", *names), (f"{group}*",), otherwise, SDK_ROLE, "secondary", asked)


def track_in_mlflow(config: Configuration) -> tuple[Need, ...]:
    """Writing to the MLflow app or tracking server: its own API, and SageMaker's around it."""
    if not config.mlflow:
        return ()
    names = ("CreateExperiment", "CreateRun", "GetExperimentByName", "LogBatch", "LogMetric", "LogParam", "SetTag")
    arn, otherwise = (config.mlflow,), "the run is not tracked in MLflow"
    around = (
        ("sagemaker:DescribeMlflowTrackingServer",)
        if ":mlflow-tracking-server/" in config.mlflow
        else ("sagemaker:CallMlflowAppApi", "sagemaker:DescribeMlflowApp")
    )
    writing = of_service("sagemaker-mlflow", *names, "UpdateRun")
    return (
        Need("mlflow", writing, arn, otherwise, SDK_ROLE, "secondary", arn),
        Need("mlflow_api", around, arn, otherwise, CUSTOMIZATION, "secondary", arn),
    )


def create_mlflow(config: Configuration) -> Need | None:
    if not config.mlflow_create:
        return None
    actions = of_service("sagemaker", "CreateMlflowApp", "ListMlflowApps")
    return Need("create_mlflow", actions, ("*",), "the SDK cannot create the MLflow app that it needs", SDK_SOURCE)


# -- what the checks read ------------------------------------------------------------------------------------


def read_for_checks(config: Configuration, *actions: str) -> tuple[Need, ...]:
    """What whoever runs `preflight` reads with it; ``actions`` are the kind's own."""
    shared = (
        "ec2:DescribeRouteTables",
        "ec2:DescribeVpcEndpoints",
        "kms:DescribeKey",
        "kms:GetKeyPolicy",
        "pricing:GetProducts",
        *of_service("sagemaker", "DescribeDomain", "DescribeMlflowApp", "DescribeMlflowTrackingServer"),
        *of_service("sagemaker", "DescribeTrainingJob", "ListDomains", "ListMlflowApps", "ListMlflowTrackingServers"),
        "sagemaker:ListPipelineExecutions",
        *of_service("servicequotas", "GetAWSDefaultServiceQuota", "GetServiceQuota", "ListServiceQuotas"),
    )
    settings = of_service("s3", "GetBucketObjectLockConfiguration", "GetBucketPolicy", "GetEncryptionConfiguration")
    stores = tuple(dict.fromkeys(config.s3(weights.partition("/")[0]) for weights in config.weights))
    undecided = "a check that reads it is skipped and says so"

    def need(part: str, names: tuple[str, ...], granted: tuple[str, ...]) -> Need | None:
        return Need(part, names, granted, undecided, READING, "checks") if granted else None

    return present(
        need("read", (*shared, *actions), ("*",)),
        need("read_role", of_service("iam", "GetRole", "SimulatePrincipalPolicy"), (config.role,)),
        need("read_buckets", settings, config.buckets),
        need("read_stores", ("s3:ListBucket",), stores),
    )
