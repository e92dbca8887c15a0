"""The start itself, through the SageMaker SDK, made safe for texts that the SDK cannot carry as they are."""

from __future__ import annotations

import json
import re
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from model_evaluation.runtime.display import in_jupyter
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import EvaluationSettings

from .readback import hub_model_name

LABEL_LENGTH = 50  # the whole name stays below the 71 characters that leave room for the SDK's time stamp


def run_name(label: str, fingerprint: str) -> str:
    """A name no other run has, which starts with the label as far as SageMaker's alphabet allows."""
    return f"{label_slug(label)}-{fingerprint[:8]}-{secrets.token_hex(4)}"


def label_slug(label: str) -> str:
    """The label in SageMaker's alphabet."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", label).strip("-")[:LABEL_LENGTH].strip("-") or "model-evaluation"


def start_with_sdk(settings: EvaluationSettings, aws: AwsClients, name: str) -> Any:
    """Starts the evaluation through the SageMaker SDK and returns its execution object (``None`` when it was
    interrupted)."""
    from sagemaker.core.helper.session_helper import Session

    evaluator_class = evaluator_for(settings, aws)
    evaluator = evaluator_class(
        model=hub_model_name(settings.model),
        dataset=settings.dataset,
        evaluator_model=settings.judge,
        builtin_metrics=list(settings.builtin_metrics) or None,
        custom_metrics=settings.bedrock_custom_metrics,
        evaluate_base_model=settings.scope == "compare",
        s3_output_path=settings.s3_output,
        role=settings.role_arn,
        mlflow_resource_arn=settings.mlflow_resource_arn,
        mlflow_experiment_name=settings.mlflow_experiment,
        base_eval_name=name,
        region=settings.region,
        sagemaker_session=Session(boto_session=aws.session, sagemaker_client=aws.sagemaker),
    )
    if not evaluator.mlflow_resource_arn:
        # The SDK would send the text "None" as the ARN.
        raise ValueError("there is no MLflow app or tracking server for this run; set MLFLOW_RESOURCE_ARN")
    with sdk_progress_hidden():
        return evaluator.evaluate()


@contextmanager
def sdk_progress_hidden() -> Iterator[None]:
    """Without the SDK's own progress display, which leaves an empty box (or a warning) behind; ours follows."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message='install "ipywidgets"')
        if in_jupyter():
            from IPython.utils.capture import capture_output

            with capture_output(stdout=False, stderr=False):
                yield
        else:
            yield


def evaluator_for(settings: EvaluationSettings, aws: AwsClients) -> Any:
    """The SDK's judge evaluator, made safe for texts it cannot carry as they are.

    The SDK pastes them into a JSON text that it then treats as a Jinja template once more: a quote, a
    backslash or two braces in an S3 key would end up as definition, not as data. JSON escapes come out unharmed.
    """
    from sagemaker.train.evaluate import LLMAsJudgeEvaluator

    raw = (settings.dataset, settings.s3_output, settings.mlflow_experiment or "")
    if all(text == json_safe(text) for text in raw):
        return LLMAsJudgeEvaluator

    class EscapingEvaluator(LLMAsJudgeEvaluator):  # type: ignore[misc]
        @staticmethod
        def _render_pipeline_definition(template_str: str, context: dict[str, Any]) -> str:
            pasted = ("dataset_uri", "s3_output_path", "custom_metrics", "mlflow_experiment_name")
            safe = {key: json_safe(context[key]) for key in pasted if context.get(key)}
            if settings.mlflow_experiment is None:
                safe.pop("mlflow_experiment_name", None)  # holds the SDK's own placeholder
            rendered = LLMAsJudgeEvaluator._render_pipeline_definition(template_str, context | safe)
            return str(rendered)

        def _upload_custom_metrics_to_s3(self, custom_metrics_json: str, eval_name: str) -> str:
            # The SDK takes the URI for a URL and drops what follows a # or ?.
            bucket, prefix = settings.s3_output.removeprefix("s3://").split("/", 1)
            key = f"{prefix}/evaluationinputs/{eval_name}/custom-metrics.json"
            aws.s3.put_object(Bucket=bucket, Key=key, Body=custom_metrics_json.encode())
            return f"s3://{bucket}/{key}"

    return EscapingEvaluator


def json_safe(text: str) -> str:
    """``text`` for the inside of a JSON string, with nothing left that JSON or Jinja would interpret."""
    escaped = json.dumps(text)[1:-1].replace('\\"', "\\u0022").replace("\\\\", "\\u005c")
    return re.sub(r"[{}%#?]", lambda match: f"\\u{ord(match[0]):04x}", escaped)
