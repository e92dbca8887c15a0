"""Outputs of the played container, ready to be read, and the notebook's reading of them."""

from __future__ import annotations

import functools
import io
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pa_parquet

import model_evaluation
from model_evaluation.kinds.nova.demo.script import demo_dataset, demo_pairs
from model_evaluation.kinds.nova.localaws.container import NovaOutput, output_files
from model_evaluation.kinds.nova.runtime.output.result_files import AGGREGATE, DETAILS, OutputFiles
from model_evaluation.kinds.nova.runtime.recipes.families import family_of_alias
from model_evaluation.kinds.nova.runtime.recipes.recipe import GEN_QA, LLM_JUDGE, recipe_of
from model_evaluation.kinds.nova.runtime.scores.analysis import Answered, analyse_answers
from model_evaluation.kinds.nova.runtime.scores.judging import judge_analysis
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.results.evaluation import Evaluation, Side
from model_evaluation.runtime.rows import read_dataset_rows

FOLDER = tempfile.TemporaryDirectory(prefix="nova-tables-")
SCHEMAS = Path(model_evaluation.__file__).parent / "schemas"
CHECKPOINT = "s3://customer-escrow-111122223333-smtj-x/job/checkpoint"
LITE = family_of_alias("nova-lite/prod")
assert LITE is not None
TICKETS = [json.loads(line) for line in demo_dataset().splitlines()]
PAIRS = [json.loads(line) for line in demo_pairs().splitlines()]


def recipe(model: str, task: str = GEN_QA, **more: Any) -> dict[str, dict[str, Any]]:
    assert LITE is not None
    return recipe_of(task, LITE, model, **more)


def sorted_in(files: Mapping[str, bytes]) -> OutputFiles:
    """Files as a reading of S3 sorts them."""
    aggregates = {name: body for name, body in files.items() if AGGREGATE.search(name)}
    return OutputFiles(aggregates, saved({name: body for name, body in files.items() if DETAILS.search(name)}), [])


def saved(tables: Mapping[str, bytes]) -> dict[str, Path]:
    """Tables as files."""
    folder = Path(tempfile.mkdtemp(dir=FOLDER.name))
    paths = {name: folder / f"{at}.parquet" for at, name in enumerate(tables)}
    for name, body in tables.items():
        paths[name].write_bytes(body)
    return paths


def answered(
    model: str, rows: Sequence[dict[str, Any]] = TICKETS, output: NovaOutput | None = None, **more: Any
) -> OutputFiles:
    more.setdefault("inference", {"top_logprobs": 5})
    return sorted_in(output_files(recipe(model, **more), rows, output or NovaOutput()))


def evaluation(scope: str = "compare", primary: str = "accuracy", task: str = GEN_QA, **more: Any) -> Evaluation:
    made = recipe(CHECKPOINT, task, **more)
    return Evaluation(
        kind="nova",
        conditions={"recipe": {name: part for name, part in made.items() if name != "run"}},
        tuned={"name": "router"},
        base={"name": "nova-lite/prod"},
        scope=scope,
        primary_metric=primary,
    )


def analysed(
    outputs: Mapping[Side, OutputFiles],
    rows: Sequence[dict[str, Any]] = TICKETS,
    *,
    scope: str = "compare",
    primary: str = "accuracy",
    answer_field: str = "class",
    **more: Any,
) -> Analysis:
    """``more`` is what the recipe has besides."""
    listed = read_dataset_rows(json.dumps(row) for row in rows).rows
    return analyse_answers(Answered(evaluation(scope, primary, **more), listed, answer_field), outputs)


def both(rows: Sequence[dict[str, Any]] = TICKETS, **more: Any) -> dict[Side, OutputFiles]:
    return {"tuned": answered(CHECKPOINT, rows, **more), "base": answered("nova-lite/prod", rows, **more)}


@functools.cache
def usual() -> Analysis:
    """Both models on one instance each; for tests that only read it."""
    return analysed(both())


def edited(output: OutputFiles, edit: Callable[[dict[str, Any]], dict[str, Any] | None]) -> OutputFiles:
    """The same with every row of every table changed, or left out where the edit gives nothing."""
    return output._replace(details=saved({name: _edited(path, edit) for name, path in output.details.items()}))


def _edited(path: Path, edit: Callable[[dict[str, Any]], dict[str, Any] | None]) -> bytes:
    rows = [new for row in pa_parquet.read_table(path).to_pylist() if (new := edit(row)) is not None]
    buffer = io.BytesIO()
    pa_parquet.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def judged(
    counts: Sequence[Mapping[str, Any]],
    numbers: Mapping[str, float] | None = None,
    pairs: Sequence[Mapping[str, Any]] | None = None,
) -> Analysis:
    """A judge's results of rows with these metrics, each of a prompt of its own unless it names one."""
    rows = [
        {
            "example": str(own.get("prompt", f"prompt {at}")),
            "gold": "[]",
            "predictions": "[]",
            "specifics": "{}",
            "metrics": str({key: value for key, value in own.items() if key != "prompt"}),
        }
        for at, own in enumerate(counts)
    ]
    buffer = io.BytesIO()
    pa_parquet.write_table(pa.Table.from_pylist(rows), buffer)
    results = {"results": {"custom|llm_judge_judge|0": dict(numbers or {}), "all": {}}}
    output = OutputFiles(
        {"results_1.json": json.dumps(results).encode()}, saved({"details_1.parquet": buffer.getvalue()}), []
    )
    return judge_analysis(evaluation(primary="win_rate", task=LLM_JUDGE), output, list(pairs or []))


def require_valid(summary: Mapping[str, Any]) -> None:
    """Raises unless it is a ``summary.json`` as the schema has it."""
    schema = json.loads((SCHEMAS / "summary.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(summary, allow_nan=False)), schema)
