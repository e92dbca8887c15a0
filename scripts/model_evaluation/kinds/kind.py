"""What a kind of evaluation gives. The rest of the package asks the kind and never names one.

To add a kind: a folder beside this file whose ``kind.py`` holds an instance of a subclass of :class:`Kind` as
``KIND``, and a line in :mod:`model_evaluation.kinds.registry`; nothing else of the package is changed. What a kind has
is found by where it lies in its folder, imported when it is asked for and not before:

=======================  =================================================================================
module                   holds
=======================  =================================================================================
``steps/STEP.py``        ``STEP``: a question that only this kind asks
``card.py``              ``configuration``, ``expectation`` and ``minutes_of`` of a context
``checks.py``            ``CHECKS``
``permissions.py``       ``permissions`` of a context and a candidate for the role
``parameters.py``        ``parameters`` of a context
``other_answers.py``     ``other_answers`` of a summary and a context
``metric_tool.py``       ``TOOL``, a :class:`MetricTool`; ``people_tool.py`` and ``split_tool.py`` alike
``localaws/player.py``   ``PLAYER``, a class of :class:`~model_evaluation.localaws.kind_player.KindPlayer`
``runtime/settings.py``  ``SETTINGS``, a class of :class:`~model_evaluation.runtime.settings.Settings`
``runtime/words.py``     ``report_words`` of a summary
``templates/``           the notebook's cells that differ from the shared ones, or extend one of their ``_base``
=======================  =================================================================================

``runtime/`` is what the notebook carries: beside these two, how a run is started and found
(:class:`~model_evaluation.runtime.launch.service.Runs`), and the reader of its results into one of the shapes of
:mod:`model_evaluation.runtime.results`. A module that is not there says "none of that": no checks of its own, no
permissions, unknown cost. What fits no module of this table, a kind overrides.

``tests/toy_kind`` is a complete small example, with a reader for each shape of results; ``tests/contract/
test_toy_kind.py`` drives it from the first question to a report.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar, TypeVar

from model_evaluation.errors import Refused
from model_evaluation.json_types import Facts, JsonObject

from .permissions import Permissions

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from model_evaluation.conversation.context import Context
    from model_evaluation.conversation.workflow import Requirements, Step
    from model_evaluation.dataset import Terms
    from model_evaluation.localaws.kind_player import KindPlayer
    from model_evaluation.notebook.cells import Cell
    from model_evaluation.preflight.shared_checks import Check
    from model_evaluation.runtime.analysis import Analysis
    from model_evaluation.runtime.report.words import ReportWords
    from model_evaluation.runtime.settings import Settings
    from model_evaluation.runtime.summary import Summary

    from .fitting import ModelTraits

T = TypeVar("T")


@dataclass(frozen=True)
class Expectation:
    """What an evaluation takes. ``lines`` are (name, text) for the card: calls, tokens, cost, duration, the smallest
    difference it can show."""

    lines: tuple[tuple[str, str], ...] = ()


class MetricTool:
    """What `metric lint` and `metric try` do for a kind that takes metric definitions of the user's own."""

    description: ClassVar[str] = ""

    def arguments(self, parser: argparse._ArgumentGroup) -> None:
        """Options of the kind's own, beside --rows, --limit and --yes."""

    def run(self, args: argparse.Namespace) -> tuple[JsonObject, int]:
        """The command's body and exit code. ``args`` holds action (lint or try), file, rows, limit, yes, and what
        :meth:`arguments` adds."""
        raise NotImplementedError


class SplitTool:
    """What `dataset split` does for a kind whose rows are a table."""

    def run(self, uri: str, folder: str, *, by: str, column: str, shares: str, seed: int) -> JsonObject:
        """Write the parts of the table at ``uri`` (a path here or an S3 URI) into ``folder``; what was written. ``by``
        is hash, stratify or time, ``column`` may be empty for a hash, ``shares`` are of train, validation and test."""
        raise NotImplementedError


class PeopleTool:
    """What `report --labels-sheet` and `report --labels` do for a kind whose scores people can check."""

    def write_sheet(self, summary: Summary, folder: str, path: str, *, metric: str, n: int, seed: int) -> JsonObject:
        """Write a sheet of ``n`` rows of the results in ``folder`` to ``path``; what was written."""
        raise NotImplementedError

    def read_labels(self, summary: Summary, folder: str, sheet: str, key: str | None) -> JsonObject:
        """Read the filled sheet (``key``: its answer key, if it lies elsewhere) and put what it says beside the
        results. The part of the command's body about it."""
        raise NotImplementedError


