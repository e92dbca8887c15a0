"""SageMaker models, endpoints and batch transform as local AWS plays them."""

from __future__ import annotations

import csv
import io
import re

from botocore.exceptions import ClientError

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.jobs.job import Job, ResultFile
from model_evaluation.localaws.operations import JobFailure, Operations, Record, Request, Resource, ServiceError
from model_evaluation.localaws.services.models import PACKAGES
from model_evaluation.runtime.s3_uri import S3Uri

from .containers import Refusal, answer
from .estimators import Trained, read_artefact

OPERATIONS = Operations()
MODELS = Resource(
    "Model", key="ModelName", prefix="model", summaries="Models",
    absent=("ValidationException", 'Could not find model "{arn}".'),
)  # fmt: skip
ENDPOINTS = Resource(
    "Endpoint", key="EndpointName", prefix="endpoint", summaries="Endpoints",
    filters={"StatusEquals": "EndpointStatus"}, absent=("ValidationException", 'Could not find endpoint "{arn}".'),
)  # fmt: skip
CONFIGS = Resource(
    "EndpointConfig", key="EndpointConfigName", prefix="endpoint-config", summaries="EndpointConfigs",
    absent=("ValidationException", 'Could not find endpoint configuration "{arn}".'),
)  # fmt: skip


def record_of(resource: Resource, cloud: Cloud, region: str, name: str) -> Record | None:
    """What one of these is, by its name."""
    return resource.table(cloud, region).get(resource.arn(cloud, region, name))


for _resource in (MODELS, ENDPOINTS, CONFIGS):
    OPERATIONS.plays("sagemaker", f"Describe{_resource.word}")(_resource.describe)
    OPERATIONS.plays("sagemaker", f"List{_resource.word}s")(_resource.list_all)


@OPERATIONS.plays("sagemaker", "CreateModel")
def create_model(cloud: Cloud, request: Request) -> Record:
    arn = MODELS.arn(cloud, request.region, request.params["ModelName"])
    table = MODELS.table(cloud, request.region)
    if arn in table:
        raise ServiceError("ValidationException", f"Cannot create already existing model {arn!r}.")
    table[arn] = {**request.params, "ModelArn": arn, "CreationTime": cloud.now()}
    return {"ModelArn": arn}


@OPERATIONS.plays("sagemaker", "CreateTransformJob")
def refuse_unknown_models(cloud: Cloud, request: Request) -> None:
    """An account without any model of this kind is another kind's."""
    name = request.params["ModelName"]
    if MODELS.table(cloud, request.region) and record_of(MODELS, cloud, request.region, name) is None:
        raise ServiceError("ValidationException", f'Could not find model "{name}".')
    output = request.params["TransformOutput"].get("Accept", "")
    joined = request.params.get("DataProcessing", {}).get("JoinSource") == "Input"
    if joined and output != request.params["TransformInput"].get("ContentType", ""):
        raise ServiceError(
            "ValidationException", "To join the output with the input, ContentType and Accept must match."
        )


@OPERATIONS.plays("sagemaker-runtime", "InvokeEndpoint")
def invoke_endpoint(cloud: Cloud, request: Request) -> Record | None:
    """What the endpoint's model says; another kind's endpoints are left to it."""
    name = request.params["EndpointName"]
    record = record_of(ENDPOINTS, cloud, request.region, name)
    if record is None:
        if not ENDPOINTS.table(cloud, request.region):
            return None
        raise ServiceError("ValidationError", f"Endpoint {name} of account {cloud.account} not found.")
    if record["EndpointStatus"] != "InService":
        raise ServiceError("ValidationError", f"Endpoint {name} is in status {record['EndpointStatus']}.")
    config = record_of(CONFIGS, cloud, request.region, record["EndpointConfigName"])
    assert config is not None
    variant = config["ProductionVariants"][0]
    image, model = load(cloud, request.region, variant["ModelName"])
    try:
        text, content_type = answer(image, model, request.params["Body"], request.params.get("Accept", ""), batch=False)
    except Refusal as refusal:
        raise ServiceError(
            "ModelError",
            f'Received client error ({refusal.status}) from primary with message "{refusal.text}". See '
            f"https://console.aws.amazon.com/cloudwatch for more information.",
            status=424,
        ) from refusal
    return {"Body": text.encode(), "ContentType": content_type, "InvokedProductionVariant": variant["VariantName"]}


