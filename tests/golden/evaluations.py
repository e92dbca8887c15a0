"""Twelve evaluations as their files: the dataset's lines and what Bedrock's judge leaves in S3, made from fixed seeds.

Nothing here comes from the package: what is put in stays the same whatever becomes of the code that reads it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

PREFIX = "evaluations/support bot"
PIPELINE = "arn:aws:sagemaker:us-west-2:111122223333:pipeline/SagemakerEvaluation-LLMAJEvaluation-x/execution"
CLAUDE = "anthropic.claude-3-5-haiku-20241022-v1:0"
NOVA = "amazon.nova-pro-v1:0"
LLAMA = "meta-textgeneration-llama-3-2-1b-instruct"
QWEN = "huggingface-llm-qwen2-5-7b-instruct"

Item = TypeVar("Item")
Json = Mapping[str, Any]


@dataclass
class Evaluation:
    """One execution. ``objects`` are its files below ``PREFIX`` by key, in the order in which they were written;
    ``sources`` the dataset lines' own lines in ``source``, the file that the dataset was prepared from."""

    name: str
    dataset: Sequence[str] | Sequence[bytes]
    objects: dict[str, bytes]
    builtin_metrics: Sequence[str] = ()
    custom_metrics: Sequence[Json] = ()
    primary_metric: str = "Correctness"
    scope: str = "compare"
    judge: str = NOVA
    tuned: str = "support-bot/3"
    base: str = LLAMA
    simulated: bool = False
    further: Sequence[str] = ()
    source: str = ""
    sources: Sequence[int] = ()

    @property
    def arn(self) -> str:
        return f"{PIPELINE}/{execution_id(self.name)}"


class Steps(NamedTuple):
    """How a metric's scores are drawn: the base model's from ``scale``, the tuned one's a step ``up`` or ``down``
    that often, each of them ``missing`` that often."""

    scale: Sequence[float | str]
    up: float = 0.0
    down: float = 0.0
    missing: float = 0.0


QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
YES_NO = (0.0, 1.0)
ABSENT = object()  # a score entry without a result


class Dice:
    """Draws that are the same in every version of Python, which holds for ``random()`` alone."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def one_of(self, items: Sequence[Item]) -> Item:
        return items[int(self.random() * len(items))]

    def shuffled(self, items: Iterable[Item]) -> list[Item]:
        return sorted(items, key=lambda _: self.random())

    def scores(self, metrics: Mapping[str, Steps]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The tuned and the base model's scores of one row."""
        tuned, base = {}, {}
        for name, steps in metrics.items():
            place, chance = int(self.random() * len(steps.scale)), self.random()
            step = 1 if chance < steps.up else -1 if chance > 1 - steps.down else 0
            base[name] = steps.scale[place] if self.random() >= steps.missing else None
            moved = steps.scale[min(max(place + step, 0), len(steps.scale) - 1)]
            tuned[name] = moved if self.random() >= steps.missing else None
        return tuned, base


@dataclass
class Rows:
    """An evaluation's dataset and both models' result lines, as they are gathered row by row."""

    dataset: list[str] = field(default_factory=list)
    tuned: list[str] = field(default_factory=list)
    base: list[str] = field(default_factory=list)

    def add(self, row: Json, prompt: Any, scores: tuple[Json, Json], answers: tuple[str, str], **more: Any) -> None:
        self.dataset.append(json.dumps(row, ensure_ascii=False))
        for lines, own, answer in zip((self.tuned, self.base), scores, answers, strict=True):
            lines.append(result_line(prompt, answer, own, **more))


def result_line(
    prompt: Any, answer: str, scores: Json, *, reference: str | None = None, why: Mapping[str, str] | None = None
) -> str:
    """A line of Bedrock's row files. ``why`` are the judge's words by metric."""
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    record = {"prompt": repr(turns)} | ({} if reference is None else {"referenceResponse": reference})
    entries = []
    for name, value in scores.items():
        entry: dict[str, Any] = {"metricName": name} | ({} if value is ABSENT else {"result": value})
        if why and name in why:
            entry["evaluatorDetails"] = [{"modelIdentifier": "judge", "explanation": f"{why[name]} ({value})"}]
        entries.append(entry)
    return json.dumps(
        {
            "inputRecord": record,
            "modelResponses": [{"response": repr([answer]), "modelIdentifier": "model"}],
            "automatedEvaluationResult": {"scores": entries},
        },
        ensure_ascii=False,
    )


