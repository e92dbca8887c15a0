"""SIMULATED: the container's job. The recipe and the rows are the real ones and checked as the container would; what
the models answer, and how sure they are of it, is made up."""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import yaml

from model_evaluation.kinds.nova.functions.running import (
    Outcome,
    postprocess_event,
    preprocess_event,
    reward_sample,
    run_function,
    run_rewards,
)
from model_evaluation.kinds.nova.runtime.recipes.families import family_of_alias
from model_evaluation.kinds.nova.runtime.recipes.recipe import (
    BENCHMARKS,
    GEN_QA,
    JUDGES,
    RFT,
    STRONG_REJECT,
    TASKS,
    function_of,
    recipe_faults,
)
from model_evaluation.kinds.nova.runtime.recipes.rows import metadata_of, question_row, read_nova_rows
from model_evaluation.kinds.nova.runtime.scores.answers import answer_fields, json_object
from model_evaluation.localaws.jobs.job import Job, ResultFile
from model_evaluation.localaws.language import base_answer, seeded, share, tuned_answer
from model_evaluation.localaws.operations import JobFailure
from model_evaluation.runtime.rows import read_dataset_row
from model_evaluation.runtime.settings import Json

from .judge import judged, table_row

IMAGE = "nova-evaluation-repo"
STAMP = "2026-11-29T00-00-00.000000"
QUESTIONS = 60  # of a benchmark's subtask; the real ones have hundreds
# How often the made-up models are right, by the difficulty that a row's metadata name.
RIGHT = {"easy": (0.97, 0.90), "medium": (0.92, 0.72), "hard": (0.78, 0.50), "": (0.90, 0.70)}
WRONG_FORM = (0.01, 0.06)  # of the customised and of the base model's answers
FENCED = 0.2

Row = Json


@dataclass(frozen=True)
class NovaOutput:
    """What a scenario lets vary of the container's output: the column's name for log probabilities (empty: none), the
    folder's name, an archive that is cut off, files that lie loose in S3, instances that repeat each other's rows."""

    logprobs: str = "pred_logprobs"
    folder: str = "eval_results"
    cut_off: bool = False
    loose: bool = False
    repeated: bool = False


def is_nova_job(job: Job) -> bool:
    return IMAGE in str(job.arguments.get("AlgorithmSpecification", {}).get("TrainingImage"))


def run_container(job: Job) -> None:
    """Reads the recipe and the rows, and writes the output as the container does."""
    channels = {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in job.arguments.get("InputDataConfig") or []
    }
    if "recipe" not in channels:
        raise JobFailure("AlgorithmError: no recipe in the channel named recipe")
    recipe = yaml.safe_load(job.read(channels["recipe"]))
    faults = recipe_faults(recipe)
    if faults:
        raise JobFailure(f"AlgorithmError: ConfigValidationError: {'; '.join(faults)}")
    run, task = recipe["run"], recipe["evaluation"]["task"]
    model = run["model_name_or_path"]
    if model.startswith("s3://"):
        job.read(model)
    output = job.cloud.scenario.part(NovaOutput)
    function = function_of(recipe)
    call = deployed_function(job, function, run_rewards if task == RFT else run_function) if function else None
    _write(job, recipe, output_files(recipe, _rows(job, channels, task), output, call), output)


def output_files(
    recipe: Row, rows: Sequence[Row], output: NovaOutput, call: CallFunction | None = None
) -> dict[str, bytes]:
    """What the container writes for a recipe and its rows: content by path below the folder of results. ``call`` is the
    recipe's function."""
    task = recipe["evaluation"]["task"]
    if task == GEN_QA:
        results, tables = _answered(rows, recipe, call)
    elif task == RFT:
        assert call
        results, tables = _rewarded(rows, recipe, call)
    elif task in JUDGES:
        results, tables = judged(rows, task)
    else:
        results, tables = _benchmark(recipe)
    return dict(_files(recipe, results, tables, output))


