"""Decoding settings against the recipe's own specification."""

from __future__ import annotations

import json
import re

import pytest

from model_evaluation.errors import Refused
from model_evaluation.localaws.services.models import SETTINGS
from model_evaluation.lookups.sagemaker.hub import EvaluationSpec, checked_settings
from model_evaluation.runtime.tasks.settings import read_recipe_settings

SPEC = EvaluationSpec(read_recipe_settings(json.dumps(SETTINGS).encode()))


def test_settings_that_the_recipe_takes_are_numbers() -> None:
    found = checked_settings("max_new_tokens=4096, temperature=1 top_p=0.9", SPEC)
    assert found == {"max_new_tokens": 4096, "temperature": 1, "top_p": 0.9}
    assert isinstance(found["temperature"], int)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("temperature=0.7", "integer.*reset every setting"),
        ("temperature=0.7 max_new_tokens=99", "temperature=0.7 is not what the recipe takes"),
        ("max_new_tokens=20000", "to 16384"),
        ("max_new_tokens=0", "from 1"),
        ("temperature=warm", "is not a number"),
        ("reasoning_effort=high", "not a setting that reaches the models"),
        ("top_logprobs=3", "not a setting that reaches the models"),
        ("aggregation=mean", "not a setting that reaches the models"),
        ("hello", "not a setting that reaches the models"),
        ("max_new_tokens=12000 max_model_len=12000", "leaves no room for the prompt"),
    ],
)
def test_one_bad_value_is_refused_since_the_sdk_would_reset_all(text: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        checked_settings(text, SPEC)
    assert re.search(words, caught.value.message)


def test_a_setting_that_this_recipe_lacks_is_refused() -> None:
    with pytest.raises(Refused, match="has no top_k"):
        checked_settings("top_k=1", EvaluationSpec({"temperature": SPEC.parameters["temperature"]}))


def test_without_a_readable_recipe_numbers_are_taken_as_they_are() -> None:
    assert checked_settings("temperature=0.5", EvaluationSpec(unknown="denied")) == {"temperature": 0.5}


def test_tasks_are_read_from_the_recipe() -> None:
    assert "math" in SPEC.choices("task")
    assert "llm_judge" not in SPEC.choices("task")
    assert SPEC.choices("nothing") == ()
    with pytest.raises(ValueError, match="JSON object"):
        read_recipe_settings(b"[]")
