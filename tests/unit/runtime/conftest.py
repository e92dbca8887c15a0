"""One analysis, and its charts, for all tests that only look at them: drawing takes most of their time. One S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.charts import draw_charts
from model_evaluation.runtime.report.charts.drawing import Chart
from unit.runtime.results_world import BUCKET, analysis_of, make_world, memory_s3


@pytest.fixture(scope="session")
def ordinary() -> Analysis:
    return analysis_of(make_world())


@pytest.fixture(scope="session")
def charts(ordinary: Analysis) -> dict[str, Chart]:
    return draw_charts(ordinary)


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    with memory_s3() as client:
        yield client


@pytest.fixture
def s3(bucket: Any) -> Any:
    """The module's S3, emptied."""
    for item in bucket.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        bucket.delete_object(Bucket=BUCKET, Key=item["Key"])
    return bucket
