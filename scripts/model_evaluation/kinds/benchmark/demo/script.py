"""The conversation that the demo holds: MATH for the support assistant, to see whether it still reckons."""

from __future__ import annotations

from model_evaluation.localaws.kind_player import DemoScript

SCRIPT = DemoScript(
    project="fernway-math",
    made_up="the questions and the models' answers",
    answers={
        "model": ["{group_name}"],
        "benchmark": ["llm_judge", "math"],
        "smallest_effect": ["5"],
        "role": ["{role_arn}"],
        "mlflow": ["{mlflow_app_arn}"],
        "output": ["{output_uri}"],
        "confirm": ["yes"],
    },
    volunteered={"decoding": "max_new_tokens=8192 temperature=0"},
)
