"""How local AWS plays the container: what it would have written about each row, made of the row's text alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from model_evaluation.localaws import KindPlayer
from model_evaluation.localaws.jobs.job import Job, ResultFile
from model_evaluation.localaws.kind_player import Work
from model_evaluation.localaws.operations import JobFailure
from model_evaluation.localaws.services.prices import Product, Quota

USD_PER_HOUR = 0.6
QUOTA = Quota("sagemaker", "L-TOY", "Copies of the toy container", 2.0)
IMAGE = "toys:1"


def chance(text: str, toy: str) -> float:
    """A number between 0 and 1, the same for the same row and toy."""
    return int.from_bytes(hashlib.sha256(f"{toy} {text}".encode()).digest()[:4]) / 2**32


def row_result(shape: str, number: int, query: str) -> Mapping[str, object]:
    """What stands in the result file about one row: toy-2 plays better than toy-1."""
    tuned, base = 0.4 + 0.6 * chance(query, "toy-2"), 0.6 * chance(query, "toy-1")
    result: dict[str, object] = {"id": number, "query": query}
    if shape == "scores":
        return result | {"tuned": tuned, "base": base}
    if shape == "labels":
        truth = len(query) % 2
        return result | {
            "truth": truth,
            "tuned": truth if tuned > 0.5 else 1 - truth,
            "base": truth if base > 0.4 else 0,
        }
    choice = "tie" if abs(tuned - base) < 0.1 else "tuned" if tuned > base else "base"
    return result | {"choice": choice}


def part_results(queries: list[str]) -> list[Mapping[str, object]]:
    """Shares of rows by part: questions, and everything else."""
    parts: dict[str, list[str]] = {"questions": [], "others": []}
    for query in queries:
        parts["questions" if query.rstrip().endswith("?") else "others"].append(query)
    return [
        {
            "part": part,
            "n": len(own),
            "tuned": sum(chance(query, "toy-2") > 0.2 for query in own) / len(own),
            "base": sum(chance(query, "toy-1") > 0.6 for query in own) / len(own),
        }
        for part, own in parts.items()
        if own
    ]


def play(job: Job) -> None:
    """Reads the rows, writes the result file."""
    shape = str(job.hyperparameters.get("shape"))
    source = job.arguments["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    queries = [str(json.loads(line)["query"]) for line in job.read(source).splitlines() if line.strip()]
    if not queries:
        raise JobFailure("AlgorithmError: there are no rows")
    rows = part_results(queries) if shape == "aggregates" else [
        row_result(shape, number, query) for number, query in enumerate(queries, 1)
    ]  # fmt: skip
    body = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    job.write([ResultFile(f"{job.name}/rows.jsonl", body)], job.arguments["OutputDataConfig"]["S3OutputPath"])


class ToyPlayer(KindPlayer):
    products = (Product("AmazonSageMaker", "ML Instance", {"instanceName": "ml.toy"}, "Hrs", USD_PER_HOUR),)
    quotas = (QUOTA,)

    def work(self, job: Job) -> Work | None:
        return play if IMAGE in str(job.arguments.get("AlgorithmSpecification")) else None

    def sample_dataset(self) -> bytes:
        return b"".join(b'{"query": "What is toy %d?"}\n' % number for number in range(40))


PLAYER = ToyPlayer
