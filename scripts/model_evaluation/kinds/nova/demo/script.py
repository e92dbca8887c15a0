"""The conversation that the demo holds: a router of IT tickets, customised and compared with its base model."""

from __future__ import annotations

import json
from importlib import resources

from model_evaluation.kinds.nova.runtime.recipes.rows import reward_rows
from model_evaluation.localaws.kind_player import DemoScript


def demo_dataset() -> bytes:
    """The sample rows: IT tickets whose answer is JSON with class, thought and description, and metadata."""
    return resources.files(__package__).joinpath("gen_qa.jsonl").read_bytes()


def demo_questions() -> bytes:
    """The same tickets for a reward function."""
    rows, _ = reward_rows(demo_dataset().splitlines())
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def demo_pairs() -> bytes:
    """Two answers to each of some tickets, for the judge."""
    return resources.files(__package__).joinpath("llm_judge.jsonl").read_bytes()


JUDGE_SCRIPT = DemoScript(
    project="answers-judged",
    made_up="the judge's verdicts",
    answers={
        "task": ["Tell staff what happens next with their IT ticket"],
        "model": ["nova-lite/prod"],
        "nova_task": ["llm_judge"],
        "dataset": ["{pairs_uri}"],
        "data": ["ok"],
        "role": ["{role_arn}"],
        "confirm": ["yes"],
    },
)
SCRIPT = DemoScript(
    project="ticket-router",
    made_up="the models' answers and how sure they are of them",
    answers={
        "task": ["Sort Fernway's IT tickets into hardware, software, network and access, and say why"],
        "model": ["amazon.nova-lite-v1:0:300k", "{training_job_name}"],
        "nova_task": ["gen_qa"],
        "dataset": ["{wrong_name_uri}", "{tickets_uri}"],
        "data": ["ok"],
        "primary_metric": ["accuracy"],
        "role": ["{role_arn}"],
        "confirm": ["yes"],
    },
    volunteered={
        "inference": "max_new_tokens=2048 temperature=0 top_logprobs=10",
        "processor": "ticket-metrics",
        "scale": "ml.g5.12xlarge 4",
    },
    further=JUDGE_SCRIPT,
)
