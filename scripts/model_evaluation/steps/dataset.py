"""dataset: where the evaluation rows are, and what the whole file looks like."""

from __future__ import annotations

import os

from model_evaluation.errors import AccessDenied, Choose, EvaluationError, NotFound, Refused
from model_evaluation.workflow import Answer, Step, finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from model_evaluation.context import Context
    from model_evaluation.lookups.arns import Arn
    from model_evaluation.lookups.session import Aws
    from model_evaluation.lookups.storage import S3Object, S3Uri

START_BYTES = 65_536
# What `convert` cannot make rows of; anything else is told by the `data` step, which offers what helps.
NO_JSON = frozenset({"csv", "gzip", "zip", "parquet", "compressed", "binary", "empty_file"})
GLACIER = {"GLACIER", "DEEP_ARCHIVE"}


def check(text: str, context: Context) -> Answer:
    from model_evaluation.lookups.arns import parse_arn
    from model_evaluation.lookups.session import outcome, together
    from model_evaluation.lookups.storage import bucket_region, head_object, parse_s3_uri, read_start

    arn = parse_arn(text)
    if arn is None and not text.startswith("s3://"):
        raise _not_in_s3(text)
    aws = context.aws
    if arn is not None:
        value, uri = _from_registry(aws, arn)
    else:
        value, uri = text, parse_s3_uri(text)
    _refuse_folder(aws, uri)
    region, found, start = together(
        outcome(lambda: bucket_region(aws, uri.bucket)),
        outcome(lambda: head_object(aws, uri)),
        outcome(lambda: read_start(aws, uri, START_BYTES)),
    )
    _refuse_other_region(aws, context, uri, region)
    if isinstance(found, NotFound):
        raise _nothing_there(aws, uri) from found
    if isinstance(found, AccessDenied):
        found.fix = (
            f"Ask for s3:GetObject on {uri} (and kms:Decrypt if it is encrypted with a customer key). "
            "Without s3:ListBucket, S3 also answers this way when the object does not exist: check the key."
        )
    if isinstance(found, EvaluationError):
        raise found
    item = found
    _refuse_unreadable(item)
    if isinstance(start, EvaluationError):
        raise start
    _refuse_other_kinds(item, start)
    facts: dict[str, Any] = {
        "uri": str(uri),
        "bucket": uri.bucket,
        "key": uri.key,
        "size": item.size,
        "etag": item.etag,
        "region": aws.region,
    }
    if item.version_id:
        facts["version_id"] = item.version_id
    where = f" (through {value})" if arn else ""
    found = finding("found", f"{uri}{where}: {item.size:,} bytes, bucket in {aws.region}.")
    return Answer(value, facts=facts, findings=[found])


def _from_registry(aws: Aws, arn: Arn) -> tuple[str, S3Uri]:
    from model_evaluation.lookups.arns import a_kind_of, kind_of
    from model_evaluation.lookups.identity import who_am_i
    from model_evaluation.lookups.registry import resolve_dataset

    kind = kind_of(arn)
    if kind != "AI Registry dataset":
        raise Refused(
            f"That is the ARN of {a_kind_of(arn)}, not of a dataset: {arn.text}",
            fix="Give the S3 URI of the dataset's JSONL file, or the ARN of an AI Registry DataSet "
            "(arn:aws:sagemaker:REGION:ACCOUNT:hub-content/HUB/DataSet/NAME/VERSION).",
            code="wrong_kind",
        )
    if arn.region != aws.region:
        raise Refused(
            f"The dataset is registered in {arn.region}; this session works in {aws.region}.",
            fix=f"Work in one region: export AWS_REGION={arn.region}, or register the dataset in {aws.region}.",
            code="other_region",
        )
    account = who_am_i(aws).account
    if arn.account != account:
        raise Refused(
            f"The dataset belongs to account {arn.account}; these credentials are of account {account}.",
            fix="Use credentials of the dataset's account, or register the dataset in this one.",
            code="other_account",
        )
    try:
        dataset = resolve_dataset(aws, arn)
    except NotFound as error:
        raise Refused(
            f"No such registry dataset: {arn.text}", fix="Check hub, name and version.", code="not_found"
        ) from error
    return dataset.arn, dataset.uri


def _not_in_s3(text: str) -> Refused:
    path = os.path.abspath(os.path.expanduser(text))
    if os.path.isfile(path):
        import shlex

        return Refused(
            f"{path} is a file on this machine; the evaluation reads from S3. Nothing was uploaded.",
            fix=f"If the user agrees, upload it: aws s3 cp {shlex.quote(path)} s3://BUCKET/evaluation/"
            f"{shlex.quote(os.path.basename(path))} - then answer with that URI. "
            f"To check it first: evaluate.py dataset check {shlex.quote(path)}",
            code="local_file",
        )
    return Refused(
        f"{text[:200]!r} is neither an S3 URI nor a DataSet ARN.",
        fix="Give the full S3 URI of one JSONL file, like s3://my-bucket/evaluation/rows.jsonl. "
        "To look around: aws s3 ls",
    )


