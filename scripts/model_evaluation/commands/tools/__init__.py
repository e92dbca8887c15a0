"""What needs no workflow: datasets, metrics, the demo, the stand-in for AWS, the installation."""
