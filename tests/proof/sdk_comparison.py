"""The SDK's own comparison and ours on the same result files, with a truth that is known; leaves sdk_comparison.md.

Both read the same objects from an in-process S3. The SDK's side is its own code, unchanged:
``_download_llmaj_results_from_s3`` and ``_calculate_win_rates`` of sagemaker.train.common_utils.show_results_utils.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import pathlib
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "scripts")]

from model_evaluation.kinds.llm_as_judge.runtime.analysis import Analysis  # noqa: E402
from unit.runtime.results_world import (  # noqa: E402
    BUCKET,
    EXECUTION,
    PREFIX,
    analyse,
    memory_s3,
    put_rows,
    result_line,
)

ROWS = 400
STEP = 0.25
Scores = Mapping[str, float]


@dataclass(frozen=True)
class Case:
    """How the truth is made and how the files are spoilt. ``gain``: share of rows on which the fine-tuned model is
    one step better less the share on which it is one step worse; ``harm``: share of its rows that are harmful."""

    name: str
    gain: float = 0.0
    harm: float = 0.0
    shuffled: bool = False
    missing: str = ""
    parts: int = 1


CASES = (
    Case("better, files complete and in one order", gain=0.3),
    Case("better, base file in another order", gain=0.3, shuffled=True),
    Case("no difference, files in one order"),
    Case("no difference, base file in another order", shuffled=True),
    Case("no difference; the judge left out scores of the base model", shuffled=True, missing="absent"),
    Case("better; one score is null", gain=0.3, missing="null"),
    Case("better on Correctness, harmful on 40% of rows", gain=0.1, harm=0.4),
    Case("better, four files a model", gain=0.3, shuffled=True, parts=4),
)


@dataclass(frozen=True)
class Outcome:
    case: Case
    truth: float
    sdk: dict[str, Any]
    ours: Analysis


def truth_of(case: Case) -> list[tuple[Scores, Scores]]:
    """(fine-tuned, base) scores of every row; the same rows have the same difficulty for both models."""
    rng = random.Random(f"{case.gain} {case.harm}")
    better, worse = round(ROWS * (0.2 + case.gain)), round(ROWS * 0.2)
    moves = [STEP] * better + [-STEP] * worse + [0.0] * (ROWS - better - worse)
    harms = [1.0] * round(ROWS * case.harm) + [0.0] * (ROWS - round(ROWS * case.harm))
    rng.shuffle(moves)
    rng.shuffle(harms)
    rows = []
    for move, harm in zip(moves, harms, strict=True):
        base = rng.choice((0.25, 0.5, 0.5, 0.75))
        rows.append(
            ({"Correctness": base + move, "Harmfulness": harm}, {"Correctness": base, "Harmfulness": 0.0})
            if case.harm
            else ({"Correctness": base + move}, {"Correctness": base})
        )
    return rows


def play(case: Case) -> Outcome:
    rows = truth_of(case)
    truth = sum(tuned["Correctness"] - base["Correctness"] for tuned, base in rows) / ROWS
    rng = random.Random(case.name)
    names = list(rows[0][0])
    with memory_s3() as s3:
        dataset = [json.dumps({"query": f"question {i}", "response": f"answer {i}"}) for i in range(ROWS)]
        for side, place in (("tuned", 0), ("base", 1)):
            lines = []
            for i, pair in enumerate(rows):
                scores: dict[str, Any] = dict(pair[place])
                drop: Sequence[str] = ()
                if case.missing == "absent" and side == "base" and rng.random() < 0.25:
                    drop = ("Correctness",)
                if case.missing == "null" and side == "tuned" and i == 7:
                    scores["Correctness"] = None
                lines.append(result_line(f"question {i}", f"{side} {i}", scores, reference=f"answer {i}", drop=drop))
            if case.shuffled and side == "base":
                rng.shuffle(lines)
            size = ROWS // case.parts
            for part in range(case.parts):
                put_rows(s3, side, lines[part * size : (part + 1) * size], part=f"{part:04}")
        return Outcome(case, truth, sdk_win_rates(), analyse(s3, dataset, builtin_metrics=names))


def sdk_win_rates() -> dict[str, Any]:
    """What the SDK's code computes; ``{"error": ...}`` when it raises (``show_results`` then prints a warning)."""
    from sagemaker.train.common_utils import show_results_utils as sdk

    execution = SimpleNamespace(s3_output_path=f"s3://{BUCKET}/{PREFIX}")
    custom, base = (
        sdk._download_llmaj_results_from_s3(execution, f"{side}-llmaj-eval-{EXECUTION}") for side in ("custom", "base")
    )
    try:
        return dict(sdk._calculate_win_rates(custom, base))
    except TypeError as error:
        return {"error": f"TypeError: {error}"}


def sdk_text(found: Mapping[str, Any]) -> str:
    if "error" in found:
        return "no win rate (" + str(found["error"]).replace("|", "/") + ")"
    return (
        f"{found['custom_win_rate']:.0%} won, {found['tie_rate']:.0%} tied, {found['base_win_rate']:.0%} lost "
        f"of {found['total']}"
    )


def our_text(outcome: Outcome) -> str:
    summary = outcome.ours.summary
    entry = summary["metrics"]["Correctness"]
    n, difference = entry["n_paired"], entry["difference"]
    return (
        f"{entry['wins'] / n:.0%} won, {entry['ties'] / n:.0%} tied, {entry['losses'] / n:.0%} lost of {n}; "
        f"{difference['mean']:+.3f} ({difference['ci_low']:+.3f} to {difference['ci_high']:+.3f}): "
        f"**{summary['verdict']['decision']}**"
    )


def table(outcomes: Sequence[Outcome]) -> str:
    lines = [
        "# The SDK's comparison and ours on the same files",
        "",
        (
            f"Remade by `python tests/proof/sdk_comparison.py` (`make proof`). {ROWS} rows with known scores; the "
            f"SDK's side is its own code (sagemaker {importlib.metadata.version('sagemaker')}, "
            "`train/common_utils/show_results_utils.py`), called on the files it reads itself. It compares the i-th "
            "line of one file with the i-th of the other, takes an absent score as 0, cannot compare a null, takes the "
            "higher score as the better one whatever the metric, reads one file per model, and gives no uncertainty."
        ),
        "",
        "| files | truth: mean difference in Correctness | SDK | ours |",
        "|---|--:|---|---|",
    ]
    lines += [f"| {o.case.name} | {o.truth:+.3f} | {sdk_text(o.sdk)} | {our_text(o)} |" for o in outcomes]
    return "\n".join([*lines, ""])


def main() -> int:
    # The SDK makes its own client: from the environment, inside the in-process S3.
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1"}
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    outcomes = [play(case) for case in CASES]
    (HERE / "sdk_comparison.md").write_text(table(outcomes), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
