"""What a conversation costs an assistant to read: tokens of SKILL.md and of every command's output.

No tokenizer is installed for this: tokens are estimated, once as characters / 4 (the usual rule for prose) and once
from pieces (words in parts of six letters, numbers in parts of three digits, runs of marks), which counts ARNs, URIs
and JSON higher than real tokenizers do. The budget is held against the higher one.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

BUDGET = 11_500
SKILL_BUDGET = 5_000


class Output(NamedTuple):
    """One command of the conversation and what it printed."""

    command: str
    text: str


def tokens(text: str) -> int:
    """The higher estimate: every piece counts one."""
    pieces = 0
    for letters, digits, _ in re.findall(r"([^\W\d_]+)|(\d+)|([^\w\s]{1,3}|_)", text):
        pieces += math.ceil(len(letters) / 6) or math.ceil(len(digits) / 3) or 1
    return pieces


def conversation() -> Iterator[Output]:
    """A whole conversation on local AWS, with a refusal and a choice on the way."""
    from model_evaluation.kinds.llm_as_judge.demo.script import demo_custom_metrics
    from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
    from model_evaluation.localaws import LocalAws

    before = dict(os.environ)
    with LocalAws(step_seconds=0) as aws, tempfile.TemporaryDirectory() as project:
        world = seed_demo_world(aws, region=aws.region)
        os.environ.update(aws.env)
        try:
            for command in [
                ["status"],
                ["answer", "task", "Answer the questions of customers in a few plain, friendly sentences"],
                ["answer", "dataset", f"s3://{world.bucket}/"],
                ["answer", "dataset", world.dataset_uri],
                ["answer", "data", "ok"],
                ["answer", "custom_metrics", "--text", demo_custom_metrics()],
                ["answer", "builtin_metrics", "Correctness,Completeness,ProfessionalStyleAndTone,Harmfulness"],
                ["answer", "primary_metric", "--accept"],
                ["answer", "model", world.group_keyword],
                ["answer", "model", world.group_name],
                ["answer", "judge", world.judge],
                ["answer", "mlflow", world.mlflow_app_arn],
                ["answer", "confirm", "yes"],
                ["answer", "terms", "I agree"],
            ]:
                yield Output(" ".join(command[:2]), _printed([*("--project", project), *command]))
        finally:
            os.environ.clear()
            os.environ.update(before)


def _printed(arguments: list[str]) -> str:
    from model_evaluation.cli import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        main(arguments)
    return out.getvalue()
