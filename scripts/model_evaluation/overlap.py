"""How many rows of the recorded dataset the training data hold; kept with the answer to `data`, so that card, notebook
and report say it."""

from __future__ import annotations

from . import state
from .conversation import workflow
from .conversation.answers import position, prepare_next, reopened_finding, utc_now
from .conversation.context import Context
from .dataset import find_overlap
from .errors import Refused, TooEarly
from .json_types import Document, JsonObject
from .lookups.s3.dataset_files import joined_files, unchanged_files
from .lookups.s3.sources import training_chunks
from .lookups.sagemaker.models import describe_package, training_job_or_none
from .progress import watched

DROP = "To leave these rows out (a new file, uploaded only after the user's yes): evaluate.py answer data drop-overlap"


def record(project: str, training: str | None) -> JsonObject:
    """Measure, and keep it with the answer to `data`; what rests on that is open again. The envelope's body."""

    def change(snapshot: state.Snapshot) -> tuple[Document, JsonObject]:
        context = Context(project, snapshot.document, now=utc_now())
        overlap = measure(context, training)
        before = snapshot.document["answers"]["data"]
        answer = workflow.Answer(
            before["value"], facts={**before["facts"], "overlap": overlap}, findings=before.get("warnings", [])
        )
        document, reopened = workflow.record(context.kind.steps, context.document, "data", answer, context.now)
        level, more = ("warning", {"fix": DROP}) if overlap["share"] else ("info", {})
        findings = [workflow.finding("overlap", str(overlap["statement"]), level=level, **more)]
        findings += reopened_finding(document, reopened, "to be seen with it")
        context.document = document
        findings += prepare_next(context)
        body = {"overlap": overlap, "findings": findings, **position(context.document, project, answered="data")}
        return context.document, body

    return state.update(project, change)


def measure(context: Context, training: str | None) -> JsonObject:
    """Compare the recorded dataset with ``training``, a file or URI, or with what the model was trained on.

    Returns ``source`` (the training data), the counts of :class:`Overlap`, ``share`` and ``statement``. Raises TooEarly
    without a recorded dataset, Refused when the training data are not known.
    """
    if not context.answered("data"):
        raise TooEarly(
            "The overlap is measured of the dataset that `data` has accepted; that step has no answer yet.",
            fix="Answer it first: evaluate.py answer data ok - or compare two files on their own: "
            "evaluate.py dataset check FILE_OR_URI --training FILE_OR_URI",
        )
    source = training or _trained_on(context)
    files = unchanged_files(context.aws, context.facts("dataset"))
    rows = joined_files(context.aws, files)
    evaluated = watched(rows.chunks(), "dataset", sum(item.size for item in files))
    overlap = find_overlap(training_chunks(lambda: context.aws, source), evaluated, source)
    places = {"exact_places": [rows.place(line) for line in overlap.exact_lines]} if len(files) > 1 else {}
    return {"source": source, **overlap.as_json(), **places}


def _trained_on(context: Context) -> str:
    """The training data of the job that made the chosen package. Raises Refused when the package names none."""
    chosen = context.answered("model")
    if chosen and context.value("scope") != "base":
        package = describe_package(context.aws, str(context.value("model")), context.facts("model").get("region"))
        maker = package.made_by
        job = training_job_or_none(context.aws, maker.rpartition("/")[2]) if ":training-job/" in maker else None
        if job and job.training_data:
            return job.training_data[0]
    reason = "its package names no training job." if chosen else "no model was chosen yet."
    raise Refused(
        f"What the model was trained on is not known: {reason}",
        fix="Name the training dataset: evaluate.py dataset overlap s3://BUCKET/TRAINING.jsonl",
        code="no_training_data",
    )
