"""The conversation that the demo holds: which team does a ticket belong to?"""

from __future__ import annotations

import json
from importlib import resources

from model_evaluation.localaws.kind_player import DemoScript

TICKETS = {
    "billing": ("I was charged twice for May.", "Where do I find my invoice?", "My card was declined."),
    "delivery": ("My parcel is three days late.", "The courier left it with nobody.", "Can I change the address?"),
    "returns": ("The shoes do not fit.", "How do I send the lamp back?", "The refund has not arrived."),
    "account": ("I cannot log in.", "Please delete my account.", "The code by text never comes."),
}
ROUNDS = 6
QUESTION = 'Which team is this for? Answer with JSON like {"team": "..."}.'


def demo_dataset() -> bytes:
    """72 tickets, each with its team as JSON."""
    lines = [
        {
            "query": f"{QUESTION}\nTicket {number * 3 + at + 1}: {text}",
            "response": json.dumps({"team": team}),
            "category": team,
        }
        for number in range(ROUNDS)
        for team, texts in TICKETS.items()
        for at, text in enumerate(texts)
    ]
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def demo_scorer() -> str:
    """The source of the demo's scorer."""
    return resources.files(__package__).joinpath("scorer.py").read_text(encoding="utf-8")


SCRIPT = DemoScript(
    project="fernway-routing",
    made_up="the models' answers",
    answers={
        "dataset": ["{scorer_dataset_uri}"],
        "data": ["ok"],
        "model": ["{group_name}"],
        "scorer": ["{function_arn}", "{evaluator_arn}"],
        "scorer_trial": ["yes"],
        "primary_metric": ["team_correct"],
        "role": ["{role_arn}"],
        "mlflow": ["{mlflow_app_arn}"],
        "output": ["{output_uri}"],
        "confirm": ["yes"],
    },
)
