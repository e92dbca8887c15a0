"""Runs a function here, in a process of its own, with the payloads that the container sends, and checks its answers.

The payloads are those of AWS's SDK for such functions (llm-eval-kit): every object forbids further keys. A reward
function gets a list of samples and answers a list of rewards.
"""

from __future__ import annotations

import ast
import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from model_evaluation.kinds.nova.runtime.recipes.recipe import REWARD
from model_evaluation.runtime.settings import Json

BATCH = 8  # samples of a call to a reward function
SLOW = 10.0  # seconds; the container waits for every row
RUNNER = """
import importlib.util, json, sys, time, traceback
spec = importlib.util.spec_from_file_location("function", sys.argv[1])
module = importlib.util.module_from_spec(spec)
say, sys.stdout = sys.stdout, sys.stderr
try:
    spec.loader.exec_module(module)
    handler = module.lambda_handler
except BaseException as error:
    print(json.dumps({"broken": "%s: %s" % (type(error).__name__, error)}), file=say)
    sys.exit(0)
for line in sys.stdin:
    start = time.perf_counter()
    try:
        answer = {"result": json.loads(json.dumps(handler(json.loads(line), None), allow_nan=True))}
    except BaseException as error:
        answer = {"fault": "it raised %s: %s" % (type(error).__name__, error)}
    answer["seconds"] = time.perf_counter() - start
    print(json.dumps(answer), file=say, flush=True)
"""


class Outcome(NamedTuple):
    """What became of one call: its metrics (or the row that preprocessing gives), or what is wrong with it."""

    metrics: dict[str, float]
    fault: str = ""
    seconds: float = 0.0
    row: Mapping[str, object] = {}


def postprocess_event(prompt: str, answer: str, gold: str) -> dict[str, object]:
    return {"process_type": "postprocess", "data": {"prompt": prompt, "inference_output": answer, "gold": gold}}


def preprocess_event(system: str | None, prompt: str, gold: str) -> dict[str, object]:
    return {"process_type": "preprocess", "data": {"system": system, "prompt": prompt, "gold": gold}}


def run_function(path: str, events: Sequence[Mapping[str, object]], *, limit: float = 60.0) -> list[Outcome]:
    """What the function in a file answers to each event. ``limit`` seconds are given to all of them together."""
    outcomes = []
    for event, answer in zip(events, _answers(path, events, limit), strict=True):
        metrics: dict[str, float] = {}
        row: Mapping[str, object] = {}
        fault, seconds = answer.get("fault", ""), float(answer["seconds"])
        if not fault and event["process_type"] == "preprocess":
            row, fault = _prepared(answer["result"])
        elif not fault:
            metrics, fault = _measured(answer["result"])
        outcomes.append(Outcome(metrics, fault or _slow(seconds), seconds, row))
    return _alike(outcomes)


def run_rewards(path: str, samples: Sequence[Mapping[str, object]], *, limit: float = 60.0) -> list[Outcome]:
    """The same of a reward function in a file: its rewards of each sample, under the names that results have."""
    batches = [samples[at : at + BATCH] for at in range(0, len(samples), BATCH)]
    outcomes = []
    for batch, answer in zip(batches, _answers(path, batches, limit), strict=True):
        seconds = float(answer["seconds"])
        rewards, fault = ({}, answer["fault"]) if "fault" in answer else _rewards(answer["result"])
        sent = [str(sample["id"]) for sample in batch]
        if not fault and sorted(rewards) != sorted(sent):
            fault = f"it answered the ids {', '.join(rewards) or 'none'}; {', '.join(sent)} were sent"
        outcomes += [Outcome({} if fault else rewards[own], fault or _slow(seconds), seconds) for own in sent]
    return _alike(outcomes)