class Kind:
    """One kind of evaluation."""

    id: ClassVar[str]
    title: ClassVar[str]
    when: ClassVar[str]
    """One line: the question that this kind answers."""

    steps: ClassVar[Requirements]
    """Step id to the steps whose answers it rests on, in the order they are asked. ``evaluation`` stands first."""
    own_steps: ClassVar[frozenset[str]] = frozenset()
    """Those of them that are modules of the kind's own folder ``steps``; the others are the shared ones."""
    optional_steps: ClassVar[frozenset[str]] = frozenset()
    """Those that are settled as `none`, unasked, where :meth:`needs` says so."""
    job_rows: ClassVar[int | None] = 1000
    """Rows of one file that a job takes; ``None``: any number."""
    rechecked: ClassVar[tuple[str, ...]] = ()
    """Steps whose answers preflight checks again."""
    assents: ClassVar[tuple[str, ...]] = ("confirm",)
    """Answers that change nothing in the notebook."""
    permission_steps: ClassVar[tuple[str, ...]] = ()
    """The steps whose answers :meth:`permissions` is about."""
    runtime: ClassVar[tuple[str, ...]] = ()
    """The kind's own packages that the notebook carries, each whole; what they and the cells import goes with them."""
    run_columns: ClassVar[tuple[str, ...]] = ()
    """What `runs` tells of each run: keys of :meth:`~model_evaluation.runtime.settings.Settings.configuration`."""
    reference: ClassVar[str] = ""
    """The kind's reference page, such as ``references/results.md``."""

    @property
    def folder(self) -> str:
        """The package that the kind's own modules lie in."""
        return type(self).__module__.rpartition(".")[0]

    def own(self, name: str) -> ModuleType | None:
        """The module of that name in the kind's folder; ``None`` without one. What it raises is raised."""
        module = f"{self.folder}.{name}"
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if not f"{module}.".startswith(f"{error.name}."):  # something that the module needs
                raise
            return None

    def own_answer(self, module: str, name: str, *args: object, without: T) -> T:
        """What a function or class of one of the kind's own modules gives for ``args``; ``without`` where there is no
        such module."""
        own = self.own(module)
        answer: T = getattr(own, name)(*args) if own else without
        return answer

    def step(self, step_id: str) -> Step:
        """One of :attr:`steps`."""
        package = self.folder if step_id in self.own_steps else "model_evaluation"
        step: Step = importlib.import_module(f"{package}.steps.{step_id}").STEP
        return step.where_needed(partial(self.needs, step_id)) if step_id in self.optional_steps else step

    def needs(self, step_id: str, context: Context) -> bool:
        """Whether the other answers leave anything to answer in one of :attr:`optional_steps`."""
        return True

    def abridged(self, step_id: str, value: object) -> object:
        """A recorded value as an envelope repeats it after another step's answer."""
        return value

    def runs_here(self, context: Context) -> bool:
        """Whether the notebook reads files of this machine, which no other has."""
        return False

    def claims(self, model: ModelTraits) -> bool:
        """Whether a model is plainly of the sort that this kind evaluates."""
        return False

    def require(self, context: Context) -> None:
        """Raise Refused when a recorded answer may not be acted on, whoever wrote it into the state file."""

    def dataset_terms(self, context: Context | None) -> Terms | None:
        """What makes rows of a dataset usable, with the answers of ``context`` or in general; ``None``: a prompt."""
        return None

    def needs_references(self, context: Context) -> bool:
        """Whether a row without reference answer is of no use to what was chosen."""
        return False

    def dataset_findings(self, context: Context, data: Facts) -> list[JsonObject]:
        """What the other answers lack in the dataset that ``data``, the facts of the `data` step, describes. They are
        shown and not kept. Raises Refused when they cannot go together."""
        return []

    def card(self, context: Context) -> list[tuple[str, str]]:
        """The configuration for the user's yes: (name, text), a line each."""
        return self.own_answer("card", "configuration", context, without=[])

    def expectation(self, context: Context) -> Expectation:
        """What it will take; failing lookups are told in its lines."""
        unknown = Expectation((("Cost", "unknown"), ("Duration", "unknown")))
        return self.own_answer("card", "expectation", context, without=unknown)

    def minutes(self, context: Context) -> tuple[float, float] | None:
        """From start to results, low to high, without a lookup; ``None`` when nobody knows."""
        return self.own_answer("card", "minutes_of", context, without=None)

    def checks(self) -> Sequence[Check]:
        """Every check before money is spent, in the order in which they are shown: the kind's own, and those of
        :mod:`model_evaluation.preflight.shared_checks` that apply to it."""
        module = self.own("checks")
        checks: Sequence[Check] = module.CHECKS if module else ()
        return checks

    def permissions(self, context: Context, role: str = "") -> Permissions:
        """What role and caller need for this configuration, as data, as far as the answers go. ``role`` is the ARN of a
        candidate for the execution role, before one is recorded: then nothing may be looked up."""
        return self.own_answer("permissions", "permissions", context, role, without=Permissions())

    def parameters(self, context: Context) -> JsonObject:
        """The parameters cell's values by name, in its order. Every step has its answer."""
        module = importlib.import_module(f"{self.folder}.parameters")
        values: JsonObject = module.parameters(context)
        return values

    def cells(self) -> Sequence[Cell]:
        """The notebook's cells, in order: those of :mod:`model_evaluation.notebook.cells` that fit, and its own."""
        from model_evaluation.notebook.cells import EVERY_CELL

        return EVERY_CELL

    def cells_for(self, parameters: Mapping[str, object]) -> Sequence[Cell]:
        """Those of them that an evaluation with these parameters takes."""
        return self.cells()

    @property
    def templates(self) -> Path:
        """The folder of the templates of its cells; those that it lacks are the shared ones."""
        file = importlib.import_module(self.folder).__file__
        assert file is not None
        return Path(file).parent / "templates"

    def settings_class(self) -> type[Settings]:
        """The parameters cell as a class. It knows what is checked before a start, and how runs are looked at
        (:class:`~model_evaluation.runtime.launch.service.Runs`)."""
        settings: type[Settings] = importlib.import_module(f"{self.folder}.runtime.settings").SETTINGS
        return settings

    def words(self, summary: Summary) -> ReportWords:
        """What reports of this summary say beside its numbers. The notebook's analysis carries the same."""
        words: ReportWords = importlib.import_module(f"{self.folder}.runtime.words").report_words(summary)
        return words

    def metric_tool(self) -> MetricTool | None:
        """What checks and tries metric definitions, where the kind takes any."""
        module = self.own("metric_tool")
        tool: MetricTool | None = module.TOOL if module else None
        return tool

    def people_tool(self) -> PeopleTool | None:
        """What lets people check the scores, where somebody else gave them."""
        module = self.own("people_tool")
        tool: PeopleTool | None = module.TOOL if module else None
        return tool

    def split_tool(self) -> SplitTool | None:
        """What parts rows into training, validation and test sets, where the kind's rows are a table."""
        module = self.own("split_tool")
        tool: SplitTool | None = module.TOOL if module else None
        return tool

    def other_answers(self, summary: Summary, context: Context) -> list[str]:
        """What results were made of that the present answers say otherwise, such as ``the model is A, not B``."""
        return self.own_answer("other_answers", "other_answers", summary, context, without=[])

    def upgraded(self, summary: JsonObject) -> JsonObject:
        """A ``summary.json`` of an earlier ``schema_version`` as one of the present. Whatever the file holds, it never
        raises: what is not as it should be stays, and is found when the result is checked."""
        return summary

    def files_analysis(self, paths: Sequence[str]) -> Analysis | None:
        """The analysis of result files that another program left on this machine, the candidate's first and then those
        of what it is compared with; ``None`` when the kind does not know such files. Raises Refused for those that
        cannot be used."""
        return None

    def drift(self, folder: str, baseline: str) -> JsonObject:
        """What moved between the file ``baseline``, which other results left, and the results in ``folder``: the part
        of the command's body about it."""
        raise Refused(
            f"Results of {self.title} keep no distributions that others could be held against.",
            fix="Name a run, or `previous`, to compare the fine-tuned models of two runs.",
            code="no_baseline",
        )

    def player(self) -> KindPlayer | None:
        """How local AWS plays this kind's jobs and seeds an account for it; ``None`` when it does not."""
        return self.own_answer("localaws.player", "PLAYER", without=None)
