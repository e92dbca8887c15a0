"""Answers that look cut off: found where a limit cuts them, and not where answers merely have no full stop."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from model_evaluation.runtime.results.answer_texts import cut_answers, ends_in_the_middle, goes_in_circles

WORDS = ("your", "order", "has", "left", "our", "house", "and", "will", "reach", "you", "soon", "please", "tell", "us")


def prose(rng: random.Random, characters: int) -> str:
    text = ""
    while len(text) < characters:
        sentence = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(6, 14)))
        text += f"{sentence.capitalize()}. "
    return text[:characters]


def finished(rng: random.Random, characters: int) -> str:
    return prose(rng, characters).rpartition(".")[0] + "."


def limited(rng: random.Random, n: int, limit: int) -> list[str]:
    """Answers of any length, those beyond ``limit`` cut there as tokens are: not at the same character."""
    wanted = [rng.randrange(50, 3 * limit) for _ in range(n)]
    return [finished(rng, w) if w < limit else prose(rng, int(limit * rng.uniform(0.85, 1.1))) for w in wanted]


def test_answers_cut_by_a_limit_are_found_and_counted() -> None:
    answers = limited(random.Random(3), 120, 1_500)
    cut = sum(map(ends_in_the_middle, answers))
    assert cut > 50
    assert cut_answers(answers).sum() == cut


def test_a_model_whose_every_answer_is_cut_is_found() -> None:
    rng = random.Random(5)
    answers = [prose(rng, rng.randrange(950, 1_050)).rstrip(" .") + " and" for _ in range(30)]
    assert cut_answers(answers).all()


CASES: dict[str, Callable[[random.Random], list[str]]] = {
    "nothing": lambda _: [],
    "empty": lambda _: ["", "  "] * 20,
    "labels": lambda rng: [rng.choice(("billing", "refund", "delivery")) for _ in range(200)],
    "short without a full stop": lambda rng: [prose(rng, rng.randrange(60, 200)).rstrip(" .") for _ in range(200)],
    "finished": lambda rng: [finished(rng, rng.randrange(50, 3_000)) for _ in range(200)],
    "finished, all equally long": lambda rng: [finished(rng, 2_000) for _ in range(200)],
    "never a full stop": lambda rng: [prose(rng, rng.randrange(50, 3_000)).rstrip(" .") for _ in range(200)],
    "a few ragged ones": lambda rng: (
        [finished(rng, rng.randrange(50, 3_000)) for _ in range(197)] + [prose(rng, 3_000).rstrip(" .")] * 3
    ),
    "one very long": lambda rng: [finished(rng, 300) for _ in range(99)] + [prose(rng, 9_000).rstrip(" .")],
    "lists": lambda rng: [
        prose(rng, 900) + "\n" + "\n".join(f"- {rng.choice(WORDS)} {rng.choice(WORDS)}" for _ in range(20))
        for _ in range(100)
    ],
    "forms": lambda rng: ["\n".join(f"Field {i}: {rng.choice(WORDS)} {i}" for i in range(60)) for _ in range(100)],
    "JSON": lambda rng: [f'{{"answer": "{prose(rng, 900)}", "sure": true}}' for _ in range(100)],
    "code": lambda rng: [f"{prose(rng, 900)}\n```python\nreturn 1\n```" for _ in range(100)],
    "emoji": lambda rng: [finished(rng, 900).rstrip(".") + " 🙂" for _ in range(100)],
    "Chinese": lambda rng: ["您的订单已经发出，" * rng.randrange(60, 90) + "谢谢。" for _ in range(100)],
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_sign_of_a_limit_raises_no_alarm(case: str) -> None:
    assert not cut_answers(CASES[case](random.Random(11))).any()


@pytest.mark.parametrize(
    ("answer", "cut"),
    [
        ("We will send it to the", True),
        ("First, we look at the order,", True),
        ("It costs 12", True),
        ("我们会把它", True),
        ("Done.", False),
        ("Done.\n\n", False),
        ("", False),
        ("See:\n- one\n- two", False),
        ("1. one\n2. two", False),
        ("| a | b", False),
        ("Total: 12", False),
        ("Thanks 🙂", False),
        ('He said "no"', False),
    ],
)
def test_ends(answer: str, cut: bool) -> None:
    assert ends_in_the_middle(answer) is cut


def test_answers_of_any_length_are_cut_where_the_other_models_are_whole() -> None:
    """Half of a model's answers end anywhere in a sentence, as a limit on tokens cuts texts of different languages."""
    rng = random.Random(7)
    answers = [
        prose(rng, rng.randrange(500, 3_000)).rstrip(" .") if i % 2 else finished(rng, rng.randrange(100, 3_000))
        for i in range(100)
    ]
    others = [finished(rng, rng.randrange(100, 3_000)) for _ in range(100)]
    assert cut_answers(answers, others).sum() == sum(len(a) >= 400 and ends_in_the_middle(a) for a in answers)
    assert not cut_answers(others, answers).any()
    assert not cut_answers(answers, answers).any()  # both write like that


def test_answers_near_the_limit_are_cut() -> None:
    rng = random.Random(9)
    whole, over = finished(rng, 20_000), finished(rng, 33_000)
    ragged = prose(rng, 30_000).rstrip(" .")
    assert cut_answers([whole, over, ragged], limit=8_192).tolist() == [False, True, True]
    assert cut_answers([whole, over, ragged]).tolist() == [False, False, False]


@pytest.mark.parametrize(
    ("answer", "circles"),
    [
        ("To begin with, look here. " + "The order is on its way to you and will arrive soon. " * 20, True),
        ("yes " * 300, True),
        ("A table\n" + "| --- | --- |\n" * 60, False),
        ("The order is on its way. " * 3, False),
    ],
)
def test_an_answer_that_says_the_same_until_the_limit_goes_in_circles(answer: str, circles: bool) -> None:
    assert goes_in_circles(answer) is circles


def test_prose_does_not_go_in_circles() -> None:
    rng = random.Random(2)
    assert not any(goes_in_circles(prose(rng, 3_000)) for _ in range(200))
