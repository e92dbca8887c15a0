"""A scorer as it is deployed: is the ticket's team right, and is the answer the JSON that was asked for?"""

import json
from typing import Any


def lambda_handler(event: list[dict[str, Any]], context: object) -> list[dict[str, Any]]:
    return [score(sample) for sample in event]


def score(sample: dict[str, Any]) -> dict[str, Any]:
    wanted = json.loads(sample["reference_answer"]["text"])["team"]
    try:
        given = json.loads(sample["model_response"]).get("team")
        is_json = 1.0
    except (ValueError, AttributeError):
        given, is_json = None, 0.0
    right = float(given == wanted)
    return {
        "id": sample["id"],
        "aggregate_reward_score": right,
        "metrics_list": [
            {"name": "team_correct", "value": right, "type": "Reward"},
            {"name": "json_valid", "value": is_json, "type": "Metric"},
        ],
    }
