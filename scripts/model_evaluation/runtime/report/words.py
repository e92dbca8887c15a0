"""What a kind of evaluation has to say in its reports, and texts from outside as people read them on one line. Plain
text: pages, terminals and Markdown are made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime


def one_line(text: str) -> str:
    """Text on one line without anything a terminal would obey, or that turns the direction of what follows."""
    return "".join(c if c.isprintable() else " " for c in text)


def short_name(name: str | None) -> str:
    """What a person calls a model: of an ARN the part after its kind, ``support-assistant/3``; ``–`` for none."""
    if not name:
        return "–"
    return name.partition("/")[2] or name if name.startswith("arn:") else name


def short_time(created: str) -> str:
    """An ISO time to the minute, in UTC; any other text as it is."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment.tzinfo else created


def enumeration(names: Sequence[str]) -> str:
    """``a, b, c``, and past six of them how many more there are."""
    more = len(names) - 6
    return ", ".join(names[:6]) + (f" and {more} more" if more > 0 else "")


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text that is wrapped and has blank lines between them, each on one line."""
    return [" ".join(part.split()) for part in text.strip().split("\n\n")]


@dataclass(frozen=True)
class ReportWords:
    """What reports of one evaluation say beside its numbers."""

    scorer: str = ""
    """Who gave the scores, as a noun, where people's labels can check that."""
    conditions: tuple[tuple[str, str], ...] = ()
    """Name and value of what the models were evaluated under, such as a recipe or a benchmark."""
    guards: tuple[str, ...] = ()
    """Metrics that must not get worse: with one that did, a good result on the primary metric is mixed."""
    method: str = "Every record of the dataset was given to the models, and what they answered was scored."
    """How the scores came about, a paragraph."""
    limits: tuple[str, ...] = ()
    """What the scores cannot say, a paragraph each."""

    statistics: tuple[str, ...] = ()
    """How intervals and tests came about, in place of what is said of means of scores, a paragraph each."""
    margin: str = ""
    """What the margin is, in place of what is said of a share of the scale."""
    absent: str = ""
    """What had no part in results that local AWS made, as a sentence; empty: no model and no scorer."""
    checks_id: str = "fairness"
    checks_heading: str = "Was the comparison fair?"

    @property
    def simulated(self) -> str:
        """The notice on everything that local AWS made."""
        actors = "No model and no " + self.scorer if self.scorer else "No model"
        return f"SIMULATED: made with a local stand-in for AWS. {self.absent or f'{actors} was involved.'}"

    @property
    def explanations(self) -> str:
        """What the texts that came with scores are called."""
        return f"the {self.scorer}'s words" if self.scorer else "explanations"

    @property
    def unchecked(self) -> str:
        """What is said as long as nobody labelled."""
        whose = f"the {self.scorer}'s"
        return f"{whose.capitalize()} scores were not checked against people: the differences are {whose} alone."
