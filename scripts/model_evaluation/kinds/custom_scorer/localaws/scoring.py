"""The SIMULATED models' answers to a scorer's dataset, and their scores by the real scorer."""

from __future__ import annotations

import contextlib
import json
import re

from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.custom_scorer.scorer.events import event_of, gold_of
from model_evaluation.kinds.custom_scorer.scorer.replies import TOTAL, ReplyError, Scores, read_reply
from model_evaluation.localaws.jobs.job import Job, dataset_rows, dataset_uri, has_tuned_model, require_tracking
from model_evaluation.localaws.jobs.task_results import AnsweredQuestion, TaskAnswers, TaskResults, task_files
from model_evaluation.localaws.language import seeded, share
from model_evaluation.localaws.operations import JobFailure
from model_evaluation.localaws.services.models import find_content

from .functions import function_of

RIGHT = {"tuned": 0.85, "base": 0.6}
BROKEN = {"tuned": 0.02, "base": 0.1}


def run_scoring(job: Job) -> None:
    """Answers every row, as the base model or as the fine-tuned one, and has the scorer score it."""
    require_tracking(job)
    side = "tuned" if has_tuned_model(job) else "base"
    parsed = dataset_rows(job)
    rows = [json.loads(line) for line in job.read(dataset_uri(job)).split(b"\n") if line.strip()]
    golds = [gold_of(row) for row in rows]
    answered: list[AnsweredQuestion] = []
    scored: list[dict[str, float]] = []
    for at, (row, own) in enumerate(zip(rows, parsed, strict=True)):
        answer = _answer(side, at, golds)
        metrics: JsonObject = {"em": float(answer == golds[at]), "rouge1": _overlap(answer, golds[at])}
        with contextlib.suppress(ReplyError):
            scores = _scores(job, row, answer, str(at))
            scored.append({TOTAL: scores.total, **scores.metrics})
            metrics["custom_lambda_metric"] = repr(scored[-1])
        answered.append(AnsweredQuestion(own.prompt, answer, metrics, golds[at], own.system or ""))
    if side == "tuned":
        seeded("scorer order").shuffle(answered)
    means = _means(scored, len(answered) - len(scored))
    results = TaskResults([TaskAnswers("custom|gen_qa_gen_qa|0", answered)], ["em", "rouge1"], means)
    files = task_files(job.name, side, job.cloud.clock(), results)
    job.write(files, job.arguments["OutputDataConfig"]["S3OutputPath"])


def _means(every: list[dict[str, float]], failures: int) -> dict[str, float]:
    """Means over the rows that the scorer did not fail on, as the container reports them."""
    names = dict.fromkeys(name for scores in every for name in scores)
    means = {name: sum(scores[name] for scores in every) / len(every) for name in names}
    return {**means, "byoc_failure_count": float(failures)}


def _scores(job: Job, row: JsonObject, answer: str, row_id: str) -> Scores:
    preset = job.hyperparameters.get("preset_reward_function")
    if preset:
        right = _last_number(answer) == _last_number(gold_of(row)) if preset == "prime_math" else answer == gold_of(row)
        return Scores(float(right), {str(preset): float(right)})
    arn = str(job.arguments["ServerlessJobConfig"]["EvaluatorArn"])
    content = find_content(job.cloud, job.region, arn.partition(":hub-content/")[2])
    if content is None:
        raise JobFailure(f"ClientError: Invalid HubContentArn format or no such evaluator: {arn}")
    function = json.loads(json.loads(content["HubContentDocument"])["JsonContent"])["Reference"]
    try:
        job.require("lambda:InvokeFunction", function)
    except JobFailure as error:  # the container counts it, and the job succeeds
        raise ReplyError(str(error)) from error
    scorer = function_of(job.cloud, function)
    if scorer is None:
        raise ReplyError(f"Function not found: {function}")
    event = event_of(row, answer, row_id)
    return read_reply(scorer.call(event), event[0].get("id"))


def _answer(side: str, at: int, golds: list[str]) -> str:
    """The gold answer, another row's, or one that was broken off."""
    if share("broken", side, at) < BROKEN[side]:
        return str(golds[at][: max(1, len(golds[at]) // 2)])
    luck = (share("luck", at) + share("luck", side, at)) / 2
    if luck < 1 - ((1 - RIGHT[side]) / 2) ** 0.5:
        return golds[at]
    others = [gold for gold in golds if gold != golds[at]]
    return others[seeded("other", side, at).randrange(len(others))] if others else ""


def _last_number(text: str) -> str:
    return str((re.findall(r"-?\d+(?:\.\d+)?", text) or [""])[-1])


def _overlap(answer: str, gold: str) -> float:
    words, gold_words = set(answer.split()), set(gold.split())
    return len(words & gold_words) / len(gold_words) if gold_words else 0.0
