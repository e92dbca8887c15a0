"""SIMULATED rollouts of an agent with a model in it: aggregates as MLflow metrics, rollouts as traces."""

from __future__ import annotations

import datetime
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from model_evaluation.kinds.multi_turn.runtime.analysis import pass_at
from model_evaluation.kinds.multi_turn.runtime.recipe import GROUP, PASS_K, TEMPERATURE, THRESHOLD, USUAL
from model_evaluation.localaws.jobs.job import JOB_TYPES, Job, source_uri
from model_evaluation.localaws.language import seeded, share
from model_evaluation.localaws.operations import JobFailure, Record, ServiceError
from model_evaluation.localaws.policies import trusts
from model_evaluation.localaws.services.models import PACKAGES, find_content
from model_evaluation.runtime.rows import read_dataset_rows
from model_evaluation.runtime.s3_uri import S3Uri

from .agents import Agents, runtime_of
from .mlflow import put_run, put_trace

CATEGORY = "AgentRFTEvaluation"
JOB_SERVICE = "job.sagemaker.amazonaws.com"


@dataclass(frozen=True)
class PlayedRollout:
    prompt: str
    number: int
    reward: float
    turns: int
    last: str


def is_rollout_job(job: Job) -> bool:
    return job.type is JOB_TYPES["Job"] and job.arguments.get("JobCategory") == CATEGORY


def run_rollouts(job: Job) -> None:
    """Has the agent act on every prompt, as the base model or as the fine-tuned one."""
    document: Record = json.loads(job.arguments["JobConfigDocument"])
    if not trusts(job.cloud, job.role, JOB_SERVICE):
        raise JobFailure(f"AccessDeniedException: {JOB_SERVICE} is not authorized to assume role {job.role}")
    side = "tuned" if _is_tuned(job, document) else "base"
    _require_agent(job, document["AgentConfig"])
    plan = job.cloud.scenario.part(Agents)
    source = source_uri(job, document["InputDataConfig"][0]["DataSource"])
    rows = read_dataset_rows(job.read(source).split(b"\n")).rows
    if not rows:
        raise JobFailure(f"AlgorithmError: no prompt could be read from {source}")
    settings = _settings(document["EvaluationConfig"].get("HyperParameters", {}))
    prompts = list(dict.fromkeys(row.prompt for row in rows))
    if side == "base" and plan.missing_prompts:
        prompts = prompts[: -plan.missing_prompts]
    groups = [_group(prompt, side, settings, plan) for prompt in prompts]
    _record(job, document, side, groups, settings, plan)


def _is_tuned(job: Job, document: Record) -> bool:
    """Whether the job runs a fine-tuned model. Raises :class:`JobFailure` unless its models can be used."""
    base = str(document["EvaluationConfig"]["BaseModelArn"])
    if find_content(job.cloud, job.region, base.partition(":hub-content/")[2]) is None:
        raise JobFailure(f"ClientError: base model {base} does not exist")
    arn = document.get("ModelPackageConfig", {}).get("InputModelPackageArn")
    if arn and PACKAGES.table(job.cloud, job.region).get(arn) is None:
        raise JobFailure(f"ClientError: model package {arn} does not exist")
    return bool(arn)


def _require_agent(job: Job, agent: Record) -> None:
    if function := agent.get("CustomAgentLambdaConfig"):
        job.require("lambda:InvokeFunction", function["LambdaArn"])
        return
    arn = str(agent["BedrockAgentCoreConfig"]["AgentRuntimeArn"])
    job.require("bedrock-agentcore:InvokeAgentRuntime", arn)
    try:
        status = runtime_of(job.cloud, arn.rpartition("/")[2]).status
    except ServiceError as error:
        raise JobFailure(f"ClientError: {error.message}") from error
    if status != "READY":
        raise JobFailure(f"ClientError: agent runtime {arn} is {status}")


def _settings(sent: Record) -> dict[str, float]:
    """The settings under the recipe's names; whatever has another name is ignored, as a recipe would."""
    values = {name: parameter.usual for name, parameter in USUAL.items()}
    values |= {name: float(sent[name]) for name in USUAL if name in sent}
    ks = json.loads(sent.get(PASS_K, "[1, 2, 4, 8, 16, 32]"))
    return values | {f"k{k}": float(k) for k in ks if k <= values[GROUP]}


def _group(prompt: str, side: str, settings: dict[str, float], plan: Agents) -> list[PlayedRollout]:
    """The rollouts of a prompt. Hard prompts are hard for both models; at temperature 0 all rollouts are one."""
    chance = plan.solved[0] if side == "tuned" else plan.solved[1]
    ease = share("ease", prompt) - 0.5
    group = []
    for number in range(int(settings[GROUP])):
        luck = share("luck", side, prompt, number if settings[TEMPERATURE] else 0)
        is_solved = luck < min(0.98, max(0.02, chance + 0.8 * ease))
        rng = seeded("turns", side, prompt, number if settings[TEMPERATURE] else 0)
        turns = rng.randint(2, 6) if is_solved else rng.randint(5, 9)
        reward = 1.0 if is_solved else rng.choice((0.0, 0.25, 0.5))
        last = "Done: the ticket is resolved." if is_solved else "I could not finish this ticket."
        group.append(PlayedRollout(prompt, number, reward, turns, f"[SIMULATED] {last} ({turns} steps)"))
    return group


