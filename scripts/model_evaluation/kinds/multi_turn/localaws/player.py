"""What local AWS asks this kind for."""

from __future__ import annotations

import json
from collections.abc import Callable

from model_evaluation.kinds.multi_turn.demo.script import SCRIPT, demo_dataset
from model_evaluation.kinds.multi_turn.runtime.recipe import EVALUATION_TYPE, PASS_K, USUAL
from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.jobs.job import Job
from model_evaluation.localaws.kind_player import KindPlayer
from model_evaluation.localaws.operations import Record
from model_evaluation.localaws.seeding import ROLE_ACTIONS, Company, Seeder, seed_company
from model_evaluation.localaws.services.models import PUBLIC_HUB, contents_of

from . import agents, mlflow
from .agents import AgentFunction, AgentRuntime
from .rollouts import is_rollout_job, run_rollouts

KEY = "recipes/mtrl-eval/override_params.json"
WITHOUT_RECIPE = "llama-3-2-1b"  # of AWS's models only some can be evaluated as agents


class MultiTurnWorld(Company):
    """The names of everything in a seeded account."""

    def __init__(self, account: str, region: str) -> None:
        super().__init__(account, region)
        self.agent_arn = f"arn:aws:bedrock-agentcore:{region}:{account}:runtime/{AgentRuntime().id}"
        self.agent_function_arn = f"arn:aws:lambda:{region}:{account}:function:{AgentFunction().name}"
        self.prompts_uri = f"s3://{self.bucket}/datasets/desk_tickets.jsonl"
        self.agent_role_arn = f"arn:aws:iam::{account}:role/FernwayAgentEvaluation"


def seed_agents(seed: Seeder, names: MultiTurnWorld) -> None:
    """The sample prompts, the recipes, and a role that both services trust, in an account of another kind."""
    give_recipes(seed.cloud, seed.region)
    seed.object(names.prompts_uri, demo_dataset())
    seed.role(names.agent_role_arn, MultiTurnPlayer.trusted_services, (*ROLE_ACTIONS, *MultiTurnPlayer.actions))


def recipe_settings(cloud: Cloud) -> bytes:
    """The settings of the recipe, as AWS's public recipes have them."""
    content: Record = {
        name: {"type": own.type, "default": own.default, "min": own.low, "max": own.high} for name, own in USUAL.items()
    }
    content[PASS_K] = {"type": "list", "default": [1, 2, 4, 8, 16, 32]}
    return json.dumps({name: {k: v for k, v in own.items() if v is not None} for name, own in content.items()}).encode()


def give_recipes(cloud: Cloud, region: str) -> None:
    """Gives the public hub's models a recipe for evaluating agents."""
    for record in contents_of(cloud, region).values():
        if record["HubName"] != PUBLIC_HUB or record["HubContentType"] != "Model":
            continue
        document = json.loads(record["HubContentDocument"])
        recipes = document.get("RecipeCollection", [])
        if not recipes or WITHOUT_RECIPE in record["HubContentName"]:
            continue
        if any(recipe.get("EvaluationType") == EVALUATION_TYPE for recipe in recipes):
            continue
        recipe = {"Name": f"mtrl-eval-{record['HubContentName']}", "Type": "Evaluation"}
        recipe |= {"EvaluationType": EVALUATION_TYPE, "DisplayName": "Multi-turn evaluation"}
        recipe["SmtjOverrideParamsS3Uri"] = f"s3://jumpstart-cache-prod-{region}/{KEY}"
        document["RecipeCollection"] = [*recipes, recipe]
        record["HubContentDocument"] = json.dumps(document)


class MultiTurnPlayer(KindPlayer):
    operations = (agents.OPERATIONS, mlflow.OPERATIONS)
    public_objects = {KEY: recipe_settings}  # noqa: RUF012 - a constant table
    trusted_services = ("sagemaker", "job.sagemaker")
    actions = ("lambda:*", "bedrock-agentcore:*")
    demo = SCRIPT

    def work(self, job: Job) -> Callable[[Job], None] | None:
        return run_rollouts if is_rollout_job(job) else None

    def seed_world(self, seed: Seeder) -> MultiTurnWorld:
        seed_company(seed, self.trusted_services, self.actions)
        give_recipes(seed.cloud, seed.region)
        world = MultiTurnWorld(seed.cloud.account, seed.region)
        seed.object(world.prompts_uri, demo_dataset())
        return world

    def seed_rehearsal(self, seed: Seeder, parameters: Record) -> None:
        """Makes the configured agent exist."""
        from dataclasses import replace

        give_recipes(seed.cloud, seed.region)
        scenario, name = seed.cloud.scenario, str(parameters["AGENT"]).rpartition("/")[2]
        part = scenario.part(agents.Agents)
        if ":function:" in name:
            function = AgentFunction(name.rpartition(":")[2])
            part = replace(part, functions=(*part.functions, function))
        else:
            part = replace(part, runtimes=(*part.runtimes, AgentRuntime(name)))
        seed.cloud.scenario = scenario.with_part(part)

    def sample_dataset(self) -> bytes:
        return demo_dataset()


PLAYER = MultiTurnPlayer
