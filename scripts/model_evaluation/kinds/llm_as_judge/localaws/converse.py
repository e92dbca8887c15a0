"""Bedrock's runtime: a SIMULATED judge behind Converse. It reads a prompt as any model would, and answers in text.

It understands nothing. The last labelled part of the prompt counts as the answer to grade; the more of its words
stand in the parts before it, the better the rating. A share of the replies (the scenario's ``missing_scores``) is
malformed, as real judges' replies are at times: prose, a rating that is not on the scale, or cut off.
"""

from __future__ import annotations

import json
import re

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.language.chance import seeded, share
from model_evaluation.localaws.language.texts import content_words, coverage, words
from model_evaluation.localaws.operations import Operations, Record, Request

from .judges import JudgeModel, judge_model, past_end_of_life
from .judging import SIMULATED, worst_is_last

OPERATIONS = Operations()
LABEL = re.compile(r"^[^\n:{}]{1,60}:[ \n]", re.MULTILINE)
RATINGS = re.compile(r"((?:^- .+\n?){1,10})\s*^Reply with JSON", re.MULTILINE)
PROFILE = re.compile(r"^(?:us|eu|apac|global)\.")


@OPERATIONS.plays("bedrock-runtime", "Converse")
def converse(cloud: Cloud, request: Request) -> Record:
    model = _model(cloud, request.params["modelId"])
    prompt = "\n".join(
        part.get("text", "") for message in request.params.get("messages", []) for part in message["content"]
    )
    text, stop = _reply(model.model_id, prompt, cloud.scenario.missing_scores)
    read, written = len(words(prompt)), len(words(text))
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": stop,
        "usage": {"inputTokens": read, "outputTokens": written, "totalTokens": read + written},
        "metrics": {"latencyMs": 1},
    }


def _model(cloud: Cloud, identifier: str) -> JudgeModel:
    """The model an id, an ARN or an inference profile leads to, refused as Bedrock refuses it."""
    name = identifier.rsplit("/", 1)[-1]
    model_id = PROFILE.sub("", name)
    model = judge_model(cloud, model_id)
    if model is None:
        raise ServiceError("ValidationException", "The provided model identifier is invalid.")
    if past_end_of_life(cloud, model):
        raise ServiceError(
            "ResourceNotFoundException", "This model version has reached the end of its life.", status=404
        )
    if not (model.authorized and model.entitled and model.agreed):
        raise ServiceError(
            "AccessDeniedException", "You don't have access to the model with the specified model ID.", status=403
        )
    if not model.on_demand and name == model_id:
        raise ServiceError(
            "ValidationException",
            f"Invocation of model ID {name} with on-demand throughput isn't supported. Retry your request with the ID "
            "or ARN of an inference profile that contains this model.",
        )
    return model


def _reply(judge: str, prompt: str, malformed: float) -> tuple[str, str]:
    """The reply's text and why it ended there."""
    ratings = RATINGS.search(prompt)
    # What asks for the rating stands in a paragraph of its own, at the end.
    body = prompt[: ratings.start()] if ratings else prompt
    body = body.rpartition("\n\n")[0]
    quality = _quality(body)
    reasoning = f"{SIMULATED} About {quality:.0%} of the answer's words stand in what it answers."
    if share(judge, "malformed", prompt) < malformed:
        return _malformed(judge, prompt, reasoning)
    if ratings is None:
        return json.dumps({"reasoning": reasoning, "score": round(quality, 1)}), "end_turn"
    scale = [line[2:] for line in ratings[1].splitlines() if line]
    if worst_is_last(scale[0], scale[-1]):
        scale.reverse()
    rating = scale[min(len(scale) - 1, int(quality * len(scale)))]
    return json.dumps({"reasoning": reasoning, "rating": rating}), "end_turn"


def _quality(body: str) -> float:
    labels = list(LABEL.finditer(body))
    if not labels:
        return 0.5
    answer, before = body[labels[-1].end() :], body[: labels[-1].start()]
    return coverage(content_words(answer), content_words(before))


def _malformed(judge: str, prompt: str, reasoning: str) -> tuple[str, str]:
    shapes = (
        (f"{reasoning} All in all I would call it rather good.", "end_turn"),
        (json.dumps({"reasoning": reasoning, "rating": "rather good"}), "end_turn"),
        (json.dumps({"reasoning": reasoning})[:-12], "max_tokens"),
    )
    return seeded(judge, "shape", prompt).choice(shapes)
