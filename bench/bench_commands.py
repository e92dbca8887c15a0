"""How quick the commands are: `status`, answers with and without lookups, `render`.

A complete workflow is prepared once against local AWS, in a process of its own so that its work does not count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from timing import measure, table

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
EVALUATE = str(SCRIPTS / "evaluate.py")
ROUNDS = 15


@contextmanager
def local_aws(latency_ms: int) -> Iterator[dict[str, str]]:
    """A local AWS in its own process; yields the environment to use and what it holds."""
    program = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from model_evaluation.localaws import LocalAws\n"
        "from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world\n"
        "with LocalAws(step_seconds=0) as aws:\n"
        "    lines = {**aws.env, **seed_demo_world(aws, region=aws.region).as_lines()}\n"
        "    hold = {'answered': int(sys.argv[2]) / 1000}\n"
        "    aws.calls.observer = lambda call, moment: time.sleep(hold.get(moment, 0))\n"
        "    import json; print(json.dumps(lines), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program, str(SCRIPTS), str(latency_ms)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        yield json.loads(server.stdout.readline())
    finally:
        server.stdin.close()
        server.wait(timeout=30)


def answer_everything(project: str, world: dict[str, str]) -> dict[str, str]:
    """Hold the whole conversation; return the environment of its commands."""
    env = {**{key: value for key, value in os.environ.items() if not key.startswith("AWS_")}, **world}
    answers = {
        "task": "Answer support tickets",
        "dataset": world["LOCAL_AWS_DATASET_URI"],
        "data": "ok",
        "custom_metrics": "none",
        "builtin_metrics": "Correctness,Completeness",
        "primary_metric": "Correctness",
        "model": world["LOCAL_AWS_MODEL_PACKAGE_ARN"],
        "judge": world["LOCAL_AWS_JUDGE"],
        "role": world["LOCAL_AWS_ROLE_ARN"],
        "mlflow": world["LOCAL_AWS_MLFLOW_APP_ARN"],
        "output": f"s3://{world['LOCAL_AWS_BUCKET']}/bench",
        "confirm": "yes",
        "terms": "I agree",
        "notebook": "new",
    }
    for step, value in answers.items():
        command = [sys.executable, EVALUATE, "--project", project, "answer", step, value]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{step}: {done.stdout}")
    return env


def main() -> None:
    python = sys.executable
    with tempfile.TemporaryDirectory() as project, local_aws(0) as fast, local_aws(40) as slow:
        env = answer_everything(project, fast)
        slow_env = {**env, **slow}
        evaluate = [python, EVALUATE, "--project", project]
        light = measure(
            {
                "bare": [python, "-c", "pass"],
                "status": [*evaluate, "status"],
                "answer": [*evaluate, "answer", "task", "Answer support tickets"],
            },
            rounds=ROUNDS,
            env=env,
        )
        client = 'import boto3; boto3.client("s3", region_name="us-west-2")'
        role = [*evaluate, "answer", "role", fast["LOCAL_AWS_ROLE_ARN"]]
        heavy = measure({"client": [python, "-c", client], "role": role}, rounds=ROUNDS, env=env)
        held = measure({"role": role}, rounds=ROUNDS, env=slow_env)
    bare = light["bare"]
    rows = [
        ("`status`", light["status"], "bare python", light["status"] / bare, 8),
        ("`answer` without AWS", light["answer"], "bare python", light["answer"] / bare, 8),
        ("`answer role`, 5 lookups", heavy["role"], 'one boto3.client("s3")', heavy["role"] / heavy["client"], 1.9),
        ("the same, every answer held 40 ms", held["role"], "the same, not held", held["role"] / heavy["role"], 1.25),
    ]
    print(f"Commands (medians of {ROUNDS} interleaved rounds; bare python {1000 * bare:.1f} ms)\n")
    print(table(rows))


if __name__ == "__main__":
    main()
