"""Run the notebook as it would be rendered against local AWS: your configuration, no cost, everything SIMULATED.

It finds out whether the notebook runs, not how good the model is. The dataset's own rows are used when they can
be read, else sample rows. Notebook and results go to the project's rehearsal folder.

example:
  evaluate.py --project ./tickets rehearse
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
from collections.abc import Mapping
from contextlib import ExitStack

from model_evaluation import state
from model_evaluation.commands.workflow.render import rendered, require_every_answer, write_keeping
from model_evaluation.conversation.answers import utc_now
from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import finding
from model_evaluation.errors import EvaluationError, Refused, UsageError
from model_evaluation.json_types import JsonObject
from model_evaluation.localaws import KindPlayer, LocalAws
from model_evaluation.localaws.rehearsal import account_of, seed_rehearsal
from model_evaluation.localaws.seeding import Seeder
from model_evaluation.lookups.s3.dataset_files import read_object, recorded_files
from model_evaluation.lookups.s3.objects import head_object
from model_evaluation.lookups.session import together
from model_evaluation.runs.execution import executed_path, run_rendered
from model_evaluation.runtime.s3_uri import S3Uri, shard_names

FOLDER = "rehearsal"
POLL_SECONDS = 0.5
MADE_UP = "SIMULATED: the answers, scores and verdict in it are made up."


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--step-seconds", type=float, default=0.5, metavar="S", help="how long each simulated step plays"
    )


def run(args: argparse.Namespace) -> tuple[JsonObject, int]:
    if not (math.isfinite(args.step_seconds) and args.step_seconds >= 0):
        raise UsageError(
            f"--step-seconds is {args.step_seconds:g}; a number of seconds, 0 or more, is expected.",
            fix="See: evaluate.py rehearse --help",
        )
    context = Context(args.project, state.load(args.project).document, now=utc_now())
    require_every_answer(context)
    player = context.kind.player()
    if player is None:
        raise Refused(
            f"An evaluation of kind {context.kind.id} cannot be rehearsed: local AWS does not play it.",
            fix="Check it instead: evaluate.py preflight",
            code="no_rehearsal",
        )
    parameters = context.kind.parameters(context)
    dataset, own = parameters.get("DATASET"), player.rehearsal(context)
    if own is not None:
        rows, findings = own.files, [finding("rehearsal", own.note, level="warning")]
    else:
        rows, findings = _rows(context, player, str(dataset)) if dataset is not None else ({}, [])
    folder = os.path.join(args.project, FOLDER)
    notebook = _fresh_notebook(folder, context)
    changes = {
        "POLL_SECONDS": min(POLL_SECONDS, args.step_seconds or 0.1),
        "DATASET_ETAG": "",
        "RESULTS_DIR": "results",
    }
    with open(notebook, encoding="utf-8") as file:
        content = file.read()
    changes = {name: value for name, value in changes.items() if f"{name} = " in content}  # not every one has each
    simulated = own is None or own.in_aws
    with ExitStack() as stack:
        env: Mapping[str, str] = os.environ
        if simulated:
            region, account = str(parameters["REGION"]), account_of(parameters)
            aws = stack.enter_context(LocalAws(step_seconds=args.step_seconds, region=region, account=account))
            seed_rehearsal(aws, player, parameters, rows, base_model=context.facts("model").get("base_model"))
            if own is not None:
                own.seed(Seeder(aws.cloud, aws.region))
            env = aws.child_environment()
        outcome = run_rendered(notebook, executed_path(notebook), env=env, cwd=folder, parameters=changes)
    results = os.path.join(folder, "results")
    if simulated:
        findings = [finding("simulated", MADE_UP, level="warning"), *findings]
    return {
        "simulated": simulated,
        "notebook": str(outcome.notebook),
        "results": results,
        "seconds": round(outcome.seconds, 1),
        "findings": findings,
    }, 0


def _rows(context: Context, player: KindPlayer, dataset: str) -> tuple[dict[str, bytes], list[JsonObject]]:
    """The content of every file of ``dataset``, by URI: the recorded one's if this shell can read it, else sample
    rows of the kind."""

    def content(uri: S3Uri) -> bytes:
        return b"".join(read_object(context.aws, head_object(context.aws, uri)))

    names = shard_names(dataset)
    uris = recorded_files(context.facts("dataset"))
    try:
        context.aws  # noqa: B018 - created before the threads share it
        bodies = together(*[lambda uri=uri: content(uri) for uri in uris])
    except EvaluationError as error:
        lines = player.sample_dataset().splitlines(keepends=True)
        bodies = [b"".join(lines[number :: len(names)]) for number in range(len(names))]
        message = f"The dataset could not be read ({error.code}); the rehearsal used sample rows instead."
        note = finding("sample_rows", message, level="warning", fix=error.fix)
    else:
        note = finding("dataset", f"Rehearsed with the rows of {context.facts('dataset')['uri']}.")
    return dict(zip(names, bodies, strict=True)), [note]


def _fresh_notebook(folder: str, context: Context) -> str:
    """The rendered notebook in an emptied rehearsal folder: a rehearsal never takes up an earlier one. Raises Refused
    for a folder that holds anything but an earlier one."""
    path = os.path.join(folder, "rehearsal.ipynb")
    if os.path.exists(path):
        shutil.rmtree(folder, ignore_errors=True)
    elif os.path.lexists(folder) and not (os.path.isdir(folder) and not os.listdir(folder)):
        raise Refused(
            f"{folder} was not made by a rehearsal; nothing was changed.",
            fix="Rename it, or take it out of the project's folder.",
            code="folder_in_use",
        )
    write_keeping(path, rendered(context), fix=f"Make the folder {os.path.dirname(folder)} writable.")
    return path