def _record(
    job: Job,
    document: Record,
    side: str,
    groups: Sequence[Sequence[PlayedRollout]],
    settings: dict[str, float],
    plan: Agents,
) -> None:
    output = document["OutputDataConfig"]
    mlflow = output["MlflowConfig"]
    run_id = f"{share('run', job.name):.16f}"[2:].ljust(32, "0")[:32]
    experiment = str(int(share("experiment", mlflow["MlflowExperimentName"]) * 1e6))
    ended = job.cloud.clock()
    put_run(job.cloud, run_id, mlflow["MlflowRunName"], experiment, _metrics(groups, settings), ended)
    rollouts = [rollout for group in groups for rollout in group]
    seeded("trace order", side).shuffle(rollouts)
    if plan.traces in ("both", "nobodys", side):
        source = "" if plan.traces == "nobodys" else run_id
        prefix = S3Uri.parse(output["S3OutputPath"])
        when = datetime.datetime.fromtimestamp(ended, datetime.UTC).isoformat().replace("+00:00", "Z")
        for at, rollout in enumerate(rollouts):
            key = f"{prefix.key.rstrip('/')}/mlflow/{run_id}/tr-{at}"
            tags = {"mlflow.traceName": "trajectory"}
            if share("place", side, rollout.prompt, rollout.number) >= plan.without_place:
                tags["mlflow.artifactLocation"] = f"s3://{prefix.bucket}/{key}"
                body = json.dumps(_spans(rollout, side, plan)).encode()
                job.s3.put_object(Bucket=prefix.bucket, Key=f"{key}/traces.json", Body=body)
            put_trace(job.cloud, f"tr-{run_id[:8]}{at:08d}", experiment, source, tags, when)
    turns = sum(rollout.turns for rollout in rollouts)
    document["ServiceOutput"] = {
        "MlflowDetails": {
            "RunId": run_id,
            "ExperimentId": experiment,
            "RunName": mlflow["MlflowRunName"],
            "ExperimentName": mlflow["MlflowExperimentName"],
        },
        "BillableTokenUsage": {"PrefillTokenCount": 900 * turns, "DecodeTokenCount": 150 * turns},
    }
    # The step's arguments, which lineage reads, and the job's record are told alike.
    job.record["JobConfigDocument"] = job.arguments["JobConfigDocument"] = json.dumps(document)


def _spans(rollout: PlayedRollout, side: str, plan: Agents) -> Record:
    """A trace's spans: what stands in an attribute is text, JSON where it is more than that."""
    whole = {"mlflow.spanInputs": json.dumps({"prompt": rollout.prompt}), "status": "reward_received"}
    if share("reward", side, rollout.prompt, rollout.number) >= plan.without_reward:
        whole["reward"] = str(rollout.reward)
    else:
        whole["status"] = "timeout"
    turns = [
        {
            "name": f"turn-{turn}",
            "attributes": {
                "mlflow.spanOutputs": json.dumps(rollout.last if turn == rollout.turns else f"[SIMULATED] step {turn}")
            },
        }
        for turn in range(1, rollout.turns + 1)
    ]
    return {"spans": [{"name": "trajectory", "attributes": whole}, *turns]}


def _metrics(groups: Sequence[Sequence[PlayedRollout]], settings: dict[str, float]) -> dict[str, float]:
    """The service's aggregates. ``succeeded`` counts rewards above 0, as one of AWS's pages has it."""
    rewards = [rollout.reward for group in groups for rollout in group]
    ks = [int(value) for name, value in settings.items() if name.startswith("k")]
    solved = [sum(rollout.reward >= settings[THRESHOLD] for rollout in group) for group in groups]
    size = int(settings[GROUP])
    values = {
        "mean": statistics.fmean(rewards),
        "std": statistics.pstdev(rewards),
        "min": min(rewards),
        "max": max(rewards),
        "succeeded_rollouts": float(sum(reward > 0 for reward in rewards)),
        "failed_rollouts": 0.0,
        "num_prompts": float(len(groups)),
        "rollouts_per_prompt": float(size),
        "success_threshold": settings[THRESHOLD],
    }
    for k in ks:
        values[f"pass_at_{k}"] = math.fsum(pass_at(k, size, own) or 0.0 for own in solved) / len(solved)
    return {f"eval/reward/{name}": value for name, value in values.items()}
