"""Every check before a judge evaluation: the metrics, the data, the judge, its quotas; and the shared ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from model_evaluation.dataset.tokens import context_tokens
from model_evaluation.errors import Refused
from model_evaluation.kinds.llm_as_judge.cost import estimate_minutes, estimate_tokens, minutes_at, work_of
from model_evaluation.kinds.llm_as_judge.dataset_terms import is_nova, reference_findings
from model_evaluation.kinds.llm_as_judge.kind import LlmAsJudge
from model_evaluation.kinds.llm_as_judge.lookups import inference_types, judge_availability, list_judges, profiles_of
from model_evaluation.lookups.quotas import Quota, list_quotas
from model_evaluation.naming import letters
from model_evaluation.preflight import shared_checks as shared
from model_evaluation.preflight.checks.answers import again, profile
from model_evaluation.preflight.checks.limits import increase
from model_evaluation.preflight.fixes import command
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.shared_checks import Check
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.launch.durations import in_words
from model_evaluation.steps.rows.card import overlap_notes

# Amazon Bedrock user guide: prompts per evaluation job with a judge.
ROWS_PER_JOB = 1_000
ANSWER_TOKENS = 8_192  # what a judge job lets the model write


def metrics(subject: Subject) -> Iterator[Result]:
    """Names and definitions: the SDK sends a mistyped one on, and it fails in the scoring step."""
    builtin, custom = subject.value("builtin_metrics") or [], subject.value("custom_metrics") or []
    wrong = []
    for step_id, text in (
        ("builtin_metrics", ",".join(builtin) or "none"),
        ("custom_metrics", json.dumps(custom) if custom else "none"),
    ):
        try:
            subject.context.kind.step(step_id).check(text, subject.context)
        except Refused as refusal:
            wrong.append((step_id, refusal))
    names = [*builtin, *(str(item.get("customMetricDefinition", {}).get("name")) for item in custom)]
    primary = subject.value("primary_metric")
    for step_id, error in wrong:
        yield failed(error.message, error.fix, f"evaluate.py revise {step_id}", part=step_id)
    if primary and primary not in names:
        yield failed(
            f"The primary metric {primary} is not among the chosen ones: {', '.join(names)}.",
            "Choose one of them:",
            "evaluate.py revise primary_metric",
            part="primary_metric",
        )
    elif not wrong:
        yield passed(f"{len(names)} metrics: {', '.join(names)}.", metrics=names)


def data(subject: Subject) -> Iterator[Result]:
    """The profile belongs to the dataset, and its rows fit into judge jobs, the metrics and the kind of model."""
    facts = subject.facts("data")
    rows = int(facts["profile"]["rows"])
    each = [int(count) for count in facts.get("file_rows") or [rows]]
    evidence: dict[str, object] = {"rows": rows, "limit": ROWS_PER_JOB}
    (fresh,) = profile(subject)
    if fresh.status == "fail":
        yield fresh
        return
    if max(each) > ROWS_PER_JOB:
        yield failed(
            f"The dataset has {max(each):,} rows{' in one file' if len(each) > 1 else ''}; a judge job takes "
            f"{ROWS_PER_JOB:,}.",
            "Draw a sample, or split the file:",
            f"evaluate.py answer data 'sample {ROWS_PER_JOB}'",
            evidence=evidence,
        )
    elif len(each) > 1:
        evidence["files"] = each
        yield passed(
            f"{rows:,} rows in {len(each)} files of at most {ROWS_PER_JOB:,}, a job for each.", evidence=evidence
        )
    else:
        yield passed(f"{rows:,} rows of at most {ROWS_PER_JOB:,}.", evidence=evidence)
    yield from _references(subject)
    if is_nova(subject.context) and "openai_chat" in (facts["profile"].get("formats") or {}):
        yield failed(
            "The model is an Amazon Nova one, whose jobs refuse rows with `messages`.",
            "Convert them:",
            "evaluate.py answer data 'convert sagemaker'",
            part="nova",
            formats=facts["profile"]["formats"],
        )
    yield from _lengths(subject)
    for note in overlap_notes(facts.get("overlap")):
        yield warned(note, "To leave these rows out:", "evaluate.py answer data drop-overlap", part="overlap")


def _lengths(subject: Subject) -> Iterator[Result]:
    """Whether the longest prompt leaves room for an answer, by an estimate."""
    longest = int(subject.facts("data")["profile"].get("longest_prompt_tokens", 0))
    base_model = str(subject.facts("model").get("base_model", ""))
    context = context_tokens(base_model)
    if context is not None and longest + ANSWER_TOKENS > context:
        yield warned(
            f"The longest prompt has about {longest:,} tokens. {base_model} takes {context:,} for prompt and answer "
            f"together, and an answer may have {ANSWER_TOKENS:,}: answers may be cut off or missing.",
            "Shorten the longest prompts, or leave them out; then:",
            "evaluate.py revise dataset",
            part="longest_prompt",
            tokens=longest,
            context=context,
        )


def _references(subject: Subject) -> Iterator[Result]:
    """Whether the metrics find the reference answers they use, whichever of the two was answered first."""
    try:
        findings = reference_findings(
            subject.facts("data"), subject.value("builtin_metrics"), subject.value("custom_metrics")
        )
    except Refused as error:
        yield failed(error.message, error.fix, "evaluate.py revise custom_metrics", part="references")
        return
    for item in findings:
        part, fix = "references", (str(item.get("fix")), "evaluate.py answer data drop-invalid")
        if item["kind"] != "missing_reference":
            part = "references_optional"
            fix = ("Nothing has to be done; to choose other metrics:", "evaluate.py revise builtin_metrics")
        yield warned(str(item["message"]), *fix, part=part, count=item["count"], first_lines=item["lines"])


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


BEDROCK_JOBS = re.compile(r"concurrent.*(automatic|model).*evaluation", re.IGNORECASE)
PER_MINUTE = re.compile(r"tokens per minute", re.IGNORECASE)
CROSS_REGION = re.compile(r"cross.?region|global", re.IGNORECASE)


def judge_tokens(subject: Subject) -> Iterator[Result]:
    """The judge's tokens per minute against what this evaluation needs."""
    judge, region = str(subject.value("judge")), subject.region
    name = str(subject.facts("judge").get("name") or judge)
    quotas = list_quotas(subject.aws, "bedrock", region)
    jobs = next((quota for quota in quotas if BEDROCK_JOBS.search(quota.name)), None)
    if jobs is not None and jobs.value < 1:
        yield failed(
            f"Bedrock's quota '{jobs.name}' is {jobs.value:g} in {region}: scoring cannot start.",
            "Ask for more:",
            increase(jobs, 1, region),
            part="bedrock_jobs",
            value=jobs.value,
        )
    quota = _of_model(quotas, name)
    if quota is None:
        yield skipped(
            f"Service Quotas publishes no tokens per minute for {name} in {region}; whether that is enough is unknown.",
            "See it in the console: Service Quotas, Amazon Bedrock, 'tokens per minute'.",
        )
        return
    work = work_of(subject.context)
    tokens = estimate_tokens(work)
    limits = {"quota": quota.code, "name": quota.name, "per_minute": quota.value}
    evidence: dict[str, object] = {**limits, "tokens": tokens.total}
    if quota.value <= 0:
        yield failed(
            f"The quota '{quota.name}' is {quota.value:g} in {region}: the judge cannot be called.",
            "Ask for more, or choose another judge:",
            increase(quota, 100_000, region),
            "evaluate.py revise judge",
            evidence=evidence,
        )
        return
    usual, needed = estimate_minutes(subject.context, work), minutes_at(tokens, quota.value)
    if needed[0] > usual[1]:
        yield warned(
            f"At {quota.value:,.0f} tokens per minute ('{quota.name}') scoring takes {in_words(needed)} instead of "
            f"{in_words(usual)}, and calls may be throttled.",
            "Ask for more, take fewer rows or metrics, or choose another judge:",
            increase(quota, int(quota.value * needed[1] / usual[0]) + 1, region),
            evidence=evidence,
        )
        return
    yield passed(f"{quota.value:,.0f} tokens per minute ('{quota.name}') are enough.", evidence=evidence)


