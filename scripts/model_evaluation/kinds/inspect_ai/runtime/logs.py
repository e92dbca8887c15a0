"""Inspect's logs, read without Inspect: JSON, and the zip files called .eval whose members zstd compresses.

The format is that of ``inspect_ai.log``; tests read logs that the package itself wrote. Python's own zip module knows
no zstd before 3.14, so members are cut out of the file here and unpacked by Arrow.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from model_evaluation.runtime.results.evaluation import ResultsError
from model_evaluation.runtime.rows import canonical_prompt, message_text, whole_text
from model_evaluation.runtime.settings import Json
from model_evaluation.runtime.statistics.metrics import number_in

ZSTD = 93
LOCAL_HEADER = struct.Struct("<4s5H3L2H")
VALUES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""What Inspect's own metrics make of its letters: correct, incorrect, partial, no answer."""
ATTACHMENT = "attachment://"
CUT_OFF = frozenset({"max_tokens", "model_length"})
SUFFIXES = (".json", ".eval")
SampleKey = tuple[str, str, int]
"""Task, id (as text) and epoch."""


@dataclass(frozen=True)
class Sample:
    """One sample of one epoch. ``scores`` is empty where it failed; ``error`` is then why."""

    id: str
    epoch: int
    input: str
    target: str
    answer: str
    scores: Mapping[str, float | None]
    explanations: Mapping[str, str]
    error: str = ""
    cut_off: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    context: str = ""


@dataclass(frozen=True)
class Log:
    """One task's log. ``expected`` is how many samples times epochs it was meant to have, ``means`` are the log's own
    by score, ``settings`` what must be equal for two logs to be compared. ``total`` and ``completed`` are its own
    counts, ``None`` where it says nothing."""

    name: str
    task: str
    model: str
    status: str
    created: str
    epochs: int
    samples: tuple[Sample, ...]
    scorers: tuple[str, ...]
    settings: Mapping[str, object]
    means: Mapping[str, float]
    expected: int
    total: int | None = None
    completed: int | None = None
    error: str = ""
    unreadable: int = 0
    simulated: bool = False

    def keyed(self) -> dict[SampleKey, Sample]:
        """The samples by their key; of one that occurs twice the first that has scores."""
        found: dict[SampleKey, Sample] = {}
        for sample in self.samples:
            key = (self.task, sample.id, sample.epoch)
            if key not in found or (sample.scores and not found[key].scores):
                found[key] = sample
        return found


def read_log(body: bytes, name: str) -> Log:
    """A log from a file's content; ``name`` is the file's. Raises :class:`ResultsError` for anything else."""
    try:
        if body[:2] == b"PK":
            header, samples, unreadable = _read_archive(body)
        else:
            header = json.loads(body)
            samples, unreadable = header.get("samples") or [], 0
        if not isinstance(header.get("eval"), dict):
            raise ValueError("it has no part `eval`")
        return _log(name, header, samples, unreadable)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error, OSError) as error:
        raise ResultsError(
            f"{name} is not a log of Inspect that can be read: {error}.",
            fix="Give a log that `inspect eval` wrote (.json or .eval). One of a run that was broken off can be made "
            "whole with: inspect log recover",
        ) from error


# -- the zip file ------------------------------------------------------------------------------------------------------


def _read_archive(body: bytes) -> tuple[Json, list[Json], int]:
    """The header, the samples, and how many of them cannot be read. A log that was broken off has no header yet: then
    that of its journal, with the status ``started``."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
    except zipfile.BadZipFile as error:
        raise ValueError(f"the zip file is not whole ({error})") from error
    members = {info.filename: info for info in archive.infolist()}
    if "header.json" in members:
        header: Json = json.loads(_member(body, members["header.json"]))
    elif "_journal/start.json" in members:
        header = {"status": "started", **json.loads(_member(body, members["_journal/start.json"]))}
    else:
        raise ValueError("the zip file has no header.json")
    samples, unreadable = [], 0
    for name, info in members.items():
        if name.startswith("samples/") and name.endswith(".json"):
            try:
                samples.append(json.loads(_member(body, info)))
            except (ValueError, OSError):
                unreadable += 1
    return header, samples, unreadable


def _member(body: bytes, info: zipfile.ZipInfo) -> bytes:
    """A member's content; how it is compressed does not matter."""
    if info.compress_type != ZSTD:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return archive.read(info)
    *_, name_length, extra_length = LOCAL_HEADER.unpack_from(body, info.header_offset)
    start = info.header_offset + LOCAL_HEADER.size + name_length + extra_length
    packed = pa.BufferReader(body[start : start + info.compress_size])
    with pa.CompressedInputStream(packed, "zstd") as stream:
        content = bytes(stream.read())
    if len(content) != info.file_size:
        raise ValueError(f"{info.filename} holds {len(content)} bytes, {info.file_size} are expected")
    return content


# -- what a log says ---------------------------------------------------------------------------------------------------


