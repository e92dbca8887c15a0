"""A scorer's Python file, run on this machine in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from model_evaluation.errors import Refused

from .replies import ReplyError
from .trial import Call

SECONDS = 30.0
RUNNER = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("scorer_under_trial", sys.argv[1])
module = importlib.util.module_from_spec(spec)
out, sys.stdout = sys.stdout, sys.stderr
spec.loader.exec_module(module)
reply = module.lambda_handler(json.load(sys.stdin), None)
json.dump(reply, out)
"""


def local_call(path: str) -> Call:
    """Calls ``lambda_handler`` of a Python file. It runs as you, with your files and your network, so it is only for
    code of your own. Raises Refused when there is no such file, or it is none of Python."""
    path = os.path.abspath(os.path.expanduser(path))
    if not os.path.isfile(path):
        raise Refused(f"There is no file {path}.", fix="Check the path.", code="file_unreadable")
    if not path.endswith(".py"):
        raise Refused(
            f"{path} is not a Python file; a scorer is one with the function lambda_handler(event, context).",
            fix="Give the scorer's .py file, or the ARN of the deployed function.",
            code="not_python",
        )

    def call(event: list[dict[str, Any]]) -> object:
        try:
            done = subprocess.run(  # noqa: S603 - the user's own file, arguments as a list
                [sys.executable, "-I", "-c", RUNNER, path],
                input=json.dumps(event), capture_output=True, text=True, encoding="utf-8", timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ReplyError(f"no answer within {SECONDS:g} seconds") from error
        if done.returncode:
            raise ReplyError(f"the handler failed: {done.stderr.strip().rsplit(chr(10), 1)[-1][:300]}")
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise ReplyError(f"what the handler returned is not JSON ({error})") from error

    return call
