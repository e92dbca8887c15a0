"""What people's labels say of who gave the scores, as every report shows it; ``report --labels`` finds it out."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from model_evaluation.runtime.statistics.verdicts import interval_words, signed_words
from model_evaluation.runtime.summary import labels_of, minus_words

from .markup import part
from .words import ReportWords

ScorerError = Mapping[str, Any]
"""The file's content. Keys about the scorer have its name: ``SCORER_only``, ``scored_by_SCORER``."""

PEOPLE_START, PEOPLE_END = "<!-- people -->", "<!-- /people -->"  # no text from outside can hold a "<" here


def error_file(words: ReportWords) -> str:
    """The file beside ``summary.json`` that holds what labels said: ``SCORER_error.json``."""
    return f"{words.scorer}_error.json"


def read_scorer_error(folder: str | os.PathLike[str], execution_arn: str, words: ReportWords) -> ScorerError | None:
    """What labels said of this execution's scorer; ``None`` when nobody labelled, or the file is not ours."""
    try:
        with open(os.path.join(folder, error_file(words)), encoding="utf-8") as file:
            error = dict(json.load(file))
        ours = error["execution_arn"] == execution_arn and isinstance(error["sentence"], str)
        people_html(error, words)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return error if ours else None


def people_sentences(error: ScorerError | None, words: ReportWords) -> list[str]:
    """The corrected difference, the scorer's rates and what to be careful about; without labels that there are none."""
    if error is None:
        return [words.unchecked]
    says = f"the {words.scorer} says"
    titles = {
        "sensitivity": f"true-positive rate ({says} yes where people do)",
        "specificity": f"true-negative rate ({says} no where people do)",
        "agreement": "agreement",
    }
    rates = []
    for side, yes_no in (error.get("yes_no") or {}).items():
        known = [f"{title} {_rate_words(yes_no[name])}" for name, title in titles.items() if yes_no[name]["n"]]
        rates.append(f"The {words.scorer} on the {labels_of(error)[side]}: {', '.join(known)}.")
    return [error["sentence"], *rates, *error.get("warnings", [])]


def people_html(error: ScorerError | None, words: ReportWords) -> Markup:
    """The report's section on people's labels, between marks by which :func:`with_people` finds it again."""
    table = _people_table(error, words) if error else ""
    return part("people", sentences=people_sentences(error, words), table=table)


def with_people(page: str, error: ScorerError, words: ReportWords) -> str | None:
    """``report.html`` with this section in place of the one it has; ``None`` for a page that has none."""
    before, start, rest = page.partition(PEOPLE_START)
    _, end, after = rest.partition(PEOPLE_END)
    return f"{before}{people_html(error, words)}{after}" if start and end else None


def _people_table(error: ScorerError, words: ReportWords) -> Markup:
    """The difference by the scorer, by people, and by both."""
    scorer = words.scorer
    lines = (
        (f"The {scorer} alone", error[f"{scorer}_only"], error[f"scored_by_{scorer}"]),
        ("People alone", error["people_only"], error["labelled"]),
        (f"The {scorer}, corrected by people", error["corrected_difference"], error[f"scored_by_{scorer}"]),
    )
    return part(
        "table",
        headings=("Scored by", "Difference", "95% CI", "Rows"),
        lines=[(name, signed_words(line), interval_words(line), str(int(n))) for name, line, n in lines],
        caption=f"Difference on {error['metric']}, {minus_words(error)}",
        short=True,
    )


def _rate_words(rate: Mapping[str, float]) -> str:
    return f"{rate['rate']:.0%} ({rate['ci_low']:.0%} to {rate['ci_high']:.0%}, {rate['k']} of {rate['n']})"
