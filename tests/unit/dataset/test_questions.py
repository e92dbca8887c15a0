"""Rows that ask the same in other words are one question: counted, named, and no further evidence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model_evaluation.dataset import DatasetReport, check_stream
from model_evaluation.dataset import questions as module
from model_evaluation.dataset.rows.blocks import read_blocks
from model_evaluation.dataset.rows.reading import Terms
from model_evaluation.runtime.statistics.planning import detectable_difference
from model_evaluation.steps.rows.card import card

WORDINGS = (
    "{}",
    "{} (2)",
    "Please tell me: {}",
    "Hello, {} Thanks!",
    "I would like to know {}",
    "Could you explain {}",
    "{} Please help.",
    "Quick question: {}",
    "Hi there, {}",
    "{} Thank you",
)
SUBJECTS = (
    "how do I reset the router password?",
    "where is my parcel from last Tuesday?",
    "why was my invoice higher this month?",
    "can I cancel the premium subscription early?",
    "which documents does the visa application need?",
    "how long does the battery warranty last?",
    "what does error code E42 on the dishwasher mean?",
    "who repairs a cracked phone screen nearby?",
)


def _check(prompts: list[str], **more: Any) -> DatasetReport:
    rows = [{"query": prompt, "response": f"r{number}", **more} for number, prompt in enumerate(prompts)]
    return check_stream([json.dumps(row).encode() + b"\n" for row in rows], source="x")


def test_eight_questions_in_ten_wordings_are_eight_questions() -> None:
    report = _check([wording.format(subject) for wording in WORDINGS for subject in SUBJECTS])
    assert (report.profile.usable_rows, report.profile.distinct_questions) == (80, 8)
    (found,) = report.findings
    assert (found.kind, found.level, found.count, found.lines) == ("near_duplicate", "warning", 72, [9, 10, 11, 12, 13])
    assert "8 different questions; line 9 asks what line 1 asks" in found.message
    text = card(report, [80], [found.as_json()])
    assert "80 rows ask 8 different questions: they count as so many." in text
    # 2.80 * 0.25 / sqrt(8) and 2.80 * 0.45 / sqrt(8)
    low, high = (detectable_difference(sd, 8) for sd in (0.25, 0.45))
    assert low == pytest.approx(0.2476, abs=1e-3)
    assert f"differences of about {low:.2f} to {high:.2f} on a 0–1 score" in text
    assert "No problems found" not in text


def test_numbers_and_negations_make_other_questions() -> None:
    report = _check(
        [f"Where is order {number}?" for number in range(40)] + ["May I park here?", "May I not park here?"]
    )
    assert report.profile.distinct_questions == 42
    assert report.findings == []


def test_the_same_words_again_are_told_as_such_and_counted_once() -> None:
    rows = [{"query": query, "response": "r"} for query in ("Who are you?", "Who are you?", "And where do they live?")]
    report = check_stream([json.dumps(row).encode() + b"\n" for row in rows], source="x")
    assert report.kinds() == {"duplicate_row"}
    assert report.profile.distinct_questions == 2


def test_questions_are_counted_within_each_category() -> None:
    prompts = [wording.format(subject) for wording in WORDINGS[:3] for subject in SUBJECTS[:4]]
    rows = [{"query": prompt, "category": f"c{number % 2}"} for number, prompt in enumerate(prompts)]
    report = check_stream([json.dumps(row).encode() + b"\n" for row in rows], source="x")
    assert report.profile.category_questions == {"c0": 2, "c1": 2}
    assert report.profile.categories == {"c0": 6, "c1": 6}
    text = card(report, [12], [])
    low, high = (detectable_difference(sd, 2) for sd in (0.25, 0.45))
    assert f"Within a category, on a 0–1 score: c0 {low:.2f}–{high:.2f}, c1 {low:.2f}–{high:.2f}" in text


def test_one_question_in_very_many_wordings_is_one() -> None:
    endings = ("please", "thanks", "now", "now please", "ok", "kindly", "help please", "thank you so")
    prompts = [
        f"{start} how do I reset the router password {end} {'!' * i}"
        for i in range(1, 26)
        for start in ("Hi", "Hello", "Dear")
        for end in endings
    ]
    assert len(set(prompts)) == 600
    assert _check(prompts).profile.distinct_questions == 1


def test_what_was_not_compared_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_COMPARED", 3)
    report = _check([f"Where is order {number}?" for number in range(4)])
    assert report.profile.distinct_questions is None
    (found,) = report.findings
    assert (found.kind, found.level, found.count) == ("near_not_checked", "info", 4)
    assert "Not all rows were compared with each other" in card(report, [4], [])
    monkeypatch.undo()
    monkeypatch.setattr(module, "PAIRS_PER_ROW", 0)
    (found,) = _check([subject + f" {number}" for number in range(9) for subject in SUBJECTS]).findings
    assert "their words are too much alike" in found.message


@pytest.mark.parametrize("rows", [700, 3000])
def test_a_dataset_made_of_few_questions_shows_in_a_sample_of_its_rows(
    monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(module, "ROWS_COMPARED", 500)
    monkeypatch.setattr(module, "SAMPLE", 100)
    prompts = [f"{'Please: ' * (number // 999)}{SUBJECTS[number % 8]} ({number % 999})" for number in range(rows)]
    text = "".join(json.dumps({"query": prompt, "response": "Yes"}) + "\n" for prompt in prompts).encode()
    blocks = [text[at : at + 4000] for at in range(0, len(text), 4000)]
    report = check_stream(blocks, source="rows", row_limit=None)
    found = {finding.kind: finding for finding in report.findings}
    assert found["near_in_sample"].level == "warning"
    assert found["near_in_sample"].count == 92
    assert (
        f"of {rows:,} rows 100 drawn by chance were compared; 8 different questions" in found["near_in_sample"].message
    )
    assert found["near_not_checked"].count == rows
    assert report.profile.distinct_questions is None


def test_the_sample_comes_from_the_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_COMPARED", 500)
    monkeypatch.setattr(module, "SAMPLE", 100)
    questions = module.Questions()
    monkeypatch.setattr("model_evaluation.dataset.rows.lines.BLOCK_BYTES", 9000)
    for rows in read_blocks([f'{{"query": "Where is order {n}?"}}\n'.encode() for n in range(10_000)], Terms()):
        questions.see(rows)
    drawn = [row.line for row in questions._drawn(100)]
    assert drawn == sorted(set(drawn))
    parts = [sum(low < line <= low + 2_500 for line in drawn) for low in range(0, 10_000, 2_500)]
    assert all(10 <= part <= 45 for part in parts), parts


def test_long_prompts_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHARS_KEPT", 100_000)
    monkeypatch.setattr(module, "SAMPLE", 20)
    report = _check([f"{number} {'tell me ' * 1_000}order {number}" for number in range(60)])
    assert report.profile.distinct_questions is None
    assert "drawn by chance" in report.findings[0].message


def test_instructions_and_examples_around_every_question_do_not_make_them_one() -> None:
    rules = "\n".join(
        f"Rule {number}: whatever a customer of kind {number} says is answered so." for number in range(60)
    )
    prompts = [f"{rules}\nQuestion: {subject} {more}" for subject in SUBJECTS for more in ("Please.", "Thanks!")]
    assert _check(prompts).profile.distinct_questions == 8


def test_long_prompts_are_compared_by_both_ends() -> None:
    middle = "and so on " * 10_000
    report = _check([f"{subject} {middle}{ending}" for subject in SUBJECTS for ending in ("x", "x")])
    assert report.profile.distinct_questions == 8
