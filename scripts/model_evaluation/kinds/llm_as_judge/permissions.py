"""What an evaluation with a judge needs to be allowed, each action with who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.errors import EvaluationError
from model_evaluation.kinds.permissions import Need, Permissions, TrustedService, actions
from model_evaluation.lookups.concurrency import outcome
from model_evaluation.lookups.iam.roles import SAGEMAKER
from model_evaluation.preflight import needs
from model_evaluation.preflight.configuration import Configuration, configuration_of
from model_evaluation.preflight.needs import CUSTOMIZATION, SDK_CALLER, SDK_ROLE, SDK_SOURCE, Needs

from .lookups.access import InferenceProfile, profile_needed
from .lookups.judges import LIST_BUCKET, LIST_KEY
from .runtime.judge_runs import JudgeRuns

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

BEDROCK = "bedrock.amazonaws.com"
JUDGE_ROLES = "Bedrock guide, judge service roles"
JUDGE_JOBS = "Bedrock guide, judge jobs"
PROFILES = "Bedrock guide, inference profiles"
REPORTS = "users' reports, AWS samples"
# What the SDK (3.27) simulates for the role without naming resources.
SDK_ROLE_ACTIONS = (
    *actions("bedrock", "CreateEvaluationJob GetEvaluationJob"),
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
)
EARLY = "the inference steps fail a few minutes after the start"
LATE = "scoring fails, about 25 minutes after the start"
MAYBE_LATE = "scoring may fail, about 25 minutes after the start"
DISPUTED = "Scoring may fail about 25 minutes after the start (AWS's own sources disagree on the need)."
TRUSTED = (
    TrustedService(SAGEMAKER, "SageMaker", "No step can start."),
    TrustedService(BEDROCK, "Bedrock", DISPUTED, contested=True, part="bedrock_trust"),
)


def permissions(context: Context, role: str = "") -> Permissions:
    """As far as the answers go. For a candidate ``role`` nothing is looked up."""
    config, judge = configuration_of(context, role), str(context.value("judge") or "")
    profile = None
    if judge and not role:
        answer = outcome(lambda: profile_needed(context.aws, judge, config.region))()
        profile = None if isinstance(answer, EvaluationError) else answer  # `judge_call` says what is not known
    return Permissions(_of_role(config, judge, profile), _of_caller(config, judge), TRUSTED)


def _of_role(config: Configuration, judge: str, profile: InferenceProfile | None) -> Needs:
    """What SageMaker and Bedrock do with the execution role."""
    lost = "inference runs to its end, about 10 minutes, and its answers are lost"
    handing_on = "a step may fail when it hands the role on to its job"
    no_base, no_model = "the inference step may not find the base model", "the inference step may not find the model"
    return (
        *needs.read_dataset(config, EARLY, SDK_ROLE),
        *needs.list_buckets(config, "GetBucketLocation ListBucket", EARLY, SDK_ROLE),
        *needs.write_output(config, "write_results", lost, SDK_ROLE),
        *_scoring(config),
        *(_calling(config, judge, profile) if judge else ()),
        *needs.training_jobs(config, "the first step fails"),
        *needs.pass_role(config, SAGEMAKER, handing_on, CUSTOMIZATION, "pass_role", "contested"),
        *needs.pass_role(config, BEDROCK, MAYBE_LATE, CUSTOMIZATION, "pass_role_to_bedrock", "contested"),
        *needs.base_model(config, no_base, REPORTS, "contested"),
        *needs.model_package(config, no_model, CUSTOMIZATION, "contested"),
        *needs.read_weights(config),
        *needs.end_uploads(config, JUDGE_ROLES),
        *needs.container_images(config),
        *needs.pipelines_of_role(config, JudgeRuns.prefix),
        *needs.lineage(config),
        *needs.job_logs(config),
        *needs.track_in_mlflow(config),
        *needs.sdk_check(SDK_ROLE_ACTIONS, "the SDK refuses the role before anything starts"),
    )


def _scoring(config: Configuration) -> Needs:
    """Bedrock's evaluation jobs."""
    job = (config.arn("bedrock", "evaluation-job/preflight0000"),)
    start = actions("bedrock", "CreateEvaluationJob GetEvaluationJob")
    control = actions("bedrock", "ListEvaluationJobs StopEvaluationJob")
    left_running = "a run that is stopped may leave its scoring job running"
    return (
        Need("evaluation_jobs", start, ("*",), f"inference runs to its end, then {LATE}", SDK_ROLE, asked=job),
        Need("end_evaluation_jobs", control, ("*",), left_running, JUDGE_JOBS, "contested", job),
    )


