"""The SageMaker SDK: installed where it is missing, and what in this machine's environment and files changes what it
does (3.27). Imports nothing that an installation could replace."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HUB, REGION = "SAGEMAKER_HUB_NAME", "SAGEMAKER_REGION"
PUBLIC_HUB = "SageMakerPublicHub"
# Variables that name a file of defaults in the place of one of the two default ones, and the file that is meant.
OVERRIDES = {
    "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": 0,
    "SAGEMAKER_USER_CONFIG_OVERRIDE": 1,
    "SAGEMAKER_CORE_ADMIN_CONFIG_OVERRIDE": 0,
    "SAGEMAKER_CORE_USER_CONFIG_OVERRIDE": 1,
}
# Settings of such a file that change nothing about an evaluation.
HARMLESS = {"SchemaVersion", "TelemetryOptOut"}
_SETTING = re.compile(r"^[ \t]*-?[ \t]*[\"']?([A-Za-z0-9_]+)[\"']?[ \t]*:[ \t]*[^\s#]", re.MULTILINE)


def require_sdk(requirement: str) -> None:
    """Installs the SDK, unless a version from the first to before the second number of ``requirement``, which is like
    ``sagemaker>=3.27,<4``, is there. Raises ``RuntimeError`` when that fails, or when an older one is in use."""
    lowest, below = (_numbers(part) for part in requirement.split(","))
    installed: tuple[int, ...] = ()
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        installed = _numbers(importlib.metadata.version("sagemaker"))
    if not lowest <= installed < below:
        print(f"Installing {requirement}; this takes a few minutes.")  # noqa: T201
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
        result = subprocess.run(pip, capture_output=True, text=True)  # noqa: S603
        if result.returncode:
            raise RuntimeError(f"{requirement} could not be installed. Install it, then run again.\n{result.stderr}")
        if "sagemaker" in sys.modules or "boto3" in sys.modules:
            raise RuntimeError("The SDK is installed, but an older one is in use. Restart the kernel, then run again.")
        importlib.invalidate_caches()
    print("sagemaker", importlib.metadata.version("sagemaker"))  # noqa: T201


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


@dataclass(frozen=True)
class Deviation:
    """Something that makes the SDK act otherwise than the notebook says: ``subject`` is hub, region or defaults,
    ``name`` the variable or file, ``effect`` completes a sentence that begins with it."""

    subject: str
    name: str
    effect: str


def deviations(region: str) -> list[Deviation]:
    """All of them, for an evaluation in ``region``. Files in S3 are named, not read."""
    environment = os.environ
    different = []
    hub, other_region = environment.get(HUB, PUBLIC_HUB), environment.get(REGION, region)
    if hub != PUBLIC_HUB:
        different.append(Deviation("hub", HUB, f"is {hub!r}: the SDK looks for the base model in that hub first"))
    if other_region != region:
        effect = f"is {other_region!r}: the SDK works in that region wherever the notebook does not name {region}"
        different.append(Deviation("region", REGION, effect))
    files = dict.fromkeys(default_files(environment), "")
    for name, number in OVERRIDES.items():
        if name in environment:
            files.pop(default_files(environment)[number], None)
            files[environment[name]] = name
    different += [deviation for path, name in files.items() if (deviation := _of_file(path, name))]
    return different


def default_files(environment: Mapping[str, str]) -> tuple[str, str]:
    """Where the SDK looks for defaults by itself: the administrator's file and the user's."""
    home = Path.home()
    if sys.platform == "darwin":
        folders = Path("/Library/Application Support"), home / "Library/Application Support"
    elif sys.platform == "win32":
        local = environment.get("LOCALAPPDATA") or str(home / "AppData/Local")
        folders = Path(environment.get("PROGRAMDATA") or "C:/ProgramData", "sagemaker"), Path(local, "sagemaker")
    else:
        everybody = (environment.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)[0]
        folders = Path(everybody), Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    admin, user = (str(folder / "sagemaker" / "config.yaml") for folder in folders)
    return admin, user


def _of_file(path: str, variable: str) -> Deviation | None:
    name = f"{variable}={path}" if variable else path
    if path.startswith("s3://"):
        return Deviation("defaults", name, "is a file of defaults in S3 that the SDK reads before each start")
    file = Path(path) / "config.yaml" if Path(path).is_dir() else Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        if variable:
            return Deviation("defaults", name, f"cannot be read ({type(error).__name__}): the SDK refuses to start")
        return None
    settings = sorted(set(_SETTING.findall(text)) - HARMLESS)
    if not settings:
        return None
    return Deviation("defaults", name, f"is a file of defaults that the SDK takes these settings from: {settings}")
