"""The program is the notebook's code in one file, with an option for each parameter."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from model_evaluation.notebook.render import notebook_script
from model_evaluation.runtime.options import parsed_options, parsed_value, program_parameters
from unit.notebook.building import build_notebook, build_program


@pytest.fixture
def program(parameters: dict[str, Any]) -> str:
    return build_program(parameters)


def test_the_program_has_the_code_of_every_cell_in_order_and_the_reading_of_its_options(
    program: str, parameters: dict[str, Any]
) -> None:
    sources = {cell.id: cell.source for cell in build_notebook(parameters).cells if cell.cell_type == "code"}
    parts = program.split("\n# %% options\n")
    assert len(parts) == 2
    rest = parts[0] + "\n# %% " + parts[1].split("\n# %% ", 1)[1]
    assert _code(rest.split('"""', 2)[2]) == _code("\n".join(sources.values()))


def test_the_program_compiles_as_one_file_and_marks_its_cells(program: str) -> None:
    compile(program, "program", "exec")
    assert '\n# %% parameters tags=["parameters"]\n' in program
    assert "\n# %% [markdown] title\n# # Model evaluation" in program
    assert program.index("# %% library") < program.index("# %% options") < program.index("# %% install")


def test_the_program_says_how_a_program_is_run(program: str) -> None:
    assert "Run All Cells" not in program
    assert "# Running this program does everything: it checks" in program
    assert "`python FILE --help`" in ast.get_docstring(ast.parse(program))


def test_text_in_a_markdown_cell_cannot_leave_its_comment() -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": "one\x0cimport os\u2028import sys\rimport re"}
    script = notebook_script({"cells": [cell]})
    assert len(ast.parse(script).body) == 1  # the docstring


def test_its_parameters_can_be_read_without_running_it(program: str, parameters: dict[str, Any]) -> None:
    assert program_parameters(program) == parameters
    assert program_parameters(program.replace('REGION = "us-west-2"', "REGION = input()")) is None


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        ([], {}),
        (["--poll-seconds", "5"], {"POLL_SECONDS": 5}),
        (
            ["--evaluate-base-model=False", "--timeout-minutes", "None"],
            {"EVALUATE_BASE_MODEL": False, "TIMEOUT_MINUTES": None},
        ),
        (["--builtin-metrics", '["Refusal"]'], {"BUILTIN_METRICS": ["Refusal"]}),
        (["--custom-metrics", '[{"a": 1}]'], {"CUSTOM_METRICS": [{"a": 1}]}),
        (["--model-package-arn", "support-bot/newest"], {"MODEL_PACKAGE_ARN": "support-bot/newest"}),
    ],
)
def test_each_parameter_has_an_option(program: str, arguments: list[str], values: dict[str, Any]) -> None:
    assert parsed_options(program, arguments, "evaluation.py") == values


def test_help_tells_every_parameter_with_its_value_and_comment(
    program: str, parameters: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parsed_options(program, ["--help"], "evaluation.py")
    assert end.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name in parameters:
        assert f"--{name.lower().replace('_', '-')} VALUE" in text
    assert '--region VALUE now "us-west-2"' in text
    assert "What is evaluated, on which rows:" in text


@pytest.mark.parametrize("argument", ["--judge", "--no-such-thing", "-p"])
def test_an_option_that_there_is_not_is_refused(
    program: str, argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parsed_options(program, [argument, "x"], "evaluation.py")
    assert end.value.code == 2
    assert argument in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("True", True),
        ("None", None),
        ("10", 10),
        ("0.5", 0.5),
        ("true", True),
        ('["Correctness"]', ["Correctness"]),
        ('{"a": [1]}', {"a": [1]}),
        ('"10"', "10"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("", ""),
        ("None at all", "None at all"),
    ],
)
def test_values_are_read_as_papermill_reads_them_and_json_besides(text: str, value: object) -> None:
    assert parsed_value(text) == value


def _code(text: str) -> list[str]:
    """The lines of a text but for comments that begin them, and but for the library itself: a program's holds the
    reader of options as well."""
    library = ("SHA256 = ", "WHEEL = ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith(("#", *library))]
