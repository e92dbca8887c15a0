"""Lambda functions with metrics: written, looked at, run here with the container's payloads, and found wanting."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from model_evaluation.errors import Refused
from model_evaluation.kinds.nova.functions.running import (
    postprocess_event,
    preprocess_event,
    reward_sample,
    run_function,
    run_rewards,
    source_faults,
)
from model_evaluation.kinds.nova.functions.writing import PURPOSES, REWARDS, deployment, function_source, write_function

GOLD = json.dumps({"class": "access", "thought": "t", "description": "d"})
RIGHT, FENCED = postprocess_event("q", GOLD, GOLD), postprocess_event("q", f"```json\n{GOLD}\n```", GOLD)
WRONG = postprocess_event("q", json.dumps({"class": "network"}), GOLD)
BROKEN = postprocess_event("q", "no idea", GOLD)


@pytest.mark.parametrize("template", [*PURPOSES, *REWARDS])
def test_what_is_written_passes_its_own_tests(template: str, tmp_path: Path) -> None:
    paths = write_function(str(tmp_path), template, 'odd"field')
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), paths[1]],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert source_faults(Path(paths[0]).read_text(encoding="utf-8")) == []
    with pytest.raises(Refused, match="exists already"):
        write_function(str(tmp_path), template, "class")


def outcomes_of(tmp_path: Path, source: str, *events: dict[str, object], limit: float = 600.0) -> list[object]:
    path = tmp_path / "function.py"
    path.write_text(source, encoding="utf-8")
    return [outcome.fault or outcome.metrics for outcome in run_function(str(path), events or (RIGHT,), limit=limit)]


def test_class_metrics_of_every_row(tmp_path: Path) -> None:
    source = function_source("classification", "class")[0]
    right, fenced, wrong, broken, prepared = outcomes_of(
        tmp_path, source, RIGHT, FENCED, WRONG, BROKEN, preprocess_event(None, "q", GOLD)
    )
    assert right == fenced == {"class_right": 1.0, "has_class": 1.0, "follows_schema": 1.0}
    assert wrong == {"class_right": 0.0, "has_class": 1.0, "follows_schema": 0.0}
    assert broken == {"class_right": 0.0, "has_class": 0.0, "follows_schema": 0.0}
    assert prepared == {}


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [
        ("About 3.1415", "3.1416", 1.0),
        ("About 2.71828", "9.99928", 0.0),
        ("1,234,567.5 in all", "1234567.5", 1.0),
        ("1e-5", "0.00001", 1.0),
    ],
)
def test_a_number_is_read_whole(tmp_path: Path, answer: str, gold: str, right: float) -> None:
    (found,) = outcomes_of(tmp_path, function_source("numeric", "class")[0], postprocess_event("q", answer, gold))
    assert found == {"number_right": right, "has_number": 1.0}


def handler(body: str) -> str:
    return f"def lambda_handler(event, context):\n    {body}\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise KeyError('gold')", "it raised KeyError: 'gold'"),
        ("return [1]", "it answered a list"),
        ("return {'statusCode': 500, 'body': 'no'}", "statusCode is 500"),
        ("return {'statusCode': 200, 'body': [], 'id': 1}", "statusCode, body, id"),
        ("return {'statusCode': 200, 'body': '[]'}", "JSON text is for lambda_type rft"),
        ("return {'statusCode': 200, 'body': []}", "it gives no metric"),
        ("return {'statusCode': 200, 'body': [{'metric': 'a', 'value': True}]}", "a is True; a number"),
        ("return {'statusCode': 200, 'body': [{'metric': 'a', 'value': float('nan')}]}", "a is nan; a number"),
        ("return {'statusCode': 200, 'body': [{'metric': 'a', 'value': 1, 'id': 'x'}]}", "is no"),
        ("return {'statusCode': 200, 'body': [{'metric': 'a', 'value': 1}] * 2}", "a is given twice"),
        ("return {'statusCode': 200, 'body': {object()}}", "it raised TypeError"),
        ("import os; os._exit(3)", "it ended without an answer"),
    ],
)
def test_what_the_container_would_not_take(tmp_path: Path, body: str, told: str) -> None:
    (found,) = outcomes_of(tmp_path, handler(body))
    assert told in str(found)


REWARDED = (
    "return [{'id': own['id'], 'aggregate_reward_score': 0.5, 'metrics_list': "
    "[{'name': 'a', 'value': 1, 'type': 'Metric'}]} for own in event]"
)
AS_TEXT = f"import json; event.reverse(); return {{'statusCode': 200, 'body': json.dumps({REWARDED[7:]})}}"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (REWARDED, {"lambda_reward_score": 0.5, "lambda_a": 1}),
        (AS_TEXT, {"lambda_reward_score": 0.5, "lambda_a": 1}),
        (f"body = {REWARDED[7:]}; return {{'statusCode': 200, 'body': body}}", "the list's JSON text is expected"),
        ("raise KeyError('id')", "it raised KeyError"),
        ("return {'reward': 1}", "reward; statusCode and body are expected"),
        ("return 'no'", "it answered a str"),
        (REWARDED.replace("own['id']", "own['id'] + 'x'"), "it answered the ids 1x, 2x; 1, 2 were sent"),
        (REWARDED + " * 2", "it answered the id 1 twice"),
        (REWARDED + "[:1]", "it answered the ids 1; 1, 2 were sent"),
        (REWARDED.replace("0.5", "True"), "lambda_reward_score is True; a number"),
        (REWARDED.replace("Metric", "Score"), "type is 'Score'"),
        (REWARDED.replace("'name': 'a', ", ""), "metrics_list has something else"),
        ("return [{'id': own['id']} for own in event]", "has no id and aggregate_reward_score"),
        (REWARDED.replace("'name': 'a'", "'name': own['id']"), "every row needs the same metrics"),
    ],
)  # fmt: skip
def test_rewards_as_the_container_takes_them(tmp_path: Path, body: str, told: object) -> None:
    path = tmp_path / "function.py"
    path.write_text(handler(body), encoding="utf-8")
    samples = [reward_sample(own, [{"role": "user", "content": "q"}], "a", "a") for own in ("1", "2")]
    outcomes = run_rewards(str(path), samples)
    if isinstance(told, dict):
        assert [own.metrics for own in outcomes] == [told, told]
    else:
        assert str(told) in outcomes[-1].fault


def test_a_metric_that_some_rows_lack_is_a_fault(tmp_path: Path) -> None:
    source = handler(
        "names = ['a', 'b'] if 'class' in event['data']['inference_output'] else ['a', 'c']\n"
        "    return {'statusCode': 200, 'body': [{'metric': name, 'value': 1} for name in names]}"
    )
    first, second = outcomes_of(tmp_path, source, RIGHT, BROKEN)
    assert first == {"a": 1.0, "b": 1.0}
    assert second == "it lacks b; it adds c: every row needs the same metrics"


def test_a_function_that_does_not_come_back_is_ended(tmp_path: Path) -> None:
    body = "import time; time.sleep(60 if 'network' in event['data']['inference_output'] else 0); "
    body += "return {'statusCode': 200, 'body': [{'metric': 'a', 'value': 1}]}"
    first, second, third = outcomes_of(tmp_path, handler(body), RIGHT, WRONG, RIGHT, limit=2.0)
    assert first == {"a": 1.0}
    assert second == "it did not answer within 2 s, which all calls have together"
    assert third == "it was not called: one before it did not answer"


@pytest.mark.parametrize(("seconds", "told"), [(20, "it took 20 s; the container waits for every row"), (9, "")])
def test_a_function_that_keeps_the_container_waiting(tmp_path: Path, seconds: int, told: str) -> None:
    """Its process' own clock is put forward, so that nobody has to wait."""
    path = tmp_path / "function.py"
    passes = f"time.perf_counter = lambda: clock() + {seconds}; return "
    start = "import time\nclock = time.perf_counter\n"
    metrics = "{'statusCode': 200, 'body': [{'metric': 'a', 'value': 1}]}"
    path.write_text(start + handler(passes + metrics), encoding="utf-8")
    (measured,) = run_function(str(path), [RIGHT])
    path.write_text(start + handler(passes + REWARDED.removeprefix("return ")), encoding="utf-8")
    (rewarded,) = run_rewards(str(path), [reward_sample("1", [], "a", "a")])
    assert (measured.fault, rewarded.fault) == (told, told)
    assert (bool(measured.metrics), round(measured.seconds)) == (True, seconds)