def _calling(config: Configuration, judge: str, profile: InferenceProfile | None) -> Needs:
    """The judge in this region, or through an inference profile in each of the regions to which that leads."""
    models = profile.models if profile else (_model(config, judge),)
    profiles = f"arn:{config.partition}:bedrock:*:{config.account}:inference-profile/*{judge}"
    granted, batches = (*models, profiles), config.arn("bedrock", "model-invocation-job/*")
    stream, batch = ("bedrock:InvokeModelWithResponseStream",), "CreateModelInvocationJob StopModelInvocationJob"
    in_batches = "scoring may fail where Bedrock calls the judge in batches"
    calling = (
        Need("judge", ("bedrock:InvokeModel",), granted, LATE, JUDGE_ROLES, asked=models),
        Need("judge_stream", stream, granted, "scoring may fail", JUDGE_ROLES, "contested", models),
        Need(
            "judge_batches",
            actions("bedrock", batch),
            (*granted, batches),
            in_batches,
            JUDGE_ROLES,
            "contested",
            models,
        ),
    )
    if profile is None:
        return calling
    arn, details = (profile.arn,), ("bedrock:GetInferenceProfile",)
    return (
        *calling,
        Need("evaluation_jobs_profile", ("bedrock:CreateEvaluationJob",), arn, LATE, REPORTS, asked=arn),
        Need("judge_profile", ("bedrock:InvokeModel",), arn, LATE, PROFILES, asked=arn),
        Need("judge_profile_details", details, arn, MAYBE_LATE, JUDGE_ROLES, "contested", arn),
    )


def _of_caller(config: Configuration, judge: str) -> Needs:
    """What whoever runs the notebook calls."""
    cannot = "the SDK cannot resolve the {} and refuses to start"
    bucket, artifact = LIST_BUCKET.format(region=config.region), (config.sagemaker("artifact/preflight"),)
    listing, live_list = (config.s3(f"{bucket}/*"),), (config.s3(f"{bucket}/{LIST_KEY}"),)
    model, lifecycle = (_model(config, judge),), ("bedrock:GetFoundationModel",)
    register = actions("sagemaker", "CreateArtifact DescribeArtifact")
    late, unchecked = "the judge's end of life cannot be checked", "the SDK cannot check the judge and only warns"
    unregistered = "the SDK may refuse to start: it registers the model's artifact first"
    return (
        *needs.start_pipelines(config, JudgeRuns.prefix),
        *needs.base_model(config, cannot.format("base model"), SDK_CALLER),
        *needs.model_package(config, cannot.format("model"), SDK_SOURCE),
        *needs.write_output(
            config, "write_output", "metrics cannot be uploaded and results cannot be read", SDK_CALLER
        ),
        *needs.read_dataset(config, "the notebook's checks and charts cannot read the rows", SDK_CALLER),
        *needs.list_buckets(
            config, "ListBucket", "the SDK cannot see the dataset, and results cannot be found", SDK_CALLER
        ),
        *needs.create_mlflow(config),
        Need("judge_list", ("s3:GetObject",), listing, unchecked, SDK_SOURCE, "secondary", live_list),
        *((Need("judge", lifecycle, model, late, SDK_SOURCE, "secondary", model),) if judge else ()),
        Need("lineage", register, (config.sagemaker("artifact/*"),), unregistered, SDK_CALLER, "contested", artifact),
        *needs.sdk_check(needs.SDK_CALLER_ACTIONS, "the SDK refuses you before anything starts"),
        *needs.read_for_checks(config, *actions("bedrock", "GetFoundationModelAvailability ListInferenceProfiles")),
    )


def _model(config: Configuration, judge: str) -> str:
    return f"arn:{config.partition}:bedrock:{config.region}::foundation-model/{judge}"
