"""scorer: the program that scores the answers: a preset, or a function behind an evaluator of the AI registry."""

from __future__ import annotations

import json
import re

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import AwsError, Choose, NotFound, Refused
from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.kinds.custom_scorer.scorer.events import gold_of

PRESETS = {
    "prime_math": "the last number or formula of the answer against the row's reference answer",
    "prime_code": "the answer's code is run against the tests in the row's metadata",
}
NUMBER = re.compile(r"[-+]?\d|\\[a-z]+|[xyzn]\b|π")
REGISTER = (
    "Register the function as an evaluator, then answer with its ARN. In Python: from sagemaker.ai_registry.evaluator "
    "import Evaluator; Evaluator.create(name='NAME', type='RewardFunction', source='FUNCTION_ARN').arn"
)


def check(text: str, context: Context) -> Answer:
    name = text.strip()
    if name.lower() in PRESETS:
        return _preset(name.lower(), context)
    return _evaluator(name, context)


def _preset(name: str, context: Context) -> Answer:
    from model_evaluation.kinds.custom_scorer.rows import dataset_rows

    rows = dataset_rows(context)
    wrong = [(line, why) for line, row in rows if (why := lacking(name, row))]
    if wrong:
        line, why = wrong[0]
        raise Refused(
            f"{len(wrong)} of {len(rows)} rows lack what {name} needs; line {line} has {why}.",
            fix='A row of prime_math: {"query": "...", "response": "42"}; of prime_code its metadata holds the lists '
            "inputs and outputs. Mend or leave out these rows, or choose another scorer.",
            code="rows_lack",
            details={"lines": [line for line, _ in wrong[:20]]},
        )
    return Answer(name, facts={"preset": True}, findings=[finding("preset", f"{name}: {PRESETS[name]}.")])


def lacking(preset: str, row: Facts) -> str:
    """What a row lacks for a preset; empty where it has all."""
    if preset == "prime_math":
        gold = gold_of(row)
        if not gold.strip():
            return "no reference answer"
        return "" if NUMBER.search(gold) else "a reference answer without any number or formula"
    metadata = row.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            metadata = None
    if not isinstance(metadata, dict):
        return "no metadata with inputs and outputs"
    inputs, outputs = metadata.get("inputs"), metadata.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, list) or not inputs:
        return "no inputs and outputs in its metadata"
    if len(inputs) != len(outputs):
        return "as many outputs as inputs in its metadata"
    return ""


def _evaluator(text: str, context: Context) -> Answer:
    from model_evaluation.kinds.custom_scorer.lookups.functions import describe_evaluator, list_evaluators
    from model_evaluation.kinds.custom_scorer.runtime.settings import EVALUATOR
    from model_evaluation.lookups.arns import a_kind_of, parse_arn

    region = str(context.value("region"))
    arn = parse_arn(text)
    if arn is not None and arn.service == "lambda":
        raise Refused(
            f"{text} is a Lambda function; SageMaker takes it only through an evaluator of the AI registry. The SDK "
            "would accept it, and the service refuse it later.",
            fix=REGISTER,
            code="not_registered",
        )
    known = list_evaluators(context.aws, region)
    if arn is None:
        same = [found for found, name in known if name == text]
        if not same:
            raise Choose(
                f"{text[:100]!r} is neither a preset nor an evaluator of the AI registry in {region}.",
                fix="Choose one of the list, or register a function of your own. " + REGISTER,
                choices=_choices(known),
            )
        text = same[0]
    elif not EVALUATOR.fullmatch(text):
        raise Refused(
            f"That is the ARN of {a_kind_of(arn)}, not of an evaluator: {text[:200]}",
            fix="An evaluator's looks like arn:aws:sagemaker:REGION:ACCOUNT:hub-content/HUB/JsonDoc/NAME/VERSION.",
            code="wrong_kind",
        )
    if text.split(":")[3] != region:
        raise Refused(
            f"The evaluator is in {text.split(':')[3]}; the evaluation runs in {region}.",
            fix=f"Register it in {region}.",
            code="other_region",
        )
    try:
        evaluator = describe_evaluator(context.aws, text)
    except NotFound as error:
        raise Refused(f"There is no evaluator {text}.", fix="Choose from the list.", code="not_found") from error
    if evaluator.status not in ("", "Available"):
        raise Refused(
            f"The evaluator {evaluator.name} {evaluator.version} is {evaluator.status}, not Available.",
            fix="Wait until it is, or register the function anew.",
            code="not_usable",
        )
    if evaluator.type != "RewardFunction":
        raise Refused(
            f"The evaluator {evaluator.name} is of type {evaluator.type}; a scorer is a RewardFunction. The SDK would "
            "send it on, and the service misuse or refuse it.",
            fix="Choose another one, or for a prompt use the evaluation llm_as_judge.",
            code="wrong_kind",
        )
    facts = {"function": evaluator.function, "name": evaluator.name, "version": evaluator.version}
    return Answer(evaluator.arn, facts=facts, findings=_function(context, evaluator.function))


