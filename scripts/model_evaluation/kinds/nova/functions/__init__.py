"""Lambda functions with metrics of the user's own: written from a template, checked, run here on rows."""
