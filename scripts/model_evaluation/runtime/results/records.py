"""The models' answers put to the dataset's rows: by record, never by position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from model_evaluation.runtime.rows import DatasetRow

from .evaluation import Side

Key = tuple[str, str]


@dataclass(slots=True)
class ScoredAnswer:
    """One model's answer to one prompt. A score is a number, a label, or ``None``; ``missing`` then holds the reason,
    by metric as ``explanations``. ``context`` is what the model was given beside the user's words (system text, earlier
    answers), ``scorer`` who gave the scores, each as far as the results say."""

    prompt: str
    reference: str | None
    response: str
    scores: dict[str, float | str | None]
    explanations: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    context: str = ""
    scorer: str = ""


@dataclass(slots=True)
class Record:
    """A row of the dataset with each model's answer, or answers to a prompt that the dataset does not have.

    ``occurrence`` is 1 for the first record with its prompt and reference. Records with the same ``group`` are such
    that nobody can tell which model's answers among them belong together; -1 where that is sure.
    """

    id: str
    occurrence: int
    row: DatasetRow | None
    answers: dict[Side, ScoredAnswer] = field(default_factory=dict)
    group: int = -1

    @property
    def source(self) -> DatasetRow | ScoredAnswer:
        """What has the record's prompt and reference: the dataset's row, else the first model's answer."""
        return self.row or next(iter(self.answers.values()))


def pair_records(rows: Sequence[DatasetRow], answers: Mapping[Side, Sequence[ScoredAnswer]]) -> list[Record]:
    """One record per dataset row, each model's answer put to it by prompt, reference and n-th occurrence.

    An answer whose reference differs is matched by its prompt where that leaves no choice. Answers to prompts that the
    dataset does not have follow at the end, paired with each other. Line ends and outer white space do not matter.
    """
    records: list[Record] = []
    by_key: dict[Key, list[Record]] = defaultdict(list)
    unsure: dict[str, list[Record]] = defaultdict(list)

    def add(record_id: str, row: DatasetRow | None, key: Key) -> Record:
        record = Record(record_id, len(by_key[key]) + 1, row)
        by_key[key].append(record)
        records.append(record)
        return record

    for row in rows:
        add(str(row.line), row, _key(row))
    for side, own in answers.items():
        left: dict[str, list[ScoredAnswer]] = defaultdict(list)
        for answer in own:
            place = next((r for r in by_key.get(_key(answer), ()) if side not in r.answers), None)
            if place is None:
                left[_key(answer)[0]].append(answer)
            else:
                place.answers[side] = answer
        free: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            if record.row is not None and side not in record.answers:
                free[_key(record.row)[0]].append(record)
        for prompt, others in left.items():
            places = free[prompt]
            no_choice = len(places) == len(others) == 1
            for answer in others:
                fitting = [r for r in places if no_choice or not r.source.reference or not answer.reference]
                if not fitting:
                    add(f"unlisted-{len(records) - len(rows) + 1}", None, _key(answer)).answers[side] = answer
                    continue
                places.remove(fitting[0])
                fitting[0].answers[side] = answer
                if not no_choice:
                    unsure[prompt].append(fitting[0])
    same = [group for group in by_key.values() if len(group) > 1]
    for number, group in enumerate((*same, *unsure.values())):
        for record in group:
            record.group = number if record.group < 0 else record.group
    return records


def _key(item: DatasetRow | ScoredAnswer) -> Key:
    """What identifies a record; no reference and an empty one are the same."""
    return plain_text(item.prompt), plain_text(item.reference or "")


def plain_text(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
