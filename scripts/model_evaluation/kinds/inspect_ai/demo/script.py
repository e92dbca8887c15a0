"""The conversation that the demo holds: is the new assistant for travellers better than the one before?"""

from __future__ import annotations

from importlib import resources

from model_evaluation.localaws.kind_player import DemoScript

TASK_FILES = ("geography.py",)


def task_files() -> dict[str, bytes]:
    """The demo's tasks, by the names of their files."""
    return {name: resources.files(__package__).joinpath(name).read_bytes() for name in TASK_FILES}


SCRIPT = DemoScript(
    project="fernway-travellers",
    made_up="the models' answers (by the mock model of the real inspect_ai package)",
    answers={
        "benchmarks": ["{tasks_uri}"],
        "tasks": ["capitals limt=30 epochs=3", "capitals epochs=3, currencies epochs=3"],
        "model": ["fernway-assistant-v4", "fernway-assistant-v3"],
        "reference": ["fernway-assistant-v2"],
        "primary_metric": ["includes"],
        "decoding": ["temperature=0.7"],
        "role": ["{role_arn}"],
        "mlflow": ["{mlflow_app_arn}"],
        "output": ["{output_uri}"],
        "confirm": ["yes"],
    },
    volunteered={"decoding": "temperature=0.7 max_tokens=512"},
)
