"""Every benchmark, one after another. Ratios within one run count; milliseconds are this machine's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    for path in sorted(HERE.glob("bench_*.py")):
        print(f"\n## {path.stem.removeprefix('bench_')}\n", flush=True)
        subprocess.run([sys.executable, str(path)], check=True)
