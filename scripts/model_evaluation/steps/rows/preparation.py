"""A dataset made ready: new files beside the project, and the commands that upload and use them."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from model_evaluation.conversation.context import Context
from model_evaluation.dataset import apply_operation, find_overlap, parse_operation
from model_evaluation.errors import EvaluationError, Refused
from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.naming import suggested_output
from model_evaluation.progress import watched
from model_evaluation.runtime.s3_uri import S3Uri, manifest_key, unsharded_name, whole_set
from model_evaluation.runtime.settings import Json
from model_evaluation.steps.data import Reading

MANIFEST_BYTES = 64 << 20
LONGEST_NAME = 120  # characters of a prepared file's name, without its number and ending


def prepare(context: Context, text: str, reading: Reading) -> Refused:
    """Apply an operation such as ``sample 500`` and say, as a refusal, what was written and what comes next: the step
    stays open until the user has had it uploaded. What was prepared before from the same files is not done again."""
    from model_evaluation.lookups.s3.dataset_files import joined_etag

    operation, arguments = parse_operation(text)
    report = reading.report
    if operation == "drop-invalid" and context.kind.needs_references(context):
        report = replace(report, terms=replace(report.terms, needs_reference=True))
    training = _training_data(context) if operation == "drop-overlap" else ""
    facts: JsonObject = {
        "etag": joined_etag(reading.files),
        "terms": json.loads(json.dumps(asdict(report.terms))),
    }
    if training:
        facts["training"] = training
    if len(reading.files) > 1:
        facts["files"] = reading.joined.files()
    elif reading.files[0].version_id:
        facts["version_id"] = reading.files[0].version_id
    total = sum(item.size for item in reading.files)
    folder = Path(context.project, "data")
    name = os.path.basename(unsharded_name(str(context.facts("dataset")["key"]))).removesuffix(".jsonl")
    out, manifest = prepared_once(
        folder,
        f"{name}.{'-'.join([operation, *arguments])}",
        {"uri": report.source, **facts},
        [operation, *arguments],
        lambda path: apply_operation(
            operation,
            arguments,
            lambda: watched(reading.joined.chunks(), operation, total),
            report,
            path,
            earlier=_earlier_manifest(context),
            overlap=_overlap(context, training, reading),
            **facts,
        ),
    )
    paths = [str(folder / output["file"]) for output in manifest["outputs"]]
    rows = sum(output["rows"] for output in manifest["outputs"])
    written = (whole_set(paths[0]) or paths[0]) if operation == "shard" else paths[0]
    target = f"{context.value('output') or suggested_output(context)}/datasets/"
    dataset = target + os.path.basename(written)
    files = f" in {len(paths)} files" if len(paths) > 1 else ""
    return Refused(
        f"{operation} made {'1 row' if rows == 1 else f'{rows:,} rows'}{files}: {written} (its manifest says which "
        "source line each row is). "
        "Nothing was uploaded, and no answer was recorded.",
        fix=f"If the user agrees to the upload: evaluate.py dataset upload {shlex.quote(written)} "
        f"{shlex.quote(target)} --yes - then: evaluate.py answer dataset {shlex.quote(dataset)}",
        code="prepared",
        details={"files": paths, "rows": rows, "manifest": f"{out}.manifest.json", "dataset": dataset},
    )


def _training_data(context: Context) -> str:
    """What the recorded overlap was measured with. Raises Refused when none was measured, or none found."""
    overlap = context.facts("data").get("overlap")
    if not overlap:
        raise Refused(
            "drop-overlap leaves out the rows that the training data hold; that was not measured yet.",
            fix="Accept the dataset and measure it first: evaluate.py dataset overlap",
            code="overlap_unknown",
        )
    if not overlap["share"]:
        raise Refused(
            f"There is nothing to leave out. {overlap['statement']}",
            fix="Go on with the dataset as it is.",
            code="no_overlap",
        )
    return str(overlap["source"])


def _overlap(context: Context, training: str, reading: Reading) -> frozenset[int]:
    from model_evaluation.lookups.s3.sources import training_chunks

    if not training:
        return frozenset()
    return find_overlap(training_chunks(lambda: context.aws, training), reading.joined.chunks(), training).lines


def _earlier_manifest(context: Context) -> Json:
    """The manifest of a dataset that was prepared itself; empty without one."""
    from model_evaluation.lookups.s3.objects import read_start

    dataset = context.facts("dataset")
    uri = S3Uri(dataset["bucket"], manifest_key(dataset["key"]))
    try:
        manifest = json.loads(read_start(context.aws, uri, MANIFEST_BYTES))
        return manifest if isinstance(manifest["outputs"], list) else {}
    except (EvaluationError, ValueError, KeyError, TypeError):
        return {}  # most datasets have none


def prepared_once(
    folder: Path, name: str, facts: Facts, operation: list[str], apply: Callable[[Path], Json]
) -> tuple[Path, Json]:
    """The file in ``folder`` that ``apply`` writes, and its manifest; or the one that the same ``operation`` made
    before of the same source on the same terms, which ``facts`` tell. Another source's file of the same name is left
    alone: the next free number is taken."""
    stem = re.sub(r"[^\w.=+@-]+", "_", name)[:LONGEST_NAME]
    for number in itertools.count(1):
        out = folder / (f"{stem}-{number}.jsonl" if number > 1 else f"{stem}.jsonl")
        manifest_path = out.with_name(f"{out.name}.manifest.json")
        if not manifest_path.exists() and not out.exists():
            return out, apply(out)
        manifest = _manifest_of_whole(manifest_path)
        same = [manifest.get("operation"), *manifest.get("arguments", [])] == operation
        if same and all(manifest["source"].get(key) == fact for key, fact in facts.items()):
            return out, manifest
    raise AssertionError("numbers do not end")


def _manifest_of_whole(path: Path) -> Json:
    """A manifest all of whose files lie beside it; empty for any other, which is somebody else's."""
    try:
        manifest: Json = json.loads(path.read_text(encoding="utf-8"))
        whole = all((path.parent / item["file"]).stat().st_size == item["bytes"] for item in manifest["outputs"])
        return manifest if whole and isinstance(manifest["source"], dict) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
