"""Two versions of one fine-tuned model answer differently, so that a rehearsed comparison says something."""

from __future__ import annotations

from model_evaluation.localaws.language import earlier_answer, tuned_answer
from model_evaluation.runtime.rows import read_dataset_row

REFERENCE = "Open the settings. The export takes a day, since it is made at night. You get a mail with a link."


def test_an_earlier_version_answers_most_rows_otherwise_and_always_the_same() -> None:
    rows = [
        read_dataset_row({"query": f"How do I export project {number}?", "response": REFERENCE}, number)
        for number in range(1, 41)
    ]
    assert [earlier_answer(row) for row in rows] == [earlier_answer(row) for row in rows]
    assert sum(earlier_answer(row) != tuned_answer(row) for row in rows) > 20
    assert sum(len(earlier_answer(row)) for row in rows) < sum(len(tuned_answer(row)) for row in rows)
    alone = read_dataset_row({"query": "How do I export?"}, 1)
    assert earlier_answer(alone) != tuned_answer(alone)
