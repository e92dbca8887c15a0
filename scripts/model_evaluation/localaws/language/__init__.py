"""SIMULATED language: what models would answer to a row of a dataset, the same every time."""
