"""The module's account as this process's AWS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from account_access import use_account
from model_evaluation.kinds.llm_as_judge.localaws.player import World
from model_evaluation.localaws import LocalAws


@pytest.fixture
def aws(account: tuple[LocalAws, World], monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """Every client reaches it; the scenario that a test sets ends with the test."""
    local, _ = account
    use_account(monkeypatch, local)
    before = local.scenario
    yield local
    local.scenario = before