def _function(context: Context, arn: str) -> list[JsonObject]:
    """The function behind an evaluator: there, in this region, able to run. The SDK checks nothing of that."""
    from model_evaluation.kinds.custom_scorer.lookups.functions import function_faults
    from model_evaluation.lookups.functions import describe_function

    region, parts = str(context.value("region")), arn.split(":")
    if len(parts) < 7 or parts[2] != "lambda":
        raise Refused(
            f"The evaluator stands for {arn[:200]!r}, which is not a Lambda function's ARN.",
            fix=REGISTER,
            code="no_function",
        )
    if parts[3] != region:
        raise Refused(
            f"The evaluator's function is in {parts[3]}; the evaluation runs in {region}.",
            fix=f"Create the function in {region} and register it there.",
            code="other_region",
        )
    try:
        function = describe_function(context.aws, region, arn)
    except NotFound as error:
        raise Refused(
            f"The evaluator's function {arn} does not exist: every row would fail, and the job would still succeed.",
            fix="Create it anew, or choose another evaluator.",
            code="no_function",
        ) from error
    except AwsError as error:
        note = f"The function could not be looked up. {error.message}"
        return [finding("not_looked_up", note, level="warning", fix=error.fix)]
    faults, doubts = function_faults(function)
    if faults:
        raise Refused(
            f"The function {arn} cannot score: {'; '.join(faults)}.",
            fix="Mend the function, then answer again.",
            code="function_unusable",
        )
    told = (
        f"Function {parts[6]}: {function.runtime}, {function.timeout} s, {function.memory} MB, "
        f"{function.state or 'state unknown'}."
    )
    findings = [finding("function", told)]
    if doubts:
        fix = f"aws lambda update-function-configuration --function-name {parts[6]} --timeout 60 --memory-size 512"
        findings.append(finding("function_weak", f"The function: {'; '.join(doubts)}.", level="warning", fix=fix))
    return findings


def _choices(known: list[tuple[str, str]]) -> list[dict[str, str]]:
    choices = [{"value": arn, "label": name, "note": "evaluator of the AI registry"} for arn, name in known]
    return [*choices, *({"value": name, "label": f"{name}: {what}"} for name, what in PRESETS.items())]


def offer(context: Context) -> Offer:
    from model_evaluation.kinds.custom_scorer.lookups.functions import list_evaluators

    return Offer(choices=_choices(list_evaluators(context.aws, str(context.value("region")))))


STEP = Step(
    "scorer",
    title="Scorer",
    question="What makes an answer right, and which program decides it?",
    expects="prime_math, prime_code, or an evaluator of the AI registry (its ARN or name)",
    example="prime_math",
    reference="references/custom-scorer.md",
    check=check,
    offer=offer,
)
