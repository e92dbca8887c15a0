"""Who must be allowed what on which resource, for one configuration. Pure data: `preflight` simulates it,
`preflight --policy` prints it, so that the two cannot disagree."""

from __future__ import annotations

from typing import Any, NamedTuple

from model_evaluation.lookups.roles import BEDROCK, SAGEMAKER
from model_evaluation.runtime.shard_names import shard_names

# What the SDK (3.27) simulates without naming resources before it starts anything. A role or caller that may do
# these on certain resources only is refused by the SDK, though AWS would let it.
SDK_ROLE_GATE = (
    "bedrock:CreateEvaluationJob",
    "bedrock:GetEvaluationJob",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
)
SDK_CALLER_GATE = (
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


class Plan(NamedTuple):
    """The names one evaluation is made of. ``dataset``, ``output`` and ``weights`` are ``bucket/key`` without
    ``s3://``; empty strings are things this evaluation does not have."""

    partition: str
    region: str
    account: str
    role: str
    dataset: str
    dataset_bucket: str
    output: str
    output_bucket: str
    judge: str
    package: str
    base_model: str
    hub: str
    weights: str
    mlflow: str
    mlflow_create: bool

    def sagemaker(self, resource: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:{resource}"

    def s3(self, path: str) -> str:
        return f"arn:{self.partition}:s3:::{path}"

    @property
    def dataset_objects(self) -> tuple[str, ...]:
        """ARNs of the dataset's files; ``dataset`` itself has a star for several, which is a pattern IAM knows."""
        return tuple(self.s3(path) for path in shard_names(self.dataset))

    @property
    def buckets(self) -> tuple[str, ...]:
        """ARNs of the dataset's and the results' bucket, which may be one."""
        return tuple(dict.fromkeys(self.s3(name) for name in (self.dataset_bucket, self.output_bucket)))

    @property
    def judge_model(self) -> str:
        return f"arn:{self.partition}:bedrock:{self.region}::foundation-model/{self.judge}"


class Need(NamedTuple):
    """Actions somebody must be allowed.

    ``asked`` are the concrete ARNs to simulate, ``granted`` the ARNs or patterns to write into a policy;
    ``context`` the condition keys that will be set. ``essential``: without it the run fails for certain, else
    it is disputed, replaceable, or only spoils something beside the results. ``otherwise`` says what happens.
    """

    part: str
    actions: tuple[str, ...]
    asked: tuple[str, ...]
    granted: tuple[str, ...]
    otherwise: str
    essential: bool = True
    context: tuple[tuple[str, str], ...] = ()

    def statement(self) -> dict[str, Any]:
        """The statement that grants it."""
        return statement(self.actions, self.granted, dict(self.context))


def statement(actions: tuple[str, ...], resources: tuple[str, ...], context: dict[str, str]) -> dict[str, Any]:
    """An Allow statement; a single resource stands alone, as people write it."""
    body: dict[str, Any] = {
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": resources[0] if len(resources) == 1 else list(resources),
    }
    if context:
        body["Condition"] = {"StringEquals": context}
    return body


def _base_model(plan: Plan, otherwise: str, *, essential: bool = True) -> Need:
    every_version = plan.base_model.rpartition("/")[0] + "/*"
    action = "sagemaker:DescribeHubContent"
    return Need("base_model", (action,), (plan.base_model,), (plan.hub, every_version), otherwise, essential)


def _model_package(plan: Plan, otherwise: str, *, essential: bool = True) -> Need:
    action = "sagemaker:DescribeModelPackage"
    return Need("model_package", (action,), (plan.package,), (plan.package,), otherwise, essential)


def role_needs(plan: Plan) -> list[Need]:
    """What SageMaker and Bedrock do with the execution role."""
    result = plan.s3(f"{plan.output}/*")
    trial = plan.s3(f"{plan.output}/preflight")
    job = plan.sagemaker("training-job/pipelines-preflight")
    record = ("AddAssociation", "CreateAction", "CreateArtifact", "CreateContext")
    logs = f"arn:{plan.partition}:logs:{plan.region}:{plan.account}:log-group:/aws/sagemaker/TrainingJobs"
    needs = [
        Need(
            "read_dataset",
            ("s3:GetObject",),
            plan.dataset_objects,
            (plan.s3(plan.dataset),),
            "the inference steps fail a few minutes after the start",
        ),
        Need(
            "list_buckets",
            ("s3:GetBucketLocation", "s3:ListBucket"),
            plan.buckets,
            plan.buckets,
            "the inference steps fail a few minutes after the start",
        ),
        Need(
            "write_results",
            ("s3:GetObject", "s3:PutObject"),
            (trial,),
            (result,),
            "inference runs to its end, about 10 minutes, and its answers are lost",
        ),
        Need(
            "evaluation_jobs",
            ("bedrock:CreateEvaluationJob", "bedrock:GetEvaluationJob"),
            (f"arn:{plan.partition}:bedrock:{plan.region}:{plan.account}:evaluation-job/preflight0000",),
            ("*",),
            "inference runs to its end, then scoring fails, about 25 minutes after the start",
        ),
        Need(
            "judge",
            ("bedrock:InvokeModel",),
            (plan.judge_model,),
            (plan.judge_model, f"arn:{plan.partition}:bedrock:*:{plan.account}:inference-profile/*{plan.judge}"),
            "scoring fails, about 25 minutes after the start",
        ),
        Need(
            "jobs",
            ("sagemaker:AddTags", "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob"),
            (job,),
            (plan.sagemaker("training-job/*"),),
            "the first step fails",
        ),
        Need(
            "pass_role",
            ("iam:PassRole",),
            (plan.role,),
            (plan.role,),
            "a step may fail when it hands the role on to its job (AWS's sources disagree)",
            essential=False,
            context=(("iam:PassedToService", SAGEMAKER),),
        ),
        Need(
            "pass_role_to_bedrock",
            ("iam:PassRole",),
            (plan.role,),
            (plan.role,),
            "scoring may fail, about 25 minutes after the start (AWS's sources disagree)",
            essential=False,
            context=(("iam:PassedToService", BEDROCK),),
        ),
        _base_model(plan, "the inference step may not find the base model", essential=False),
        Need(
            "lineage",
            tuple(f"sagemaker:{name}" for name in record),
            (plan.sagemaker("action/preflight"),),
            tuple(plan.sagemaker(f"{kind}/*") for kind in ("action", "artifact", "context")),
            "the lineage steps fail; the results are complete all the same",
            essential=False,
        ),
        Need(
            "logs",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            (f"{logs}:log-stream:x",),
            (f"{logs}*",),
            "a failing job leaves no log",
            essential=False,
        ),
    ]
    if plan.package:
        needs.append(_model_package(plan, "the inference step may not find the model", essential=False))
    if plan.mlflow:
        log = ("LogBatch", "LogMetric", "LogParam", "SetTag", "UpdateRun")
        actions = ("CreateExperiment", "CreateRun", "GetExperimentByName", *log)
        needs.append(
            Need(
                "mlflow",
                tuple(f"sagemaker-mlflow:{name}" for name in actions),
                (plan.mlflow,),
                (plan.mlflow,),
                "the run is not tracked in MLflow",
                essential=False,
            )
        )
    return needs


def caller_needs(plan: Plan) -> list[Need]:
    """What whoever runs the notebook calls."""
    pipeline = plan.sagemaker("pipeline/SagemakerEvaluation-LLMAJEvaluation-preflight")
    pattern = plan.sagemaker("pipeline/SagemakerEvaluation-*")
    start = ("CreatePipeline", "UpdatePipeline", "DescribePipeline", "StartPipelineExecution", "AddTags", "ListTags")
    watch = ("DescribePipelineExecution", "ListPipelineExecutionSteps", "StopPipelineExecution")
    needs = [
        Need(
            "start",
            tuple(f"sagemaker:{name}" for name in start),
            (pipeline,),
            (pattern,),
            "the evaluation does not start",
        ),
        Need("find_pipelines", ("sagemaker:ListPipelines",), (), ("*",), "the evaluation does not start"),
        Need(
            "watch",
            tuple(f"sagemaker:{name}" for name in watch),
            (f"{pipeline}/execution/preflight000",),
            (f"{pattern}/execution/*", pattern),
            "the run goes on without anybody seeing how",
        ),
        Need(
            "pass_role",
            ("iam:PassRole",),
            (plan.role,),
            (plan.role,),
            "CreatePipeline is refused",
            context=(("iam:PassedToService", SAGEMAKER),),
        ),
        _base_model(plan, "the SDK cannot resolve the base model and refuses to start"),
        Need(
            "write_output",
            ("s3:GetObject", "s3:PutObject"),
            (plan.s3(f"{plan.output}/preflight"),),
            (plan.s3(f"{plan.output}/*"),),
            "metrics cannot be uploaded and results cannot be read",
        ),
        Need(
            "read_dataset",
            ("s3:GetObject",),
            plan.dataset_objects,
            (plan.s3(plan.dataset),),
            "the notebook's checks and charts cannot read the rows",
        ),
        Need(
            "list_buckets",
            ("s3:ListBucket",),
            plan.buckets,
            plan.buckets,
            "the SDK cannot see that the dataset exists, and results cannot be found",
        ),
        Need(
            "judge_list",
            ("s3:GetObject",),
            (plan.s3(f"jumpstart-cache-prod-{plan.region}/fmhMetadata/supported-llmaj-judge-models.json"),),
            (plan.s3(f"jumpstart-cache-prod-{plan.region}/*"),),
            "the SDK cannot check the judge and only warns",
            essential=False,
        ),
        Need(
            "judge",
            ("bedrock:GetFoundationModel",),
            (plan.judge_model,),
            (plan.judge_model,),
            "the judge's end of life cannot be checked",
            essential=False,
        ),
        Need(
            "lineage",
            ("sagemaker:CreateArtifact", "sagemaker:DescribeArtifact"),
            (plan.sagemaker("artifact/preflight"),),
            (plan.sagemaker("artifact/*"),),
            "the SDK may refuse to start: it registers the model's artifact first",
            essential=False,
        ),
    ]
    if plan.package:
        needs.append(_model_package(plan, "the SDK cannot resolve the model and refuses to start"))
    if plan.mlflow_create:
        needs.append(
            Need(
                "create_mlflow",
                ("sagemaker:CreateMlflowApp", "sagemaker:ListMlflowApps"),
                (),
                ("*",),
                "the SDK cannot create the MLflow app it needs",
            )
        )
    return needs