def _refuse_folder(aws: Aws, uri: S3Uri) -> None:
    if uri.key and not uri.key.endswith("/"):
        return
    what = "a folder" if uri.key else "a whole bucket"
    raise _not_one_object(f"{uri} is {what}; one object is expected.", _below(aws, uri))


def _nothing_there(aws: Aws, uri: S3Uri) -> Refused:
    below = _below(aws, uri)
    if below:
        return _not_one_object(f"{uri} is no object, only the beginning of other keys.", below)
    folder = uri._replace(key=uri.key[: uri.key.rfind("/") + 1])
    beside = _below(aws, folder)
    return Choose(
        f"There is no object {uri}.{_listed(beside)}",
        fix=f"Check the key: aws s3 ls {folder}",
        choices=_choices(beside),
        code="not_found",
    )


def _not_one_object(message: str, below: list[tuple[str, int]]) -> Refused:
    return Choose(
        message + _listed(below),
        fix="Answer with the URI of the one JSONL file.",
        choices=_choices(below),
        code="not_one_object",
    )


def _below(aws: Aws, uri: S3Uri) -> list[tuple[str, int]]:
    """URIs and sizes of what lies below a prefix, the likeliest datasets first: JSONL, few folders deep."""
    from model_evaluation.lookups.storage import list_some

    found = sorted(list_some(aws, uri), key=lambda item: (not item[0].endswith(".jsonl"), item[0].count("/"), item[0]))
    return [(f"s3://{uri.bucket}/{key}", size) for key, size in found if size]


def _listed(objects: list[tuple[str, int]]) -> str:
    if not objects:
        return ""
    shown = ", ".join(f"{uri} ({size:,} bytes)" for uri, size in objects[:3])
    return f" Objects there: {shown}{', and more' if len(objects) > 3 else ''}."


def _choices(objects: list[tuple[str, int]]) -> list[dict[str, str]]:
    return [
        {"value": uri, "label": uri.rpartition("/")[2], "note": f"{size:,} bytes"}
        for uri, size in objects[:10]
        if uri.endswith(".jsonl")
    ]


def _refuse_other_region(aws: Aws, context: Context, uri: S3Uri, region: str | EvaluationError) -> None:
    session = aws.region
    if isinstance(region, NotFound):
        raise Refused(
            f"There is no bucket {uri.bucket}.", fix="Check the name: aws s3 ls", code="not_found"
        ) from region
    if isinstance(region, EvaluationError):
        raise region
    model_region = context.facts("model").get("region")
    wanted = model_region or session
    if region != wanted:
        because = "the fine-tuned model is" if model_region else "this session works"
        raise Refused(
            f"The bucket {uri.bucket} is in {region}, but {because} in {wanted}. An evaluation needs one region.",
            fix=f"Copy the file to a bucket in {wanted}: aws s3 cp {uri} s3://BUCKET-IN-{wanted}/{uri.key}"
            + ("" if model_region else f" - or, if the model is in {region}: export AWS_REGION={region}"),
            code="other_region",
        )


def _refuse_unreadable(item: S3Object) -> None:
    if item.size == 0:
        raise Refused(
            f"{item.uri} is empty (0 bytes).",
            fix="Upload the evaluation rows, one JSON object per line.",
            code="empty_object",
        )
    if item.storage_class in GLACIER:
        raise Refused(
            f"{item.uri} is archived ({item.storage_class}) and cannot be read as it is.",
            fix=f"Restore it first: aws s3api restore-object --bucket {item.uri.bucket} --key {item.uri.key} "
            "--restore-request Days=7 - or upload a copy in the STANDARD class.",
            code="archived",
        )


def _refuse_other_kinds(item: S3Object, start: bytes) -> None:
    """Refuse a file whose first rows show that it is no text of JSON at all. The `data` step reads it whole."""
    from model_evaluation.dataset.kinds import KINDS
    from model_evaluation.dataset.sniffing import whole_file_fault

    fault = whole_file_fault(start, len(start) >= item.size)
    if fault is None or fault.kind not in NO_JSON:
        return
    kind = KINDS[fault.kind]
    raise Refused(
        f"{item.uri}: {kind.message}" + (f" ({fault.detail})" if fault.detail else ""),
        fix=f"{kind.fix.rstrip('.')}. Then upload it and answer with its URI.",
        code="dataset_unusable",
        details={"findings": [{"kind": fault.kind, "message": kind.message, "count": 1, "lines": []}]},
    )


STEP = Step(
    "dataset",
    title="Evaluation dataset",
    question="Where is the evaluation dataset stored?",
    expects="the S3 URI of one JSONL file, or the ARN of an AI Registry DataSet",
    example="s3://my-bucket/evaluation/rows.jsonl",
    reference="references/datasets.md",
    check=check,
)
