"""The parameters cell of an evaluation by a scorer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model_evaluation.runtime.checks import DATASET, OUTPUT, SESSION, Fault
from model_evaluation.runtime.launch.evaluators import check_model
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import ParameterReader, parameter
from model_evaluation.runtime.tasks.settings import TaskSettings, check_recipe

from .scorer_runs import ScorerRuns

PRESETS = ("prime_math", "prime_code")
EVALUATOR = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):(\d{12}):hub-content/([^/]+)/JsonDoc/([^/]+)/([^/]+)")
DIRECTIONS = ("higher", "lower")


def check_scorer(settings: ScorerSettings, aws: AwsClients) -> str:
    """A preset, or an evaluator of the AI registry in this region that is available."""
    if settings.scorer in PRESETS:
        return f"{settings.scorer}, a preset"
    match = EVALUATOR.fullmatch(settings.scorer)
    assert match is not None  # the parameters were checked
    region, _, hub, name, version = match.groups()
    if region != settings.region:
        raise Fault(f"the evaluator is in {region}, not in {settings.region}.", "Use an evaluator of REGION.")
    content = aws.sagemaker.describe_hub_content(
        HubName=hub, HubContentType="JsonDoc", HubContentName=name, HubContentVersion=version
    )
    status = content.get("HubContentStatus")
    if status != "Available":
        raise Fault(f"the evaluator {name} {version} is {status}, not Available.", "Wait, or choose another version.")
    return f"{name} {version}, {status}"


@dataclass(frozen=True, kw_only=True)
class ScorerSettings(TaskSettings):
    """``scorer`` is a preset or a registry evaluator's ARN; ``primary_metric`` one of its metrics, empty for the first
    that the results have; ``direction`` of better scores."""

    kind = "custom_scorer"
    runs = ScorerRuns()
    checks = (
        *SESSION,
        ("Model", check_model),
        ("Recipe", check_recipe),
        *DATASET,
        ("Scorer", check_scorer),
        *OUTPUT,
    )

    dataset: str = parameter("DATASET", ParameterReader.text, "dataset")
    scorer: str = parameter("SCORER", ParameterReader.text, "scorer")
    primary_metric: str = parameter("PRIMARY_METRIC", ParameterReader.text_or_empty)
    direction: str = parameter("BETTER", ParameterReader.text)

    @property
    def task(self) -> str:
        return "gen_qa"

    def faults(self) -> list[str]:
        faults = super().faults()
        if self.scorer not in PRESETS and not EVALUATOR.fullmatch(self.scorer):
            expected = f"{' or '.join(PRESETS)}, or the ARN of an AI registry evaluator"
            faults.append(f"SCORER must be {expected} (received {self.scorer[:90]!r})")
        if self.direction not in DIRECTIONS:
            faults.append(f"BETTER must be {' or '.join(DIRECTIONS)} (received {self.direction!r})")
        return faults

    def contents(self) -> dict[str, str]:
        return {
            "Dataset": self.dataset,
            "Scorer": self.scorer,
            "Decides": f"{self.primary_metric or 'the scorer’s first metric'}, {self.direction} is better",
            "Decoding": self.decoding_in_words,
        }


SETTINGS = ScorerSettings
