"""How local AWS plays one kind of evaluation. Local AWS itself knows SageMaker, S3 and IAM, but no kind.

A kind's ``player()`` returns an instance of a subclass of :class:`KindPlayer`. What is not overridden adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from .cloud import Cloud
from .jobs.job import Job
from .operations import Operations, Record
from .seeding import Company, Seeder, seed_company
from .services.prices import Product, Quota

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

Work = Callable[[Job], None]


@dataclass(frozen=True)
class DemoScript:
    """A conversation that shows a kind of evaluation on sample data.

    ``project`` is the name of the project's folder, into which ``files`` are put before. ``made_up`` names what the
    stand-in invents, for a sentence: "... are made up by it". ``answers`` hold for each step that is not answered by
    a yes to the suggestion the texts that are given one after another until one is accepted; ``{group_name}`` and the
    like stand for names of the seeded company. ``volunteered`` are answers to steps that are settled without a
    question. ``parameters`` are those of the notebook's run.
    """

    project: str
    made_up: str
    answers: Mapping[str, Sequence[str]]
    volunteered: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=lambda: {"POLL_SECONDS": "0.5"})
    further: DemoScript | None = None
    """A second conversation, in a project of its own, on the same account."""


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal of given answers takes. ``files`` are the objects in S3 that it reads, by URI; ``seed`` puts
    what stands for the rest of the account; ``note`` says what stands for what. ``in_aws``: whether anything of it is
    asked of AWS at all; else nothing is simulated."""

    files: Mapping[str, bytes]
    note: str
    seed: Callable[[Seeder], None]
    in_aws: bool = True


class KindPlayer:
    """What local AWS needs of a kind: the work of its jobs, and whatever else of AWS only this kind uses."""

    operations: ClassVar[Sequence[Operations]] = ()
    """Operations that it plays itself, such as those of an endpoint; asked before the shared ones."""
    public_objects: ClassVar[Mapping[str, Callable[[Cloud], bytes]]] = {}
    """Objects of AWS's public bucket, by key."""
    products: ClassVar[Sequence[Product]] = ()
    quotas: ClassVar[Sequence[Quota]] = ()
    trusted_services: ClassVar[tuple[str, ...]] = ("sagemaker",)
    """The services that an execution role for it trusts."""
    actions: ClassVar[tuple[str, ...]] = ()
    """What such a role may do beyond what every evaluation needs."""
    demo: ClassVar[DemoScript | None] = None

    def work(self, job: Job) -> Work | None:
        """What is done when the time of this job is up: rows are read with :meth:`Job.read`, result files written
        with :meth:`Job.write`, :class:`JobFailure` is raised for what AWS finds out late. ``None`` when the job is
        another kind's. ``job.type`` and ``job.arguments`` tell; a job may be a pipeline step's or of its own."""
        return None

    def seed_world(self, seed: Seeder) -> Company:
        """Fills an empty account for the demo. Returns the names of what is in it."""
        return seed_company(seed, self.trusted_services, self.actions)

    def seed_rehearsal(self, seed: Seeder, parameters: Record) -> None:
        """Adds what only this kind's parameters name to an account that is made for a rehearsal."""

    def rehearsal(self, context: Context) -> Rehearsal | None:
        """What a rehearsal of these answers takes, where that is more than a dataset of rows and the models that every
        kind's parameters name."""
        return None

    def sample_dataset(self) -> bytes:
        """Rows for a rehearsal whose own dataset cannot be read."""
        raise NotImplementedError
