"""Bedrock's raw result files of one execution, read row by row and paired by record.

Files of one judge run, under the output prefix::

    <custom|base>-llmaj-eval-<execution id>/<bedrock job id>/models/…/datasets/…/<uuid>_output.jsonl   rows
    <step's job>/output/output/<custom|base>-llmaj-eval-<execution id>/…/bedrock_llm_judge_results.json  means

Nothing is dropped silently: a line that cannot be read becomes a :class:`Problem`, a score that is not
there stays ``None`` with its reason.
"""

from __future__ import annotations

import ast
import functools
import json
import math
import re
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .rows import DatasetRow, canonical_prompt, is_conversation, message_text, whole_text
from .session import NotebookError

ROWS_SUFFIX = "_output.jsonl"
AGGREGATE_NAME = "bedrock_llm_judge_results.json"
# What most reprs look like; anything with a quote or an escape goes through ast.literal_eval.
PLAIN_ANSWER = re.compile(r"\['([^'\\\r\n\0]*)'\]")
PLAIN_PROMPT = re.compile(r"\[\{'role': 'user', 'content': '([^'\\\r\n\0]*)'\}\]")
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


class ResultRows(NamedTuple):
    """The rows of some files in file order, and what could not be read in them."""

    rows: list[ResultRow]
    problems: list[Problem]


@dataclass(slots=True)
class Record:
    """One evaluation record: a dataset row (``None`` when the results name a prompt the dataset lacks) and
    each model's judged answer to it. ``occurrence`` is 1 for the first row with this prompt and reference."""

    record_id: str
    occurrence: int
    prompt: str
    reference: str | None
    row: DatasetRow | None
    tuned: ResultRow | None = None
    base: ResultRow | None = None


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
    rows: dict[str, dict[str, list[tuple[Any, str]]]] = {
        "tuned": defaultdict(list),
        "base": defaultdict(list),
    }
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


def read_result_rows(s3: Any, bucket: str, keys: Iterable[str]) -> ResultRows:
    """Every row of the files, streamed. A broken line becomes a problem; the rows around it are kept."""
    rows: list[ResultRow] = []
    problems: list[Problem] = []
    for key in keys:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        for number, (line, ended) in enumerate(stream_lines(body.iter_chunks(1 << 20)), start=1):
            if not line.strip():
                continue
            try:
                rows.append(parse_result_row(json.loads(line)))
            except (ValueError, RecursionError) as error:
                cut = "" if ended else "; the file ends in the middle of this line"
                problems.append(Problem(key, number, f"not a usable result row: {error}{cut}"))
    return ResultRows(rows, problems)


def stream_lines(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Lines of a byte stream with whether a newline ended each; only ``\\n`` separates lines."""
    tail: list[bytes] = []
    for chunk in chunks:
        first, *rest = chunk.split(b"\n")
        tail.append(first)
        for following in rest:
            yield b"".join(tail), True
            tail = [following]
    last = b"".join(tail)
    if last:
        yield last, False


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
        prompt=whole_text(canonical_prompt(parse_repr(record["prompt"]))),
        reference=whole_text(reference) if isinstance(reference, str) and reference.strip() else None,
        response=whole_text(response_text(answer.get("response") if isinstance(answer, dict) else None)),
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
    """A score entry's number or label, else ``None`` with ``null``, ``absent`` or ``unparsable``."""
    if "result" not in score:
        return None, "absent"
    result = score["result"]
    if type(result) is float and math.isfinite(result):
        return result, None
    if result is None:
        return None, "null"
    if isinstance(result, str) and result.strip():
        return whole_text(result.strip()), None
    if isinstance(result, int | float) and not isinstance(result, bool) and math.isfinite(result):
        return float(result), None
    return None, "unparsable"


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


def response_text(value: object) -> str:
    """A model's answer: ``"['…']"`` as its one string, a conversation as its last message, text as it is."""
    parsed = parse_repr(value)
    if isinstance(parsed, str):
        return parsed
    if not isinstance(parsed, list) or not parsed:
        return ""
    return message_text(parsed[-1].get("content")) if is_conversation(parsed) else "\n".join(map(str, parsed))


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


def match_key(prompt: str, reference: str | None) -> tuple[str, str]:
    """What identifies a record: prompt and reference, whatever the line ends and the space around them."""
    return prompt.replace("\r\n", "\n").strip(), (reference or "").replace("\r\n", "\n").strip()


def pair_records(
    dataset_rows: Sequence[DatasetRow], tuned_rows: Sequence[ResultRow], base_rows: Sequence[ResultRow]
) -> list[Record]:
    """One record per dataset row, each model's row put to it by prompt, reference and n-th occurrence.

    A result row whose reference differs is matched by its prompt where that leaves no choice. Rows of prompts
    the dataset does not have follow at the end, paired with each other, ids ``unlisted-1`` and so on.
    """
    records: list[Record] = []
    by_key: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for row in dataset_rows:
        same = by_key[match_key(row.prompt, row.reference)]
        same.append(Record(str(row.line), len(same) + 1, row.prompt, row.reference, row))
        records.append(same[-1])
    for side, rows in (("tuned", tuned_rows), ("base", base_rows)):
        _place_rows(records, by_key, rows, side)
    return records


def _place_rows(
    records: list[Record],
    by_key: dict[tuple[str, str], list[Record]],
    rows: Sequence[ResultRow],
    side: str,
) -> None:
    used: dict[tuple[str, str], int] = defaultdict(int)
    left: dict[str, list[ResultRow]] = defaultdict(list)
    for row in rows:
        key = match_key(row.prompt, row.reference)
        if used[key] < len(by_key.get(key, ())):
            setattr(by_key[key][used[key]], side, row)
            used[key] += 1
        else:
            left[key[0]].append(row)
    if not left:
        return
    free: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.row is not None and getattr(record, side) is None:
            free[match_key(record.prompt, None)[0]].append(record)
    unlisted = sum(record.row is None for record in records)
    for prompt, waiting in left.items():
        places = free.get(prompt, [])
        for row in waiting:
            obvious = len(places) == 1 and len(waiting) == 1
            place = next((p for p in places if obvious or not p.reference or not row.reference), None)
            if place is not None:
                places.remove(place)
            else:
                same = by_key[match_key(row.prompt, row.reference)]
                unlisted += 1
                place = Record(f"unlisted-{unlisted}", len(same) + 1, row.prompt, row.reference, None)
                same.append(place)
                records.append(place)
            setattr(place, side, row)
