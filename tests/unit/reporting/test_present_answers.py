"""What results say otherwise than the present answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from model_evaluation.conversation.context import Context
from model_evaluation.reporting.present_answers import differences

PACKAGE = "arn:aws:sagemaker:us-west-2:123456789012:model-package/support-bot/"
BASE = {"name": "meta-textgeneration-llama-3-2-1b-instruct"}
SECOND = {"name": "support-bot/2", "arn": f"{PACKAGE}2"}


@pytest.mark.parametrize(
    ("was", "base", "scope", "told"),
    [
        ("compare", BASE, "compare", []),
        ("compare", SECOND, f"{PACKAGE}2", []),
        ("compare", SECOND, f"{PACKAGE}1", [f"{PACKAGE}2, not {PACKAGE}1"]),
        ("compare", BASE, f"{PACKAGE}2", [f"{BASE['name']}, not {PACKAGE}2"]),
        ("compare", SECOND, "compare", [f"{PACKAGE}2, not its base model"]),
        ("compare", SECOND, "tuned", ["compare, not tuned"]),
        ("tuned", None, f"{PACKAGE}2", ["tuned, not compare"]),
    ],
)
def test_what_the_model_is_compared_with(
    tmp_path: Path, was: str, base: dict[str, str] | None, scope: str, told: list[str]
) -> None:
    tuned = {"name": "support-bot/3", "arn": f"{PACKAGE}3"}
    summary: Any = {"models": {"tuned": tuned, "base": base}, "scope": was}
    answers: Any = {"model": {"value": tuned["arn"]}, "scope": {"value": scope}}
    context = Context(str(tmp_path), {"answers": answers}, now="2026-11-20T00:00:00+00:00")
    found = differences(summary, context)
    assert [text.removeprefix("what is evaluated is ").removeprefix("what the model is compared with is ")
            for text in found] == told  # fmt: skip
