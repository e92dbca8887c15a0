"""What the cells of a Nova evaluation's notebook call, beside what every notebook calls."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.dataset_files import dataset_lines, dataset_object
from model_evaluation.runtime.launch.waiting import FinishedRun
from model_evaluation.runtime.results.evaluation import Evaluation, Side, named_model
from model_evaluation.runtime.rows import read_dataset_rows
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.summary import MODEL_LABELS

from .many.analysis import MANY_ROWS, analyse_many
from .output.result_files import OutputFiles, read_output
from .recipes.families import family_of_alias
from .recipes.recipe import GEN_QA, JUDGES, RFT, recipe_yaml
from .recipes.rows import question_row, read_nova_rows
from .report.nova_analysis import NovaAnalysis
from .scores.analysis import Answered, analyse_answers, analyse_benchmark
from .scores.judging import judge_analysis
from .settings import NovaSettings

SECONDS_PER_ROW = 0.0005  # and model, read one by one
WITHOUT_DUCKDB = (
    "DuckDB is not installed: {rows:,} rows are read one by one, which takes {minutes} minutes or more for each model "
    "and much memory. To have it done in seconds: %pip install duckdb, then run this cell again."
)
__all__ = ["NovaSettings", "read_results", "show_recipe"]


def show_recipe(settings: NovaSettings) -> None:
    """The recipe as the container will read it."""
    print(recipe_yaml(settings.recipe).rstrip())  # noqa: T201
    if settings.reference:
        print(f"\n# The second job has the same recipe with model_name_or_path: {settings.reference}")  # noqa: T201


def read_results(runs: Sequence[FinishedRun], settings: NovaSettings, aws: AwsClients) -> Analysis:
    """The results of these jobs, put together and compared; prints how many rows there are."""
    outputs = [read_output(aws.s3, settings.s3_output, run.execution_arn.rsplit("/", 1)[-1]) for run in runs]
    notes = [*settings.dataset_notes, *(text for run in runs for text in run.warnings)]
    evaluation = evaluation_of(settings, runs[0], simulated=aws.simulated)
    if settings.task in JUDGES:
        pairs = read_nova_rows(dataset_lines(settings, aws), settings.task).rows
        analysis = judge_analysis(evaluation, outputs[0], pairs, notes=notes)
    else:
        sides: tuple[Side, ...] = evaluation.sides
        by_side = dict(zip(sides, outputs, strict=True))
        if settings.task == GEN_QA:
            analysis = answers_analysis(settings, aws, evaluation, by_side, notes)
        elif settings.task == RFT:
            found = read_nova_rows(dataset_lines(settings, aws), RFT)
            rows = [question_row(row, line) for row, line in zip(found.rows, found.lines, strict=True)]
            skipped = len({line for fault in found.faults for line in fault.lines})
            longest = settings.recipe["inference"].get("max_new_tokens")
            asked = Answered(evaluation, rows, longest=longest, skipped=skipped)
            analysis = analyse_answers(asked, by_side, notes=notes)
        else:
            analysis = analyse_benchmark(evaluation, by_side, notes=notes)
    if settings.dataset:
        inputs = {"dataset": settings.dataset, "dataset_etag": settings.dataset_etag}
        analysis = replace(analysis, summary={**analysis.summary, "inputs": inputs})
    counts = ", ".join(f"{value} {key}" for key, value in analysis.summary["rows"].items() if value is not None)
    print("Rows:", counts if len(analysis.table) else "none; the container left its own numbers alone")  # noqa: T201
    return analysis


def answers_analysis(
    settings: NovaSettings,
    aws: AwsClients,
    evaluation: Evaluation,
    outputs: Mapping[Side, OutputFiles],
    notes: Sequence[str] = (),
) -> NovaAnalysis:
    """The models' answers to the dataset's rows; many rows are read by DuckDB."""
    longest = settings.recipe["inference"].get("max_new_tokens")
    asked = Answered(evaluation, (), settings.answer_field, longest)
    with tempfile.TemporaryDirectory(prefix="model-evaluation-dataset-") as folder:
        path = Path(folder, "rows.jsonl")
        bucket, key = dataset_object(settings, aws)
        with path.open("wb") as file:
            shutil.copyfileobj(aws.s3.get_object(Bucket=bucket, Key=key)["Body"], file)
        with path.open("rb") as lines:
            rows = sum(bool(line.strip()) for line in lines)
        if rows >= MANY_ROWS:
            try:
                return analyse_many(asked, path, outputs, notes=notes)
            except ImportError:
                print(WITHOUT_DUCKDB.format(rows=rows, minutes=max(1, round(rows * SECONDS_PER_ROW / 60))))  # noqa: T201
        with path.open("rb") as lines:
            listed = read_dataset_rows(lines)
    return analyse_answers(replace(asked, rows=listed.rows, skipped=listed.skipped), outputs, notes=notes)


def evaluation_of(settings: NovaSettings, run: FinishedRun, *, simulated: bool) -> Evaluation:
    """The head of the summary: the recipe, but for the run's own name and the model, is the condition."""
    names = {"tuned": settings.model, "base": settings.reference or settings.model}
    if settings.task in JUDGES:  # the recipe's model wrote none of the answers
        names = {"tuned": "response_B", "base": "response_A"}
    names |= settings.model_names
    recipe = {section: content for section, content in settings.recipe.items() if section != "run"}
    scope = settings.scope
    return Evaluation(
        kind=settings.kind,
        conditions={"recipe": recipe},
        tuned=named_model(names["tuned"]) if scope != "base" else None,
        base=named_model(names["base"]) if scope != "tuned" else None,
        scope=scope,
        primary_metric=settings.primary_metric,
        execution_arn=run.execution_arn,
        created=run.created.isoformat() if run.created else "",
        simulated=simulated,
        labels=_labels(settings),
    )


def _labels(settings: NovaSettings) -> dict[str, str] | None:
    """What sentences call the models; ``None`` for a customised model and its base."""
    if settings.task in JUDGES:
        return {"tuned": "challenger", "base": "baseline"}
    base_alone = family_of_alias(settings.model) is not None
    if settings.reference and (base_alone or family_of_alias(settings.reference) is None):
        tuned = "model under test" if base_alone else MODEL_LABELS["tuned"]
        name = settings.model_names.get("base", settings.reference)
        return {"tuned": tuned, "base": f"reference {name}"}
    return None
