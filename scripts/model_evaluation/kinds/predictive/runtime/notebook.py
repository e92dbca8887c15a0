"""What the cells of a notebook about a predictive model call, beside what every notebook calls."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.launch.ledger import configuration_fingerprint
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side, named_model
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import AwsClients

from .analysis import analyse_predictions
from .drift import inputs
from .families import FAMILIES, family_of
from .joined import constant_predictions
from .reading.answer_columns import answer_columns
from .reading.answers import predictions_of, split_answers
from .reading.labels import BOOLEANS, canonical_label
from .reading.table_files import TableError, read_table, s3_keys
from .reading.table_reading import read_predictions, read_test_set
from .settings import Model, PredictiveSettings
from .tables import Predictions, TestSet, Texts
from .transform_runs import JobRows, container_family, container_of, job_csv, model_name, put_once

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PredictiveSettings",
    "ask_endpoint",
    "container_family",
    "model_name",
    "read_results",
    "upload_rows",
    "worst_rows",
]
CHUNK_BYTES, CHUNK_ROWS = 4_000_000, 2_000  # of one request to an endpoint, below the service's 6 MB
TYPED = ("parquet", "jsonl")  # files whose booleans a model is given as numbers
Invoke = Callable[..., Any]
"""The notebook's own call: from the endpoint's name, the rows' bytes, the type of answer (``accept``) and the one
``variant`` that is asked, to the SDK's answer."""


class Rows:
    """The test set, and the validation set if there is one, as tables and as the analysis takes them."""

    def __init__(self, settings: PredictiveSettings, aws: AwsClients) -> None:
        self.settings = settings
        try:
            self.frame = read_table(settings.test_set, settings.test_format, aws)
            uri, form = settings.threshold.validation, settings.validation_format or settings.test_format
            self.validation_frame = read_table(uri, form, aws) if uri else None
        except TableError as error:
            raise ResultsError(str(error), fix="Mend the file and answer it again.") from error
        for frame in (self.frame, self.validation_frame):
            if frame is not None and settings.test_format.type in TYPED:
                frame[self.features] = frame[self.features].replace(BOOLEANS)
        self.test: TestSet = read_test_set(self.frame, settings.columns, settings.problem, settings.slices)
        self.validation: TestSet | None = None
        if self.validation_frame is not None:
            columns = replace(settings.columns, group="", time="")
            file = "the validation set"
            self.validation = read_test_set(self.validation_frame, columns, settings.problem, (), file=file)

    @property
    def classes(self) -> list[str]:
        label = self.test.label
        return [] if label is None or self.settings.problem.type == "regression" else sorted(set(label.tolist()))

    @property
    def features(self) -> list[str]:
        """The columns that the model is given, in the file's order."""
        columns = self.settings.columns
        left_out = {columns.label, columns.id, columns.weight, *columns.ignore}
        return [name for name in self.frame.columns if name not in left_out]

    def job_parts(self, count: int) -> list[bytes]:
        """The rows for the model in ``count`` files: those of the test set with a label, then those of validation."""
        both = [self._labelled(self.frame, self.test)]
        if self.validation_frame is not None and self.validation is not None:
            both.append(self._labelled(self.validation_frame, self.validation))
        ids = [own for one, _ in both for own in one]
        import pandas as pd

        frame = pd.concat([table for _, table in both], ignore_index=True)
        places = np.array_split(np.arange(len(ids)), min(count, max(1, len(ids))))
        return [job_csv(frame.iloc[own], [ids[place] for place in own], self.features) for own in places]

    def _labelled(self, frame: pd.DataFrame, own: TestSet) -> tuple[list[str], pd.DataFrame]:
        key = self.settings.columns.id
        ids = frame[key].str.strip() if key else frame.index.astype(str).to_series(index=frame.index)
        kept = ids.isin(set(own.ids.tolist()))
        return ids[kept].tolist(), frame[kept]


