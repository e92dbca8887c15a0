"""`metric lint` and `metric try` for custom metrics: checked on their own, or tried on a few rows."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from model_evaluation.conversation.answer_text import read_text
from model_evaluation.conversation.workflow import finding
from model_evaluation.errors import Refused, UsageError
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.kind import MetricTool
from model_evaluation.kinds.llm_as_judge.metrics.definitions import Definition

from .metrics.custom import lint_custom_metrics, parse_custom
from .metrics.trial import judge_prompt, samples, try_metrics

if TYPE_CHECKING:
    from model_evaluation.kinds.llm_as_judge.metrics.trial import BedrockJudge

    from .metrics.trial import Judge, Sample


MAX_ROWS = 20


class CustomMetricTool(MetricTool):
    description = (
        "lint checks Bedrock's limits, the prompt variables and the rating scale. try runs the metrics on sample rows "
        "(or --rows FILE): each row's reference answer, and another row's as a wrong one. Without --judge the judge is "
        "local AWS's: SIMULATED, no account. With --judge ID --yes a Bedrock model judges, which costs its tokens."
    )

    def arguments(self, parser: argparse._ArgumentGroup) -> None:
        parser.add_argument("--judge", metavar="ID", help="try: a Bedrock model as the judge; needs --yes")

    def run(self, args: argparse.Namespace) -> tuple[JsonObject, int]:
        if args.action == "lint" and (args.rows or args.judge or args.yes):
            raise UsageError(
                "--rows, --judge and --yes go with `metric try`; `metric lint` calls no judge.",
                fix="See: evaluate.py metric --help",
            )
        text = read_text(args.file)
        return (_try(args, text), 0) if args.action == "try" else _lint(text)


def _lint(text: str) -> tuple[JsonObject, int]:
    result = lint_custom_metrics(text)
    body: JsonObject = {"metrics": result.metrics, "findings": result.findings}
    if not result.errors:
        return body, 0
    body["error"] = {
        "code": "metric_unusable",
        "message": f"{len(result.errors)} fault{'s' if len(result.errors) > 1 else ''}: "
        + " ".join(f"{item['position']}: {item['message']}" for item in result.errors[:10]),
        "fix": result.errors[0]["fix"],
    }
    return body, 3


def _try(args: argparse.Namespace, text: str) -> JsonObject:
    if not 1 <= args.limit <= MAX_ROWS:
        raise UsageError(
            f"--limit is {args.limit}; 1 to {MAX_ROWS} are possible.", fix="See: evaluate.py metric --help"
        )
    metrics = parse_custom(text)
    tried = samples(_rows(args.rows), args.limit)
    calls = len(metrics) * len(tried)
    bedrock = _bedrock_judge(args, calls) if args.judge else None
    results = try_metrics(metrics, tried, bedrock or _local_judge())
    simulated = bedrock is None or bedrock.simulated
    findings = [finding("calls", f"{args.judge} was called {calls} times.")] if bedrock else []
    if simulated:
        note = "SIMULATED: local AWS's judge goes by simple rules. It shows how a metric runs, not how good it is."
        findings.append(finding("simulated", note))
    findings += [
        finding(
            "no_score",
            f"{item['name']}: {missing} of {len(tried)} replies gave no rating of the scale.",
            level="warning",
            fix="Read these replies in metrics[].scores; name the ratings in the instructions, word for word.",
        )
        for item in results
        if (missing := sum(score["score"] is None for score in item["scores"]))
    ]
    findings += [
        finding(
            "does_not_separate",
            f"{item['name']} does not score right answers better than wrong ones.",
            level="warning",
            fix="Expected of a metric of tone or form: the wrong answer is as polite as the right one. Otherwise state "
            "what good looks like, and check the direction and the order of the ratings.",
        )
        for item in results
        if item["separates"] is False
    ]
    return {
        "simulated": simulated,
        "judge": args.judge or "local AWS",
        "metrics": results,
        "prompt_example": judge_prompt(metrics[0]["customMetricDefinition"], tried[0]),
        "findings": findings,
    }


def _rows(path: str | None) -> list[tuple[int, str, str | None]]:
    from model_evaluation.runtime.rows import read_dataset_rows

    if path is None:
        from .demo.script import demo_dataset

        content = demo_dataset()
    else:
        path = os.path.expanduser(path)
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            raise Refused(
                f"{path} cannot be read: {error.strerror}.", fix="Check the path.", code="file_unreadable"
            ) from error
    dataset = read_dataset_rows(content.splitlines())
    return [(row.line, row.prompt, row.reference) for row in dataset.rows]


def _local_judge() -> Judge:
    from .localaws.judging import Item, judge_custom

    def judge(definition: Definition, sample: Sample) -> tuple[float | str | None, str]:
        item = Item(sample.prompt, sample.reference, sample.response)
        judgement = judge_custom("local", dict(definition), item)
        return judgement.score, judgement.explanation

    return judge


def _bedrock_judge(args: argparse.Namespace, calls: int) -> BedrockJudge:
    if not args.yes:
        raise Refused(
            f"{args.judge} would be called {calls} times, at Bedrock's price for its tokens. Nothing was called.",
            fix="Ask the user; after their yes, repeat the command with --yes.",
            code="needs_consent",
        )
    from model_evaluation.kinds.llm_as_judge.metrics.trial import BedrockJudge
    from model_evaluation.lookups.session import Aws

    return BedrockJudge(Aws(), args.judge)


TOOL = CustomMetricTool()
