"""What people's labels say of the judge, as every report shows it; ``evaluate.py report --labels`` finds it out."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Mapping
from typing import Any

from model_evaluation.runtime.statistics.verdicts import MODEL_LABELS, interval_words, signed_words

from .wording import UNCHECKED_TEXT, one_line

JUDGE_ERROR = "judge_error.json"
PEOPLE_START, PEOPLE_END = "<!-- people -->", "<!-- /people -->"  # no text from outside can hold a "<" here
RATE_NAMES = (
    ("sensitivity", "true-positive rate (the judge says yes where people do)"),
    ("specificity", "true-negative rate (the judge says no where people do)"),
    ("agreement", "agreement"),
)


def read_judge_error(folder: str | os.PathLike[str], execution_arn: str) -> dict[str, Any] | None:
    """What labels said of this execution's judge; ``None`` when nobody labelled, or the file is not ours."""
    try:
        with open(os.path.join(folder, JUDGE_ERROR), encoding="utf-8") as file:
            found = json.load(file)
        ours = found["execution_arn"] == execution_arn and isinstance(found["sentence"], str)
        people_sentences(found)
        _people_table(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return dict(found) if ours else None


def people_sentences(judge_error: Mapping[str, Any] | None) -> list[str]:
    """The corrected difference, the judge's rates and what to be careful about; without labels that there are none."""
    if judge_error is None:
        return [UNCHECKED_TEXT]
    rates = []
    for side, found in (judge_error.get("yes_no") or {}).items():
        known = [f"{title} {_rate_words(found[name])}" for name, title in RATE_NAMES if found[name]["n"]]
        rates.append(f"The judge on the {MODEL_LABELS[side]}: {', '.join(known)}.")
    return [judge_error["sentence"], *rates, *judge_error.get("warnings", [])]


def people_html(judge_error: Mapping[str, Any] | None) -> str:
    """The report's section on people's labels, between marks by which :func:`with_people` finds it again."""
    sentences = "".join(f"<p>{html.escape(one_line(text))}</p>" for text in people_sentences(judge_error))
    labelled = f"<h2>Against people</h2>{sentences}{_people_table(judge_error)}" if judge_error else sentences
    return f'{PEOPLE_START}<div id="people">{labelled}</div>{PEOPLE_END}'


def with_people(page: str, judge_error: Mapping[str, Any]) -> str | None:
    """``report.html`` with this section in place of the one it has; ``None`` for a page that has none."""
    before, start, rest = page.partition(PEOPLE_START)
    _, end, after = rest.partition(PEOPLE_END)
    return before + people_html(judge_error) + after if start and end else None


def _people_table(judge_error: Mapping[str, Any]) -> str:
    """The difference by judge, by people, and by both."""
    rows = (
        ("The judge alone", judge_error["judge_only"], judge_error["scored_by_judge"]),
        ("People alone", judge_error["people_only"], judge_error["labelled"]),
        ("The judge, corrected by people", judge_error["corrected_difference"], judge_error["scored_by_judge"]),
    )
    body = "".join(
        f'<tr><th scope="row">{name}</th><td>{signed_words(found)}</td><td>{interval_words(found)}</td>'
        f"<td>{int(n)}</td></tr>"
        for name, found, n in rows
    )
    metric = html.escape(one_line(judge_error["metric"]))
    return (
        f'<div class="scroll" role="region" aria-label="Difference on {metric}" tabindex="0"><table class="short">'
        f"<caption><span>Difference on {metric}, fine-tuned minus base</span></caption><thead><tr>"
        + "".join(f'<th scope="col">{title}</th>' for title in ("Scored by", "Difference", "95% CI", "Rows"))
        + f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _rate_words(rate: Mapping[str, Any]) -> str:
    return f"{rate['rate']:.0%} ({rate['ci_low']:.0%} to {rate['ci_high']:.0%}, {rate['k']} of {rate['n']})"
