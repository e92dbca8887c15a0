"""dataset: where the evaluation rows are, and what the whole file looks like."""

from __future__ import annotations

import os
import re
import shlex
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step, finding
from model_evaluation.errors import EvaluationError, NotFound, Refused
from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.lookups.arns import Arn, a_kind_of, kind_of, parse_arn
from model_evaluation.runtime.s3_uri import S3Uri, is_shard_set, shard_names, whole_set

if TYPE_CHECKING:
    from model_evaluation.lookups.s3.objects import S3Object
    from model_evaluation.lookups.session import Aws


START_BYTES = 65_536
# What the console of S3 copies as an object's URL.
OBJECT_URL = re.compile(r"https://(?P<bucket>[a-z0-9.-]+?)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com/(?P<key>[^?#]+)")
# What is to be converted, or made anew, before it is uploaded; the `data` step offers what helps against other faults.
NO_JSON = frozenset({"csv", "gzip", "zip", "excel", "parquet", "compressed", "binary", "empty_file"})


def check(text: str, context: Context) -> Answer:
    from model_evaluation.lookups.s3.dataset_files import joined_etag, refuse_folder
    from model_evaluation.lookups.s3.objects import parse_s3_uri

    arn = parse_arn(text)
    if arn is None and not text.startswith("s3://"):
        raise _not_in_s3(text)
    aws = context.aws
    if arn is not None:
        value, uri = from_registry(aws, arn)
    else:
        value, uri = text, parse_s3_uri(text)
    refuse_folder(aws, uri)
    files, other_keys = _look_at(aws, context, uri)
    facts: JsonObject = {
        "uri": str(uri),
        "bucket": uri.bucket,
        "key": uri.key,
        "size": sum(item.size for item in files),
        "etag": joined_etag(files),
        "region": aws.region,
    }
    if is_shard_set(uri.key):
        facts["files"] = len(files)
    elif files[0].version_id:
        facts["version_id"] = files[0].version_id
    return Answer(value, facts=facts, findings=_findings(uri, facts, f" (through {value})" if arn else "", other_keys))


def _look_at(aws: Aws, context: Context, uri: S3Uri) -> tuple[list[S3Object], list[str]]:
    """The dataset's objects, and further keys that the service would read with them. Raises for anything else."""
    from model_evaluation.lookups.s3.dataset_files import explained, files_of, nothing_there, part_missing
    from model_evaluation.lookups.s3.objects import bucket_region, head_object, list_some, read_start
    from model_evaluation.lookups.session import outcome, together

    def start_of(one: S3Uri) -> bytes:
        with explained(one):
            return read_start(aws, one, START_BYTES)

    uris = files_of(uri)
    region, below, heads, starts = together(
        outcome(lambda: bucket_region(aws, uri.bucket)),
        outcome(lambda: list_some(aws, uri._replace(key=uri.key.partition("*")[0]))),
        lambda: together(*[outcome(partial(head_object, aws, one)) for one in uris]),
        lambda: together(*[outcome(partial(start_of, one)) for one in uris]),
    )
    _refuse_other_region(aws, context, uri, region)
    missing = [one for one, head in zip(uris, heads, strict=True) if isinstance(head, NotFound)]
    if missing:
        raise part_missing(aws, uri, uris, missing) if len(uris) > 1 else nothing_there(aws, uri)
    files = []
    for one, head, start in zip(uris, heads, starts, strict=True):
        if isinstance(head, EvaluationError):
            with explained(one):
                raise head
        if head.size == 0:
            raise Refused(
                f"{one} is empty (0 bytes).",
                fix="Upload the evaluation rows, one JSON object per line.",
                code="empty_object",
            )
        if isinstance(start, EvaluationError):
            raise start
        _refuse_other_kinds(aws, head, start)
        files.append(head)
    keys = {one.key for one in uris}
    beside = [] if isinstance(below, EvaluationError) else [key for key, _ in below]
    return files, [key for key in beside if key not in keys and key.startswith(tuple(keys))]


def _findings(uri: S3Uri, facts: Facts, where: str, other_keys: list[str]) -> list[JsonObject]:
    count = facts.get("files", 1)
    several = f"{count} files, " if "files" in facts else ""
    jobs = f" They are evaluated one after another, by {count} jobs." if count > 1 else ""
    text = f"{uri}{where}: {several}{facts['size']:,} bytes, bucket in {facts['region']}.{jobs}"
    findings = [finding("found", text)]
    belongs_to = whole_set(uri.key)
    if belongs_to and len(shard_names(belongs_to)) > 1:
        every = str(uri._replace(key=belongs_to))
        message = (
            f"By its name this is one file of several: the others would not be evaluated ({every} is all of them)."
        )
        fix = f"To evaluate all of them: evaluate.py answer dataset {shlex.quote(every)}"
        findings.append(finding("one_of_several", message, level="warning", fix=fix))
    if other_keys:
        names = ", ".join(other_keys[:3]) + (", ..." if len(other_keys) > 3 else "")
        message = (
            f"SageMaker takes an S3 URI as the beginning of keys, so it may read these objects as rows, too: {names}."
        )
        fix = "Copy the dataset to a folder where no other key begins with its name, and answer with that URI."
        findings.append(finding("same_beginning", message, level="warning", fix=fix))
    return findings


