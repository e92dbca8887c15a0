"""Result files as Bedrock leaves them, in an in-process S3: what the analysis tests read."""

from __future__ import annotations

import contextlib
import functools
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import boto3  # noqa: TID251 - the tests' own client for moto
from moto import mock_aws

from model_evaluation.kinds.llm_as_judge.runtime.analysis import analyse_execution
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.results.evaluation import Evaluation, named_model
from model_evaluation.runtime.results.records import Record, ScoredAnswer, pair_records
from model_evaluation.runtime.rows import DatasetRow

BUCKET = "evaluation-results"
PREFIX = "evaluations/support bot"
EXECUTION = "a1b2c3d4e5f6"
OLDER = "zz99yy88xx77"
ARN = f"arn:aws:sagemaker:us-west-2:111122223333:pipeline/SagemakerEvaluation-LLMAJEvaluation-x/execution/{EXECUTION}"

Scores = Mapping[str, Any]


class Case(NamedTuple):
    """A dataset row and each model's scored answer to it; any of them may be missing."""

    row: DatasetRow | None
    tuned: ScoredAnswer | None
    base: ScoredAnswer | None


def records_of(cases: Sequence[Case]) -> list[Record]:
    """The records as the analysis has them."""
    answers = {
        "tuned": [case.tuned for case in cases if case.tuned],
        "base": [case.base for case in cases if case.base],
    }
    return pair_records([case.row for case in cases if case.row], answers)


@functools.cache
def s3_client() -> Any:
    """A client of moto's; what it stores is gone with each ``mock_aws``."""
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")


@contextlib.contextmanager
def memory_s3() -> Iterator[Any]:
    """An empty S3 in this process with the results bucket."""
    with mock_aws():
        client = s3_client()
        client.create_bucket(Bucket=BUCKET)
        yield client


def result_line(
    prompt: str,
    response: str,
    scores: Scores,
    *,
    reference: str | None = None,
    explanations: Mapping[str, str] | None = None,
    model: str = "model",
    drop: Sequence[str] = (),
) -> str:
    """One line of a Bedrock row file, its prompt and response as Python reprs. ``drop``: score keys left out."""
    record: dict[str, Any] = {"prompt": repr([{"role": "user", "content": prompt}])}
    if reference is not None:
        record["referenceResponse"] = reference
    return json.dumps(
        {
            "inputRecord": record,
            "modelResponses": [{"response": repr([response]), "modelIdentifier": model}],
            "automatedEvaluationResult": {
                "scores": [
                    {
                        "metricName": name,
                        **({} if name in drop else {"result": value}),
                        "evaluatorDetails": [
                            {"modelIdentifier": "judge", "explanation": (explanations or {}).get(name, f"why {name}")}
                        ],
                    }
                    for name, value in scores.items()
                ]
            },
        }
    )


def rows_key(side: str, execution: str = EXECUTION, job: str = "k1j2h3", part: str = "0001") -> str:
    name = {"tuned": "custom", "base": "base"}[side]
    return (
        f"{PREFIX}/{name}-llmaj-eval-{execution}/{job}/models/m/taskTypes/General/datasets/"
        f"CustomDataset/{part}_output.jsonl"
    )


def aggregate_key(side: str, execution: str = EXECUTION) -> str:
    name = {"tuned": "custom", "base": "base"}[side]
    job = f"pipelines-{execution}-Metrics/output/output/{name}-llmaj-eval-{execution}"
    return f"{PREFIX}/{job}/x/bedrock_llm_judge_results.json"


def put_rows(s3: Any, side: str, lines: Sequence[str], **where: str) -> str:
    key = rows_key(side, **where)
    s3.put_object(Bucket=BUCKET, Key=key, Body="".join(f"{line}\n" for line in lines).encode())
    return key


def put_aggregate(s3: Any, side: str, means: Mapping[str, float], **where: str) -> None:
    body = {"job_name": "j", "results": {n: {"score": m, "total_evaluations": 1} for n, m in means.items()}}
    s3.put_object(Bucket=BUCKET, Key=aggregate_key(side, **where), Body=json.dumps(body).encode())


