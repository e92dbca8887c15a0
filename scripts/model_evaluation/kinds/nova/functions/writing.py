"""A function and its tests, from a template."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import jinja2

from model_evaluation.dataset.operations.output import refuse_existing
from model_evaluation.notebook.values import python_literal

MODULE = "nova_metrics"
FOLDER = Path(__file__).parent / "templates"
PURPOSES = {
    "classification": "is the class right",
    "schema": "does the answer keep to its form",
    "numeric": "is the number right",
    "own": "whatever you write into it",
}
REWARDS = {"reward": "the reward of every answer, for an rft evaluation"}


def function_source(template: str, field: str) -> tuple[str, str]:
    """The function and its tests as text."""
    environment = jinja2.Environment(  # noqa: S701 - the output is Python; values pass the `python` filter
        loader=jinja2.FileSystemLoader(FOLDER), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["python"] = python_literal
    purpose = (PURPOSES | REWARDS)[template]
    values = {"template": template, "field": field, "purpose": purpose, "module": MODULE}
    handler, test = (environment.get_template(name).render(values) for name in ("handler.py.j2", "test_handler.py.j2"))
    return handler.rstrip() + "\n", test.rstrip() + "\n"


def write_function(project: str, template: str, field: str) -> list[str]:
    """Writes both files into the project, neither of which may be there; their paths."""
    names = (f"{MODULE}.py", f"test_{MODULE}.py")
    paths = [os.path.join(project, name) for name in names]
    for path in paths:
        refuse_existing(Path(path))
    for path, text in zip(paths, function_source(template, field), strict=True):
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    return paths


def deployment(path: str, region: str, prefix: str = "") -> list[str]:
    """The commands that deploy a function, to be shown and run after a yes. ``prefix`` begins its name."""
    archive = f"{MODULE}.zip"
    create = (
        f"aws lambda create-function --function-name {prefix}{MODULE.replace('_', '-')} --region {region} "
        f"--runtime python3.12 --handler {MODULE}.lambda_handler --timeout 30 --memory-size 256 "
        f"--role ROLE_ARN_FOR_LAMBDA --zip-file fileb://{archive}"
    )
    return [f"zip -j {archive} {shlex.quote(path)}", create]
