"""The SageMaker SDK: its version, and what in the environment changes what it does."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator

from model_evaluation.preflight.fixes import lines
from model_evaluation.preflight.results import Result, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.sdk import HUB, OVERRIDES, PUBLIC_HUB, REGION, Deviation, deviations

CELL = "The notebook's install cell looks at its own kernel and installs sagemaker>=3.27,<4 there if it is missing."


def version(subject: Subject) -> Iterator[Result]:
    """What this Python has. The notebook's kernel may be another one, and its first cell installs what is missing."""
    try:
        text = importlib.metadata.version("sagemaker")
    except importlib.metadata.PackageNotFoundError:
        yield skipped(f"Beside this program sagemaker is not installed. That need not be. {CELL}")
        return
    numbers = tuple(int(number) for number in re.findall(r"\d+", text)[:2])
    if (3, 27) <= numbers < (4, 0):
        yield passed(
            f"sagemaker {text} with everything this run needs is installed here. {CELL}", versions={"sagemaker": text}
        )
    else:
        message = f"Beside this program sagemaker is {text}, needed is 3.27 or newer, below 4. That need not be."
        yield skipped(f"{message} {CELL}", versions={"sagemaker": text})


def environment(subject: Subject) -> Iterator[Result]:
    """Variables and files of this machine. A notebook that runs elsewhere has an environment of its own: a warning."""
    deviating = deviations(subject.region)
    for deviation in deviating:
        message = f"{deviation.name} {deviation.effect}. That holds for a notebook that is run in this environment."
        yield warned(message, _fix(deviation, subject.region), part=deviation.subject, name=deviation.name)
    if not deviating:
        yield passed("No variable and no file of defaults here changes what the SDK does.")


def _fix(deviation: Deviation, region: str) -> str:
    variable = deviation.name.partition("=")[0]
    if deviation.subject == "hub":
        return lines("For the public hub:", f"export {HUB}={PUBLIC_HUB}")
    if deviation.subject == "region":
        return lines("For the evaluation's region:", f"export {REGION}={region}")
    if variable in OVERRIDES:
        return lines("To do without it:", f"unset {variable}")
    return "Look at the file; what it sets holds for everything the SDK starts here. Take out what is not meant."