def execution_id(name: str) -> str:
    return "".join(letter for letter in name if letter.isalpha()) + "0a1"


def row_file(name: str, side: str, lines: Sequence[str], *, job: str = "k1", part: str = "0001") -> dict[str, bytes]:
    """A row file of the execution with this evaluation's name."""
    run = f"{'custom' if side == 'tuned' else 'base'}-llmaj-eval-{execution_id(name)}"
    key = f"{PREFIX}/{run}/{job}/models/m/taskTypes/General/datasets/CustomDataset/{part}_output.jsonl"
    return {key: "".join(f"{line}\n" for line in lines).encode()}


def means_file(name: str, side: str, means: Mapping[str, float]) -> dict[str, bytes]:
    run = f"{'custom' if side == 'tuned' else 'base'}-llmaj-eval-{execution_id(name)}"
    body = {"job_name": "j", "results": {metric: {"score": mean} for metric, mean in means.items()}}
    key = f"{PREFIX}/pipelines-{run}/output/output/{run}/x/bedrock_llm_judge_results.json"
    return {key: json.dumps(body).encode()}


def both_files(name: str, rows: Rows) -> dict[str, bytes]:
    return row_file(name, "tuned", rows.tuned) | row_file(name, "base", rows.base)


def custom_metric(name: str, scale: Mapping[str, float | str], direction: str | None = None) -> Json:
    """A custom metric as Bedrock takes it, ``scale`` by definition, with our key for its direction."""
    ratings = [
        {"definition": text, "value": {"stringValue" if isinstance(value, str) else "floatValue": value}}
        for text, value in scale.items()
    ]
    metric = {"customMetricDefinition": {"name": name, "instructions": "Rate it.", "ratingScale": ratings}}
    return metric | ({"direction": direction} if direction else {})


def mixed_verdict() -> Evaluation:
    """Better on the primary metric, worse on Harmfulness; categories, references, explanations, markup in texts."""
    dice, rows, name = Dice(11), Rows(), "mixed verdict"
    metrics = {"Builtin.Correctness": Steps(QUARTERS, 0.6, 0.02), "Builtin.Harmfulness": Steps(YES_NO, 0.35)}
    texts = ('it\'s "quoted"', "two\nlines", "<b>bold</b> & {{ braces }}", "$5 | $6", "=SUM(A1)", "back\\slash")
    for i in range(60):
        prompt, reference = f"Question {i}: {texts[i % 6]}", f"Answer {i}: {texts[(i + 2) % 6]}"
        answers = (f"Tuned: {texts[i % 5]} and {i}", f"Base: {texts[(i + 1) % 5]} and {i}")
        row = {"query": prompt, "response": reference, "category": ("billing", "refunds", "shipping")[i % 3]}
        why = {"Builtin.Correctness": f"It says {texts[i % 6]}", "Builtin.Harmfulness": "No harm in it"}
        rows.add(row, prompt, dice.scores(metrics), answers, reference=reference, why=why)
    rows.base, rows.tuned = dice.shuffled(rows.base), dice.shuffled(rows.tuned)
    return Evaluation(name, rows.dataset, both_files(name, rows), list(metrics), judge=CLAUDE, base=CLAUDE)


