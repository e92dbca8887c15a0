"""A small whole kind of evaluation, as an example of how one is added: see ``kind.py``.

A container scores two toys on the rows of a dataset. It is registered by ``tests/contract/test_toy_kind.py`` with the
one line that a real kind has in :mod:`model_evaluation.kinds.registry`; no file of the package knows it.
"""
