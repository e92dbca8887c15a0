"""Inspect's container as local AWS plays it: the real package, its mock model, real logs."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from model_evaluation.kinds.inspect_ai.lookups.task_files import tasks_in
from model_evaluation.kinds.inspect_ai.runtime.inspect_runs import CONFIG, STEP
from model_evaluation.kinds.inspect_ai.runtime.model_checks import list_folder
from model_evaluation.localaws.jobs.job import Job, ResultFile
from model_evaluation.localaws.operations import JobFailure, Record
from model_evaluation.packages import command_line, python_command
from model_evaluation.runtime.s3_uri import S3Uri

# The package pins an AWS library that the SageMaker SDK has in another version, so it lives in an environment of its
# own, as it does in SageMaker's container.
REQUIREMENT = "inspect-ai>=0.3.220,<0.4"  # as in pyproject.toml
VARIABLE = "MODEL_EVALUATION_INSPECT_PYTHON"
"""Names the Python of an environment with inspect_ai, where it is not in the usual place."""
LOOKING_SECONDS = 60.0
RUNNER = Path(__file__).with_name("runner.py")
SECONDS = 300.0
FORMATS = {"json": "json", "eval": "eval"}


@dataclass(frozen=True)
class InspectRun:
    """What a scenario lets vary. ``skill`` is the share of right answers by model; of the others it is 0.6. Shares of
    samples (0 to 1): that fail with an error, that end at the token limit, that are not in the log."""

    skill: tuple[tuple[str, float], ...] = (("fernway-assistant-v3", 0.74), ("fernway-assistant-v2", 0.56))
    failing: float = 0.04
    cut: float = 0.03
    absent: float = 0.0
    absent_for: str = ""
    """Part of the name of the only model whose log lacks samples; empty for both."""


def is_inspect(job: Job) -> bool:
    return job.label == STEP


def run_inspect(job: Job) -> None:
    """Reads the configuration, runs its tasks, writes their logs."""
    config = yaml.safe_load(job.read(f"{_channel(job).rstrip('/')}/{CONFIG}"))
    python = inspect_python()
    if python is None:
        raise JobFailure(
            "local AWS runs the real inspect_ai package, which is not installed. Install it, then run again: "
            + how_to_get_it()
        )
    with tempfile.TemporaryDirectory(prefix="local-aws-inspect-") as scratch:
        folder, logs = Path(scratch, "tasks"), Path(scratch, "logs")
        logs.mkdir()
        _fetch(job, str(config["benchmarks"]["s3_path"]), folder)
        order = _order(job, config, folder, logs)
        done = subprocess.run(  # noqa: S603 - our own program
            [python, "-I", str(RUNNER)],
            input=json.dumps(order), capture_output=True, text=True, encoding="utf-8", timeout=SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            last = done.stderr.strip().rsplit("\n", 1)[-1][:500]
            raise JobFailure(f"AlgorithmError: ExecuteUserScriptError: {last}")
        place = str(config["output"]["s3_path"]).rstrip("/")
        job.write([ResultFile(file.name, file.read_bytes()) for file in sorted(logs.iterdir())], place)
    failed = [log["status"] for log in json.loads(done.stdout) if log["status"] != "success"]
    if failed:
        raise JobFailure(f"AlgorithmError: inspect eval ended as {', '.join(failed)}; its logs were written to {place}")


def _channel(job: Job) -> str:
    return str(job.arguments["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"])


def _fetch(job: Job, uri: str, folder: Path) -> None:
    bucket, prefix = S3Uri.parse(uri)
    job.require("s3:GetObject", f"arn:aws:s3:::{bucket}/{prefix}*")
    for name in list_folder(job.s3, uri):
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()):
            raise JobFailure(f"ClientError: the key {name} leads out of the folder")
        file.parent.mkdir(parents=True, exist_ok=True)
        key = f"{prefix.rstrip('/')}/{name}" if prefix.strip("/") else name
        file.write_bytes(job.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    if not folder.exists():
        raise JobFailure(f"AlgorithmError: No tasks found: there is nothing below {uri}")


def _order(job: Job, config: Record, folder: Path, logs: Path) -> Record:
    """What the runner is told. A task's name is taken as a part of names, as the container does."""
    given = job.cloud.scenario.part(InspectRun)
    model = _model(job, config["inference_provider"])
    found = [
        (task, file.relative_to(folder).as_posix())
        for file in sorted(folder.rglob("*.py"))
        for task in tasks_in(file.read_text(encoding="utf-8"), file.name)
    ]
    asked = config["benchmarks"].get("tasks") or [{"name": ""}]
    tasks = [
        {**entry, "name": task.name, "path": path}
        for entry in asked
        for task, path in found
        if entry["name"] in task.name and entry.get("path", path) == path
    ]
    if not tasks:
        raise JobFailure(f"AlgorithmError: No tasks found: {', '.join(entry['name'] for entry in asked)}")
    decoding = config["eval"]["decoding"]
    return {
        "folder": str(folder),
        "logs": str(logs),
        "format": FORMATS[config["output"].get("output_format", "eval")],
        "tasks": list({task["name"]: task for task in reversed(tasks)}.values()),
        "extra_args": config["eval"].get("extra_args", []),
        "generate": {name: decoding[name] for name in ("temperature", "top_p", "max_tokens") if name in decoding},
        "model": model,
        "skill": next((share for name, share in given.skill if name in model), 0.6),
        "failing": given.failing,
        "cut": given.cut,
        "absent": given.absent if given.absent_for in model else 0.0,
    }


def _model(job: Job, provider: Record) -> str:
    """What answers. Raises :class:`JobFailure` when the role may not ask it."""
    if "bedrock" in provider:
        model = str(provider["bedrock"]["model_id"])
        job.require("bedrock:InvokeModel", f"arn:aws:bedrock:{job.region}::foundation-model/{model.split('.', 1)[-1]}")
        return model
    own = provider["sagemaker_endpoint"]
    account = f"arn:aws:sagemaker:{job.region}:{job.cloud.account}"
    if own.get("endpoint_name"):
        job.require("sagemaker:InvokeEndpoint", f"{account}:endpoint/{own['endpoint_name']}")
        return str(own["endpoint_name"])
    job.require("sagemaker:CreateEndpoint", f"{account}:endpoint/{own['endpoint_prefix']}-1")
    return str(own["model_s3_uri"])


def usual_place() -> Path:
    """An environment inside this one: it goes where this one goes."""
    return Path(sys.prefix) / "inspect-ai"


@functools.cache
def inspect_python() -> str | None:
    """The Python that has inspect_ai; ``None`` where none has."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    usual = usual_place().joinpath(*parts)
    for python in (os.environ.get(VARIABLE), str(usual) if usual.exists() else None, sys.executable):
        if python and _has_inspect(python):
            return python
    return None


def _has_inspect(python: str) -> bool:
    question = "import importlib.util as u, sys; sys.exit(u.find_spec('inspect_ai') is None)"
    try:
        done = subprocess.run([python, "-c", question], timeout=LOOKING_SECONDS, capture_output=True, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def how_to_get_it() -> str:
    """The commands that install it."""
    place = usual_place()
    pip = place.joinpath("Scripts" if os.name == "nt" else "bin", "python")
    return (
        f"{python_command()} -m venv {command_line(place)} && {command_line(pip, '-m', 'pip', 'install', REQUIREMENT)} "
        f"(about 250 MB; or name the Python of an environment that has it in {VARIABLE})"
    )
