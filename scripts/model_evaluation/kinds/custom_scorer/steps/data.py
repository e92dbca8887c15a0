"""data: is this what you expect? Every row was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.steps.data_card import card, samples, where

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context
    from model_evaluation.dataset import DatasetReport


def check(text: str, context: Context) -> Answer:
    if text.strip().lower() != "ok":
        raise Refused(
            f"{text[:100]!r} was received; `ok` is expected.",
            fix="Answer `ok` if the profile is what you expect. To use other rows: evaluate.py revise dataset",
        )
    report = read_report(context)
    if not report.usable:
        found = report.errors()
        raise Refused(
            "The dataset cannot be used as it is. "
            + " ".join(f"{entry.message}{where(entry.as_json())}" for entry in found[:5]),
            fix=" ".join(dict.fromkeys(entry.fix for entry in found if entry.fix)) or "Mend these rows.",
            code="dataset_unusable",
            details={"findings": [entry.as_json() for entry in report.findings]},
        )
    profile = report.profile.as_json()
    warnings = [entry.as_json() for entry in report.findings if entry.level == "warning"]
    facts: dict[str, Any] = {"profile": profile, "etag": context.facts("dataset")["etag"]}
    return Answer("ok", facts=facts, findings=[*warnings, *_without_gold(profile), samples(report)])


def _without_gold(profile: dict[str, Any]) -> list[dict[str, Any]]:
    lacking = int(profile["rows"]) - int(profile.get("with_reference", 0))
    if lacking <= 0:
        return []
    note = f"{lacking} rows have no reference answer: the scorer gets an empty text there."
    return [finding("missing_reference", note, level="warning")]


def read_report(context: Context) -> DatasetReport:
    """Every row of the recorded dataset, checked; refused when its files are no longer those that were recorded."""
    from functools import partial

    from model_evaluation.dataset import JoinedFiles, Terms, check_stream
    from model_evaluation.lookups.s3.dataset_files import read_object, unchanged_files

    facts = context.facts("dataset")
    files = unchanged_files(context.aws, facts)

    def ask() -> DatasetReport:
        names = [(item.uri.key.rpartition("/")[2], partial(read_object, context.aws, item)) for item in files]
        joined = JoinedFiles(names)
        return check_stream(
            joined.chunks(),
            source=str(facts["uri"]),
            terms=Terms(),
            look_through=1000,
            row_limit=None,
            context_tokens=None,
        )

    return context.aws.once(("scorer rows", str(facts["uri"]), str(facts["etag"])), ask)


def offer(context: Context) -> Offer:
    report = read_report(context)
    problems = [found.as_json() for found in report.findings if found.level != "info"]
    text = card(report, [report.profile.rows], problems, with_fixes=not report.usable)
    choices = [{"value": "ok", "label": "Use these rows"}] if report.usable else []
    return Offer(choices=choices, suggested="ok" if report.usable else None, text=text, findings=[samples(report)])


STEP = Step(
    "data",
    title="What the dataset holds",
    question="Is this what you expect?",
    expects="`ok`",
    example="ok",
    reference="references/datasets.md",
    check=check,
    offer=offer,
)