def upload_rows(settings: PredictiveSettings, aws: AwsClients) -> JobRows:
    """Puts the rows, as a model takes them, below S3_OUTPUT; the same rows are there once. Prints where."""
    rows = Rows(settings, aws)
    parts = rows.job_parts(settings.instance_count)
    uri = put_once(aws, settings.s3_output, parts)
    count = sum(part.count(b"\n") for part in parts)
    print(f"{count:,} rows with {len(rows.features)} features: {uri}")  # noqa: T201
    return JobRows(uri, (), len(rows.features))


def read_results(
    runs: Sequence[FinishedRun],
    settings: PredictiveSettings,
    aws: AwsClients,
    asked: Mapping[Side, Predictions] | None = None,
) -> Analysis:
    """The predictions of files, jobs and endpoints, put to their rows by id, and what they amount to."""
    rows = Rows(settings, aws)
    found: dict[Side, Predictions] = dict(asked or {})
    for run, part in zip(runs, settings.parts, strict=False):
        found[part.side] = _transformed(run, part, rows, aws)
    for side, model in settings.models.items():
        if model.source == "file":
            found[side] = _from_file(model, rows, aws)
    notes = [*settings.dataset_notes, *(text for run in runs for text in run.warnings)]
    validation = None
    if rows.validation is not None:
        validation = (rows.validation, {side: _only(own, rows.validation) for side, own in found.items()})
        found = {side: _only(own, rows.test) for side, own in found.items()}
    if settings.reference.value == "constant":
        found["base"] = constant_predictions(rows.test, settings.problem)
        if validation is not None:
            validation[1]["base"] = constant_predictions(validation[0], settings.problem)
    evaluation = Evaluation(
        kind=settings.kind,
        conditions={"dataset": settings.test_set},
        tuned=named_model(settings.candidate.name),
        base=named_model(settings.reference.name if settings.reference.value else None),
        scope=settings.scope,
        execution_arn=runs[0].execution_arn if runs else _own_name(settings),
        created=(runs[0].created or datetime.now(UTC)).isoformat()
        if runs
        else datetime.now(UTC).isoformat(timespec="seconds"),
        simulated=aws.simulated,
    )
    analysis = analyse_predictions(
        rows.test,
        found,
        problem=settings.problem,
        threshold=settings.threshold,
        primary=settings.primary,
        slices=settings.slices,
        evaluation=evaluation,
        validation=validation,
        notes=notes,
        inputs=inputs(rows.frame, rows.features),
    )
    counts = ", ".join(
        f"{len(own)} {'of the candidate' if side == 'tuned' else 'of the reference'}" for side, own in found.items()
    )
    print(f"Rows: {len(rows.test)} in the test set; predictions: {counts}")  # noqa: T201
    return analysis


def _own_name(settings: PredictiveSettings) -> str:
    """What results of files are kept under: the same files, the same folder."""
    models = [model.value for model in settings.models.values()]
    digest = configuration_fingerprint({**settings.configuration(), "models": models, **settings.overview()})
    return f"predictions/{settings.run_label or 'evaluation'}-{digest[:12]}"


def _only(predictions: Predictions, rows: TestSet) -> Predictions:
    """Those for these rows; the others are for the other set, and no surplus."""
    own = np.isin(predictions.ids.astype(str), rows.ids.astype(str))
    return replace(
        predictions,
        ids=predictions.ids[own],
        score=None if predictions.score is None else predictions.score[own],
        prediction=None if predictions.prediction is None else predictions.prediction[own],
    )


def worst_rows(analysis: Analysis, most: int) -> pd.DataFrame:
    """Up to ``most`` rows that the candidate gets wrong, the surest first; of a regression the largest errors."""
    table = analysis.per_example
    if "tuned_error" in table:
        chosen = table.loc[table["tuned_error"].abs().sort_values(ascending=False).index]
    elif "tuned_correct" in table:
        chosen = table[~table["tuned_correct"].astype(bool)]
        scores = chosen[[name for name in table.columns if name.startswith("tuned_score")]]
        if scores.shape[1] == 1:  # of the positive class: farthest from the middle
            chosen = chosen.loc[(scores.iloc[:, 0] - 0.5).abs().sort_values(ascending=False).index]
        elif scores.shape[1]:
            chosen = chosen.loc[scores.max(axis=1).sort_values(ascending=False).index]
    else:
        chosen = table
    names = {
        name: name.replace("tuned_", "candidate_", 1).replace("base_", "reference_", 1)
        for name in table.columns
        if name.startswith(("tuned_", "base_"))
    }
    return chosen.head(most).rename(columns=names).reset_index(drop=True)


