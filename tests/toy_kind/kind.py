"""The toy kind: everything that the rest of the package asks about it, in the order in which an evaluation needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.kind import Expectation, Kind
from model_evaluation.kinds.permissions import Need, Permissions, TrustedService, actions
from model_evaluation.localaws.kind_player import KindPlayer
from model_evaluation.lookups.iam.roles import SAGEMAKER
from model_evaluation.naming import project_slug
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
from model_evaluation.preflight import needs
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.configuration import configuration_of
from model_evaluation.preflight.shared_checks import Check
from model_evaluation.runtime.report.words import ReportWords
from model_evaluation.runtime.summary import Summary

from .checks import copies_allowed
from .player import USD_PER_HOUR, ToyPlayer
from .runtime.notebook import report_words
from .runtime.settings import ToySettings

SOURCE = "the toy's makers"


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

    def expectation(self, context: Context) -> Expectation:
        copies = int(context.value("copies"))
        return Expectation((("Cost", f"about {copies * USD_PER_HOUR / 60:.2f} USD"), ("Duration", "a minute")))

    def minutes(self, context: Context) -> tuple[float, float]:
        return 1.0, 2.0

    def checks(self) -> Sequence[Check]:
        return (
            shared.IDENTITY,
            shared.CLOCK,
            shared.ACCOUNT,
            shared.REGION,
            Check("copies", copies_allowed, ("copies", "region")),
            shared.ROLE,
            shared.role_may(self.permission_steps),
            shared.caller_may(self.permission_steps),
            shared.QUOTA_JOBS,
            shared.RUNNING,
        )

    def permissions(self, context: Context, role: str = "") -> Permissions:
        config = configuration_of(context, role)
        jobs = (config.sagemaker("training-job/*"),)
        start = actions("sagemaker", "CreateTrainingJob DescribeTrainingJob ListTrainingJobs StopTrainingJob")
        return Permissions(
            role=(
                *needs.read_dataset(config, "the container has no rows", SOURCE),
                *needs.write_output(config, "write_results", "the results are lost", SOURCE),
            ),
            caller=(
                Need("start", start, jobs, "the evaluation does not start", SOURCE),
                *needs.pass_role(config, SAGEMAKER, "the evaluation does not start", SOURCE, "pass_role"),
            ),
            trusted=(TrustedService(SAGEMAKER, "SageMaker", "The container cannot start."),),
        )

    def parameters(self, context: Context) -> Mapping[str, object]:
        return {
            "REGION": context.value("region"),
            "ROLE_ARN": context.value("role"),
            "DATASET": context.value("dataset"),
            "DATASET_ETAG": context.facts("dataset").get("etag", ""),
            "SHAPE": context.value("shape"),
            "COPIES": context.value("copies"),
            "S3_OUTPUT": context.value("output"),
            "RESULTS_DIR": "results",
            "RUN_LABEL": project_slug(context.project),
            "POLL_SECONDS": 5,
            "TIMEOUT_MINUTES": 30,
            "FORCE_NEW_RUN": False,
        }

    def cells(self) -> Sequence[Cell]:
        """No cell that installs the SDK: a training job is started with boto3 alone."""
        return (
            heading("title"), PARAMETERS, heading("setup-heading"), LIBRARY, Cell("setup"),
            *CHECKS, *LAUNCH, *WAIT, *RESULTS, *COMPARISON, *CHARTS, *EXPORT,
        )  # fmt: skip

    def settings_class(self) -> type[ToySettings]:
        return ToySettings

    def words(self, summary: Summary) -> ReportWords:
        return report_words(summary)

    def player(self) -> KindPlayer:
        return ToyPlayer()


KIND = Toy()
