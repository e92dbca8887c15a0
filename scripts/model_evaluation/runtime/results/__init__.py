"""The shapes in which kinds of evaluation give their results, each with its comparison of the two models.

Paired scores (a score per record and model), paired labels (truth and prediction per record and model, measured by the
kind itself), preferences (one answer, the other, or a tie per record), aggregates (a number with its n per part). Each
becomes the same entries in ``summary.json``, so that verdict, report, gate and history are the same for all.
"""
