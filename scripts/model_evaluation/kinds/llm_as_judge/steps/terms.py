"""terms: the Amazon Bedrock Evaluations terms. Only the user's explicit assent counts."""

from __future__ import annotations

from model_evaluation.conversation.assent import is_assent
from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.errors import Refused

SUBJECT = "amazon bedrock evaluations aws"
TERMS = (
    "Important: Amazon Bedrock Evaluations Terms\n\n"
    "This feature is powered by Amazon Bedrock Evaluations. Your use of this feature is subject to pricing of "
    "Amazon Bedrock Evaluations, the Service Terms applicable to Amazon Bedrock, and the terms that apply to your "
    "usage of third-party models. Amazon Bedrock Evaluations may securely transmit data across AWS Regions within "
    "your geography for processing. For more information, access Amazon Bedrock Evaluations documentation."
)


def check(text: str, context: Context) -> Answer:
    if not is_assent(text, SUBJECT):
        raise Refused(
            f"{text[:100]!r} is not explicit assent to the terms.",
            fix="Clear up any question, show the terms again, and pass on the user's own words once they are a plain "
            "yes and nothing else, in any common language: `yes`, `I agree, go ahead`, `ok, accepted`, `ja, "
            "einverstanden`. A condition, a question or `whatever` is not assent.",
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
