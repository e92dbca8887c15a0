"""Local AWS for as long as somebody wants it: the ``localaws`` command's engine."""

from __future__ import annotations

import threading
from collections.abc import Callable


def serve(
    print_line: Callable[[str], None],
    *,
    seed: bool,
    port: int | None,
    until: threading.Event,
    step_seconds: float = 2.0,
) -> None:
    """Serves until ``until`` is set, after printing ``KEY=VALUE`` lines: the environment to export and,
    with ``seed``, what the demo world holds (keys that begin with ``LOCAL_AWS_``).
    """
    from .server import LocalAws
    from .world import seed_demo_world

    with LocalAws(step_seconds=step_seconds, port=port or 0) as aws:
        lines = dict(aws.env)
        if seed:
            lines |= seed_demo_world(aws, region=aws.region).as_lines()
        for key, value in lines.items():
            print_line(f"{key}={value}")
        until.wait()
