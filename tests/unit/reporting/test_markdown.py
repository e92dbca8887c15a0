"""The short report for pull requests: complete, and nothing in it is obeyed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.kinds.registry import report_words
from model_evaluation.runtime.report.markdown import escaped, report_markdown
from unit.reporting.results_on_disk import HOSTILE, put_results, summary_of


def markdown_of(summary: dict[str, Any]) -> str:
    return report_markdown(summary, report_words(summary))


def test_verdict_table_warnings_and_rows(tmp_path: Path) -> None:
    tuned: list[float | None] = [1.0, 0.75, 1.0, 0.5] * 10
    tuned[0] = tuned[1] = tuned[2] = None
    summary = summary_of(put_results(tmp_path, tuned=tuned))
    text = markdown_of(summary)
    assert text.startswith("## Model evaluation: better\n")
    assert "**The fine-tuned model is better on Correctness: +0." in text
    correctness = next(line for line in text.splitlines() if line.startswith("| **Correctness**"))
    assert [cell.strip() for cell in correctness.strip("|").split(" | ")][1:4] == ["better", "0.56", "0.80"]
    assert correctness.endswith("| 37 |")
    assert "| Harmfulness ↓ |" in text
    assert "lower is better" in text
    assert all(f"- {escaped(warning)}" in text for warning in summary["warnings"])
    assert summary["warnings"]
    assert "Rows: 40 in the dataset" in text
    assert "were not checked against people" in text
    assert "SIMULATED" not in text


def test_a_simulated_result_says_so_above_everything_else(tmp_path: Path) -> None:
    text = markdown_of(summary_of(put_results(tmp_path, simulated=True)))
    assert text.index("SIMULATED") < text.index("The fine-tuned model")


def test_the_slices_that_got_worse_come_with_their_numbers(tmp_path: Path) -> None:
    better, worse = [1.0, 0.0] * 20, [0.0, 1.0] * 20  # odd and even rows are categories b and a
    text = markdown_of(summary_of(put_results(tmp_path, tuned=better, base=worse)))
    assert "- category = a: −1.00 (" in text
    assert "category = b" not in text


def test_one_model_has_no_differences(tmp_path: Path) -> None:
    text = markdown_of(summary_of(put_results(tmp_path, scope="tuned")))
    assert "Metric | Mean | Scored rows | Missing" in text
    assert "| **Correctness** | 0.812 | 40 | 0 |" in text
    assert "Difference" not in text


def test_the_margin_of_no_worse_is_said_in_plain_words(tmp_path: Path) -> None:
    text = markdown_of(summary_of(put_results(tmp_path)))
    assert "the largest loss that is taken not to matter" in text
    assert "The margin here is 5% of a metric's scale: 0.05 for Correctness, Harmfulness." in text


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "# heading",
        "- list\n- list",
        "1. one",
        "a | b",
        "`code`",
        "*a* _b_ ~~c~~",
        "![x](y)",
        "<img src=x onerror=y>",
        "@everyone #1 https://evil.example www.evil.example",
        "$x$ \\(y\\)",
        "+ plus",
        "a\x1b[31mb\u202e",
    ],
)
def test_text_stays_text(tmp_path: Path, text: str) -> None:
    summary = summary_of(put_results(tmp_path, judge=text, extra=[text]))
    made = markdown_of(summary)
    left = re.sub(r"&#\d+;|\\.", "", made.split("\n", 1)[1])
    for mark in ("<", "@", "#", "://", "www.", "$", "\x1b", "\u202e", "[", "]", "`", "_", "~"):
        assert mark not in left, mark
    warnings = made.split("Take care:")[1].split("\n\n")[1].splitlines()
    assert len(warnings) == len(summary["warnings"])
    assert not any(line[2:].startswith(("#", "- ", "+ ", "1. ")) for line in warnings)


@given(st.text())
def test_any_text_stays_on_its_line_and_opens_nothing(text: str) -> None:
    left = re.sub(r"&#\d+;|\\.", "", escaped(text))
    assert not set(left) & set("<>&@#|$`*_[]{}!~\\\n\r\x1b\u202e")


def test_escaping_keeps_plain_sentences_readable() -> None:
    sentence = "The model is better: +0.20 (95% CI 0.07 to 0.33, 56 of 60 rows paired)."
    assert escaped(sentence) == sentence
    assert escaped("2026-11-01 10:00 UTC") == "2026-11-01 10:00 UTC"
