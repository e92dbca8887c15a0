"""The toy kind: what the rest of the package asks about it lies in the modules of its folder, and else stands here."""

from __future__ import annotations

from collections.abc import Sequence

from model_evaluation.kinds.kind import Kind
from model_evaluation.notebook.cells import (
    CHARTS,
    CHECKS,
    COMPARISON,
    EXPORT,
    LAUNCH,
    LIBRARY,
    PARAMETERS,
    RESULTS,
    WAIT,
    Cell,
    heading,
)


class Toy(Kind):
    id = "toy"
    title = "Toy"
    when = "two toys play on the rows of a dataset"
    steps = {  # noqa: RUF012
        "evaluation": (),
        "task": (),
        "dataset": (),
        "shape": (),
        "copies": (),
        "region": ("dataset",),
        "role": (),
        "output": ("dataset", "region"),
        "confirm": ("task", "shape", "copies", "role", "output"),
        "notebook": ("confirm",),
    }
    own_steps = frozenset({"shape", "copies"})
    rechecked = ("dataset", "output")
    permission_steps = ("role", "dataset", "output", "region")
    runtime = ("toy_kind.runtime",)
    run_columns = ("dataset", "shape")

    def cells(self) -> Sequence[Cell]:
        """No cell that installs the SDK: a training job is started with boto3 alone."""
        return (
            heading("title"), PARAMETERS, heading("setup-heading"), LIBRARY, Cell("setup"),
            *CHECKS, *LAUNCH, *WAIT, *RESULTS, *COMPARISON, *CHARTS, *EXPORT,
        )  # fmt: skip


KIND = Toy()
