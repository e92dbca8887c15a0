"""Failures of evaluations with a judge, in the words of Bedrock; after them come those of every evaluation."""

from __future__ import annotations

from model_evaluation.runtime.launch.failures import COMMON_FAILURES, Failure

JUDGE_FAILURES = (
    Failure(
        r"CreateEvaluationJob|GetEvaluationJob",
        "The execution role may not run Bedrock evaluation jobs.",
        "Allow bedrock:CreateEvaluationJob, bedrock:GetEvaluationJob and iam:PassRole in ROLE_ARN's policy, then run "
        "again.",
    ),
    Failure(
        r"(?=.*bedrock)(?=.*(assum|trust|sts:AssumeRole))",
        "Bedrock may not assume the execution role.",
        "Add bedrock.amazonaws.com to the trust policy of ROLE_ARN (action sts:AssumeRole), then run again.",
    ),
    Failure(
        r"on-demand throughput|inference profile",
        "The judge model is offered in this region only through an inference profile.",
        "Choose a judge that can be called on demand in REGION and render the notebook again.",
    ),
    Failure(
        r"access to the model|model access|(?=.*InvokeModel)(?=.*(not authorized|denied))|judge model.*(denied|access)",
        "The judge model may not be used by this account or role.",
        "Enable the judge under Bedrock, Model access, in this region and allow bedrock:InvokeModel for it in "
        "ROLE_ARN's policy, then run again.",
    ),
    Failure(
        r"end of life|end-of-life|no longer (supported|available)|legacy.*(denied|access)",
        "The judge model has been retired.",
        "Choose a judge that is in service and render the notebook again.",
    ),
    Failure(
        r"(?!.*(LimitExceeded|quota))((more than|exceeds?|maximum|at most|limit).{0,60}\b1,?000\b"
        r"|\b1,?000\b.{0,40}(prompts|rows|records|limit))",
        "A judge job takes at most 1000 prompts.",
        "Draw a sample of at most 1000 rows from the dataset, point DATASET at it (and empty DATASET_ETAG), then run "
        "again.",
    ),
    Failure(
        r"^(?!.*No S3 objects).*(custom.?metric|ratingScale|customMetricDefinition)",
        "Bedrock does not accept a custom metric's definition.",
        "Correct CUSTOM_METRICS (the service's words above name the fault), then run again.",
    ),
    Failure(
        r"metricNames|invalid metric|unknown metric|Builtin\.",
        "Bedrock does not know one of the built-in metrics.",
        "Correct BUILTIN_METRICS, then run again.",
    ),
    *COMMON_FAILURES,
)
