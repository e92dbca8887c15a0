"""The parameters cell of a benchmark."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from model_evaluation.runtime.checks import OUTPUT, SESSION
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.launch.evaluators import check_model
from model_evaluation.runtime.settings import Json, ParameterReader, parameter
from model_evaluation.runtime.tasks.settings import TaskSettings, check_recipe

from .benchmark_runs import BenchmarkRuns
from .tasks import TASKS

UNKNOWN_QUESTIONS = 500  # for a benchmark whose size nobody says


@dataclass(frozen=True, kw_only=True)
class BenchmarkSettings(TaskSettings):
    """``subtasks`` are those that are asked, without any all of them; each named one is a run of its own.
    ``smallest_effect`` is in percentage points."""

    kind = "benchmark"
    runs = BenchmarkRuns()
    checks = (*SESSION, ("Model", check_model), ("Recipe", check_recipe), *OUTPUT)

    benchmark: str = parameter("BENCHMARK", ParameterReader.text, "benchmark")
    subtasks: tuple[str, ...] = parameter(
        "SUBTASKS", lambda reader, name: tuple(dict.fromkeys(reader.texts(name, "a list of subtasks, empty for all")))
    )
    smallest_effect: float | None = parameter("SMALLEST_EFFECT", ParameterReader.optional_positive)

    def faults(self) -> list[str]:
        faults = super().faults()
        task = TASKS.get(self.benchmark)
        if task is None:
            faults.append(f"BENCHMARK must be one of {', '.join(TASKS)} (received {self.benchmark!r})")
        elif unknown := [name for name in self.subtasks if name not in task.subtasks]:
            expected = f"subtasks of {self.benchmark}" if task.subtasks else f"empty: {self.benchmark} has no subtasks"
            faults.append(f"SUBTASKS must be {expected} (received {', '.join(unknown)[:80]!r})")
        return faults

    def configuration(self) -> Json:
        return {**super().configuration(), "subtasks": sorted(self.subtasks)}

    @property
    def task(self) -> str:
        return self.benchmark

    @property
    def runs_of_a_model(self) -> tuple[Self, ...]:
        """A run per named subtask: the SDK would send several as one text, which no recipe lists."""
        if len(self.subtasks) < 2:
            return (self,)
        return tuple(
            replace(self, subtasks=(name,), run_label="-".join(filter(None, (self.run_label, name))))
            for name in self.subtasks
        )

    def sizes(self, dataset: DatasetSize) -> dict[str, int]:
        task = TASKS[self.benchmark]
        return {"rows": task.size(self.subtasks) or UNKNOWN_QUESTIONS}

    def contents(self) -> dict[str, str]:
        return {
            "Benchmark": self.benchmark,
            "Subtasks": ", ".join(self.subtasks) or "all",
            "Decoding": self.decoding_in_words,
        }

    @property
    def sdk_subtasks(self) -> str | None:
        """The subtask as the SDK takes it."""
        if self.subtasks:
            return self.subtasks[0]
        has_subtasks = bool(TASKS[self.benchmark].subtasks) or self.benchmark == "strong_reject"
        return "ALL" if has_subtasks else None


SETTINGS = BenchmarkSettings
