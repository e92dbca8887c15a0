"""The conversation that the demo holds: an agent of the service desk works on tickets."""

from __future__ import annotations

import json

from model_evaluation.localaws.kind_player import DemoScript

TROUBLES = (
    "no internet in the meeting room",
    "the printer on floor {floor} prints blank pages",
    "a new colleague needs an account and a laptop",
    "the VPN asks for a code that never comes",
    "the shared calendar of team {floor} is gone",
    "a payment of the web shop was booked twice",
)
TICKETS = 60


def demo_dataset() -> bytes:
    """60 tickets for an agent, each a prompt and nothing else: the environment knows what solves it."""
    lines = [
        {"prompt": f"Resolve ticket {17 + number}: {TROUBLES[number % len(TROUBLES)].format(floor=number // 6 + 1)}."}
        for number in range(TICKETS)
    ]
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


SCRIPT = DemoScript(
    project="fernway-desk",
    made_up="the agent, its rollouts and rewards",
    answers={
        "dataset": ["{prompts_uri}"],
        "data": ["ok"],
        "model": ["{group_name}"],
        "agent": ["fernway_triage", "{agent_arn} PROD"],
        "rollouts": ["4 k=1,4"],
        "sampling": ["temperature=0", "temperature=0.7"],
        "success": ["1"],
        "primary_metric": ["pass_at_1"],
        "role": ["{role_arn}"],
        "mlflow": ["{mlflow_app_arn}"],
        "output": ["{output_uri}"],
        "confirm": ["yes"],
    },
)
