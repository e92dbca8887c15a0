"""Recipes of the Nova evaluation container: their keys by task, what is wrong with one, and its text.

A recipe is a dictionary of the sections ``run``, ``evaluation``, ``inference``, and ``processor`` or ``rl_env``. The
keys and ranges are those of AWS's own recipes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from model_evaluation.runtime.models import MODEL_PACKAGE

from .families import FAMILIES, MOST_REPLICAS, Family, family_of_alias, family_of_type, likely_family

Recipe = Mapping[str, Mapping[str, object]]


class Task(NamedTuple):
    """What a recipe says of a task: ``strategy``, ``metric``, ``families`` by id, and ``subtasks``, where it has
    any. ``file`` is how its dataset must be called, or end; benchmarks have none."""

    strategy: str
    metric: str
    families: tuple[str, ...]
    file: str = ""
    subtasks: tuple[str, ...] = ()

    def takes(self, uri: str) -> bool:
        """Whether the container finds a dataset of this name."""
        name = uri.rpartition("/")[2]
        return name == self.file or (self.file.startswith(".") and name.endswith(self.file))


EVERY = tuple(family.id for family in FAMILIES)
VISION = ("lite", "pro", "lite-2")
MATH = (
    "algebra", "counting_and_probability", "geometry", "intermediate_algebra", "number_theory", "prealgebra",
    "precalculus",
)  # fmt: skip
GEN_QA, LLM_JUDGE, IMAGE_JUDGE, RUBRIC = "gen_qa", "llm_judge", "mm_llm_judge", "rubric_llm_judge"
RFT, STRONG_REJECT = "rft_eval", "strong_reject"
BENCHMARKS = {
    "mmlu": Task("zs_cot", "accuracy", EVERY),
    "mmlu_pro": Task("zs_cot", "accuracy", EVERY),
    "bbh": Task("fs_cot", "accuracy", EVERY),
    "gpqa": Task("zs_cot", "accuracy", EVERY),
    "math": Task("zs_cot", "exact_match", EVERY, subtasks=MATH),
    STRONG_REJECT: Task("zs", "deflection", EVERY, subtasks=("dangerous_or_sensitive_topics", "offensive_language")),
    "ifeval": Task("zs", "accuracy", EVERY),
    "mmmu": Task("zs_cot", "accuracy", VISION),
    "aime_2024": Task("zs_cot", "exact_match", EVERY),
    "calendar_scheduling": Task("fs", "exact_match", EVERY),
    "humaneval": Task("zs", "pass@1", EVERY),
}
"""Benchmarks by name. Those without ``subtasks`` here but with :data:`WITH_SUBTASKS` take any subject's name."""
WITH_SUBTASKS = frozenset({"mmlu", "bbh", "math", "mmmu", STRONG_REJECT})
JUDGES = frozenset({LLM_JUDGE, IMAGE_JUDGE, RUBRIC})
ONE_INSTANCE = JUDGES | {RFT}
REWARD = "lambda_reward_score"
TASKS = {
    GEN_QA: Task("gen_qa", "all", EVERY, "gen_qa.jsonl"),
    LLM_JUDGE: Task("judge", "all", ("micro", "lite", "pro"), "llm_judge.jsonl"),
    IMAGE_JUDGE: Task("judge", "all", ("lite", "pro"), "mm_llm_judge.jsonl"),
    RUBRIC: Task("judge", "all", ("lite-2",), "llm_judge.jsonl"),
    RFT: Task(RFT, "all", EVERY, ".jsonl"),
    **BENCHMARKS,
}

RUN_KEYS = ("name", "model_type", "model_name_or_path", "replicas", "data_s3_path", "output_s3_path")
MOST_LOGPROBS = 20
INFERENCE_KEYS = ("max_new_tokens", "top_k", "top_p", "temperature", "top_logprobs", "reasoning_effort")
EFFORTS = (None, "low", "high")
AGGREGATIONS = ("min", "max", "average", "sum")
PROCESSOR_KEYS = ("lambda_arn", "lambda_type", "preprocessing", "postprocessing", "aggregation")
FUNCTION_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?")


def default_inference(task: str, family: Family) -> dict[str, object]:
    """What a recipe of the task asks of the model unless it says otherwise. Temperature 0: the same prompt gives the
    same answer."""
    values: dict[str, object] = {"top_k": -1, "top_p": 1.0, "temperature": 0}
    if task not in (LLM_JUDGE, IMAGE_JUDGE):
        values = {"max_new_tokens": 32_768 if family.reasons else 8_196, **values}
    if task == GEN_QA:
        values["top_logprobs"] = 0
    if family.reasons and task not in JUDGES:
        values["reasoning_effort"] = None
    return values


