"""What role and caller need for an evaluation with Inspect, as data. AWS's guide "Evaluate with Inspect AI Container"
lists the role's part by what answers."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.permissions import Need, Permissions, actions
from model_evaluation.lookups.iam.roles import SAGEMAKER
from model_evaluation.preflight import needs
from model_evaluation.preflight.configuration import Configuration, configuration_of
from model_evaluation.preflight.evaluator_needs import EARLY, SDK_ROLE_ACTIONS, TRUSTED
from model_evaluation.preflight.needs import SDK_CALLER, SDK_CALLER_ACTIONS, SDK_ROLE, SDK_SOURCE, Needs

from .runtime.inspect_runs import InspectRuns
from .runtime.targets import Target

GUIDE = "SageMaker guide, Evaluate with Inspect AI Container"


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
    found: dict[str, Need] = {}
    granted: tuple[str, ...]
    asked: tuple[str, ...]
    for target in targets:
        if target.bedrock:
            where = f"arn:{config.partition}:bedrock"
            granted = (
                f"{where}:*::foundation-model/*",
                f"{where}:{config.region}:{config.account}:inference-profile/*",
            )
            asked = (f"{where}:{config.region}::foundation-model/{target.bedrock.split('.', 1)[-1]}",)
            names = actions("bedrock", "InvokeModel InvokeModelWithResponseStream")
            found["bedrock"] = Need("call_model", names, granted, "every sample fails", GUIDE, asked=asked)
        if target.endpoint:
            arn = (config.sagemaker(f"endpoint/{target.endpoint.lower()}"),)
            names = actions("sagemaker", "DescribeEndpoint InvokeEndpoint InvokeEndpointWithResponseStream")
            part = f"call_endpoint_{len(found)}"
            found[target.endpoint] = Need(part, names, arn, "every sample fails", GUIDE, asked=arn)
        if target.package:
            make = "CreateModel CreateEndpointConfig CreateEndpoint DescribeEndpoint InvokeEndpoint"
            clean = "DeleteModel DeleteEndpointConfig DeleteEndpoint"
            granted = tuple(config.sagemaker(f"{sort}/*") for sort in ("model", "endpoint-config", "endpoint"))
            asked = tuple(config.sagemaker(f"{sort}/inspectai-x") for sort in ("model", "endpoint-config", "endpoint"))
            found["make"] = Need(
                "make_endpoint", actions("sagemaker", make), granted, "no endpoint is made", GUIDE, asked=asked
            )
            left = "the endpoint is left behind and costs money"
            found["clean"] = Need("delete_endpoint", actions("sagemaker", clean), granted, left, GUIDE, asked=asked)
            weights = str(target.weights).removeprefix("s3://").rstrip("/")
            found[f"weights {weights}"] = Need(
                f"weights_{len(found)}",
                ("s3:GetObject",),
                (config.s3(f"{weights}*"),),
                "the endpoint cannot load the weights",
                GUIDE,
                "contested",
                (config.s3(f"{weights}/model.safetensors"),),
            )
    return tuple(found.values())


def _of_caller(config: Configuration, prefix: str) -> Needs:
    looked_up = "a model that is not there is found out by the run only"
    return (
        *needs.start_pipelines(config, prefix),
        *needs.write_output(
            config, "write_output", "the configuration cannot be written, or logs not read", SDK_CALLER
        ),
        *needs.list_buckets(config, "ListBucket", "logs cannot be found", SDK_CALLER),
        *needs.create_mlflow(config),
        Need(
            "read_config",
            ("sagemaker:DescribePipelineDefinitionForExecution",),
            (config.sagemaker(f"pipeline/{prefix}*"),),
            "what runs cannot be compared with what was asked for, and its logs cannot be found",
            SDK_SOURCE,
            asked=(config.sagemaker(f"pipeline/{prefix}-preflight/execution/preflight000"),),
        ),
        Need(
            "find_models",
            actions("bedrock", "GetFoundationModel GetInferenceProfile"),
            ("*",),
            looked_up,
            GUIDE,
            "secondary",
        ),
        *needs.sdk_check(SDK_CALLER_ACTIONS, "the SDK refuses you before anything starts"),
        *needs.read_for_checks(config, "sagemaker:DescribeEndpoint"),
    )
