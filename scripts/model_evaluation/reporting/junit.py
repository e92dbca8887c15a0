"""A gate as a JUnit file, which CI systems show as test cases."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from model_evaluation.kinds.registry import report_words
from model_evaluation.runtime.report.view import ordered_metrics
from model_evaluation.runtime.summary import Summary

from .gate import Gate
from .words import execution_id, interval, signed

# What XML 1.0 cannot hold, however it is escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(gate: Gate, summary: Summary | None) -> bytes:
    """The file's content: one test case per check, and one per metric for looking up.

    A check that fails or is inconclusive is a failure (of that type), an invalid one an error, so the file is green
    exactly when the exit code is 0. Metrics that a check does not rest on are skipped cases that say how they did.
    """
    run = execution_id(summary) if summary else "results"
    suite = ET.Element("testsuite", name=_xml(f"model evaluation {run}"))
    if summary:
        suite.set("timestamp", _xml(str(summary["created"])))
        properties = ET.SubElement(suite, "properties")
        facts = {"execution_arn": summary["execution_arn"], "kind": summary["kind"], **summary["conditions"]}
        facts |= {"primary_metric": summary["primary_metric"], "simulated": summary["simulated"]}
        for name, value in facts.items():
            ET.SubElement(properties, "property", name=_xml(name), value=_xml(str(value)))
    for check in gate.checks:
        case = ET.SubElement(suite, "testcase", classname="gate", name=_xml(check.name), time="0")
        if check.outcome in ("fail", "inconclusive"):
            ET.SubElement(case, "failure", type=check.outcome, message=_xml(check.reason))
        elif check.outcome == "invalid":
            ET.SubElement(case, "error", type="invalid", message=_xml(check.reason))
        else:
            ET.SubElement(case, "system-out").text = _xml(check.reason)
    for metric, reason in _metric_lines(summary) if summary else []:
        case = ET.SubElement(suite, "testcase", classname="metric", name=_xml(metric), time="0")
        ET.SubElement(case, "skipped", message=_xml(reason))
    if summary and summary["simulated"]:
        ET.SubElement(suite, "system-out").text = report_words(summary).simulated
    for kind, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(sum(1 for _ in suite.iter(tag))))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _metric_lines(summary: Summary) -> list[tuple[str, str]]:
    lines = []
    words = report_words(summary)
    for name in ordered_metrics(summary, words):
        entry = summary["metrics"][name]
        role = "decides" if name == summary["primary_metric"] else "guards" if entry["guard"] else "does not decide"
        if entry["difference"] is None:
            lines.append((name, "not compared: only one model was evaluated"))
            continue
        difference = entry["difference"]
        evidence = f"{entry['verdict']}: {signed(difference['mean'])} ({interval(difference)})"
        lines.append((name, f"{evidence}, {entry['n_paired']} pairs; {role}"))
    return lines


def _xml(text: str) -> str:
    return _NOT_XML.sub("�", text)
