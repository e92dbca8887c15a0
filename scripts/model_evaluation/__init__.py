"""Evaluate a fine-tuned SageMaker model against its base model."""

__version__ = "0.1.0"
