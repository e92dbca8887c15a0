"""The operations local AWS plays itself; every other one is moto's.

One module per service or subject. A module registers its operations when it is imported, and this one
imports them all.
"""

from __future__ import annotations

from . import (  # noqa: F401
    bedrock,
    executions,
    hub,
    identity,
    jumpstart,
    lineage,
    mlflow,
    packages,
    pipelines,
    prices,
    runtime,
    training,
)
from .registry import operation_for

__all__ = ["operation_for"]
