"""The parameters cell of an evaluation of a predictive model."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Self, TypeVar

from model_evaluation.runtime.checks import SESSION, Fault, check_output
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import Json, ParameterReader, Settings

from .problem import Columns, PrimaryMetric, Problem, ThresholdRule
from .reading.table_files import TableError, TableFormat, local_etag, local_parts, s3_keys
from .transform_runs import TransformRuns

Value = TypeVar("Value")
Source = Literal["batch", "endpoint", "file", ""]
SOURCES: tuple[Source, ...] = ("batch", "endpoint", "file")
LABEL_LENGTH = 30  # of a run's label: a job's name has 63 characters, and more is put behind it
NO_REGION = "us-east-1"  # what boto3 is given where nothing is in AWS; nothing is ever asked there


@dataclass(frozen=True, kw_only=True)
class Model:
    """One side of the comparison. ``value`` is an ARN, or the URI of predictions, whose ``format`` is known."""

    value: str
    source: Source
    format: TableFormat | None = None

    @property
    def name(self) -> str:
        """What reports call it: an ARN, or a file's own name."""
        return self.value if self.value.startswith("arn:") else os.path.basename(self.value.rstrip("/")) or self.value


def check_test_set(settings: PredictiveSettings, aws: AwsClients) -> str:
    """The test set is there, and is the one that was confirmed."""
    etag = table_etag(settings.test_set, aws)
    if not etag:
        raise Fault(f"there is nothing at {settings.test_set}.", "Correct DATASET.")
    if settings.test_etag and etag != settings.test_etag:
        raise Fault(
            f"{settings.test_set} has changed since it was confirmed.",
            "Check it and render the notebook again; to accept it as it is, empty DATASET_ETAG.",
        )
    return f"{settings.test_set}{', unchanged' if settings.test_etag else ''}"


def check_models(settings: PredictiveSettings, aws: AwsClients) -> str:
    """Every model that is asked is there, and every file of predictions."""
    names = []
    for model in settings.models.values():
        name = model.value.rpartition("/")[2]
        if model.source == "file":
            if not table_etag(model.value, aws):
                raise Fault(f"there is nothing at {model.value}.", "Correct the parameters cell.")
        elif model.source == "endpoint":
            status = aws.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
            if status != "InService":
                raise Fault(f"the endpoint {name} is {status}, not InService.", "Wait until it is in service.")
        elif ":model-package/" in model.value:
            status = aws.sagemaker.describe_model_package(ModelPackageName=model.value)["ModelPackageStatus"]
            if status != "Completed":
                raise Fault(f"the model package is {status}, not Completed.", "Choose a usable version.")
        elif ":training-job/" in model.value:
            aws.sagemaker.describe_training_job(TrainingJobName=name)
        else:
            aws.sagemaker.describe_model(ModelName=name)
        names.append(model.name.rpartition(":")[2])
    return " and ".join(names)


def check_output_bucket(settings: PredictiveSettings, aws: AwsClients) -> str:
    """Where a job writes, its bucket is there and in the region."""
    return check_output(settings, aws) if settings.s3_output else "nothing is written to S3"


def table_etag(uri: str, aws: AwsClients) -> str:
    """What tells whether a table is still the same; empty where there is none."""
    if uri.startswith("s3://"):
        return ",".join(etag for _, _, etag in s3_keys(aws, uri))
    try:
        return local_etag(local_parts(os.path.expanduser(uri)))
    except OSError:
        return ""


