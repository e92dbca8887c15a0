"""What the cells of a notebook about a predictive model call, beside what every notebook calls."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.dataset_files import read_object
from model_evaluation.runtime.launch.ledger import configuration_fingerprint
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side, named_model
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import AwsClients

from .analysis import analyse_predictions
from .drift import inputs
from .families import FAMILIES
from .joined import constant_predictions
from .reading.answer_columns import answer_columns
from .reading.answers import predictions_of, split_answers
from .reading.labels import BOOLEANS, canonical_label
from .reading.table_files import TableError, read_table, s3_keys, s3_objects
from .reading.table_reading import read_predictions, read_test_set
from .settings import Model, PredictiveSettings
from .tables import Predictions, TestSet
from .transform_runs import Container, container_family, model_name, put_once

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
Row = tuple[str, ...]
"""A row as a job takes it: its id, then what the model is given. The label is not in it."""
Invoke = Callable[..., object]
"""The notebook's own call: from the endpoint's name, the rows' bytes, the type of answer (``accept``) and the one
``variant`` that is asked, to the SDK's answer."""


class Rows:
    """The test set, and the validation set if there is one, as tables and as the analysis takes them."""

    def __init__(self, settings: PredictiveSettings, aws: AwsClients) -> None:
        self.settings = settings
        columns, uri = settings.columns, settings.threshold.validation
        try:
            self.frame = read_table(settings.test_set, settings.test_format, aws)
            other = read_table(uri, settings.validation_format or settings.test_format, aws) if uri else None
        except TableError as error:
            raise ResultsError(str(error), fix="Mend the file and answer it again.") from error
        self.features = columns.features(self.frame.columns)
        """The columns that the model is given, in the file's order."""
        for frame in (self.frame, other):
            if frame is not None and settings.test_format.type in TYPED:
                frame[self.features] = frame[self.features].replace(BOOLEANS)
        self.test: TestSet = read_test_set(self.frame, columns, settings.problem, settings.slices)
        self.validation: TestSet | None = None
        self._sets = [(self.frame, self.test)]
        if other is not None:
            plain = replace(columns, group="", time="")
            self.validation = read_test_set(other, plain, settings.problem, file="the validation set")
            self._sets.append((other, self.validation))
        self.ids = {key for _, own in self._sets for key in own.ids.tolist()}

    @property
    def classes(self) -> list[str]:
        label = self.test.label
        return [] if label is None or self.settings.problem.type == "regression" else sorted(set(label.tolist()))

    def for_the_model(self) -> list[Row]:
        """Those of the test set with a label, then those of validation."""
        rows: list[Row] = []
        key = self.settings.columns.id
        for frame, own in self._sets:
            ids = pd.Index(frame[key].str.strip() if key else frame.index.astype(str))
            kept = ids.isin(own.ids)
            rows += zip(ids[kept], *(frame[name].to_numpy(object)[kept] for name in self.features), strict=True)
        return rows

    def job_parts(self, count: int) -> list[bytes]:
        """The rows for the model as CSV without a header, in ``count`` files."""
        rows = self.for_the_model()
        places = np.array_split(np.arange(len(rows)), min(count, max(1, len(rows))))
        return [_csv(rows[place] for place in own) for own in places]


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def upload_rows(settings: PredictiveSettings, aws: AwsClients) -> str:
    """Puts the rows, as a model takes them, below S3_OUTPUT; the same rows are there once. Prints and returns where."""
    rows = Rows(settings, aws)
    parts = rows.job_parts(settings.instance_count)
    uri = put_once(aws, settings.s3_output, parts)
    count = sum(part.count(b"\n") for part in parts)
    print(f"{count:,} rows with {len(rows.features)} features: {uri}")  # noqa: T201
    return uri


