"""Trying a custom metric before it is paid for: sample answers, the judge's prompt, and whether the scores tell
a right answer from a wrong one. Pure; who judges is the caller's affair.

Every row is tried with two responses: its own reference answer ("right") and the reference answer of another row
("wrong"), which is as fluent but answers something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from model_evaluation.errors import AccessDenied, AwsError, Refused
from model_evaluation.json_types import Facts
from model_evaluation.kinds.llm_as_judge.metrics.definitions import CustomMetric, Definition
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.endpoints import is_aws

from .advice import VARIABLES
from .custom import directions, scale_range

Score = float | str | None


class Sample(NamedTuple):
    """One response to be judged: the row's line, which response, the texts."""

    row: int
    kind: str
    prompt: str
    reference: str
    response: str


Judge = Callable[[Definition, Sample], tuple[Score, str]]
RIGHT, WRONG = "right", "wrong"


def samples(rows: Sequence[tuple[int, str, str | None]], limit: int) -> list[Sample]:
    """Two samples for each of the first ``limit`` rows ``(line, prompt, reference)`` that have a reference answer.

    Raises Refused when fewer than two rows have one: there would be no wrong answer to compare with.
    """
    usable = [(line, prompt, reference) for line, prompt, reference in rows if reference]
    if len({reference for _, _, reference in usable}) < 2:
        raise Refused(
            f"{len(usable)} of {len(rows)} rows have a reference answer; at least two different ones are needed.",
            fix="Leave --rows out to use the sample rows, or give rows with reference answers. What a file lacks: "
            "evaluate.py dataset check FILE",
            code="too_few_rows",
        )
    samples = []
    for index, (line, prompt, reference) in enumerate(usable[:limit]):
        others = [*usable[index + 1 :], *usable[:index]]
        wrong = next(other for _, _, other in others if other != reference)
        samples.append(Sample(line, RIGHT, prompt, reference, reference))
        samples.append(Sample(line, WRONG, prompt, reference, wrong))
    return samples


def judge_prompt(definition: Definition, sample: Sample) -> str:
    """What a judge is asked: the instructions with the variables filled in, then the scale and the form of the reply.

    Bedrock's own wording of the last part differs per judge and is not published; this one asks for the same.
    """
    texts = {"prompt": sample.prompt, "prediction": sample.response, "ground_truth": sample.reference}
    pattern = re.compile(r"\{\{\s*(" + "|".join(VARIABLES) + r")\s*\}\}")
    filled = pattern.sub(lambda match: texts[match[1]], definition["instructions"])  # one pass: texts may hold braces
    scale = definition.get("ratingScale")
    if scale:
        ratings = "\n".join(f"- {rating['definition']}" for rating in scale)
        form = (
            f'Choose one of these ratings:\n{ratings}\n\nReply with JSON only: {{"reasoning": "...", "rating": "..."}}'
        )
    else:
        form = 'Reply with JSON only: {"reasoning": "...", "score": NUMBER}'
    return f"{filled}\n\n{form}"


def read_reply(definition: Definition, text: str) -> tuple[Score, str]:
    """A judge's reply to :func:`judge_prompt` as score and reasoning; ``None`` and the reply when it rates nothing."""
    try:
        reply = json.loads(text[text.find("{") : text.rfind("}") + 1])
    except ValueError:
        return None, text.strip()
    reasoning = str(reply.get("reasoning", ""))
    scale = definition.get("ratingScale")
    if not scale:
        score = reply.get("score")
        is_number = isinstance(score, int | float) and not isinstance(score, bool)
        return (score if is_number else None), reasoning
    rating_text = str(reply.get("rating", "")).strip().lower()
    for rating in scale:
        if rating["definition"].strip().lower() == rating_text:
            value = rating["value"]
            return value.get("floatValue", value.get("stringValue")), reasoning
    return None, text.strip()


def try_metrics(metrics: Sequence[CustomMetric], tried: Sequence[Sample], judge: Judge) -> list[Facts]:
    """Judge every sample by every metric. Raises Refused when there is no metric.

    Of each ``name``, ``direction``, ``scale`` (lowest and highest score), ``scores`` (row, response, score,
    explanation), ``mean_right`` and ``mean_wrong`` over numeric scores, and ``separates``: whether right answers score
    better than wrong ones on average, in the metric's direction; ``None`` where the scores are not numbers.
    """
    if not metrics:
        raise Refused(
            "Received no metric; expected the definition of at least one to try.",
            fix="references/custom-metrics.md shows two.",
        )
    results: list[Facts] = []
    for metric, (name, direction) in zip(metrics, directions(metrics).items(), strict=True):
        judged = [(sample, *judge(metric["customMetricDefinition"], sample)) for sample in tried]
        right, wrong = (_mean([score for sample, score, _ in judged if sample.kind == kind]) for kind in (RIGHT, WRONG))
        separates = None
        if right is not None and wrong is not None:
            separates = right > wrong if direction == "higher" else right < wrong
        results.append(
            {
                "name": name,
                "direction": direction,
                "scale": scale_range(metric),
                "scores": [
                    {"row": sample.row, "response": sample.kind, "score": score, "explanation": reasoning}
                    for sample, score, reasoning in judged
                ],
                "mean_right": right,
                "mean_wrong": wrong,
                "separates": separates,
            }
        )
    return results


def _mean(scores: Sequence[object]) -> float | None:
    numbers = [score for score in scores if isinstance(score, int | float)]
    return sum(numbers) / len(numbers) if numbers else None


MAX_TOKENS = 1000


class BedrockJudge:
    """Asks ``model_id`` through Converse. ``simulated``: somebody else than AWS answers; known after a call."""

    def __init__(self, aws: Aws, model_id: str) -> None:
        self.model_id = model_id
        self._client = aws.client("bedrock-runtime")
        self.simulated = not is_aws(self._client.meta.endpoint_url)

    def __call__(self, definition: Definition, sample: Sample) -> tuple[Score, str]:
        message = {"role": "user", "content": [{"text": judge_prompt(definition, sample)}]}
        settings = {"maxTokens": MAX_TOKENS, "temperature": 0}
        try:
            with aws_errors("asking the judge", resource=self.model_id):
                reply = self._client.converse(modelId=self.model_id, messages=[message], inferenceConfig=settings)
        except AccessDenied as error:
            error.fix = (
                f"Ask for bedrock:InvokeModel on {self.model_id}, and for access to the model in this account "
                "(Amazon Bedrock console, Model access)."
            )
            raise
        except AwsError as error:
            if "inference profile" in error.message:
                error.fix = "Name an inference profile of this model: aws bedrock list-inference-profiles"
            raise
        # Behind a proxy the host's name proves nothing: local AWS marks its answers.
        headers = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.simulated = self.simulated or "x-local-aws" in headers
        text = "".join(part.get("text", "") for part in reply["output"]["message"]["content"])
        return read_reply(definition, text)
