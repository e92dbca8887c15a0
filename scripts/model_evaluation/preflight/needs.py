"""What several kinds of evaluation need to be allowed. A kind's own permissions are made of these and of its own.

Each gives the needs that this evaluation has: none where it lacks what they are about.
"""

from __future__ import annotations

from model_evaluation.kinds.permissions import SDK_CHECK, Necessity, Need, actions
from model_evaluation.lookups.iam import SAGEMAKER
from model_evaluation.lookups.sagemaker.hub import PUBLIC_HUB

from .configuration import Configuration

# Who says so; references/iam.md names the pages.
SDK_ROLE = "SDK 3.27, role policy"
SDK_CALLER = "SDK 3.27, caller actions"
SDK_SOURCE = "SDK 3.27, source"
CUSTOMIZATION = "SageMaker guide, customization prerequisites"
API = "AWS API reference"
READING = "preflight"
# The SDK (3.27) simulates these for the caller of every evaluator, without naming resources.
SDK_CALLER_ACTIONS = (
    *actions("s3", "GetObject ListBucket PutObject"),
    *actions("sagemaker", "CreatePipeline UpdatePipeline DescribePipeline ListPipelines StartPipelineExecution"),
    *actions(
        "sagemaker", "DescribePipelineExecution ListPipelineExecutionSteps StopPipelineExecution ListTags AddTags"
    ),
    *actions("sagemaker", "DescribeTrainingJob DescribeHubContent ListHubContents DescribeHub ListHubs"),
    *actions("sagemaker", "CreateArtifact ListArtifacts DescribeArtifact"),
)

Needs = tuple[Need, ...]

# -- data ----------------------------------------------------------------------------------------------------


def read_dataset(config: Configuration, otherwise: str, source: str) -> Needs:
    if not config.dataset:
        return ()
    granted = (config.s3(config.dataset),)
    return (Need("read_dataset", ("s3:GetObject",), granted, otherwise, source, asked=config.dataset_objects),)


def list_buckets(config: Configuration, names: str, otherwise: str, source: str) -> Needs:
    buckets = config.buckets
    return (Need("list_buckets", actions("s3", names), buckets, otherwise, source, asked=buckets),) if buckets else ()


def write_output(config: Configuration, part: str, otherwise: str, source: str) -> Needs:
    if not config.output:
        return ()
    granted, asked = (config.s3(f"{config.output}/*"),), (config.s3(f"{config.output}/preflight"),)
    return (Need(part, actions("s3", "GetObject PutObject"), granted, otherwise, source, asked=asked),)


def end_uploads(config: Configuration, source: str) -> Needs:
    """What belongs to writing large objects in parts."""
    if not config.output:
        return ()
    granted, asked = (config.s3(f"{config.output}/*"),), (config.s3(f"{config.output}/preflight"),)
    otherwise, bucket = "parts of an upload that was broken off stay in the bucket", (config.s3(config.output_bucket),)
    return (
        Need("end_uploads", ("s3:AbortMultipartUpload",), granted, otherwise, source, "contested", asked),
        Need("list_uploads", ("s3:ListBucketMultipartUploads",), bucket, otherwise, source, "contested", bucket),
    )


def read_weights(config: Configuration) -> Needs:
    """SageMaker may keep the weights where only it can look, so this is never essential."""
    if not config.weights:
        return ()
    granted = tuple(config.s3(f"{weights}/*") for weights in config.weights)
    asked = tuple(config.s3(f"{weights}/model.safetensors") for weights in config.weights)
    otherwise = "the inference step may not be able to load the fine-tuned weights"
    return (Need("weights", ("s3:GetObject",), granted, otherwise, SDK_ROLE, "contested", asked),)


def use_keys(keys: tuple[str, ...]) -> Needs:
    """KMS keys of buckets and objects; `encryption` asks about them, since a key's own policy decides, too."""
    otherwise = "what is encrypted with them cannot be read or written"
    names = actions("kms", "Decrypt Encrypt GenerateDataKey")
    return (Need("keys", names, keys, otherwise, SDK_ROLE),) if keys else ()


# -- models --------------------------------------------------------------------------------------------------


