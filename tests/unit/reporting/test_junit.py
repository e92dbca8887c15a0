"""The gate's JUnit file agrees with the exit code and survives any text."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from model_evaluation.reporting.gate import decide_gate, invalid_gate
from model_evaluation.reporting.junit import junit_xml
from unit.reporting.results_on_disk import put_results, summary_of


@pytest.mark.parametrize(
    ("rules", "code", "failures", "errors"),
    [
        ("", 0, 0, 0),
        ("Correctness.ci_low > 0 and Harmfulness.ci_high < 0.2", 0, 0, 0),
        ("Correctness.ci_low > 0.9", 10, 1, 0),
        ("Correctness.ci_low > 0.9; Harmfulness.mean < -1", 10, 2, 0),
        ("Nothing.ci_low > 0", 12, 0, 1),
    ],
)
def test_red_cases_are_the_exit_code(tmp_path: Path, rules: str, code: int, failures: int, errors: int) -> None:
    summary = summary_of(put_results(tmp_path))
    gate = decide_gate(summary, rules)
    suite = ET.fromstring(junit_xml(gate, summary))[0]
    assert gate.exit_code == code
    assert (suite.get("failures"), suite.get("errors")) == (str(failures), str(errors))
    assert len(suite.findall(".//failure")) == failures
    assert len(suite.findall(".//error")) == errors
    cases = suite.findall("testcase")
    assert suite.get("tests") == str(len(cases)) == str(len(gate.checks) + len(summary["metrics"]))
    assert [c.get("name") for c in cases if c.get("classname") == "metric"] == ["Correctness", "Harmfulness"]


def test_inconclusive_is_red_too(tmp_path: Path) -> None:
    summary = summary_of(put_results(tmp_path, tuned=(1.0, 0.0) * 20, base=(0.0, 1.0) * 20))
    gate = decide_gate(summary, "")
    assert gate.exit_code == 11
    failure = ET.fromstring(junit_xml(gate, summary)).find(".//failure")
    assert failure is not None
    assert failure.get("type") == "inconclusive"


def test_results_that_cannot_be_read_are_an_error() -> None:
    suite = ET.fromstring(junit_xml(invalid_gate("half a file", "invalid_results"), None))[0]
    assert suite.get("errors") == "1"
    error = suite.find(".//error")
    assert error is not None
    assert error.get("message") == "half a file"


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    summary = summary_of(put_results(tmp_path))
    nasty = '<!DOCTYPE x "]]> & \x00\x0b\ud800\ufffe " </testcase>'
    summary["judge"] = nasty
    summary["verdict"]["sentence"] = nasty
    suite = ET.fromstring(junit_xml(decide_gate(summary, ""), summary))[0]
    assert suite.findtext("testcase/system-out") == '<!DOCTYPE x "]]> & ���� " </testcase>'


def test_simulated_says_so(tmp_path: Path) -> None:
    summary = summary_of(put_results(tmp_path, simulated=True))
    assert b"SIMULATED" in junit_xml(decide_gate(summary, ""), summary)
