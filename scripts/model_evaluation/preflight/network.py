"""Networks: kernels in a VPC need endpoints for what the notebook calls, and the run's own steps are in none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from model_evaluation.errors import EvaluationError
from model_evaluation.lookups.models import describe_training_job
from model_evaluation.lookups.networks import Domain, Way, studio_domains, way_out
from model_evaluation.lookups.session import outcome, together

from .result import Result, command, lines, passed, skipped, warned
from .subject import Subject

# What the notebook calls, by the last part of the endpoint's service name.
NEEDED = ("s3", "sagemaker.api", "bedrock", "sts", "logs")


def studio(subject: Subject) -> Iterator[Result]:
    """Only a warning: the notebook may well run elsewhere."""
    region = subject.region
    closed = [domain for domain in studio_domains(subject.aws, region) if domain.vpc_only]
    if not closed:
        yield skipped(
            f"No VPC takes part: this evaluation sets none, and no Studio domain in {region} is confined to its VPC."
        )
        return
    found = together(*[_way(subject, domain) for domain in closed])
    for domain, way in zip(closed, found, strict=True):
        if isinstance(way, EvaluationError):
            yield skipped(
                f"Which endpoints the VPC of Studio domain {domain.name} has is not known. {way.message}",
                part=domain.id,
            )
        else:
            yield _one(domain, way, region)


def steps(subject: Subject) -> Iterator[Result]:
    """The evaluation's steps run in no VPC of the account's: a model fine-tuned inside one hints at closed buckets."""
    outside = "The evaluation's own steps run in no VPC of yours (the notebook sets none)."
    if subject.value("scope") == "base":
        yield passed(outside)
        return
    maker = subject.package().made_by
    if ":training-job/" not in maker:
        yield skipped(f"{outside} Whether the model was fine-tuned inside one is not known: its package names no job.")
        return
    job = describe_training_job(subject.aws, maker.rpartition("/")[2], subject.region)
    guarded = [bucket for bucket in subject.buckets() if subject.bucket_policy(bucket)] if job.subnets else []
    if not guarded:
        inside = "inside one, but no bucket's policy could ask for it" if job.subnets else "outside, too"
        yield passed(f"{outside} The model was fine-tuned {inside}.", job=job.name)
        return
    yield warned(
        f"{outside} But the model was fine-tuned inside one ({', '.join(job.subnets)}): a bucket that answers only "
        "inside that VPC refuses the evaluation.",
        lines(
            "See that no policy asks for the VPC or its endpoint (aws:SourceVpc, aws:SourceVpce):",
            *(command("s3api", "get-bucket-policy", bucket=bucket) for bucket in guarded),
        ),
        job=job.name,
        subnets=job.subnets,
    )


def _way(subject: Subject, domain: Domain) -> Callable[[], Way | EvaluationError]:
    return outcome(lambda: way_out(subject.aws, domain, subject.region))


def _one(domain: Domain, way: Way, region: str) -> Result:
    names = {name: f"com.amazonaws.{region}.{name}" for name in NEEDED}
    missing = [name for name in NEEDED if names[name] not in way.endpoints]
    evidence = {"domain": domain.id, "vpc": domain.vpc, "endpoints": sorted(way.endpoints), "gateway": way.gateway}
    if way.gateway or not missing:
        how = "leads out through a gateway" if way.gateway else "has every endpoint the notebook needs"
        return passed(
            f"Studio domain {domain.name} is confined to {domain.vpc}, which {how}.", part=domain.id, **evidence
        )
    commands = [
        command(
            "ec2",
            "create-vpc-endpoint",
            vpc_id=domain.vpc,
            service_name=names[name],
            vpc_endpoint_type="Gateway" if name == "s3" else "Interface",
            region=region,
            **({} if name == "s3" else {"subnet_ids": domain.subnets[0] if domain.subnets else "SUBNET"}),
        )
        for name in missing
    ]
    return warned(
        f"Studio domain {domain.name} is confined to {domain.vpc}, which has no endpoint for {', '.join(missing)} and "
        "no gateway out: a notebook run there hangs on its first call.",
        lines(
            "Add the endpoints (the one for S3 must also be entered in the subnets' route tables), or run the notebook "
            "somewhere with internet:",
            *commands,
        ),
        part=domain.id,
        **evidence,
    )