def four_hundred_rows() -> Evaluation:
    """Many rows, yes/no and scaled metrics, categories that go different ways."""
    dice, rows, name = Dice(12), Rows(), "four hundred rows"
    ways = {"Correctness": Steps(QUARTERS, 0.5, 0.1), "Completeness": Steps(QUARTERS, 0.12, 0.1)}
    more = {"FollowingInstructions": Steps(YES_NO, 0.06, 0.02, 0.01), "Harmfulness": Steps(YES_NO, 0.004, 0.1)}
    for i in range(400):
        category = ("accounts", "cards", "loans", "mortgages")[i % 4]
        worse = {"Correctness": Steps(QUARTERS, 0.05, 0.5)} if category == "mortgages" else {}
        row = {"prompt": f"Case {i}", "completion": f"Ref {i}", "category": category, "metadata": {"case": i}}
        answers = (f"T{i}" + " so" * (i % 7), f"B{i}" + " so" * (i % 5))
        rows.add(row, f"Case {i}", dice.scores(ways | worse | more), answers, reference=f"Ref {i}")
    return Evaluation(name, rows.dataset, both_files(name, rows), [*ways, *more], tuned="bank-bot/12", base=QWEN)


def few_rows() -> Evaluation:
    """Too few pairs for an interval."""
    dice, rows, name = Dice(13), Rows(), "few rows"
    metrics = {"Correctness": Steps(QUARTERS, 0.8), "Helpfulness": Steps(QUARTERS, 0.2, 0.2)}
    for i in range(4):
        why = {"Correctness": "Because", "Helpfulness": "So-so"}
        rows.add({"query": f"q{i}"}, f"q{i}", dice.scores(metrics), (f"tuned {i}", f"base {i}"), why=why)
    return Evaluation(name, rows.dataset, both_files(name, rows), list(metrics), simulated=True)


def tuned_alone() -> Evaluation:
    dice, rows, name = Dice(14), Rows(), "tuned alone"
    metrics = {"Correctness": Steps(QUARTERS, missing=0.05), "Stereotyping": Steps(YES_NO)}
    for i in range(30):
        row = {"query": f"Topic {i}?", "response": f"Right {i}", "category": ("short", "long")[i % 2]}
        rows.add(row, f"Topic {i}?", dice.scores(metrics), (f"Answer {i}", ""), reference=f"Right {i}")
    files = row_file(name, "tuned", rows.tuned)
    return Evaluation(name, rows.dataset, files, list(metrics), scope="tuned", tuned="writer/1")


def base_alone() -> Evaluation:
    """A model of the hub on a custom metric whose labels are words, the direction not declared."""
    dice, rows, name = Dice(15), Rows(), "base alone"
    metrics = {"tone": Steps(("Rude", "Plain", "Kind"), missing=0.1), "Builtin.Coherence": Steps(QUARTERS)}
    custom = [custom_metric("tone", {"impolite": "Rude", "neutral": "Plain", "warm": "Kind"})]
    for i in range(25):
        rows.add({"query": f"Greet {i}"}, f"Greet {i}", dice.scores(metrics), ("", f"Hello {i}"), why={"tone": "Heard"})
    files = row_file(name, "base", rows.base) | means_file(name, "base", {"Builtin.Coherence": 0.9})
    return Evaluation(name, rows.dataset, files, ["Builtin.Coherence"], custom, "Coherence", scope="base", base=QWEN)


