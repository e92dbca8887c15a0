"""What only this kind's page has, beside the shared report."""
