"""The demo's account: a scanner that is to find the eights among handwritten digits, in two versions, real data of
scikit-learn; beside it models of other problems and containers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from model_evaluation.kinds.predictive.runtime.tables import Codes
from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.jobs.job import TRAINING, Job
from model_evaluation.localaws.operations import DAY, Resource, timestamp
from model_evaluation.localaws.seeding import Company, Seeder, seed_company
from model_evaluation.localaws.services.models import PACKAGES

from .estimators import Trained, train
from .services import CONFIGS, ENDPOINTS, MODELS

REPOSITORIES = {
    "xgboost": "246618743249 sagemaker-xgboost:1.7-1",
    "linear-learner": "174872318107 linear-learner:1",
    "kmeans": "174872318107 kmeans:1",
    "knn": "174872318107 knn:1",
    "catboost": "763104351884 sagemaker-catboost:1.0",
    "tabtransformer": "763104351884 sagemaker-tabtransformer:1.0",
    "autogluon": "763104351884 autogluon-inference:0.6",
    "custom": "111122223333 own-model:3",
    "lightgbm": "763104351884 sagemaker-lightgbm:3.3",
    "scikit-learn": "246618743249 sagemaker-scikit-learn:1.2-1-cpu-py3",
}


def image_of(family: str, region: str) -> str:
    account, _, repository = REPOSITORIES[family].partition(" ")
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{repository}"


POSITIVE = 8


class World(Company):
    """The names of everything in a seeded account."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        super().__init__(cloud.account, region)
        self.scanner_group = "fernway-eights"
        self.scanner_arn = cloud.arn(region, f"model-package/{self.scanner_group}/2")
        self.champion_arn = cloud.arn(region, f"model-package/{self.scanner_group}/1")
        self.scanner_job = "fernway-eights-xgboost-2026-11-20"
        self.test_uri = f"s3://{self.bucket}/digits/test.csv"
        self.train_uri = f"s3://{self.bucket}/digits/train.csv"
        self.wine_test_uri = f"s3://{self.bucket}/wine/test.csv"
        self.diabetes_test_uri = f"s3://{self.bucket}/diabetes/test.csv"
        self.wine_model = "fernway-wine"
        self.diabetes_model = "fernway-diabetes"
        self.wine_clusters = "fernway-wine-clusters"
        self.endpoint = "fernway-eights-live"
        self.endpoint_down = "fernway-eights-next"


def seed_world(seed: Seeder) -> World:
    """Fills an empty account with everything of :class:`World`, which it returns."""
    seed_company(seed, ("sagemaker",), ())
    world = World(seed.cloud, seed.region)
    _seed_digits(seed, world)
    _seed_wine(seed, world)
    _seed_diabetes(seed, world)
    return world


def split(n: int, seed: int = 3) -> tuple[Codes, Codes]:
    """Places of the test rows and of the training rows."""
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def _seed_digits(seed: Seeder, world: World) -> None:
    from sklearn.datasets import load_digits

    x, digits = load_digits(return_X_y=True)
    y = (digits == POSITIVE).astype(int)
    test, training = split(len(y))
    names = [f"p{number}" for number in range(x.shape[1])]
    sheets = [("paper", "screen")[int(place) % 3 == 0] for place in range(len(y))]
    rows = [[f"scan-{n:04d}", sheets[n], int(y[n]), *x[n].astype(int).tolist()] for n in range(len(y))]
    header = ["scan_id", "source", "label", *names]
    seed.object(world.test_uri, csv_text(header, [rows[place] for place in test]))
    seed.object(world.train_uri, csv_text([], [rows[place][2:] for place in training]))
    few = training[:150]
    champion = train("LogisticRegression", x[few], y[few], C=0.01, max_iter=200)
    candidate = train("LogisticRegression", x[training], y[training], C=0.1, max_iter=2_000)
    seed.group(world.scanner_group, "Finds the eights among scanned digits", days_ago=60)
    for version, model in ((1, champion), (2, candidate)):
        uri = put_model(seed, world, f"eights/{version}", model)
        put_package(seed, world.scanner_group, version, "xgboost", uri)
        put_sagemaker_model(seed, world, f"fernway-eights-v{version}", "xgboost", uri)
    put_training_job(
        seed, world, world.scanner_job, "xgboost", put_model(seed, world, "eights/2", candidate), world.train_uri
    )
    put_endpoint(seed, world.endpoint, "fernway-eights-v1", "InService")
    put_endpoint(seed, world.endpoint_down, "fernway-eights-v2", "Creating")


