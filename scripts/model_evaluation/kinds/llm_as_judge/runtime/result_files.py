"""What the rows of Bedrock's result files say.

Nothing is dropped silently: a line that cannot be read becomes a :class:`Problem`, a score that is not there stays
``None`` with its reason.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import json
import math
import re
import warnings
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.results.records import ScoredAnswer
from model_evaluation.runtime.rows import canonical_prompt, is_conversation, message_text, whole_text
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import Client
from model_evaluation.runtime.settings import Json
from model_evaluation.runtime.statistics.metrics import NOT_APPLICABLE


class Problem(NamedTuple):
    """A line of a result file that could not be used: where it is, and what is wrong with it."""

    key: str
    line: int
    message: str


class ResultRows(NamedTuple):
    """The usable rows of some files, in their order, and what is wrong with the other lines."""

    answers: list[ScoredAnswer]
    problems: list[Problem]


def read_result_rows(s3: Client, bucket: str, keys: Sequence[str]) -> ResultRows:
    """Every row of the files; the rows around a broken line are kept."""
    answers: list[ScoredAnswer] = []
    problems: list[Problem] = []
    for key in keys:
        lines = s3.get_object(Bucket=bucket, Key=key)["Body"].read().split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                answers.append(parse_result_row(json.loads(line)))
            except (ValueError, RecursionError) as error:
                cut = "; the file ends in the middle of this line" if number == len(lines) else ""
                problems.append(Problem(key, number, f"not a usable result row: {error}{cut}"))
    return ResultRows(answers, problems)


def parse_result_row(obj: object) -> ScoredAnswer:
    """One decoded line of a result file. ``ValueError`` with a plain reason when it is not one."""
    if not isinstance(obj, dict):
        raise ValueError("expected a JSON object")
    record = obj.get("inputRecord")
    if not isinstance(record, dict) or not isinstance(record.get("prompt"), str | list):
        raise ValueError("no inputRecord.prompt")
    reference = record.get("referenceResponse")
    responses = obj.get("modelResponses")
    response = responses[0] if isinstance(responses, list) and responses else None
    prompt = parse_repr(record["prompt"])
    answer = ScoredAnswer(
        prompt=whole_text(canonical_prompt(prompt)),
        reference=whole_text(reference) if isinstance(reference, str) and reference.strip() else None,
        response=response_text(response.get("response") if isinstance(response, dict) else None),
        scores={},
        context=whole_text(_context(prompt)),
    )
    result = obj.get("automatedEvaluationResult")
    scores = result.get("scores") if isinstance(result, dict) else None
    for score in scores if isinstance(scores, list) else []:
        if isinstance(score, dict) and isinstance(score.get("metricName"), str):
            _add_score(answer, score)
    return answer


def _add_score(answer: ScoredAnswer, score: Json) -> None:
    name = bare_metric_name(score["metricName"])
    if answer.scores.get(name) is not None:
        return  # a second judge's opinion: the first usable score counts
    value, reason = parse_score(score)
    answer.scores[name] = value
    if reason is not None:
        answer.missing[name] = reason
    else:
        answer.missing.pop(name, None)
    details = score.get("evaluatorDetails")
    objects = [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    explanations = [detail["explanation"] for detail in objects if isinstance(detail.get("explanation"), str)]
    if explanations:
        answer.explanations[name] = whole_text(explanations[0])
    judges = [detail["modelIdentifier"] for detail in objects if isinstance(detail.get("modelIdentifier"), str)]
    answer.scorer = answer.scorer or whole_text("".join(judges[:1]))


def _context(prompt: object) -> str:
    """What a conversation holds beside the user's words."""
    if not isinstance(prompt, list) or not is_conversation(prompt):
        return ""
    return "\n\n".join(message_text(turn.get("content")) for turn in prompt if turn["role"] != "user")


