"""The container's rows put to the dataset's: by record, never by position, and what is wrong with them counted."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from model_evaluation.kinds.nova.runtime.output.details import ROW_ID, DetailRow, plain_answer
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.results.records import Record, ScoredAnswer, plain_text
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.statistics.metrics import Metric

MOST_LOOKED_AT = 1_000  # rows of one reference, beyond which nobody looks for a prompt within another
# The documents' names of metrics; the container's files have the short ones.
NAMES = {"em": "exact_match", "qem": "quasi_exact_match", "f1": "f1_score"}
OVERLAP_METRICS = (
    "rouge1", "rouge2", "rougeL", "exact_match", "quasi_exact_match", "f1_score", "f1_score_quasi", "bleu",
)  # fmt: skip
ACCURACY, VALID = "accuracy", "valid_json"
"""Our own metrics of a field of JSON answers: whether its value is the reference's, and whether the answer is a JSON
object with all of the reference's keys."""


def metric_named(name: str, primary: str = "") -> Metric:
    """A metric as the container, a function or this program gives it; scales that are known are declared."""
    known = name in (*OVERLAP_METRICS, ACCURACY, VALID)
    limits = (0.0, 100.0 if name == "bleu" else 1.0) if known else None
    return Metric(name, limits=limits, declared=known or name == primary)


class MatchCounts(NamedTuple):
    """What became of one model's rows: those put to a record, those ``repeated`` from another file, those that belong
    to no record, and how many the container wrote in small letters (``folded``)."""

    matched: int
    repeated: int
    strange: int
    folded: int


class Matching(NamedTuple):
    """One model's rows by the record's id, and what became of all."""

    details: dict[str, DetailRow]
    counts: MatchCounts


class RecordIndex:
    """The dataset's records, and how a row of the container finds its own.

    A ``row_id`` in the metadata decides where every row of the dataset has its own; else prompt and reference do, in
    any case of letters where nothing else fits, since the container has been seen to write them small. A prompt that
    the container shows with something around it is found by its reference, where that leaves no choice.
    """

    def __init__(self, rows: Sequence[DatasetRow]) -> None:
        self.records: list[Record] = []
        self._by_key: dict[tuple[str, str], list[Record]] = defaultdict(list)
        self._by_folded: dict[tuple[str, str], list[Record]] = defaultdict(list)
        ids = [row.metadata.get(ROW_ID) for row in rows]
        self._by_gold: dict[str, list[Record]] = defaultdict(list)
        self._named = all(ids) and len(set(ids)) == len(ids)
        self._by_id: dict[str, Record] = {}
        for row, row_id in zip(rows, ids, strict=True):
            key = plain_text(row.prompt), plain_text(row.reference or "")
            record = Record(str(row.line), len(self._by_key[key]) + 1, row)
            self.records.append(record)
            self._by_key[key].append(record)
            self._by_folded[key[0].casefold(), key[1].casefold()].append(record)
            self._by_gold[key[1].casefold()].append(record)
            if self._named and row_id is not None:
                self._by_id[row_id] = record
        if not self._named:
            same = (group for group in self._by_key.values() if len(group) > 1)
            for number, group in enumerate(same):
                for record in group:
                    record.group = number

    def fitting(self, detail: DetailRow) -> list[Record]:
        """The records that a row may belong to."""
        row_id = detail.row_id
        if self._named and row_id is not None:
            record = self._by_id.get(row_id)
            if record or "sample_id" not in detail.specifics:  # what that is where a row has no id is not documented
                return [record] if record else []
        key = plain_text(detail.example), plain_text(detail.gold)
        prompt, gold = (text.casefold() for text in key)
        return self._by_key.get(key) or self._by_folded.get((prompt, gold)) or self._inside(prompt, gold)

    def _inside(self, prompt: str, gold: str) -> list[Record]:
        """The record whose prompt lies within a longer one; none where that may be several."""
        same = self._by_gold.get(gold, ())
        if len(same) > MOST_LOOKED_AT:
            return []
        found = [record for record in same if plain_text(record.source.prompt).casefold() in prompt]
        return found if len(found) == 1 else []

    def match(self, details: Sequence[DetailRow], side: Side, answer_field: str) -> Matching:
        """Puts the rows to their records."""
        matched: dict[str, DetailRow] = {}
        repeated = strange = folded = 0
        for detail in details:
            fitting = self.fitting(detail)
            free = next((record for record in fitting if side not in record.answers), None)
            if free is not None:
                free.answers[side] = scored_answer(detail, free, answer_field)
                matched[free.id] = detail
                folded += written_small(detail, free)
            elif any(record.answers[side].response == detail.prediction for record in fitting):
                repeated += 1
            else:
                strange += 1
        return Matching(matched, MatchCounts(len(matched), repeated, strange, folded))


