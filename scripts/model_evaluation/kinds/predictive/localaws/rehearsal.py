"""A rehearsal of the user's own evaluation: their rows as they are, and a small model, really trained on half of them,
in the place of each of theirs, in its container's format."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from model_evaluation.kinds.predictive.recorded import (
    FILE,
    aws_for,
    columns_of,
    features_of,
    find_for,
    problem_of,
    sides_of,
    threshold_of,
    uses_aws,
)
from model_evaluation.kinds.predictive.runtime.families import FAMILIES
from model_evaluation.kinds.predictive.runtime.problem import Problem
from model_evaluation.kinds.predictive.runtime.reading.labels import canonical_labels, class_order, encode, numbers_of
from model_evaluation.kinds.predictive.runtime.reading.table_files import read_table
from model_evaluation.kinds.predictive.runtime.tables import Floats
from model_evaluation.kinds.predictive.tables.source import local_copies
from model_evaluation.localaws.kind_player import Rehearsal
from model_evaluation.localaws.seeding import Company

from .estimators import Trained, encoded, train
from .world import put_endpoint, put_model, put_package, put_sagemaker_model, put_training_job

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context
    from model_evaluation.localaws.seeding import Seeder

MOST_TRAINED = 5_000  # rows: enough for a stand-in


def rehearsal(context: Context) -> Rehearsal:
    """What these answers name. Raises Refused, AwsError where rows cannot be read."""
    models = {side: source for side, source in sides_of(context).items() if source != FILE}
    test = str(context.facts("dataset")["uri"])
    predicted = [str(context.facts(side)["uri"]) for side, source in sides_of(context).items() if source == FILE]
    uris = [uri for uri in (test, threshold_of(context).validation, *predicted) if uri]
    files: dict[str, bytes] = {}
    tables = {uri: _table(context, uri, files) for uri in uris}
    stand_in = _stand_in(context, tables[test]) if models else None
    note = "Rehearsed with your rows"
    if stand_in is None:
        note += " and your predictions: what it says of them is real."
    else:
        named = " and ".join(str(context.value(side)).rpartition("/")[2] for side in models)
        note += f"; in the place of {named} stands a {stand_in.name}, trained on half of them: SIMULATED."
    return Rehearsal(files, note, partial(_seed, context=context, stand_in=stand_in), uses_aws(context))


def _table(context: Context, uri: str, files: dict[str, bytes]) -> pd.DataFrame:
    """A table, whose parts in S3 are put among ``files``."""
    source = find_for(context, uri)
    with local_copies(aws_for(context, uri), source) as paths:
        for part, path in zip(source.parts, paths, strict=False):  # a local table has none
            files[str(part.uri)] = Path(path).read_bytes()
        return pd.concat([read_table(path, source.format) for path in paths], ignore_index=True)


def _stand_in(context: Context, table: pd.DataFrame) -> Trained:
    """A model of this problem, of every second row of the test set."""
    rows = table.iloc[::2].head(MOST_TRAINED)
    matrix = np.column_stack([numbers_of([encoded(cell) for cell in rows[name]]) for name in features_of(context)])
    problem, label = problem_of(context), columns_of(context).label
    if problem.type == "clustering":
        clusters = max(2, rows[label].nunique() if label else 3)
        return train("KMeans", matrix, None, n_clusters=clusters, n_init=3, random_state=0)
    if problem.type == "regression":
        target = numbers_of(rows[label])
        known = np.isfinite(target)
        return train("LinearRegression", matrix[known], target[known])
    return _classifier(matrix, rows[label], problem)


def _classifier(matrix: Floats, label: pd.Series, problem: Problem) -> Trained:
    """Of classes by their number, as the built-in containers number them; the positive one of two is the second."""
    texts = canonical_labels(label).texts
    order = list(class_order(texts.tolist()))
    if problem.type == "binary" and problem.positive in order and not set(order) <= {"0", "1"}:
        order.sort(key=lambda name: name == problem.positive)
    codes = encode(texts, order)
    known = codes >= 0
    made = train("LogisticRegression", matrix[known], codes[known], max_iter=500)
    return replace(made, names=[int(name) for name in order] if all(map(str.isdecimal, order)) else order)


def _seed(seed: Seeder, *, context: Context, stand_in: Trained | None) -> None:
    if stand_in is None:
        return
    company = Company(seed.cloud.account, seed.region)
    seed.bucket(company.bucket, seed.region)
    for side, source in sides_of(context).items():
        if source == FILE:
            continue
        family = str(context.facts(side).get("family") or "custom")
        family = family if family in FAMILIES and family != "autopilot" else "custom"
        uri = put_model(seed, company, f"rehearsal/{side}", stand_in)
        resource, _, name = str(context.value(side)).rpartition(":")[2].partition("/")
        if resource == "model-package":
            group, _, version = name.rpartition("/")
            seed.group(group, "Seeded for a rehearsal")
            put_package(seed, group, int(version), family, uri)
        elif resource == "training-job":
            put_training_job(seed, company, name, family, uri, f"s3://{company.bucket}/rehearsal/")
        elif resource == "endpoint":
            put_sagemaker_model(seed, company, f"{name}-model"[:63], family, uri)
            put_endpoint(seed, name, f"{name}-model"[:63], "InService")
        else:
            put_sagemaker_model(seed, company, name, family, uri)
