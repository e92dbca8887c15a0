"""A kind of evaluation whose jobs stand outside pipelines: a container job, a batch transform, an endpoint."""

from __future__ import annotations

from model_evaluation.kinds.kind import Kind
from model_evaluation.localaws import KindPlayer
from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.jobs.job import Job, ResultFile
from model_evaluation.localaws.kind_player import Work
from model_evaluation.localaws.operations import JobFailure, Operations, Record, Request, ServiceError
from model_evaluation.localaws.services.prices import Product, Quota

OPERATIONS = Operations()
MODEL = "length-of-a-row"


def predictions(rows: bytes) -> bytes:
    """One number per line: how long it is."""
    return b"".join(b"%d\n" % len(line) for line in rows.splitlines())


@OPERATIONS.plays("sagemaker", "CreateTransformJob")
def refuse_unknown_models(cloud: Cloud, request: Request) -> None:
    if request.params["ModelName"] != MODEL:
        raise ServiceError("ValidationException", f"Could not find model {request.params['ModelName']}.")


@OPERATIONS.plays("sagemaker-runtime", "InvokeEndpoint")
def invoke_endpoint(cloud: Cloud, request: Request) -> Record:
    return {"Body": predictions(request.params["Body"]), "ContentType": "text/csv"}


def transform(job: Job) -> None:
    source = job.arguments["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    body = predictions(job.read(source))
    job.write([ResultFile(f"{source.rpartition('/')[2]}.out", body)], job.arguments["TransformOutput"]["S3OutputPath"])


def score(job: Job) -> None:
    if job.hyperparameters.get("task") == "impossible":
        raise JobFailure("AlgorithmError: no such task")
    job.write([ResultFile(f"{job.name}/output/scores.json", b"{}")], job.arguments["OutputDataConfig"]["S3OutputPath"])


class ToyPlayer(KindPlayer):
    operations = (OPERATIONS,)
    public_objects = {"toy/limits.json": lambda cloud: b"{}"}  # noqa: RUF012
    products = (Product("AmazonSageMaker", "ML Instance", {"instanceName": "ml.toy"}, "Hrs", 0.5),)
    quotas = (Quota("sagemaker", "L-TOY", "Number of toys", 2.0),)

    def work(self, job: Job) -> Work | None:
        if job.type.word == "TransformJob":
            return transform
        return score if "toy" in str(job.arguments.get("AlgorithmSpecification")) else None


class Toy(Kind):
    id = "toy"

    def player(self) -> KindPlayer:
        return ToyPlayer()


KIND = Toy()
