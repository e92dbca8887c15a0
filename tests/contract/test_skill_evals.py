"""The evals as data: the convention's fields, enough of them, and every persona there is to be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from evals.conversation import all_evals
from model_evaluation.kinds.llm_as_judge.metrics.custom import lint_custom_metrics
from model_evaluation.kinds.registry import REGISTRY, load_kind

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads((ROOT / "tests/evals/evals.json").read_text(encoding="utf-8"))
EVALS: list[dict[str, Any]] = all_evals()
EVERY_STEP = {step for kind_id in REGISTRY for step in load_kind(kind_id).steps}
QUERIES: list[dict[str, Any]] = json.loads((ROOT / "tests/evals/eval_queries.json").read_text(encoding="utf-8"))
CONVENTION = {"id", "prompt", "expected_output", "assertions"}
FIELDS = CONVENTION | {"name", "persona", "means", "world", "replies", "ends", "expect"}
PERSONAS = [
    "knows everything", "knows nothing", "changes their mind twice", "gives several answers at once",
    "pastes the wrong ARN", "asks which judge is best", "tries to skip the terms", "speaks another language",
    "comes back the next day", "hands over hostile dataset text",
]  # fmt: skip
EVERY_STEP = {step for kind_id in REGISTRY for step in load_kind(kind_id).steps}
TOLD = ["knows-everything", "another-tools-state-file", "agrees-in-advance", "asks-the-price"]
each_eval = pytest.mark.parametrize("item", EVALS, ids=lambda item: item["name"])


def test_there_are_enough_conversations_for_this_skill() -> None:
    assert DOCUMENT["skill_name"] == "model-evaluation"
    assert len(EVALS) >= 25
    assert [item["id"] for item in EVALS] == list(range(1, len(EVALS) + 1))
    assert len({item["name"] for item in EVALS}) == len(EVALS)


@pytest.mark.parametrize("persona", PERSONAS)
def test_every_persona_is_there(persona: str) -> None:
    assert persona in [item["persona"] for item in EVALS]


@each_eval
def test_an_eval_has_the_conventions_fields_and_expects_something(item: dict[str, Any]) -> None:
    assert CONVENTION <= set(item) <= FIELDS
    assert item["prompt"].strip()
    assert item["expected_output"].strip()
    assert item["assertions"]
    assert all(isinstance(text, str) and text for text in item["assertions"])
    kinds = {"state", "state_unchanged", "notebook", "files_kept", "calls", "commands", "transcript"}
    assert set(item["expect"]) <= kinds
    assert set(item["expect"]) & {"state", "state_unchanged", "notebook", "calls", "commands"}


@each_eval
def test_an_eval_names_steps_and_meanings_that_exist(item: dict[str, Any]) -> None:
    assert set(item.get("replies", {})) <= {*EVERY_STEP, "*"}
    assert set(item["expect"].get("state", {})) <= EVERY_STEP
    messages = [item, *(reply for replies in item.get("replies", {}).values() for reply in replies)]
    for message in messages:
        for meaning in message.get("means", []) if isinstance(message, dict) else []:
            (kind,) = meaning
            assert kind in {"answer", "accept", "revise", "question", "again", "draft", "run", "next"}
            if kind == "answer":
                assert meaning[kind][0] in EVERY_STEP
            if kind in ("accept", "revise", "question"):
                assert meaning[kind] in EVERY_STEP


def test_a_metric_that_an_eval_drafts_is_a_good_one() -> None:
    replies = [reply for item in EVALS for turns in item.get("replies", {}).values() for reply in turns]
    messages = [*EVALS, *replies]
    means = [meaning for message in messages if isinstance(message, dict) for meaning in message.get("means", [])]
    drafts = [meaning["draft"]["metrics"] for meaning in means if "draft" in meaning]
    assert drafts
    assert [lint_custom_metrics(json.dumps(metrics)).findings for metrics in drafts] == [[]] * len(drafts)


def test_no_eval_wants_more_turns_or_references_than_the_skill_allows() -> None:
    """15 turns and 2 references at most, also for a user who knows nothing and asks back."""
    for item in EVALS:
        expected = item["expect"].get("transcript", {})
        assert expected.get("max_references", 2) <= 2
        assert expected.get("max_user_turns", 15) <= 15


@pytest.mark.parametrize("name", TOLD)
def test_who_has_told_everything_needs_five_turns(name: str) -> None:
    """In the first message, or in the state file (another tool's, or this one's of yesterday)."""
    (item,) = (item for item in EVALS if item["name"] == name)
    assert item.get("ends", "rendered") == "rendered", "to the notebook"
    assert item["expect"]["transcript"]["max_user_turns"] == 5
    assert item["expect"]["transcript"]["max_references"] == 0


def test_there_are_forty_trigger_prompts_half_of_them_near_misses() -> None:
    assert len(QUERIES) == 40
    assert len({item["query"].lower() for item in QUERIES}) == 40
    assert sum(item["should_trigger"] for item in QUERIES) == 20
    assert all(set(item) == {"query", "should_trigger"} for item in QUERIES)


# What the description promises, in its own words -> how prompts speak of it.
PROMISED = {
    "evaluate my model": r"evaluat\w+|bewerte\w*|judge the answers",
    "how did my model perform": r"perform|results?\b|production",
    "compare models": r"compare|comparison",
    "is my fine-tune better than the base": r"better|worse|gain|improve|mejor",
    "evaluation metrics": r"metrics?\b",
    "a judge": r"judges?\b",
    "fine-tuning job has just completed": r"just completed",
    "held-out test set": r"held-out|classifier",
}
# What it excludes, in its own words -> how prompts speak of it.
EXCLUDED = {
    "check or convert a dataset": r"dataset before|training data|evaluation dataset from",
    "train, tune, register or deploy": (
        r"^fine-tune|deploy|training job does not|register my model|^train|cross-validate"
    ),
    "RAG system": r"\bRAG\b",
    "knowledge base": r"knowledge base",
    "agent": r"\bagent\b",
    "endpoint monitoring": r"monitoring",
    "load tests": r"load-test",
    "foundation model from public leaderboards": r"foundation model is best",
}
# Near misses of another subject altogether: they share a word, nothing else.
UNRELATED = r"laptops|stocks|integral|employee|cost\?"


def description() -> str:
    head = yaml.safe_load((ROOT / "SKILL.md").read_text(encoding="utf-8").split("---\n", 2)[1])
    return str(head["description"])


def test_the_description_says_what_prompts_that_should_trigger_ask_for() -> None:
    uses, _, _ = description().partition("Do NOT use")
    assert all(phrase in uses for phrase in PROMISED)
    for item in QUERIES:
        asked = [phrase for phrase, words in PROMISED.items() if re.search(words, item["query"], re.I)]
        assert asked or not item["should_trigger"], item["query"]


def test_the_description_excludes_what_near_misses_ask_for() -> None:
    excluded = description().partition("Do NOT use")[2]
    assert all(phrase in excluded for phrase in EXCLUDED)
    for item in QUERIES:
        named = [phrase for phrase, words in EXCLUDED.items() if re.search(words, item["query"])]
        elsewhere = re.search(UNRELATED, item["query"])
        assert bool(named or elsewhere) is not item["should_trigger"], (item["query"], named)


def test_a_near_miss_shares_words_with_the_description() -> None:
    shared = set(re.findall(r"[a-z]{5,}", description().lower()))
    shared |= {"fine", "model", "models", "data", "cost", "perform", "training"}
    for item in QUERIES:
        words = set(re.findall(r"[a-z]{4,}", item["query"].lower()))
        assert item["should_trigger"] or words & shared, item["query"]
