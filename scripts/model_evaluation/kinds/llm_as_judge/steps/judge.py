"""judge: the model that scores the answers. Listed, never recommended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Choose, Refused
from model_evaluation.naming import letters

if TYPE_CHECKING:
    from model_evaluation.kinds.llm_as_judge.lookups import Judge, JudgeList


BY_PROFILE = "Through an inference profile only: requests may be answered in other regions of the geography."


def check(text: str, context: Context) -> Answer:
    from model_evaluation.kinds.llm_as_judge.lookups import list_judges

    judges = list_judges(context.aws, context.value("region"), context.now)
    judge = next((judge for judge in judges.judges if judge.id == text), None)
    if judge is not None and judge.usable is False:
        raise Refused(
            f"{text} cannot be the judge. {judge.reason}",
            fix="Choose one of: " + ", ".join(item.id for item in judges.offered),
            code="judge_unusable",
        )
    if judge is None:
        raise _choice(text, judges)
    facts = {"name": judge.name, "verified": judges.verified and judge.usable is True}
    findings = []
    if not judges.verified or judge.usable is None:
        why = f": {judge.reason}" if judges.verified else f" is unverified. {judges.why_unverified}"
        findings.append(finding("judge_unverified", f"{text}{why}", level="warning"))
    if judge.end_of_life:
        facts["end_of_life"] = judge.end_of_life
        note = f"{text} reaches its end of life on {judge.end_of_life}."
        findings.append(finding("judge_end_of_life", note, level="warning"))
    return Answer(judge.id, facts=facts, findings=findings)


def _choice(text: str, judges: JudgeList) -> Choose:
    """The one usable judge that ``text`` names in part, else the whole list; never a part of it."""
    named = [judge for judge in judges.offered if _is_named(text, judge)]
    if len(named) == 1:
        judge = named[0]
        return Choose(
            f"{text[:100]!r} names one judge model of {judges.region}: {judge.id} ({judge.name}).",
            fix=f"Ask whether it is meant; on a yes: evaluate.py answer judge {judge.id}",
            choices=[choice for choice in _choices(judges) if choice["value"] == judge.id],
        )
    named_too = f" {len(named)} have it in the name." if named else ""
    return Choose(
        f"{text[:100]!r} is not in the list of judge models of {judges.region}; the exact id is needed.{named_too}",
        fix="Choose one from the list, by its exact id.",
        choices=_choices(judges),
    )


def _is_named(text: str, judge: Judge) -> bool:
    """Whether the text is a part of the id or the name however it is spelt, or holds the id (an inference profile)."""
    part, judge_id = letters(text), letters(judge.id)
    return (len(part) > 2 and (part in judge_id or part in letters(judge.name))) or judge_id in part


def offer(context: Context) -> Offer:
    from model_evaluation.kinds.llm_as_judge.lookups import FALLBACK_DATE, list_judges

    judges = list_judges(context.aws, context.value("region"), context.now)
    if judges.verified:
        hidden = [judge for judge in judges.judges if judge.usable is False]
        text = f"Judge models that can be used in {judges.region}, in alphabetical order."
        if hidden:
            text += " Left out: " + "; ".join(f"{judge.id} ({judge.reason.rstrip('.')})" for judge in hidden) + "."
    else:
        text = (
            f"UNVERIFIED: this list is from the documentation of {FALLBACK_DATE}. {judges.why_unverified} "
            "A judge that is not available makes the evaluation fail late."
        )
    return Offer(choices=_choices(judges), text=text)


def _choices(judges: JudgeList) -> list[dict[str, str]]:
    choices = []
    for judge in judges.offered:
        choice = {"value": judge.id, "label": judge.name}
        note = "unverified" if not judges.verified else judge.reason or (BY_PROFILE if judge.by_profile else "")
        if judge.end_of_life:
            note = f"{note} End of life: {judge.end_of_life}.".strip()
        if note:
            choice["note"] = note
        choices.append(choice)
    return choices


STEP = Step(
    "judge",
    title="Judge model",
    question="Which judge model should score the answers? Please give the exact id from the list.",
    expects="one id from the list, exactly",
    example="provider.model-name-v1:0",
    reference="references/judges.md",
    check=check,
    offer=offer,
    listed=True,
)