def recipe_of(
    task: str,
    family: Family,
    model: str,
    *,
    replicas: int = 1,
    subtask: str = "",
    inference: Mapping[str, object] | None = None,
    processor: Mapping[str, object] | None = None,
) -> dict[str, dict[str, object]]:
    """The recipe of an evaluation of ``model``, an alias or the URI of a checkpoint. A training job gets data and
    output by its own request, so these two stay empty; its name is set when it is started."""
    known = TASKS[task]
    recipe: dict[str, dict[str, object]] = {
        "run": {
            "name": "evaluation",
            "model_type": family.model_type,
            "model_name_or_path": model,
            "replicas": replicas,
            "data_s3_path": "",
            "output_s3_path": "",
        },
        "evaluation": {"task": task, "strategy": known.strategy, "metric": known.metric},
        "inference": {**default_inference(task, family), **(inference or {})},
    }
    if subtask:
        recipe["evaluation"]["subtask"] = subtask
    if processor:
        recipe["rl_env" if task == RFT else "processor"] = dict(processor)
    return recipe


def function_of(recipe: Recipe) -> str:
    """The ARN of the Lambda function that the container calls; empty for none."""
    arn = recipe.get("processor", {}).get("lambda_arn") or recipe.get("rl_env", {}).get("reward_lambda_arn")
    return str(arn or "")


def recipe_faults(recipe: object) -> list[str]:
    """Everything that is wrong with a recipe, a sentence each; empty for one that the container takes."""
    if not isinstance(recipe, Mapping) or not all(isinstance(part, Mapping) for part in recipe.values()):
        return ["a recipe is a dictionary of the sections run, evaluation and inference"]
    missing = [section for section in ("run", "evaluation", "inference") if section not in recipe]
    if missing:
        return [f"the recipe has no section {' and no section '.join(missing)}"]
    task = recipe["evaluation"].get("task")
    if task not in TASKS:
        return [f"evaluation.task is {task!r}; known are {', '.join(TASKS)}"]
    return [
        *_of_sections(recipe, str(task)),
        *_of_run(recipe["run"], str(task)),
        *_of_evaluation(recipe["evaluation"], str(task)),
        *_of_inference(recipe["inference"], str(task), family_of_type(str(recipe["run"].get("model_type")))),
        *_of_processor(recipe.get("processor", {})),
        *(_of_reward(recipe.get("rl_env", {})) if task == RFT else ()),
    ]


def _of_sections(recipe: Recipe, task: str) -> Iterator[str]:
    allowed = ("run", "evaluation", "inference", *{GEN_QA: ("processor",), RFT: ("rl_env",)}.get(task, ()))
    for section in recipe:
        if section not in allowed:
            yield f"{task} takes no section {section}; its sections are {', '.join(allowed)}"


def _of_run(run: Mapping[str, object], task: str) -> Iterator[str]:
    yield from _unknown_keys("run", run, RUN_KEYS)
    model_type, model = str(run.get("model_type") or ""), str(run.get("model_name_or_path") or "")
    family = family_of_type(model_type)
    if family is None:
        meant = likely_family(model_type)
        hint = f"; {meant.name}'s is {meant.model_type}" if meant else ""
        yield f"run.model_type is {model_type!r}, which is none of {', '.join(f.model_type for f in FAMILIES)}{hint}"
    elif family.id not in TASKS[task].families:
        yield f"{task} is not for {family.name}: it takes {', '.join(TASKS[task].families)}"
    yield from model_faults(model, family)
    replicas = run.get("replicas")
    if not _in_range(replicas, 1, MOST_REPLICAS, whole=True):
        yield f"run.replicas is {replicas!r}; a whole number from 1 to {MOST_REPLICAS} is expected"
    elif task in ONE_INSTANCE and replicas != 1:
        yield f"run.replicas is {replicas}; {task} runs on one instance"
    for key in ("data_s3_path", "output_s3_path"):
        if run.get(key):
            yield f"run.{key} is {run[key]!r}; a training job has that in its request, so it stays empty"


def model_faults(model: str, family: Family | None) -> Iterator[str]:
    """What is wrong with ``run.model_name_or_path``."""
    of_alias = family_of_alias(model)
    if of_alias is not None:
        if family is not None and of_alias is not family:
            yield (
                f"run.model_name_or_path is {model}, a {of_alias.name}, but run.model_type is {family.name}'s "
                f"({family.model_type}): the engine would not start"
            )
        return
    if re.fullmatch(r"s3://[^/]+/.+", model) or MODEL_PACKAGE.fullmatch(model):
        return
    meant = likely_family(model)
    hint = f"; {meant.name}'s alias is {meant.alias}" if meant else ""
    aliases = ", ".join(known.alias for known in FAMILIES)
    yield (
        f"run.model_name_or_path is {model!r}; expected is one of {aliases}, s3://... of a checkpoint, or a model "
        f"package{hint}"
    )


