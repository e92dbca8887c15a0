"""confirm: the whole configuration on one card, checked again before the yes counts."""

from __future__ import annotations

from model_evaluation.conversation.assent import is_assent
from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, shown
from model_evaluation.errors import Refused
from model_evaluation.kinds.kind import Expectation
from model_evaluation.lookups.session import together
from model_evaluation.preflight import run_preflight, summary
from model_evaluation.preflight.results import CheckEntry

# The card must fit on one screen: so many lines, each cut at so many characters.
CARD_LINES = 30
CARD_WIDTH = 200

CARD_WORDS = "that this it everything all is are looks look correct card summary start run"  # beside a yes

REPEATED = ("Cost", "Duration")  # lines of the card that the notebook repeats

# Whatever these answers warned of, preflight has looked at again: it says so anew, or it has been mended since.
CHECKED_AGAIN = ("role", "mlflow", "output")


def check(text: str, context: Context) -> Answer:
    if not is_assent(text, CARD_WORDS):
        raise Refused(
            f"{text[:100]!r} is not a clear yes.",
            fix="Only a plain yes to this card goes on. To change something: evaluate.py answer STEP VALUE",
            code="not_confirmed",
        )
    if not context.answered("confirm") and "text" not in context.document.get("offers", {}).get("confirm", {}):
        raise Refused(
            "The card of this configuration has not been shown here yet.",
            fix="Make it, and ask with it: evaluate.py revise confirm",
            code="not_shown",
        )
    result, expectation = _looked_up(context)
    failed = [item for item in result if item["status"] == "fail"]
    if failed:
        raise Refused(
            "This would fail after the start: " + " ".join(item["message"] for item in failed),
            fix="\n".join(dict.fromkeys(item["fix"] for item in failed if item["fix"])),
            code="preflight_failed",
            details={"checks": failed},
        )
    undecided = {item["id"]: item["status"] for item in result if item["status"] != "pass"}
    return Answer("yes", facts={"preflight": summary(result), "open": undecided, "takes": takes(result, expectation)})


def takes(checks: list[CheckEntry], expectation: Expectation) -> list[list[str]]:
    """What the notebook repeats before it starts anything: cost and duration, and what could not be decided."""
    lines = [[name, text] for name, text in expectation.lines if name in REPEATED]
    return lines + [["Not decided", check["message"]] for check in checks if check["status"] == "skip"]


def offer(context: Context) -> Offer:
    checks, expectation = _looked_up(context)
    text, before = card(context, checks, expectation), shown("confirm", context.document)
    return Offer(text=text, changes=changes(before, text) if before else [])


def _looked_up(context: Context) -> tuple[list[CheckEntry], Expectation]:
    """What preflight says, and what the evaluation will take."""
    context.aws  # noqa: B018 - created before the threads share it
    checks, expectation = together(lambda: run_preflight(context), lambda: context.kind.expectation(context))
    return checks, expectation


def changes(before: str, now: str) -> list[str]:
    """The lines of a card that are others than on the one before."""
    old, new = ({" ".join(line.split()): line for line in text.splitlines()} for text in (before, now))
    lines = [line for words, line in new.items() if words not in old]
    names = {_name(line) for line in lines}
    gone = dict.fromkeys(_name(line) for words, line in old.items() if words not in new and _name(line) not in names)
    return [*lines, *([f"No longer there: {', '.join(gone)}"] if gone else [])]


def _name(line: str) -> str:
    """What a line of the card is about, such as ``Role``; under `Preflight` the check or the step."""
    return line.split()[1].rstrip(":") if line.startswith("  ") else line.split("  ")[0]


def card(context: Context, checks: list[CheckEntry], expectation: Expectation) -> str:
    """The configuration as text, one line a decision, with what it takes and what preflight says; at most
    CARD_LINES lines."""
    lines = [*context.kind.card(context), *expectation.lines]
    width = max(len(name) for name, _ in lines)
    text = [f"{name:<{width}}  {_cut(value)}" for name, value in lines]
    return "\n".join([*text, *_open_matters(context, checks, width, CARD_LINES - len(text))])


def with_reason(context: Context, step_id: str) -> str:
    """A recorded value, and why it is that one where nobody was asked."""
    reason = context.facts(step_id).get("reason", "")
    return f"{context.value(step_id)}{f' ({reason}; to change it: answer {step_id})' if reason else ''}"


def _open_matters(context: Context, checks: list[CheckEntry], width: int, room: int) -> list[str]:
    """What did not pass and what earlier answers warned of, worst first, in at most ``room`` lines."""
    findings = {
        status: [f"  {sign} {check['id']}: {check['message']}" for check in checks if check["status"] == status]
        for status, sign in (("fail", "✗"), ("warn", "!"), ("skip", "?"))
    }
    messages = {check["message"] for check in checks}
    findings["warn"] += [
        f"  ! {step_id}: {warning['message']}"
        for step_id, answer in context.document["answers"].items()
        if step_id not in CHECKED_AGAIN
        for warning in answer.get("warnings", [])
        if warning["message"] not in messages
    ]
    head = f"{'Preflight':<{width}}  {_cut(summary(checks))}"
    lines = [line for status in ("fail", "warn", "skip") for line in findings[status]]
    room -= 1
    if len(lines) > room:
        more = len(lines) - room + 1
        lines = [*lines[: room - 1], f"  … and {more} more: evaluate.py preflight"]
    return [head, *(_cut(line) for line in lines)]


def _cut(text: str) -> str:
    text = " ".join(text.split()) if not text.startswith("  ") else "  " + " ".join(text.split())
    return text if len(text) <= CARD_WIDTH else text[: CARD_WIDTH - 1] + "…"


STEP = Step(
    "confirm",
    title="Confirm",
    question="Does this look right?",
    expects="`yes`; anything else changes nothing",
    example="yes",
    check=check,
    offer=offer,
    consent=True,
)
