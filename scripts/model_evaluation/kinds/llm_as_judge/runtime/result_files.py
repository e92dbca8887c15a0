"""Bedrock's raw result files of one execution: where they are, and what one of their rows says.

Files of one judge run, under the output prefix::

    <custom|base>-llmaj-eval-<execution id>/<bedrock job id>/models/…/datasets/…/<uuid>_output.jsonl   rows
    <step's job>/output/output/<custom|base>-llmaj-eval-<execution id>/…/bedrock_llm_judge_results.json  means

Nothing is dropped silently: a line that cannot be read becomes a :class:`Problem`, a score that is not
there stays ``None`` with its reason.
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from model_evaluation.runtime.rows import canonical_prompt, is_conversation, message_text, whole_text
from model_evaluation.runtime.settings import NotebookError

ROWS_SUFFIX = "_output.jsonl"
AGGREGATE_NAME = "bedrock_llm_judge_results.json"
# What most reprs look like; anything with a quote or an escape goes through ast.literal_eval.
PLAIN_ANSWER = re.compile(r"\['([^'\\\r\n\0]*)'\]")
PLAIN_PROMPT = re.compile(r"\[\{'role': 'user', 'content': '([^'\\\r\n\0]*)'\}\]")
NOT_APPLICABLE = "not applicable"
SAYS_NOT_APPLICABLE = frozenset({"not applicable", "n/a", "na", "nan"})
SIDES = {"compare": ("tuned", "base"), "tuned": ("tuned",), "base": ("base",)}  # the models that a scope evaluates
MEAN_TOLERANCE = 0.005  # the service rounds some means to two decimals


class ResultsError(NotebookError):
    """Results that cannot be analysed at all."""


class Problem(NamedTuple):
    """Something in a result file that could not be used: where it is, and what is wrong with it."""

    key: str
    line: int
    message: str


class ResultFiles(NamedTuple):
    """Keys of one execution's files, sorted. ``superseded`` are row files of an earlier attempt of a step."""

    bucket: str
    tuned: list[str]
    base: list[str]
    tuned_aggregates: list[str]
    base_aggregates: list[str]
    superseded: list[str]


@dataclass(slots=True)
class ResultRow:
    """One judged answer. A score is a number, a label, or ``None``; ``missing`` then holds the reason."""

    prompt: str
    reference: str | None
    response: str
    scores: dict[str, float | str | None]
    explanations: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@functools.cache
def bare_metric_name(name: str) -> str:
    """A metric's name as the service writes it, without ``Builtin.``."""
    return whole_text(re.sub(r"^builtin\.", "", name, flags=re.IGNORECASE))


def split_s3_uri(uri: str) -> tuple[str, str]:
    """``s3://bucket/some/prefix/`` as ``("bucket", "some/prefix")``; ``ValueError`` for anything else."""
    match = re.fullmatch(r"s3://([^/]+)/?(.*?)/*", uri, re.DOTALL)
    if match is None:
        raise ValueError(f"expected s3://bucket/prefix, found {uri!r}")
    return match[1], match[2]


def find_result_files(s3: Any, output_uri: str, execution_id: str) -> ResultFiles:
    """The result files of exactly this execution; other executions under the same prefix are ignored.

    When a judge step was retried, each model's rows come from the newest Bedrock job only.
    """
    bucket, prefix = split_s3_uri(output_uri)
    start = f"{prefix}/" if prefix else ""
    job_name = re.compile(rf"(?:(base|custom)-)?llmaj-eval\S*(?<![0-9a-z]){re.escape(execution_id)}(?![0-9a-z])")
    rows: dict[str, dict[str, list[tuple[Any, str]]]] = {"tuned": defaultdict(list), "base": defaultdict(list)}
    aggregates: dict[str, list[str]] = {"tuned": [], "base": []}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start):
        for item in page.get("Contents", []):
            parts = item["Key"][len(start) :].split("/")
            at, name = next(((i, m) for i, p in enumerate(parts) if (m := job_name.match(p))), (0, None))
            if name is None:
                continue
            side = "base" if name[1] == "base" else "tuned"
            if parts[-1].endswith(ROWS_SUFFIX) and "datasets" in parts[at:]:
                rows[side]["/".join(parts[: at + 2])].append((item["LastModified"], item["Key"]))
            elif parts[-1] == AGGREGATE_NAME:
                aggregates[side].append(item["Key"])
    newest = {side: max(jobs.values(), key=max, default=[]) for side, jobs in rows.items()}
    kept = {side: sorted(key for _, key in files) for side, files in newest.items()}
    seen = {key for jobs in rows.values() for files in jobs.values() for _, key in files}
    return ResultFiles(
        bucket,
        kept["tuned"],
        kept["base"],
        sorted(aggregates["tuned"]),
        sorted(aggregates["base"]),
        sorted(seen.difference(kept["tuned"], kept["base"])),
    )


