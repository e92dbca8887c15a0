"""The SageMaker SDK: 3.27 brought the judge evaluation that the notebook uses."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator

from .result import Result, passed, skipped
from .subject import Subject

# Package, lowest version, first version that is too new, and what this run takes from it.
NEEDED = (
    ("sagemaker", (3, 27), (4, 0), "the SDK itself"),
    ("sagemaker-train", (1, 27), (2, 0), "LLMAsJudgeEvaluator with custom metrics and comparison"),
    ("sagemaker-core", (2, 27), (3, 0), "pipelines, roles and results"),
)
CELL = "The notebook's install cell looks at its own kernel and installs sagemaker>=3.27,<4 there if it is missing."


def version(subject: Subject) -> Iterator[Result]:
    """What this Python has. The notebook's kernel may be another one, and its first cell installs what is missing."""
    found, wrong = {}, []
    for package, lowest, too_new, purpose in NEEDED:
        try:
            text = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{package} is not installed ({purpose})")
            continue
        found[package] = text
        numbers = tuple(int(number) for number in re.findall(r"\d+", text)[:2])
        if not lowest <= numbers < too_new:
            wrong.append(f"{package} is {text}, needed is {lowest[0]}.{lowest[1]} or newer ({purpose})")
    if wrong:
        yield skipped(f"Beside this program {'; '.join(wrong)}. That need not be. {CELL}", versions=found)
    else:
        here = f"sagemaker {found['sagemaker']} with everything this run needs is installed here."
        yield passed(f"{here} {CELL}", versions=found)
