"""The lock around a start, and the names and texts a start is made of."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.runtime.launch.account import run_name
from model_evaluation.runtime.launch.evaluators import json_safe
from model_evaluation.runtime.launch.ledger import (
    PATIENCE,
    LaunchAttempt,
    LaunchError,
    LaunchLedger,
    configuration_fingerprint,
)
from unit.runtime.fake_sagemaker import Clock, settings_with

DISPLAY_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,81}")


@pytest.fixture
def ledger(tmp_path: Path) -> LaunchLedger:
    return LaunchLedger(settings_with(RESULTS_DIR=str(tmp_path)))


def test_a_record_comes_back_as_it_was(ledger: LaunchLedger) -> None:
    ledger.file(LaunchAttempt("a", "2026-03-01T12:00:00+00:00", outcome="Failed"))
    ledger.file(LaunchAttempt("b", "2026-03-01T13:00:00+00:00", "arn"))
    record = ledger.read()
    assert [attempt.name for attempt in record.attempts] == ["a", "b"]
    assert record.current == record.attempts[1]
    assert (record.kind, record.configuration["judge"]) == ("llm_as_judge", settings_with().judge)


def test_the_fingerprint_does_not_depend_on_the_order_of_keys_or_on_the_version_of_this_program() -> None:
    configuration = settings_with().configuration()
    backwards = dict(reversed(configuration.items()))
    assert configuration_fingerprint(configuration) == configuration_fingerprint(backwards)
    # What an earlier version has started is attached to by a later one.
    assert configuration_fingerprint(configuration).startswith("1913e4fb99cd3c32")


def test_only_one_of_many_holds_the_lock(ledger: LaunchLedger) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(number: int) -> None:
        with ledger.locked(sleep=lambda _: None, patience=10**9):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


def test_the_lock_is_released_by_an_error(ledger: LaunchLedger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.locked():
        raise ZeroDivisionError
    with ledger.locked(patience=1):
        pass


def test_a_held_lock_is_waited_for_and_then_named(ledger: LaunchLedger) -> None:
    clock = Clock()
    with (
        ledger.locked(),
        pytest.raises(LaunchError, match="Another notebook") as raised,
        ledger.locked(sleep=clock.sleep),
    ):
        pass
    assert clock.seconds == PATIENCE
    assert "start.lock" in raised.value.fix


def test_the_lock_of_a_process_that_was_killed_is_free(ledger: LaunchLedger) -> None:
    code = (
        "import os, sys; from unit.runtime.fake_sagemaker import settings_with\n"
        "from model_evaluation.runtime.launch.ledger import LaunchLedger\n"
        f"with LaunchLedger(settings_with(RESULTS_DIR={str(ledger.path.parents[1])!r})).locked():\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LaunchError), ledger.locked(patience=1, sleep=lambda _: None):
            pass
        holder.kill()
    with ledger.locked(patience=1):
        pass


@given(st.text(max_size=200))
def test_a_run_name_is_one_that_sagemaker_takes(label: str) -> None:
    name = run_name(label, "0123456789abcdef")
    assert len(name) <= 71
    assert DISPLAY_NAME.fullmatch(f"{name}-1772366400")


def test_a_run_name_begins_with_the_label_and_is_never_given_twice() -> None:
    names = {run_name("My support bot!", "f" * 64) for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith("My-support-bot-ffffffff-") for name in names)
    assert run_name("…", "f" * 64).startswith("model-evaluation-")


@given(st.text() | st.text(st.sampled_from('{}%#"\\\n\x00é😀 a')))
def test_an_escaped_text_passes_json_and_jinja_unharmed(text: str) -> None:
    definition = f'{{"S3Uri": "{json_safe(text)}"}}'
    rendered = jinja2.Template(definition).render(pipeline_name="p")
    assert json.loads(rendered) == {"S3Uri": text}


def test_a_plain_uri_needs_no_escape() -> None:
    assert json_safe("s3://acme-data/evaluation/support_2026.jsonl") == "s3://acme-data/evaluation/support_2026.jsonl"
