"""The SIMULATED inference steps: every row of the dataset is answered by one of the models."""

from __future__ import annotations

from model_evaluation.localaws.jobs.job import Job
from model_evaluation.localaws.jobs.serverless import dataset_rows, has_tuned_model, require_tracking
from model_evaluation.localaws.language.answers import base_answer, tuned_answer

from .results import inference_file


def run_inference(job: Job) -> None:
    """Answers every row of the dataset, as the base model or as the fine-tuned one."""
    require_tracking(job)
    answer = tuned_answer if has_tuned_model(job) else base_answer
    rows = dataset_rows(job)
    file = inference_file(job.name, job.hyperparameters["name"], rows, [answer(row) for row in rows])
    job.write([file], job.arguments["OutputDataConfig"]["S3OutputPath"])