def _alike(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The same, where metrics that the first row does not have, or has alone, are a fault."""
    expected = next((set(own.metrics) for own in outcomes if own.metrics), set[str]())
    return [own._replace(fault=own.fault or _other_metrics(expected, set(own.metrics) or expected)) for own in outcomes]


def _other_metrics(expected: set[str], given: set[str]) -> str:
    parts = (("it lacks", sorted(expected - given)), ("it adds", sorted(given - expected)))
    told = "; ".join(f"{what} {', '.join(names)}" for what, names in parts if names)
    return f"{told}: every row needs the same metrics" if told else ""


def reward_sample(row_id: str, messages: Sequence[object], answer: str, reference: object) -> dict[str, object]:
    turns = [*messages, {"role": "assistant", "content": answer}]
    return {"id": row_id, "messages": turns, "reference_answer": reference}


def _rewards(result: object) -> tuple[dict[str, dict[str, float]], str]:
    """Rewards by the sample's id, or what is wrong with the answer: a list, or an object with its JSON text."""
    if isinstance(result, dict):
        if fault := _answered(result):
            return {}, fault
        if not isinstance(result["body"], str):
            return {}, f"the body is a {type(result['body']).__name__}; the list's JSON text is expected"
        try:
            result = json.loads(result["body"])
        except ValueError:
            return {}, "the body is not JSON text"
    if not isinstance(result, list):
        return {}, f"it answered a {type(result).__name__}, not a list of rewards"
    rewards: dict[str, dict[str, float]] = {}
    for item in result:
        if not isinstance(item, dict) or not {"id", "aggregate_reward_score"} <= set(item):
            return {}, f"{json.dumps(item)[:80]} has no id and aggregate_reward_score"
        if str(item["id"]) in rewards:
            return {}, f"it answered the id {item['id']} twice"
        listed = item.get("metrics_list") or []
        if not all(isinstance(own, dict) and {"name", "value", "type"} <= set(own) for own in listed):
            return {}, "metrics_list has something else than name, value and type"
        if wrong := [own["type"] for own in listed if own["type"] not in ("Reward", "Metric")]:
            return {}, f"a metric's type is {wrong[0]!r}; Reward or Metric is expected"
        values = {REWARD: item["aggregate_reward_score"]} | {f"lambda_{own['name']}": own["value"] for own in listed}
        for name, value in values.items():
            if not _is_number(value):
                return {}, f"{name} is {value!r}; a number is expected (1 and 0 for yes and no)"
        rewards[str(item["id"])] = values
    return rewards, ""


def _slow(seconds: float) -> str:
    return f"it took {seconds:.0f} s; the container waits for every row" if seconds > SLOW else ""


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)


def _answers(path: str, events: Sequence[object], limit: float) -> list[Json]:
    """What the function answers to each event, or what it raised, and in how many seconds."""
    text = "".join(json.dumps(event) + "\n" for event in events)
    ended = "it ended without an answer"
    try:
        done = subprocess.run(  # noqa: S603 - the user's own function, which they asked to run
            [sys.executable, "-c", RUNNER, path],
            input=text, capture_output=True, text=True, encoding="utf-8", timeout=limit, check=False,
        )  # fmt: skip
        lines = done.stdout.splitlines()
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        lines = (output.decode("utf-8", "replace") if isinstance(output, bytes) else output).splitlines()
        fault = f"it did not answer within {limit:g} s, which all calls have together"
        lines.append(json.dumps({"fault": fault, "seconds": limit}))
        ended = "it was not called: one before it did not answer"
    answers = [json.loads(line) for line in lines if line.strip()]
    if answers and "broken" in answers[0]:
        return [{"fault": f"it cannot be loaded: {answers[0]['broken']}", "seconds": 0.0}] * len(events)
    missing = [{"fault": ended, "seconds": 0.0}] * (len(events) - len(answers))
    return [*answers, *missing]


def _answered(result: object) -> str:
    if not isinstance(result, dict):
        return f"it answered a {type(result).__name__}, not an object with statusCode and body"
    if set(result) != {"statusCode", "body"}:
        return f"its answer has the keys {', '.join(map(str, result)) or 'none'}; statusCode and body are expected"
    return "" if result["statusCode"] == 200 else f"statusCode is {result['statusCode']!r}: {result['body']}"


def _measured(result: Json) -> tuple[dict[str, float], str]:
    if fault := _answered(result):
        return {}, fault
    body = result["body"]
    if not isinstance(body, list):
        hint = ": JSON text is for lambda_type rft" if isinstance(body, str) else ""
        return {}, f"the body is a {type(body).__name__}, not a list of metrics{hint}"
    metrics: dict[str, float] = {}
    for item in body:
        if not isinstance(item, dict) or set(item) != {"metric", "value"} or not isinstance(item["metric"], str):
            return {}, f'{json.dumps(item)[:80]} is no {{"metric": name, "value": number}}'
        value, name = item["value"], item["metric"]
        if not _is_number(value):
            return {}, f"{name} is {value!r}; a number is expected (1 and 0 for yes and no)"
        if name in metrics:
            return {}, f"{name} is given twice"
        metrics[name] = float(value)
    return metrics, "" if metrics else "it gives no metric"


def _prepared(result: Json) -> tuple[Mapping[str, object], str]:
    if fault := _answered(result):
        return {}, fault
    body = result["body"]
    if not isinstance(body, dict) or set(body) != {"system", "prompt", "gold"}:
        return {}, "preprocessing has to answer an object with system, prompt and gold"
    return body, ""


def source_faults(source: str) -> list[str]:
    """What can be seen without running it: whether it compiles, and has a handler of two parameters."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [f"line {error.lineno}: {error.msg}"]
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    handler = functions.get("lambda_handler")
    if handler is None:
        built = any("build_lambda_handler" in ast.unparse(node) for node in tree.body)
        return [] if built else ["there is no function lambda_handler(event, context)"]
    if len(handler.args.args) != 2 or handler.args.vararg or handler.args.kwonlyargs:
        return ["lambda_handler must have exactly 2 parameters: event and context"]
    return []
