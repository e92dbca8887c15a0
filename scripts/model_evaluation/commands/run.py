"""Execute the rendered notebook headless on AWS, with the credentials of this shell; progress on stderr.

The executed copy is saved beside it after every cell. Running again takes up a running evaluation; it does not
start a second one.

example:
  evaluate.py --project ./tickets run -p POLL_SECONDS 60
"""

from __future__ import annotations

import os

from model_evaluation import state
from model_evaluation.context import Context
from model_evaluation.conversation import fingerprint, utc_now
from model_evaluation.errors import Refused

from .render import require_every_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-p",
        "--parameter",
        nargs=2,
        action="append",
        metavar=("NAME", "VALUE"),
        help="override a value of the parameters cell",
    )


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.execution import executed_path, parse_parameters, run_notebook
    from model_evaluation.results_folder import newest_summary

    parameters = parse_parameters(args.parameter)
    document = state.load(args.project).document
    require_every_answer(Context(args.project, document, now=utc_now()))
    rendered = document.get("rendered", {})
    notebook = rendered.get("notebook", "")
    if rendered.get("fingerprint") != fingerprint(document) or not os.path.isfile(notebook):
        raise Refused(
            "The notebook has not been written from the present answers.",
            fix="Write it first: evaluate.py render",
            code="not_rendered",
        )
    target = executed_path(notebook)
    run_notebook(notebook, target, env=os.environ, cwd=os.path.dirname(notebook), parameters=parameters)
    found = newest_summary(args.project)
    return {"notebook": target, "results": os.path.dirname(found.path) if found else None}, 0
