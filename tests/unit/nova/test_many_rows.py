"""Many rows, read by DuckDB, come to the same as rows that are read one by one."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3  # noqa: TID251 - as the notebook has it
import pyarrow.parquet as pa_parquet
import pytest
from moto import mock_aws

from model_evaluation.kinds.nova.demo.script import demo_dataset
from model_evaluation.kinds.nova.localaws.container import NovaOutput
from model_evaluation.kinds.nova.runtime import notebook
from model_evaluation.kinds.nova.runtime.many.analysis import analyse_many
from model_evaluation.kinds.nova.runtime.output.result_files import OutputFiles
from model_evaluation.kinds.nova.runtime.scores.analysis import Answered
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.results.evaluation import ResultsError, Side
from model_evaluation.runtime.session import AwsClients
from unit.nova.container_runs import (
    CHECKPOINT,
    TICKETS,
    analysed,
    answered,
    edited,
    evaluation,
    require_valid,
    saved,
    usual,
)
from unit.nova.test_nova_settings import settings

pytest.importorskip("duckdb")
Rows = Sequence[dict[str, Any]]
Outputs = Mapping[Side, OutputFiles]


def many(tmp_path: Path, outputs: Outputs, rows: Rows = TICKETS, text: str = "", field: str = "class") -> Analysis:
    path = tmp_path / "gen_qa.jsonl"
    path.write_text(text or "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return analyse_many(Answered(evaluation(), (), field), path, outputs)


def require_same(found: Analysis, expected: Analysis) -> None:
    """Every number of both is the same; remarks may be worded for many rows."""
    for part in ("rows", "metrics", "classification", "verdict", "container", "confidence"):
        assert found.summary.get(part) == expected.summary.get(part), part
    assert found.summary["slices"] == expected.summary["slices"]
    names = [name for name in expected.per_example if "__" in name or name == "record_id"]
    assert found.per_example[names].equals(expected.per_example[names])
    require_valid(found.summary)


def outputs_of(rows: Rows = TICKETS, output: NovaOutput | None = None) -> dict[Side, OutputFiles]:
    return {side: answered(model, rows, output) for side, model in (("tuned", CHECKPOINT), ("base", "nova-lite/prod"))}


def test_the_usual_rows(tmp_path: Path) -> None:
    require_same(many(tmp_path, outputs_of()), analysed(outputs_of()))


def test_rows_that_two_tables_repeat(tmp_path: Path) -> None:
    outputs = outputs_of()
    (table,) = outputs["tuned"].details.values()
    details = saved({f"details_{at}.parquet": table.read_bytes() for at in range(2)})
    outputs["tuned"] = outputs["tuned"]._replace(details=details)
    found, expected = many(tmp_path, outputs), analysed(outputs)
    require_same(found, expected)
    repeated = [text for text in expected.summary["warnings"] if "repeat" in text]
    assert repeated
    assert repeated[0] in found.summary["warnings"]


def test_of_rows_of_which_only_some_say_whose_they_are_all_are_found(tmp_path: Path) -> None:
    def nameless(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "specifics": "{}"} if "7" in row["specifics"] else row

    outputs = outputs_of()
    outputs["base"] = edited(outputs["base"], nameless)
    found = many(tmp_path, outputs)
    require_same(found, analysed(outputs))
    assert found.summary["rows"]["paired"] == len(TICKETS)


def _plain_metadata(row: dict[str, Any]) -> dict[str, Any]:
    metadata = json.loads(row["metadata"])
    metadata.pop("row_id", None)
    return {**row, "metadata": json.dumps(metadata)}


ROWS = [_plain_metadata(row) for row in TICKETS]


def test_rows_without_ids_are_found_by_prompt_and_reference(tmp_path: Path) -> None:
    require_same(many(tmp_path, outputs_of(ROWS), ROWS), analysed(outputs_of(ROWS), ROWS))


def test_prompts_that_repeat_are_grouped(tmp_path: Path) -> None:
    rows = [*ROWS, *ROWS[:6], {**ROWS[7], "response": ROWS[8]["response"]}]
    found, expected = many(tmp_path, outputs_of(rows), rows), analysed(outputs_of(rows), rows)
    assert found.summary["rows"]["distinct"] == len(ROWS) <= expected.summary["rows"].get("distinct", len(rows)) + 20
    for name, entry in expected.summary["metrics"].items():
        for part in ("tuned", "base", "n_paired", "wins", "ties", "losses"):
            assert found.summary["metrics"][name][part] == entry[part], (name, part)


def test_small_letters(tmp_path: Path) -> None:
    def small(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, **{name: row[name].lower() for name in ("example", "gold", "predictions", "full_prompt")}}

    capitals = [{**row, "response": row["response"].replace('"software"', '"Software"')} for row in ROWS]
    outputs = {side: edited(own, small) for side, own in outputs_of(capitals).items()}
    found, expected = many(tmp_path, outputs, capitals), analysed(outputs, capitals)
    require_same(found, expected)
    assert any("small letters" in text for text in found.summary["warnings"])


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("metrics", "{'f1': nan, 'em': np.float64(1.0), 'extra': 0.25}"),
        ("metrics", "{'f1': True}"),
        ("metrics", "not a dictionary"),
        ("metrics", None),
        ("predictions", '[\'{"class": "access", "class": "network"}\']'),
        ("predictions", '[\'{"class": "access",}\']'),
        ("predictions", '["it\'s {not} JSON"]'),
        ("predictions", '[\'```json\\n{"class": "network", "thought": "\\\\u00fc", "description": 1}\\n```\']'),
        ("predictions", '[\'<|begin_of_solution|>{"class": "access"}<|end_of_solution|>\']'),
        ("predictions", "[]"),
        ("predictions", "['broken"),
        ("specifics", "{'metadata': None}"),
        ("example", "['a list']"),
    ],
)
def test_cells_of_another_form_in_some_rows(tmp_path: Path, column: str, cell: str | None) -> None:
    def odd(row: dict[str, Any]) -> dict[str, Any]:
        return {**row, column: cell} if "7" in row["specifics"] or "laptop" in row["example"] else row

    outputs = outputs_of()
    outputs["tuned"] = edited(outputs["tuned"], odd)
    found, expected = many(tmp_path, outputs), analysed(outputs)
    require_same(found, expected)
    unread = [text for text in expected.summary["warnings"] if "could not be read" in text]
    assert [text.partition(".")[0] for text in unread] == [
        text.partition(".")[0] for text in found.summary["warnings"] if "could not be read" in text
    ]


def test_blank_and_broken_lines_keep_the_others_numbers(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in TICKETS]
    text = "\n".join([lines[0], "", "{broken", '{"query": 5, "response": "x"}', *lines[1:]]) + "\n"
    found = many(tmp_path, outputs_of(), text=text)
    assert found.summary["rows"] == usual().summary["rows"]
    assert found.per_example["record_id"].tolist()[:3] == ["1", "5", "6"]
    assert "Lines of the dataset that are not usable rows: 2." in found.summary["warnings"]


def test_a_damaged_table_is_named_and_a_job_without_any_is_told(tmp_path: Path) -> None:
    outputs = outputs_of()
    broken = tmp_path / "b.parquet"
    broken.write_bytes(b"PAR1 no")
    details = {**outputs["tuned"].details, "x/details_z.parquet": broken}
    found = many(tmp_path, {**outputs, "tuned": outputs["tuned"]._replace(details=details)})
    assert any("details_z.parquet is not a Parquet file" in text for text in found.summary["warnings"])
    (whole,) = outputs["tuned"].details.values()
    empty = tmp_path / "e.parquet"
    pa_parquet.write_table(pa_parquet.read_table(whole).slice(0, 0), empty)
    for table in (broken, empty):
        with pytest.raises(ResultsError, match="left no table of rows"):
            many(tmp_path, {**outputs, "tuned": outputs["tuned"]._replace(details={"x/details_z.parquet": table})})


def test_of_more_rows_than_texts_are_read_the_numbers_are_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model_evaluation.kinds.nova.runtime.many.analysis.TEXT_ROWS", 20)
    found, expected = many(tmp_path, outputs_of()), usual()
    assert found.summary["metrics"] == expected.summary["metrics"]
    assert found.summary["classification"] == expected.summary["classification"]
    assert len(found.table) == len(TICKETS)
    assert len(found.per_example) == 20
    assert found.summary["confidence"]["resolved"] <= 20
    assert found.table["accuracy__tuned"].null_count == 0
    assert any("drawn at random" in text for text in found.summary["warnings"])


@pytest.mark.parametrize("installed", [True, False])
@mock_aws
def test_the_notebook_reads_many_rows_by_duckdb_and_says_so_without_it(
    installed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(notebook, "MANY_ROWS", 50)
    if not installed:
        monkeypatch.setitem(sys.modules, "duckdb", None)
    aws = AwsClients("us-east-1", boto3.Session(region_name="us-east-1"))
    aws.s3.create_bucket(Bucket="acme")
    aws.s3.put_object(Bucket="acme", Key="rows/gen_qa.jsonl", Body=demo_dataset())
    found = notebook.answers_analysis(settings(), aws, evaluation(), outputs_of())
    assert found.summary["metrics"] == usual().summary["metrics"]
    assert any("drawn at random" in text for text in found.summary["warnings"]) is installed
    assert ("%pip install duckdb" in capsys.readouterr().out) is not installed
