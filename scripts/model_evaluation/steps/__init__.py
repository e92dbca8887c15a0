"""The questions that several kinds of evaluation ask, one module each; ``STEP`` is the question."""