def _rows(job: Job, channels: Mapping[str, str], task: str) -> list[Row]:
    file = TASKS[task].file
    if not file:
        if "train" in channels:
            raise JobFailure(f"AlgorithmError: {task} takes no input channel")
        return []
    uri = channels.get("train", "")
    if not TASKS[task].takes(uri):
        raise JobFailure(f"AlgorithmError: FileNotFoundError: /opt/ml/input/data/train/{file}")
    body = job.read(uri).removesuffix(b"\n")
    found = read_nova_rows(body.split(b"\n"), task)
    if found.faults or not found.rows:
        told = found.faults[0].message if found.faults else "it holds no rows"
        raise JobFailure(f"AlgorithmError: failed to validate {file}: {told}")
    return found.rows


# -- own data -------------------------------------------------------------------------------------------------


CallFunction = Callable[[Sequence[Row]], Sequence[Outcome]]
"""From events to what the function makes of them."""


def deployed_function(job: Job, arn: str, run: Callable[[str, Sequence[Row]], Sequence[Outcome]]) -> CallFunction:
    """The code of a Lambda function of the account, run in a process of its own."""
    from moto.awslambda.models import lambda_backends

    job.require("lambda:InvokeFunction", arn)
    name = arn.split(":function:")[1].partition(":")[0]
    try:
        function = lambda_backends[job.cloud.account][job.region].get_function(name)
    except Exception as error:
        raise JobFailure(f"ClientError: Function not found: {arn}") from error

    def call(events: Sequence[Row]) -> Sequence[Outcome]:
        with tempfile.TemporaryDirectory(prefix="function-") as folder:
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as unpacked:
                unpacked.extractall(folder)  # noqa: S202 - a folder of its own, in the stand-in
            module = str(function.handler).rpartition(".")[0]
            return run(os.path.join(folder, f"{module}.py"), events)

    return call


def _prepared(rows: Sequence[Row], call: CallFunction) -> list[Row]:
    """The rows as the recipe's function changes them before the model gets them."""
    events = [preprocess_event(row.get("system"), str(row["query"]), str(row["response"])) for row in rows]
    outcomes = _all_well(call(events))
    return [
        {**row, "query": outcome.row["prompt"], "response": outcome.row["gold"]}
        for row, outcome in zip(rows, outcomes, strict=True)
    ]


def _function_metrics(rows: Sequence[Row], texts: Sequence[str], call: CallFunction) -> list[dict[str, float]]:
    """What the recipe's function says of every answer. One row that fails fails the job."""
    events = [
        postprocess_event(str(row["query"]), text, str(row["response"])) for row, text in zip(rows, texts, strict=True)
    ]
    return [outcome.metrics for outcome in _all_well(call(events))]


