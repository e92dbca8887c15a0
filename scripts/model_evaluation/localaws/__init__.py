"""Local AWS: an in-process stand-in against which the unmodified SDK and boto3 run without an account.

S3, IAM and whatever else moto knows come from moto; what an evaluation needs of SageMaker and moto lacks is here. How a
kind of evaluation's jobs are done, its kind says (:mod:`.kind_player`). Everything it produces is SIMULATED.
"""

from __future__ import annotations

from .cloud import Call, Scenario
from .kind_player import KindPlayer
from .server import LocalAws

__all__ = ["Call", "KindPlayer", "LocalAws", "Scenario"]