def parse_result_row(obj: object) -> ResultRow:
    """One decoded line of a result file. ``ValueError`` with a plain reason when it is not one."""
    # Decoded JSON holds dicts only; asking for any Mapping costs more than all the rest here.
    if not isinstance(obj, dict):
        raise ValueError("expected a JSON object")
    record = obj.get("inputRecord")
    if not isinstance(record, dict) or not isinstance(record.get("prompt"), str | list):
        raise ValueError("no inputRecord.prompt")
    reference = record.get("referenceResponse")
    answers = obj.get("modelResponses")
    answer = answers[0] if isinstance(answers, list) and answers else None
    row = ResultRow(
        prompt=prompt_text(record["prompt"]),
        reference=whole_text(reference) if isinstance(reference, str) and reference.strip() else None,
        response=response_text(answer.get("response") if isinstance(answer, dict) else None),
        scores={},
    )
    result = obj.get("automatedEvaluationResult")
    scores = result.get("scores") if isinstance(result, dict) else None
    for score in scores if isinstance(scores, list) else []:
        if isinstance(score, dict) and isinstance(score.get("metricName"), str):
            _add_score(row, score)
    return row


def _add_score(row: ResultRow, score: Mapping[str, Any]) -> None:
    name = bare_metric_name(score["metricName"])
    if row.scores.get(name) is not None:
        return  # a second judge's opinion: the first usable score counts
    value, reason = parse_score(score)
    row.scores[name] = value
    if reason is not None:
        row.missing[name] = reason
    elif row.missing:
        row.missing.pop(name, None)
    details = score.get("evaluatorDetails")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and isinstance(detail.get("explanation"), str):
            row.explanations[name] = whole_text(detail["explanation"])
            break


def parse_score(score: Mapping[str, Any]) -> tuple[float | str | None, str | None]:
    """A score entry's number or label, else ``None`` with ``null``, ``absent``, ``not applicable`` or ``unparsable``.

    NaN is the number of an answer to which the metric does not apply.
    """
    if "result" not in score:
        return None, "absent"
    result = score["result"]
    if type(result) is float and math.isfinite(result):
        return result, None
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


def missing_reason(label: str) -> str:
    """Why a label that a numeric scale does not have is no score: ``not applicable`` or ``unparsable``."""
    return NOT_APPLICABLE if label.strip(" .").casefold() in SAYS_NOT_APPLICABLE else "unparsable"


def parse_repr(text: object) -> object:
    """The value of a Python repr of a list; anything else comes back as it is. Nothing is ever evaluated."""
    if not isinstance(text, str) or not text.lstrip().startswith("["):
        return text
    if match := PLAIN_ANSWER.fullmatch(text):
        return [match[1]]
    if match := PLAIN_PROMPT.fullmatch(text):
        return [{"role": "user", "content": match[1]}]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a plain text that merely looks like a repr
            value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    plain = isinstance(value, list) and (is_conversation(value) or all(isinstance(v, str) for v in value))
    return value if plain else text


def prompt_text(value: object) -> str:
    """A prompt of a result file: what the user said in the conversation, or the text as it is."""
    return whole_text(canonical_prompt(parse_repr(value)))


def response_text(value: object) -> str:
    """A model's answer: ``"['…']"`` as its one string, a conversation as its last message, text as it is."""
    parsed = parse_repr(value)
    if isinstance(parsed, str):
        return whole_text(parsed)
    if not isinstance(parsed, list) or not parsed:
        return ""
    text = message_text(parsed[-1].get("content")) if is_conversation(parsed) else "\n".join(map(str, parsed))
    return whole_text(text)


def read_aggregate_means(s3: Any, bucket: str, keys: Sequence[str]) -> dict[str, float]:
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
