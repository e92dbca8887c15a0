"""One account with one interpreter for all runs of the script in a test module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.script_runs import Bench, Workshop, without_kernels, workshop

NewBench = Callable[..., Bench]


@pytest.fixture(scope="module")
def open_workshop() -> Iterator[Workshop]:
    with workshop() as opened:
        yield opened


@pytest.fixture
def no_kernels() -> Iterator[None]:
    """The command ``run`` runs what was rendered in forks of one interpreter. That a kernel runs it too is shown once
    for each kind of evaluation, by its demo."""
    with without_kernels():
        yield


@pytest.fixture
def new_bench(open_workshop: Workshop, tmp_path: Path) -> NewBench:
    """Sets up a configuration to run: ``new_bench(scenario=Scenario(...), EVALUATE_BASE_MODEL=False)``."""

    def make(**settings: Any) -> Bench:
        return open_workshop.bench(tmp_path, **settings)

    return make