def read_results(
    runs: Sequence[FinishedRun],
    settings: PredictiveSettings,
    aws: AwsClients,
    asked: Mapping[Side, Predictions] | None = None,
) -> Analysis:
    """The predictions of files, jobs and endpoints, put to their rows by id, and what they amount to."""
    rows = Rows(settings, aws)
    predictions: dict[Side, Predictions] = dict(asked or {})
    for run, part in zip(runs, settings.parts, strict=False):
        predictions[part.side] = _transformed(run, rows, aws)
    for side, model in settings.models.items():
        if model.source == "file":
            predictions[side] = _from_file(model, rows, aws)
    notes = [*settings.dataset_notes, *(text for run in runs for text in run.warnings)]
    validation = None
    if rows.validation is not None:  # predictions for the one set are not a surplus of the other
        validation = (rows.validation, {side: _only(own, rows.validation) for side, own in predictions.items()})
        predictions = {side: _only(own, rows.test) for side, own in predictions.items()}
    if settings.reference.value == "constant":
        predictions["base"] = constant_predictions(rows.test, settings.problem)
        if validation is not None:
            validation[1]["base"] = constant_predictions(validation[0], settings.problem)
    created = (runs[0].created if runs else None) or datetime.now(UTC).replace(microsecond=0)
    evaluation = Evaluation(
        kind=settings.kind,
        conditions={"dataset": settings.test_set},
        tuned=named_model(settings.candidate.name),
        base=named_model(settings.reference.name if settings.reference.value else None),
        scope=settings.scope,
        execution_arn=runs[0].execution_arn if runs else _own_name(settings),
        created=created.isoformat(),
        simulated=aws.simulated,
    )
    analysis = analyse_predictions(
        rows.test,
        predictions,
        problem=settings.problem,
        threshold=settings.threshold,
        primary=settings.primary,
        slices=settings.slices,
        evaluation=evaluation,
        validation=validation,
        notes=notes,
        inputs=inputs(rows.frame, rows.features),
    )
    names = {"tuned": "candidate", "base": "reference"}
    counts = ", ".join(f"{len(own)} of the {names[side]}" for side, own in predictions.items())
    print(f"Rows: {len(rows.test)} in the test set; predictions: {counts}")  # noqa: T201
    return analysis


def _own_name(settings: PredictiveSettings) -> str:
    """What results of files are kept under: the same files, the same folder."""
    models = [model.value for model in settings.models.values()]
    digest = configuration_fingerprint({**settings.configuration(), "models": models, **settings.overview()})
    return f"predictions/{settings.run_label or 'evaluation'}-{digest[:12]}"


def _only(predictions: Predictions, rows: TestSet) -> Predictions:
    """Those for these rows."""
    return predictions.at(np.isin(predictions.ids.astype(str), rows.ids.astype(str)))


def worst_rows(analysis: Analysis, most: int) -> pd.DataFrame:
    """Up to ``most`` rows that the candidate gets wrong, the surest first; of a regression the largest errors."""
    table = analysis.per_example
    off = None
    if "tuned_error" in table:
        off = table["tuned_error"].abs()
    elif "tuned_correct" in table:
        table = table[~table["tuned_correct"].astype(bool)]
        scores = table[[name for name in table.columns if name.startswith("tuned_score")]]
        if scores.shape[1]:  # one is of the positive class: farthest from the middle
            off = (scores.iloc[:, 0] - 0.5).abs() if scores.shape[1] == 1 else scores.max(axis=1)
    if off is not None:
        table = table.loc[off.sort_values(ascending=False).index]
    table = table.head(most).reset_index(drop=True)
    return table.rename(columns=lambda name: re.sub("^tuned_", "candidate_", re.sub("^base_", "reference_", name)))


def _from_file(model: Model, rows: Rows, aws: AwsClients) -> Predictions:
    settings = rows.settings
    assert model.format is not None
    try:
        table = read_table(model.value, model.format, aws)
        classes = [canonical_label(name) for name in rows.classes]
        columns = answer_columns(
            list(table.columns), settings.columns.id, settings.problem, classes,
            lambda name: table[name].drop_duplicates().head(1_000).tolist(), label=settings.columns.label,
        )  # fmt: skip
    except TableError as error:
        raise ResultsError(f"{model.value}: {error}", fix="Mend the file and answer it again.") from error
    predictions = read_predictions(table, columns, settings.problem)
    named = set(table[columns.id].str.strip())
    return replace(predictions, missing=len(rows.ids - named), surplus=len(named - rows.ids))


def _transformed(run: FinishedRun, rows: Rows, aws: AwsClients) -> Predictions:
    """What a job wrote: a file ``NAME.out`` per input file, whose rows carry their id, or are in the input's order."""
    job = aws.sagemaker.describe_transform_job(TransformJobName=run.execution_arn.rsplit("/", 1)[-1])
    processing, output = job.get("DataProcessing", {}), job["TransformOutput"]["S3OutputPath"]
    outputs = dict(_objects(aws, output, ending=".out"))
    ids: list[str] = []
    texts: list[str] = []
    total = surplus = 0
    for name, body in _objects(aws, job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]):
        lines = body.decode().splitlines()
        total += len(lines)
        if (answer := outputs.get(f"{name}.out")) is None:
            continue  # its rows count as missing
        joined, output_filter = processing.get("JoinSource") == "Input", processing.get("OutputFilter")
        known = {_first(line) for line in lines}
        for key, text in _answers_of(answer.decode(), lines, joined, output_filter):
            if key in known:
                ids.append(key)
                texts.append(text)
            else:
                surplus += 1
    if not texts:
        raise ResultsError(
            f"The job {run.execution_arn} left no answers below {output}.",
            fix="Look at the job's log in the SageMaker console, then start again from the launch cell.",
        )
    container = Container(job["ModelName"], aws)
    return predictions_of(
        ids,
        texts,
        rows.settings.problem,
        rows.classes,
        keys=container.output,
        family=container.family.name,
        sent=total,
        surplus=surplus,
    )


