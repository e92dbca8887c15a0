"""The parameters cell, checked and typed. What every kind of evaluation has in common; a kind adds its own fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from .s3_uri import S3Uri, shard_names

if TYPE_CHECKING:
    from .checks import Checks
    from .dataset_files import DatasetSize
    from .launch.service import Runs
    from .session import AwsClients

DEFAULT_PREFIX = "model-evaluation"  # used when an output URI is a whole bucket, which the SDK cannot work with
Default = TypeVar("Default")
Value = TypeVar("Value")
Json = dict[str, Any]
"""A JSON object; whoever reads it checks what it uses."""


def well_formed(text: str) -> str:
    """``text`` with lone surrogates written as escapes: a kernel that is asked to show one loses the whole output."""
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


class NotebookError(RuntimeError):
    """A failure this notebook expects and can explain. ``fix`` says what to do; Jupyter shows no stack."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(well_formed(f"{message}\n\nWhat to do: {fix}"))
        self.message = message
        self.fix = fix

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class SettingsError(NotebookError):
    """The parameters cell holds values that cannot be used."""


class ParameterReader:
    """Reads single parameters, gathering what is wrong with them in ``faults``."""

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self._namespace = namespace
        self.faults: list[str] = []

    def text(self, name: str) -> str:
        value = self._namespace.get(name)
        return value if isinstance(value, str) and value.strip() else self.fault(name, "text, not empty", "")

    def optional_text(self, name: str) -> str | None:
        value = self._namespace.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return value if isinstance(value, str) else self.fault(name, "text or None", None)

    def text_or_empty(self, name: str) -> str:
        return self.optional_text(name) or ""

    def flag(self, name: str) -> bool:
        value = self._namespace.get(name)
        return value if isinstance(value, bool) else self.fault(name, "True or False", False)

    def positive(self, name: str, *, optional: bool = False) -> float | None:
        value = self._namespace.get(name)
        if optional and value is None:
            return None
        usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
        return float(value) if usable else self.fault(name, "a number above 0", None)  # type: ignore[arg-type]

    def optional_positive(self, name: str) -> float | None:
        return self.positive(name, optional=True)

    def texts(self, name: str, expected: str = "a list of texts") -> list[str]:
        value = self._namespace.get(name) or ()
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return list(value)
        return self.fault(name, expected, [])

    def structure(self, name: str) -> object:
        """A list, a dictionary or ``None``; text is read as JSON, which is how a command line passes it."""
        value = self._namespace.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else None
        except ValueError as error:
            return self.fault(name, f"a Python literal, or JSON ({error})", None)

    def output_uri(self, name: str) -> str:
        value = self.text(name)
        try:
            uri = S3Uri.parse(value)
        except ValueError:
            return value and self.fault(name, "s3://bucket/prefix", "")
        return str(uri._replace(key=uri.key.strip("/") or DEFAULT_PREFIX))

    def fault(self, name: str, expected: str, default: Default) -> Default:
        """Notes that a parameter is not what was expected, and answers ``default``."""
        if name in self._namespace:
            received = repr(self._namespace[name])
            received = received if len(received) <= 80 else received[:77] + "..."
            self.faults.append(f"{name} must be {expected} (received {received})")
        else:
            self.faults.append(f"{name} is missing; expected {expected}")
        return default


