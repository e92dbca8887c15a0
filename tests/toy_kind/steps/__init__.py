"""The questions that only this kind asks."""
