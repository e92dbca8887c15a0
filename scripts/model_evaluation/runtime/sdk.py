"""The SageMaker SDK, installed where it is missing. Imports nothing that an installation could replace."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import subprocess
import sys


def require_sdk(requirement: str) -> None:
    """Installs the SDK, unless a version from the first to before the second number of ``requirement``, which is like
    ``sagemaker>=3.27,<4``, is there. Raises ``RuntimeError`` when that fails, or when an older one is in use."""
    lowest, below = (_numbers(part) for part in requirement.split(","))
    if not lowest <= _installed() < below:
        print(f"Installing {requirement}; this takes a few minutes.")  # noqa: T201
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
        result = subprocess.run(pip, capture_output=True, text=True)  # noqa: S603
        if result.returncode:
            raise RuntimeError(f"{requirement} could not be installed. Install it, then run again.\n{result.stderr}")
        if "sagemaker" in sys.modules or "boto3" in sys.modules:
            raise RuntimeError("The SDK is installed, but an older one is in use. Restart the kernel, then run again.")
        importlib.invalidate_caches()
    print("sagemaker", importlib.metadata.version("sagemaker"))  # noqa: T201


def _installed() -> tuple[int, ...]:
    try:
        return _numbers(importlib.metadata.version("sagemaker"))
    except importlib.metadata.PackageNotFoundError:
        return ()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
