"""A module per command: its options, and what it does. :data:`model_evaluation.cli.COMMANDS` lists them."""
