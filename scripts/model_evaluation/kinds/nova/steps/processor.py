"""processor: a Lambda function with metrics of the user's own, deployed already, or written here from a template."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import AccessDenied, NotFound, Refused
from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.kinds.nova.chosen import task_of
from model_evaluation.kinds.nova.runtime.recipes.recipe import AGGREGATIONS, FUNCTION_ARN, GEN_QA, RFT, is_reward_name

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

NONE = "none"
SHORTEST = 10  # seconds of timeout, below which a slow row is likely to fail
EXPECTED = "none, a function's ARN or name (with `preprocess` and an aggregation if wanted), or generate TEMPLATE"
REWARD_NEEDED = "An rft evaluation needs a reward function, a Lambda named SageMaker-..."


def check(text: str, context: Context) -> Answer:
    task = task_of(context)
    words = text.split()
    if [word.lower() for word in words] == [NONE]:
        if task == RFT:
            raise Refused(
                f"{REWARD_NEEDED}; {NONE!r} was received.",
                fix="Give its ARN or name; to have one written: evaluate.py answer processor 'generate reward'",
                code="no_function",
            )
        return Answer(NONE)
    if task not in (GEN_QA, RFT):
        raise Refused(
            f"Only {GEN_QA} and rft take a function of your own; this is {task}.",
            fix=f"Answer {NONE}.",
            code="no_processor",
        )
    if words and words[0].lower() == "generate":
        raise _generated(words[1:], context)
    return _existing(words, context)


def _generated(words: list[str], context: Context) -> Refused:
    """Writes a function and its tests; says how they are tried and deployed."""
    from model_evaluation.kinds.nova.functions.writing import PURPOSES, REWARDS, deployment, write_function

    rewards = is_reward(context)
    template, known = (words[0].lower() if words else ""), REWARDS if rewards else PURPOSES
    if template not in known or len(words) > 2:
        return Refused(
            f"{' '.join(words)!r} is not a template." if words else "No template was named.",
            fix=f"One of {', '.join(known)}, and the field that classifies if it is not `class`: "
            f"generate {next(iter(known))} class",
            code="bad_operation",
        )
    paths = write_function(context.project, template, words[1] if len(words) == 2 else "class")
    commands = deployment(paths[0], context.aws.region, "SageMaker-" if rewards else "")
    rows = "ROWS.jsonl" if rewards else "gen_qa.jsonl"
    return Refused(
        f"{paths[0]} and its tests were written; nothing was deployed.",
        fix=f"Try it on the user's rows: evaluate.py metric try {shlex.quote(paths[0])} --rows {rows} - then "
        f"show the user the commands that deploy it, and run them after a yes: {' && '.join(commands)} - then answer "
        "with the function's ARN.",
        code="prepared",
        details={"files": paths, "deploy": commands},
    )


def _existing(words: list[str], context: Context) -> Answer:
    name, *options = words or [""]
    rewards = is_reward(context)
    unknown = [word for word in options if rewards or word.lower() not in (*AGGREGATIONS, "preprocess")]
    if unknown:
        raise Refused(
            f"{unknown[0]!r} is neither `preprocess` nor an aggregation"
            + (", and a reward function takes neither." if rewards else "."),
            fix=f"Answer {name}." if rewards else f"Aggregations: {', '.join(AGGREGATIONS)}.",
            code="bad_operation",
        )
    chosen = [word.lower() for word in options]
    aggregation = next((word for word in chosen if word in AGGREGATIONS), "average")
    if FUNCTION_ARN.fullmatch(name) and name.split(":")[3] != context.aws.region:
        raise Refused(
            f"{name} is not of {context.aws.region}, where the evaluation runs.",
            fix=f"Deploy it in {context.aws.region}. Functions there: aws lambda list-functions --region "
            f"{context.aws.region}",
            code="other_region",
        )
    found = _described(name, context)
    arn = str(found["FunctionArn"])
    if found.get("State", "Active") != "Active":
        raise Refused(
            f"The function is {found['State']}: {found.get('StateReason') or 'no reason given'}.",
            fix="Wait until it is Active, or mend it.",
            code="not_usable",
        )
    if rewards and not is_reward_name(arn):
        raise Refused(
            f"{arn} is not named SageMaker-...; AWS's guide wants that of a reward function.",
            fix="Deploy it under a name that begins with SageMaker-, and answer with that one.",
            code="function_name",
        )
    reward = {"reward_lambda_arn": arn}
    metrics = {
        "lambda_arn": arn,
        "lambda_type": "custom_metrics",
        "preprocessing": {"enabled": "preprocess" in chosen},
        "postprocessing": {"enabled": True},
        "aggregation": aggregation,
    }
    facts = {
        "processor": reward if rewards else metrics,
        "runtime": found.get("Runtime", ""),
        "timeout": found.get("Timeout", 0),
    }
    findings = _findings(found, "" if rewards else aggregation)
    if "preprocess" in chosen:
        note = "Preprocessing may change prompts; the results then find their rows by a row_id in the metadata only."
        findings.append(finding("preprocessing", note, level="warning"))
    return Answer(arn, facts=facts, findings=findings)


def _described(name: str, context: Context) -> dict[str, object]:
    from model_evaluation.lookups.failures import aws_errors

    try:
        with aws_errors("looking up the function", resource=name):
            found: dict[str, object] = context.aws.client("lambda").get_function_configuration(FunctionName=name)
        return found
    except NotFound as error:
        raise Refused(
            f"There is no Lambda function {name[:120]!r} in {context.aws.region}.",
            fix=f"Expected: {EXPECTED}. Functions: aws lambda list-functions --region {context.aws.region}",
            code="not_found",
        ) from error
    except AccessDenied:
        if FUNCTION_ARN.fullmatch(name):
            return {"FunctionArn": name, "unseen": True}
        raise


def _findings(found: Facts, aggregation: str) -> list[JsonObject]:
    note = "The function's reward of every answer is what is compared."
    if aggregation:
        note = f"The function adds its metrics to every row; the container gives their {aggregation}."
    findings = [finding("function", note)]
    if found.get("unseen"):
        note = "The function may not be looked at with these credentials; state, runtime and timeout are unknown."
        findings.append(finding("function_unseen", note, level="warning", fix="Allow lambda:GetFunctionConfiguration."))
    elif int(found.get("Timeout", SHORTEST)) < SHORTEST:
        note = f"Its timeout is {found['Timeout']} s; a row that takes longer has no metrics."
        fix = f"aws lambda update-function-configuration --function-name {found['FunctionArn']} --timeout 30"
        findings.append(finding("short_timeout", note, level="warning", fix=fix))
    layers = [str(layer.get("Arn", "")) for layer in found.get("Layers", [])]
    machine = (found.get("Architectures") or ["x86_64"])[0]
    other = "arm64" if machine == "x86_64" else "x86_64"
    if wrong := [layer for layer in layers if other in layer]:
        note = f"The function is for {machine}, its layer {wrong[0]} for {other}: it cannot be loaded."
        findings.append(
            finding("architecture", note, level="warning", fix="Attach the layer of the same architecture.")
        )
    return findings


def is_reward(context: Context) -> bool:
    """Whether the function's reward is what the evaluation is about, so that there has to be one."""
    return task_of(context) == RFT


def settle(context: Context) -> Answer | None:
    return None if is_reward(context) else Answer(NONE, origin="default")


def offer(context: Context) -> Offer:
    if is_reward(context):
        return Offer(text=REWARD_NEEDED)
    return Offer(choices=[{"value": NONE, "label": "The container's own metrics"}], suggested=NONE)


STEP = Step(
    "processor",
    title="Function",
    question="Should a Lambda function of yours add metrics?",
    expects=EXPECTED,
    example="none",
    reference="references/nova.md",
    check=check,
    offer=offer,
    settle=settle,
)
