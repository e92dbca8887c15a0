"""The conversations that the demo holds: a new version of a scanner against the one in use, rare positives, errors that
cost differently (one answer is refused on the way, as in life); then a regression against an earlier one."""

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
    further=DemoScript(
        project="fernway-progression",
        made_up="account and jobs, but not patients and models, which are scikit-learn's,",
        answers={
            "task": ["Predict how far diabetes has progressed a year after the examination, in points of its scale"],
            "dataset": ["{diabetes_test_uri}"],
            "data": ["ok"],
            "model": ["{diabetes_model}-v2"],
            "reference": ["{diabetes_model}-v1"],
            "primary_metric": ["root_mean_squared_error margin=2"],
            "confirm": ["yes"],
        },
        volunteered={"columns": "label=progression,id=patient"},
    ),
)
