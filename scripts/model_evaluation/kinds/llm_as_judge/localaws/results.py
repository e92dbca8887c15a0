"""The files an evaluation leaves in S3, in the layout and with the quirks of the real ones."""

from __future__ import annotations

import json
import statistics
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from model_evaluation.localaws.jobs.job import ResultFile
from model_evaluation.localaws.language.chance import seeded, share
from model_evaluation.localaws.operations import Record
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
