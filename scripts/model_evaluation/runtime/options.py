"""A notebook's parameters outside Jupyter: read from a program's text, and given on its command line."""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from .settings import Json, NotebookError

PARAMETERS_MARK = '# %% parameters tags=["parameters"]'
WORDS = {"True": True, "False": False, "None": None}


def read_options(namespace: Json) -> None:
    """Puts the parameters that the command line gives to the program whose namespace this is into it: each parameter
    has an option, such as ``--poll-seconds`` for POLL_SECONDS. Does nothing in an editor that runs single cells.

    From then on an error that this project can explain is printed without a stack.
    """
    program = namespace.get("__file__")
    if program is None or os.path.realpath(sys.argv[0]) != os.path.realpath(program):
        return
    sys.excepthook = _explained(sys.excepthook)
    text = Path(program).read_text(encoding="utf-8", errors="surrogateescape")
    namespace.update(parsed_options(text, sys.argv[1:], Path(program).name))


def parsed_options(text: str, arguments: list[str], name: str) -> Json:
    """The parameters that ``arguments`` give to a program with this text."""
    parser = argparse.ArgumentParser(
        prog=name,
        description="Evaluate the model as configured in this file; options override its parameters.",
        epilog="Values are True, False, None, numbers or JSON where they read like that, and text otherwise.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for comment, defaults in _groups(text):
        group = parser.add_argument_group(description=comment.replace("%", "%%"))
        for parameter, default in defaults.items():
            value = json.dumps(default, ensure_ascii=False)
            value = value if len(value) <= 60 else f"{value[:57]}..."
            option, help_text = f"--{parameter.lower().replace('_', '-')}", f"now {value}".replace("%", "%%")
            group.add_argument(option, dest=parameter, type=parsed_value, metavar="VALUE", help=help_text)
    return vars(parser.parse_args(arguments))


def program_parameters(text: str) -> Json | None:
    """The values in a program's parameters cell, by name; ``None`` when they are not plain literals."""
    try:
        return dict(item for _, group in _groups(text) for item in group.items())
    except (SyntaxError, ValueError):
        return None


def literal_assignments(source: str) -> Json:
    """What a cell of assignments assigns. ``SyntaxError`` or ``ValueError`` when it holds anything but literals."""
    return {
        target.id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def parsed_value(text: str) -> object:
    """A value as papermill reads it (True, False, None, numbers, else text), and JSON besides."""
    if text in WORDS:
        return WORDS[text]
    for convert in (int, float, json.loads):
        try:
            return convert(text)
        except ValueError:
            pass
    return text


def _groups(text: str) -> list[tuple[str, Mapping[str, object]]]:
    """Of a program's parameters cell each comment with the values below it."""
    cell = text.partition(PARAMETERS_MARK)[2].partition("\n# %% ")[0].strip()
    comments = (" ".join(line.lstrip("# ") for line in re.findall(r"(?m)^#.*$", part)) for part in cell.split("\n\n"))
    return list(zip(comments, map(literal_assignments, cell.split("\n\n")), strict=True))


Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def _explained(usual: Hook) -> Hook:
    def hook(kind: type[BaseException], error: BaseException, stack: TracebackType | None) -> None:
        if isinstance(error, NotebookError):
            print(f"{kind.__name__}: {error}", file=sys.stderr)  # noqa: T201
        else:
            usual(kind, error, stack)

    return hook
