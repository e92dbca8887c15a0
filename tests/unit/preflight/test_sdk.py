"""The SageMaker SDK: its version, and what in the environment changes what it does."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from model_evaluation.preflight.checks import sdk
from model_evaluation.preflight.fixes import commands_in
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.sdk import OVERRIDES, deviations

from .configured import a_context


@pytest.fixture
def subject() -> Subject:
    return Subject(a_context())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is set."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "everybody"))
    for name in ("SAGEMAKER_HUB_NAME", "SAGEMAKER_REGION", *OVERRIDES):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("installed", "status", "words"),
    [
        ("3.27.0", "pass", "3.27.0"),
        ("3.30.1", "pass", "3.30.1"),
        ("2.245.0", "skip", "sagemaker is 2.245.0"),
        ("4.0.0", "skip", "sagemaker is 4.0.0"),
        (None, "skip", "not installed"),
    ],
)
def test_the_sdk_is_looked_at_without_importing_it(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, installed: str | None, status: str, words: str
) -> None:
    def version(name: str) -> str:
        if installed is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed

    monkeypatch.setattr(importlib.metadata, "version", version)
    (result,) = sdk.version(subject)
    assert result.status == status
    assert words in result.message


def test_an_environment_that_sets_nothing_passes(subject: Subject) -> None:
    (result,) = sdk.environment(subject)
    assert result.status == "pass"


@pytest.mark.parametrize(
    ("name", "value", "part", "fix"),
    [
        ("SAGEMAKER_HUB_NAME", "OurHub", "hub", "export SAGEMAKER_HUB_NAME=SageMakerPublicHub"),
        ("SAGEMAKER_REGION", "eu-west-1", "region", "export SAGEMAKER_REGION=us-west-2"),
        ("SAGEMAKER_USER_CONFIG_OVERRIDE", "/nowhere/config.yaml", "defaults", "unset SAGEMAKER_USER_CONFIG_OVERRIDE"),
        ("SAGEMAKER_CORE_ADMIN_CONFIG_OVERRIDE", "s3://b/c", "defaults", "unset SAGEMAKER_CORE_ADMIN_CONFIG_OVERRIDE"),
    ],
)
def test_a_variable_that_changes_the_sdk_is_a_warning_with_its_fix(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, name: str, value: str, part: str, fix: str
) -> None:
    monkeypatch.setenv(name, value)
    (result,) = sdk.environment(subject)
    assert (result.status, result.part) == ("warn", part)
    assert name in result.message
    assert commands_in(result.fix) == [fix]


@pytest.mark.parametrize(
    ("name", "value"), [("SAGEMAKER_HUB_NAME", "SageMakerPublicHub"), ("SAGEMAKER_REGION", "us-west-2")]
)
def test_a_variable_that_says_what_is_so_anyway_changes_nothing(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert [result.status for result in sdk.environment(subject)] == ["pass"]


@pytest.mark.parametrize("folder", ["user", "everybody"])
@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n", []),
        ("SageMaker:\n  TrainingJob:\n    RoleArn: arn:aws:iam::1:role/x\n", ["RoleArn"]),
        ("SageMaker:\n  Pipeline:\n    Tags:\n    - Key: team\n      Value: a  # ours\n", ["Key", "Value"]),
    ],
)
def test_a_file_of_defaults_counts_for_what_it_sets(home: Path, folder: str, text: str, settings: list[str]) -> None:
    path = home / folder / "sagemaker" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    found = deviations("us-west-2")
    assert [item.name for item in found] == ([str(path)] if settings else [])
    assert all(str(settings) in item.effect for item in found)


def test_an_override_takes_the_place_of_the_default_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("user", "elsewhere"):
        path = home / folder / "sagemaker" / "config.yaml"
        path.parent.mkdir(parents=True)
        path.write_text("RoleArn: x", encoding="utf-8")
    monkeypatch.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(home / "elsewhere" / "sagemaker"))
    (found,) = deviations("us-west-2")
    assert "elsewhere" in found.name
