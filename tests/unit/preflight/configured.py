"""A configured evaluation for tests of what it needs, without AWS."""

from __future__ import annotations

from typing import Any

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.llm_as_judge.lookups import InferenceProfile

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/Evaluation"
JUDGE = "amazon.nova-pro-v1:0"
PACKAGE = f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:model-package/tickets/3"
EARLIER = f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:model-package/tickets/2"
APP = f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:mlflow-app/app-1"
SERVER = f"arn:aws:sagemaker:us-west-2:{ACCOUNT}:mlflow-tracking-server/tracking"
REGIONS = ("us-east-1", "us-east-2", "us-west-2")
PROFILE = InferenceProfile(
    f"us.{JUDGE}",
    f"arn:aws:bedrock:us-west-2:{ACCOUNT}:inference-profile/us.{JUDGE}",
    tuple(f"arn:aws:bedrock:{region}::foundation-model/{JUDGE}" for region in REGIONS),
)
BUCKETS = {"dataset": {"bucket": "data", "key": "rows.jsonl"}, "output": {"bucket": "results", "prefix": "evaluations"}}


class Bedrock:
    """An AWS session of a region in which the judge can be called on demand, or through an inference profile only."""

    def __init__(self, *profiles: InferenceProfile, region: str = "us-west-2") -> None:
        self.profiles = profiles
        self.region = region

    def once(self, key: tuple[str, ...], call: Any) -> Any:
        if key[0] == "inference types":
            return ("INFERENCE_PROFILE",) if self.profiles else ("ON_DEMAND",)
        return self.profiles


def a_context(*profiles: InferenceProfile, **changes: Any) -> Context:
    """The context of an evaluation with every answer; ``changes`` are values, or value and facts, by step."""
    values: dict[str, Any] = {
        "dataset": "s3://data/rows.jsonl",
        "output": "s3://results/evaluations",
        "model": PACKAGE,
        "scope": "compare",
        "region": "us-west-2",
        "judge": JUDGE,
        "role": ROLE,
        "mlflow": APP,
    }
    model = {"base_model": "llama", "base_model_version": "1.0.0", "model_data": "s3://models/tickets/3/"}
    facts: dict[str, Any] = {**BUCKETS, "model": model, "role": {"arn": ROLE}}
    for step_id, change in changes.items():
        values[step_id], facts[step_id] = change if isinstance(change, tuple) else (change, facts.get(step_id, {}))
    answers = {step_id: {"value": value, "facts": facts.get(step_id, {})} for step_id, value in values.items() if value}
    region = str(values["region"] or "us-west-2")
    aws: Any = Bedrock(*profiles, region=region)
    return Context(".", {"answers": answers}, now="2026-11-20T00:00:00+00:00", aws=aws)
