"""From the first question to the rendered notebook."""
