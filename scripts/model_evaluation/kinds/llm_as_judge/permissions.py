"""What an evaluation with a judge needs to be allowed, each action with who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.errors import EvaluationError
from model_evaluation.kinds.permissions import Need, Permissions, TrustedService
from model_evaluation.lookups.concurrency import outcome
from model_evaluation.lookups.iam.roles import SAGEMAKER
from model_evaluation.preflight import needs
from model_evaluation.preflight.configuration import Configuration, configuration_of
from model_evaluation.preflight.needs import of_service, present

from .lookups.access import InferenceProfile, profile_needed
from .lookups.judges import LIST_BUCKET, LIST_KEY

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

BEDROCK = "bedrock.amazonaws.com"
PIPELINES = "SagemakerEvaluation-LLMAJEvaluation"
"""How the SDK names the pipelines of this kind; what follows differs from account to account."""
JUDGE_ROLES = "Bedrock guide, judge service roles"
JUDGE_JOBS = "Bedrock guide, judge jobs"
PROFILES = "Bedrock guide, inference profiles"
REPORTS = "users' reports, AWS samples"
LATE = "scoring fails, about 25 minutes after the start"
# What the SDK (3.27) simulates for the role without naming resources.
SDK_ROLE_ACTIONS = (
    "bedrock:CreateEvaluationJob",
    "bedrock:GetEvaluationJob",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
)
TRUSTED = (
    TrustedService(SAGEMAKER, "SageMaker", "No step can start."),
    TrustedService(
        BEDROCK,
        "Bedrock",
        "Scoring may fail about 25 minutes after the start (AWS's own sources disagree on the need).",
        contested=True,
        part="bedrock_trust",
    ),
)


def permissions(context: Context, role: str = "") -> Permissions:
    """As far as the answers go. For a candidate ``role`` nothing is looked up."""
    config, judge = configuration_of(context, role), str(context.value("judge") or "")
    profile = None
    if judge and not role:
        answer = outcome(lambda: profile_needed(context.aws, judge, config.region))()
        profile = None if isinstance(answer, EvaluationError) else answer  # `judge_call` says what is not known
    return Permissions(
        role=tuple(_of_role(config, judge, profile)), caller=tuple(_of_caller(config, judge)), trusted=TRUSTED
    )


def _of_role(config: Configuration, judge: str, profile: InferenceProfile | None) -> list[Need]:
    """What SageMaker and Bedrock do with the execution role."""
    early = "the inference steps fail a few minutes after the start"
    return [
        *present(
            needs.read_dataset(config, early, needs.SDK_ROLE),
            needs.list_buckets(config, of_service("s3", "GetBucketLocation", "ListBucket"), early, needs.SDK_ROLE),
            needs.write_output(
                config,
                "write_results",
                "inference runs to its end, about 10 minutes, and its answers are lost",
                needs.SDK_ROLE,
            ),
        ),
        *_scoring(config, judge, profile),
        *needs.training_jobs(config, "the first step fails"),
        needs.pass_role(
            config,
            SAGEMAKER,
            "a step may fail when it hands the role on to its job",
            needs.CUSTOMIZATION,
            part="pass_role",
            necessity="contested",
        ),
        needs.pass_role(
            config,
            BEDROCK,
            "scoring may fail, about 25 minutes after the start",
            needs.CUSTOMIZATION,
            part="pass_role_to_bedrock",
            necessity="contested",
        ),
        *present(
            needs.base_model(config, "the inference step may not find the base model", REPORTS, "contested"),
            needs.model_package(config, "the inference step may not find the model", needs.CUSTOMIZATION, "contested"),
            needs.read_weights(config),
        ),
        *needs.end_uploads(config, JUDGE_ROLES),
        needs.container_images(config),
        needs.pipelines_of_role(config, PIPELINES),
        needs.lineage(config),
        needs.job_logs(config),
        *needs.track_in_mlflow(config),
        needs.sdk_check(SDK_ROLE_ACTIONS, "the SDK refuses the role before anything starts"),
    ]


def _scoring(config: Configuration, judge: str, profile: InferenceProfile | None) -> list[Need]:
    """Bedrock's evaluation job and the judge that it calls: in this region, or through an inference profile in any of
    the regions to which that leads."""
    job = (config.arn("bedrock", "evaluation-job/preflight0000"),)
    start = of_service("bedrock", "CreateEvaluationJob", "GetEvaluationJob")
    control = of_service("bedrock", "ListEvaluationJobs", "StopEvaluationJob")
    left_running = "a run that is stopped may leave its scoring job running"
    jobs = [
        Need("evaluation_jobs", start, ("*",), f"inference runs to its end, then {LATE}", needs.SDK_ROLE, asked=job),
        Need("end_evaluation_jobs", control, ("*",), left_running, JUDGE_JOBS, "contested", job),
    ]
    if not judge:
        return jobs
    here = f"arn:{config.partition}:bedrock:{config.region}::foundation-model/{judge}"
    models = profile.models if profile else (here,)
    profiles = f"arn:{config.partition}:bedrock:*:{config.account}:inference-profile/*{judge}"
    batches = config.arn("bedrock", "model-invocation-job/*")
    batch_actions = of_service("bedrock", "CreateModelInvocationJob", "StopModelInvocationJob")
    stream = ("bedrock:InvokeModelWithResponseStream",)
    calling = [
        Need("judge", ("bedrock:InvokeModel",), (*models, profiles), LATE, JUDGE_ROLES, asked=models),
        Need("judge_stream", stream, (*models, profiles), "scoring may fail", JUDGE_ROLES, "contested", models),
        Need(
            "judge_batches",
            batch_actions,
            (*models, profiles, batches),
            "scoring may fail where Bedrock calls the judge in batches",
            JUDGE_ROLES,
            "contested",
            models,
        ),
    ]
    if profile is None:
        return [*jobs, *calling]
    arn, may_fail = (profile.arn,), "scoring may fail, about 25 minutes after the start"
    return [
        *jobs,
        Need("evaluation_jobs_profile", ("bedrock:CreateEvaluationJob",), arn, LATE, REPORTS, asked=arn),
        *calling,
        Need("judge_profile", ("bedrock:InvokeModel",), arn, LATE, PROFILES, asked=arn),
        Need("judge_profile_details", ("bedrock:GetInferenceProfile",), arn, may_fail, JUDGE_ROLES, "contested", arn),
    ]


def _of_caller(config: Configuration, judge: str) -> list[Need]:
    """What whoever runs the notebook calls."""
    bucket, artifacts = LIST_BUCKET.format(region=config.region), config.sagemaker("artifact/*")
    judge_model = (f"arn:{config.partition}:bedrock:{config.region}::foundation-model/{judge}",)
    return [
        *needs.start_pipelines(config, PIPELINES),
        *present(
            needs.base_model(config, "the SDK cannot resolve the base model and refuses to start", needs.SDK_CALLER),
            needs.model_package(config, "the SDK cannot resolve the model and refuses to start", needs.SDK_SOURCE),
            needs.write_output(
                config, "write_output", "metrics cannot be uploaded and results cannot be read", needs.SDK_CALLER
            ),
            needs.read_dataset(config, "the notebook's checks and charts cannot read the rows", needs.SDK_CALLER),
            needs.list_buckets(
                config,
                ("s3:ListBucket",),
                "the SDK cannot see that the dataset exists, and results cannot be found",
                needs.SDK_CALLER,
            ),
            needs.create_mlflow(config),
        ),
        Need(
            "judge_list",
            ("s3:GetObject",),
            (config.s3(f"{bucket}/*"),),
            "the SDK cannot check the judge and only warns",
            needs.SDK_SOURCE,
            "secondary",
            (config.s3(f"{bucket}/{LIST_KEY}"),),
        ),
        *(
            [
                Need(
                    "judge",
                    ("bedrock:GetFoundationModel",),
                    judge_model,
                    "the judge's end of life cannot be checked",
                    needs.SDK_SOURCE,
                    "secondary",
                    judge_model,
                )
            ]
            if judge
            else []
        ),
        Need(
            "lineage",
            of_service("sagemaker", "CreateArtifact", "DescribeArtifact"),
            (artifacts,),
            "the SDK may refuse to start: it registers the model's artifact first",
            needs.SDK_CALLER,
            "contested",
            (config.sagemaker("artifact/preflight"),),
        ),
        needs.sdk_check(needs.SDK_CALLER_ACTIONS, "the SDK refuses you before anything starts"),
        *needs.read_for_checks(config, "bedrock:GetFoundationModelAvailability", "bedrock:ListInferenceProfiles"),
    ]