def base_model(config: Configuration, otherwise: str, source: str, necessity: Necessity = "required") -> Needs:
    if not config.models:
        return ()
    contents = {model: config.of_hub(f"hub-content/{PUBLIC_HUB}/Model/{model.base_model}") for model in config.models}
    granted = (config.of_hub(f"hub/{PUBLIC_HUB}"), *dict.fromkeys(f"{content}/*" for content in contents.values()))
    asked = tuple(dict.fromkeys(f"{content}/{model.base_model_version or '*'}" for model, content in contents.items()))
    return (Need("base_model", ("sagemaker:DescribeHubContent",), granted, otherwise, source, necessity, asked),)


def model_package(config: Configuration, otherwise: str, source: str, necessity: Necessity = "required") -> Needs:
    action, arns = ("sagemaker:DescribeModelPackage",), config.packages
    return (Need("model_package", action, arns, otherwise, source, necessity, arns),) if arns else ()


# -- jobs and pipelines --------------------------------------------------------------------------------------


def training_jobs(config: Configuration, otherwise: str) -> Needs:
    """Jobs that the role starts, and may have to end."""
    granted, asked = (config.sagemaker("training-job/*"),), (config.sagemaker("training-job/pipelines-preflight"),)
    start = actions("sagemaker", "AddTags CreateTrainingJob DescribeTrainingJob")
    stop = "a run that is stopped may leave its job running"
    return (
        Need("jobs", start, granted, otherwise, SDK_ROLE, asked=asked),
        Need("end_jobs", ("sagemaker:StopTrainingJob",), granted, stop, SDK_ROLE, "contested", asked),
    )


def pass_role(
    config: Configuration, service: str, otherwise: str, source: str, part: str, necessity: Necessity = "required"
) -> Needs:
    """Handing the execution role to a service such as ``sagemaker.amazonaws.com``."""
    arn, context = (config.role,), (("iam:PassedToService", service),)
    return (Need(part, ("iam:PassRole",), arn, otherwise, source, necessity, arn, context),)


def container_images(config: Configuration) -> Needs:
    names = actions("ecr", "BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer")
    granted = (f"arn:{config.partition}:ecr:{config.region}:*:repository/*",)
    asked, otherwise = (
        (config.arn("ecr", "repository/preflight"),),
        "a step may not be able to load its container image",
    )
    return (Need("images", names, granted, otherwise, SDK_ROLE, "contested", asked),)


def pipelines_of_role(config: Configuration, prefix: str) -> Needs:
    """The SDK's own role may work with pipelines; whoever runs the notebook starts them."""
    names = actions("sagemaker", "CreatePipeline DescribePipeline DescribePipelineExecution StartPipelineExecution")
    granted, asked = (config.sagemaker(f"pipeline/{prefix}*"),), (config.sagemaker(f"pipeline/{prefix}-preflight"),)
    otherwise = "a notebook that runs with this very role may not start"
    return (Need("pipelines", names, granted, otherwise, SDK_ROLE, "contested", asked),)


def start_pipelines(config: Configuration, prefix: str) -> Needs:
    """What starting and watching takes whoever runs the notebook; ``prefix`` is how the SDK's pipelines are named."""
    pattern, pipeline = config.sagemaker(f"pipeline/{prefix}*"), config.sagemaker(f"pipeline/{prefix}-preflight")
    names = "CreatePipeline UpdatePipeline DescribePipeline StartPipelineExecution AddTags ListTags"
    watch = actions("sagemaker", "DescribePipelineExecution ListPipelineExecutionSteps StopPipelineExecution")
    executions, execution = (f"{pattern}/execution/*", pattern), (f"{pipeline}/execution/preflight000",)
    unwatched, not_started = "the run goes on without anybody seeing how", "the evaluation does not start"
    return (
        Need("start", actions("sagemaker", names), (pattern,), not_started, SDK_CALLER, asked=(pipeline,)),
        Need("find_pipelines", ("sagemaker:ListPipelines",), ("*",), not_started, SDK_CALLER),
        Need("watch", watch, executions, unwatched, SDK_CALLER, asked=execution),
        *pass_role(config, SAGEMAKER, "CreatePipeline is refused", API, "pass_role"),
    )