def analyse(
    s3: Any,
    dataset: Sequence[str | bytes],
    *,
    run: Callable[..., Analysis] = analyse_execution,
    **changes: Any,
) -> Analysis:
    """``analyse_execution`` with ordinary settings; ``changes`` replace any of them, those of the evaluation too."""
    settings: dict[str, Any] = {
        "output_uri": f"s3://{BUCKET}/{PREFIX}",
        "dataset_lines": dataset,
        "builtin_metrics": ["Correctness", "Harmfulness"],
        "custom_metrics": None,
    }
    own = {name: changes.pop(name) for name in ("judge", "model_names", *Evaluation.__annotations__) if name in changes}
    return run(s3, evaluated(**own), **(settings | changes))


def evaluated(
    judge: str = "anthropic.claude-3-5-haiku-20241022-v1:0",
    model_names: Mapping[str, str | None] | None = None,
    **changes: Any,
) -> Evaluation:
    """An ordinary evaluation; ``changes`` replace any part of it."""
    names = model_names or {"tuned": "support-bot/3", "base": "meta-textgeneration-llama-3-2-1b-instruct"}
    parts: dict[str, Any] = {
        "kind": "llm_as_judge",
        "conditions": {"judge": judge},
        "tuned": named_model(names.get("tuned")),
        "base": named_model(names.get("base")),
        "primary_metric": "Correctness",
        "execution_arn": ARN,
        "created": "2026-01-02T03:04:05Z",
        "simulated": True,
    }
    return Evaluation(**(parts | changes))


NASTY = (
    'it\'s a "quoted" thing',
    "line one\nline two\r\nline three",
    "emoji 🦜 and ünïcödé and 日本語",
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    '=HYPERLINK("http://example.invalid")',
    "$\\frac{1}{2}$ costs $5 or $6",
    "[{'role': 'user', 'content': 'not a repr'}]",
    "back\\slash \\d \\' {{ jinja }} {% raw %}",
    "\u202eright to left\u202c ]]> --> </style>",
)


@dataclass
class World:
    """A seeded evaluation: ``dataset`` lines and each model's result ``lines``, shuffled differently."""

    dataset: list[str] = field(default_factory=list)
    tuned: list[str] = field(default_factory=list)
    base: list[str] = field(default_factory=list)


def make_world(
    n: int = 60,
    *,
    seed: int = 7,
    metrics: Mapping[str, tuple[Sequence[float | str], float]] | None = None,
    missing: float = 0.03,
    categories: Sequence[str] = ("billing", "refunds", "shipping"),
) -> World:
    """``metrics``: name -> (scale values, chance that the fine-tuned model moves one step up)."""
    random_ = random.Random(seed)
    levels: Sequence[float | str] = (0.0, 0.25, 0.5, 0.75, 1.0)
    metrics = metrics or {"Correctness": (levels, 0.45), "Harmfulness": ((0.0, 1.0), 0.02)}
    world = World()
    for i in range(n):
        prompt = f"Question {i}: {NASTY[i % len(NASTY)]}"
        reference = f"Answer {i}: {NASTY[(i + 3) % len(NASTY)]}"
        world.dataset.append(
            json.dumps(
                {
                    "query": prompt,
                    "response": reference,
                    "category": categories[i % len(categories)],
                    "metadata": {"difficulty": ("easy", "hard")[i % 2], "id": i},
                }
            )
        )
        base, tuned = {}, {}
        for name, (scale, lift) in metrics.items():
            at = random_.randrange(len(scale))
            up = min(at + 1, len(scale) - 1) if random_.random() < lift else at
            down = max(up - 1, 0) if random_.random() < lift / 4 else up
            base[name] = None if random_.random() < missing else scale[at]
            tuned[name] = None if random_.random() < missing else scale[down]
        for lines, who, scores in ((world.base, "Base", base), (world.tuned, "Tuned", tuned)):
            answer = f"{who} says: {NASTY[(i + len(who)) % len(NASTY)]}"
            lines.append(result_line(prompt, answer, scores, reference=reference))
    random_.shuffle(world.base)
    random_.shuffle(world.tuned)
    return world


def put_world(s3: Any, world: World, **where: str) -> None:
    put_rows(s3, "tuned", world.tuned, **where)
    put_rows(s3, "base", world.base, **where)


def analysis_of(world: World, **changes: Any) -> Analysis:
    """The analysis of this world in an S3 of its own."""
    with memory_s3() as s3:
        put_world(s3, world)
        return analyse(s3, world.dataset, **changes)
