"""model: the fine-tuned model, as one model package version."""

from __future__ import annotations

from itertools import takewhile

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step, finding
from model_evaluation.errors import AccessDenied, Choose, NotFound, Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.fitting import ModelTraits, kinds_for
from model_evaluation.lookups.arns import Arn, a_kind_of, kind_of, parse_arn
from model_evaluation.lookups.identity import who_am_i
from model_evaluation.lookups.sagemaker.hub import describe_base_model
from model_evaluation.lookups.sagemaker.models import (
    ModelPackage,
    describe_package,
    describe_training_job,
    group_arn,
    list_versions,
    search_groups,
    training_job_or_none,
)
from model_evaluation.lookups.session import Aws, together

EXPECTED = (
    "a model package ARN (arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/VERSION), a model package group "
    "(GROUP or GROUP/VERSION), a training job, or a keyword from its name"
)


def check(text: str, context: Context) -> Answer:
    package, findings = find_usable_package(context.aws, text)
    return _answer(context, package, findings)


def find_package(aws: Aws, text: str) -> tuple[ModelPackage, list[JsonObject]]:
    """The model package that an ARN, a group, GROUP/VERSION, a training job or a keyword leads to, and what was found
    on the way. Raises Refused, and Choose where several are meant."""
    arn = parse_arn(text)
    if arn is None and text.startswith("arn:"):
        raise Refused(f"{text[:200]!r} is not a complete ARN.", fix=f"Expected: {EXPECTED}.", code="bad_arn")
    if text.startswith("s3://"):
        raise Refused(
            f"{text[:200]} is a place in S3, not a model package.", fix=f"Expected: {EXPECTED}.", code="wrong_kind"
        )
    return _from_arn(aws, arn) if arn else _from_name(aws, text)


def find_usable_package(aws: Aws, text: str, step_id: str = "model") -> tuple[ModelPackage, list[JsonObject]]:
    """The same, as an answer to a step; raises Refused also for a version that is not completed."""
    package, findings = find_package(aws, text)
    if not package.usable:
        raise Refused(
            f"Model package {package.arn} is {package.status}, not Completed.",
            fix=f"Choose another version: evaluate.py answer {step_id} {package.group}",
            code="not_usable",
        )
    return package, findings


def _from_arn(aws: Aws, arn: Arn) -> tuple[ModelPackage, list[JsonObject]]:
    kind = kind_of(arn)
    if kind not in ("model package", "model package group", "training job"):
        raise Refused(
            f"That is the ARN of {a_kind_of(arn)}, not of a model package: {arn.text}",
            fix=f"Expected: {EXPECTED}.",
            code="wrong_kind",
        )
    require_region(aws, arn)
    # Of two troubles the account's is raised, which explains the other.
    _, resolved = together(lambda: require_account(aws, arn), lambda: _resolve(aws, arn, kind))
    return resolved


def _resolve(aws: Aws, arn: Arn, kind: str) -> tuple[ModelPackage, list[JsonObject]]:
    name = arn.resource.partition("/")[2]
    if kind == "training job":
        return _from_training_job(aws, name)
    if kind == "model package group":
        return _newest(aws, name)
    group, _, version = name.partition("/")
    if not version:
        return _newest(aws, group)
    if not version.isdigit():
        raise Refused(
            f"The version in {arn.text} is {version!r}, expected a number.",
            fix=f"Leave it out to take the newest: evaluate.py answer model {group}",
            code="bad_arn",
        )
    try:
        return describe_package(aws, arn.text), []
    except NotFound as error:
        raise Refused(
            f"There is no model package {arn.text}.",
            fix=f"List the versions: aws sagemaker list-model-packages --model-package-group-name {group} "
            f"--region {arn.region} - or answer with a keyword to search.",
            code="not_found",
        ) from error


def require_region(aws: Aws, arn: Arn) -> None:
    """Raise Refused when a model is in another region than the session."""
    if arn.region != aws.region:
        raise Refused(
            f"The ARN is of region {arn.region}; this session works in {aws.region}.",
            fix=f"If the model is the right one, work in its region: export AWS_REGION={arn.region}",
            code="other_region",
        )


def require_account(aws: Aws, arn: Arn) -> None:
    """Raise Refused when it is another account's."""
    account = who_am_i(aws).account
    if arn.account != account:
        raise Refused(
            f"The ARN is of account {arn.account}; these credentials are of account {account}.",
            fix=f"Use credentials of account {arn.account}: aws sts get-caller-identity shows the current ones.",
            code="other_account",
        )


def _from_name(aws: Aws, text: str) -> tuple[ModelPackage, list[JsonObject]]:
    """A group's name (with a version or without), a training job's name, or a keyword."""
    name, slash, version = text.partition("/")
    versioned = bool(slash) and version.isascii() and version.isdigit()
    group, job, groups = together(
        lambda: group_arn(aws, name if versioned else text),
        lambda: training_job_or_none(aws, text),
        lambda: search_groups(aws, text),
    )
    if group and versioned:
        arn = parse_arn(f"{group.replace(':model-package-group/', ':model-package/')}/{int(version)}")
        assert arn is not None
        return _resolve(aws, arn, "model package")
    if group:
        return _newest(aws, text)
    if job is not None:
        return _from_training_job(aws, text)
    if not groups:
        raise Refused(
            f"No model package group or training job in {aws.region} is named {text[:100]!r}, "
            "and no group has it in its name.",
            fix="Try a shorter keyword from the model's or training job's name, or list all groups: "
            f"aws sagemaker list-model-package-groups --region {aws.region}",
            code="not_found",
        )
    raise Choose(
        f"{len(groups)} model package group{'s have' if len(groups) > 1 else ' has'} {text!r} in the name.",
        fix="Say which one is meant, by its name.",
        choices=[{"value": name, "label": name, "note": f"created {day}"} for name, day in groups],
    )


