"""output: the S3 prefix for results."""

from __future__ import annotations

from dataclasses import replace

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import NotFound, Refused
from model_evaluation.lookups.iam import simulate
from model_evaluation.lookups.identity import who_am_i
from model_evaluation.naming import suggested_output


def check(text: str, context: Context) -> Answer:
    from model_evaluation.lookups.s3.objects import bucket_region, parse_s3_uri

    if not text.startswith("s3://"):
        raise Refused(
            f"{text[:200]!r} was received; the S3 URI of a prefix is expected, which looks like s3://bucket/prefix.",
            fix="For example: evaluate.py answer output s3://my-bucket/model-evaluation/tickets",
        )
    uri = parse_s3_uri(text.rstrip("/"))
    if not uri.key:
        raise Refused(
            f"{text} is a whole bucket; a prefix inside it is expected.",
            fix=f"For example: s3://{uri.bucket}/model-evaluation",
            code="no_prefix",
        )
    if "//" in uri.key or uri.key.startswith("/"):
        raise Refused(f"{text} has an empty folder name (//) in it.", fix="Use single slashes.", code="bad_prefix")
    dataset = context.facts("dataset")
    key = str(dataset.get("key", ""))
    if uri.bucket == dataset.get("bucket") and uri.key in (key.rpartition("/")[0], key):
        raise Refused(
            f"{uri} is where the dataset lies; results would mix with it.",
            fix=f"Use a prefix of its own, such as s3://{uri.bucket}/model-evaluation",
            code="dataset_prefix",
        )
    try:
        region = bucket_region(context.aws, uri.bucket)
    except NotFound as error:
        raise Refused(
            f"There is no bucket {uri.bucket}.",
            fix=f"Create it: aws s3 mb s3://{uri.bucket} --region {context.value('region')}",
            code="not_found",
        ) from error
    if region != context.value("region"):
        raise Refused(
            f"The bucket {uri.bucket} is in {region}; the evaluation runs in {context.value('region')}.",
            fix=f"Choose a bucket in {context.value('region')}.",
            code="other_region",
        )
    findings = [finding("output", f"Results go below {uri}; the bucket is in {region}. Nothing was written.")]
    role = context.facts("role").get("arn")
    if role:
        target = f"arn:{role.split(':')[1]}:s3:::{uri.bucket}/{uri.key}/*"
        simulation = simulate(context.aws, role, ("s3:PutObject",), (target,))
        if simulation.unknown:
            findings.append(finding("output_not_simulated", f"Writing could not be simulated. {simulation.unknown}"))
        elif simulation.denied:
            findings.append(
                finding(
                    "output_denied",
                    f"A policy simulation says that {role} may not write below {uri}.",
                    level="warning",
                    fix=f'Allow "s3:PutObject" on "{target}" in the role\'s policy.',
                )
            )
    return Answer(str(uri), facts={"bucket": uri.bucket, "prefix": uri.key, "region": region}, findings=findings)


def offer(context: Context) -> Offer:
    usual = _usual(context)
    try:
        check(usual, context)
    except Refused as refusal:
        text = f"The usual place, {usual}, cannot be used yet. {refusal.message} {refusal.fix}"
        return Offer(suggested=usual, text=text)
    return Offer(suggested=usual)


def _usual(context: Context) -> str:
    if context.facts("dataset").get("bucket"):
        return suggested_output(context)
    return suggested_output(context, who_am_i(context.aws).account)


def settle(context: Context) -> Answer | None:
    """The usual prefix in the dataset's bucket, where it can be used."""
    try:
        answer = check(_usual(context), context)
    except Refused:
        return None
    place = "the dataset's" if context.facts("dataset").get("bucket") else "SageMaker's own"
    return replace(answer, origin="default", facts={**answer.facts, "reason": f"in {place} bucket"})


STEP = Step(
    "output",
    title="Output",
    question="Where in S3 should the results go?",
    expects="s3://bucket/prefix in the region of the evaluation, apart from the dataset",
    example="s3://my-bucket/model-evaluation/tickets",
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
)