@dataclass(frozen=True, kw_only=True)
class PredictiveSettings(Settings):
    """``candidate`` and ``reference`` are the models; a reference that is ``constant`` or nothing has no source. The
    test set is ``test_set``: what ``dataset`` and its ETag are for other kinds is not read as rows of questions."""

    kind = "predictive"
    runs = TransformRuns()
    checks = (
        *SESSION,
        ("Model", check_models),
        ("Test set", check_test_set),
        ("Output bucket", check_output_bucket),
    )

    test_set: str
    test_format: TableFormat
    test_etag: str = ""
    columns: Columns
    problem: Problem
    candidate: Model
    reference: Model
    threshold: ThresholdRule
    validation_format: TableFormat | None = None
    primary: PrimaryMetric
    slices: tuple[str, ...] = ()
    instance_type: str = ""
    instance_count: int = 1
    side: Side = "tuned"
    """Of a part: whose predictions the job makes."""
    is_part: bool = False

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        output = reader.output_uri("S3_OUTPUT") if reader.optional_text("S3_OUTPUT") else ""
        return {
            "region": reader.optional_text("REGION") or NO_REGION,
            "run_label": (reader.optional_text("RUN_LABEL") or "")[:LABEL_LENGTH].strip("-"),
            "results_dir": reader.text("RESULTS_DIR"),
            "poll_seconds": reader.positive("POLL_SECONDS", optional=True) or 1.0,
            "timeout_minutes": reader.positive("TIMEOUT_MINUTES", optional=True),
            "force_new_run": bool(output) and reader.flag("FORCE_NEW_RUN"),
            "role_arn": reader.optional_text("ROLE_ARN") or "",
            "dataset_etag": "",
            "test_set": reader.text("DATASET"),
            "test_format": _format(reader, "DATASET_FORMAT") or TableFormat("csv"),
            "test_etag": (reader.optional_text("DATASET_ETAG") or "").strip('"'),
            "dataset_notes": tuple(reader.texts("DATASET_NOTES")),
            "columns": _parsed(reader, "COLUMNS", Columns.parse, Columns()),
            "problem": _parsed(reader, "PROBLEM", Problem.parse, Problem("binary")),
            "candidate": _model(reader, "MODEL"),
            "model": reader.text("MODEL"),
            "reference": _model(reader, "REFERENCE"),
            "threshold": _parsed(reader, "THRESHOLD", ThresholdRule.parse, ThresholdRule()),
            "validation_format": _format(reader, "VALIDATION_FORMAT", optional=True),
            "primary": _parsed(reader, "PRIMARY_METRIC", PrimaryMetric.parse, PrimaryMetric("accuracy")),
            "slices": tuple(reader.texts("SLICES", "a list of column names")),
            "instance_type": reader.optional_text("INSTANCE_TYPE") or "",
            "instance_count": int(reader.positive("INSTANCE_COUNT", optional=True) or 1),
            "s3_output": output,
        }

    def faults(self) -> list[str]:
        faults = []
        batch = any(model.source == "batch" for model in self.models.values())
        if batch and not (self.s3_output and self.instance_type):
            faults.append("S3_OUTPUT and INSTANCE_TYPE must be set where a batch transform predicts")
        if not self.candidate.source:
            faults.append("MODEL_SOURCE must be batch, endpoint or file")
        if any(model.source == "file" for model in self.models.values()) and not self.columns.id:
            faults.append("COLUMNS must name the id, by which predictions from a file are put to their rows")
        if self.problem.type != "clustering" and not self.columns.label:
            faults.append("COLUMNS must name the label")
        return faults

    def configuration(self) -> Json:
        return {
            **super().configuration(),
            "model": self.model,
            "side": self.side,
            "dataset": self.test_set,
            "dataset_etag": self.test_etag,
            "columns": str(self.columns),
            "validation": self.threshold.validation,
            "output": self.s3_output,
            "instance": self.instance if self.instance_type else None,
        }

    def sizes(self, dataset: DatasetSize) -> dict[str, int]:
        return {}

    def overview(self) -> dict[str, str]:
        against = self.reference.value
        lines = {
            "Model": self.candidate.value,
            "Against": {"": "nothing", "constant": "a constant answer"}.get(against, against),
            "Test set": f"{self.test_set} ({self.test_format})",
            "Columns": str(self.columns),
            "Problem": str(self.problem),
            "Threshold": str(self.threshold),
            "Decides": str(self.primary),
        }
        if self.s3_output:
            lines |= {"Region": self.region, "Instance": self.instance, "Output": self.s3_output}
        return {name: text for name, text in lines.items() if text != "none" or name == "Against"}

    def resolved(self, aws: AwsClients) -> Self:
        return self

    @property
    def instance(self) -> str:
        return f"{self.instance_type} {self.instance_count}"

    @property
    def models(self) -> dict[Side, Model]:
        """The sides that predict."""
        sides: dict[Side, Model] = {"tuned": self.candidate}
        return sides | ({"base": self.reference} if self.reference.source else {})

    @property
    def scope(self) -> str:
        return "compare" if self.reference.value else "tuned"

    @property
    def parts(self) -> tuple[Self, ...]:
        """A run for each model that a batch transform asks; a part is its own."""
        if self.is_part:
            return (self,)
        label = self.run_label or "evaluation"
        labels = {"tuned": label, "base": f"{label}-reference"}
        return tuple(
            replace(self, model=model.value, side=side, is_part=True, run_label=labels[side])
            for side, model in self.models.items()
            if model.source == "batch"
        ) or (self,)

    @property
    def services(self) -> tuple[str, ...]:  # type: ignore[override]
        """Those that this evaluation asks; none where everything is a file here."""
        sources = {model.source for model in self.models.values()}
        if sources & {"batch", "endpoint"}:
            return ("sagemaker", "s3", "sts", "logs", *(("sagemaker-runtime",) if "endpoint" in sources else ()))
        uris = (self.test_set, self.threshold.validation, *(model.value for model in self.models.values()))
        return ("s3",) if any(uri.startswith("s3://") for uri in uris) else ()


def _parsed(reader: ParameterReader, name: str, parse: Callable[[str], Value], default: Value) -> Value:
    text = reader.text(name)
    if not text:
        return default
    try:
        return parse(text)
    except ValueError as error:
        reader.faults.append(f"{name}: {error}")
        return default


def _format(reader: ParameterReader, name: str, *, optional: bool = False) -> TableFormat | None:
    value = reader.structure(name)
    if value is None:
        return None if optional else reader.fault(name, "a format, such as {'type': 'csv'}", None)
    try:
        return TableFormat.of(value)
    except TableError as error:
        return reader.fault(name, str(error), None)


def _model(reader: ParameterReader, name: str) -> Model:
    value = reader.optional_text(name) or ""
    source = reader.optional_text(f"{name}_SOURCE") or ""
    if value in ("none", "constant", ""):
        return Model(value="" if value == "none" else value, source="")
    if source not in SOURCES:
        return Model(value=value, source=reader.fault(f"{name}_SOURCE", "batch, endpoint or file", ""))
    form = _format(reader, f"{name}_FORMAT") if source == "file" else None
    return Model(value=value, source=source, format=form)


SETTINGS = PredictiveSettings
