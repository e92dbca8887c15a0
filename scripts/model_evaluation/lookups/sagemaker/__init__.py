"""Amazon SageMaker: models, hubs, MLflow and Studio."""