def _objects(aws: AwsClients, uri: str, *, ending: str = "") -> Iterator[tuple[str, bytes]]:
    """The files of a table, or those below a prefix whose names end so: name and content."""
    keys = [key for key, _, _ in (s3_objects(aws, uri) if ending else s3_keys(aws, uri)) if key.endswith(ending)]
    for key in sorted(keys):
        yield key.rsplit("/", 1)[-1], read_object(aws, S3Uri.parse(uri).bucket, key)


def _answers_of(text: str, lines: Sequence[str], joined: bool, output_filter: str | None) -> list[tuple[str, str]]:
    """Id and answer of each row in an output file."""
    answers = [line for line in text.splitlines() if line.strip()]
    if not joined:
        if len(answers) != len(lines):
            raise ResultsError(
                f"{len(lines)} rows were sent in a file and {len(answers)} answers came back, without their ids.",
                fix="Let the service join the answers to the rows (join_source), or send a row per request.",
            )
        return [(_first(line), answer) for line, answer in zip(lines, answers, strict=True)]
    if output_filter:  # the id and the answer are left
        return [(_first(line), line.partition(",")[2]) for line in answers]
    sent = {_first(line): f"{line}," for line in lines}
    pairs = [(key := _first(line), line, sent.get(key)) for line in answers]
    return [(key, line.removeprefix(row) if row and line.startswith(row) else "") for key, line, row in pairs]


def _first(line: str) -> str:
    """The first cell of a CSV row, as the job's rows have their ids."""
    return next(csv.reader([line]))[0] if line.startswith('"') else line.partition(",")[0]


def ask_endpoint(invoke: Invoke, settings: PredictiveSettings, aws: AwsClients) -> dict[Side, Predictions]:
    """Asks the endpoints for every row, in requests of a few thousand rows. Answers are kept below RESULTS_DIR, so that
    asking again after an interruption goes on where it stopped."""
    rows = Rows(settings, aws)
    sent = rows.for_the_model()
    digest = hashlib.sha256(_csv(sent)).hexdigest()
    predictions: dict[Side, Predictions] = {}
    for side, model in settings.models.items():
        if model.source != "endpoint":
            continue
        name = f"{model.value}|{settings.test_etag}|{digest}"
        folder = Path(settings.results_dir) / "answers" / hashlib.sha256(name.encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        texts: list[str] = []
        endpoint = model.value.rpartition("/")[2]
        variant, family = _first_variant(endpoint, aws)
        call = partial(invoke, endpoint, accept=FAMILIES[family].accept.replace("jsonlines", "json"), variant=variant)
        for start, chunk in _chunks(sent):
            texts += _asked(call, chunk, folder / f"rows-{start:08d}.json")
        print(f"{endpoint}: {len(texts):,} answers")  # noqa: T201
        ids = [row[0] for row in sent]
        predictions[side] = predictions_of(ids, texts, settings.problem, rows.classes, family=family)
    return predictions


def _first_variant(endpoint: str, aws: AwsClients) -> tuple[str, str]:
    """An endpoint's first variant, the one that is asked (several would be several models), and its model's family."""
    config = aws.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    variant = aws.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    name = variant.get("ModelName")
    return str(variant["VariantName"]), Container(name, aws).family.name if name else "custom"


def _asked(invoke: Invoke, chunk: Sequence[Row], path: Path) -> list[str]:
    if path.exists():
        kept: list[str] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    answer = invoke(_csv(row[1:] for row in chunk).removesuffix(b"\n"))
    content = getattr(answer, "body", answer)
    text = content.read() if hasattr(content, "read") else content
    answers = split_answers(text.decode() if isinstance(text, bytes) else str(text), len(chunk))
    path.with_suffix(".part").write_text(json.dumps(answers), encoding="utf-8")
    path.with_suffix(".part").replace(path)
    return answers


def _chunks(rows: Sequence[Row]) -> Iterator[tuple[int, Sequence[Row]]]:
    """Rows that go into one request, with the place of the first."""
    size = start = 0
    for number, row in enumerate(rows):
        length = sum(map(len, row)) + len(row)
        if number > start and (number - start == CHUNK_ROWS or size + length > CHUNK_BYTES):
            yield start, rows[start:number]
            size, start = 0, number
        size += length
    if rows:
        yield start, rows[start:]
