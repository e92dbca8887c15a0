"""Preflight names an address that is not AWS's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_evaluation.preflight.checks import session
from model_evaluation.preflight.fixes import commands_in
from model_evaluation.preflight.subject import Subject

from .configured import a_context


@pytest.fixture
def subject(monkeypatch: pytest.MonkeyPatch) -> Subject:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Subject(a_context())


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK"])
def test_a_stand_in_is_named_and_what_it_says_is_simulated(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert [result.status for result in session.endpoint(subject)] == ["pass"]
    monkeypatch.setenv(name, "http://127.0.0.1:5000")
    (result,) = session.endpoint(subject)
    assert result.status == "warn"
    assert result.message.startswith(f"SIMULATED: {name} is http://127.0.0.1:5000")
    assert result.evidence["simulated"] is True
    assert commands_in(result.fix) == [f"unset {name}"]


def test_a_stand_in_of_the_profile_is_named_too(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nendpoint_url = http://localhost:4566\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    (result,) = session.endpoint(subject)
    assert "http://localhost:4566" in result.message
    assert commands_in(result.fix) == ["export AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"]
