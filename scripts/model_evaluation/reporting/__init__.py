"""Where results go next: gates, histories, reports for pull requests, human labels, MLflow, the model registry."""
