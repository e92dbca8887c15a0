"""The conversation of a Nova evaluation: what is accepted, what is refused before anything starts, what is rendered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_runs import Result, RunCli
from contract.nova.conftest import Answer
from model_evaluation.kinds.nova.demo.script import demo_dataset
from model_evaluation.kinds.nova.kind import KIND
from model_evaluation.kinds.nova.localaws.player import quota_code
from model_evaluation.kinds.nova.localaws.world import World, customisation_job, deploy_function
from model_evaluation.kinds.nova.runtime.recipes.recipe import recipe_yaml
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Seeder
from trouble import Trouble

SORT = "Sort IT tickets"


def refused(result: Result) -> tuple[str, str, str]:
    """Code, message and fix of a refusal."""
    assert result.code == 3, result.json
    error = result.json["error"]
    return error["code"], error["message"], error["fix"]


def begun(answer: Answer, world: World, **more: str) -> Result:
    return answer(task=SORT, model=world.training_job_name, **more)


def known(run_cli: RunCli, project: Path) -> dict[str, Any]:
    found: dict[str, Any] = run_cli("status", project=project).json["known"]
    return found


def finished(answer: Answer, world: World, **more: str) -> Result:
    last = {"role": world.role_arn, "output": f"s3://{world.bucket}/results/nova", "confirm": "yes", "notebook": "new"}
    return begun(answer, world, **more, **last)


def test_own_questions_from_the_first_answer_to_the_notebook(
    answer: Answer, run_cli: RunCli, world: World, tmp_path: Path
) -> None:
    result = finished(
        answer, world, nova_task="gen_qa", dataset=world.tickets_uri, inference="max_new_tokens=2048 top_logprobs=10",
        scale="ml.g5.12xlarge 4", data="ok", primary_metric="accuracy",
    )  # fmt: skip
    assert result.json["next"] == "render", result.json
    settled = {step: entry["origin"] for step, entry in known(run_cli, tmp_path).items()}
    assert settled.keys() == set(KIND.steps)
    assert {settled[step] for step in ("scope", "processor", "mlflow")} == {"default"}
    rendered = run_cli("render", project=tmp_path)
    notebook = json.loads(Path(rendered.json["notebook"]).read_text(encoding="utf-8"))
    cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    assert "ModelTrainer.from_recipe(" in cells["launch"]
    values: dict[str, Any] = {}
    exec(cells["parameters"], values)  # the cell that a kernel would run
    recipe = values["RECIPE"]
    assert yaml.safe_load(recipe_yaml(recipe)) == recipe
    assert recipe["run"]["model_name_or_path"] == world.checkpoint_uri
    assert (recipe["run"]["replicas"], recipe["inference"]["top_logprobs"]) == (4, 10)
    assert (values["REFERENCE_MODEL"], values["ANSWER_FIELD"]) == ("nova-lite/prod", "class")
    assert values["MODEL_NAMES"] == {"tuned": world.training_job_name, "base": "nova-lite/prod"}
    code = [line for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["id"] != "library"
            for line in cells[cell["id"]].splitlines()]  # fmt: skip
    assert len(code) < 200


def test_the_card_shows_the_recipe_and_what_it_costs(answer: Answer, world: World) -> None:
    result = begun(
        answer, world, nova_task="gen_qa", dataset=world.tickets_uri, data="ok", primary_metric="accuracy",
        role=world.role_arn, output=f"s3://{world.bucket}/results/nova",
    )  # fmt: skip
    card = result.json["step"]["question"]
    assert "model_type amazon.nova-lite-v1:0:300k" in card
    assert "task gen_qa, strategy gen_qa, metric all" in card
    assert "a second job on the same rows" in card
    assert "(ml.g5.12xlarge at $7.09 an hour)" in card
    assert "the user guide" in card.lower()  # the image's account is documented for another region only


def test_a_judge_takes_pairs_and_no_second_model(answer: Answer, run_cli: RunCli, world: World, tmp_path: Path) -> None:
    settled = begun(answer, world, nova_task="llm_judge", dataset=world.pairs_uri, data="ok", role=world.role_arn)
    assert not any("share the rows" in item["message"] for item in settled.json["findings"])
    result = answer(output=f"s3://{world.bucket}/results/nova")
    assert "the judge is a model of AWS's own" in result.json["step"]["question"]
    result = answer(confirm="yes", notebook="new")
    assert result.json["next"] == "render", result.json
    found = known(run_cli, tmp_path)
    assert (found["primary_metric"]["value"], found["scope"]["value"]) == ("win_rate", "tuned")
    assert "max_new_tokens" not in found["inference"]["value"]


def test_a_benchmark_has_no_dataset_and_asks_where_results_go(
    answer: Answer, run_cli: RunCli, world: World, tmp_path: Path
) -> None:
    result = begun(answer, world, nova_task="benchmark mmlu anatomy")
    assert "subtask 'anatomy' shows only when the job runs" in str(result.json["findings"])
    assert result.json["step"]["id"] == "output"
    result = answer(output=f"s3://{world.bucket}/results/nova", confirm="yes")
    found = known(run_cli, tmp_path)
    assert [found[step]["value"] for step in ("dataset", "data", "primary_metric")] == ["none", "ok", "accuracy"]
    rendered = run_cli("render", project=tmp_path)
    assert rendered.code == 0, rendered.json


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("amazon.nova-micro-v1:0:300k", "nova-micro/prod"),
        ("nova-lite-1.5.4/prod", "nova-lite/prod"),
        ("amazon.nova-lite-v1:0:300k", "nova-lite/prod"),
        ("nova-lite-v1:0", "nova-lite/prod"),
        ("nova-lite", "nova-lite/prod"),
        ("amazon.nova-2-lite-v1:0:256k", "nova-lite-2/prod"),
    ],
)
def test_names_that_circulate_lead_to_the_alias(answer: Answer, name: str, alias: str) -> None:
    result = answer(task=SORT, model=name)
    assert refused(result)[0] == "choose"
    assert [choice["value"] for choice in result.json["step"]["choices"]] == [alias]


def test_a_checkpoint_needs_its_family_and_has_to_be_there(answer: Answer, world: World) -> None:
    code, message, _ = refused(answer(task=SORT, model=world.checkpoint_uri))
    assert (code, "does not say which family" in message) == ("choose", True)
    assert refused(answer(model=f"{world.checkpoint_uri} nova-9"))[0] == "choose"
    code, _, fix = refused(answer(model=f"s3://{world.escrow_bucket}/nothing lite"))
    assert (code, "manifest.json" in fix) == ("not_found", True)
    assert refused(answer(model="s3://there-is-no-such-bucket/x lite"))[0] == "not_found"
    assert answer(model=f"{world.checkpoint_uri} lite").code == 0


def test_a_bucket_that_may_not_be_listed_is_a_warning(answer: Answer, aws: LocalAws, world: World) -> None:
    aws.scenario = Trouble(deny={"s3:ListObjectsV2": ""})
    result = answer(task=SORT, model=f"{world.checkpoint_uri} lite")
    (warning,) = [item for item in result.json["findings"] if item["kind"] == "checkpoint_unseen"]
    assert "s3:GetObject" in warning["fix"]


def test_jobs_that_made_no_checkpoint_or_hide_their_family(answer: Answer, aws: LocalAws, world: World) -> None:
    seed, output = Seeder(aws.cloud, world.region), world.output_uri
    customisation_job(
        seed,
        "no-family",
        world.role_arn,
        checkpoint=world.checkpoint_uri,
        output=output,
        training_data=output,
        base="x",
    )
    code, message, _ = refused(answer(task=SORT, model="no-family"))
    assert (code, "does not say which family" in message) == ("choose", True)
    customisation_job(
        seed, "gone", world.role_arn, checkpoint=f"s3://{world.escrow_bucket}/gone", output=output, training_data=output
    )
    assert "no longer there" in refused(answer(model="gone"))[1]
    seed.object(f"{output}/gone/output/output.tar.gz", b"cut off")
    assert refused(answer(model="gone"))[0] == "no_manifest"
    assert refused(answer(model="there-is-no-such-job"))[0] == "not_found"


def test_a_model_package_of_nova_is_taken_and_another_is_not(answer: Answer, aws: LocalAws, world: World) -> None:
    seed = Seeder(aws.cloud, world.region)
    seed.group("nova-router", "customised Nova")
    seed.package("nova-router", 1, base="nova-textgeneration-lite-v2", base_version="1.0.0")
    arn = aws.cloud.arn(world.region, "model-package/nova-router/1")
    assert answer(task=SORT, model=arn).code == 0
    assert refused(answer(model=world.model_package_arn))[0] == "other_kind"


def test_a_region_without_an_image_is_refused(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    code, message, fix = refused(answer(task=SORT, model="nova-lite/prod"))
    assert (code, "eu-west-1" in message, "us-east-1" in fix) == ("other_region", True, True)


def test_a_judge_of_images_says_what_the_guide_leaves_open(answer: Answer) -> None:
    result = answer(task=SORT, model="nova-pro/prod", nova_task="mm_llm_judge")
    assert result.code == 0
    assert "mm_llm_judge.jsonl" in result.json["findings"][0]["message"]
    code, message, _ = refused(answer(dataset="pairs a.jsonl b.jsonl"))
    assert (code, "for a judge of texts" in message) == ("bad_operation", True)


@pytest.mark.parametrize(
    ("model", "task", "code", "told"),
    [
        ("nova-lite/prod", "rubric_llm_judge", "not_supported", "Nova 2 Lite"),
        ("nova-lite-2/prod", "llm_judge", "not_supported", "Nova Micro, Nova Lite, Nova Pro"),
        ("nova-micro/prod", "mmmu", "not_supported", "is not for Nova Micro"),
        ("nova-micro/prod", "mm_llm_judge", "not_supported", "Nova Lite"),
        ("nova-lite/prod", "benchmark", "choose", "Which benchmark"),
        ("nova-lite/prod", "chess", "choose", "not a task"),
        ("nova-lite/prod", "benchmark ifeval english", "subtask", "has no subtasks"),
        ("nova-lite/prod", "math knitting", "subtask", "has no subtask"),
    ],
)
def test_tasks_that_the_model_or_this_version_does_not_have(
    answer: Answer, model: str, task: str, code: str, told: str
) -> None:
    found, message, fix = refused(answer(task=SORT, model=model, nova_task=task))
    assert found == code
    assert told in message + fix


def test_the_file_has_to_have_the_containers_name(answer: Answer, world: World) -> None:
    code, message, fix = refused(begun(answer, world, nova_task="gen_qa", dataset=world.wrong_name_uri))
    assert (code, "has to be gen_qa.jsonl" in message) == ("file_name", True)
    assert f"aws s3 cp {world.wrong_name_uri}" in fix
    arn = f"arn:aws:sagemaker:us-west-2:{world.account}:hub-content/hub/DataSet/rows/1.0.0"
    assert refused(answer(dataset=arn))[0] == "wrong_kind"


def test_rows_that_the_container_would_refuse_are_named(answer: Answer, aws: LocalAws, world: World) -> None:
    uri = f"s3://{world.bucket}/broken/gen_qa.jsonl"
    rows = [{"query": "q", "response": "a"}, {"query": "q", "response": {"class": "a"}}, {"query": "q"}]
    body = "\n".join(json.dumps(row) for row in rows) + '\n\n{"query": "q", "response": "a", "metadata": "easy"}\n'
    Seeder(aws.cloud, world.region).object(uri, body.encode())
    begun(answer, world, nova_task="gen_qa", dataset=uri)
    result = answer(data="ok")
    code, message, _ = refused(result)
    assert code == "dataset_unusable"
    kinds = {item["kind"]: item["lines"] for item in result.json["error"]["details"]["findings"]}
    assert kinds == {"text": [2], "missing": [3], "blank": [4], "metadata": [5]}
    assert "line 3" in message


def test_a_judges_rows_are_no_questions(answer: Answer, aws: LocalAws, world: World) -> None:
    uri = f"s3://{world.bucket}/other/llm_judge.jsonl"
    Seeder(aws.cloud, world.region).object(uri, b'{"query": "q", "response": "a"}\n')
    begun(answer, world, nova_task="llm_judge", dataset=uri)
    assert "response_A" in refused(answer(data="ok"))[1]


@pytest.mark.parametrize(
    ("inference", "told"),
    [
        ("top_logprobs=50", "from 0 (none) to 20"),
        ("reasoning_effort=high", "Nova Lite does not reason"),
        ("max_tokens=5", "is not a key=value"),
        ("temperature=hot", "a number from 0 to 2"),
        ("temperature='1", "a number from 0 to 2"),
        ("max_new_tokens=0", "from 1 to 100000"),
        ("replicas=2", "replicas is made by the step scale"),
        ("lambda_arn=x", "lambda_arn is made by the step processor"),
    ],
)
def test_inference_out_of_range(answer: Answer, world: World, inference: str, told: str) -> None:
    begun(answer, world, nova_task="gen_qa")
    assert told in refused(answer(inference=inference))[1]


def test_reasoning_is_for_the_model_that_reasons(answer: Answer) -> None:
    answer(task=SORT, model="nova-lite-2/prod", nova_task="gen_qa")
    result = answer(inference="reasoning_effort=high max_new_tokens=100")
    assert [item["kind"] for item in result.json["findings"]] == ["reasoning"]


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        ("ml.g5.12xlarge 0", "1 to 16"),
        ("ml.g5.12xlarge 17", "1 to 16"),
        ("ml.m5.large 1", "instance type for Nova Lite"),
        ("ml.p5.48xlarge 5", "is 4 in us-west-2; 5 are needed"),
    ],
)
def test_instances_that_cannot_be_had(answer: Answer, world: World, scale: str, told: str) -> None:
    begun(answer, world, nova_task="gen_qa")
    assert told in " ".join(refused(answer(scale=scale)))


def test_a_quota_of_zero_is_told_with_the_request_for_more(answer: Answer, aws: LocalAws) -> None:
    aws.scenario = Scenario(quotas={quota_code("ml.p5.48xlarge"): 0.0})
    result = answer(task=SORT, model="nova-pro/prod", nova_task="gen_qa")
    assert "scale" not in result.json["settled"]
    code, _, fix = refused(answer(scale="ml.p5.48xlarge 1"))
    assert (code, "request-service-quota-increase" in fix) == ("quota", True)


def test_a_judge_runs_on_one_instance(answer: Answer, world: World) -> None:
    begun(answer, world, nova_task="llm_judge")
    assert "one instance" in refused(answer(scale="ml.g5.12xlarge 2"))[1]


def test_what_is_compared_is_of_one_family(answer: Answer, world: World) -> None:
    begun(answer, world, nova_task="gen_qa")
    code, _, fix = refused(answer(scope="nova-pro/prod"))
    assert (code, "report --against" in fix) == ("other_family", True)
    assert refused(answer(scope=f"{world.checkpoint_uri}"))[0] == "same_model"
    assert answer(scope="tuned").code == 0
    assert answer(scope="nova-lite/prod").code == 0


def test_a_base_model_is_not_compared_with_itself(answer: Answer) -> None:
    result = answer(task=SORT, model="nova-lite/prod", nova_task="gen_qa")
    assert result.json["known"]["scope"]["value"] == "tuned"
    assert refused(answer(scope="compare"))[0] == "same_model"


def test_what_this_version_does_not_have_is_refused_and_never_dropped(answer: Answer, world: World) -> None:
    begun(answer, world, nova_task="llm_judge")
    assert refused(answer(processor="arn:aws:lambda:us-west-2:111122223333:function:x"))[0] == "no_processor"
    assert refused(answer(mlflow=world.mlflow_app_arn))[0] == "not_offered"


def test_overlap_may_decide_but_not_unwarned(answer: Answer, world: World) -> None:
    begun(answer, world, nova_task="gen_qa", dataset=world.tickets_uri, data="ok")
    result = answer(primary_metric="f1")
    assert result.json["known"]["primary_metric"]["value"] == "f1_score"
    assert result.json["findings"][0]["kind"] == "overlap"
    assert refused(answer(primary_metric="charm"))[0] == "choose"


def test_a_role_that_may_not_read_the_checkpoint_stops_the_card(
    answer: Answer, aws: LocalAws, world: World, run_cli: RunCli, tmp_path: Path
) -> None:
    role = f"arn:aws:iam::{world.account}:role/NoEscrow"
    Seeder(aws.cloud, world.region).role(role, ("sagemaker",), ("s3:PutObject", "s3:ListBucket", "ecr:*", "logs:*"))
    begun(
        answer, world, nova_task="gen_qa", dataset=world.tickets_uri, data="ok", primary_metric="accuracy",
        role=role, output=f"s3://{world.bucket}/results/nova",
    )  # fmt: skip
    code, message, _ = refused(answer(confirm="yes"))
    assert code == "preflight_failed"
    assert "cannot load the customised model" in message
    policy = json.dumps(run_cli("preflight", "--policy", project=tmp_path).json)
    assert world.escrow_bucket in policy
    assert "bedrock" not in policy


def with_rows(answer: Answer, world: World, **more: str) -> Result:
    return begun(answer, world, nova_task="gen_qa", dataset=world.tickets_uri, data="ok", **more)


def test_a_function_is_looked_at_and_goes_into_the_recipe(
    answer: Answer, run_cli: RunCli, world: World, tmp_path: Path
) -> None:
    result = finished(
        answer, world, nova_task="gen_qa", dataset=world.tickets_uri, data="ok",
        processor="ticket-metrics preprocess sum", primary_metric="class_right",
    )  # fmt: skip
    assert result.json["next"] == "render", result.json
    assert known(run_cli, tmp_path)["processor"]["value"] == world.function_arn
    notebook = Path(run_cli("render", project=tmp_path).json["notebook"]).read_text(encoding="utf-8")
    parameters = next(cell for cell in json.loads(notebook)["cells"] if cell["id"] == "parameters")
    values: dict[str, Any] = {}
    exec("".join(parameters["source"]), values)  # the cell that a kernel would run
    assert values["RECIPE"]["processor"] == {
        "lambda_arn": world.function_arn,
        "lambda_type": "custom_metrics",
        "preprocessing": {"enabled": True},
        "postprocessing": {"enabled": True},
        "aggregation": "sum",
    }


def test_functions_that_cannot_be_used(answer: Answer, aws: LocalAws, world: World) -> None:
    with_rows(answer, world)
    assert refused(answer(processor="nothing-of-that-name"))[0] == "not_found"
    assert refused(answer(processor="ticket-metrics median"))[0] == "bad_operation"
    assert refused(answer(processor="generate haiku"))[0] == "bad_operation"
    assert "No template was named" in refused(answer(processor="generate"))[1]
    elsewhere = world.function_arn.replace(world.region, "eu-west-1")
    assert refused(answer(processor=elsewhere))[0] == "other_region"
    deploy_function(Seeder(aws.cloud, world.region), f"{world.function_arn}-slow", "x = 1\n", timeout=3)
    findings = {item["kind"]: item for item in answer(processor="ticket-metrics-slow").json["findings"]}
    assert "--timeout 30" in findings["short_timeout"]["fix"]


def test_a_yes_is_not_a_metric_of_the_function_and_a_slip_is_pointed_out(answer: Answer, world: World) -> None:
    with_rows(answer, world, processor="ticket-metrics")
    assert refused(answer(primary_metric="yes"))[0] == "choose"
    findings = {item["kind"]: item for item in answer(primary_metric="acuracy").json["findings"]}
    assert findings["function_metric"]["fix"].endswith("evaluate.py answer primary_metric accuracy")


def test_a_function_is_written_tried_and_never_deployed_unasked(
    answer: Answer, run_cli: RunCli, aws: LocalAws, world: World, tmp_path: Path
) -> None:
    with_rows(answer, world)
    before = len(aws.calls.of("CreateFunction"))
    code, message, fix = refused(answer(processor="generate classification class"))
    assert (code, "nothing was deployed" in message, "aws lambda create-function" in fix) == ("prepared", True, True)
    assert len(aws.calls.of("CreateFunction")) == before
    rows = tmp_path / "gen_qa.jsonl"
    rows.write_bytes(demo_dataset())
    function = str(tmp_path / "nova_metrics.py")
    assert run_cli("metric", "lint", function, project=tmp_path).code == 0
    tried = run_cli("metric", "try", function, "--rows", str(rows), "--limit", "2", project=tmp_path)
    assert tried.code == 0, tried.json
    assert tried.json["metrics"] == ["class_right", "follows_schema", "has_class"]
    assert [one["metrics"]["class_right"] for one in tried.json["tried"]] == [1.0, 0.0, 1.0, 0.0]
    assert tried.json["findings"] == []
    same = Path(function).read_text(encoding="utf-8").replace('(data.get("inference_output") or ""', '(""')
    Path(function).write_text(same, encoding="utf-8")
    tried = run_cli("metric", "try", function, "--rows", str(rows), "--limit", "2", project=tmp_path)
    assert [found["kind"] for found in tried.json["findings"]] == ["tells_nothing"]
    Path(function).write_text("def lambda_handler(event, context):\n    return []\n", encoding="utf-8")
    code, message, _ = refused(run_cli("metric", "try", function, "--rows", str(rows), project=tmp_path))
    assert (code, "it answered a list" in message) == ("function_fails", True)
    Path(function).write_text("x = 1\n", encoding="utf-8")
    assert refused(run_cli("metric", "lint", function, project=tmp_path))[0] == "function_unusable"


def test_a_reward_function_decides_over_questions(
    answer: Answer, run_cli: RunCli, world: World, tmp_path: Path
) -> None:
    result = begun(answer, world, nova_task="rft", dataset=world.questions_uri, data="ok")
    assert result.json["step"]["id"] == "processor"  # there has to be one
    code, message, fix = refused(answer(processor="none"))
    assert (code, "needs a reward function" in message, "generate reward" in fix) == ("no_function", True, True)
    assert refused(answer(processor=world.function_arn))[0] == "function_name"
    assert refused(answer(processor=f"{world.reward_arn} sum"))[0] == "bad_operation"
    assert refused(answer(processor="generate classification"))[0] == "bad_operation"
    assert "one instance" in refused(answer(processor=world.reward_arn, scale="ml.g5.12xlarge 2"))[1]
    result = answer(role=world.role_arn, output=f"s3://{world.bucket}/results/nova")
    assert f"reward_lambda_arn {world.reward_arn}" in result.json["step"]["question"]
    assert answer(confirm="yes", notebook="new").code == 0
    found = known(run_cli, tmp_path)
    assert (found["nova_task"]["value"], found["primary_metric"]["value"]) == ("rft", "lambda_reward_score")
    values: dict[str, Any] = {}
    rendered = Path(run_cli("render", project=tmp_path).json["notebook"]).read_text(encoding="utf-8")
    parameters = next(cell for cell in json.loads(rendered)["cells"] if cell["id"] == "parameters")
    exec("".join(parameters["source"]), values)  # the cell that a kernel would run
    assert values["RECIPE"]["evaluation"] == {"task": "rft_eval", "strategy": "rft_eval", "metric": "all"}
    assert values["RECIPE"]["rl_env"] == {"reward_lambda_arn": world.reward_arn}
    assert "processor" not in values["RECIPE"]
    policy = json.dumps(run_cli("preflight", "--policy", project=tmp_path).json)
    assert world.reward_arn in policy


def test_rows_of_another_format_become_questions(answer: Answer, run_cli: RunCli, world: World, tmp_path: Path) -> None:
    result = begun(answer, world, nova_task="rft", dataset=world.tickets_uri)
    assert [choice["value"] for choice in result.json["step"]["choices"]] == ["convert"]
    code, message, fix = refused(answer(data="ok"))
    assert (code, "without messages" in message, "answer data convert" in fix) == ("dataset_unusable", True, True)
    code, message, _ = refused(answer(data="convert"))
    assert (code, message.startswith("72 rows were written to")) == ("prepared", True)
    row = json.loads((tmp_path / "rft.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert [turn["role"] for turn in row["messages"]] == ["system", "user"]
    assert json.loads(row["reference_answer"])["class"]
    assert row["id"]
    assert refused(answer(data="convert"))[0] == "file_exists"
    code, _, fix = refused(answer(processor="generate reward class"))
    assert (code, "--function-name SageMaker-" in fix) == ("prepared", True)
    tried = run_cli(
        "metric", "try", str(tmp_path / "nova_metrics.py"), "--rows", str(tmp_path / "rft.jsonl"), "--limit", "2",
        project=tmp_path,
    )  # fmt: skip
    assert tried.json["metrics"] == ["lambda_has_answer", "lambda_reward_score", "lambda_right"], tried.json
    assert [one["metrics"]["lambda_reward_score"] for one in tried.json["tried"]] == [1.0, 0.5, 1.0, 0.5]


def test_a_benchmark_without_rows_says_so_before_it_is_confirmed(answer: Answer, world: World) -> None:
    result = begun(answer, world, nova_task="benchmark strong_reject offensive_language")
    (warning,) = [item for item in result.json["findings"] if item["kind"] == "no_rows"]
    assert "without an interval" in warning["message"]


def test_a_role_that_may_not_call_the_function_stops_the_card(answer: Answer, aws: LocalAws, world: World) -> None:
    role = f"arn:aws:iam::{world.account}:role/NoFunction"
    Seeder(aws.cloud, world.region).role(role, ("sagemaker",), ("s3:*", "ecr:*", "logs:*"))
    with_rows(
        answer, world, processor=world.function_arn, primary_metric="accuracy", role=role,
        output=f"s3://{world.bucket}/results/nova",
    )  # fmt: skip
    code, message, _ = refused(answer(confirm="yes"))
    assert (code, "lambda:InvokeFunction" in message) == ("preflight_failed", True)


def test_pairs_are_made_of_two_files_and_not_uploaded(answer: Answer, world: World, tmp_path: Path) -> None:
    for name, text in (("a", "short"), ("b", "long")):
        rows = [json.dumps({"prompt": f"p{at}", "answer": f"{text} {at}"}) for at in range(3)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    begun(answer, world, nova_task="llm_judge")
    code, message, fix = refused(answer(dataset="pairs a.jsonl b.jsonl"))
    assert (code, message.startswith("Pairs written to"), "dataset upload" in fix) == ("prepared", True, True)
    for text in ("pairs a.jsonl", "pairs 'a.jsonl b.jsonl"):
        assert refused(answer(dataset=text))[0] == "bad_operation"


def test_whoever_turns_to_a_benchmark_is_not_asked_for_rows_again(
    answer: Answer, run_cli: RunCli, world: World, tmp_path: Path
) -> None:
    assert begun(answer, world, nova_task="llm_judge", dataset=world.pairs_uri, data="ok").code == 0
    result = answer(nova_task="benchmark mmlu")
    found = known(run_cli, tmp_path)
    assert [found[step]["value"] for step in ("dataset", "data", "primary_metric")] == ["none", "ok", "accuracy"]
    assert result.json["step"]["id"] == "output"
    assert result.json["step"]["suggested"].startswith(f"s3://sagemaker-us-west-2-{world.account}/")


def test_another_kind_does_not_offer_the_models_of_this_one(
    answer: Answer, run_cli: RunCli, world: World, tmp_path: Path
) -> None:
    assert answer(task=SORT).json["step"]["choices"]
    assert run_cli("answer", "evaluation", "custom_scorer", project=tmp_path).code == 0
    result = run_cli("answer", "model", "no-such-model", project=tmp_path)
    assert result.json["step"]["id"] == "model"
    assert "nova-lite/prod" not in str(result.json["step"])
