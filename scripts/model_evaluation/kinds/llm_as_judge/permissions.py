"""What an evaluation with a judge needs to be allowed, each action with who says so."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.errors import EvaluationError
from model_evaluation.kinds.permissions import Need, Permissions, TrustedService, actions
from model_evaluation.lookups.session import outcome
from model_evaluation.preflight import needs
from model_evaluation.preflight.configuration import Configuration, configuration_of
from model_evaluation.preflight.evaluator_needs import TRUSTED as SAGEMAKER_TRUSTED
from model_evaluation.preflight.evaluator_needs import of_caller, of_role
from model_evaluation.preflight.needs import CUSTOMIZATION, SDK_ROLE, SDK_SOURCE, Needs

from .lookups import LIST_BUCKET, LIST_KEY, InferenceProfile, profile_needed
from .runtime.judge_runs import JudgeRuns

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
LATE = "scoring fails, about 25 minutes after the start"
MAYBE_LATE = "scoring may fail, about 25 minutes after the start"
DISPUTED = "Scoring may fail about 25 minutes after the start (AWS's own sources disagree on the need)."


def permissions(context: Context, role: str = "") -> Permissions:
    """As far as the answers go. For a candidate ``role`` nothing is looked up."""
    config, judge = configuration_of(context, role), str(context.value("judge") or "")
    profile = None
    if judge and not role:
        answer = outcome(lambda: profile_needed(context.aws, judge, config.region))()
        profile = None if isinstance(answer, EvaluationError) else answer  # `judge_call` says what is not known
    prefix, own = JudgeRuns.prefix, (*_scoring(config), *(_calling(config, judge, profile) if judge else ()))
    to_bedrock = needs.pass_role(config, BEDROCK, MAYBE_LATE, CUSTOMIZATION, "pass_role_to_bedrock", "contested")
    looking = actions("bedrock", "GetFoundationModelAvailability ListInferenceProfiles")
    return Permissions(
        (*own, *to_bedrock, *of_role(config, prefix, SDK_ROLE_ACTIONS)),
        (*_judge_of_caller(config, judge), *of_caller(config, prefix, *looking)),
        (*SAGEMAKER_TRUSTED, TrustedService(BEDROCK, "Bedrock", DISPUTED, contested=True, part="bedrock_trust")),
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


def _judge_of_caller(config: Configuration, judge: str) -> Needs:
    """The list of judges, and the judge's end of life."""
    bucket, model = LIST_BUCKET.format(region=config.region), (_model(config, judge),)
    listing, live_list = (config.s3(f"{bucket}/*"),), (config.s3(f"{bucket}/{LIST_KEY}"),)
    late, unchecked = "the judge's end of life cannot be checked", "the SDK cannot check the judge and only warns"
    lifecycle = ("bedrock:GetFoundationModel",)
    return (
        Need("judge_list", ("s3:GetObject",), listing, unchecked, SDK_SOURCE, "secondary", live_list),
        *((Need("judge", lifecycle, model, late, SDK_SOURCE, "secondary", model),) if judge else ()),
    )


def _model(config: Configuration, judge: str) -> str:
    return f"arn:{config.partition}:bedrock:{config.region}::foundation-model/{judge}"
