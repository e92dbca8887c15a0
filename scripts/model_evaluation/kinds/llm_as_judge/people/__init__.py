"""The judge held against people: a blind sheet for them to score, and what their scores say of the judge's."""
