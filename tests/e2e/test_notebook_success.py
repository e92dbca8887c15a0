"""One successful run, looked at from every side; and what running it again does."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import nbformat
import pandas as pd
import pytest

from e2e.notebook_runs import Studio, studio, text_of
from e2e.script_runs import execute_cells
from model_evaluation.notebook.execute import ExecutionOutcome

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with studio(tmp_path_factory.mktemp("success")) as opened:
        yield opened


@pytest.fixture(scope="module")
def outcome(place: Studio) -> ExecutionOutcome:
    return place.run()


@pytest.fixture(scope="module")
def cells(place: Studio, outcome: ExecutionOutcome) -> dict[str, Any]:
    assert outcome.ok, outcome
    return place.executed


def test_the_notebook_runs_top_to_bottom(place: Studio, outcome: ExecutionOutcome) -> None:
    assert outcome.ok, outcome
    assert outcome.cells_run == 12
    assert place.starts == 1
    assert place.aws.refused == []


def test_the_executed_notebook_is_valid_and_has_no_complaints(place: Studio, cells: dict[str, Any]) -> None:
    nbformat.validate(nbformat.read(place.folder / "executed.ipynb", as_version=4))
    for cell in cells.values():
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr", output
    assert all(cell["execution_count"] for cell in cells.values() if cell["cell_type"] == "code")


def test_simulation_is_shown_from_the_first_cell_on(place: Studio, cells: dict[str, Any]) -> None:
    for cell_id in ("setup", "comparison"):
        assert any("SIMULATED" in "".join(o["data"]["text/html"]) for o in cells[cell_id]["outputs"] if "data" in o)
    assert place.summary["simulated"] is True


def test_checks_print_one_line_each(cells: dict[str, Any]) -> None:
    lines = text_of(cells["checks"]).strip().splitlines()
    assert len(lines) == 9
    assert all(line.startswith("✓ ") for line in lines)


def test_launching_says_only_what_was_started(cells: dict[str, Any]) -> None:
    (output,) = cells["launch"]["outputs"]
    assert "".join(output["text"]).startswith("Started support-bot-")


def test_waiting_leaves_one_table_of_steps(cells: dict[str, Any]) -> None:
    (output,) = cells["wait"]["outputs"]
    html = "".join(output["data"]["text/html"])
    assert html.count("<tr>") == 6
    assert html.count("✓") == 6
    assert "Evaluation Succeeded" in "".join(output["data"]["text/plain"])


def test_progress_was_heard_while_it_happened(place: Studio, outcome: ExecutionOutcome) -> None:
    heard = place.progress
    assert heard[0] == "[1/12] parameters"
    steps = [line for line in heard if "Judge scores the fine-tuned model: succeeded" in line]
    assert len(steps) == 1
    assert heard.index("[7/12] wait") < heard.index(steps[0]) < heard.index("[8/12] results")


def test_the_comparison_has_both_kinds_of_metrics(place: Studio, cells: dict[str, Any]) -> None:
    assert set(place.summary["metrics"]) == {"Correctness", "Harmfulness", "Tone"}
    table = "".join(cells["comparison"]["outputs"][0]["data"]["text/html"])
    for name in ("Correctness", "Harmfulness", "Tone"):
        assert name in table
    assert [place.summary["rows"][name] for name in ("dataset", "tuned", "base", "paired")] == [12] * 4
    assert place.summary["models"]["tuned"]["arn"] == place.parameters["MODEL_PACKAGE_ARN"]
    assert "llama" in place.summary["models"]["base"]["name"]


def test_charts_are_images_with_words_for_those_who_cannot_see_them(cells: dict[str, Any]) -> None:
    outputs = cells["charts"]["outputs"]
    assert len(outputs) >= 3
    for output in outputs:
        assert base64.b64decode(output["data"]["image/png"]).startswith(b"\x89PNG")
        assert len("".join(output["data"]["text/plain"])) > 20


def test_rows_that_changed_are_shown_as_text_not_as_markup(cells: dict[str, Any]) -> None:
    html = "".join(cells["rows"]["outputs"][0]["data"]["text/html"])
    assert "It&#39;s ticket" in html
    assert html.count("<script") == 2  # the filters' data and code, which tests/e2e/test_rows_in_notebook.py uses


def test_the_results_are_on_disk(place: Studio, cells: dict[str, Any]) -> None:
    (folder,) = place.result_folders
    assert {"summary.json", "per_example.parquet", "per_example.csv", "report.html", "report.md", "figures"} <= {
        path.name for path in folder.iterdir()
    }
    assert place.summary["execution_arn"].endswith(folder.name)
    table = pd.read_parquet(folder / "per_example.parquet")
    assert len(table) == 12
    assert {"Correctness__tuned", "Tone__base", "category"} <= set(table.columns)
    assert place.summary["verdict"]["sentence"] in text_of(cells["export"])


def test_the_sdk_was_told_exactly_what_the_parameters_say(place: Studio, outcome: ExecutionOutcome) -> None:
    (record,) = (place.folder / "results" / "launches").glob("*.json")
    (attempt,) = json.loads(record.read_text(encoding="utf-8"))["attempts"]
    sagemaker = place.aws.client("sagemaker")
    answer = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=attempt["execution_arn"])
    definition = json.loads(answer["PipelineDefinition"])
    steps = {step["Name"]: step["Arguments"] for step in definition["Steps"]}
    metrics = steps["EvaluateCustomModelMetrics"]["HyperParameters"]
    assert "EvaluateBaseModelMetrics" in steps
    assert json.loads(metrics["llmaj_metrics"]) == ["Correctness", "Harmfulness"]
    assert definition["MlflowConfig"]["MlflowResourceArn"] == place.parameters["MLFLOW_RESOURCE_ARN"]
    bucket, key = metrics["custom_metrics"].removeprefix("s3://").split("/", 1)
    uploaded = json.loads(place.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    (metric,) = place.parameters["CUSTOM_METRICS"]
    assert uploaded == [{"customMetricDefinition": metric["customMetricDefinition"]}]


# From here on the notebook is run again; these tests come last.


def test_running_again_attaches_and_gives_the_same_results(place: Studio, outcome: ExecutionOutcome) -> None:
    """In a fresh process; tests/e2e/test_notebook_kernel.py does it in another kernel."""
    before, printed = place.summary, list[str]()
    again = execute_cells(
        place.folder / "evaluation.ipynb", place.folder / "executed.ipynb", env=place.aws.child_environment(),
        cwd=place.folder, parameters={"POLL_SECONDS": 0.05}, on_progress=printed.append,
    )  # fmt: skip
    assert again.ok, again
    assert place.starts == 1
    assert any("Attached to the evaluation" in line for line in printed)
    assert place.summary == before
    injected = place.executed["injected-parameters"]
    assert "".join(injected["source"]) == "# Parameters\nPOLL_SECONDS = 0.05"
    assert list(place.executed)[:3] == ["title", "parameters", "injected-parameters"]
