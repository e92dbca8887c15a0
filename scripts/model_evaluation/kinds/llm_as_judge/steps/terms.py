"""terms: the Amazon Bedrock Evaluations terms. Only the user's explicit assent counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.errors import Refused

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


TERMS = (
    "Important: Amazon Bedrock Evaluations Terms\n\n"
    "This feature is powered by Amazon Bedrock Evaluations. Your use of this feature is subject to pricing of "
    "Amazon Bedrock Evaluations, the Service Terms applicable to Amazon Bedrock, and the terms that apply to your "
    "usage of third-party models. Amazon Bedrock Evaluations may securely transmit data across AWS Regions within "
    "your geography for processing. For more information, access Amazon Bedrock Evaluations documentation."
)

# Whole answers only: "ok, but what does it cost?" is a question, not assent.
ASSENT = frozenset(
    {
        "yes",
        "yes please",
        "yes i agree",
        "yes i accept",
        "yes proceed",
        "yes i agree to the terms",
        "i agree",
        "i agree to the terms",
        "i accept",
        "i accept the terms",
        "i acknowledge and agree",
        "agree",
        "agreed",
        "accept",
        "accepted",
        "proceed",
        "please proceed",
        "go ahead",
        "ok",
        "okay",
        "ok proceed",
        "ok i agree",
        "confirmed",
        "i confirm",
    }
)


def is_assent(text: str) -> bool:
    """Whether the whole text is a plain yes. Case, commas and final marks do not matter; a question mark does."""
    words = text.lower().replace(",", " ").replace("’", "'").strip().rstrip(".! ")
    return " ".join(words.split()) in ASSENT


def check(text: str, context: Context) -> Answer:
    if not is_assent(text):
        raise Refused(
            f"{text[:100]!r} is not explicit assent to the terms.",
            fix="Clear up any question, read the terms again, and give a plain `yes`, `I agree`, `proceed` or `ok` "
            "in your own words.",
            code="no_assent",
        )
    return Answer(text, facts={"wording": TERMS, "agreed_at": context.now})


def offer(context: Context) -> Offer:
    return Offer(text=TERMS)


STEP = Step(
    "terms",
    title="Amazon Bedrock Evaluations terms",
    question="Do you acknowledge and agree to proceed?",
    expects="explicit assent: `yes`, `I agree`, `proceed`, `ok` and the like",
    example="I agree",
    check=check,
    offer=offer,
    consent=True,
)
