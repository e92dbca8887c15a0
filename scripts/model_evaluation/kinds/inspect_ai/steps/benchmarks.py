"""benchmarks: the folder in S3 with the Inspect tasks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step, finding
from model_evaluation.errors import NotFound, Refused
from model_evaluation.json_types import JsonObject

if TYPE_CHECKING:
    from model_evaluation.kinds.inspect_ai.lookups.task_files import TaskFolder


def check(text: str, context: Context) -> Answer:
    from model_evaluation.kinds.inspect_ai.lookups.task_files import read_folder
    from model_evaluation.kinds.inspect_ai.runtime.model_checks import digest_of
    from model_evaluation.lookups.s3.objects import bucket_region, parse_s3_uri

    if not text.startswith("s3://") and os.path.exists(os.path.expanduser(text)):
        raise Refused(
            f"{text[:200]} is on this machine; SageMaker reads the tasks from S3, and nothing is uploaded unasked.",
            fix=f"On a yes of the user: aws s3 cp --recursive {text[:200]} s3://BUCKET/inspect-tasks/ - then answer "
            "with that folder.",
            code="local_file",
        )
    uri = parse_s3_uri(text.rstrip("/"))
    if uri.key.endswith(".py"):
        raise Refused(
            f"{text[:200]} is one file; the folder that it lies in is expected.",
            fix=f"Answer s3://{uri.bucket}/{uri.key.rpartition('/')[0]}/; tasks are chosen next.",
            code="one_file",
        )
    folder_uri = f"s3://{uri.bucket}/{uri.key}/" if uri.key else f"s3://{uri.bucket}/"
    try:
        region = bucket_region(context.aws, uri.bucket)
    except NotFound as error:
        raise Refused(f"There is no bucket {uri.bucket}.", fix="Check the name.", code="not_found") from error
    folder = read_folder(context.aws, folder_uri, region)
    usable, findings = _usable(folder, folder_uri)
    facts: JsonObject = {
        "bucket": uri.bucket,
        "key": uri.key,
        "region": region,
        "digest": digest_of(folder.objects),
        "tasks": usable,
    }
    return Answer(folder_uri, facts=facts, findings=findings)


def _usable(folder: TaskFolder, uri: str) -> tuple[JsonObject, list[JsonObject]]:
    """The tasks that can be run, by name, and what is to be said of the folder."""
    if not any(name.endswith(".py") for name in folder.objects):
        others = ", ".join(sorted(folder.objects)[:5]) or "nothing"
        raise Refused(
            f"There is no Python file below {uri} (it holds {others}).",
            fix="Give the folder whose .py files have functions with @task.",
            code="no_tasks",
        )
    for name, why in folder.broken.items():
        raise Refused(
            f"{name} cannot be read as Python: {why}.",
            fix="Mend the file; the container would fail.",
            code="file_damaged",
        )
    if not folder.tasks:
        raise Refused(
            f"No function in {uri} has @task.",
            fix="Inspect finds tasks by @task on a function of the file itself.",
            code="no_tasks",
        )
    twice = sorted({task.name for task in folder.tasks if [t.name for t in folder.tasks].count(task.name) > 1})
    if twice:
        raise Refused(
            f"More than one task is called {', '.join(twice)}: the container goes by the name.",
            fix="Rename one of them, or put them into folders of their own.",
            code="same_name",
        )
    boxed = [task for task in folder.tasks if task.sandbox and task.sandbox != "local"]
    usable: JsonObject = {
        task.name: {"path": task.path, "ids": task.ids, "scorers": list(task.scorers), "samples": task.samples}
        for task in folder.tasks
        if task not in boxed
    }
    if not usable:
        raise Refused(
            f"Every task wants a sandbox ({', '.join(f'{t.name}: {t.sandbox}' for t in boxed)}); SageMaker's container "
            "has no docker.",
            fix="Run Inspect on a machine of your own, and read its logs: evaluate.py report --results LOG LOG",
            code="sandbox",
        )
    findings = [finding("tasks", f"{len(usable)} tasks: {', '.join(usable)}.")]
    findings += [
        finding(
            "sandbox", f"{task.name} wants a {task.sandbox} sandbox, which is not there: left out.", level="warning"
        )
        for task in boxed
    ]
    return usable, findings


STEP = Step(
    "benchmarks",
    title="Tasks folder",
    question="In which S3 folder are the Inspect tasks (Python files with @task)?",
    expects="s3://bucket/folder/",
    example="s3://my-bucket/inspect-tasks/",
    reference="references/inspect-ai.md",
    check=check,
)
