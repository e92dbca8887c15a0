"""What a scorer's function may answer, and what is wrong with other answers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

TOTAL = "aggregate_reward_score"


class Scores(NamedTuple):
    """A sample's total score, and its metrics by name."""

    total: float
    metrics: dict[str, float]


class ReplyError(ValueError):
    """A reply that the container would count as a failure of the scorer, and say nothing."""


def read_reply(reply: object, row_id: object) -> Scores:
    """The scores in the reply to one sample. Raises :class:`ReplyError`, which says what was received and expected."""
    items = _items(reply)
    if len(items) != 1:
        raise ReplyError(f"{len(items)} results were returned for 1 sample")
    item = items[0]
    if not isinstance(item, Mapping):
        raise ReplyError(f"a result is {_kind(item)}; an object with id and {TOTAL} is expected")
    if row_id is not None and item.get("id") != row_id:
        raise ReplyError(f"the result's id is {item.get('id')!r}, the sample's {row_id!r}: it is returned unchanged")
    metrics = {}
    for entry in item.get("metrics_list") or []:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            raise ReplyError("an entry of metrics_list has no name")
        metrics[entry["name"]] = _number(entry.get("value"), f"the value of {entry['name']}")
    if TOTAL not in item:
        raise ReplyError(f"the result has no {TOTAL}")
    return Scores(_number(item[TOTAL], TOTAL), metrics)


def _items(reply: object) -> list[Any]:
    if isinstance(reply, list):
        return reply
    if not isinstance(reply, Mapping):
        raise ReplyError(f"the reply is {_kind(reply)}; a list of results is expected")
    if "errorMessage" in reply:
        raise ReplyError(
            f"the function raised {reply.get('errorType', 'an error')}: {str(reply['errorMessage'])[:300]}"
        )
    status = reply.get("statusCode", 200)
    if status != 200:
        raise ReplyError(f"statusCode is {status!r}: the sample would count as failed")
    body = reply.get("body")
    if not isinstance(body, str):
        raise ReplyError(f"body is {_kind(body)}; a JSON text is expected there (json.dumps of the list)")
    try:
        items = json.loads(body)
    except ValueError as error:
        raise ReplyError(f"body is no JSON ({error})") from error
    if not isinstance(items, list):
        raise ReplyError(f"body holds {_kind(items)}; a list of results is expected")
    return items


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ReplyError(f"{what} is {value!r}; a finite number is expected")
    return float(value)


def _kind(value: object) -> str:
    kinds = {list: "a list", str: "a text", bool: "a boolean", type(None): "nothing", dict: "an object"}
    return kinds.get(type(value), "a number")
