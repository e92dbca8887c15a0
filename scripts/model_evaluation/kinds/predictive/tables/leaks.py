"""Columns that tell the answer by themselves: what is called leakage, unless the task is that easy."""

from __future__ import annotations

import numpy as np

from model_evaluation.conversation.workflow import finding
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.predictive.runtime.problem import Columns, Problem

from .duck import Table

SURE, NEARLY = 0.99, 0.95
MOST_ROWS = 200_000
MOST_VALUES = 50  # of a text column that is looked at value by value


def telling_columns(table: Table, columns: Columns, problem: Problem) -> list[JsonObject]:
    """Findings about features whose single-column AUC, or rank correlation with a number, is near 1."""
    strengths = [(_strength(table, name, columns.label, problem), name) for name in columns.features(table.names)]
    telling = sorted((own for own in strengths if own[0] >= NEARLY), reverse=True)
    if not telling:
        return []
    shown = ", ".join(f"{name[:60]} ({strength:.3f})" for strength, name in telling[:5])
    measure = "AUC" if problem.type == "binary" else "rank correlation"
    sure = telling[0][0] >= SURE
    who = "These columns tell" if len(telling) > 1 else "One column tells"
    text = f"{who} the label almost alone: {shown} ({measure})."
    return [
        finding(
            "telling_column",
            text + (" If one of them is only known afterwards, the model's results are worth nothing." if sure else ""),
            level="warning" if sure else "info",
            fix="If it is known only afterwards, the model must be trained without it.",
        )
    ]


def _strength(table: Table, name: str, label: str, problem: Problem) -> float:
    feature, truth = table.place(name), table.place(label)
    target = f"try_cast({truth} AS DOUBLE)"
    if problem.type == "binary":  # which of the two is positive changes nothing
        target = f"CAST({truth} = (SELECT min({truth}) FROM rows) AS DOUBLE)"  # noqa: S608
    arrays = table.arrays(
        f"SELECT try_cast({feature} AS DOUBLE) AS x, {target} AS y, {feature} AS t FROM rows "  # noqa: S608
        f"WHERE {truth} IS NOT NULL AND {feature} IS NOT NULL LIMIT {MOST_ROWS}"
    )
    x, y = (np.ma.filled(arrays[key].astype(float), np.nan) for key in ("x", "y"))
    if not len(x):
        return 0.0
    if np.isnan(x).all():
        texts, codes = np.unique(np.asarray(arrays["t"], dtype=object).astype(str), return_inverse=True)
        if len(texts) > MOST_VALUES:
            return 0.0
        x = (np.bincount(codes, weights=y) / np.bincount(codes))[codes]
    usable = np.isfinite(x) & np.isfinite(y)
    x, y = x[usable], y[usable]
    if len(x) < 20 or len(np.unique(y)) < 2 or len(np.unique(x)) < 2:
        return 0.0
    from scipy.stats import rankdata

    ranks = rankdata(x)
    if problem.type == "binary":
        positives = int(y.sum())
        auc = (ranks[y == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(y) - positives))
        return float(max(auc, 1 - auc))
    return float(abs(np.corrcoef(ranks, rankdata(y))[0, 1]))
