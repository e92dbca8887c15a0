"""The SIMULATED steps of a run: one of the models answers every row of the dataset, and every answer is judged."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable

from model_evaluation.localaws.errors import JobFailure
from model_evaluation.localaws.jobs.job import Job
from model_evaluation.localaws.jobs.serverless import dataset_rows, has_tuned_model, is_superseded, require_tracking
from model_evaluation.localaws.language.answers import base_answer, earlier_answer, tuned_answer
from model_evaluation.localaws.operations import Record

from .judges import judge_model, model_arn, past_end_of_life
from .judging import BUILTIN, Item, Judgement, judge_builtin, judge_custom
from .results import JudgedRow, inference_file, judged_files


def run_inference(job: Job) -> None:
    """Answers every row of the dataset, as the base model or as the fine-tuned one."""
    require_tracking(job)
    answer = base_answer
    if has_tuned_model(job):
        answer = earlier_answer if is_superseded(job) else tuned_answer
    rows = dataset_rows(job)
    file = inference_file(job.name, job.hyperparameters["name"], rows, [answer(row) for row in rows])
    job.write([file], job.arguments["OutputDataConfig"]["S3OutputPath"])


MAX_JUDGE_ROWS = 1000
MAX_CUSTOM_METRICS = 10


def _refused(code: str, operation: str, text: str) -> JobFailure:
    return JobFailure(f"ClientError: An error occurred ({code}) when calling the {operation} operation: {text}")


def _invalid(text: str) -> JobFailure:
    return _refused("ValidationException", "CreateEvaluationJob", text)


def run_judging(job: Job) -> None:
    """Has every answer of an inference step judged by the judge model."""
    judge_id = _check_judge(job)
    builtin = _builtin_metrics(job)
    custom = _custom_metrics(job)
    if not builtin and not custom:
        raise _invalid("at least one metric is required.")
    # Not str.splitlines: answers may hold U+2028 and its like.
    lines = [line for line in job.read(job.hyperparameters["inference_data_s3_path"]).split(b"\n") if line]
    if len(lines) > MAX_JUDGE_ROWS:
        raise _invalid(f"The prompt dataset has {len(lines)} records; the maximum is {MAX_JUDGE_ROWS}.")

    def judge(item: Item) -> dict[str, Judgement]:
        return {
            **{name: judge_builtin(judge_id, name, item) for name in builtin},
            **{metric["name"]: judge_custom(judge_id, metric, item) for metric in custom},
        }

    rows = [_judged(json.loads(line), judge) for line in lines]
    files = judged_files(job.hyperparameters["name"], job.name, judge_id, rows, job.cloud.scenario.missing_scores)
    job.write(files, job.hyperparameters["output_path"])


def _judged(line: Record, judge: Callable[[Item], dict[str, Judgement]]) -> JudgedRow:
    response = line["modelResponses"][0]
    prompt = "\n\n".join(turn["content"] for turn in ast.literal_eval(line["prompt"]))
    item = Item(prompt, line["referenceResponse"] or None, ast.literal_eval(response["response"])[0])
    return JudgedRow(
        line["prompt"], line["referenceResponse"], response["response"], response["modelIdentifier"], judge(item)
    )


def _check_judge(job: Job) -> str:
    judge_id = str(job.hyperparameters["judge_model_id"])
    job.require("bedrock:CreateEvaluationJob", "*")
    judge = judge_model(job.cloud, judge_id)
    if judge is None or past_end_of_life(job.cloud, judge):
        raise _invalid(f"The provided model identifier {judge_id} is invalid or has reached end of life.")
    if not judge.authorized:
        text = f"You don't have access to the model with the specified model ID {judge_id}."
        raise _refused("AccessDeniedException", "InvokeModel", text)
    job.require("bedrock:InvokeModel", model_arn(job.region, judge_id))
    return judge_id


def _builtin_metrics(job: Job) -> list[str]:
    names: list[str] = json.loads(job.hyperparameters.get("llmaj_metrics") or "[]")
    for name in names:
        if name not in BUILTIN:
            raise _invalid(f"The metric Builtin.{name} is not supported for this evaluation.")
    return names


def _custom_metrics(job: Job) -> list[Record]:
    uri = job.hyperparameters.get("custom_metrics")
    if not uri:
        return []
    refusal = "customMetricConfig is invalid: "
    try:
        definitions = [item["customMetricDefinition"] for item in json.loads(job.read(uri))]
    except (ValueError, TypeError, KeyError) as error:
        raise _invalid(f"{refusal}not a list of customMetricDefinition objects") from error
    if not 1 <= len(definitions) <= MAX_CUSTOM_METRICS:
        raise _invalid(f"{refusal}{len(definitions)} metrics given, 1 to {MAX_CUSTOM_METRICS} allowed")
    for definition in definitions:
        if not {"name", "instructions"} <= set(definition) <= {"name", "instructions", "ratingScale"}:
            raise _invalid(f"{refusal}fields {sorted(definition)} do not fit name, instructions, ratingScale")
        if "{{prediction}}" not in definition["instructions"]:
            raise _invalid(f"{refusal}{definition['name']}: instructions must hold {{{{prediction}}}}")
    return definitions
