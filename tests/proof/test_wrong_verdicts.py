"""Decisions on evaluations whose truth is known, with and without the checks; leaves wrong_verdicts.md here."""

from __future__ import annotations

from proof.wrong_verdicts import main


def test_the_checks_keep_wrong_verdicts_rare_and_right_ones_as_frequent() -> None:
    assert main(["--evaluations", "200"]) == 0
