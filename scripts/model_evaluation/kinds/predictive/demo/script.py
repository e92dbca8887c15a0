"""The conversation that the demo holds: a new version of a scanner against the one in use, rare positives, errors that
cost differently. One answer is refused on the way, as in life."""

from __future__ import annotations

from model_evaluation.localaws.kind_player import DemoScript

SCRIPT = DemoScript(
    project="fernway-eights",
    made_up="account and jobs, but not digits and models, which are scikit-learn's,",
    answers={
        "task": ["Find the eights among scanned handwritten digits; a missed eight costs ten times a false alarm"],
        "dataset": ["{test_uri}"],
        "data": ["ok"],
        "problem": ["binary positive=1"],
        "model": ["{scanner_group}"],
        "reference": ["{champion_arn}"],
        "threshold": ["cost 1 10", "cost 1 10 cross-fit"],
        "primary_metric": ["average_precision margin=0.01"],
        "confirm": ["yes"],
    },
    volunteered={"columns": "label=label,id=scan_id,ignore=source", "train_data": "{train_uri}", "slices": "source"},
)
