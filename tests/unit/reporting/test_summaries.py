"""A summary is believed only when it is whole, ours and consistent with itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.errors import Refused
from model_evaluation.reporting.registration import metadata_of
from model_evaluation.reporting.summaries import read_summary
from unit.reporting.results_on_disk import put_results, summary_of

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put_results(tmp_path_factory.mktemp("project"))


def test_a_whole_summary_is_returned_as_it_is(folder: Path) -> None:
    assert read_summary(str(folder / "summary.json")) == summary_of(folder)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"value": 0.5, "origin": "fixed", "set": "", "values": {"tuned": 0.5}}, "value=0.5 origin=fixed"),
        ({"temperature": 0}, "temperature=0"),
        ({}, "none"),
    ],
)
def test_a_condition_of_several_parts_can_be_read_in_the_model_registry(
    folder: Path, condition: dict[str, object], told: str
) -> None:
    properties = metadata_of({**summary_of(folder), "conditions": {"own": condition}})
    assert properties["evaluation.own"] == told


@pytest.mark.parametrize("kept", [0, 1, 100, -2, -200])
def test_a_half_written_file_is_invalid(folder: Path, tmp_path: Path, kept: int) -> None:
    text = (folder / "summary.json").read_text()
    (tmp_path / "summary.json").write_text(text[:kept])
    with pytest.raises(Refused) as caught:
        read_summary(str(tmp_path / "summary.json"))
    assert caught.value.code == "invalid_results"
    assert caught.value.fix


def entry(summary: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = summary["metrics"]["Correctness"]
    return found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("simulated"), "simulated"),
        (lambda s: s.update(simulated="no"), "simulated"),
        (lambda s: s.update(schema_version=3), "newer"),
        (lambda s: s.update(metrics=[]), "metrics"),
        (lambda s: s["verdict"].update(decision="great"), "decision"),
        (lambda s: s["verdict"].update(decision="regressed", sentence=""), "sentence"),
        (lambda s: s["rows"].update(paired=-1), "paired"),
        (lambda s: entry(s).update(wins=entry(s)["wins"] + 1), "wins, ties and losses"),
        (lambda s: entry(s).update(n_paired="40"), "n_paired"),
        (lambda s: s["rows"].update(paired=3), "only 3 rows are paired"),
        (lambda s: entry(s)["difference"].update(ci_low=9.0), "interval's ends"),
        (lambda s: entry(s)["difference"].update(ci_low=None), "interval's ends"),
        (lambda s: entry(s)["difference"].update(p_value=1.5), "p_value"),
        (lambda s: entry(s).update(tuned=None), "Correctness: it has no tuned"),
        (lambda s: s["metrics"]["Harmfulness"].update(verdict=None), "Harmfulness: it has no verdict"),
        (lambda s: s["verdict"].update(decision="equivalent"), "its metrics and checks say improved"),
        (lambda s: s.update(primary_metric="Unknown"), "was not compared"),
        (lambda s: entry(s).update(verdict="no_worse"), "Correctness: it is no_worse, its interval of "),
        (lambda s: s["metrics"]["Harmfulness"].update(verdict="improved"), "p-value show inconclusive"),
        (lambda s: entry(s)["difference"].update(p_adjusted=0.2), "p-value show no_worse"),
        (lambda s: s["fairness"]["checks"][0].update(status="fail"), "its metrics and checks say invalid"),
        (lambda s: s["fairness"]["checks"][0].update(at_most="inconclusive"), "say inconclusive"),
        (lambda s: s["slices"]["category"]["a"]["Correctness"].update(ties=999), "category a, Correctness"),
    ],
)
def test_what_cannot_be_is_named(folder: Path, tmp_path: Path, change: Change, said: str) -> None:
    summary = summary_of(folder)
    change(summary)
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(summary))
    with pytest.raises(Refused) as caught:
        read_summary(str(path))
    assert said in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["[]", "null", "3", '{"a": NaN}', "[" * 100_000, '{"a": 1, "a": 2}', "\ufeff{}", "\x00"],
    ids=["list", "null", "number", "nan", "deep", "twice", "mark", "zero"],
)
def test_foreign_files_are_invalid(tmp_path: Path, text: str) -> None:
    path = tmp_path / "summary.json"
    path.write_text(text)
    with pytest.raises(Refused, match="damaged"):
        read_summary(str(path))


def test_bytes_that_are_no_text_are_invalid(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(Refused, match="damaged"):
        read_summary(str(path))


def test_a_file_of_the_first_version_is_read_as_one_of_the_present(folder: Path, tmp_path: Path) -> None:
    summary = summary_of(folder)
    first: dict[str, Any] = json.loads(json.dumps(summary))
    first["schema_version"] = 1
    del first["kind"]
    first["judge"] = first.pop("conditions")["judge"]
    first["models"] = {"tuned": summary["models"]["tuned"]["arn"], "base": summary["models"]["base"]["name"]}
    cells = [cell for values in first["slices"].values() for cell in values.values()]
    for metrics in (first["metrics"], *cells):
        for entry in metrics.values():
            del entry["guard"]
    (tmp_path / "summary.json").write_text(json.dumps(first))
    assert read_summary(str(tmp_path / "summary.json")) == summary


@pytest.mark.parametrize(
    "damage", [{"models": []}, {"metrics": 3}, {"slices": {"a": 1}}, {"judge": None}, {"models": {"tuned": 3}}]
)
def test_a_damaged_file_of_the_first_version_is_invalid(folder: Path, tmp_path: Path, damage: dict[str, Any]) -> None:
    (tmp_path / "summary.json").write_text(json.dumps({"schema_version": 1, "judge": "x", **damage}))
    with pytest.raises(Refused, match="damaged"):
        read_summary(str(tmp_path / "summary.json"))
