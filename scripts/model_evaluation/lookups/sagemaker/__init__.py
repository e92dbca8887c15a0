"""Amazon SageMaker: models, hubs, MLflow, Studio, and running evaluations."""
