"""Write the notebook from the recorded answers. The same answers give the same bytes.

Without flags it goes where the `notebook` step says. A notebook that is in the way and differs (outputs, your
own edits) is kept under a numbered name, never overwritten.

example:
  evaluate.py --project ./tickets render
"""

from __future__ import annotations

import os
import time

from model_evaluation import state, workflow
from model_evaluation.context import Context
from model_evaluation.conversation import fingerprint, utc_now
from model_evaluation.errors import Refused, TooEarly, UsageError
from model_evaluation.evaluations import evaluation_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--append", metavar="FILE", help="append to this notebook, or replace its section")
    parser.add_argument("--output", metavar="FILE", help="write a notebook (with --script: a .py) here instead")
    parser.add_argument("--script", action="store_true", help="write a Python script instead of a notebook")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    if args.append and (args.output or args.script):
        raise UsageError("--append goes with neither --output nor --script.", fix="Use one of them.")
    snapshot = state.load(args.project)
    context = Context(args.project, snapshot.document, now=utc_now())
    require_every_answer(context)
    path, append = _target(args, context)
    content = render(context, path, append=append, script=args.script)
    kept = None if append else keep_what_differs(path, content)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    state.write_atomically(path, content)
    if not args.script:
        _remember(args.project, path)
    body: dict[str, Any] = {"notebook": path, "run_instructions": instructions(path, script=args.script)}
    if kept:
        body["kept"] = kept
    return body, 0


def require_every_answer(context: Context) -> None:
    """Raise TooEarly unless every step, the terms among them, has a valid answer."""
    from model_evaluation.steps.terms import is_assent

    steps = evaluation_of(context.document).STEPS
    missing = workflow.pending(steps, context.document)
    if missing:
        raise TooEarly(
            f"The notebook cannot be written yet; still open: {', '.join(missing)}.",
            fix="See the next question: evaluate.py status",
            step=missing[0],
            details={"missing": missing},
        )
    if not is_assent(str(context.value("terms"))):  # a state file edited by hand
        raise Refused(
            "The recorded answer to the terms is not explicit assent.",
            fix="Show the terms again: evaluate.py revise terms",
            code="no_assent",
            step="terms",
        )


def _target(args: argparse.Namespace, context: Context) -> tuple[str, bool]:
    """Where to write, and whether to append."""
    answer = context.facts("notebook")["path"]
    if args.append:
        return _absolute(args.append), True
    if args.output:
        return _absolute(args.output), False
    if args.script:
        return os.path.splitext(answer)[0] + ".py", False
    return answer, context.value("notebook") != "new"


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


def render(context: Context, path: str, *, append: bool = False, script: bool = False) -> bytes:
    """The bytes to write at ``path``."""
    from model_evaluation.notebook.append import appended
    from model_evaluation.notebook.render import build_notebook, notebook_bytes
    from model_evaluation.notebook.script import as_script

    evaluation = evaluation_of(context.document)
    notebook = build_notebook(evaluation.notebook_parameters(context))
    if script:
        return as_script(notebook).encode("utf-8")
    return appended(path, notebook) if append else notebook_bytes(notebook)


def keep_what_differs(path: str, content: bytes) -> str | None:
    """Move a different file at ``path`` to the first free numbered name; its new path, or ``None``."""
    try:
        with open(path, "rb") as file:
            if file.read() == content:
                return None
    except FileNotFoundError:
        return None
    stem, extension = os.path.splitext(path)
    number = 1
    while os.path.exists(f"{stem}.previous-{number}{extension}"):
        number += 1
    kept = f"{stem}.previous-{number}{extension}"
    os.rename(path, kept)
    return kept


def _remember(project: str, path: str) -> None:
    """Keep in the state file what was written, so that `status` knows the next command. Answers stay as they are."""
    for _ in range(3):
        snapshot = state.load(project)
        rendered = {"notebook": path, "written": time.time(), "fingerprint": fingerprint(snapshot.document)}
        if state.replace(project, snapshot.raw, {**snapshot.document, "rendered": rendered}):
            return


def instructions(path: str, *, script: bool) -> str:
    """How to run what was written, for the user."""
    if script:
        return f"Run it with credentials of the account: python3 {path}"
    return (
        "Open the notebook in SageMaker Studio and choose Run > Run All Cells. It checks the configuration, starts "
        "the evaluation, waits (usually 25 to 60 minutes), and shows the comparison. If the kernel stops, run it "
        "again: it takes up the running evaluation and does not start a second one. To try it first without AWS: "
        "evaluate.py rehearse"
    )
