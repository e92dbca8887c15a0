"""Real result files of two benchmark runs, where they are at hand: MODEL_EVALUATION_REAL_BENCHMARK names a folder with
`base` and `finetuned`, each with a file of means and a folder `details`. They are not part of the project."""

from __future__ import annotations

import ast
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pa_parquet
import pytest
from scipy import stats

from model_evaluation.kinds.benchmark.runtime.analysis import ModelFiles, analyse, read_model
from model_evaluation.runtime.results.evaluation import Side
from unit.benchmark.files import METRIC, OUTPUT, STAMP, STEPS, evaluation
from unit.runtime.results_world import BUCKET, EXECUTION

FOLDER = Path(os.environ.get("MODEL_EVALUATION_REAL_BENCHMARK", "/nowhere"))
SIDES: Mapping[Side, str] = {"tuned": "finetuned", "base": "base"}
PARTS = ("geometry", "number_theory")
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="MODEL_EVALUATION_REAL_BENCHMARK names no folder")


@pytest.fixture
def files(s3: Any) -> dict[Side, ModelFiles]:
    """The real files under the real names, read as the notebook reads them."""
    found: dict[Side, ModelFiles] = {}
    for side, folder in SIDES.items():
        job = f"evaluations/math/pipelines-{EXECUTION}-{STEPS[side]}-0a1b2c3d4e/output/output/run/eval_results"
        (means,) = (FOLDER / folder).glob("results_*.json")
        s3.put_object(Bucket=BUCKET, Key=f"{job}/{means.name}", Body=means.read_bytes())
        for part in PARTS:
            key = f"{job}/details/x/{STAMP}/details_custom|math_zs_cot:{part}|0_{STAMP}.parquet"
            s3.put_object(Bucket=BUCKET, Key=key, Body=details(folder, part).read_bytes())
        found[side] = read_model(s3, OUTPUT, [EXECUTION], side)
    return found


def details(folder: str, part: str) -> Path:
    (path,) = (FOLDER / folder / "details").glob(f"*{part}*.parquet")
    return path


def marks_of(folder: str, part: str) -> dict[str, int]:
    """Read on a way of its own: prompt to mark."""
    table = pa_parquet.read_table(details(folder, part)).to_pandas()
    return {row.full_prompt: ast.literal_eval(row.metrics)[METRIC] for row in table.itertuples()}


def test_every_row_is_read_and_asks_both_models_the_same(files: dict[Side, ModelFiles]) -> None:
    for part, count in zip(PARTS, (479, 540), strict=True):
        rows = {side: own.questions[part] for side, own in files.items()}
        assert [len(own) for own in rows.values()] == [count, count]
        assert {row.full_prompt for row in rows["tuned"]} == {row.full_prompt for row in rows["base"]}
        tuned, base = (files[side].means.parts[part] for side in ("tuned", "base"))
        assert tuned.prompts == base.prompts
        assert tuned.n == base.n == count


def test_paired_differences_are_those_computed_independently(files: dict[Side, ModelFiles]) -> None:
    summary = analyse(evaluation(), files, "math").summary
    differences = []
    for part in PARTS:
        tuned, base = marks_of("finetuned", part), marks_of("base", part)
        own = [tuned[prompt] - base[prompt] for prompt in tuned]
        assert summary["parts"][part]["difference"]["mean"] == pytest.approx(sum(own) / len(own))
        differences += own
    entry = summary["metrics"][METRIC]
    wins, losses = differences.count(1), differences.count(-1)
    assert (entry["wins"], entry["losses"], entry["n_paired"]) == (wins, losses, 1019)
    assert entry["difference"]["mean"] == pytest.approx((wins - losses) / 1019)
    assert entry["difference"]["p_exact"] == pytest.approx(stats.binomtest(wins, wins + losses).pvalue)
    per_part = [summary["parts"][part]["difference"]["mean"] for part in PARTS]
    assert summary["metrics"][f"macro_{METRIC}"]["difference"]["mean"] == pytest.approx(sum(per_part) / 2)


def test_the_gain_is_one_of_finishing(files: dict[Side, ModelFiles]) -> None:
    summary = analyse(evaluation(), files, "math").summary
    boxed: dict[str, list[bool]] = {}
    for folder in SIDES.values():
        tables = [pa_parquet.read_table(details(folder, part)).to_pandas() for part in PARTS]
        boxed[folder] = ["\\boxed" in text for table in tables for text in table.predictions]
    assert summary["unfinished"]["tuned"]["unanswered"] == boxed["finetuned"].count(False)
    assert summary["unfinished"]["base"]["unanswered"] == boxed["base"].count(False)
    both = sum(map(all, zip(*boxed.values(), strict=True)))
    assert summary["unfinished"]["both_finished"]["n_paired"] == both
    assert summary["metrics"][METRIC]["verdict"] == "improved"
    assert summary["verdict"]["decision"] == "mixed"


def test_micro_and_macro_of_all_seven_subtasks_from_the_means_alone(files: dict[Side, ModelFiles]) -> None:
    summary = analyse(evaluation(), {side: ModelFiles(own.means) for side, own in files.items()}, "math").summary
    micro, macro = summary["metrics"][METRIC], summary["metrics"][f"macro_{METRIC}"]
    assert (micro["base"]["mean"], micro["tuned"]["mean"]) == (pytest.approx(0.4446), pytest.approx(0.5410))
    assert (macro["base"]["mean"], macro["tuned"]["mean"]) == (
        pytest.approx(0.4064, abs=5e-5),
        pytest.approx(0.5071, abs=5e-5),
    )
    assert summary["rows"]["dataset"] == 5000
    for side, stderr, right in (("base", 0.0180, 0.0069), ("tuned", 0.0186, 0.0072)):
        reported = summary["reported"][side]
        assert reported["value"] == pytest.approx(macro[side]["mean"])
        assert (round(reported["stderr"], 4), round(reported["standard_error"], 4)) == (stderr, right)
        assert reported["stderr"] / reported["standard_error"] == pytest.approx(math.sqrt(7), rel=0.03)
