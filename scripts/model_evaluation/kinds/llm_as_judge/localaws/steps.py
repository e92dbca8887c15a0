"""The SIMULATED steps of a run: a model answers every row of the dataset, and every answer is judged. What they leave
in S3 has the layout and the quirks of the real files."""

from __future__ import annotations

import ast
import json
import statistics
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from model_evaluation.localaws.jobs.job import (
    Job,
    ResultFile,
    dataset_rows,
    has_tuned_model,
    is_superseded,
    require_tracking,
)
from model_evaluation.localaws.language import base_answer, earlier_answer, seeded, share, tuned_answer
from model_evaluation.localaws.operations import JobFailure, Record
from model_evaluation.runtime.rows import DatasetRow

from .bedrock import judge_model, model_arn, past_end_of_life
from .judging import BUILTIN, Item, Judgement, judge_builtin, judge_custom


@dataclass(frozen=True)
class JudgedRow:
    """One line of ``inference_output.jsonl`` with the judge's verdicts by metric name."""

    prompt: str
    reference: str
    response: str
    model: str
    verdicts: dict[str, Judgement]


def python_repr_of_prompt(row: DatasetRow) -> str:
    """The prompt as result files hold it: Python's repr of a conversation."""
    return str([{"role": "user", "content": row.prompt}])


def inference_file(job: str, name: str, rows: Sequence[DatasetRow], answers: Sequence[str]) -> ResultFile:
    """``inference_output.jsonl`` of an inference step; ``name`` is its ``name`` hyperparameter."""
    lines = [
        {
            "prompt": python_repr_of_prompt(row),
            "referenceResponse": row.reference or "",
            "modelResponses": [{"response": str([answer]), "modelIdentifier": name}],
        }
        for row, answer in zip(rows, answers, strict=True)
    ]
    return ResultFile(f"{job}/output/output/{name}/eval_results/inference_output.jsonl", _as_lines(lines))


def judged_files(
    bedrock_job: str, metrics_job: str, judge: str, rows: Sequence[JudgedRow], missing_scores: float
) -> list[ResultFile]:
    """Everything a judge step writes: rows in their own order, gaps included, the aggregate, the rest.

    ``bedrock_job`` is the evaluation job's name (``custom-llmaj-eval-<execution id>``), ``metrics_job`` the
    training job of the step, ``missing_scores`` the share of scores that are not given. Names differ from run to run;
    order and gaps depend on the side only, so that the same configuration gives the same figures every time.
    """
    side = bedrock_job.partition("-llmaj-eval")[0]
    rng = seeded("names", bedrock_job)
    job_id = f"{rng.getrandbits(60):012x}"[:12]
    name = uuid.UUID(int=rng.getrandbits(128), version=4)
    lines = [_result_line(side, judge, number, row, missing_scores) for number, row in enumerate(rows)]
    seeded("order", side).shuffle(lines)
    model = rows[0].model if rows else "model"
    folder = f"{bedrock_job}/{job_id}/models/{model}/taskTypes/General/datasets/CustomDataset"
    aggregate = {"job_name": bedrock_job, "results": _aggregate(lines), "simulated": True}
    return [
        ResultFile(f"{folder}/{name}_output.jsonl", _as_lines(lines)),
        ResultFile(
            f"{metrics_job}/output/output/{bedrock_job}/{job_id}/bedrock_llm_judge_results.json",
            json.dumps(aggregate, indent=2).encode(),
        ),
        ResultFile(f"{bedrock_job}/{job_id}/amazon-bedrock-evaluations-permission-check", b""),
    ]


def _result_line(side: str, judge: str, number: int, row: JudgedRow, missing_scores: float) -> Record:
    scores = []
    for metric, verdict in row.verdicts.items():
        entry: Record = {
            "metricName": metric,
            "result": verdict.score,
            "evaluatorDetails": [{"modelIdentifier": judge, "explanation": verdict.explanation}],
        }
        # The judge sometimes gives nothing usable; the files show that in three ways.
        if share("missing", side, number, metric, row.prompt) < missing_scores:
            way = seeded("way", side, number, metric).randrange(3)
            if way == 0:
                entry["result"] = None
            elif way == 1:
                del entry["result"]
            else:
                continue
        scores.append(entry)
    return {
        "automatedEvaluationResult": {"scores": scores},
        "inputRecord": {"prompt": row.prompt, "referenceResponse": row.reference},
        "modelResponses": [{"response": row.response, "modelIdentifier": row.model}],
        "simulated": True,
    }


def _aggregate(lines: Sequence[Record]) -> dict[str, Record]:
    """Per metric: mean of the given scores, how many were asked for, given and missing."""
    scores: dict[str, list[float | str | None]] = {}
    for line in lines:
        for entry in line["automatedEvaluationResult"]["scores"]:
            scores.setdefault(entry["metricName"], []).append(entry.get("result"))
    results: dict[str, Record] = {}
    for metric, values in scores.items():
        passed = sum(value is not None for value in values)
        results[metric] = {"total_evaluations": len(lines), "passed": passed, "failed": len(lines) - passed}
        figures = [value for value in values if isinstance(value, int | float)]
        if figures:
            results[metric] |= {"score": statistics.fmean(figures), "std_deviation": statistics.pstdev(figures)}
    return results


def _as_lines(rows: Iterable[Record]) -> bytes:
    text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    return text.encode("utf-8", "surrogatepass")


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
