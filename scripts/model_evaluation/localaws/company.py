"""The demo's account: an imaginary company, Fernway, that fine-tuned a support assistant."""

from __future__ import annotations

from .seeding import BASE_MODEL, BASE_MODEL_VERSION, OTHER_BASE_MODELS, Seeder, public_model_arn, role_name
from .services.mlflow import put_app, put_server

BASE_MODEL_WITHOUT_RECIPE = "huggingface-llm-falcon-7b-instruct-bf16"

# What an execution role of any evaluation needs, and what the demo's caller needs to check it.
ROLE_ACTIONS = (
    "s3:*",
    "sagemaker:*",
    "sagemaker-mlflow:*",
    "logs:*",
    "ecr:*",
    "kms:*",
    "cloudwatch:*",
    "ec2:*",
    "pricing:GetProducts",
    "servicequotas:*",
    "iam:GetRole",
    "iam:ListRoles",
    "iam:PassRole",
    "iam:SimulatePrincipalPolicy",
    "sts:GetCallerIdentity",
    "lambda:InvokeFunction",
)


class Company:
    """The names of what every kind of evaluation finds in the account; a kind's subclass adds its own."""

    def __init__(self, account: str, region: str) -> None:
        def arn(resource: str) -> str:
            return f"arn:aws:sagemaker:{region}:{account}:{resource}"

        self.account = account
        self.region = region
        self.role_arn = f"arn:aws:iam::{account}:role/FernwayModelEvaluation"
        self.role_for_lambda = f"arn:aws:iam::{account}:role/FernwayOrderLambda"
        self.bucket = f"fernway-ml-{account}-{region}"
        self.region_elsewhere = "eu-west-1" if region != "eu-west-1" else "us-east-1"
        self.bucket_elsewhere = f"fernway-archive-{account}-{self.region_elsewhere}"
        self.output_uri = f"s3://{self.bucket}/evaluations/support-assistant"
        self.group_name = "fernway-support-assistant"
        self.group_arn = arn(f"model-package-group/{self.group_name}")
        self.group_keyword = "support"
        self.model_package_arn = arn(f"model-package/{self.group_name}/3")
        self.failed_model_package_arn = arn(f"model-package/{self.group_name}/2")
        self.approved_model_package_arn = arn(f"model-package/{self.group_name}/1")
        self.package_without_base_model = arn("model-package/fernway-churn-classifier/1")
        self.training_job_name = "fernway-support-assistant-sft-2026-11-02-0915"
        self.training_job_arn = arn(f"training-job/{self.training_job_name}")
        self.mlflow_app_arn = arn("mlflow-app/app-FERNWAY00001")
        self.mlflow_server_arn = arn("mlflow-tracking-server/fernway-tracking")
        self.base_model_name = BASE_MODEL
        self.base_model_arn = public_model_arn(region, BASE_MODEL, BASE_MODEL_VERSION)
        self.base_model_without_recipe = BASE_MODEL_WITHOUT_RECIPE

    def names(self) -> dict[str, str]:
        """Every single value by its name here."""
        return {name: value for name, value in vars(self).items() if isinstance(value, str)}

    def as_lines(self) -> dict[str, str]:
        """``LOCAL_AWS_DATASET_URI`` and so on: :meth:`names` for people and shells."""
        return {f"LOCAL_AWS_{name.upper()}": value for name, value in self.names().items()}


def seed_company(seed: Seeder, trusted_services: tuple[str, ...], actions: tuple[str, ...]) -> Company:
    """Fills an empty account with everything of :class:`Company`, which it returns.

    The execution role trusts ``trusted_services`` and may do ``actions`` beside what every evaluation needs.
    """
    company = Company(seed.cloud.account, seed.region)
    seed.cloud.caller_arn = f"arn:aws:sts::{company.account}:assumed-role/{role_name(company.role_arn)}/SageMaker"
    seed.role(company.role_arn, trusted_services, (*ROLE_ACTIONS, *actions))
    seed.role(company.role_for_lambda, ("lambda",), ("logs:CreateLogGroup", "logs:PutLogEvents"))
    seed.bucket(company.bucket, seed.region)
    seed.bucket(company.bucket_elsewhere, company.region_elsewhere)
    seed.base_model(BASE_MODEL, BASE_MODEL_VERSION)
    for name, version in OTHER_BASE_MODELS.items():
        seed.base_model(name, version)
    seed.base_model(BASE_MODEL_WITHOUT_RECIPE, "2.1.0", recipe=False)
    _seed_packages(seed, company)
    seed.fine_tuning_job(
        company.training_job_name,
        company.role_arn,
        output=company.output_uri,
        package=company.model_package_arn,
        training_data=f"s3://{company.bucket}/datasets/training.jsonl",
    )
    store = f"s3://{company.bucket}/mlflow"
    put_app(seed.cloud, seed.region, company.mlflow_app_arn, "fernway-experiments", company.role_arn, store, "ENABLED")
    put_server(seed.cloud, seed.region, "fernway-tracking", company.role_arn, f"{store}-server")
    return company


def _seed_packages(seed: Seeder, company: Company) -> None:
    group = company.group_name
    seed.group(group, "Support assistant, fine-tuned on answered tickets", days_ago=40)
    seed.package(group, 1, approval="Approved", days_ago=38)
    seed.package(group, 2, status="Failed", days_ago=20)
    seed.package(group, 3, made_by=company.training_job_arn, days_ago=17)
    seed.group("fernway-support-triage", "Routes tickets to a team", days_ago=90)
    seed.package("fernway-support-triage", 1, base="meta-textgeneration-llama-3-2-1b-instruct", days_ago=88)
    seed.group("fernway-support-drafts", "First drafts of answers, discontinued", days_ago=200)
    seed.package("fernway-support-drafts", 1, approval="Rejected", days_ago=190)
    seed.group("fernway-churn-classifier", "Not made by serverless fine-tuning", days_ago=300)
    seed.package("fernway-churn-classifier", 1, base=None, approval="Approved", days_ago=299)