def test_what_it_prints_does_not_disturb(tmp_path: Path) -> None:
    source = "print('loading')\n" + handler(
        "print('row'); return {'statusCode': 200, 'body': [{'metric': 'a', 'value': 1}]}"
    )
    assert outcomes_of(tmp_path, source) == [{"a": 1.0}]


def test_a_file_that_cannot_be_loaded(tmp_path: Path) -> None:
    (found,) = outcomes_of(tmp_path, "import nova_custom_evaluation_sdk_that_is_not_there\n")
    assert "it cannot be loaded: ModuleNotFoundError" in str(found)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def lambda_handler(event): pass", "exactly 2 parameters"),
        ("def lambda_handler(event, context, more): pass", "exactly 2 parameters"),
        ("def lambda_handler(event, context: pass", "line 1"),
        ("x = 1", "no function lambda_handler"),
    ],
)
def test_what_can_be_seen_without_running(source: str, told: str) -> None:
    assert told in source_faults(source)[0]


def test_a_handler_of_awss_own_library_is_taken() -> None:
    assert source_faults("lambda_handler = build_lambda_handler(preprocessor=a, postprocessor=b)") == []


def test_the_commands_that_deploy_it_name_everything() -> None:
    archive, create = deployment("/p/nova_metrics.py", "us-east-1")
    assert archive.startswith("zip -j nova_metrics.zip")
    assert "--handler nova_metrics.lambda_handler" in create
    assert "--timeout 30" in create
    assert deployment("/my project/nova_metrics.py", "us-east-1")[0].endswith(" '/my project/nova_metrics.py'")
