"""Access to the judge, and how it can be called."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.kinds.llm_as_judge.lookups.access import inference_types, judge_availability, profiles_of
from model_evaluation.kinds.llm_as_judge.lookups.judges import list_judges
from model_evaluation.preflight.answers import again
from model_evaluation.preflight.result import Result, command, failed, lines, passed, skipped, warned
from model_evaluation.preflight.subject import Subject


def judge(subject: Subject) -> Iterator[Result]:
    """Listed and in service. The other candidates are looked up only when this one will not do."""
    wanted, region = str(subject.value("judge")), subject.region
    found = list_judges(subject.aws, region, subject.context.now, only=wanted)
    if found.verified and [item for item in found.judges if item.usable and not item.end_of_life]:
        yield passed(f"{wanted} is on the list of judges of {region} and in service.", verified=True)
        return
    for result in again("judge")(subject):
        if result.status == "pass" and not result.evidence.get("verified"):
            result = result._replace(status="skip", message=f"Whether {wanted} can be the judge is not known.")
        yield result


def access(subject: Subject) -> Iterator[Result]:
    """Whether the account was given access; without it the scoring step fails."""
    model_id, region = str(subject.value("judge")), subject.region
    found = judge_availability(subject.aws, model_id, region)
    evidence = found._asdict()
    wrong = []
    if found.in_region not in ("", "AVAILABLE"):
        wrong.append(f"it is {found.in_region} in {region}")
    if found.authorization not in ("", "AUTHORIZED"):
        wrong.append(f"the account is {found.authorization} to call it")
    if found.entitlement not in ("", "AVAILABLE"):
        wrong.append(f"the entitlement is {found.entitlement}")
    if found.agreement not in ("", "AVAILABLE"):
        wrong.append(f"the agreement with its provider is {found.agreement}")
    if wrong:
        yield failed(
            f"This account cannot use {model_id}: {', '.join(wrong)}. Scoring would fail about 25 minutes in.",
            lines(
                f"Request access in the Bedrock console of {region} (Model access), or take the offered agreement:",
                command("bedrock", "list-foundation-model-agreement-offers", model_id=model_id, region=region),
                "Or choose another judge:",
                "evaluate.py revise judge",
            ),
            **evidence,
        )
    elif not any(evidence.values()):
        yield skipped(f"Bedrock does not say whether this account may use {model_id}.", **evidence)
    else:
        yield passed(f"This account may use {model_id} in {region}.", **evidence)


def how_it_is_called(subject: Subject) -> Iterator[Result]:
    """On demand, or only through an inference profile. Whether a judge job then works is disputed: a warning."""
    model_id, region = str(subject.value("judge")), subject.region
    types = inference_types(subject.aws, model_id, region)
    if "ON_DEMAND" in types:
        yield passed(f"{model_id} can be called on demand.", inference_types=types)
        return
    if not types:
        yield skipped(f"Bedrock does not say how {model_id} can be called.", inference_types=types)
        return
    profiles = profiles_of(subject.aws, model_id, region)
    if not profiles:
        yield failed(
            f"{model_id} can be called neither on demand nor through an inference profile in {region}.",
            lines("Choose another judge:", "evaluate.py revise judge"),
            inference_types=types,
        )
        return
    ids = ", ".join(profile for profile, _ in profiles)
    yield warned(
        f"{model_id} can be called only through an inference profile ({ids}). AWS documents this for judge jobs, but "
        "the SDK takes only ids from the judge list; requests may go to other regions of the geography.",
        lines(
            "The role needs bedrock:InvokeModel on the profile too; preflight --policy has the statement:",
            "evaluate.py preflight --policy",
            "Or choose a judge that can be called on demand:",
            "evaluate.py revise judge",
        ),
        inference_types=types,
        profiles=ids,
    )