def _log(name: str, header: Json, samples: list[Json], unreadable: int) -> Log:
    spec, results = header["eval"], header.get("results") or {}
    config, dataset = spec.get("config") or {}, spec.get("dataset") or {}
    read = tuple(_sample(sample) for sample in samples)
    epochs = int(config.get("epochs") or max((sample.epoch for sample in read), default=1))
    ids = dataset.get("sample_ids") or []
    metadata = spec.get("metadata") or {}
    return Log(
        name=name,
        task=str(spec["task"]).rpartition("/")[2],
        model=str(spec.get("model") or ""),
        status=str(header.get("status") or "started"),
        created=str(spec.get("created") or ""),
        epochs=epochs,
        samples=read,
        scorers=_scorers(spec, results, read),
        settings=_settings(spec),
        means=dict(_means(results)),
        expected=max(len(ids) * epochs, int(results.get("total_samples") or 0), len(read)),
        total=results.get("total_samples"),
        completed=results.get("completed_samples"),
        error=str((header.get("error") or {}).get("message") or "")[:500],
        unreadable=unreadable,
        simulated=metadata.get("simulated") is True,
    )


def _settings(spec: Json) -> dict[str, object]:
    """What decides about the answers beside the model: another value of it makes another evaluation."""
    config = spec.get("config") or {}
    generate = {name: value for name, value in (spec.get("model_generate_config") or {}).items() if value is not None}
    for unimportant in ("max_connections", "max_retries", "timeout", "attempt_timeout", "adaptive_connections"):
        generate.pop(unimportant, None)
    return {
        "task version": spec.get("task_version"),
        "task arguments": spec.get("task_args_passed") or {},
        "limit": config.get("limit"),
        "epochs": config.get("epochs") or 1,
        "generation": generate,
    }


def _scorers(spec: Json, results: Json, samples: tuple[Sample, ...]) -> tuple[str, ...]:
    """Names of the scores, the headline's first: as the samples have them, else as the log announces them."""
    names = [name for sample in samples for name in sample.scores]
    named = [str(score["name"]) for score in results.get("scores") or [] if score.get("name")]
    announced = [str(scorer["name"]).rpartition("/")[2] for scorer in spec.get("scorers") or []]
    found = dict.fromkeys([*(name for name in (*named, *announced) if name in names), *names])
    return tuple(found or dict.fromkeys(named or announced))


def _means(results: Json) -> Iterator[tuple[str, float]]:
    for score in results.get("scores") or []:
        metrics = score.get("metrics") or {}
        for metric in ("accuracy", "mean"):
            value = (metrics.get(metric) or {}).get("value")
            if isinstance(value, int | float):
                yield str(score["name"]), float(value)
                break


def _sample(sample: Json) -> Sample:
    attachments = sample.get("attachments") or {}

    def whole(value: object) -> str:
        text = value if isinstance(value, str) else message_text(value)
        if text.startswith(ATTACHMENT):
            text = str(attachments.get(text.removeprefix(ATTACHMENT), text))
        return whole_text(text)

    output = sample.get("output") or {}
    choices = output.get("choices") or [{}]
    error, target, given = sample.get("error") or {}, sample.get("target"), sample.get("input")
    limit = (sample.get("limit") or {}).get("type")
    message = choices[0].get("message") or {}
    scores, explanations = _scores(sample.get("scores") or {}) if not error else ({}, {})
    turns = given if isinstance(given, list) else []
    return Sample(
        id=str(sample["id"]),
        epoch=int(sample.get("epoch") or 1),
        input=whole(given if isinstance(given, str) else canonical_prompt(given)),
        target=", ".join(map(whole, target)) if isinstance(target, list) else whole(target or ""),
        answer=whole(output.get("completion") or message.get("content") or ""),
        scores=scores,
        explanations={name: whole(text) for name, text in explanations.items()},
        error=str(error.get("message") or "")[:300] if error else "",
        cut_off=choices[0].get("stop_reason") in CUT_OFF or limit in ("token", "context"),
        metadata=_fields(sample.get("metadata")),
        context="\n\n".join(whole(turn.get("content")) for turn in turns if turn.get("role") != "user"),
    )


def _scores(given: Json) -> tuple[dict[str, float | None], dict[str, str]]:
    """Numbers by score; a dictionary of values is a score each, called ``scorer.key``. Anything else is missing."""
    scores: dict[str, float | None] = {}
    explanations: dict[str, str] = {}
    for name, score in given.items():
        value = (score or {}).get("value")
        parts = {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
        for part, own in parts.items():
            scores[part] = value_of(own)
            if (score or {}).get("explanation"):
                explanations[part] = str(score["explanation"])
    return scores, explanations


def value_of(value: object) -> float | None:
    """A score's value as Inspect's own ``value_to_float`` has it; ``None`` for what is not a number."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        if value in VALUES:
            return VALUES[value]
        if value.lower() in ("yes", "true"):
            return 1.0
        if value.lower() in ("no", "false"):
            return 0.0
    if isinstance(value, int | float | str):
        number = number_in(str(value))
        return None if number != number else number
    return None


def _fields(metadata: object) -> dict[str, str]:
    if not isinstance(metadata, dict):
        return {}
    return {
        str(name): whole_text(str(value)) for name, value in metadata.items() if isinstance(value, str | int | float)
    }
