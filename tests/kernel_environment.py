"""An interpreter such as a Studio kernel's: it has every package that the notebook needs, and not this one."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path


@functools.cache
def kernel_python() -> str:
    """Path of that interpreter. ``.pth`` files of the packages' folders do not count there, so neither an editable
    installation of this project nor its own folder is on the path."""
    folder = Path(tempfile.mkdtemp(prefix="kernel-environment-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    venv.create(folder, symlinks=os.name != "nt")
    python = next(path for path in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if path.exists())
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    show = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([python, "-c", show], capture_output=True, text=True, check=True).stdout.strip()
    Path(own, "packages.pth").write_text("\n".join(packages) + "\n", encoding="utf-8")
    absent = subprocess.run([python, "-c", "import model_evaluation.runtime"], capture_output=True)
    assert absent.returncode, "the notebook would not use the library that it carries"
    return str(python)
