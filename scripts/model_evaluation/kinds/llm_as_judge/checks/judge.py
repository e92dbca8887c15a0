"""Access to the judge, and how it can be called."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.kinds.llm_as_judge.lookups.access import inference_types, judge_availability, profiles_of
from model_evaluation.kinds.llm_as_judge.lookups.judges import list_judges
from model_evaluation.preflight.checks.answers import again
from model_evaluation.preflight.fixes import command
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject


def judge(subject: Subject) -> Iterator[Result]:
    """Listed and in service. The other candidates are looked up only when this one will not do."""
    judge, region = str(subject.value("judge")), subject.region
    candidates = list_judges(subject.aws, region, subject.context.now, only=judge)
    if candidates.verified and [item for item in candidates.judges if item.usable and not item.end_of_life]:
        yield passed(f"{judge} is on the list of judges of {region} and in service.", verified=True)
        return
    for result in again("judge")(subject):
        if result.status == "pass" and not result.evidence.get("verified"):
            result = result._replace(status="skip", message=f"Whether {judge} can be the judge is not known.")
        yield result


def access(subject: Subject) -> Iterator[Result]:
    """Whether the account was given access; without it the scoring step fails."""
    model_id, region = str(subject.value("judge")), subject.region
    availability = judge_availability(subject.aws, model_id, region)
    evidence = availability._asdict()
    texts = {
        f"it is {availability.in_region} in {region}": availability.in_region,
        f"the account is {availability.authorization} to call it": availability.authorization,
        f"the entitlement is {availability.entitlement}": availability.entitlement,
        f"the agreement with its provider is {availability.agreement}": availability.agreement,
    }
    wrong = [text for text, state in texts.items() if state not in ("", "AVAILABLE", "AUTHORIZED")]
    if wrong:
        yield failed(
            f"This account cannot use {model_id}: {', '.join(wrong)}. Scoring would fail about 25 minutes in.",
            f"Request access in the Bedrock console of {region} (Model access), or take the offered agreement:",
            command("bedrock", "list-foundation-model-agreement-offers", model_id=model_id, region=region),
            "Or choose another judge:",
            "evaluate.py revise judge",
            evidence=evidence,
        )
    elif not any(evidence.values()):
        yield skipped(f"Bedrock does not say whether this account may use {model_id}.", evidence=evidence)
    else:
        yield passed(f"This account may use {model_id} in {region}.", evidence=evidence)


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
            "Choose another judge:",
            "evaluate.py revise judge",
            inference_types=types,
        )
        return
    ids, first = ", ".join(profile.id for profile in profiles), profiles[0]
    regions = ", ".join(dict.fromkeys(model.split(":")[3] or "any region" for model in first.models))
    yield warned(
        f"{model_id} can be called only through an inference profile ({ids}). AWS documents this for judge jobs, but "
        f"the SDK takes only ids from the judge list; with {first.id} requests may go to {regions}.",
        "The role needs the model in each of these regions and the profile; preflight --policy has the statements:",
        "evaluate.py preflight --policy",
        "Or choose a judge that can be called on demand:",
        "evaluate.py revise judge",
        inference_types=types,
        profiles=ids,
    )