def scored_answer(detail: DetailRow, record: Record, answer_field: str) -> ScoredAnswer:
    """The row as an answer to the record, with the container's scores and our own."""
    row = record.row
    assert row is not None
    answer = ScoredAnswer(row.prompt, row.reference, detail.prediction, {}, context=row.system or "")
    for name, number in detail.metrics.items():
        answer.scores[NAMES.get(name, name)] = number
    if answer_field:
        small = written_small(detail, record)
        texts = (answer.response, row.reference or "", answer_field)
        _score_field(answer, *(map(str.casefold, texts) if small else texts))
    return answer


def written_small(detail: DetailRow, record: Record) -> bool:
    """Whether the container gives the reference back in small letters only, and so the answer as well."""
    reference = plain_text(record.source.reference or "")
    given = plain_text(detail.gold)
    return given != reference and given == reference.lower()


def _score_field(answer: ScoredAnswer, response: str, reference: str, answer_field: str) -> None:
    """An answer that cannot be read is a wrong one: the model was asked for JSON."""
    right = json_object(reference)
    if right is None or answer_field not in right:
        return
    given = json_object(response)
    answer.scores[VALID] = float(given is not None and set(right) <= set(given))
    label = label_of(given, answer_field)
    answer.scores[ACCURACY] = float(label == label_of(right, answer_field))
    answer.explanations[ACCURACY] = f"{answer_field}: {label or 'none'}; right is {label_of(right, answer_field)}"


def json_object(text: str) -> dict[str, object] | None:
    """The JSON object that an answer is, with or without what wraps it."""
    try:
        value = json.loads(plain_answer(text))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def label_of(content: Mapping[str, object] | None, answer_field: str) -> str | None:
    """The value of a field as text; ``None`` where it is absent or no single value."""
    value = None if content is None else content.get(answer_field)
    return str(value).strip() if isinstance(value, str | int | float | bool) else None


def labels_by_record(
    records: Sequence[Record], side: Side, answer_field: str, matching: Matching
) -> list[tuple[str, str | None]]:
    """Truth and prediction of every record that has both an answer and a truth. What the container wrote in small
    letters is put to the reference's own spelling."""
    pairs = []
    truths = [label_of(json_object(record.source.reference or ""), answer_field) for record in records]
    spelt = {label.casefold(): label for label in truths if label is not None}
    for record, truth in zip(records, truths, strict=True):
        answer = record.answers.get(side)
        if answer is None or truth is None:
            continue
        if written_small(matching.details[record.id], record):
            given = label_of(json_object(answer.response.casefold()), answer_field.casefold())
            pairs.append((truth, None if given is None else spelt.get(given.casefold(), given)))
        else:
            pairs.append((truth, label_of(json_object(answer.response), answer_field)))
    return pairs


def answer_fields(references: Sequence[str]) -> list[str]:
    """Fields that classify: they are in all of the JSON references, with few values that repeat. The one with the
    fewest values comes first."""
    objects = [json_object(text) for text in references]
    if not objects or any(content is None for content in objects):
        return []
    found = []
    for name in objects[0] or {}:
        values = Counter(label_of(content, name) for content in objects)
        if None not in values and 2 <= len(values) <= max(2, len(objects) // 3):
            found.append((len(values), name))
    return [name for _, name in sorted(found)]


def matching_cautions(matching: MatchCounts, model: str, expected: int) -> Iterator[str]:
    """What a reader must know of how one model's rows were put to the dataset's."""
    if matching.repeated:
        yield f"Rows of the {model} that several result files repeat, counted once: {matching.repeated}."
    if matching.strange:
        yield f"Result rows of the {model} that belong to no row of the dataset, left out: {matching.strange}."
    if matching.folded:
        yield (
            f"The container wrote {matching.folded} rows of the {model} in small letters: their values are compared "
            "without regard to case."
        )
    if matching.matched < expected:
        yield f"The {model} has results for {matching.matched} of {expected} rows."
