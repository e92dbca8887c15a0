"""Tasks found in source that is never run."""

from __future__ import annotations

import pytest

from model_evaluation.kinds.inspect_ai.demo.script import task_files
from model_evaluation.kinds.inspect_ai.lookups.task_files import tasks_in

TASK = """
from inspect_ai import Task, task
@task
def capitals():
    return Task(dataset=[{samples}], solver=generate(){more})
"""


def one(samples: str = "", more: str = "") -> tuple[str, str, tuple[str, ...], int | None]:
    (found,) = tasks_in(TASK.format(samples=samples, more=more), "a.py")
    return found.ids, found.sandbox, found.scorers, found.samples


def test_the_demo_s_tasks() -> None:
    found = tasks_in(task_files()["geography.py"].decode(), "geography.py")
    assert [(task.name, task.ids, task.scorers) for task in found] == [
        ("capitals", "yes", ("includes", "match")),
        ("currencies", "yes", ("includes",)),
    ]


@pytest.mark.parametrize(
    ("samples", "ids"),
    [
        ('Sample(id="a", input="x"), Sample(input="y", id=3)', "yes"),
        ('Sample(id="a", input="x"), Sample(input="y")', "no"),
        ('Sample(input="x", target="y")', "no"),
        ("*load()", "unknown"),
        ("Sample(**row)", "yes"),
    ],
)
def test_whether_samples_have_ids(samples: str, ids: str) -> None:
    assert one(samples)[0] == ids


def test_ids_of_loaded_datasets() -> None:
    loaded = "@task\ndef t():\n    return Task(dataset=hf_dataset('x', sample_fields=FieldSpec(input='q'{})))"
    assert tasks_in(loaded.format(", id='n'"), "a.py")[0].ids == "yes"
    assert tasks_in(loaded.format(""), "a.py")[0].ids == "no"
    assert (
        tasks_in("@task\ndef t():\n    return Task(dataset=json_dataset('a.jsonl', auto_id=True))", "a")[0].ids == "no"
    )


def test_samples_are_counted_where_they_are_listed() -> None:
    assert one('Sample(id="a", input="x"), Sample(id="b", input="y")')[3] == 2
    assert one("Sample(id=n, input=n) for n in names")[3] is None
    assert one("*load()")[3] is None


@pytest.mark.parametrize(
    ("more", "sandbox"),
    [
        (', sandbox="docker"', "docker"), (', sandbox=("docker", "compose.yaml")', "docker"), ("", ""),
        (', sandbox="local"', "local"), (", sandbox=chosen", ""),
    ],
)  # fmt: skip
def test_sandboxes_are_seen(more: str, sandbox: str) -> None:
    assert one(more=more)[1] == sandbox


@pytest.mark.parametrize(
    ("more", "scorers"),
    [(", scorer=match()", ("match",)), (", scorer=[match(), model_graded_qa(partial_credit=True)]",
     ("match", "model_graded_qa")), (", scorer=own.scorer()", ("scorer",)), ("", ())],
)  # fmt: skip
def test_scorers_are_seen(more: str, scorers: tuple[str, ...]) -> None:
    assert one(more=more)[2] == scorers


@pytest.mark.parametrize("decorator", ["@task", "@task()", "@inspect_ai.task", "@task(version=2)"])
def test_ways_to_write_the_decorator(decorator: str) -> None:
    assert [found.name for found in tasks_in(f"{decorator}\ndef t():\n    return Task()", "a.py")] == ["t"]


def test_a_name_of_its_own() -> None:
    assert tasks_in('@task(name="other")\ndef t():\n    return Task()', "a.py")[0].name == "other"


def test_functions_without_the_decorator_are_no_tasks() -> None:
    assert tasks_in("def task():\n    return Task()\n@solver\ndef s(): ...", "a.py") == []


def test_what_is_no_python_is_told() -> None:
    with pytest.raises(SyntaxError):
        tasks_in("def broken(:", "a.py")