def _seed_wine(seed: Seeder, world: World) -> None:
    from sklearn.datasets import load_wine

    x, y = load_wine(return_X_y=True)
    test, training = split(len(y))
    rows = [[f"w{place:03d}", int(y[place]), *x[place].tolist()] for place in test]
    seed.object(world.wine_test_uri, csv_text(["wine_id", "class", *(f"f{n}" for n in range(x.shape[1]))], rows))
    uri = put_model(seed, world, "wine/1", train("LogisticRegression", x[training], y[training], max_iter=2_000))
    for ending, family in (("", "xgboost"), ("-lightgbm", "lightgbm"), ("-linear", "linear-learner")):
        put_sagemaker_model(seed, world, f"{world.wine_model}{ending}", family, uri)
    clusters = train("KMeans", x[training], None, n_clusters=3, n_init=5, random_state=0)
    put_sagemaker_model(seed, world, world.wine_clusters, "kmeans", put_model(seed, world, "wine/clusters", clusters))


def _seed_diabetes(seed: Seeder, world: World) -> None:
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    test, training = split(len(y))
    rows = [[f"d{place:03d}", float(y[place]) + 0.5, *x[place].round(6).tolist()] for place in test]
    header = ["patient", "progression", *(f"f{n}" for n in range(x.shape[1]))]
    seed.object(world.diabetes_test_uri, csv_text(header, rows))
    for version, columns in ((1, 3), (2, 10)):
        kept = x[training].copy()
        kept[:, columns:] = 0.0
        model = train("LinearRegression", kept, y[training] + 0.5)
        uri = put_model(seed, world, f"diabetes/{version}", model)
        put_sagemaker_model(seed, world, f"{world.diabetes_model}-v{version}", "linear-learner", uri)


def csv_text(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def put_model(seed: Seeder, company: Company, name: str, model: Trained) -> str:
    """The artefact's URI."""
    uri = f"s3://{company.bucket}/models/{name}/model.tar.gz"
    seed.object(uri, model.artefact())
    return uri


def _put(seed: Seeder, resource: Resource, name: str, **record: object) -> None:
    arn = resource.arn(seed.cloud, seed.region, name)
    named = {resource.key: name, f"{resource.word}Arn": arn, "CreationTime": timestamp(seed.cloud.started - 2 * DAY)}
    resource.table(seed.cloud, seed.region)[arn] = {**named, **record}


def put_sagemaker_model(seed: Seeder, world: Company, name: str, family: str, uri: str) -> None:
    container = {"Image": image_of(family, seed.region), "ModelDataUrl": uri, "Environment": {}}
    _put(seed, MODELS, name, PrimaryContainer=container, ExecutionRoleArn=world.role_arn)


def put_package(seed: Seeder, group: str, version: int, family: str, uri: str) -> None:
    seed.package(group, version, base=None, approval="Approved" if version == 1 else "PendingManualApproval",
                 days_ago=30.0 / version)  # fmt: skip
    record = PACKAGES.table(seed.cloud, seed.region).get(
        seed.cloud.arn(seed.region, f"model-package/{group}/{version}")
    )
    assert record is not None
    container = {"Image": image_of(family, seed.region), "ModelDataUrl": uri}
    record["InferenceSpecification"] = {"Containers": [container]}


def put_endpoint(seed: Seeder, name: str, model: str, status: str) -> None:
    machine = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    _put(seed, CONFIGS, name, ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": model, **machine}])
    now = timestamp(seed.cloud.started - DAY)
    _put(seed, ENDPOINTS, name, EndpointConfigName=name, EndpointStatus=status, CreationTime=now, LastModifiedTime=now)


def put_training_job(seed: Seeder, world: Company, name: str, family: str, uri: str, training: str) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": training}}
    arguments = {
        "RoleArn": world.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": image_of(family, seed.region),
            "TrainingInputMode": "File",
        },
        "HyperParameters": {"objective": "binary:logistic", "num_round": "100"},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": source}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{world.bucket}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    }
    started = seed.cloud.started - 9 * DAY
    job = Job(seed.cloud, seed.region, TRAINING, name, arguments, started, label=name)
    job.begin()
    job.end("Completed", started + 900)
    job.record["ModelArtifacts"] = {"S3ModelArtifacts": uri}