# -- files ---------------------------------------------------------------------------------------------------


def _from_file(model: Model, rows: Rows, aws: AwsClients) -> Predictions:
    settings = rows.settings
    assert model.format is not None
    try:
        table = read_table(model.value, model.format, aws)
        classes = [canonical_label(name) for name in rows.classes]
        found = answer_columns(
            list(table.columns), settings.columns.id, settings.problem, classes,
            lambda name: table[name].drop_duplicates().head(1_000).tolist(), label=settings.columns.label,
        )  # fmt: skip
    except TableError as error:
        raise ResultsError(f"{model.value}: {error}", fix="Mend the file and answer it again.") from error
    ids: Texts = table[found.id].str.strip().to_numpy(object)
    answers = table[list(found.names)].rename(columns=dict(found.names))
    predictions = read_predictions(answers, settings.problem, ids=ids, file=model.value)
    known = {*rows.test.ids.tolist(), *(rows.validation.ids.tolist() if rows.validation is not None else ())}
    given = set(ids.tolist())
    return replace(predictions, missing=len(known - given), surplus=len(given - known))


# -- batch transform -----------------------------------------------------------------------------------------


def _transformed(run: FinishedRun, part: PredictiveSettings, rows: Rows, aws: AwsClients) -> Predictions:
    """What a job wrote: a file ``NAME.out`` per input file, whose rows carry their id, or are in the input's order."""
    job = aws.sagemaker.describe_transform_job(TransformJobName=run.execution_arn.rsplit("/", 1)[-1])
    sent = dict(_objects(aws, job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]))
    outputs = {
        name.rsplit("/", 1)[-1].removesuffix(".out"): body
        for name, body in _objects(aws, job["TransformOutput"]["S3OutputPath"], ending=".out")
    }
    ids: list[str] = []
    texts: list[str] = []
    total = surplus = 0
    processing = job.get("DataProcessing", {})
    for name, body in sent.items():
        lines = body.decode().splitlines()
        total += len(lines)
        answer = outputs.get(name.rsplit("/", 1)[-1])
        if answer is None:
            continue  # its rows count as missing
        own = _answers_of(
            answer.decode(), lines, processing.get("JoinSource") == "Input", processing.get("OutputFilter")
        )
        known = {_first(line) for line in lines}
        surplus += sum(key not in known for key, _ in own)
        ids += [key for key, _ in own if key in known]
        texts += [text for key, text in own if key in known]
    if not texts:
        raise ResultsError(
            f"The job {run.execution_arn} left no answers below {job['TransformOutput']['S3OutputPath']}.",
            fix="Look at the job's log in the SageMaker console, then start again from the launch cell.",
        )
    container = _container_output(job["ModelName"], aws)
    return predictions_of(
        ids,
        texts,
        rows.settings.problem,
        rows.classes,
        keys=container[0],
        family=container[1],
        sent=total,
        surplus=surplus,
    )


def _container_output(name: str, aws: AwsClients) -> tuple[list[str], str]:
    """The fields that the container was told to give, and its family."""
    container = container_of(name, aws)
    keys = str(container.get("Environment", {}).get("SAGEMAKER_INFERENCE_OUTPUT", ""))
    return [key.strip() for key in keys.split(",") if key.strip()], family_of(str(container.get("Image", "")))


