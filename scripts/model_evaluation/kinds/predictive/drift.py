"""How far labels, scores and segments have moved since other results: ``report --against baseline.json``."""

from __future__ import annotations

import os

import msgspec

from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject

from .runtime.drift import QUANTILES, Baseline, Distribution, Drift, drift

SIGNIFICANCE = 0.05
BASELINE = "baseline.json"


def drift_body(folder: str, baseline: str) -> JsonObject:
    """What moved between the file ``baseline`` and that of the results in ``folder``, with a sentence on it."""
    before = read_baseline(baseline)
    now = read_baseline(os.path.join(folder, BASELINE))
    columns = drift(before, now)
    if not columns:
        raise Refused(
            f"{baseline} and these results have no column in common.",
            fix="Name the baseline.json of results of the same problem.",
            code="no_baseline",
        )
    left_out = sorted(set(before["columns"]) ^ set(now["columns"]))
    return {"sentence": drift_sentence(columns), "columns": columns, "left_out": left_out, "since": before["created"]}


def drift_sentence(columns: list[Drift]) -> str:
    """Which columns moved by more than chance, the largest first."""
    moved = [own for own in columns if own["p_adjusted"] <= SIGNIFICANCE]
    if not moved:
        return f"No drift is shown in any of {len(columns)} columns."
    told = ", ".join(
        f"{own['column']} (PSI {own['psi']:.3f}, by chance up to {own['psi_by_chance']:.3f})" for own in moved[:6]
    )
    more = f" and {len(moved) - 6} more" if len(moved) > 6 else ""
    return f"{len(moved)} of {len(columns)} columns moved: {told}{more}."


def read_baseline(path: str) -> Baseline:
    """A ``baseline.json``; raises Refused where it is none."""
    try:
        with open(path, "rb") as file:
            baseline = msgspec.json.decode(file.read(), type=Baseline)
        if all(map(_is_distribution, baseline["columns"].values())):
            return baseline
        fault = "it is another file"
    except OSError as error:
        fault = error.strerror or str(error)
    except (msgspec.MsgspecError, RecursionError) as error:
        fault = str(error)
    raise Refused(
        f"{path} is not a baseline that results of a predictive model left: {fault}.",
        fix="Name the baseline.json beside the report.html of an earlier evaluation; older results have none.",
        code="no_baseline",
    )


def _is_distribution(own: Distribution) -> bool:
    quantiles = own["quantiles"]
    return len(quantiles) == QUANTILES if quantiles is not None else own["counts"] is not None or not own["n"]
