"""The lock around a start, and the names and texts a start is made of."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.kinds.llm_as_judge.runtime.evaluator import json_safe, run_name
from model_evaluation.runtime.launch.ledger import (
    LOCK_EXPIRES,
    LaunchAttempt,
    LaunchError,
    LaunchLedger,
    configuration_fingerprint,
    evaluation_configuration,
)
from unit.runtime.fake_sagemaker import Clock, settings_with

DISPLAY_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,81}")


@pytest.fixture
def ledger(tmp_path: Path) -> LaunchLedger:
    return LaunchLedger(str(tmp_path), evaluation_configuration(settings_with()))


def hold(ledger: LaunchLedger, owner: Any) -> Path:
    lock = ledger.lock_path
    lock.write_text(owner if isinstance(owner, str) else json.dumps(owner), encoding="utf-8")
    return lock


def this_process() -> str:
    with open(f"/proc/{os.getpid()}/stat", encoding="utf-8") as stat:
        return f"{os.getpid()} {stat.read().rsplit(')', 1)[1].split()[19]}"


def test_a_record_comes_back_as_it_was(ledger: LaunchLedger) -> None:
    record = ledger.read().with_attempt(LaunchAttempt("a", "2026-03-01T12:00:00+00:00", outcome="Failed"))
    record = record.with_attempt(LaunchAttempt("b", "2026-03-01T13:00:00+00:00", "arn"))
    ledger.write(record)
    assert ledger.read() == record
    assert ledger.read().current == record.attempts[1]


def test_the_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    configuration = evaluation_configuration(settings_with())
    backwards = dict(reversed(configuration.items()))
    assert configuration_fingerprint(configuration) == configuration_fingerprint(backwards)


def test_only_one_of_many_holds_the_lock(ledger: LaunchLedger) -> None:
    inside: list[int] = []
    most: list[int] = []

    def enter(number: int) -> None:
        with ledger.locked(sleep=lambda _: None, clock=lambda: 0.0):
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
    with ledger.locked(patience=0):
        pass


def test_a_held_lock_is_waited_for_and_then_named(ledger: LaunchLedger) -> None:
    lock = hold(ledger, {"host": socket.gethostname(), "process": this_process()})
    clock = Clock()
    with (
        pytest.raises(LaunchError, match="Another notebook") as raised,
        ledger.locked(clock=lambda: lock.stat().st_mtime + clock.seconds, sleep=clock.sleep),
    ):
        pass
    assert clock.seconds == 120
    assert str(lock) in raised.value.fix
    assert lock.exists()


@pytest.mark.parametrize("owner", [{"host": "HERE", "process": "DEAD"}, {"host": "HERE", "process": "REUSED"}])
def test_the_lock_of_a_process_that_is_gone_is_taken_over(ledger: LaunchLedger, owner: dict[str, str]) -> None:
    child = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    processes = {"DEAD": f"{child.stdout.decode().strip()} 1", "REUSED": f"{os.getpid()} 1"}
    hold(ledger, {"host": socket.gethostname(), "process": processes[owner["process"]]})
    with ledger.locked(patience=0):
        pass


def test_a_lock_of_another_machine_is_taken_over_when_it_is_old(ledger: LaunchLedger) -> None:
    lock = hold(ledger, {"host": "elsewhere", "process": "1 1"})
    made = lock.stat().st_mtime
    with pytest.raises(LaunchError), ledger.locked(patience=0, clock=lambda: made + LOCK_EXPIRES - 1):
        pass
    with ledger.locked(patience=0, clock=lambda: made + LOCK_EXPIRES + 1):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": 1}', '{"host": "x", "process": null}'])
def test_a_lock_whose_writer_died_while_writing_is_taken_over(ledger: LaunchLedger, content: str) -> None:
    lock = hold(ledger, content)
    made = lock.stat().st_mtime
    with pytest.raises(LaunchError), ledger.locked(patience=0, clock=lambda: made + 1):
        pass
    with ledger.locked(patience=0, clock=lambda: made + 60):
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
