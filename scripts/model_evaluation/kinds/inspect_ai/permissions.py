"""What role and caller need for an evaluation with Inspect, as data. AWS's guide "Evaluate with Inspect AI Container"
lists the role's part by what answers."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.permissions import Need, Permissions, actions
from model_evaluation.lookups.iam import SAGEMAKER
from model_evaluation.preflight import needs
from model_evaluation.preflight.configuration import Configuration, configuration_of
from model_evaluation.preflight.evaluator_needs import EARLY, SDK_ROLE_ACTIONS, TRUSTED
from model_evaluation.preflight.needs import SDK_CALLER, SDK_CALLER_ACTIONS, SDK_ROLE, SDK_SOURCE, Needs

from .runtime.inspect_runs import InspectRuns
from .runtime.targets import Target

GUIDE = "SageMaker guide, Evaluate with Inspect AI Container"
ENDPOINT_ACTIONS = (
    (
        "make_endpoint",
        "CreateModel CreateEndpointConfig CreateEndpoint DescribeEndpoint InvokeEndpoint",
        "no endpoint is made",
    ),
    (
        "delete_endpoint",
        "DeleteModel DeleteEndpointConfig DeleteEndpoint",
        "the endpoint is left behind and costs money",
    ),
)


def permissions(context: Context, role: str = "") -> Permissions:
    config, prefix = configuration_of(context, role), InspectRuns.prefix
    targets = [
        Target.read(facts["target"]) for step in ("model", "reference") if (facts := context.facts(step)).get("target")
    ]
    bucket, key = context.facts("benchmarks").get("bucket"), context.facts("benchmarks").get("key")
    folder = f"{bucket}/{key}".rstrip("/") if bucket else ""
    return Permissions(
        (*_tasks(config, folder, EARLY, GUIDE), *_of_role(config, prefix), *_models(config, targets)),
        (*_tasks(config, folder, "the notebook's checks cannot read the tasks", GUIDE), *_of_caller(config, prefix)),
        TRUSTED,
    )


def _tasks(config: Configuration, folder: str, otherwise: str, source: str) -> Needs:
    if not folder:
        return ()
    bucket = config.s3(folder.partition("/")[0])
    granted = (config.s3(f"{folder}/*"),)
    return (
        Need("read_tasks", ("s3:GetObject",), granted, otherwise, source, asked=(config.s3(f"{folder}/task.py"),)),
        Need("list_tasks", ("s3:ListBucket",), (bucket,), otherwise, source, asked=(bucket,)),
    )


def _of_role(config: Configuration, prefix: str) -> Needs:
    return (
        *needs.write_output(config, "write_results", "the logs are lost when they are to be written", GUIDE),
        *needs.training_jobs(config, "the step cannot start its job"),
        *needs.pass_role(
            config, SAGEMAKER, "the step may fail when it hands the role on", GUIDE, "pass_role", "contested"
        ),
        *needs.end_uploads(config, SDK_ROLE),
        *needs.container_images(config),
        *needs.pipelines_of_role(config, prefix),
        *needs.job_logs(config),
        *needs.sdk_check(SDK_ROLE_ACTIONS, "the SDK refuses the role before anything starts"),
    )


def _models(config: Configuration, targets: list[Target]) -> Needs:
    """What calling the models takes, by how each of them is called."""
    needed: dict[str, Need] = {}
    fails, bedrock = "every sample fails", f"arn:{config.partition}:bedrock"
    for target in targets:
        if target.bedrock:
            profiles = f"{bedrock}:{config.region}:{config.account}:inference-profile/*"
            granted = (f"{bedrock}:*::foundation-model/*", profiles)
            asked = (f"{bedrock}:{config.region}::foundation-model/{target.bedrock.split('.', 1)[-1]}",)
            names = actions("bedrock", "InvokeModel InvokeModelWithResponseStream")
            needed["bedrock"] = Need("call_model", names, granted, fails, GUIDE, asked=asked)
        if target.endpoint:
            arn = (config.sagemaker(f"endpoint/{target.endpoint.lower()}"),)
            names = actions("sagemaker", "DescribeEndpoint InvokeEndpoint InvokeEndpointWithResponseStream")
            needed[target.endpoint] = Need(f"call_endpoint_{len(needed)}", names, arn, fails, GUIDE, asked=arn)
        if target.package:
            sorts = ("model", "endpoint-config", "endpoint")
            own, one = ([config.sagemaker(f"{sort}/{name}") for sort in sorts] for name in ("*", "inspectai-x"))
            for part, calls, otherwise in ENDPOINT_ACTIONS:
                needed[part] = Need(part, actions("sagemaker", calls), tuple(own), otherwise, GUIDE, asked=tuple(one))
            weights = config.s3(str(target.weights).removeprefix("s3://").rstrip("/"))
            unloaded, file = "the endpoint cannot load the weights", (f"{weights}/model.safetensors",)
            part, get = f"weights_{len(needed)}", ("s3:GetObject",)
            needed[weights] = Need(part, get, (f"{weights}*",), unloaded, GUIDE, "contested", file)
    return tuple(needed.values())


def _of_caller(config: Configuration, prefix: str) -> Needs:
    looked_up = "a model that is not there is found out by the run only"
    finding = actions("bedrock", "GetFoundationModel GetInferenceProfile")
    reading = ("sagemaker:DescribePipelineDefinitionForExecution",)
    unread = "what runs cannot be compared with what was asked for, and its logs cannot be found"
    pipelines = (config.sagemaker(f"pipeline/{prefix}*"),)
    execution = (config.sagemaker(f"pipeline/{prefix}-preflight/execution/preflight000"),)
    unwritten = "the configuration cannot be written, or logs not read"
    return (
        *needs.start_pipelines(config, prefix),
        *needs.write_output(config, "write_output", unwritten, SDK_CALLER),
        *needs.list_buckets(config, "ListBucket", "logs cannot be found", SDK_CALLER),
        *needs.create_mlflow(config),
        Need("read_config", reading, pipelines, unread, SDK_SOURCE, asked=execution),
        Need("find_models", finding, ("*",), looked_up, GUIDE, "secondary"),
        *needs.sdk_check(SDK_CALLER_ACTIONS, "the SDK refuses you before anything starts"),
        *needs.read_for_checks(config, "sagemaker:DescribeEndpoint"),
    )
