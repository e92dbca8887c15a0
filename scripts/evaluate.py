#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "boto3>=1.42", "jinja2>=3.1.6,<4", "jsonschema>=4.23,<5", "msgspec>=0.20", "nbformat>=5.10,<6", "numpy>=1.26",
#   "scipy>=1.11", "duckdb>=1.1", "openpyxl>=3.1,<4", "pyarrow>=15",
# ]
# ///
"""Entry point, from any folder: `python3 scripts/evaluate.py` (on Windows `py -3`) or `uv run scripts/evaluate.py`."""

import os
import sys

if sys.version_info < (3, 11):
    print(  # noqa: T201 - the one object on stdout, on a Python too old for the package
        '{"ok": false, "command": null, "error": {"code": "python_too_old", "message": "This is Python %d.%d; '
        'version 3.11 or later is needed.", "fix": "Run the same command with python3.11 or later '
        '(Windows: py -3), or with: uv run scripts/evaluate.py"}}' % sys.version_info[:2]
    )
    sys.exit(2)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from model_evaluation.cli import main

if __name__ == "__main__":
    sys.exit(main())
