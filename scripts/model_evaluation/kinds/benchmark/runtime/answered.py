"""Which questions a model gave no answer to: an output that holds none counts as wrong, whatever the model knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from model_evaluation.runtime.results.answer_texts import thinking_of
from model_evaluation.runtime.results.records import Record
from model_evaluation.runtime.tasks.results import Unanswered

from .tasks import BOXED, TASKS

MOST_LACKING = 0.01  # of the right answers
REASONS = ("empty", "thinking not finished", "no final answer")


def why_unanswered(text: str, mark: re.Pattern[str] | None) -> str:
    """One of ``REASONS``, empty when there is an answer. ``mark`` is what an answer is found by; without it any text is
    one. A box counts wherever it stands, as it does for the container; "the answer is" in thinking that was never
    closed does not."""
    if not text.strip():
        return REASONS[0]
    unfinished = thinking_of(text) == "unclosed"
    marked = mark is None or mark.search(text) is not None
    if marked and (not unfinished or mark is BOXED):
        return ""
    return REASONS[1] if unfinished else REASONS[2]


def reliable_mark(benchmark: str, records: Sequence[Record], metric: str) -> re.Pattern[str] | None:
    """What an answer to this benchmark is found by; ``None`` where none is known, or where more than a few answers that
    were marked right lack it: then the container finds answers in another way, and only what is empty or never stopped
    thinking is taken for no answer."""
    mark = TASKS[benchmark].answer if benchmark in TASKS else None
    if mark is None:
        return None
    right = [a.response for record in records for a in record.answers.values() if a.scores.get(metric)]
    lacking = sum(why_unanswered(text, mark) != "" for text in right)
    return mark if lacking <= MOST_LACKING * len(right) else None


def unanswered(reasons: Sequence[str | None]) -> Unanswered:
    """What a model left unanswered; ``reasons`` are ``None`` where the files have no output of it."""
    known = [reason for reason in reasons if reason is not None]
    counts = Counter(reason for reason in known if reason)
    return {
        "n": len(known),
        "unanswered": counts.total(),
        "share": counts.total() / len(known) if known else 0.0,
        "reasons": {reason: counts[reason] for reason in REASONS if counts[reason]},
    }


def words_of(counts: Mapping[str, int]) -> str:
    """``12 empty, 30 no final answer``."""
    return ", ".join(f"{count} {reason}" for reason, count in counts.items())