def _from_training_job(aws: Aws, name: str) -> tuple[ModelPackage, list[JsonObject]]:
    try:
        job = describe_training_job(aws, name)
    except NotFound as error:
        raise Refused(
            f"There is no training job {name} in {aws.region}.",
            fix=f"List them: aws sagemaker list-training-jobs --region {aws.region} --name-contains KEYWORD",
            code="not_found",
        ) from error
    if job.model_package_arn is None:
        why = "it has not completed" if job.status != "Completed" else "it was not started with a model package group"
        raise Refused(
            f"Training job {name} ({job.status}) registered no model package: {why}.",
            fix="Wait for it to complete, or give the model package of another fine-tuning job.",
            code="no_model_package",
        )
    notes = [finding("training_job", f"Training job {name} ({job.status}) registered {job.model_package_arn}.")]
    if job.training_data:
        note = f"It was trained on {job.training_data[0]}. Evaluation rows that are in there would flatter the model."
        notes.append(
            finding("training_data", note, fix="To know how many, once `data` is answered: evaluate.py dataset overlap")
        )
    return describe_package(aws, job.model_package_arn), notes


def _newest(aws: Aws, group: str) -> tuple[ModelPackage, list[JsonObject]]:
    """The newest usable version of a group, saying which were passed over and why."""
    try:
        versions = list_versions(aws, group)
    except NotFound as error:
        raise Refused(
            f"There is no model package group {group} in {aws.region}.",
            fix="Answer with a keyword from its name to search.",
            code="not_found",
        ) from error
    newer = list(takewhile(lambda version: version.status != "Completed", versions))
    passed_over = "; ".join(f"version {version.version} is {version.status}" for version in newer[:5])
    if len(newer) == len(versions):
        raise Refused(
            f"Model package group {group} has no usable version{f': {passed_over}' if versions else '; it is empty'}.",
            fix="Finish or repeat the fine-tuning job that registers into this group, or choose another group.",
            code="no_usable_version",
        )
    newest = versions[len(newer)]
    why = f" Passed over: {passed_over}." if newer else ""
    note = finding(
        "resolved",
        f"Version {newest.version} is the newest usable one of {len(versions)} in {group} "
        f"(created {newest.created}, approval: {newest.approval or 'none'}).{why}",
    )
    return describe_package(aws, newest.arn), [note]


def _answer(context: Context, package: ModelPackage, findings: list[JsonObject]) -> Answer:
    arn = parse_arn(package.arn)
    region = arn.region if arn else context.aws.region
    _refuse_other_kind(context, package)
    if package.base_model is None:
        raise Refused(
            f"Model package {package.arn} does not say which base model it was fine-tuned from. "
            "SageMaker's serverless evaluation supports only models fine-tuned with SageMaker model customization.",
            fix="Choose the model package that the fine-tuning job registered (its name or ARN leads there).",
            code="no_base_model",
        )
    bucket_region = context.facts("dataset").get("region")
    if bucket_region and bucket_region != region:
        raise Refused(
            f"The model is in {region}, the dataset {context.value('dataset')} in {bucket_region}.",
            fix=f"Copy the dataset to a bucket in {region} and answer it again, or choose a model in {bucket_region}.",
            code="other_region",
        )
    findings = [*findings, _base_model(context.aws, package, region)]
    if package.approval == "Rejected":
        findings.append(
            finding("rejected", f"Version {package.version} was rejected in the model registry.", level="warning")
        )
    facts = {
        "group": package.group,
        "version": package.version,
        "status": package.status,
        "approval": package.approval,
        "created": package.created,
        "region": region,
        "account": arn.account if arn else "",
        "base_model": package.base_model,
        "base_model_version": package.base_model_version,
        "base_model_id": package.base_model,
        "model_data": package.model_data,
    }
    return Answer(package.arn, facts={key: value for key, value in facts.items() if value}, findings=findings)


def _refuse_other_kind(context: Context, package: ModelPackage) -> None:
    """Raise when the model is plainly one that another kind of evaluation is for."""
    containers = package.specification.get("Containers") or []
    images = tuple(str(container.get("Image", "")) for container in containers)
    fitting = kinds_for(ModelTraits(package.base_model or "", images))
    if not fitting or context.kind.id in [kind.id for kind in fitting]:
        return
    names = " or ".join(f"{kind.id} ({kind.when})" for kind in fitting)
    raise Choose(
        f"{package.arn} is a model for another kind of evaluation: {names}.",
        fix=f"Ask the user; on a yes: evaluate.py answer evaluation {fitting[0].id}",
        choices=[{"value": kind.id, "label": kind.title, "note": kind.when} for kind in fitting],
        code="other_kind",
    )


def _base_model(aws: Aws, package: ModelPackage, region: str) -> JsonObject:
    """Whether the base model is still in the public hub."""
    name, version = str(package.base_model), package.base_model_version
    label = f"{name} {version or ''}".strip()
    note, level = f"Fine-tuned from {label}.", "info"
    try:
        describe_base_model(aws, name, version, region)
    except NotFound:
        note = f"Its base model {label} is not in the public hub of {region}: the evaluation would not start."
        level = "warning"
    except AccessDenied as error:
        note, level = f"Its base model is {label}; whether it is available is unknown: {error.message}", "warning"
    return finding("base_model", note, level=level)


STEP = Step(
    "model",
    title="Fine-tuned model",
    question="Which fine-tuned model should be evaluated?",
    expects="a model package ARN, its group, GROUP/VERSION, the training job that made it, or a keyword from a name",
    example="arn:aws:sagemaker:us-west-2:111122223333:model-package/ticket-assistant/3",
    reference="references/model-packages.md",
    check=check,
)
