from __future__ import annotations

import ast
import dataclasses
import json
from collections import Counter
from typing import Any

import pytest

from model_evaluation.kinds.llm_as_judge.demo.script import demo_custom_metrics, demo_dataset
from model_evaluation.kinds.llm_as_judge.localaws.bedrock import DEFAULT_JUDGES, Judges
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.services.mlflow import APPS, SERVERS

METRICS = ("Correctness", "Completeness", "Harmfulness")


def split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def keys_of(s3: Any, uri: str, part: str) -> list[str]:
    bucket, prefix = split(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/")
    return [item["Key"] for page in pages for item in page.get("Contents", []) if part in item["Key"]]


def result_rows(s3: Any, uri: str, execution_id: str, side: str) -> list[dict[str, Any]]:
    keys = keys_of(s3, uri, f"{side}-llmaj-eval-{execution_id}/")
    rows = []
    for key in [key for key in keys if key.endswith("_output.jsonl") and "/datasets/" in key]:
        body = s3.get_object(Bucket=split(uri)[0], Key=key)["Body"].read()
        rows.extend(json.loads(line) for line in body.split(b"\n") if line)
    return rows


def prompt_of(row: dict[str, Any]) -> str:
    return str(ast.literal_eval(row["inputRecord"]["prompt"])[0]["content"])


def put_rows(s3: Any, world: Any, name: str, rows: list[Any]) -> str:
    body = "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    s3.put_object(Bucket=world.bucket, Key=f"test/{name}.jsonl", Body=body.encode())
    return f"s3://{world.bucket}/test/{name}.jsonl"


def id_of(done: dict[str, Any]) -> str:
    return str(done["PipelineExecutionArn"].rsplit("/", 1)[-1])


def test_results_lie_where_the_service_puts_them(s3: Any, start: Any, finish: Any, world: Any) -> None:
    done = finish(start(metrics=METRICS))
    assert done["PipelineExecutionStatus"] == "Succeeded", done["Steps"]
    keys = "\n".join(keys_of(s3, world.output_uri, id_of(done)))
    for side in ("Base", "Custom"):
        assert f"/output/output/{side}Inference/eval_results/inference_output.jsonl" in keys
        job = f"{side.lower()}-llmaj-eval-{id_of(done)}"
        assert f"/output/output/{job}/" in keys
    assert keys.count("bedrock_llm_judge_results.json") == 2
    assert keys.count("_output.jsonl") - keys.count("inference_output.jsonl") == 2


def test_both_files_hold_every_row_in_orders_of_their_own(s3: Any, start: Any, finish: Any, world: Any) -> None:
    execution = id_of(finish(start(dataset=world.dataset_uri, metrics=METRICS)))
    dataset = [json.loads(line)["query"] for line in demo_dataset().splitlines()]
    tuned = [prompt_of(row) for row in result_rows(s3, world.output_uri, execution, "custom")]
    base = [prompt_of(row) for row in result_rows(s3, world.output_uri, execution, "base")]
    assert Counter(tuned) == Counter(base) == Counter(dataset)
    assert max(Counter(tuned).values()) == 2  # the duplicate prompt
    assert tuned != base
    assert dataset not in (tuned, base)


def test_scores_are_missing_in_three_ways_on_different_rows(
    aws: LocalAws, s3: Any, start: Any, finish: Any, world: Any
) -> None:
    aws.scenario = Scenario(missing_scores=0.2)
    execution = id_of(finish(start(dataset=world.dataset_uri, metrics=METRICS)))
    gaps: dict[str, set[tuple[str, str]]] = {}
    ways = set()
    for side in ("custom", "base"):
        missing = set()
        for row in result_rows(s3, world.output_uri, execution, side):
            scores = {entry["metricName"]: entry for entry in row["automatedEvaluationResult"]["scores"]}
            for metric in METRICS:
                entry = scores.get(metric)
                way = "entry" if entry is None else entry.get("result", "key")
                if way in (None, "entry", "key"):
                    ways.add(way)
                    missing.add((prompt_of(row), metric))
        gaps[side] = missing
    assert ways == {None, "entry", "key"}
    assert gaps["custom"]
    assert gaps["custom"] != gaps["base"]


def test_the_aggregate_averages_the_given_scores_only(
    aws: LocalAws, s3: Any, start: Any, finish: Any, world: Any
) -> None:
    aws.scenario = Scenario(missing_scores=0.2)
    execution = id_of(finish(start(dataset=world.dataset_uri, metrics=("Correctness",))))
    (key,) = [
        key
        for key in keys_of(s3, world.output_uri, f"custom-llmaj-eval-{execution}")
        if key.endswith("bedrock_llm_judge_results.json")
    ]
    aggregate = json.loads(s3.get_object(Bucket=world.bucket, Key=key)["Body"].read())
    given = [
        entry["result"]
        for row in result_rows(s3, world.output_uri, execution, "custom")
        for entry in row["automatedEvaluationResult"]["scores"]
        if entry.get("result") is not None
    ]
    result = aggregate["results"]["Correctness"]
    assert 0 < len(given) < 60
    assert result["score"] == pytest.approx(sum(given) / len(given))
    assert (result["total_evaluations"], result["failed"]) == (60, 60 - len(given))


def test_texts_survive_as_python_reprs(s3: Any, start: Any, finish: Any, world: Any) -> None:
    nasty = ['it\'s "quoted"', "two\nlines\tand \\n", "emoji 😕 and \u2028 separator", "مرحبا", "{{ x }} {% y %}"]
    dataset = put_rows(s3, world, "nasty", [{"query": text, "response": f"ref {text}"} for text in nasty])
    rows = result_rows(s3, world.output_uri, id_of(finish(start(dataset=dataset))), "custom")
    assert sorted(map(prompt_of, rows)) == sorted(nasty)
    assert {row["inputRecord"]["referenceResponse"] for row in rows} == {f"ref {text}" for text in nasty}
    for row in rows:
        (answer,) = ast.literal_eval(row["modelResponses"][0]["response"])
        assert isinstance(answer, str)


def test_all_five_formats_are_read(s3: Any, start: Any, finish: Any, world: Any) -> None:
    dataset = put_rows(
        s3,
        world,
        "formats",
        [
            {"messages": [{"role": "user", "content": "one?"}, {"role": "assistant", "content": "1"}]},
            {"query": "two?", "response": "2", "system": "s", "category": "c"},
            {"prompt": "three?", "completion": "3"},
            {"prompt": "four?", "chosen": "4", "rejected": "5"},
            {"prompt": [{"role": "user", "content": "five?"}], "extra_info": {"answer": "5"}},
            {"query": "no reference?"},
        ],
    )
    rows = result_rows(s3, world.output_uri, id_of(finish(start(dataset=dataset))), "custom")
    assert {(prompt_of(row), row["inputRecord"]["referenceResponse"]) for row in rows} == {
        ("one?", "1"),
        ("two?", "2"),
        ("three?", "3"),
        ("four?", "4"),
        ("five?", "5"),
        ("no reference?", ""),
    }


def test_a_registered_dataset_is_resolved(s3: Any, start: Any, finish: Any, world: Any) -> None:
    execution = id_of(finish(start(dataset=world.dataset_arn)))
    assert len(result_rows(s3, world.output_uri, execution, "custom")) == 60


def test_tuned_only_writes_one_side(s3: Any, start: Any, finish: Any, world: Any) -> None:
    execution = id_of(finish(start(dataset=world.dataset_uri, base=False)))
    assert len(result_rows(s3, world.output_uri, execution, "custom")) == 60
    assert result_rows(s3, world.output_uri, execution, "base") == []


def test_figures_are_the_same_every_time(s3: Any, start: Any, finish: Any, world: Any) -> None:
    executions = [id_of(finish(start(dataset=world.dataset_uri))) for _ in range(2)]
    first, second = (
        [row["automatedEvaluationResult"] for row in result_rows(s3, world.output_uri, execution, "custom")]
        for execution in executions
    )
    assert len(first) == 60
    assert first == second


def test_custom_metrics_score_on_their_own_scale(s3: Any, start: Any, finish: Any, world: Any) -> None:
    definitions = [
        {"customMetricDefinition": item["customMetricDefinition"]} for item in json.loads(demo_custom_metrics())
    ]
    definitions.append(
        {
            "customMetricDefinition": {
                "name": "Tone",
                "instructions": "Is the tone polite? {{prediction}}",
                "ratingScale": [
                    {"definition": "Rude", "value": {"stringValue": "rude"}},
                    {"definition": "Polite", "value": {"stringValue": "polite"}},
                ],
            }
        }
    )
    uri = put_rows(s3, world, "metrics", [json.dumps(definitions)])
    execution = id_of(finish(start(dataset=world.dataset_uri, metrics=(), custom=uri)))
    given: dict[str, set[Any]] = {}
    for row in result_rows(s3, world.output_uri, execution, "custom"):
        for entry in row["automatedEvaluationResult"]["scores"]:
            given.setdefault(entry["metricName"], set()).add(entry.get("result"))
    assert given["ActionableSteps"] - {None} <= {0.0, 1.0, 2.0, 3.0}
    assert len(given["ActionableSteps"]) > 2
    assert given["Tone"] - {None} <= {"rude", "polite"}


def metric(**changes: Any) -> list[Any]:
    definition = {"name": "M", "instructions": "Judge {{prediction}}", **changes}
    return [{"customMetricDefinition": definition}]


@pytest.mark.parametrize(
    ("definitions", "message"),
    [
        ({"customMetricDefinition": {}}, "not a list"),
        (metric() * 11, "11 metrics given"),
        (metric(instructions="Judge {{predicton}}"), "must hold {{prediction}}"),
        (metric(metricName="M"), "do not fit"),
        ([metric()[0] | {"direction": "higher"}], None),
    ],
)
def test_faulty_custom_metrics_fail_late_as_they_do_at_aws(
    s3: Any, start: Any, finish: Any, world: Any, definitions: Any, message: str | None
) -> None:
    uri = put_rows(s3, world, "faulty", [json.dumps(definitions)])
    done = finish(start(base=False, custom=uri))
    step = done["Steps"]["EvaluateCustomModelMetrics"]
    if message is None:
        assert step["StepStatus"] == "Succeeded"
    else:
        assert message in step["FailureReason"]
        assert "ValidationException" in step["FailureReason"]
        assert done["Steps"]["EvaluateCustomInferenceModel"]["StepStatus"] == "Succeeded"


@pytest.mark.parametrize(
    ("change", "step", "message"),
    [
        ({"metrics": ("Corectness",)}, "EvaluateCustomModelMetrics", "Builtin.Corectness is not supported"),
        ({"metrics": ()}, "EvaluateCustomModelMetrics", "at least one metric"),
        ({"judge": "nobody.judge-v1:0"}, "EvaluateCustomModelMetrics", "nobody.judge-v1:0 is invalid"),
        ({"judge": "anthropic.claude-3-5-sonnet-20240620-v1:0"}, "EvaluateCustomModelMetrics", "end of life"),
        ({"dataset": "s3://nowhere-at-all/x.jsonl"}, "EvaluateCustomInferenceModel", "No S3 objects found"),
        ({"output": "s3://missing-bucket/out"}, "EvaluateCustomInferenceModel", "does not exist"),
        ({"BaseModelArn": "falcon"}, "EvaluateCustomInferenceModel", "no evaluation recipe"),
        ({"RoleArn": "lambda"}, "EvaluateCustomInferenceModel", "Could not assume role"),
        ({"output": "elsewhere"}, "EvaluateCustomInferenceModel", "The bucket is in this region: eu-west-1"),
    ],
)
def test_what_aws_finds_out_late_fails_its_step(
    start: Any, finish: Any, world: Any, change: dict[str, Any], step: str, message: str
) -> None:
    stands_for = {
        "falcon": world.base_model_arn.replace(world.base_model_name, world.base_model_without_recipe).replace(
            "/1.10.0", "/2.1.0"
        ),
        "lambda": world.role_for_lambda,
        "elsewhere": f"s3://{world.bucket_elsewhere}/out",
    }
    resolved = {key: stands_for.get(value, value) if isinstance(value, str) else value for key, value in change.items()}
    done = finish(start(base=False, **resolved))
    assert done["PipelineExecutionStatus"] == "Failed"
    assert message in done["Steps"][step]["FailureReason"]


def test_more_than_a_thousand_rows_fail_the_judge(s3: Any, start: Any, finish: Any, world: Any) -> None:
    dataset = put_rows(s3, world, "big", [{"query": f"q{n}", "response": "r"} for n in range(1001)])
    done = finish(start(base=False, dataset=dataset))
    assert done["Steps"]["EvaluateCustomInferenceModel"]["StepStatus"] == "Succeeded"
    reason = done["Steps"]["EvaluateCustomModelMetrics"]["FailureReason"]
    assert "1001 records; the maximum is 1000" in reason


@pytest.mark.parametrize("bad", ["{", "[1]", '{"text": "x"}', '{"query": "  "}'])
def test_an_unusable_row_fails_the_inference(s3: Any, start: Any, finish: Any, world: Any, bad: str) -> None:
    dataset = put_rows(s3, world, "bad", [{"query": "fine?", "response": "yes"}, bad])
    done = finish(start(base=False, dataset=dataset))
    assert "line 2" in done["Steps"]["EvaluateCustomInferenceModel"]["FailureReason"]


def test_a_judge_without_access_fails_its_step(aws: LocalAws, start: Any, finish: Any, world: Any) -> None:
    judges = tuple(dataclasses.replace(judge, authorized=judge.model_id != world.judge) for judge in DEFAULT_JUDGES)
    aws.scenario = Scenario(parts=(Judges(judges),))
    done = finish(start(base=False))
    assert "don't have access to the model" in done["Steps"]["EvaluateCustomModelMetrics"]["FailureReason"]


def test_a_role_without_bedrock_actions_fails_late(clients: Any, start: Any, finish: Any, world: Any) -> None:
    iam = clients("iam")
    trust = iam.get_role(RoleName=world.role_arn.rsplit("/", 1)[-1])["Role"]["AssumeRolePolicyDocument"]
    arn = iam.create_role(RoleName="NoBedrock", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["s3:*", "sagemaker:*"], "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    iam.put_role_policy(RoleName="NoBedrock", PolicyName="p", PolicyDocument=json.dumps(policy))
    done = finish(start(base=False, RoleArn=arn))
    assert done["Steps"]["EvaluateCustomInferenceModel"]["StepStatus"] == "Succeeded"
    reason = done["Steps"]["EvaluateCustomModelMetrics"]["FailureReason"]
    assert "AccessDeniedException" in reason
    assert "bedrock:CreateEvaluationJob" in reason


def reason_of(done: dict[str, Any], step: str = "EvaluateCustomInferenceModel") -> str:
    return str(done["Steps"][step].get("FailureReason", ""))


def test_weights_that_were_deleted_fail_the_step_that_loads_them(s3: Any, start: Any, finish: Any, world: Any) -> None:
    place = {"Bucket": "fernway-models", "Key": f"{world.group_name}/3/adapter_model.safetensors"}
    s3.delete_object(**place)
    try:
        assert "No S3 objects found under S3 URL" in reason_of(finish(start(base=False)))
    finally:
        s3.put_object(**place, Body=b"SIMULATED")
    assert finish(start(base=False))["PipelineExecutionStatus"] == "Succeeded"


def test_a_licence_that_was_not_accepted_fails_the_same_step(
    sagemaker: Any, start: Any, finish: Any, world: Any
) -> None:
    package = sagemaker.describe_model_package(ModelPackageName=world.model_package_arn)
    usual = package["InferenceSpecification"]

    def say(accepted: bool) -> None:
        source = usual["Containers"][0]["ModelDataSource"]["S3DataSource"] | {
            "ModelAccessConfig": {"AcceptEula": accepted}
        }
        container = usual["Containers"][0] | {"ModelDataSource": {"S3DataSource": source}}
        sagemaker.update_model_package(
            ModelPackageArn=world.model_package_arn, InferenceSpecification={"Containers": [container]}
        )

    try:
        say(False)
        assert "license agreement" in reason_of(finish(start(base=False)))
        say(True)
        assert finish(start(base=False))["PipelineExecutionStatus"] == "Succeeded"
    finally:
        sagemaker.update_model_package(ModelPackageArn=world.model_package_arn, InferenceSpecification=usual)


@pytest.mark.parametrize("tracker", ["mlflow_app_arn", "mlflow_server_arn"])
def test_a_tracker_whose_store_is_gone_fails_the_first_job(
    aws: LocalAws, start: Any, finish: Any, world: Any, tracker: str
) -> None:
    arn = getattr(world, tracker)
    assert finish(start(base=False, mlflow=arn))["PipelineExecutionStatus"] == "Succeeded"
    trackers = APPS if tracker == "mlflow_app_arn" else SERVERS
    record = trackers.table(aws.cloud, world.region).get(arn)
    assert record is not None
    usual, record["ArtifactStoreUri"] = record["ArtifactStoreUri"], "s3://fernway-no-such-bucket/mlflow"
    try:
        assert "artifact store s3://fernway-no-such-bucket" in reason_of(finish(start(base=False, mlflow=arn)))
    finally:
        record["ArtifactStoreUri"] = usual
