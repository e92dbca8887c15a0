"""Local AWS: an in-process stand-in against which the unmodified SDK and boto3 run without an account.

S3, IAM and whatever else moto knows come from moto; the parts of SageMaker, Bedrock and IAM that an
evaluation needs and moto lacks are here. Everything it produces is SIMULATED.
"""

from __future__ import annotations

from .judges import JudgeModel
from .recording import Call
from .scenario import Scenario
from .serve import serve
from .server import LocalAws

__all__ = ["Call", "JudgeModel", "LocalAws", "Scenario", "serve"]
