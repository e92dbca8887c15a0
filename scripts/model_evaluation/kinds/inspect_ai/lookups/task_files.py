"""A folder of Inspect tasks in S3, read without running it: which tasks are there, and what is wrong with them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from model_evaluation.errors import Refused
from model_evaluation.kinds.inspect_ai.runtime.model_checks import list_folder

if TYPE_CHECKING:
    from model_evaluation.lookups.session import Aws

MOST_FILES, LARGEST_FILE = 60, 1_000_000
SCORER_WORDS = ("scorer", "scorers")


@dataclass(frozen=True)
class FoundTask:
    """One ``@task`` function. ``ids`` says whether its samples have ids of their own: yes, no, or unknown; ``samples``
    how many it lists itself."""

    name: str
    path: str
    ids: str
    sandbox: str
    scorers: tuple[str, ...]
    samples: int | None


@dataclass
class TaskFolder:
    objects: dict[str, str]
    tasks: list[FoundTask] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    """Files that are not Python, and why."""


def read_folder(aws: Aws, uri: str, region: str) -> TaskFolder:
    """The tasks of every Python file below an S3 prefix. Raises Refused when there are too many files to read."""
    from model_evaluation.lookups.failures import aws_errors
    from model_evaluation.runtime.s3_uri import S3Uri

    s3, (bucket, key) = aws.client("s3", region), S3Uri.parse(uri)
    with aws_errors("listing the folder", resource=uri):
        folder = TaskFolder(list_folder(s3, uri))
    names = [name for name in sorted(folder.objects) if name.endswith(".py")]
    if len(names) > MOST_FILES:
        raise Refused(
            f"{uri} holds {len(names)} Python files; at most {MOST_FILES} are expected in a folder of tasks.",
            fix="Name the folder of the tasks themselves, not of a whole repository.",
            code="many_files",
        )
    for name in names:
        with aws_errors("reading", resource=f"{uri}{name}"):
            body = s3.get_object(Bucket=bucket, Key=f"{key.rstrip('/')}/{name}")["Body"].read(LARGEST_FILE)
        try:
            folder.tasks += tasks_in(bytes(body).decode("utf-8-sig"), name)
        except (SyntaxError, ValueError) as error:
            folder.broken[name] = str(error)
    return folder


def tasks_in(source: str, path: str) -> list[FoundTask]:
    """The functions of a file that ``@task`` decorates. Raises ``SyntaxError`` for what is not Python."""
    tree = ast.parse(source)
    tasks = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorator = next((d for d in node.decorator_list if _name(d) == "task"), None)
            if decorator is not None:
                ids, samples = _samples(node, tree)
                tasks.append(
                    FoundTask(_task_name(decorator, node.name), path, ids, _sandbox(node), _scorers(node), samples)
                )
    return tasks


def _name(node: ast.expr) -> str:
    """What is called or named, without its module."""
    if isinstance(node, ast.Call):
        return _name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _task_name(decorator: ast.expr, function: str) -> str:
    """``@task(name="other")`` calls it otherwise."""
    if isinstance(decorator, ast.Call):
        for keyword in decorator.keywords:
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return function


def _calls(node: ast.AST) -> list[ast.Call]:
    return [child for child in ast.walk(node) if isinstance(child, ast.Call)]


def _keyword(call: ast.Call, *names: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg in names), None)


def _samples(task: ast.AST, module: ast.Module) -> tuple[str, int | None]:
    """Whether samples have ids, and how many the task lists. Datasets made elsewhere in the file count with it."""
    calls = _calls(task)
    if not any(_name(call) == "Sample" for call in calls):
        calls = _calls(module)
    samples = [call for call in calls if _name(call) == "Sample"]
    fields = [call for call in calls if _name(call) == "FieldSpec"]
    loaded = any(_name(call).endswith("_dataset") for call in calls)
    with_id = [bool(_keyword(call, "id")) or any(k.arg is None for k in call.keywords) for call in samples + fields]
    auto = any(isinstance(value := _keyword(call, "auto_id"), ast.Constant) and value.value is True for call in calls)
    if auto or (with_id and not all(with_id)):
        return "no", None
    listed = all(not isinstance(parent, ast.comprehension) for parent in ast.walk(task)) and not loaded
    loops = any(isinstance(child, ast.For | ast.ListComp | ast.GeneratorExp) for child in ast.walk(task))
    count = len(samples) if samples and listed and not loops and calls == _calls(task) else None
    return ("yes" if with_id else "unknown"), count


def _sandbox(task: ast.AST) -> str:
    """The sandbox that the task asks for; empty for none, or none that is written out."""
    for call in _calls(task):
        value = _keyword(call, "sandbox")
        if isinstance(value, ast.Tuple | ast.List) and value.elts:
            value = value.elts[0]
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return ""


def _scorers(task: ast.AST) -> tuple[str, ...]:
    for call in _calls(task):
        if _name(call) == "Task" and (value := _keyword(call, *SCORER_WORDS)) is not None:
            parts = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
            return tuple(name for part in parts if (name := _name(part)))
    return ()
