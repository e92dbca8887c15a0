"""Execute the rendered notebook headless on AWS, with the credentials of this shell; progress on stderr.

The executed copy is saved beside it after every cell. Running again takes up a running evaluation; it does not
start a second one. Parameters are read as papermill reads them: True, False, None, numbers, else text.

example:
  evaluate.py --project ./tickets run -p POLL_SECONDS 60
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any

from model_evaluation import state
from model_evaluation.conversation.answers import fingerprint, next_command, utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.errors import EvaluationError, Refused

from .render import require_every_answer

if TYPE_CHECKING:
    from model_evaluation.runs.launches import LaunchBook


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-p",
        "--parameter",
        nargs=2,
        action="append",
        metavar=("NAME", "VALUE"),
        help="override a value of the parameters cell",
    )
    parser.add_argument(
        "-r",
        "--parameter-text",
        nargs=2,
        action="append",
        metavar=("NAME", "TEXT"),
        help="the same, and the value stays text whatever it looks like",
    )


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.reporting.summaries import read_summary
    from model_evaluation.results_folder import newest_summary
    from model_evaluation.runs.execution import executed_path, parse_parameters, run_notebook

    parameters = parse_parameters(args.parameter, args.parameter_text)
    document = state.load(args.project).document
    require_every_answer(Context(args.project, document, now=utc_now()))
    rendered = document.get("rendered", {})
    notebook = os.path.join(args.project, rendered.get("notebook", ""))
    if rendered.get("fingerprint") != fingerprint(document) or not os.path.isfile(notebook):
        raise Refused(
            "The notebook has not been written from the present answers.",
            fix="Write it first: evaluate.py render",
            code="not_rendered",
        )
    books = _launch_books(args.project, notebook, parameters)
    target = executed_path(notebook)
    try:
        run_notebook(
            notebook,
            target,
            env=os.environ,
            cwd=os.path.dirname(notebook),
            parameters=parameters,
            on_line=lambda: _update(books),
        )
    except EvaluationError as error:
        if arn := _current(books):
            error.details["execution_arn"] = arn
        raise
    except KeyboardInterrupt:
        if arn := _current(books):
            print(_goes_on(arn), file=sys.stderr)  # noqa: T201 - stdout belongs to the envelope
        raise
    finally:
        _update(books)
    found = newest_summary(args.project)
    return {
        "notebook": target,
        "execution_arn": _current(books),
        "results": os.path.dirname(found.path) if found else None,
        "simulated": read_summary(found.path)["simulated"] if found else None,
        "next": next_command(state.load(args.project).document, args.project),
    }, 0


def _goes_on(arn: str) -> str:
    return (
        f"The evaluation goes on in AWS: {arn}\nTo take it up again: evaluate.py run. "
        f"To end it: evaluate.py stop {arn.rsplit('/', 1)[-1]} --yes"
    )


def _launch_books(project: str, notebook: str, parameters: dict[str, Any]) -> list[LaunchBook]:
    """One per file of the dataset, with the intent recorded before anything is run; none for a notebook whose
    parameters were made into code."""
    from model_evaluation.runs.launches import LaunchBook, notebook_settings
    from model_evaluation.runtime.settings import NotebookError

    try:
        settings = notebook_settings(notebook, parameters)
        if settings is None:
            return []
        books = [LaunchBook(project, notebook, shard, utc_now()) for shard in settings.shards]
    except NotebookError as error:
        raise Refused(error.message, fix=error.fix, code="run_refused") from error
    for book in books:
        book.record_intent()
    return books


def _update(books: list[LaunchBook]) -> None:
    for book in books:
        book.update()


def _current(books: list[LaunchBook]) -> str | None:
    """ARN of the execution that was started last."""
    return next((book.current for book in reversed(books) if book.current), None)
