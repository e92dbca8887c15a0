"""The files an evaluation leaves in S3, in the layout and with the quirks of the real ones."""

from __future__ import annotations

import json
import statistics
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model_evaluation.localaws.jobs.job import ResultFile
from model_evaluation.localaws.language.chance import seeded, share
from model_evaluation.localaws.scenario import Scenario
from model_evaluation.runtime.rows import DatasetRow

from .judging import Judgement


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
        json.dumps(
            {
                "prompt": python_repr_of_prompt(row),
                "referenceResponse": row.reference or "",
                "modelResponses": [{"response": str([answer]), "modelIdentifier": name}],
            },
            ensure_ascii=False,
        )
        for row, answer in zip(rows, answers, strict=True)
    ]
    return ResultFile(f"{job}/output/output/{name}/eval_results/inference_output.jsonl", _as_lines(lines))


def judged_files(
    bedrock_job: str, metrics_job: str, judge: str, rows: Sequence[JudgedRow], scenario: Scenario
) -> list[ResultFile]:
    """Everything a judge step writes: rows in their own order, gaps included, the aggregate, the rest.

    ``bedrock_job`` is the evaluation job's name (``custom-llmaj-eval-<execution id>``), ``metrics_job`` the
    training job of the step. Names differ from run to run; order and gaps depend on the side only, so that
    the same configuration gives the same figures every time.
    """
    side = bedrock_job.partition("-llmaj-eval")[0]
    rng = seeded("names", bedrock_job)
    job_id = f"{rng.getrandbits(60):012x}"[:12]
    lines = [_result_line(side, judge, number, row, scenario) for number, row in enumerate(rows)]
    seeded("order", side).shuffle(lines)
    model = rows[0].model if rows else "model"
    folder = f"{bedrock_job}/{job_id}/models/{model}/taskTypes/General/datasets/CustomDataset"
    files = []
    parts = max(1, scenario.result_files)
    for part in range(parts):
        name = uuid.UUID(int=rng.getrandbits(128), version=4)
        files.append(ResultFile(f"{folder}/{name}_output.jsonl", _as_lines(lines[part::parts])))
    judged = [json.loads(line) for line in lines]
    aggregate = {"job_name": bedrock_job, "results": _aggregate(judged), "simulated": True}
    files.append(
        ResultFile(
            f"{metrics_job}/output/output/{bedrock_job}/{job_id}/bedrock_llm_judge_results.json",
            json.dumps(aggregate, indent=2).encode(),
        )
    )
    files.append(ResultFile(f"{bedrock_job}/{job_id}/amazon-bedrock-evaluations-permission-check", b""))
    files.extend(
        ResultFile(f"{bedrock_job}/{job_id}/logs/part-{number:05d}.log", b"")
        for number in range(scenario.padding_objects)
    )
    return files


def _result_line(side: str, judge: str, number: int, row: JudgedRow, scenario: Scenario) -> str:
    scores = []
    for metric, verdict in row.verdicts.items():
        entry: dict[str, Any] = {
            "metricName": metric,
            "result": verdict.score,
            "evaluatorDetails": [{"modelIdentifier": judge, "explanation": verdict.explanation}],
        }
        # The judge sometimes gives nothing usable; the files show that in three ways.
        if share("missing", side, number, metric, row.prompt) < scenario.missing_scores:
            way = seeded("way", side, number, metric).randrange(3)
            if way == 0:
                entry["result"] = None
            elif way == 1:
                del entry["result"]
            else:
                continue
        scores.append(entry)
    return json.dumps(
        {
            "automatedEvaluationResult": {"scores": scores},
            "inputRecord": {"prompt": row.prompt, "referenceResponse": row.reference},
            "modelResponses": [{"response": row.response, "modelIdentifier": row.model}],
            "simulated": True,
        },
        ensure_ascii=False,
    )


def _aggregate(judged: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Per metric: mean of the given scores, how many were asked for, given and missing."""
    names: dict[str, list[Any]] = {}
    for line in judged:
        for score in line["automatedEvaluationResult"]["scores"]:
            names.setdefault(score["metricName"], []).append(score.get("result"))
    results: dict[str, dict[str, Any]] = {}
    for name, values in names.items():
        given = [value for value in values if value is not None]
        entry: dict[str, Any] = {
            "total_evaluations": len(judged),
            "passed": len(given),
            "failed": len(judged) - len(given),
        }
        figures = [value for value in given if isinstance(value, int | float)]
        if figures:
            entry["score"] = statistics.fmean(figures)
            entry["std_deviation"] = statistics.pstdev(figures)
        results[name] = entry
    return results


def _as_lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")