def _objects(aws: AwsClients, uri: str, *, ending: str = "") -> Iterator[tuple[str, bytes]]:
    bucket, prefix = S3Uri.parse(uri)
    if ending:
        pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", []) if item["Key"].endswith(ending)]
    else:
        keys = [key for key, _, _ in s3_keys(aws, uri)]
    for key in sorted(keys):
        yield key, aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _answers_of(text: str, lines: Sequence[str], joined: bool, output_filter: str | None) -> list[tuple[str, str]]:
    """Id and answer of each row in an output file."""
    found = [line for line in text.splitlines() if line.strip()]
    if not joined:
        if len(found) != len(lines):
            raise ResultsError(
                f"{len(lines)} rows were sent in a file and {len(found)} answers came back, without their ids.",
                fix="Let the service join the answers to the rows (join_source), or send a row per request.",
            )
        return [(_first(line), answer) for line, answer in zip(lines, found, strict=True)]
    own = {_first(line): line for line in lines}
    answers = []
    for line in found:
        key = _first(line)
        sent = own.get(key, "")
        if sent and not output_filter and line.startswith(f"{sent},"):
            answers.append((key, line[len(sent) + 1 :]))
        else:
            answers.append((key, line.partition(",")[2] if output_filter else ""))
    return answers


def _first(line: str) -> str:
    """The first cell of a CSV row, as the job's rows have their ids."""
    import csv

    if not line.startswith('"'):
        return line.partition(",")[0]
    return next(csv.reader([line]))[0]


# -- endpoint ------------------------------------------------------------------------------------------------


def ask_endpoint(invoke: Invoke, settings: PredictiveSettings, aws: AwsClients) -> dict[Side, Predictions]:
    """Asks the endpoints for every row, in requests of a few thousand rows. Answers are kept below RESULTS_DIR, so that
    asking again after an interruption goes on where it stopped."""
    rows = Rows(settings, aws)
    (body,) = rows.job_parts(1)
    lines = body.decode().splitlines()
    found: dict[Side, Predictions] = {}
    for side, model in settings.models.items():
        if model.source != "endpoint":
            continue
        name = f"{model.value}|{settings.test_etag}|{hashlib.sha256(body).hexdigest()}"
        folder = Path(settings.results_dir) / "answers" / hashlib.sha256(name.encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        ids: list[str] = []
        texts: list[str] = []
        endpoint = model.value.rpartition("/")[2]
        variant, family = _first_variant(endpoint, aws)
        call = partial(invoke, endpoint, accept=FAMILIES[family].accept.replace("jsonlines", "json"), variant=variant)
        for start, chunk in _chunks(lines):
            ids += [_first(line) for line in chunk]
            texts += _asked(call, chunk, folder / f"rows-{start:08d}.json")
        print(f"{endpoint}: {len(texts):,} answers")  # noqa: T201
        found[side] = predictions_of(ids, texts, settings.problem, rows.classes, family=family, sent=len(lines))
    return found


def _first_variant(endpoint: str, aws: AwsClients) -> tuple[str, str]:
    """An endpoint's first variant, the one that is asked (several would be several models), and its model's family."""
    config = aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    variants = aws.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    name = variants[0].get("ModelName")
    family = family_of(str(container_of(name, aws).get("Image", ""))) if name else "custom"
    return str(variants[0]["VariantName"]), family


def _asked(invoke: Callable[[bytes], Any], chunk: Sequence[str], path: Path) -> list[str]:
    if path.exists():
        kept: list[str] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    body = "\n".join(line.partition(",")[2] if not line.startswith('"') else _without_first(line) for line in chunk)
    answer = invoke(body.encode())
    content: Any = getattr(answer, "body", answer)
    text = content.read() if hasattr(content, "read") else content
    text = text.decode() if isinstance(text, bytes) else str(text)
    answers = split_answers(text, len(chunk))
    path.with_suffix(".part").write_text(json.dumps(answers), encoding="utf-8")
    path.with_suffix(".part").replace(path)
    return answers


def _without_first(line: str) -> str:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(next(csv.reader([line]))[1:])
    return out.getvalue()


def _chunks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    chunk: list[str] = []
    size = start = 0
    for number, line in enumerate(lines):
        if chunk and (len(chunk) == CHUNK_ROWS or size + len(line) > CHUNK_BYTES):
            yield start, chunk
            chunk, size, start = [], 0, number
        chunk.append(line)
        size += len(line) + 1
    if chunk:
        yield start, chunk
