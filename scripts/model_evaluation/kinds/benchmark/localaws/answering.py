"""SIMULATED models that answer a benchmark: sums whose answers anybody can check, in the benchmark's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model_evaluation.kinds.benchmark.runtime.tasks import TASKS
from model_evaluation.localaws.jobs.job import Job, has_tuned_model, require_tracking
from model_evaluation.localaws.jobs.task_results import AnsweredQuestion, TaskAnswers, TaskResults, task_files
from model_evaluation.localaws.language import seeded, share
from model_evaluation.localaws.operations import JobFailure

SUITE, SHOTS = "custom", 0
LETTERS = "ABCD"
ONE_TASK_QUESTIONS = 120


@dataclass(frozen=True)
class BenchmarkRun:
    """The part of a scenario that is about benchmarks: how the SIMULATED models answer, and what is odd about their
    files."""

    questions: int = 40
    """Of each subtask."""
    right: tuple[float, float] = (0.66, 0.74)
    """Shares of finished answers that are right: tuned, base. With these the fine-tuned model gains by finishing."""
    cut: tuple[float, float] = (0.1, 0.4)
    """Shares of answers that are cut off while the model still thinks: tuned, base."""
    missing: int = 0
    """Rows of each subtask that the base model's files lack."""
    rows: Literal["both", "base", "none"] = "both"
    """Which models' rows there are; means there always are."""


def metric_of(benchmark: str) -> str:
    """The metric's name as the container writes it."""
    prefix = "math" if benchmark == "math" else benchmark
    return f"{prefix}_{TASKS[benchmark].metric}"


def subtasks_of(benchmark: str, chosen: str) -> list[str]:
    """The subtasks to ask; one nameless part for a benchmark that has none. Raises :class:`JobFailure`."""
    known = list(TASKS[benchmark].subtasks)
    if not chosen:
        return known or [""]
    if chosen not in known:
        raise JobFailure(f"AlgorithmError: ExecuteUserScriptError: task {benchmark} has no subtask {chosen!r}")
    return [chosen]


def run_benchmark(job: Job) -> None:
    """Answers every question, as the base model or as the fine-tuned one, and marks the answers."""
    require_tracking(job)
    tuned = has_tuned_model(job)
    benchmark = str(job.hyperparameters["task"])
    plan = job.cloud.scenario.part(BenchmarkRun)
    side = "tuned" if tuned else "base"
    tasks = []
    for subtask in subtasks_of(benchmark, str(job.hyperparameters.get("subtask", ""))):
        count = plan.questions if subtask else max(ONE_TASK_QUESTIONS, plan.questions)
        rows = [_answered(benchmark, subtask, number, side, plan) for number in range(count)]
        if tuned:  # nobody promises an order
            seeded("order", subtask).shuffle(rows)
        elif plan.missing:
            rows = rows[: -plan.missing]
        task = f"{benchmark}_{TASKS[benchmark].strategy}" + (f":{subtask}" if subtask else "")
        tasks.append(TaskAnswers(f"{SUITE}|{task}|{SHOTS}", rows, count))
    model = "tuned" if tuned else "base" if _beside_a_tuned_one(job) else "hub"
    with_rows = plan.rows == "both" or (plan.rows == "base" and not tuned)
    results = TaskResults(tasks, [metric_of(benchmark)])
    files = task_files(job.name, model, job.cloud.clock(), results, rows=with_rows)
    job.write(files, job.arguments["OutputDataConfig"]["S3OutputPath"])


def _beside_a_tuned_one(job: Job) -> bool:
    return "EvaluateBaseModel" in job.label


def _answered(benchmark: str, subtask: str, number: int, side: str, plan: BenchmarkRun) -> AnsweredQuestion:
    at = 0 if side == "tuned" else 1
    rng = seeded("question", benchmark, subtask, number)
    a, b = rng.randint(12, 98), rng.randint(12, 98)
    right, wrong = a * b, a * b + rng.choice((-10, -1, 1, 10))
    # Hard questions are hard for both: half of the luck is shared.
    luck = (share("luck", benchmark, subtask, number) + share("own", side, benchmark, subtask, number)) / 2
    is_cut = share("cut", side, benchmark, subtask, number) < plan.cut[at]
    is_right = luck < _quantile(plan.right[at]) and not is_cut
    result = right if is_right else wrong
    thinking = f"<think>\nI have to multiply {a} by {b}. {a} times {b // 10 * 10} is {a * (b // 10 * 10)}, and"
    metric = metric_of(benchmark)
    if TASKS[benchmark].metric == "exact_match":
        question = (
            "[SIMULATED] Solve the following math problem step by step.\n"
            f"Problem ({subtask or benchmark} {number + 1}):\n"
            f"What is {a} \\times {b}?\nRemember to put your answer inside \\boxed{{}}\n"
        )
        answer, target = f"so the product is \\boxed{{{result}}}.", f"The product is \\boxed{{{right}}}."
    else:
        options = _options(right, wrong, rng.sample(range(1, 90), 2))
        letter = LETTERS[options.index(result)]
        listed = "\n".join(f"{name}. {value}" for name, value in zip(LETTERS, options, strict=True))
        question = f"[SIMULATED] {subtask or benchmark} {number + 1}: what is {a} times {b}?\n{listed}\n"
        answer, target = f"The correct answer is {letter}.", LETTERS[options.index(right)]
    text = thinking if is_cut else f"{thinking} the rest makes {result}.\n</think>\n{answer}"
    return AnsweredQuestion(question, text, {metric: int(is_right)}, target)


def _options(right: int, wrong: int, more: Sequence[int]) -> list[int]:
    others = [right + 100 + more[0], right - 200 - more[1]]
    return sorted([right, wrong, *others])


def _quantile(share_right: float) -> float:
    """Where the mean of two uniform numbers lies below with this probability."""
    if share_right <= 0.5:
        return float((share_right / 2) ** 0.5)
    return float(1 - ((1 - share_right) / 2) ** 0.5)