def _all_well(outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    for number, outcome in enumerate(outcomes, 1):
        if outcome.fault:
            raise JobFailure(f"AlgorithmError: the processor failed on row {number}: {outcome.fault}")
    return outcomes


def _rewarded(
    rows: Sequence[Row], recipe: Row, call: CallFunction
) -> tuple[dict[str, dict[str, float]], dict[str, list[Row]]]:
    """Answers to every question, with the rewards that the function gives them."""
    questions = [question_row(row, line) for line, row in enumerate(rows, 1)]
    asked: list[Row] = [
        {"query": own.prompt, "response": own.reference, "metadata": json.dumps(own.metadata)} for own in questions
    ]
    texts = [text for text, _ in _answers(asked, recipe)]
    ids = [str(row.get("id", line)) for line, row in enumerate(rows, 1)]
    samples = [
        reward_sample(own, row["messages"], text, row["reference_answer"])
        for own, row, text in zip(ids, rows, texts, strict=True)
    ]
    specifics = [{"sample_id": own, "original_line": json.dumps(row)} for own, row in zip(ids, rows, strict=True)]
    cells = [
        table_row(question.prompt, [question.reference], [text], outcome.metrics, own)
        for question, text, outcome, own in zip(questions, texts, _all_well(call(samples)), specifics, strict=True)
    ]
    return _whole("rft_eval_rft_eval", cells)


def _whole(name: str, cells: list[Row]) -> tuple[dict[str, dict[str, float]], dict[str, list[Row]]]:
    """Results and tables of a task without parts."""
    means = _means([cell["scores"] for cell in cells])
    return {f"custom|{name}|0": means, "all": means}, {f"custom|{name}|0": cells}


def _answered(
    rows: Sequence[Row], recipe: Row, call: CallFunction | None
) -> tuple[dict[str, dict[str, float]], dict[str, list[Row]]]:
    """Answers to every row, with log probabilities where the recipe asks for them."""
    top = int(recipe["inference"].get("top_logprobs", 0))
    if call and recipe["processor"]["preprocessing"]["enabled"]:
        rows = _prepared(rows, call)
    answers = _answers(rows, recipe)
    further = _function_metrics(rows, [text for text, _ in answers], call) if call else [{}] * len(rows)
    cells = []
    for row, (text, sure), own in zip(rows, answers, further, strict=True):
        metrics = {**overlap_metrics(text, str(row["response"])), **own}
        logprobs = [_logprobs(text, sure, top)] if top else []
        specifics = {"metadata": row.get("metadata", "")}
        cells.append(table_row(row["query"], [row["response"]], [text], metrics, specifics, logprobs))
    return _whole("gen_qa_gen_qa", cells)


def _answers(rows: Sequence[Row], recipe: Row) -> list[tuple[str, dict[str, float]]]:
    customised = family_of_alias(recipe["run"]["model_name_or_path"]) is None
    fields = answer_fields([str(row["response"]) for row in rows])
    labels = sorted({str((json_object(row["response"]) or {}).get(fields[0])) for row in rows}) if fields else []
    return [_answer(row, fields[0] if fields else "", labels, customised) for row in rows]


def _answer(row: Row, field: str, labels: Sequence[str], customised: bool) -> tuple[str, dict[str, float]]:
    """The answer, and the probability of each of its labels' texts where it has one."""
    own = 0 if customised else 1
    reference = json_object(str(row["response"]))
    if not field or reference is None:
        dataset_row = read_dataset_row({"query": row["query"], "response": row["response"]}, 1)
        return (tuned_answer if customised else base_answer)(dataset_row), {}
    rng = seeded("nova", customised, row["query"])
    ease = RIGHT.get(str(metadata_of(row).get("difficulty", "")), RIGHT[""])[own]
    luck = share("nova luck", row["query"]) * 0.7 + rng.random() * 0.3  # the same tickets are hard for both
    right = luck < ease
    others = [label for label in labels if label != reference[field]]
    label = str(reference[field]) if right or not others else rng.choice(others)
    sure = min(0.999, max(0.3, ease + rng.gauss(0.05 if right else -0.12, 0.12)))
    content = {**reference, field: label}
    if rng.random() < WRONG_FORM[own]:
        return f"The ticket is about {label}.", {}
    text = json.dumps(content)
    return (f"```json\n{text}\n```" if rng.random() < FENCED else text), {label: sure}


def tokens_of(text: str) -> list[str]:
    """Pieces of four characters at most within words, with SentencePiece's mark for a space."""
    pieces: list[str] = []
    for at, word in enumerate(text.split(" ")):
        start = "\u2581" if at else ""
        parts = [word[n : n + 4] for n in range(0, len(word), 4)] or [""]
        pieces += [start + parts[0], *parts[1:]]
    return [piece for piece in pieces if piece]


def _logprobs(text: str, sure: Mapping[str, float], top: int) -> list[dict[str, float]]:
    """By token the likeliest ones. The probability of a label lies on its first token, nearly all of it."""
    found, at = [], 0
    starts = {text.find(f'"{label}"') + 1: probability for label, probability in sure.items() if label in text}
    for token in tokens_of(text):
        width = len(token)
        inside = [p for start, p in starts.items() if at <= start < at + width]
        probability = inside[0] if inside else 0.995
        rest = (1 - probability) / max(1, top - 1)
        choices = {token: round(math.log(probability), 6)}
        choices |= {f"alt{number}": round(math.log(max(rest, 1e-6)), 6) for number in range(1, top)}
        found.append(choices)
        at += width
    return found


def overlap_metrics(answer: str, reference: str) -> dict[str, float]:
    """Overlap of words, roughly as the container counts it."""
    a, b = answer.lower().split(), reference.lower().split()
    common = sum((Counter(a) & Counter(b)).values())
    f1 = 2 * common / (len(a) + len(b)) if a or b else 0.0
    overlap = dict.fromkeys(("rouge1", "rouge2", "rougeL"), f1)
    equal = {"em": float(answer.strip() == reference.strip()), "qem": float(a == b)}
    return overlap | equal | {"f1": f1, "f1_score_quasi": f1, "bleu": 100 * common / len(a) if a else 0.0}


def _means(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    means: dict[str, float] = {}
    for name in scores[0]:
        values = [own[name] for own in scores]
        mean = sum(values) / len(values)
        spread = sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
        means |= {name: mean, f"{name}_stderr": math.sqrt(spread / len(values))}
    return means


# -- benchmarks -----------------------------------------------------------------------------------------------


def _benchmark(recipe: Row) -> tuple[dict[str, dict[str, float]], dict[str, list[Row]]]:
    evaluation, model = recipe["evaluation"], recipe["run"]["model_name_or_path"]
    task, known = evaluation["task"], BENCHMARKS[evaluation["task"]]
    subtasks = [evaluation["subtask"]] if evaluation.get("subtask") else list(known.subtasks) or [""]
    results: dict[str, dict[str, float]] = {}
    tables: dict[str, list[Row]] = {}
    for subtask in subtasks:
        name = f"custom|{task}{':' + subtask if subtask else ''}_{known.strategy}|0"
        cells: list[Row] = []
        for number in range(QUESTIONS):
            question = f"SIMULATED question {number} of {subtask or task}"
            ease = 0.66 if family_of_alias(model) else 0.78
            luck = share("nova benchmark", question) * 0.7 + share("nova benchmark", model, question) * 0.3
            score = {known.metric: float(luck < ease)}
            right, wrong = "ABCD"[number % 4], "BCDA"[number % 4]
            cells.append(table_row(question, [right], [right if luck < ease else wrong], score))
        results[name], tables[name] = _means([cell["scores"] for cell in cells]), cells
    results["all"] = {
        key: sum(own[key] for own in results.values()) / len(results) for key in next(iter(results.values()))
    }
    return results, {} if task == STRONG_REJECT else tables


# -- the output -----------------------------------------------------------------------------------------------


def _write(job: Job, recipe: Row, files: Mapping[str, bytes], output: NovaOutput) -> None:
    name = recipe["run"]["name"]
    below = f"{name}/{output.folder}"
    target = job.arguments["OutputDataConfig"]["S3OutputPath"]
    if output.loose:
        loose = [ResultFile(f"{job.name}/output/{below}/{path}", body) for path, body in files.items()]
        job.write(loose, target)
        return
    body = archive({f"{below}/{path}": content for path, content in files.items()})
    if output.cut_off:
        body = body[: len(body) // 2]
    job.write([ResultFile(f"{job.name}/output/output.tar.gz", body)], target)


def _files(
    recipe: Row, results: Mapping[str, Mapping[str, float]], tables: Mapping[str, Sequence[Row]], output: NovaOutput
) -> Iterator[tuple[str, bytes]]:
    general = {"lighteval_sha": "SIMULATED", "model_name": recipe["run"]["model_name_or_path"]}
    general["total_evaluation_time_secondes"] = "1.0"
    yield f"results_{STAMP}.json", json.dumps({"config_general": general, "results": results, "versions": {}}).encode()
    replicas = int(recipe["run"]["replicas"])
    for name, cells in tables.items():
        # The instances take rows in turn, and their tables come in no order.
        order = sorted(range(len(cells)), key=lambda at: share("nova order", name, at))
        for replica in range(replicas):
            own = [cells[at] for at in order if at % replicas == replica or output.repeated]
            suffix = f"_{replica}" if replicas > 1 else ""
            yield f"details/model/{STAMP}/details_{name}_{STAMP}{suffix}.parquet", _parquet(own, output.logprobs)
    if recipe["evaluation"]["task"] == GEN_QA:
        lines = [
            json.dumps({"prompt": cell["full_prompt"], "inference": cell["predictions"], "gold": cell["gold"]})
            for cells in tables.values()
            for cell in cells
        ]
        yield "inference_output.jsonl", ("\n".join(lines) + "\n").encode()


def _parquet(cells: Sequence[Row], logprobs: str) -> bytes:
    names = ["full_prompt", "example", "gold", "metrics", "predictions", "specifics"]
    columns = {name: pa.array([cell[name] for cell in cells], pa.string()) for name in names}
    if logprobs:
        columns[logprobs] = pa.array([cell["logprobs"] for cell in cells], pa.string())
    buffer = io.BytesIO()
    pa_parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def archive(files: Mapping[str, bytes]) -> bytes:
    """The files as ``output.tar.gz``."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return buffer.getvalue()
