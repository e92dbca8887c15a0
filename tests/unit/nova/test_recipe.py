"""Recipes: every key by task, every wrong value that circulates, and the text that the container reads."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from model_evaluation.kinds.nova.runtime.recipes.families import FAMILIES, family_of_id, likely_family
from model_evaluation.kinds.nova.runtime.recipes.recipe import (
    GEN_QA,
    LLM_JUDGE,
    RFT,
    RUBRIC,
    TASKS,
    WITH_SUBTASKS,
    recipe_faults,
    recipe_of,
    recipe_yaml,
)

CHECKPOINT = "s3://customer-escrow-111122223333-smtj-x/job/checkpoint"
FUNCTION = {
    "lambda_arn": "arn:aws:lambda:us-east-1:111122223333:function:tickets",
    "lambda_type": "custom_metrics",
    "preprocessing": {"enabled": False},
    "postprocessing": {"enabled": True},
    "aggregation": "average",
}
REWARD_FUNCTION = {"reward_lambda_arn": "arn:aws:lambda:us-east-1:111122223333:function:SageMaker-reward"}


def made(task: str = GEN_QA, family: str = "lite", **more: Any) -> dict[str, dict[str, Any]]:
    known = family_of_id(family)
    assert known is not None
    more = {**({"processor": REWARD_FUNCTION} if task == RFT else {}), **more}
    return recipe_of(task, known, more.pop("model", known.alias), **more)


def changed(section: str, task: str = GEN_QA, family: str = "lite", **values: Any) -> dict[str, dict[str, Any]]:
    recipe = made(task, family)
    return {**recipe, section: {**recipe.get(section, {}), **values}}


@pytest.mark.parametrize("task", TASKS)
def test_what_is_made_for_a_task_is_what_the_task_takes(task: str) -> None:
    for family_id in TASKS[task].families:
        assert recipe_faults(made(task, family_id)) == []
        assert recipe_faults(made(task, family_id, model=CHECKPOINT)) == []
    for family in FAMILIES:
        if family.id not in TASKS[task].families:
            assert f"{task} is not for {family.name}" in " ".join(recipe_faults(made(task, family.id)))


def test_its_yaml_reads_back_as_the_recipe() -> None:
    recipe = made(family="lite-2", inference={"top_logprobs": 10, "temperature": 0.5}, processor=FUNCTION)
    recipe["run"]["name"] = 'odd: "name" # {{ x }}\n'
    assert yaml.safe_load(recipe_yaml(recipe)) == recipe
    assert "task: gen_qa\n" in recipe_yaml(recipe)


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        (changed("run", model_type="amazon.nova-micro-v1:0:300k"), "Nova Micro's is amazon.nova-micro-v1:0:128k"),
        (changed("run", model_name_or_path="nova-lite-1.5.4/prod"), "Nova Lite's alias is nova-lite/prod"),
        (changed("run", model_name_or_path="amazon.nova-lite-v1:0:300k"), "Nova Lite's alias is nova-lite/prod"),
        (changed("run", model_name_or_path="nova-lite-v1:0"), "Nova Lite's alias is nova-lite/prod"),
        (changed("run", model_name_or_path="nova-pro/prod"), "the engine would not start"),
        (changed("run", model_type=None), "run.model_type is ''"),
        (changed("run", replicas=0), "from 1 to 16"),
        (changed("run", replicas=17), "from 1 to 16"),
        (changed("run", replicas=True), "from 1 to 16"),
        (changed("run", LLM_JUDGE, replicas=2), "llm_judge runs on one instance"),
        (changed("run", RFT, replicas=2), "rft_eval runs on one instance"),
        (made(RFT, processor=FUNCTION), "rl_env has no key lambda_arn"),
        (made(RFT, processor={"reward_lambda_arn": FUNCTION["lambda_arn"]}), "named SageMaker-... is expected"),
        (made(RFT, processor=None), "named SageMaker-... is expected"),
        ({**made(RFT), "processor": FUNCTION}, "rft_eval takes no section processor"),
        (changed("run", output_s3_path="s3://b/out"), "it stays empty"),
        (changed("run", data_s3_path="s3://b/in"), "it stays empty"),
        (changed("run", mlflow_tracking_uri="x"), "run has no key mlflow_tracking_uri"),
        (changed("evaluation", strategy="zs_cot"), "gen_qa has gen_qa"),
        (changed("evaluation", "bbh", strategy="zs_cot"), "bbh has fs_cot"),
        (changed("evaluation", metric="f1"), "gen_qa has all"),
        (changed("evaluation", subtask=""), "has no subtasks"),
        (changed("evaluation", "math", subtask="knitting"), "algebra"),
        (changed("evaluation", "mmlu", subtask=""), "evaluation.subtask is ''"),
        ({**made(), "evaluation": {"task": "rouge"}}, "evaluation.task is 'rouge'"),
        (changed("inference", top_logprobs=50), "from 0 (none) to 20"),
        (changed("inference", top_logprobs=-1), "from 0 (none) to 20"),
        (changed("inference", temperature=2.5), "from 0 to 2"),
        (changed("inference", top_p=1.1), "from 0 to 1"),
        (changed("inference", top_k=0), "-1 for no limit"),
        (changed("inference", max_new_tokens=0), "from 1 to 100000"),
        (changed("inference", family="lite-2", max_new_tokens=100_000), "from 1 to 32768"),
        (changed("inference", LLM_JUDGE, max_new_tokens=12_000), "is not for llm_judge"),
        (changed("inference", "mmlu", top_logprobs=5), "for gen_qa only"),
        (changed("inference", reasoning_effort="low"), "Nova Lite does not reason"),
        (changed("inference", reasoning_effort=None), "has to be left out"),
        (changed("inference", family="lite-2", reasoning_effort="medium"), "null, low or high"),
        (changed("inference", RUBRIC, "lite-2", reasoning_effort="low"), "a model of AWS's own"),
        (changed("inference", max_tokens=5), "inference has no key max_tokens"),
        ({**made("mmlu"), "processor": FUNCTION}, "mmlu takes no section processor"),
        ({**made(), "rl_env": {}}, "gen_qa takes no section rl_env"),
        (made(processor={**FUNCTION, "lambda_type": None}), "needs custom_metrics"),
        (made(processor={key: value for key, value in FUNCTION.items() if key != "lambda_type"}), "custom_metrics"),
        (made(processor={**FUNCTION, "lambda-arn": "x"}), "processor.lambda_arn is meant"),
        (made(processor={**FUNCTION, "lambda_arn": "tickets"}), "the ARN of a Lambda function"),
        (made(processor={**FUNCTION, "aggregation": "median"}), "min, max, average, sum"),
        (made(processor={**FUNCTION, "preprocessing": True}), "enabled: true or false"),
        ({"run": {}}, "no section evaluation and no section inference"),
        ("run: x", "is a dictionary"),
    ],
)  # fmt: skip
def test_what_the_container_would_refuse_is_named(recipe: Any, told: str) -> None:
    assert told in " | ".join(recipe_faults(recipe))


def test_a_function_is_accepted_with_the_key_that_says_what_it_is() -> None:
    assert recipe_faults(made(processor=FUNCTION)) == []


def test_subtasks_that_exist_are_accepted() -> None:
    assert recipe_faults(made("math", subtask="geometry")) == []
    assert recipe_faults(made("mmlu", subtask="anatomy")) == []
    assert set(TASKS) >= WITH_SUBTASKS


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("amazon.nova-micro-v1:0:300k", "micro"),
        ("amazon.nova-lite-v1:0", "lite"),
        ("us.amazon.nova-pro-v1:0", "pro"),
        ("amazon.nova-2-lite-v1:0:256k", "lite-2"),
        ("nova-textgeneration-lite-v2", "lite-2"),
        ("nova-lite-2", "lite-2"),
    ],
)
def test_the_family_that_a_name_means(name: str, family: str) -> None:
    found = likely_family(name)
    assert found is not None
    assert found.id == family