def from_registry(aws: Aws, arn: Arn) -> tuple[str, S3Uri]:
    """The ARN of a registered dataset with its version, and where its rows are. Raises Refused for another ARN."""
    from model_evaluation.lookups.identity import who_am_i
    from model_evaluation.lookups.sagemaker.hub import resolve_dataset

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
        return resolve_dataset(aws, arn)
    except NotFound as error:
        raise Refused(
            f"No such registry dataset: {arn.text}", fix="Check hub, name and version.", code="not_found"
        ) from error


def _not_in_s3(text: str) -> Refused:
    path = os.path.abspath(os.path.expanduser(text))
    files = shard_names(path)
    if all(os.path.isfile(file) for file in files):
        if not any(os.path.getsize(file) for file in files):
            return Refused(f"{path} is empty (0 bytes).", fix="Give the file that holds the rows.", code="empty_file")
        quoted, name = shlex.quote(path), shlex.quote(os.path.basename(path))
        upload = f"aws s3 cp {quoted} s3://BUCKET/evaluation/{name}"
        what = f"{path} is a file on this machine"
        if len(files) > 1:
            upload = f"evaluate.py dataset upload {quoted} s3://BUCKET/evaluation/ --yes"
            what = f"{path} are {len(files)} files on this machine"
        message = f"{what}; the evaluation reads from S3. Nothing was uploaded."
        fix = (
            f"If the user agrees, upload it: {upload} - then answer with that URI. "
            f"To check it first: evaluate.py dataset check {quoted}"
        )
        if command := _conversion(files):
            message = f"{what}, and is not JSON Lines; the evaluation reads JSON Lines from S3. Nothing was uploaded."
            fix = f"Convert it, which also checks it and says how to upload what it writes: {command}"
        return Refused(message, fix=fix, code="local_file")
    if os.path.isdir(path):
        return Refused(
            f"{path} is a folder on this machine; the S3 URI of one JSONL file is expected.",
            fix=f"Check the file that is meant: evaluate.py dataset check {shlex.quote(path)}/FILE",
            code="not_one_object",
        )
    if page := OBJECT_URL.fullmatch(text):
        uri = S3Uri(page["bucket"], unquote(page["key"]))
        return Refused(
            f"{text[:200]!r} is the object's web address; its S3 URI is expected.",
            fix=f"evaluate.py answer dataset {shlex.quote(str(uri))}",
        )
    return Refused(
        f"{text[:200]!r} is neither an S3 URI nor a DataSet ARN.",
        fix="Give the full S3 URI of one JSONL file, like s3://my-bucket/evaluation/rows.jsonl. "
        "To look around: aws s3 ls",
    )


def _conversion(paths: list[str]) -> str:
    """The command that makes JSON Lines of a local file; empty when it is that already, or cannot be."""
    from pathlib import Path

    from model_evaluation.dataset import check_stream, convert_command, read_chunks, useful_operations

    try:
        report = check_stream(read_chunks(Path(paths[0])), source=paths[0], max_rows=1)
    except OSError:
        return ""
    readable = report.profile.rows > 0
    return (
        ""
        if len(paths) > 1 or readable or not useful_operations(report)
        else convert_command(paths[0], report.renaming)
    )


def _refuse_other_region(aws: Aws, context: Context, uri: S3Uri, region: str | EvaluationError) -> None:
    session = aws.region
    if isinstance(region, NotFound):
        raise Refused(
            f"There is no bucket {uri.bucket}.", fix="Check the name: aws s3 ls", code="not_found"
        ) from region
    if isinstance(region, EvaluationError):
        raise region
    model_region = context.facts("model").get("region")
    home = model_region or session
    if region != home:
        because = "the fine-tuned model is" if model_region else "this session works"
        raise Refused(
            f"The bucket {uri.bucket} is in {region}, but {because} in {home}. An evaluation needs one region.",
            fix=f"Copy the file to a bucket in {home}: aws s3 cp {shlex.quote(str(uri))} "
            f"{shlex.quote(f's3://BUCKET-IN-{home}/{uri.key}')}"
            + ("" if model_region else f" - or, if the model is in {region}: export AWS_REGION={region}"),
            code="other_region",
        )


def _refuse_other_kinds(aws: Aws, item: S3Object, start: bytes) -> None:
    """Refuse a file whose first bytes show that it is not JSON text at all. The `data` step reads it whole."""
    from model_evaluation.dataset import check_stream, convert_command, useful_operations
    from model_evaluation.dataset.rows.file_types import whole_file_fault
    from model_evaluation.lookups.s3.dataset_files import read_object

    fault = whole_file_fault(start, len(start) >= item.size)
    if fault is None or fault.kind not in NO_JSON:
        return
    report = check_stream(read_object(aws, item), source=str(item.uri))  # a table is read for its columns
    fix = f"{report.findings[0].fix.rstrip('.')}. Then upload it and answer with its URI."
    if useful_operations(report):
        command = convert_command(report.source, report.renaming)
        fix = f"{report.findings[0].fix} The command, which also says how to upload what it writes: {command}"
    raise Refused(
        f"{item.uri}: {report.findings[0].message}",
        fix=fix,
        code="dataset_unusable",
        details={"findings": [problem.as_json() for problem in report.findings]},
    )


STEP = Step(
    "dataset",
    title="Evaluation dataset",
    question="Where is the evaluation dataset stored?",
    expects="the S3 URI of one JSONL file (of a set: .../rows-*-of-003.jsonl), or the ARN of an AI Registry DataSet",
    example="s3://my-bucket/evaluation/rows.jsonl",
    reference="references/datasets.md",
    check=check,
)
