"""Checks run side by side, and none of them can hide another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from model_evaluation import errors
from model_evaluation.conversation.context import Context
from model_evaluation.kinds.llm_as_judge.kind import KIND
from model_evaluation.preflight import runner, summary
from model_evaluation.preflight.fixes import command, commands_in, lines, pasteable
from model_evaluation.preflight.results import CheckEntry, Result, Status, failed, passed, skipped, warned
from model_evaluation.preflight.shared_checks import Check
from model_evaluation.preflight.subject import Subject
from trouble import wait_for_all_but


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(Context(str(tmp_path), {"answers": {}}, now="2026-11-20T00:00:00+00:00"))


def run(subject: Subject, monkeypatch: pytest.MonkeyPatch, *checks: Check, seconds: float = 600.0) -> dict[str, dict]:  # type: ignore[type-arg]
    monkeypatch.setattr(runner, "checks_for", lambda _: list(checks))
    return {entry["id"]: entry for entry in runner.run_checks(subject, seconds=seconds)}


def good(subject: Subject) -> Iterator[Result]:
    yield passed("fine", seen=1)


def raising(error: Exception) -> Check:
    def broken(subject: Subject) -> Iterator[Result]:
        yield passed("the beginning was fine", part="first")
        raise error

    return Check("broken", broken)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.AccessDenied("no", fix="ask"), "skip"),
        (errors.Throttled("slow down", fix="wait"), "skip"),
        (errors.Unreachable("gone", fix="look"), "skip"),
        (errors.AwsError("odd", fix="look"), "skip"),
        (errors.NoCredentials("none", fix="sign in"), "skip"),
        (errors.NotFound("gone", fix="make one"), "fail"),
        (errors.Refused("bad", fix="do better"), "fail"),
        (KeyError("ours"), "skip"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failing_check_says_so_and_hides_nothing(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, error: Exception, status: str
) -> None:
    entries = run(subject, monkeypatch, raising(error), Check("good", good))
    assert entries["good"] == {"id": "good", "status": "pass", "message": "fine", "fix": "", "evidence": {"seen": 1}}
    assert entries["broken.first"]["status"] == "pass"
    assert entries["broken"]["status"] == status
    assert entries["broken"]["message"]


def test_a_slow_check_is_undecided_and_hides_nothing(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slow(subject: Subject) -> Iterator[Result]:
        release.wait()
        yield passed("too late")

    wait_for_all_but(1, monkeypatch)
    entries = run(subject, monkeypatch, Check("slow", slow), Check("good", good), seconds=0.1)
    release.set()
    assert entries["slow"]["status"] == "skip"
    assert "0.1 seconds" in entries["slow"]["message"]
    assert entries["good"]["status"] == "pass"


def test_checks_run_at_the_same_time(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    barrier = threading.Barrier(20, timeout=600)

    def meet(subject: Subject) -> Iterator[Result]:
        barrier.wait()
        yield passed("met")

    entries = run(subject, monkeypatch, *[Check(f"check{number}", meet) for number in range(20)])
    assert {entry["status"] for entry in entries.values()} == {"pass"}


def test_what_rests_on_an_open_answer_is_undecided(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = (Check("judge", good, ("judge", "region")), Check("quota", good, ("region",)))
    entries = run(subject, monkeypatch, *waiting, Check("good", good))
    assert entries["judge"]["status"] == "skip"
    assert "judge, region" in entries["judge"]["message"]
    said = "1 passed, 2 not checked yet, since these steps are not answered: judge, region"
    assert summary(list(entries.values())) == said


def test_credentials_are_complained_about_once(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    def expired(subject: Subject) -> Iterator[Result]:
        raise errors.ExpiredCredentials("expired", fix="renew")
        yield

    entries = run(subject, monkeypatch, Check("identity", expired), Check("role", expired))
    assert (entries["identity"]["status"], entries["role"]["status"]) == ("fail", "skip")


def test_a_shared_lookup_is_made_once_also_when_it_fails(subject: Subject) -> None:
    calls = []

    def lookup() -> int:
        calls.append(1)
        time.sleep(0.05)
        raise errors.AccessDenied("no", fix="ask")

    seen = []

    def ask() -> None:
        try:
            subject.once("x", lookup)
        except errors.AccessDenied as error:
            seen.append(error.message)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(calls), seen) == (1, ["no"] * 8)


@pytest.mark.parametrize("fix", ["unset AWS_ENDPOINT_URL", "Take it away:\nunset AWS_ENDPOINT_URL"])
def test_taking_a_variable_away_can_be_pasted(fix: str) -> None:
    assert commands_in(fix) == ["unset AWS_ENDPOINT_URL"]
    assert commands_in(pasteable("Take it away: unset AWS_ENDPOINT_URL")) == ["unset AWS_ENDPOINT_URL"]


def test_every_check_has_a_name_of_its_own() -> None:
    ids = [check.id for check in KIND.checks()]
    assert len(ids) == len(set(ids))
    assert not [name for name in ids if "." in name]


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        ("pass pass warn", "2 passed, 1 warning"),
        ("fail warn warn", "0 passed, 1 FAILED, 2 warnings"),
        ("", "0 passed"),
        ("skip pass skip", "1 passed, 2 not decided (no answer could be read, neither yes nor no): check0, check2"),
    ],
)
def test_the_summary_counts_what_matters_and_names_what_was_not_decided(statuses: str, said: str) -> None:
    entries: list[CheckEntry] = [
        {"id": f"check{number}", "status": cast(Status, status), "message": "", "fix": "", "evidence": {}}
        for number, status in enumerate(statuses.split())
    ]
    assert summary(entries) == said


@pytest.mark.parametrize(
    ("fix", "expected"),
    [
        ("Create it: aws s3 mb s3://x --region y", "Create it:\naws s3 mb s3://x --region y"),
        ("Restore: aws s3api restore-object --x y - or upload", "Restore:\naws s3api restore-object --x y\nor upload"),
        ("No command here: awake", "No command here: awake"),
        (lines("Do:", "aws iam get-role --role-name x"), "Do:\naws iam get-role --role-name x"),
        ("", ""),
    ],
)
def test_commands_stand_on_lines_of_their_own(fix: str, expected: str) -> None:
    assert pasteable(fix) == expected


def test_a_command_survives_a_shell() -> None:
    import shlex

    text = command("iam", "put-role-policy", role_name="it's me", policy_document={"a": 'x "y" $HOME'}, dry_run=True)
    assert shlex.split(text) == [
        "aws", "iam", "put-role-policy", "--role-name", "it's me", "--policy-document", '{"a": "x \\"y\\" $HOME"}',
        "--dry-run",
    ]  # fmt: skip


def test_results_keep_their_evidence() -> None:
    assert failed("m", "f", part="p", a=1) == Result("fail", "m", "f", {"a": 1}, "p")
    assert warned("m", "f").status == "warn"
    assert skipped("m").fix == ""