def parse_score(score: Json) -> tuple[float | str | None, str | None]:
    """A score entry's number or label, else ``None`` with ``null``, ``absent``, ``not applicable`` or ``unparsable``.

    NaN is the number of an answer to which the metric does not apply.
    """
    if "result" not in score:
        return None, "absent"
    result = score["result"]
    if result is None:
        return None, "null"
    if isinstance(result, str) and result.strip():
        return whole_text(result.strip()), None
    if isinstance(result, int | float) and not isinstance(result, bool):
        with contextlib.suppress(OverflowError):  # a whole number of hundreds of digits
            number = float(result)
            if math.isnan(number):
                return None, NOT_APPLICABLE
            if math.isfinite(number):
                return number, None
    return None, "unparsable"


@functools.cache
def bare_metric_name(name: str) -> str:
    """A metric's name as the service writes it, without ``Builtin.``."""
    return whole_text(re.sub(r"^builtin\.", "", name, flags=re.IGNORECASE))


def parse_repr(text: object) -> object:
    """The value of a Python repr of a list; anything else comes back as it is. Nothing is ever evaluated."""
    if not isinstance(text, str) or not text.lstrip().startswith("["):
        return text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a plain text that merely looks like a repr
            value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    plain = isinstance(value, list) and (is_conversation(value) or all(isinstance(v, str) for v in value))
    return value if plain else text


def response_text(value: object) -> str:
    """A model's answer: ``"['…']"`` as its one string, a conversation as its last message, text as it is."""
    parsed = parse_repr(value)
    if isinstance(parsed, str):
        return whole_text(parsed)
    if not isinstance(parsed, list) or not parsed:
        return ""
    text = message_text(parsed[-1].get("content")) if is_conversation(parsed) else "\n".join(map(str, parsed))
    return whole_text(text)


ROWS_SUFFIX = "_output.jsonl"
AGGREGATE_NAME = "bedrock_llm_judge_results.json"


class ResultFiles(NamedTuple):
    """Keys of one execution's files, sorted: each model's rows, the service's means of them, and row files of an
    earlier attempt of a step, which are ``superseded``."""

    bucket: str
    rows: dict[Side, list[str]]
    means: dict[Side, list[str]]
    superseded: list[str]


def find_result_files(s3: Client, output_uri: str, execution_id: str) -> ResultFiles:
    """The result files of exactly this execution; other executions under the same prefix are ignored.

    When a judge step was retried, each model's rows come from the newest Bedrock job only.
    """
    bucket, key = S3Uri.parse(output_uri)
    prefix = key.rstrip("/")
    start = f"{prefix}/" if prefix else ""
    job_name = re.compile(rf"(?:(base|custom)-)?llmaj-eval\S*(?<![0-9a-z]){re.escape(execution_id)}(?![0-9a-z])")
    rows: dict[Side, dict[str, list[tuple[datetime, str]]]] = {"tuned": defaultdict(list), "base": defaultdict(list)}
    aggregates: dict[Side, list[str]] = {"tuned": [], "base": []}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start):
        for item in page.get("Contents", []):
            parts = item["Key"][len(start) :].split("/")
            at, name = next(((i, m) for i, p in enumerate(parts) if (m := job_name.match(p))), (0, None))
            if name is None:
                continue
            side: Side = "base" if name[1] == "base" else "tuned"
            if parts[-1].endswith(ROWS_SUFFIX) and "datasets" in parts[at:]:
                rows[side]["/".join(parts[: at + 2])].append((item["LastModified"], item["Key"]))
            elif parts[-1] == AGGREGATE_NAME:
                aggregates[side].append(item["Key"])
    newest = {side: sorted(key for _, key in max(jobs.values(), key=max, default=[])) for side, jobs in rows.items()}
    every = {key for jobs in rows.values() for files in jobs.values() for _, key in files}
    means = {side: sorted(keys) for side, keys in aggregates.items()}
    return ResultFiles(bucket, newest, means, sorted(every.difference(*newest.values())))


def read_aggregate_means(s3: Client, bucket: str, keys: Sequence[str]) -> dict[str, float]:
    """The service's own mean per metric, from its aggregate files; unreadable files give nothing."""
    means: dict[str, float] = {}
    for key in keys:
        try:
            content = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
            results = content.get("results", {})
            for name, entry in results.items():
                score = entry.get("score")
                if isinstance(score, int | float) and math.isfinite(score):
                    means[bare_metric_name(name)] = float(score)
        except (ValueError, AttributeError, RecursionError):
            continue
    return means
