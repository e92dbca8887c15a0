"""Every built-in container's documented answers, of really fitted models, through the whole reader: what comes out is
what scikit-learn itself says of the same rows."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from model_evaluation.kinds.predictive.localaws.containers import answer
from model_evaluation.kinds.predictive.localaws.estimators import Trained, train
from model_evaluation.kinds.predictive.localaws.services import MODELS
from model_evaluation.kinds.predictive.localaws.world import image_of, put_model, put_sagemaker_model
from model_evaluation.kinds.predictive.runtime.families import FAMILIES
from model_evaluation.kinds.predictive.runtime.notebook import _answers_of
from model_evaluation.kinds.predictive.runtime.problem import Problem
from model_evaluation.kinds.predictive.runtime.reading.answers import predictions_of, split_answers
from model_evaluation.kinds.predictive.runtime.tables import Predictions
from model_evaluation.localaws import LocalAws
from model_evaluation.localaws.seeding import Company, Seeder

PROBLEMS = {
    "binary": Problem("binary", "1"),
    "multiclass": Problem("multiclass"),
    "regression": Problem("regression"),
    "clustering": Problem("clustering"),
}
N = 60


@cache
def fitted(problem: str, name: str) -> tuple[Trained, Any, Any]:
    """A model, and the rows and truth that it is asked about."""
    x, y = {
        "binary": load_breast_cancer,
        "multiclass": load_wine,
        "clustering": load_wine,
        "regression": load_diabetes,
    }[problem](return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    test, training = order[:N], order[N:]
    options: dict[str, Any] = {"max_iter": 2_000} if name == "LogisticRegression" else {}
    if name == "KMeans":
        options = {"n_clusters": 3, "n_init": 3, "random_state": 0}
    model = train(name, x[training], None if name == "KMeans" else y[training], **options)
    return model, x[test].round(6), y[test]


LOGISTIC, LINEAR = "LogisticRegression", "LinearRegression"
CASES = [
    ("xgboost", "binary", LOGISTIC), ("xgboost", "multiclass", LOGISTIC), ("xgboost", "regression", LINEAR),
    ("linear-learner", "binary", LOGISTIC), ("linear-learner", "multiclass", LOGISTIC),
    ("linear-learner", "regression", LINEAR),
    ("knn", "binary", "KNeighborsClassifier"), ("knn", "multiclass", "KNeighborsClassifier"),
    ("kmeans", "clustering", "KMeans"),
    ("lightgbm", "binary", LOGISTIC), ("lightgbm", "multiclass", LOGISTIC), ("lightgbm", "regression", LINEAR),
    ("catboost", "binary", LOGISTIC), ("catboost", "multiclass", LOGISTIC), ("catboost", "regression", LINEAR),
    ("tabtransformer", "binary", LOGISTIC), ("tabtransformer", "multiclass", LOGISTIC),
    ("autogluon", "binary", LOGISTIC), ("autogluon", "multiclass", LOGISTIC), ("autogluon", "regression", LINEAR),
    ("scikit-learn", "multiclass", LOGISTIC), ("custom", "multiclass", LOGISTIC), ("custom", "regression", LINEAR),
]  # fmt: skip


def body_of(rows: Any) -> bytes:
    return "\n".join(",".join(repr(float(cell)) for cell in row) for row in rows).encode()


def compare(found: Predictions, model: Trained, rows: Any, problem: str) -> None:
    """Against scikit-learn, called directly."""
    estimator, scaled = model.estimator(), model.standardised(rows)
    assert (len(found), found.missing, found.unparsable, found.surplus) == (N, 0, 0, 0)
    if problem == "regression":
        assert found.score is not None
        assert found.score == pytest.approx(estimator.predict(scaled))
        return
    if found.score is None:
        assert found.prediction is not None
        assert found.prediction.astype(float).tolist() == estimator.predict(scaled).astype(float).tolist()
        return
    scores = estimator.predict_proba(scaled)
    if found.score.ndim == 1:
        assert found.score == pytest.approx(scores[:, 1])
    else:
        assert found.classes == tuple(str(value) for value in model.classes)
        assert found.score == pytest.approx(scores)


@pytest.mark.parametrize(("family", "problem", "name"), CASES)
def test_an_endpoints_answers_are_what_the_model_says(family: str, problem: str, name: str) -> None:
    model, rows, truth = fitted(problem, name)
    accept = FAMILIES[family].accept.replace("jsonlines", "json")
    text, _ = answer(image_of(family, "us-west-2"), model, body_of(rows), accept, batch=False)
    found = predictions_of(
        [f"r{n}" for n in range(N)], split_answers(text, N), PROBLEMS[problem], set(map(str, truth.tolist())),
        family=family, sent=N,
    )  # fmt: skip
    compare(found, model, rows, problem)


@pytest.fixture(scope="module")
def cloud() -> Any:
    with LocalAws(step_seconds=0.05) as aws:
        seed = Seeder(aws.cloud, aws.region)
        company = Company(aws.cloud.account, aws.region)
        seed.bucket(company.bucket, aws.region)
        yield aws, seed, company


@pytest.mark.parametrize(("family", "problem", "name"), CASES)
def test_a_transform_jobs_answers_are_what_the_model_says(cloud: Any, family: str, problem: str, name: str) -> None:
    aws, seed, company = cloud
    model, rows, truth = fitted(problem, name)
    job = f"{family}-{problem}"
    put_sagemaker_model(seed, company, job, family, put_model(seed, company, job, model))
    assert MODELS.table(seed.cloud, seed.region)
    lines = [f"r{n},{line}" for n, line in enumerate(body_of(rows).decode().splitlines())]
    seed.object(f"s3://{company.bucket}/{job}/in/rows.csv", "\n".join(lines).encode())
    client: Any = aws.client("sagemaker")
    s3: Any = aws.client("s3")
    how = FAMILIES[family]
    client.create_transform_job(
        TransformJobName=job,
        ModelName=job,
        BatchStrategy=how.batch_strategy,
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{company.bucket}/{job}/in/"}},
            "ContentType": "text/csv", "SplitType": "Line",
        },
        TransformOutput={"S3OutputPath": f"s3://{company.bucket}/{job}/out", "Accept": how.accept,
                         "AssembleWith": "Line"},
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": how.join_source},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )  # fmt: skip
    client.get_waiter("transform_job_completed_or_stopped").wait(
        TransformJobName=job, WaiterConfig={"Delay": 0.1, "MaxAttempts": 6000}
    )
    described = client.describe_transform_job(TransformJobName=job)
    assert described["TransformJobStatus"] == "Completed", json.dumps(described, default=str)
    listing = s3.list_objects_v2(Bucket=company.bucket, Prefix=f"{job}/out")["Contents"]
    (key,) = [item["Key"] for item in listing if item["Key"].endswith("rows.csv.out")]
    text = s3.get_object(Bucket=company.bucket, Key=key)["Body"].read().decode()
    own = _answers_of(text, lines, how.join_source == "Input", None)
    found = predictions_of(
        [name for name, _ in own], [said for _, said in own], PROBLEMS[problem], set(map(str, truth.tolist())),
        family=family, sent=N,
    )  # fmt: skip
    compare(found, model, rows, problem)


def test_neighbours_are_told_when_they_are_asked_for() -> None:
    model, rows, _ = fitted("multiclass", "KNeighborsClassifier")
    text, kind = answer(
        image_of("knn", "us-west-2"), model, body_of(rows), "application/json; verbose=true", batch=False
    )
    first = json.loads(text)["predictions"][0]
    assert (kind, set(first), len(first["distances"])) == (
        "application/json", {"predicted_label", "distances", "labels"}, 5
    )  # fmt: skip
    assert split_answers(text, N)[0] == json.dumps(first)


def test_a_transform_job_that_fails_half_way_answers_the_other_files_and_is_failed(cloud: Any) -> None:
    """A file with a header among two: the job is Failed, its reason names the file, and nothing is made up for it."""
    aws, seed, company = cloud
    model, rows, _ = fitted("binary", LOGISTIC)
    put_sagemaker_model(seed, company, "half", "xgboost", put_model(seed, company, "half", model))
    lines = [f"r{n},{line}" for n, line in enumerate(body_of(rows).decode().splitlines())]
    header = "id," + ",".join(f"x{n}" for n in range(rows.shape[1]))
    for name, content in (("rows-0.csv", lines[:30]), ("rows-1.csv", [header, *lines[30:]])):
        seed.object(f"s3://{company.bucket}/half/in/{name}", "\n".join(content).encode())
    client: Any = aws.client("sagemaker")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{company.bucket}/half/in/"}}
    client.create_transform_job(
        TransformJobName="half",
        ModelName="half",
        TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://{company.bucket}/half/out", "Accept": "text/csv",
                         "AssembleWith": "Line"},
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )  # fmt: skip
    for _ in range(6000):
        described = client.describe_transform_job(TransformJobName="half")
        if described["TransformJobStatus"] != "InProgress":
            break
        time.sleep(0.1)
    assert described["TransformJobStatus"] == "Failed"
    assert "rows-1.csv: Bad HTTP status received from algorithm: 415" in described["FailureReason"]
    s3: Any = aws.client("s3")
    listing = s3.list_objects_v2(Bucket=company.bucket, Prefix="half/out")["Contents"]
    assert [item["Key"].rsplit("/", 1)[-1] for item in listing] == ["rows-0.csv.out"]
