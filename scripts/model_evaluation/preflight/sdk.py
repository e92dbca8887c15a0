"""The SageMaker SDK: 3.27 brought the judge evaluation that the notebook uses."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator

from .result import Result, passed, skipped
from .subject import Subject

NEEDED = (3, 27)
BELOW = (4, 0)


def version(subject: Subject) -> Iterator[Result]:
    """What this Python has. The notebook's kernel may be another one, and its first cell installs what is missing."""
    cell = "The notebook's install cell looks at its own kernel and installs sagemaker>=3.27,<4 there if it is missing."
    try:
        text = importlib.metadata.version("sagemaker")
    except importlib.metadata.PackageNotFoundError:
        yield skipped(f"The SageMaker SDK is not installed beside this program, and need not be. {cell}")
        return
    found = tuple(int(number) for number in re.findall(r"\d+", text)[:2])
    if NEEDED <= found < BELOW:
        yield passed(f"sagemaker {text} is installed here. {cell}", version=text)
    else:
        yield skipped(
            f"sagemaker {text} is installed here; the notebook needs 3.27 or newer, below 4. {cell}", version=text
        )
