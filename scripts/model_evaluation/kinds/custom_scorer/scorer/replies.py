"""What a scorer's function may answer, and what is wrong with other answers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

TOTAL = "aggregate_reward_score"


class Scores(NamedTuple):
    """A sample's total score, and its metrics by name."""

    total: float
    metrics: dict[str, float]


class ReplyError(ValueError):
    """A reply that the container would count as a failure of the scorer, and say nothing."""


class _Metric(msgspec.Struct):
    name: str
    value: float


class _Result(msgspec.Struct):
    aggregate_reward_score: float
    id: object = None
    metrics_list: list[_Metric] | None = None


def read_reply(reply: object, row_id: object) -> Scores:
    """The scores in the reply to one sample. Raises :class:`ReplyError`, which says what was received and expected."""
    if isinstance(reply, Mapping):
        reply = _body(reply)
    try:
        results = msgspec.convert(reply, list[_Result])
    except msgspec.ValidationError as error:
        raise ReplyError(f"a list of results with id and {TOTAL} is expected: {error}") from error
    if len(results) != 1:
        raise ReplyError(f"{len(results)} results were returned for 1 sample")
    result = results[0]
    if row_id is not None and result.id != row_id:
        raise ReplyError(f"the result's id is {result.id!r}, the sample's {row_id!r}: it is returned unchanged")
    scores = Scores(result.aggregate_reward_score, {one.name: one.value for one in result.metrics_list or []})
    for name, value in {TOTAL: scores.total, **scores.metrics}.items():
        if not math.isfinite(value):
            raise ReplyError(f"{name} is {value!r}; a finite number is expected")
    return scores


def _body(reply: Mapping[str, object]) -> object:
    if "errorMessage" in reply:
        raise ReplyError(
            f"the function raised {reply.get('errorType', 'an error')}: {str(reply['errorMessage'])[:300]}"
        )
    if reply.get("statusCode", 200) != 200:
        raise ReplyError(f"statusCode is {reply['statusCode']!r}: the sample would count as failed")
    body = reply.get("body")
    try:
        return json.loads(body)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise ReplyError("body is not JSON text; json.dumps of the list of results is expected there") from error
