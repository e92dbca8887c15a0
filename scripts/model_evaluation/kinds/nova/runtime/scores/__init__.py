"""From the container's rows to scores, classes, confidence and preferences."""
