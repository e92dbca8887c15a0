"""`report --labels-sheet` and `report --labels` for an evaluation by a judge."""

from __future__ import annotations

import json
import os

from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.kind import PeopleTool
from model_evaluation.kinds.llm_as_judge.runtime.words import report_words
from model_evaluation.reporting.result_files import unwritable, write_file
from model_evaluation.runtime.report.markdown import report_markdown
from model_evaluation.runtime.report.people import error_file, with_people
from model_evaluation.runtime.summary import Summary

from .people.judge_error import judge_error_report
from .people.sheet import key_of, read_key, read_labels, scored_examples, write_sheet


class JudgePeopleTool(PeopleTool):
    def write_sheet(self, summary: Summary, folder: str, path: str, *, metric: str, n: int, seed: int) -> JsonObject:
        try:
            return write_sheet(scored_examples(folder, metric), summary, metric, path, n=n, seed=seed)
        except OSError as error:
            raise unwritable(path, error) from error

    def read_labels(self, summary: Summary, folder: str, sheet: str, key: str | None) -> JsonObject:
        """The judge's error, which is also put into the reports that lie there."""
        answers = read_key(key or key_of(sheet), summary)
        examples = scored_examples(folder, answers.metric)
        labelled = read_labels(sheet, answers, examples, summary)
        report = judge_error_report(summary, answers.metric, examples, labelled, len(answers.items))
        content = {"execution_arn": summary["execution_arn"], **report}
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        write_file(os.path.join(folder, error_file(report_words(summary))), text.encode())
        return {"judge_error": {**report, "told_in": _retold(content, summary, folder)}}


def _retold(judge_error: JsonObject, summary: Summary, folder: str) -> list[str]:
    """Put what people said into the reports that lie there; the files that now tell it."""
    words = report_words(summary)
    short = report_markdown(summary, words, judge_error).encode("utf-8", "replace")
    files = [write_file(os.path.join(folder, "report.md"), short)]
    path = os.path.join(folder, "report.html")
    try:
        with open(path, encoding="utf-8", newline="") as file:
            page = with_people(file.read(), judge_error, words)
    except (OSError, ValueError):
        page = None  # not there, or not ours
    if page is not None:
        files.append(write_file(path, page.encode("utf-8", "replace")))
    return files


TOOL = JudgePeopleTool()
