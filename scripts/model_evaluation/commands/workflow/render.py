"""Write the notebook, or the program, from the recorded answers. The same answers give the same bytes.

Without flags it goes where the `notebook` step says. A file that is in the way and differs (outputs, your own edits)
is kept under a numbered name, never overwritten. The library behind it goes into one collapsed cell, or with
`--library beside` into a wheel that must stay beside it; neither needs the internet.

example:
  evaluate.py --project ./tickets render
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from pathlib import Path
from typing import NamedTuple

from model_evaluation import state
from model_evaluation.conversation import workflow
from model_evaluation.conversation.answers import fingerprint, utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.errors import Refused, TooEarly, UsageError
from model_evaluation.files import write_atomically
from model_evaluation.json_types import Document, Rendered
from model_evaluation.naming import default_notebook, inside
from model_evaluation.notebook.append import append_section
from model_evaluation.notebook.render import library_of, notebook_content, notebook_script, render_notebook
from model_evaluation.packages import command_line, python_command
from model_evaluation.runtime.launch.durations import in_words
from model_evaluation.runtime.settings import Json

TRY_FIRST = "To try it first without AWS: evaluate.py rehearse"
ANOTHER_PLACE = "Make the folder writable, or name another place: evaluate.py render --output FILE"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--append", metavar="FILE", help="append to this notebook, or replace its section")
    parser.add_argument("--output", metavar="FILE", help="write a notebook (with --script: a .py) here instead")
    parser.add_argument("--script", action="store_true", help="write a Python program instead of a notebook")
    parser.add_argument(
        "--library",
        dest="place",
        choices=("embed", "beside"),
        default="embed",
        help="where the library goes: into a collapsed cell (embed, the default), or into a wheel beside the file",
    )


def run(args: argparse.Namespace) -> tuple[Json, int]:
    if args.append and (args.output or args.script):
        raise UsageError("--append goes with neither --output nor --script.", fix="Use one of them.")
    if args.output:
        _require_extension(args.output, (".py",) if args.script else (".ipynb", ".py"))
    context = Context(args.project, state.load(args.project).document, now=utc_now())
    require_every_answer(context)
    target = _target(args, context)
    body: Json = {"notebook": target.path, "run_instructions": _instructions(context, target.path)}
    if target.append:
        body["findings"] = _append(context, target.path, args.place)
    else:
        previous = write_keeping(target.path, rendered(context, args.place, script=target.script))
        if previous:
            body["kept"] = previous
    if args.place == "beside":
        body["library"] = _write_library(context, os.path.dirname(target.path))
    _remember(args.project, target.path)
    return body, 0


def require_every_answer(context: Context) -> None:
    """Raise TooEarly unless every step has an answer, and Refused where one may not be acted on."""
    missing = workflow.pending(context.kind.steps, context.document)
    if missing:
        raise TooEarly(
            f"The notebook cannot be written yet; still open: {', '.join(missing)}.",
            fix="See the next question: evaluate.py status",
            step=missing[0],
            details={"missing": missing},
        )
    context.kind.require(context)


class Target(NamedTuple):
    """Where to write, and what."""

    path: str
    append: bool = False
    script: bool = False


def _target(args: argparse.Namespace, context: Context) -> Target:
    if args.append:
        return Target(_absolute(args.append), append=True)
    answer = context.value("notebook")
    output = _absolute(args.output) if args.output else ""
    script = args.script or (answer == "script" and not output.lower().endswith(".ipynb"))
    if output:
        _require_extension(args.output, (".py",) if script else (".ipynb",))
    # In this project as it lies now: it may have been moved or copied since.
    new = answer in ("new", "script")
    path = default_notebook(context.project) if new else os.path.join(context.project, answer)
    if output or script:
        return Target(output or os.path.splitext(path)[0] + ".py", script=script)
    return Target(path, append=not new)


def _require_extension(name: str, extensions: tuple[str, ...]) -> None:
    if not name.lower().endswith(extensions):
        kind = "a script" if extensions == (".py",) else "a notebook"
        raise UsageError(
            f"--output names {name!r}; the name of {kind} ends in {extensions[0]}.",
            fix="Name the file so. A notebook is written without --script, a script (.py) with it.",
        )


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


def rendered(context: Context, library: str = "embed", *, script: bool = False) -> bytes:
    """The notebook's bytes, or the program's."""
    kind, parameters, takes = context.kind, context.kind.parameters(context), context.facts("confirm").get("takes", [])
    if script:
        content = notebook_content(kind, parameters, library, program=True, takes=takes)
        return notebook_script(content).encode("utf-8", "backslashreplace")
    return render_notebook(kind, parameters, library, takes)


def _append(context: Context, path: str, library: str) -> list[Json]:
    takes = context.facts("confirm").get("takes", [])
    section = notebook_content(context.kind, context.kind.parameters(context), library, takes=takes)
    result = append_section(Path(path), section)
    note = "The evaluation's section was replaced." if result.replaced else "The evaluation's section was appended."
    return [
        workflow.finding("replaced" if result.replaced else "appended", f"{note} Every other cell is as it was."),
        *(workflow.finding("notebook", warning, level="warning") for warning in result.warnings),
    ]


def _write_library(context: Context, folder: str) -> str:
    """The wheel beside the notebook. One of this name was written by an earlier rendering."""
    library = library_of(context.kind)
    path = os.path.join(folder, library.wheel_name)
    try:
        write_atomically(path, library.wheel)
    except OSError as error:
        raise _unwritable(path, error, ANOTHER_PLACE) from error
    return path


def write_keeping(path: str, content: bytes, *, fix: str = ANOTHER_PLACE) -> str | None:
    """Write ``content`` to ``path``. A different file that was there is copied to the first free numbered name
    before, which is returned. Raises Refused, with this ``fix``, when the folder cannot be written."""
    before = previous = None
    try:
        try:
            before = Path(path).read_bytes()
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
        if before == content:
            return None
        if before is not None:
            stem, extension = os.path.splitext(path)
            names = (f"{stem}.previous-{number}{extension}" for number in itertools.count(1))
            previous = next(name for name in names if not os.path.exists(name))
            write_atomically(previous, before)
        write_atomically(path, content)
    except OSError as error:
        raise _unwritable(path, error, fix) from error
    return previous


def _unwritable(path: str, error: OSError, fix: str) -> Refused:
    return Refused(f"{path} cannot be written: {error.strerror or error}.", fix=fix, code="unwritable")


def _remember(project: str, path: str) -> None:
    """Keep in the state file what was written, so that `status` knows the next command. Answers stay as they are."""

    def change(snapshot: state.Snapshot) -> tuple[Document, None]:
        before, answers = snapshot.document.get("rendered"), fingerprint(snapshot.document)
        written = time.time()
        if before is not None and before["fingerprint"] == answers:
            written = before["written"]  # results of the same answers are not outdated by writing it again
        rendered: Rendered = {"notebook": inside(project, path), "written": written, "fingerprint": answers}
        return {**snapshot.document, "rendered": rendered}, None

    state.update(project, change)


def _instructions(context: Context, path: str) -> str:
    if context.kind.runs_here(context) and not path.endswith(".py"):
        return (
            "The notebook reads files of this machine, so run it here: evaluate.py run does, or Run All Cells in a "
            "Jupyter that is opened here. In SageMaker Studio it would not find them; there, give files in S3."
        )
    return instructions(path, context.kind.minutes(context))


def instructions(path: str, minutes: tuple[float, float] | None) -> str:
    """How to run what was written, for the user; ``minutes`` from the start to the results."""
    takes = f" ({in_words(minutes)})" if minutes else ""
    if path.endswith(".py"):
        return (
            f"It waits for the results{takes}. Run again, it takes up the running evaluation and does not start a "
            "second one; --help lists its options. With credentials of the account: "
            f"{python_command()} {command_line(path)}"
        )
    return (
        "Drag the notebook into the file list of JupyterLab in SageMaker Studio, open it there, and choose "
        f"Run > Run All Cells. It checks the configuration, starts the evaluation, waits{takes}, and shows the "
        "comparison. If the kernel stops, run it again: it takes up the running evaluation and does not start a second "
        f"one. {TRY_FIRST}"
    )