def _of_model(quotas: list[Quota], name: str) -> Quota | None:
    """The on-demand quota for a model, else the one for its cross-region profile; names end in the model's name."""
    mine = [quota for quota in quotas if PER_MINUTE.search(quota.name) and letters(quota.name).endswith(letters(name))]
    return min(mine, key=lambda quota: bool(CROSS_REGION.search(quota.name)), default=None)


# What the notebook calls, by the last part of an endpoint's service name.
ENDPOINTS = ("s3", "sagemaker.api", "bedrock", "sts", "logs")

CHECKS: tuple[Check, ...] = (
    *shared.whereabouts(("data", "custom_metrics", "builtin_metrics", "scope")),
    Check("metrics", metrics, ("custom_metrics", "builtin_metrics")),
    Check("data", data, ("dataset", "data")),
    *shared.BASE_MODELS,
    Check("judge", judge, ("judge", "region")),
    Check("judge_access", access, ("judge", "region")),
    Check("judge_call", how_it_is_called, ("judge", "region")),
    *shared.access(LlmAsJudge.permission_steps),
    shared.MLFLOW,
    shared.QUOTA_JOBS,
    Check("quota_judge", judge_tokens, ("judge", "region", "data", "scope")),
    shared.RUNNING,
    *shared.surroundings(ENDPOINTS),
)