def container_of(cloud: Cloud, region: str, name: str) -> Record:
    """A model's container; that of its package where it names one."""
    record = record_of(MODELS, cloud, region, name)
    assert record is not None
    container: Record = (record.get("Containers") or [record.get("PrimaryContainer")])[-1]
    if package := container.get("ModelPackageName"):
        described = PACKAGES.table(cloud, region).get(package)
        assert described is not None
        inner: Record = described["InferenceSpecification"]["Containers"][0]
        return inner
    return container


def load(cloud: Cloud, region: str, name: str) -> tuple[str, Trained]:
    """The image and the estimator of a model. Raises :class:`JobFailure` when there is no artefact that it can load."""
    container = container_of(cloud, region, name)
    uri = str(container.get("ModelDataUrl", ""))
    try:
        bucket, key = S3Uri.parse(uri)
        body = cloud.own_client("s3", region).get_object(Bucket=bucket, Key=key)["Body"].read()
        return str(container.get("Image", "")), read_artefact(body)
    except (ClientError, ValueError) as error:
        raise JobFailure(f"AlgorithmError: the model at {uri!r} cannot be loaded: {error}") from error


# -- batch transform -----------------------------------------------------------------------------------------


def is_known(job: Job) -> bool:
    """Whether a transform job is of this kind's models."""
    return record_of(MODELS, job.cloud, job.region, job.arguments["ModelName"]) is not None


def transform(job: Job) -> None:
    """Predicts every object below the input's prefix. A record that the container refuses leaves its file without an
    answer; the other files are answered, and the job fails."""
    image, model = load(job.cloud, job.region, job.arguments["ModelName"])
    source = job.arguments["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    bucket, prefix = S3Uri.parse(source)
    listing = job.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    if not listing:
        raise JobFailure(f'ClientError: No S3 objects found under S3 URL "{source}" given in input data source.')
    refusals, files = [], []
    for item in listing:
        name = item["Key"].rsplit("/", 1)[-1]
        body = job.s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        try:
            files.append(ResultFile(f"{name}.out", _answered(job, image, model, body.decode()).encode()))
        except Refusal as refusal:
            refusals.append(f"{name}: Bad HTTP status received from algorithm: {refusal.status}. {refusal.text}")
    job.write(files, job.arguments["TransformOutput"]["S3OutputPath"])
    if refusals:
        raise JobFailure(f"ClientError: See job logs for more information. {refusals[0]}")


def _answered(job: Job, image: str, model: Trained, text: str) -> str:
    """The output file for one input file."""
    processing, output = job.arguments.get("DataProcessing", {}), job.arguments["TransformOutput"]
    lines = text.splitlines()
    sent = [_filtered(line, processing.get("InputFilter", "$")) for line in lines]
    accept = output.get("Accept", "")
    if job.arguments.get("BatchStrategy") == "SingleRecord":
        answers = [answer(image, model, line.encode(), accept, batch=True)[0].rstrip("\n") for line in sent]
    else:
        body = answer(image, model, "\n".join(sent).encode(), accept, batch=True)[0]
        answers = body.splitlines() if body.endswith("\n") or "\n" in body else [body]
    if processing.get("JoinSource") != "Input":
        return "\n".join(answers) + "\n"
    if len(answers) != len(lines):
        raise Refusal(200, f"Fail to join data: {len(lines)} records of input and {len(answers)} of output.")
    joined = [f"{line},{own}" for line, own in zip(lines, answers, strict=True)]
    return "\n".join(_filtered(line, processing.get("OutputFilter", "$")) for line in joined) + "\n"


def _filtered(line: str, path: str) -> str:
    """A CSV row's columns that a JSONPath of the documented forms names: ``$``, ``$[1:]``, ``$[0,-1]``."""
    if path == "$":
        return line
    cells = next(csv.reader([line]))
    if match := re.fullmatch(r"\$\[(\d+):\]", path):
        cells = cells[int(match[1]) :]
    elif match := re.fullmatch(r"\$\[(-?\d+(?:,\s*-?\d+)*)\]", path):
        cells = [cells[int(number)] for number in match[1].split(",")]
    else:
        raise JobFailure(f"ClientError: Invalid JSONPath {path!r}.")
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
