"""What AWS knows beside our records: a run whose record was lost, and a place among the runs of an account."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.runtime.launch.launcher import RunInProgressError
from model_evaluation.runtime.launch.ledger import LaunchError, LaunchLedger
from unit.runtime.fake_sagemaker import ARN, START, all_steps, client_error, clients, result_keys
from unit.runtime.test_launch import Execution, Status, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def lose_the_folder(world: World) -> None:
    shutil.rmtree(world.folder)
    world.folder.mkdir()


# -- the folder was lost -------------------------------------------------------------------------------------


def test_a_run_whose_record_was_lost_is_attached_to_and_recorded_again(world: World) -> None:
    first = world.launch()
    (before,) = world.attempts()
    lose_the_folder(world)
    assert world.launch() == first
    assert len(world.started) == 1
    (after,) = world.attempts()
    assert (after["name"], after["execution_arn"]) == (before["name"], first)
    assert (after["verified"], after["intended_at"]) == (True, START.isoformat(timespec="seconds"))
    assert "no record" in world.lines[-2]


def test_a_run_that_succeeded_is_not_paid_for_again(world: World) -> None:
    first = world.launch()
    world.sagemaker.answers, world.sagemaker.listed[first] = [("Succeeded", all_steps())], "Succeeded"
    world.s3.keys = tuple(result_keys("run0", "base", "custom"))
    lose_the_folder(world)
    assert world.launch() == first


@pytest.mark.parametrize("status", ["Failed", "Stopped", "Stopping"])
def test_a_run_that_came_to_nothing_is_not_attached_to(world: World, status: str) -> None:
    first = world.launch()
    world.sagemaker.listed[first] = status
    lose_the_folder(world)
    assert world.launch() != first
    assert len(world.started) == 2


def test_force_new_run_does_not_look_back(world: World) -> None:
    first = world.launch()
    lose_the_folder(world)
    assert world.launch(FORCE_NEW_RUN=True) != first


def test_of_several_the_newest_is_taken(world: World) -> None:
    world.launch()
    second = world.launch(FORCE_NEW_RUN=True)
    world.sagemaker.listed[ARN + "run0"] = "Stopped"
    lose_the_folder(world)
    assert world.launch(FORCE_NEW_RUN=False) == second


def test_a_changed_configuration_asks_although_the_record_is_lost(world: World) -> None:
    first = world.launch()
    lose_the_folder(world)
    with pytest.raises(RunInProgressError) as raised:
        world.launch(JUDGE_MODEL="amazon.nova-pro-v1:0")
    assert first in raised.value.message
    assert "its judge is anthropic.claude-sonnet-4-5-20250929-v1:0" in raised.value.message
    assert len(world.started) == 1
    assert world.launch(JUDGE_MODEL="amazon.nova-pro-v1:0", FORCE_NEW_RUN=True) != first


@pytest.mark.parametrize("label", ["another project", ""])
def test_runs_of_other_projects_are_nobodys_business(world: World, label: str) -> None:
    world.launch(RUN_LABEL=label)
    lose_the_folder(world)
    world.launch(RUN_LABEL="" if label == "" else "support-bot", JUDGE_MODEL="amazon.nova-pro-v1:0")
    assert len(world.started) == 2


def test_somebody_elses_definition_under_our_name_is_not_attached_to(world: World) -> None:
    world.launch()
    arn = ARN + "run0"
    world.sagemaker.definitions[arn] = world.sagemaker.definitions[arn].replace("Helpfulness", "Refusal")
    lose_the_folder(world)
    assert world.launch() != arn
    assert world.sagemaker.stopped == [arn]


def test_an_account_that_may_not_be_listed_is_no_obstacle(world: World) -> None:
    world.sagemaker.denied["list_pipelines"] = client_error("AccessDeniedException")
    assert world.launch() == ARN + "run0"
    assert "could not be listed (AccessDeniedException)" in world.lines[0]


def test_expired_credentials_are_named_before_anything_is_started(world: World) -> None:
    world.sagemaker.denied["list_pipelines"] = client_error("ExpiredTokenException")
    with pytest.raises(LaunchError, match="ExpiredTokenException"):
        world.launch()
    assert not world.started


# -- a place among the account's runs ------------------------------------------------------------------------


def others_running(world: World, count: int) -> list[str]:
    for number in range(count):
        world.sagemaker.names[f"their-run-{number}"] = f"{ARN}their{number}"
    return [f"{ARN}their{number}" for number in range(count)]


def launch_within(world: World, limit: float | None) -> str:
    return world.launch_with(clients(world.sagemaker, world.s3, limit=limit))


def test_the_start_waits_until_one_of_the_others_has_ended(world: World) -> None:
    arns = others_running(world, 2)

    def end_one_after_five_looks() -> None:
        assert not world.started
        with LaunchLedger(world.settings).locked(patience=1):
            pass  # nobody else is kept from starting meanwhile
        if len(world.clock.naps) == 5:
            world.sagemaker.listed[arns[0]] = "Succeeded"

    world.clock.on_sleep = end_one_after_five_looks
    assert launch_within(world, 2) == ARN + "run2"
    assert len(world.clock.naps) == 5
    assert all(45 <= nap <= 75 for nap in world.clock.naps)
    assert [line for line in world.lines if "2 evaluation(s) are running, and this account may run 2" in line] == [
        world.lines[0]
    ]


@pytest.mark.parametrize("limit", [None, 0, 3])
def test_without_a_limit_that_is_reached_nothing_is_waited_for(world: World, limit: float | None) -> None:
    others_running(world, 2)
    assert launch_within(world, limit) == ARN + "run2"
    assert world.clock.naps == []


def test_a_start_refused_for_want_of_a_place_is_repeated(world: World) -> None:
    (arn,) = others_running(world, 1)

    def refused(name: str) -> Any:
        if world.sagemaker.listed.get(arn) != "Succeeded":
            return Execution(None, Status("AWS service error: ResourceLimitExceeded: 1 evaluation job"))
        return Execution(world.create(name))

    def end_the_other() -> None:
        if world.clock.naps[-1] > 30:  # the pause for a place, not the looks for what may have started
            world.sagemaker.listed[arn] = "Succeeded"

    world.instead = refused
    world.clock.on_sleep = end_the_other
    assert launch_within(world, None) == ARN + "run1"
    assert [attempt["outcome"] for attempt in world.attempts()][-1] is None
    assert "ResourceLimitExceeded" in world.lines[0]


def test_a_refusal_with_nobody_else_running_is_told_at_once(world: World) -> None:
    world.instead = lambda name: Execution(None, Status("AWS service error: ResourceLimitExceeded: limit is 0"))
    with pytest.raises(LaunchError, match="limit is 0"):
        launch_within(world, None)


def test_waiting_for_a_place_ends_with_the_timeout(world: World) -> None:
    others_running(world, 1)
    with pytest.raises(LaunchError, match=r"within TIMEOUT_MINUTES \(240\)"):
        launch_within(world, 1)
    assert sum(world.clock.naps) == pytest.approx(240 * 60)
    assert not world.started


def test_a_kernel_killed_while_it_waited_starts_one_run_when_it_is_back(world: World) -> None:
    (arn,) = others_running(world, 1)

    def die() -> None:
        raise KeyboardInterrupt

    world.clock.on_sleep = die
    with pytest.raises(KeyboardInterrupt):
        launch_within(world, 1)
    assert world.records() == []
    world.sagemaker.listed[arn] = "Failed"
    assert launch_within(world, 1) == launch_within(world, 1) == ARN + "run1"
    assert len(world.started) == 1