def parameter(name: str, read: Callable[[ParameterReader, str], Value], told: str = "") -> Value:
    """A field that the parameter of this name holds, as ``read`` reads it. What is ``told`` makes a run the one it is:
    it stands under this key in :meth:`Settings.configuration`."""
    made: Value = field(metadata={"name": name, "read": read, "told": told})
    return made


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The parameters cell, checked. A kind subclasses it, adds a field for each parameter of its own, and says how its
    runs are looked at and what is checked before one is started.

    ``s3_output`` has no trailing slash and is never a whole bucket. A parameter that a kind does not have keeps its
    default.
    """

    kind: ClassVar[str]
    runs: ClassVar[Runs[Any]]
    checks: ClassVar[Checks]
    services: ClassVar[tuple[str, ...]] = ("sagemaker", "s3", "sts", "logs")
    """The services whose endpoints say whether AWS is simulated."""

    region: str = parameter("REGION", ParameterReader.text, "region")
    run_label: str = parameter("RUN_LABEL", ParameterReader.text_or_empty, "label")
    results_dir: str = parameter("RESULTS_DIR", ParameterReader.text)
    poll_seconds: float = parameter("POLL_SECONDS", lambda reader, name: reader.positive(name) or 1.0)
    timeout_minutes: float | None = parameter("TIMEOUT_MINUTES", ParameterReader.optional_positive)
    force_new_run: bool = parameter("FORCE_NEW_RUN", ParameterReader.flag)
    role_arn: str = ""
    model: str = ""
    dataset: str = ""
    dataset_etag: str = parameter("DATASET_ETAG", lambda reader, name: reader.text_or_empty(name).strip('"'))
    dataset_notes: tuple[str, ...] = parameter("DATASET_NOTES", lambda reader, name: tuple(reader.texts(name)))
    s3_output: str = ""
    mlflow_resource_arn: str | None = None
    mlflow_experiment: str | None = None

    @classmethod
    def from_parameters(cls, namespace: Mapping[str, object]) -> Self:
        """Reads the parameter names from ``namespace``; :class:`SettingsError` names every fault at once."""
        reader = ParameterReader(namespace)
        settings = cls(**cls.read(reader))
        faults = reader.faults or settings.faults()
        if faults:
            raise SettingsError(
                "These parameters cannot be used:\n" + "\n".join(f"  - {fault}" for fault in faults),
                fix="Correct the parameters cell and run the notebook again from there.",
            )
        return settings

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        """The fields by name, from the parameters."""
        return {own.name: own.metadata["read"](reader, own.metadata["name"]) for own in fields(cls) if own.metadata}

    def faults(self) -> list[str]:
        """What is wrong with fields that are well formed each on its own."""
        if self.dataset_etag and len(self.shards) != len(self._etags):
            return [f"DATASET_ETAG must hold {len(self.shards)} ETags separated by commas, one per file, or be empty"]
        return []

    def configuration(self) -> Json:
        """Everything that makes a run the one it is, as JSON values; how it is watched and shown is left out."""
        told = {own.metadata["told"]: getattr(self, own.name) for own in fields(self) if own.metadata}
        if "dataset" in told:
            told["dataset_etag"] = self.dataset_etag
        return {key: list(value) if isinstance(value, tuple) else value for key, value in told.items() if key}

    def sizes(self, dataset: DatasetSize) -> dict[str, int]:
        """What the duration of the run grows with, by name."""
        return {"rows": dataset.rows, "prompt_tokens": dataset.prompt_tokens}

    def overview(self) -> dict[str, str]:
        """The configuration for a reader, by short names."""
        return {"Region": self.region}

    def summary(self) -> str:
        """:meth:`overview` as aligned lines."""
        return well_formed("\n".join(f"{name:<10} {value}" for name, value in self.overview().items()))

    def resolved(self, aws: AwsClients) -> Self:
        """The same with models named by what they stand for now (:func:`~.models.resolved_model`)."""
        from .models import resolved_model  # which needs this module

        return replace(self, model=resolved_model(self.model, aws))

    @property
    def parts(self) -> tuple[Self, ...]:
        """One configuration per run that this evaluation takes, in order."""
        return self.shards

    @property
    def shards(self) -> tuple[Self, ...]:
        """One configuration per file of the dataset: themselves, or for ``.../rows-*-of-003.jsonl`` three."""
        names, etags = shard_names(self.dataset), self._etags
        if names == [self.dataset]:
            return (self,)
        return tuple(
            replace(
                self,
                dataset=name,
                dataset_etag=etags[number - 1] if len(etags) == len(names) else "",
                run_label=f"{self.run_label}-{number}of{len(names)}",
            )
            for number, name in enumerate(names, 1)
        )

    @property
    def _etags(self) -> list[str]:
        """The dataset's ETags, one per file."""
        return [etag.strip().strip('"') for etag in self.dataset_etag.split(",")]