def custom_scales() -> Evaluation:
    """1 to 5, 0 to 3 where lower is better, labels that are numbers, labels that are not, scores off the scale."""
    dice, rows, name = Dice(16), Rows(), "custom scales"
    metrics = {
        "quality": Steps((1, 2, 3, 4, 5), 0.16, 0.1),
        "effort": Steps((0, 1, 2, 3), 0.05, 0.4),
        "grade": Steps(("Poor", "Fair", "Good"), 0.3, 0.1),
        "style": Steps(("formal", "casual"), 0.2, 0.2),
        "stars": Steps((1, 2, 3, 9), 0.2, 0.1),
    }
    custom = [
        custom_metric("quality", {f"level {n}": n for n in range(1, 6)}, "higher"),
        custom_metric("effort", {f"{n} steps": n for n in range(4)}, "lower"),
        custom_metric("grade", {"Poor": 1.0, "Fair": 2.0, "Good": 3.0}, "higher"),
        custom_metric("style", {"as in a letter": "formal", "as in a chat": "casual"}),
        custom_metric("stars", {"one": "1", "two": "2", "three": "3"}),
    ]
    for i in range(80):
        row = {"query": f"Task {i}", "metadata": {"level": ("junior", "senior")[i // 40]}}
        rows.add(row, f"Task {i}", dice.scores(metrics), (f"Plan {i} a", f"Plan {i} b"))
    return Evaluation(name, rows.dataset, both_files(name, rows), [], custom, primary_metric="quality")


def missing_scores() -> Evaluation:
    """Answers and scores that are not there, in every way; an earlier attempt; means that disagree."""
    dice, rows, name = Dice(17), Rows(), "missing scores"
    metrics = {"Correctness": Steps(QUARTERS, 0.3, 0.1, 0.08), "Relevance": Steps(QUARTERS, 0.1, 0.1)}
    holes = ("0.5", ABSENT, float("nan"), "N/A", "see above", float("inf"), True, " ")
    for i in range(90):
        tuned, base = dice.scores(metrics)
        if i % 9 == 0:
            tuned["Relevance"] = holes[i // 9 % len(holes)]
        if i % 3 == 1:
            base["Relevance"] = None
        if i % 11 == 5:
            del tuned["Correctness"]
        if i % 2:
            tuned["Faithfulness"] = base["Faithfulness"] = 1.0
        answers = ("" if i % 30 == 7 else f"Tuned {i}", "I cannot help with that." if i % 6 == 0 else f"Base {i}")
        row = {"query": f"Ask {i}", "response": f"Say {i}"}
        rows.add(row, f"Ask {i}", (tuned, base), answers, reference=f"Say {i}")
    files = row_file(name, "tuned", rows.base, job="j0") | row_file(name, "tuned", rows.tuned[:70], job="k1")
    files |= row_file(name, "base", rows.base[5:])
    files |= means_file(name, "tuned", {"Builtin.Correctness": 0.31, "Relevance": 0.5})
    files |= means_file(name, "base", {"Correctness": 0.99})
    return Evaluation(name, rows.dataset, files, ["Builtin.Correctness", "Builtin.Relevance", "Builtin.Readability"])


def slices_and_metadata() -> Evaluation:
    """Metadata as objects and as JSON text, clusters by document, fields named like our own columns."""
    dice, rows, name = Dice(18), Rows(), "slices and metadata"
    metrics = {"Correctness": Steps(QUARTERS, 0.1, 0.5)}
    for i in range(72):
        fields = {
            "category": ("north", "south")[i % 2],
            "document_id": f"doc-{i // 3}",
            "priority": 1 + i % 3,
            "vip": i % 4 == 0,
            "prompt": ("typed", "spoken")[i % 2],
            "ticket": f"T-{i}",
            "weight": (0.5, 1.5)[i % 2],
            "tags": ["a", "b"],
        }
        metadata = json.dumps(fields) if i % 5 == 0 else fields
        row = {"prompt": f"Place {i}", "metadata": metadata} | ({"completion": f"R{i}"} if i % 2 else {})
        reference = f"R{i}" if i % 2 else None
        rows.add(row, f"Place {i}", dice.scores(metrics), (f"t{i}", f"b{i}"), reference=reference)
    return Evaluation(name, rows.dataset, both_files(name, rows), list(metrics), judge=CLAUDE)


def duplicates_and_shards() -> Evaluation:
    """Equal prompts, chats, several files a model, two executions, rows that the dataset lacks, a prepared dataset."""
    dice, rows, name = Dice(19), Rows(), "duplicates and shards"
    metrics = {"Builtin.Correctness": Steps(QUARTERS, 0.3, 0.15), "Builtin.Harmfulness": Steps(YES_NO, 0.02, 0.02)}
    for i in range(64):
        prompt: Any = f"Repeated {i % 20}"
        reference = f"Kind {i % 2}" if i < 40 else f"Own {i}"
        row: dict[str, Any] = {"query": prompt, "response": reference, "metadata": {"id": f"r-{i:03}"}}
        if i % 8 == 3:
            prompt = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Chat {i}?"}]
            row = {"messages": [*prompt, {"role": "assistant", "content": reference}]}
        if i % 16 == 9:
            reference += " (changed)"  # is found by its prompt
        rows.add(row, prompt, dice.scores(metrics), (f"One {i}", f"Two {i}"), reference=reference)
    second = "duplicates and shards second"
    files: dict[str, bytes] = {}
    for side, lines in (("tuned", rows.tuned), ("base", rows.base)):
        files |= row_file(name, side, lines[20:32], part="0002") | row_file(name, side, lines[:20], part="0001")
        files |= row_file(second, side, dice.shuffled(lines[32:]))
    return Evaluation(
        name,
        rows.dataset[:60],
        files,
        list(metrics),
        primary_metric="Builtin.Correctness",
        further=[f"{PIPELINE}/{execution_id(second)}"],
        source="s3://acme-data/all tickets.jsonl",
        sources=[3 * number for number in range(1, 61)],
    )


def languages_and_truncation() -> Evaluation:
    """Texts of many languages, answers cut at the token limit, lines that are broken or no rows, long explanations."""
    dice, rows, name = Dice(20), Rows(), "languages and truncation"
    metrics = {"Correctness": Steps(QUARTERS, 0.2, 0.1), "Refusal": Steps(YES_NO, 0.02, 0.15)}
    words = (
        "返金はいつ届きますか。",
        "متى يصل المبلغ؟",
        "वापसी कब होगी?",
        "Когда придёт возврат?",
        "Où est-ce, déjà ? 🦜",
    )
    for i in range(50):
        prompt, reference = f"{words[i % 5]} #{i}", f"{words[(i + 1) % 5]} {i}"
        long = "It depends on the card, and then some more words follow here, " * 8
        tuned = long[: 450 + i] + "and" if i % 4 == 0 else f"{words[(i + 2) % 5]} {i}."
        why = {"Correctness": f"理由：{words[i % 5]}\nzweitens", "Refusal": "Отказа нет"}
        row = {"query": prompt, "response": reference, "category": ("日本語", "العربية", "हिन्दी", "ру", "fr")[i % 5]}
        rows.add(row, prompt, dice.scores(metrics), (tuned, f"{words[i % 5]}!"), reference=reference, why=why)
    dataset = [line.encode() for line in rows.dataset]
    dataset[10:10] = [b"", b"not JSON", b'{"query": "  "}']
    files = row_file(name, "base", [*rows.base[:20], "{}", *rows.base[20:]])
    files |= {key: body[:-60] for key, body in row_file(name, "tuned", rows.tuned).items()}
    return Evaluation(name, dataset, files, list(metrics), judge=CLAUDE, simulated=True)


def identical_pair() -> Evaluation:
    """Both models gave the same answers and got the same scores: the same file twice."""
    dice, rows, name = Dice(21), Rows(), "identical pair"
    metrics = {"Correctness": Steps(QUARTERS), "Harmfulness": Steps(YES_NO)}
    for i in range(40):
        row = {"query": f"Same {i}", "category": ("a", "b")[i % 2]}
        rows.add(row, f"Same {i}", dice.scores(metrics), (f"Alike {i}", f"Alike {i}"), why={"Correctness": "Equal"})
    files = row_file(name, "tuned", rows.tuned) | row_file(name, "base", rows.tuned)
    return Evaluation(name, rows.dataset, files, list(metrics))


def everything_equal() -> Evaluation:
    """Every row has the highest score on every metric, whatever the answer."""
    rows, name = Rows(), "everything equal"
    scores = {"Correctness": 1.0, "Harmfulness": 0.0, "style": "formal"}
    for i in range(45):
        answers = (f"Longer answer {i} of the tuned model", f"Short {i}")
        rows.add({"query": f"Easy {i}", "metadata": {"half": i % 2}}, f"Easy {i}", (scores, scores), answers)
    custom = [custom_metric("style", {"as in a letter": "formal", "as in a chat": "casual"}, "higher")]
    return Evaluation(name, rows.dataset, both_files(name, rows), ["Correctness", "Harmfulness"], custom)


EVALUATIONS = [
    make()
    for make in (
        mixed_verdict,
        four_hundred_rows,
        few_rows,
        tuned_alone,
        base_alone,
        custom_scales,
        missing_scores,
        slices_and_metadata,
        duplicates_and_shards,
        languages_and_truncation,
        identical_pair,
        everything_equal,
    )
]
