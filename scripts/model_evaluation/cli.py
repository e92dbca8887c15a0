"""Flags to one function to one JSON object to one exit code. The only module that writes to stdout."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from types import ModuleType
from typing import NoReturn, TextIO

from model_evaluation.json_types import JsonObject

from . import __version__
from .endpoints import foreign_endpoints
from .errors import EvaluationError, UsageError

# command -> one line of help. Its module is commands/<group>/<name>.py with `arguments(parser)` and `run(args)`.
COMMANDS = {
    "workflow": {
        "status": "where the workflow stands (reads only, no network)",
        "answer": "check one answer with lookups and record it",
        "revise": "reopen a step and whatever depended on it",
        "preflight": "every check that can be made before money is spent",
        "render": "write the notebook",
        "wizard": "the same workflow for a person in a terminal",
    },
    "evaluations": {
        "rehearse": "run the rendered notebook against local AWS (SIMULATED)",
        "run": "execute the notebook headless on AWS",
        "runs": "this project's evaluations and their states",
        "stop": "end one of them, after a yes",
        "report": "read a finished evaluation's results",
    },
    "tools": {
        "demo": "the whole path on sample data and local AWS",
        "localaws": "serve the stand-in for AWS",
        "dataset": "dataset check FILE_OR_URI: check a whole dataset, outside any workflow",
        "metric": "metric lint|try FILE: check custom metrics, or try them on a few rows",
        "install": "put the skill into an assistant's skills folder",
        "uninstall": "take the skill out of an assistant's skills folder",
    },
}
GROUPS = {command: group for group, commands in COMMANDS.items() for command in commands}
# Commands that print text for a person (or their own lines) instead of one JSON object.
TEXT_COMMANDS = {"demo", "localaws", "wizard"}

EXIT_CODES = """exit codes:
  0  done                       4  AWS said no or is unreachable
  1  a bug of ours              5  the state file cannot be used
  2  wrong usage               10  report --gate: fail
  3  the answer was refused    11  report --gate: inconclusive
     (the user must act)       12  report --gate: invalid results

example:
  evaluate.py --project ./tickets answer model my-model-group"""


def _formatter(prog: str) -> argparse.HelpFormatter:
    # With a width given, argparse does not import shutil (a tenth of `status`'s start-up).
    return argparse.RawDescriptionHelpFormatter(prog, width=110)


class _Parser(argparse.ArgumentParser):
    """argparse whose complaints become our envelope."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}.", fix=f"See: {self.prog} --help")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. ``argv`` defaults to the process's own arguments."""
    # Read when numpy is loaded: otherwise a thread per core waits, at full speed, for matrices that never come.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = list(sys.argv[1:] if argv is None else argv)
    command: str | None = None
    stdout, sys.stdout = sys.stdout, sys.stderr  # a library's stray print may not spoil the JSON
    body: JsonObject | None
    try:
        options = _options(arguments, stdout)
        command = options.command
        if command is None:
            raise UsageError("No command was given.", fix="See: evaluate.py --help")
        module = command_module(command)
        args = _command_arguments(module, command, options, stdout)
        if command in TEXT_COMMANDS:
            sys.stdout = stdout
        code: int
        body, code = module.run(args)
        if body is not None:  # a text command has said all it had to say
            body = {"ok": code == 0, "command": command, **simulation(), **body}
    except EvaluationError as error:
        body, code = failure(command, error), error.exit_code
    except ModuleNotFoundError as error:
        from .packages import REQUIREMENTS, missing_package

        if (error.name or "").partition(".")[0] in REQUIREMENTS:
            missing = missing_package(error.name)
            body, code = failure(command, missing), missing.exit_code
        else:
            body, code = _bug(command, error), 1
    except KeyboardInterrupt:
        stopped = "The command was interrupted; nothing was half-written."
        body, code = failure(command, EvaluationError(stopped, fix="Run it again when ready.", code="interrupted")), 130
    except SystemExit as error:  # --help and --version
        return error.code if isinstance(error.code, int) else 1
    except Exception as error:
        body, code = _bug(command, error), 1
    finally:
        sys.stdout = stdout
    if body is not None:
        _print_json(body)
    return code


def command_module(command: str) -> ModuleType:
    """The module of a command of :data:`COMMANDS`."""
    return importlib.import_module(f".commands.{GROUPS[command]}.{command}", __package__)


def simulation() -> dict[str, bool]:
    """``simulated`` while any service of AWS is reached at an address that is not AWS's own."""
    return {"simulated": True} if foreign_endpoints() else {}


def failure(command: str | None, error: EvaluationError) -> JsonObject:
    """The envelope of an expected failure."""
    return {"ok": False, "command": command, **simulation(), "error": error.as_json(), **error.envelope}


def _options(arguments: list[str], stdout: TextIO) -> argparse.Namespace:
    width = max(map(len, GROUPS))
    table = "\n".join(f"  {name:<{width}}  {text}" for group in COMMANDS.values() for name, text in group.items())
    parser = _Parser(
        prog="evaluate.py",
        usage="evaluate.py [--project DIR] COMMAND ...",
        description="Evaluate a SageMaker model, one decision at a time.",
        epilog=f"commands (each has --help):\n{table}\n\n{EXIT_CODES}",
        formatter_class=_formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--project", default=".", metavar="DIR", help="the project's folder (default: this one)")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    with redirect_stdout(stdout):  # --help and --version go where the JSON would
        options = parser.parse_args(arguments)
    if options.command is not None and options.command not in GROUPS:
        received, options.command = options.command, None
        raise UsageError(
            f"{received!r} is not a command. Commands: {', '.join(GROUPS)}.", fix="See: evaluate.py --help"
        )
    return options


def _command_arguments(
    module: ModuleType, command: str, options: argparse.Namespace, stdout: TextIO
) -> argparse.Namespace:
    parser = _Parser(
        prog=f"evaluate.py {command}",
        description=module.__doc__,
        formatter_class=_formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--project", default=options.project, metavar="DIR", help="the project's folder")
    module.arguments(parser)
    prepare = getattr(module, "prepare", None)
    with redirect_stdout(stdout):
        args = parser.parse_intermixed_args(prepare(options.rest) if prepare else options.rest)
    args.project = os.path.abspath(os.path.expanduser(args.project))
    if not os.path.isdir(args.project):
        raise UsageError(
            f"--project {args.project} is not a folder.", fix="Create it first, or name an existing folder."
        )
    return args


def _print_json(body: JsonObject) -> None:
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, default=str)
    data = (text + "\n").encode("utf-8", "backslashreplace")
    try:
        stream = getattr(sys.stdout, "buffer", None)
        if stream is None:
            sys.stdout.write(data.decode("utf-8"))
        else:
            stream.write(data)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader went away; there is nobody left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _bug(command: str | None, error: Exception) -> JsonObject:
    import traceback

    trace = "".join(traceback.format_exception(error))
    sys.stderr.write(trace)
    last = traceback.extract_tb(error.__traceback__)[-1]
    bug = EvaluationError(
        f"This is a fault of the program, not yours: {type(error).__name__}: {error}",
        fix="Please report it with the text on stderr. The state file is as it was before the command.",
        code="bug",
        details={"where": f"{os.path.basename(last.filename)}:{last.lineno}"},
    )
    return failure(command, bug)
