"""Whether AWS is AWS here is known without a client."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_evaluation.endpoints import foreign_endpoints, is_aws


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://sagemaker.us-west-2.amazonaws.com", True),
        ("https://s3.cn-north-1.amazonaws.com.cn", True),
        ("https://vpce-1-x.sagemaker.us-west-2.vpce.amazonaws.com", True),
        ("https://sagemaker.us-west-2.api.aws", True),
        ("http://127.0.0.1:5000", False),
        ("https://amazonaws.com.evil.example", False),
        ("not a url [", False),
    ],
)
def test_an_address_is_awss_own_or_not(url: str, own: bool) -> None:
    assert is_aws(url) is own


def test_nothing_configured_is_aws() -> None:
    assert foreign_endpoints() == {}


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER"])
def test_the_environment_names_a_stand_in(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "http://localhost:5000")
    assert foreign_endpoints() == {name: "http://localhost:5000"}
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert foreign_endpoints() == {}


CONFIG = """
[default]
region = us-west-2
[profile lab]
endpoint_url = http://localhost:4566
services = mine
[services mine]
s3 =
  endpoint_url = http://localhost:9000
sts =
  endpoint_url = https://sts.us-west-2.amazonaws.com
"""


def test_the_profile_in_use_names_a_stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert foreign_endpoints() == {}
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert set(foreign_endpoints().values()) == {"http://localhost:4566", "http://localhost:9000"}


def test_a_broken_configuration_is_the_first_lookups_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(b"[default\nx = \xff")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert foreign_endpoints() == {}