def sdk_check(names: tuple[str, ...], otherwise: str) -> Needs:
    """What the SDK simulates on ``*`` before it starts anything."""
    return (Need(SDK_CHECK, names, ("*",), otherwise, SDK_SOURCE),)


# -- beside the results --------------------------------------------------------------------------------------


def lineage(config: Configuration) -> Needs:
    writing = actions("sagemaker", "AddAssociation CreateAction CreateArtifact CreateContext")
    reading = actions("sagemaker", "DescribeAction DescribeArtifact DescribeContext")
    granted = tuple(config.sagemaker(f"{record}/*") for record in ("action", "artifact", "context"))
    otherwise, asked = "the lineage steps fail; the results are complete", (config.sagemaker("action/preflight"),)
    return (Need("lineage", (*writing, *reading), granted, otherwise, CUSTOMIZATION, "secondary", asked),)


def job_logs(config: Configuration) -> Needs:
    names = actions("logs", "CreateLogGroup CreateLogStream DescribeLogStreams PutLogEvents")
    group = config.arn("logs", "log-group:/aws/sagemaker/TrainingJobs")
    asked = (f"{group}:log-stream:x",)
    return (Need("logs", names, (f"{group}*",), "a failing job leaves no log", SDK_ROLE, "secondary", asked),)


def track_in_mlflow(config: Configuration) -> Needs:
    """Writing to the MLflow app or tracking server: its own API, and SageMaker's around it."""
    if not config.mlflow:
        return ()
    names = "CreateExperiment CreateRun GetExperimentByName LogBatch LogMetric LogParam SetTag UpdateRun"
    is_server = ":mlflow-tracking-server/" in config.mlflow
    around = actions("sagemaker", "DescribeMlflowTrackingServer" if is_server else "CallMlflowAppApi DescribeMlflowApp")
    arn, otherwise = (config.mlflow,), "the run is not tracked in MLflow"
    return (
        Need("mlflow", actions("sagemaker-mlflow", names), arn, otherwise, SDK_ROLE, "secondary", arn),
        Need("mlflow_api", around, arn, otherwise, CUSTOMIZATION, "secondary", arn),
    )


def create_mlflow(config: Configuration) -> Needs:
    names, otherwise = "CreateMlflowApp ListMlflowApps", "the SDK cannot create the MLflow app that it needs"
    need = Need("create_mlflow", actions("sagemaker", names), ("*",), otherwise, SDK_SOURCE)
    return (need,) if config.mlflow_create else ()


# -- what the checks read ------------------------------------------------------------------------------------


def read_for_checks(config: Configuration, *own: str) -> Needs:
    """What whoever runs `preflight` reads with it; ``own`` are the kind's actions."""
    shared = (
        *actions("ec2", "DescribeRouteTables DescribeVpcEndpoints"),
        *actions("kms", "DescribeKey GetKeyPolicy"),
        "pricing:GetProducts",
        *actions("sagemaker", "DescribeDomain DescribeMlflowApp DescribeMlflowTrackingServer DescribeTrainingJob"),
        *actions("sagemaker", "ListDomains ListMlflowApps ListMlflowTrackingServers ListPipelineExecutions"),
        *actions("servicequotas", "GetAWSDefaultServiceQuota GetServiceQuota ListServiceQuotas"),
    )
    settings = actions("s3", "GetBucketObjectLockConfiguration GetBucketPolicy GetEncryptionConfiguration")
    stores = tuple(dict.fromkeys(config.s3(weights.partition("/")[0]) for weights in config.weights))
    reading: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
        "read": ((*shared, *own), ("*",)),
        "read_role": (actions("iam", "GetRole SimulatePrincipalPolicy"), (config.role,)),
        "read_buckets": (settings, config.buckets),
        "read_stores": (("s3:ListBucket",), stores),
    }
    otherwise = "a check that reads it is skipped and says so"
    return tuple(
        Need(part, names, granted, otherwise, READING, "checks")
        for part, (names, granted) in reading.items()
        if granted
    )
