"""scorer_trial: the scorer is tried on sample rows before money is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.custom_scorer.scorer.events import ANSWER_FIELDS

if TYPE_CHECKING:
    from model_evaluation.kinds.custom_scorer.scorer.trial import Call, Trial

SAMPLES = 3
CALLS = 3 * SAMPLES + 1


def check(text: str, context: Context) -> Answer:
    word, _, rest = text.strip().partition(" ")
    if word.lower() == "skip" and not rest:
        note = "The scorer was not tried: a wrong one yields perfect marks or nonsense, never an error."
        return Answer("skip", findings=[finding("not_tried", note, level="warning")])
    if word.lower() == "yes" and not rest:
        return _answer("yes", _tried(context, _deployed(context)))
    if word.lower() == "file" and rest.strip():
        from model_evaluation.kinds.custom_scorer.scorer.local_file import local_call

        return _answer("file", _tried(context, local_call(rest.strip())))
    raise Refused(
        f"{text[:100]!r} was received; `yes`, `file PATH` or `skip` is expected.",
        fix="`yes` calls the function; `file PATH` runs its Python file here, which costs nothing.",
    )


def _deployed(context: Context) -> Call:
    from model_evaluation.kinds.custom_scorer.lookups.functions import invoke

    function = str(context.facts("scorer")["function"])
    return lambda event: invoke(context.aws, function, event)


def _tried(context: Context, call: Call) -> Trial:
    from model_evaluation.kinds.custom_scorer.rows import dataset_lines
    from model_evaluation.kinds.custom_scorer.scorer.trial import samples_of, try_scorer

    return try_scorer(samples_of(dataset_lines(context), SAMPLES), call)


def _answer(value: str, trial: Trial) -> Answer:
    if trial.faults:
        raise Refused(
            "The scorer cannot be used as it is. " + "; ".join(fault.rstrip(".") for fault in trial.faults) + ".",
            fix="Mend the function, then answer again; references/custom-scorer.md has event and reply. To try its "
            "file on its own: evaluate.py metric try FILE.py",
            code="scorer_unusable",
            details={"calls": trial.rows()},
        )
    told = "; ".join(
        f"line {one.line} {one.answer} {one.scores.total:g}" for one in trial.calls if one.scores is not None
    )
    findings = [finding("tried", f"The scorer tells right from wrong: {told}.")]
    findings += [finding("odd", text, level="warning") for text in trial.oddities]
    return Answer(value, facts={"metrics": trial.metrics}, findings=findings)


def settle(context: Context) -> Answer | None:
    """Presets are AWS's own and cannot be called."""
    if not context.facts("scorer").get("preset"):
        return None
    note = "A preset scorer cannot be called beforehand; every row has what it needs."
    return Answer("preset", origin="default", findings=[finding("preset", note)])


def offer(context: Context) -> Offer:
    formats = context.facts("data")["profile"].get("formats") or {}
    fields = ", ".join(f"`{ANSWER_FIELDS[name]}` ({name})" for name in formats if name in ANSWER_FIELDS)
    function = str(context.facts("scorer").get("function", ""))
    text = (
        f"It is called with a right, a wrong and an empty answer to {SAMPLES} of your rows, as the container will call "
        f"it; the model's answer stands in {fields or 'the field of the rows’ format'}."
    )
    choices = [
        {"value": "yes", "label": f"Call {function.rpartition(':')[2]} {CALLS} times, which costs less than a cent"},
        {"value": "file PATH", "label": "Run its Python file here instead, at no cost"},
        {"value": "skip", "label": "Do not try it", "note": "a wrong scorer is found only in the results, if at all"},
    ]
    return Offer(choices=choices, text=text)


STEP = Step(
    "scorer_trial",
    title="Trial of the scorer",
    question="Shall the scorer be tried on sample rows first?",
    expects="`yes` (calls the function), `file PATH` (runs its Python file here), or `skip`",
    example="yes",
    reference="references/custom-scorer.md",
    check=check,
    offer=offer,
    settle=settle,
    consent=True,
)
