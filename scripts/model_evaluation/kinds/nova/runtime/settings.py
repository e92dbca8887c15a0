"""The parameters cell of an evaluation in the Nova container."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from model_evaluation.runtime.checks import SESSION, Fault, check_dataset, check_dataset_bucket, check_output
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.launch.training_jobs import LABEL_LENGTH
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import Json, ParameterReader, Settings

from .nova_runs import NovaRuns
from .recipes.families import family_of_alias
from .recipes.recipe import GEN_QA, JUDGES, TASKS, recipe_faults, recipe_yaml

REFERENCE_LABEL = "ref"
SDKS = ("v3", "v2")


def check_recipe(settings: NovaSettings, aws: AwsClients) -> str:
    """It passed when the parameters were read; here it is named."""
    return f"{settings.task}, {settings.recipe['run']['model_type']}, {settings.replicas} instance(s)"


def with_rows(check: Callable[[NovaSettings, AwsClients], str]) -> Callable[[NovaSettings, AwsClients], str]:
    """A check of the dataset, where the task has one."""
    return lambda settings, aws: check(settings, aws) if settings.dataset else "none: the questions are the container's"


def check_checkpoint(settings: NovaSettings, aws: AwsClients) -> str:
    """A checkpoint is there; an alias is known."""
    places = [model for model in settings.models if model.startswith("s3://")]
    for place in places:
        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        if not aws.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"):
            raise Fault(f"there is nothing under {place}.", "Correct the checkpoint in RECIPE or REFERENCE_MODEL.")
    return ", ".join(settings.models)


@dataclass(frozen=True, kw_only=True)
class NovaSettings(Settings):
    """``recipe`` is the container's own configuration. ``reference`` is a second model that answers the same rows:
    an alias or a checkpoint of the same family. ``answer_field`` is a field of JSON answers, empty for none. ``sdk`` is
    the SageMaker SDK that starts the jobs, of ``SDKS``."""

    kind = "nova"
    runs = NovaRuns()
    checks = (
        *SESSION,
        ("Recipe", check_recipe),
        ("Model", check_checkpoint),
        ("Dataset", with_rows(check_dataset)),
        ("Dataset bucket", with_rows(check_dataset_bucket)),
        ("Output bucket", check_output),
    )

    recipe: Json
    reference: str | None = None
    image_uri: str
    instance_type: str
    max_runtime_hours: float
    sdk: str = "v3"
    primary_metric: str
    answer_field: str = ""
    model_names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        recipe = reader.structure("RECIPE")
        faults = recipe_faults(recipe)
        for fault in faults:
            reader.faults.append(f"RECIPE: {fault}")
        usable: Json = recipe if isinstance(recipe, dict) and not faults else {"run": {}, "evaluation": {}}
        names = reader.structure("MODEL_NAMES") or {}
        shared = super().read(reader)
        return shared | {
            "role_arn": reader.text("ROLE_ARN"),
            "run_label": shared["run_label"][: LABEL_LENGTH - len(REFERENCE_LABEL) - 1],
            "recipe": usable,
            "model": str(usable["run"].get("model_name_or_path", "")),
            "reference": reader.optional_text("REFERENCE_MODEL"),
            "dataset": reader.optional_text("DATASET") or "",
            "image_uri": reader.text("IMAGE_URI"),
            "instance_type": reader.text("INSTANCE_TYPE"),
            "sdk": reader.optional_text("SDK") or "v3",
            "max_runtime_hours": reader.positive("MAX_RUNTIME_HOURS") or 1.0,
            "primary_metric": reader.text("PRIMARY_METRIC"),
            "answer_field": reader.optional_text("ANSWER_FIELD") or "",
            "s3_output": reader.output_uri("S3_OUTPUT"),
            "model_names": {str(side): str(name) for side, name in names.items()} if isinstance(names, dict) else {},
        }

    def faults(self) -> list[str]:
        faults = super().faults()
        file = TASKS[self.task].file
        if file and not (self.dataset.startswith("s3://") and TASKS[self.task].takes(self.dataset)):
            faults.append(f"DATASET of {self.task} must be a file named {file} in S3 (received {self.dataset!r})")
        if not file and self.dataset:
            faults.append(f"DATASET must be None: {self.task} has its own questions (received {self.dataset!r})")
        if self.sdk not in SDKS:
            faults.append(f"SDK must be one of {', '.join(SDKS)} (received {self.sdk!r})")
        if self.max_runtime_hours > 5 * 24:
            faults.append(f"MAX_RUNTIME_HOURS must be at most 120 (received {self.max_runtime_hours:g})")
        if self.reference and self.task in JUDGES:
            faults.append(f"REFERENCE_MODEL must be None for {self.task}: both answers are in the dataset")
        if self.reference:
            other = recipe_faults(self.part_of(self.reference).recipe)
            faults += [f"REFERENCE_MODEL: {fault}" for fault in other]
        return faults

    def configuration(self) -> Json:
        return {
            **super().configuration(),
            "role": self.role_arn,
            "model": self.model,
            "recipe": self.recipe,
            "dataset": self.dataset,
            "dataset_etag": self.dataset_etag,
            "image": self.image_uri,
            "instance": self.instance_type,
            "output": self.s3_output,
        }

    def overview(self) -> dict[str, str]:
        return {
            "Model": self.model,
            "Beside": self.reference or "nothing",
            "Task": self.task,
            "Dataset": self.dataset or "the container's",
            "Decides": self.primary_metric,
            **super().overview(),
            "Runs on": f"{self.replicas} x {self.instance_type}",
            "Image": self.image_uri,
            "Role": self.role_arn,
            "Results": self.s3_output,
        }

    def resolved(self, aws: AwsClients) -> NovaSettings:
        return self

    @property
    def task(self) -> str:
        return str(self.recipe["evaluation"].get("task", GEN_QA))

    @property
    def replicas(self) -> int:
        return int(self.recipe["run"].get("replicas", 1))

    @property
    def scope(self) -> str:
        """``compare`` where two models take part: in two jobs, or as the two answers of each pair."""
        if self.reference or self.task in JUDGES:
            return "compare"
        return "base" if family_of_alias(self.model) else "tuned"

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(model for model in (self.model, self.reference) if model)

    @property
    def shards(self) -> tuple[NovaSettings, ...]:
        """One file for one job; the container reads a single one."""
        return (self,)

    @property
    def parts(self) -> tuple[NovaSettings, ...]:
        """A job for each model, one after the other, on the same rows."""
        alone = replace(self, reference=None)
        return (alone,) if self.reference is None else (alone, self.part_of(self.reference))

    def part_of(self, model: str) -> NovaSettings:
        """The same evaluation of the reference alone."""
        run = {**self.recipe["run"], "model_name_or_path": model}
        label = "-".join(filter(None, (self.run_label, REFERENCE_LABEL)))
        return replace(self, recipe={**self.recipe, "run": run}, model=model, reference=None, run_label=label)

    def sizes(self, dataset: DatasetSize) -> dict[str, int]:
        return {"rows": math.ceil(dataset.rows / self.replicas)}

    # -- what the launch cell passes on ------------------------------------------------------------------------

    @property
    def max_runtime_seconds(self) -> int:
        return round(self.max_runtime_hours * 3600)

    def recipe_of(self, run_name: str) -> Json:
        """The recipe under the run's name, which is also the top folder of its results."""
        return {**self.recipe, "run": {**self.recipe["run"], "name": run_name}}

    def recipe_file(self, run_name: str) -> str:
        """Writes that recipe as YAML for the SDK; its path."""
        path = os.path.join(tempfile.mkdtemp(prefix="recipe-"), "recipe.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(recipe_yaml(self.recipe_of(run_name)))
        return path


SETTINGS = NovaSettings
