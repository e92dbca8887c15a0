"""An account with Nova models, and an evaluation of this kind begun in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from account_access import use_account
from cli_runs import Result, RunCli
from model_evaluation.kinds.nova.localaws.player import NovaPlayer
from model_evaluation.kinds.nova.localaws.world import World
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Seeder

Answer = Callable[..., Result]


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[LocalAws, World]]:
    with LocalAws(step_seconds=0) as aws:
        yield aws, NovaPlayer().seed_world(Seeder(aws.cloud, "us-west-2"))


@pytest.fixture
def aws(account: tuple[LocalAws, World], monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """Every client reaches it."""
    local, _ = account
    use_account(monkeypatch, local)
    local.scenario = Scenario()
    return local


@pytest.fixture
def world(account: tuple[LocalAws, World]) -> World:
    return account[1]


@pytest.fixture
def answer(run_cli: RunCli, aws: LocalAws, tmp_path: Path) -> Answer:
    """Answers questions of one evaluation of this kind: ``answer(model="nova-lite/prod", nova_task="gen_qa")``. The
    last one's result; all before it must be accepted."""
    assert run_cli("answer", "evaluation", "nova", project=tmp_path).code == 0

    def give(**answers: str) -> Result:
        result = None
        for step, value in answers.items():
            assert result is None or result.code == 0, result.json
            result = run_cli("answer", step, value, project=tmp_path)
        assert result is not None
        return result

    return give
