"""agent: in what the model acts: a runtime of Bedrock AgentCore, or a Lambda function."""

from __future__ import annotations

import re

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import AccessDenied, Choose, NotFound, Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.multi_turn.runtime.recipe import FUNCTION, RUNTIME

LEAST_TIMEOUT = 60  # seconds; an agent works several turns long, and a function has 3 unless it is given more
ENDPOINT = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,47}")
DEFAULT = "DEFAULT"


def check(text: str, context: Context) -> Answer:
    name, _, qualifier = text.strip().partition(" ")
    arn, qualifier, region = name, qualifier.strip(), str(context.value("region"))
    if not name.startswith("arn:"):
        arn = _named(context, region, name)
    match = RUNTIME.fullmatch(arn) or FUNCTION.fullmatch(arn)
    if match is None:
        raise Refused(
            f"{name[:150]} is neither the ARN of a Bedrock AgentCore runtime nor of a Lambda function.",
            fix="They look like arn:aws:bedrock-agentcore:REGION:ACCOUNT:runtime/ID and "
            "arn:aws:lambda:REGION:ACCOUNT:function:NAME.",
            code="wrong_kind",
        )
    if match[1] != region:
        raise Refused(
            f"The agent is in {match[1]}; the evaluation runs in {region}.",
            fix=f"Deploy the agent in {region}.",
            code="other_region",
        )
    try:
        if match.re is FUNCTION:
            findings = _function(context, region, arn, qualifier)
        else:
            findings = _runtime(context, region, match[3], qualifier or DEFAULT)
    except AccessDenied as denied:
        note = f"The agent could not be looked up: whether it is ready is not known. {denied.message}"
        findings = [finding("not_looked_up", note, level="warning", fix=denied.fix)]
    return Answer(f"{arn} {qualifier}".strip(), facts={"arn": arn, "qualifier": qualifier}, findings=findings)


def _named(context: Context, region: str, name: str) -> str:
    """The ARN of the one runtime of that name or id: the SDK's evaluator would refuse an id."""
    from model_evaluation.kinds.multi_turn.lookups import list_runtimes

    same = [own for own in list_runtimes(context.aws, region) if name in (own.id, own.name)]
    if len(same) != 1:
        raise Choose(
            f"{name[:100]!r} is not an agent runtime of {region}."
            if not same
            else f"{len(same)} runtimes are {name!r}.",
            fix="Choose one of the list, or give a Lambda function's ARN.",
            choices=_choices(context),
        )
    return same[0].arn


def _runtime(context: Context, region: str, runtime_id: str, endpoint: str) -> list[JsonObject]:
    from model_evaluation.kinds.multi_turn.lookups import describe_runtime, endpoint_status

    try:
        runtime = describe_runtime(context.aws, region, runtime_id)
    except NotFound as error:
        raise Choose(
            f"There is no agent runtime {runtime_id} in {region}.", fix="Choose one.", choices=_choices(context)
        ) from error
    if runtime.status != "READY":
        why = f": {runtime.reason}" if runtime.reason else ""
        raise Refused(
            f"The agent runtime {runtime.id} is {runtime.status}, not READY{why}. The SDK would not look.",
            fix="Wait until it is, deploy it again, or choose another one.",
            code="not_usable",
        )
    if not ENDPOINT.fullmatch(endpoint):
        raise Refused(
            f"{endpoint[:60]!r} is not an endpoint's name.",
            fix="After the runtime the name of one of its endpoints may follow, such as PROD.",
        )
    try:
        status = endpoint_status(context.aws, region, runtime.id, endpoint)
    except NotFound as error:
        raise Refused(
            f"The agent runtime {runtime.id} has no endpoint {endpoint}.",
            fix=f"aws bedrock-agentcore-control list-agent-runtime-endpoints --agent-runtime-id {runtime.id} names "
            "them.",
            code="no_endpoint",
        ) from error
    if status != "READY":
        raise Refused(
            f"The endpoint {endpoint} of {runtime.id} is {status}, not READY.",
            fix="Wait until it is.",
            code="not_usable",
        )
    return [finding("agent", f"AgentCore runtime {runtime.name}, endpoint {endpoint}: READY.")]


def _function(context: Context, region: str, arn: str, qualifier: str) -> list[JsonObject]:
    from model_evaluation.lookups.functions import describe_function

    if qualifier:
        raise Refused(
            f"A Lambda function takes no endpoint's name ({qualifier[:40]!r}).", fix="Give the function's ARN alone."
        )
    try:
        function = describe_function(context.aws, region, arn)
    except NotFound as error:
        raise Refused(f"There is no function {arn}.", fix="Check its name.", code="not_found") from error
    if function.state not in ("", "Active"):
        raise Refused(
            f"The function {arn} is {function.state}, not Active.", fix="Wait, or mend it.", code="not_usable"
        )
    name = arn.partition(":function:")[2]
    findings = [finding("agent", f"Function {name}: {function.runtime}, {function.timeout} s.")]
    if function.timeout < LEAST_TIMEOUT:
        note = f"The function may run {function.timeout} s: a rollout that takes longer has no reward."
        fix = f"aws lambda update-function-configuration --function-name {name} --timeout 600"
        findings.append(finding("short_timeout", note, level="warning", fix=fix))
    return findings


def _choices(context: Context) -> list[dict[str, str]]:
    from model_evaluation.kinds.multi_turn.lookups import list_runtimes

    found = list_runtimes(context.aws, str(context.value("region")))
    return [
        {"value": own.arn, "label": f"AgentCore runtime {own.name}", "note": own.status}
        for own in sorted(found, key=lambda own: own.status != "READY")
    ]


def offer(context: Context) -> Offer:
    return Offer(choices=_choices(context))


STEP = Step(
    "agent",
    title="Agent",
    question="Which agent should the model act in? Its tools are really used, once per rollout.",
    expects="an AgentCore runtime (ARN or name, an endpoint's name behind it), or a Lambda function's ARN",
    example="arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/desk-a1B2c3D4e5 PROD",
    reference="references/multi-turn.md",
    check=check,
    offer=offer,
)
