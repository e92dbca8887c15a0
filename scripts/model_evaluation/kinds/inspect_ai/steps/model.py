"""model: what Inspect runs its tasks against."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step, finding
from model_evaluation.errors import AwsError
from model_evaluation.json_types import JsonObject

EXPECTS = (
    "a Bedrock model or inference profile id, an endpoint's name, or a model package (ARN or GROUP/VERSION) with "
    "`on ml.INSTANCE`; `bedrock`, `endpoint` or `package` before it settles what it is"
)


def check(text: str, context: Context) -> Answer:
    from model_evaluation.kinds.inspect_ai.lookups.targets import find_target

    model = find_target(context.aws, text)
    findings = [finding("model", model.message if model.message.endswith(".") else f"{model.message}.")]
    if model.doubt:
        findings.append(finding("not_looked_up", model.doubt, level="warning"))
    findings += _cautions(model.target.mode)
    facts: JsonObject = {"target": model.target.as_parameter(), "name": model.target.name}
    if model.region:
        facts["region"] = model.region
    return Answer(model.target.answer, facts={**facts, "hub_model": _hub_model(context)}, findings=findings)


def _cautions(mode: str) -> list[JsonObject]:
    if mode == "package":
        note = (
            "A run that is killed rather than stopped leaves its endpoint behind, which costs money: its name begins "
            "with inspectai or inspectlens."
        )
        return [
            finding("endpoint_left", note, level="warning", fix="aws sagemaker list-endpoints --name-contains inspect")
        ]
    return []


def _hub_model(context: Context) -> str:
    """A model of the hub for the SDK's constructor: the usual one where the region has it, else any other."""
    from model_evaluation.kinds.inspect_ai.parameters import HUB_MODEL
    from model_evaluation.lookups.failures import aws_errors
    from model_evaluation.runtime.models import PUBLIC_HUB

    client = context.aws.client("sagemaker")
    try:
        with aws_errors("looking up the hub model", resource=HUB_MODEL):
            client.describe_hub_content(HubName=PUBLIC_HUB, HubContentType="Model", HubContentName=HUB_MODEL)
        return HUB_MODEL
    except AwsError:
        pass
    try:
        with aws_errors("listing the hub", resource=PUBLIC_HUB):
            contents = client.list_hub_contents(HubName=PUBLIC_HUB, HubContentType="Model", MaxResults=10)
        return str(next((item["HubContentName"] for item in contents["HubContentSummaries"]), HUB_MODEL))
    except AwsError:
        return HUB_MODEL


STEP = Step(
    "model",
    title="Model",
    question="Which model should be evaluated?",
    expects=EXPECTS,
    example="us.amazon.nova-lite-v1:0",
    reference="references/inspect-ai.md",
    check=check,
)
