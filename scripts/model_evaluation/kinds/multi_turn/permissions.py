"""What an evaluation of agents needs to be allowed."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.permissions import Need, Permissions, TrustedService, actions
from model_evaluation.preflight import needs
from model_evaluation.preflight.configuration import configuration_of
from model_evaluation.preflight.evaluator_needs import SDK_ROLE_ACTIONS, TRUSTED, of_caller, recipe
from model_evaluation.preflight.needs import CUSTOMIZATION, SDK_ROLE

from .runtime.multi_turn_runs import MultiTurnRuns

GUIDE = "SageMaker guide, multi-turn evaluation"
JOB_SERVICE = "job.sagemaker.amazonaws.com"
JOBS = TrustedService(
    JOB_SERVICE,
    "SageMaker's job service",
    "The SDK does not look at that, and the jobs fail. It takes sts:AssumeRole and sts:TagSession.",
    part="jobs",
    actions=("sts:AssumeRole", "sts:TagSession"),
)
EARLY = "the first job fails a few minutes after the start"


def permissions(context: Context, role: str = "") -> Permissions:
    """As far as the answers go. The SDK's own check knows nothing of agents, and of one of the two services only."""
    config, prefix = configuration_of(context, role), MultiTurnRuns.prefix
    agent = str(context.facts("agent").get("arn") or "")
    jobs = (config.sagemaker("job/*"),)
    mlflow = (config.mlflow,) if config.mlflow else ()
    own = (
        *needs.read_dataset(config, EARLY, SDK_ROLE),
        *needs.list_buckets(config, "GetBucketLocation ListBucket", EARLY, SDK_ROLE),
        *needs.write_output(config, "write_results", "the rollouts are lost when they are to be written", SDK_ROLE),
        Need("jobs", actions("sagemaker", "CreateJob DescribeJob"), jobs, EARLY, GUIDE, asked=_asked(jobs)),
        Need("end_jobs", ("sagemaker:StopJob",), jobs, "a stopped run may leave its job", GUIDE, "contested"),
        *needs.pass_role(config, JOB_SERVICE, EARLY, GUIDE, "pass_role", "contested"),
        *needs.base_model(config, "a job may not find the base model", CUSTOMIZATION, "contested"),
        *needs.model_package(config, "a job may not find the model", CUSTOMIZATION, "contested"),
        *needs.read_weights(config),
        *_agent_needs(agent),
        *needs.pipelines_of_role(config, prefix),
        *needs.lineage(config),
        *needs.job_logs(config),
        *needs.track_in_mlflow(config),
        *(_traces(config.mlflow) if config.mlflow else ()),
        *needs.sdk_check(SDK_ROLE_ACTIONS, "the SDK refuses the role before anything starts"),
    )
    reading = actions("sagemaker-mlflow", "GetRun SearchTraces")
    caller = (
        *of_caller(config, prefix),
        *recipe(config),
        Need("read_jobs", ("sagemaker:DescribeJob",), jobs, "results cannot be found", GUIDE, asked=_asked(jobs)),
        *((Need("read_mlflow", reading, mlflow, "results cannot be read", GUIDE, asked=mlflow),) if mlflow else ()),
        *_looking_at(agent),
    )
    return Permissions(own, caller, (*TRUSTED, JOBS))


def _traces(mlflow: str) -> tuple[Need, ...]:
    names, otherwise = (
        ("sagemaker-mlflow:StartTrace",),
        "rollouts are not kept: the models can be compared unpaired only",
    )
    return (Need("traces", names, (mlflow,), otherwise, GUIDE, "secondary", (mlflow,)),)


def _asked(jobs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(job.replace("*", "pipelines-preflight") for job in jobs)


def _agent_needs(agent: str) -> tuple[Need, ...]:
    otherwise = "no rollout can be made"
    if ":bedrock-agentcore:" in agent:
        names = actions("bedrock-agentcore", "InvokeAgentRuntime StopRuntimeSession GetAgentRuntime")
        granted = (agent, f"{agent}/*")
        return (Need("agent", names, granted, otherwise, GUIDE, asked=(agent,)),)
    if agent:
        return (Need("agent", ("lambda:InvokeFunction",), (agent,), otherwise, GUIDE, asked=(agent,)),)
    return ()


def _looking_at(agent: str) -> tuple[Need, ...]:
    if not agent:
        return ()
    names = (
        actions("bedrock-agentcore", "GetAgentRuntime GetAgentRuntimeEndpoint")
        if ":bedrock-agentcore:" in agent
        else ("lambda:GetFunctionConfiguration",)
    )
    return (Need("read_agent", names, (agent, f"{agent}/*"), "the agent is not checked", "preflight", "checks"),)
