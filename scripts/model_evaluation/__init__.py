"""Evaluate a SageMaker model against its reference."""

__version__ = "0.1.0"