def _of_evaluation(evaluation: Mapping[str, object], task: str) -> Iterator[str]:
    known = TASKS[task]
    yield from _unknown_keys("evaluation", evaluation, ("task", "strategy", "metric", "subtask"))
    for key, expected in (("strategy", known.strategy), ("metric", known.metric)):
        if evaluation.get(key) != expected:
            yield f"evaluation.{key} is {evaluation.get(key)!r}; {task} has {expected}"
    if "subtask" not in evaluation:
        return
    subtask = evaluation["subtask"]
    if task not in WITH_SUBTASKS:
        yield f"{task} has no subtasks; evaluation.subtask has to be left out"
    elif not isinstance(subtask, str) or not subtask or (known.subtasks and subtask not in known.subtasks):
        names = f"; {task} has {', '.join(known.subtasks)}" if known.subtasks else ""
        yield f"evaluation.subtask is {subtask!r}{names}"


def _of_inference(inference: Mapping[str, object], task: str, family: Family | None) -> Iterator[str]:
    yield from _unknown_keys("inference", inference, INFERENCE_KEYS)
    for key, value in inference.items():
        if key in INFERENCE_KEYS and (fault := inference_fault(key, value, task, family)):
            yield f"inference.{fault}"


def inference_fault(key: str, value: object, task: str, family: Family | None) -> str:
    """What is wrong with one of the keys of ``inference``; empty when nothing is."""
    most = family.most_tokens if family else max(known.most_tokens for known in FAMILIES)
    if key == "max_new_tokens" and task in (LLM_JUDGE, IMAGE_JUDGE):
        return f"max_new_tokens is not for {task}, whose recipe has none"
    if key == "top_logprobs" and task != GEN_QA:
        return f"top_logprobs is for {GEN_QA} only, not for {task}"
    if key == "reasoning_effort":
        return _effort_fault(value, task, family)
    low, high, whole, expected = {
        "max_new_tokens": (1, most, True, f"a whole number from 1 to {most}"),
        "top_k": (1, math.inf, True, "a whole number above 0, or -1 for no limit"),
        "top_p": (0, 1, False, "a number from 0 to 1"),
        "temperature": (0, 2, False, "a number from 0 to 2"),
        "top_logprobs": (0, MOST_LOGPROBS, True, f"a whole number from 0 (none) to {MOST_LOGPROBS}"),
    }[key]
    fits = _in_range(value, low, high, whole=whole) or (key == "top_k" and value == -1)
    return "" if fits else f"{key} is {value!r}; {expected} is expected"


def _effort_fault(value: object, task: str, family: Family | None) -> str:
    if task in JUDGES:
        return f"reasoning_effort is not for {task}: the judge is a model of AWS's own"
    if family is not None and not family.reasons:
        if value is None:
            return f"reasoning_effort has to be left out: {family.name} does not reason"
        return f"reasoning_effort is {value!r}, but {family.name} does not reason; only Nova 2 Lite does"
    return "" if value in EFFORTS else f"reasoning_effort is {value!r}; null, low or high is expected"


def _of_processor(processor: Mapping[str, object]) -> Iterator[str]:
    if not processor:
        return
    yield from _unknown_keys("processor", processor, PROCESSOR_KEYS)
    arn = str(processor.get("lambda_arn") or "")
    if not FUNCTION_ARN.fullmatch(arn):
        yield f"processor.lambda_arn is {arn!r}; the ARN of a Lambda function is expected"
    if processor.get("lambda_type") != "custom_metrics":
        yield (
            f"processor.lambda_type is {processor.get('lambda_type')!r}; a function with metrics of its own needs "
            "custom_metrics, and what the container does without it is not known"
        )
    for part in ("preprocessing", "postprocessing"):
        value = processor.get(part)
        if not isinstance(value, Mapping) or set(value) != {"enabled"} or not isinstance(value["enabled"], bool):
            yield f"processor.{part} is {value!r}; expected is a section with enabled: true or false"
    if processor.get("aggregation") not in AGGREGATIONS:
        yield f"processor.aggregation is {processor.get('aggregation')!r}; expected is {', '.join(AGGREGATIONS)}"


def _of_reward(rl_env: Mapping[str, object]) -> Iterator[str]:
    yield from _unknown_keys("rl_env", rl_env, ("reward_lambda_arn",))
    arn = str(rl_env.get("reward_lambda_arn") or "")
    if not FUNCTION_ARN.fullmatch(arn) or not is_reward_name(arn):
        yield f"rl_env.reward_lambda_arn is {arn!r}; the ARN of a Lambda function named SageMaker-... is expected"


def is_reward_name(arn: str) -> bool:
    return ":function:SageMaker-" in arn


def _unknown_keys(section: str, content: Mapping[str, object], known: tuple[str, ...]) -> Iterator[str]:
    for key in content:
        if key not in known:
            meant = str(key).replace("-", "_")
            hint = f"; {section}.{meant} is meant" if meant in known else f"; it has {', '.join(known)}"
            yield f"{section} has no key {key}{hint}"


def _in_range(value: object, low: float, high: float, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        return False
    return low <= value <= high


def recipe_yaml(recipe: Recipe) -> str:
    """The recipe as YAML."""
    import yaml  # comes with the SDK

    text: str = yaml.safe_dump(recipe, sort_keys=False)
    return text
