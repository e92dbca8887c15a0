"""What was rendered: try it, run it, watch it, read its results."""
