"""Networks: kernels in a VPC need endpoints for what the notebook calls, and the run's own steps are in none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from model_evaluation.errors import EvaluationError, NotFound
from model_evaluation.lookups.sagemaker.models import describe_training_job
from model_evaluation.lookups.sagemaker.studio import Domain, studio_domains, way_out
from model_evaluation.lookups.session import outcome, together
from model_evaluation.preflight.configuration import Model
from model_evaluation.preflight.fixes import command
from model_evaluation.preflight.results import Result, passed, skipped, warned
from model_evaluation.preflight.subject import Subject

from .models import of_each_model


def studio(subject: Subject, *, needed: tuple[str, ...]) -> Iterator[Result]:
    """What the notebook calls must have an endpoint in a closed VPC; ``needed`` are the last parts of the endpoints'
    service names. Only a warning: the notebook may well run elsewhere."""
    region = subject.region
    private = [domain for domain in studio_domains(subject.aws, region) if domain.vpc_only]
    if not private:
        yield passed(
            f"No Studio domain in {region} is confined to its VPC. In another closed network, the notebook needs a way "
            f"to {', '.join(needed)}."
        )
    ways = together(*[outcome(partial(way_out, subject.aws, domain, region)) for domain in private])
    for domain, way in zip(private, ways, strict=True):
        if isinstance(way, EvaluationError):
            unknown = f"Which endpoints the VPC of Studio domain {domain.name} has is not known. {way.message}"
            yield skipped(unknown, part=domain.id)
        else:
            yield _reaching(domain, *way, region, needed).about(domain.id)


def _reaching(domain: Domain, endpoints: list[str], gateway: bool, region: str, needed: tuple[str, ...]) -> Result:
    names = {name: f"com.amazonaws.{region}.{name}" for name in needed}
    missing = [name for name in needed if names[name] not in endpoints]
    evidence = {"domain": domain.id, "vpc": domain.vpc, "endpoints": endpoints, "gateway": gateway}
    if gateway or not missing:
        how = "leads out through a gateway" if gateway else "has every endpoint the notebook needs"
        return passed(f"Studio domain {domain.name} is confined to {domain.vpc}, which {how}.", evidence=evidence)
    interface = {"vpc_endpoint_type": "Interface", "subnet_ids": domain.subnets[0] if domain.subnets else "SUBNET"}
    create = partial(command, "ec2", "create-vpc-endpoint", vpc_id=domain.vpc, region=region)
    return warned(
        f"Studio domain {domain.name} is confined to {domain.vpc}, which has no endpoint for {', '.join(missing)} and "
        "no gateway out: a notebook run there hangs on its first call.",
        "Add the endpoints (the one for S3 must also be entered in the subnets' route tables), or run the notebook "
        "somewhere with internet:",
        *(
            create(service_name=names[name], **({"vpc_endpoint_type": "Gateway"} if name == "s3" else interface))
            for name in missing
        ),
        evidence=evidence,
    )


@of_each_model
def steps(subject: Subject, model: Model) -> Result:
    """The evaluation's steps run in no VPC of the account's: a model fine-tuned inside one hints at closed buckets."""
    outside = "The evaluation's own steps run in no VPC of yours (the notebook sets none)."
    if not model.package:
        return passed(outside)
    maker = subject.package(model).made_by
    unknown = f"{outside} Whether the model was fine-tuned inside one is not known"
    if ":training-job/" not in maker:
        return skipped(f"{unknown}: its package names no job.")
    try:
        job = describe_training_job(subject.aws, maker.rpartition("/")[2], subject.region)
    except NotFound:
        return skipped(f"{unknown}: its training job {maker} is not there any more.")
    guarded = [bucket for bucket in subject.buckets() if subject.bucket_policy(bucket)] if job.subnets else []
    if not guarded:
        inside = "inside one, but no bucket's policy could ask for it" if job.subnets else "outside, too"
        return passed(f"{outside} The model was fine-tuned {inside}.", job=job.name)
    return warned(
        f"{outside} But the model was fine-tuned inside one ({', '.join(job.subnets)}): a bucket that answers only "
        "inside that VPC refuses the evaluation.",
        "See that no policy asks for the VPC or its endpoint (aws:SourceVpc, aws:SourceVpce):",
        *(command("s3api", "get-bucket-policy", bucket=bucket) for bucket in guarded),
        job=job.name,
        subnets=job.subnets,
    )
