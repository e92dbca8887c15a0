"""Execute what was rendered, notebook or program, on AWS with the credentials of this shell; progress on stderr.

The executed copy of a notebook, or the output of a program, is saved beside it as it goes. Running again takes up a
running evaluation; it does not start a second one. Parameters are read as papermill reads them: True, False, None,
numbers, else text; lists and objects are JSON.

example:
  evaluate.py --project ./tickets run -p POLL_SECONDS 60
"""

from __future__ import annotations

import argparse
import os

from model_evaluation import state
from model_evaluation.commands.workflow.render import require_every_answer
from model_evaluation.conversation.answers import fingerprint, next_command, utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.errors import EvaluationError, Refused
from model_evaluation.json_types import Document
from model_evaluation.reporting.summaries import read_summary
from model_evaluation.results_folder import SummaryFile, project_summaries
from model_evaluation.runs.execution import executed_path, parse_parameters, run_rendered
from model_evaluation.runs.launches import LaunchBook, rendered_parameters
from model_evaluation.runtime.settings import Json, NotebookError


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


def run(args: argparse.Namespace) -> tuple[Json, int]:
    parameters = parse_parameters(args.parameter, args.parameter_text)
    document = state.load(args.project).document
    context = Context(args.project, document, now=utc_now())
    require_every_answer(context)
    rendered = document.get("rendered", {})
    notebook = os.path.join(args.project, rendered.get("notebook", ""))
    if rendered.get("fingerprint") != fingerprint(document) or not os.path.isfile(notebook):
        raise Refused(
            "The notebook has not been written from the present answers.",
            fix="Write it first: evaluate.py render",
            code="not_rendered",
        )
    book = _launch_book(context, notebook, parameters)
    target = executed_path(notebook)
    try:
        run_rendered(
            notebook,
            target,
            env=os.environ,
            cwd=os.path.dirname(notebook),
            parameters=parameters,
            on_line=book.update,
        )
    except EvaluationError as error:
        book.give_up()
        if book.current:
            error.details["execution_arn"] = book.current
        raise
    except KeyboardInterrupt as interrupt:
        book.give_up()
        if book.current:
            raise _goes_on(book.current) from interrupt
        raise
    book.update()
    written = max(project_summaries(args.project), key=lambda file: file.modified, default=None)
    if written:
        _count(args.project, written)
    return {
        "notebook": target,
        "execution_arn": book.current,
        "results": os.path.dirname(written.path) if written else None,
        "simulated": read_summary(written.path)["simulated"] if written else None,
        "next": next_command(state.load(args.project).document, args.project),
    }, 0


def _count(project: str, results: SummaryFile) -> None:
    """Let results that were just read count as those of what was rendered, also of a run that was started before."""

    def change(snapshot: state.Snapshot) -> tuple[Document, None]:
        rendered = snapshot.document["rendered"]
        if rendered["written"] <= results.created:
            return snapshot.document, None
        return {**snapshot.document, "rendered": {**rendered, "written": results.created}}, None

    state.update(project, change)


def _goes_on(arn: str) -> EvaluationError:
    """What an interrupted wait means: the evaluation itself was not interrupted."""
    error = EvaluationError(
        f"The wait was interrupted; the evaluation goes on in AWS: {arn}",
        fix=f"To take it up again: evaluate.py run. To end it: evaluate.py stop {arn.rsplit('/', 1)[-1]} --yes",
        code="interrupted",
        details={"execution_arn": arn},
    )
    error.exit_code = 130
    return error


def _launch_book(context: Context, notebook: str, parameters: Json) -> LaunchBook:
    """With the intent recorded. Values that cannot be used are refused before anything is run."""
    values = rendered_parameters(notebook)
    results_dir = "results"
    try:
        if values is not None:  # else they were made into code, which only the notebook can run
            results_dir = context.kind.settings_class().from_parameters(values | parameters).results_dir
        book = LaunchBook(context.project, notebook, results_dir, context.kind.id, utc_now())
        book.record_intent()
    except NotebookError as error:
        fix = "Correct the values given with -p and -r." if parameters else error.fix
        raise Refused(error.message, fix=fix, code="run_refused") from error
    return book
