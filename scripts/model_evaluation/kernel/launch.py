"""Starting the evaluation, once: running this again attaches to the run that is already there."""

from __future__ import annotations

import json
import re
import secrets
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .display import in_jupyter
from .failures import diagnose
from .ledger import LaunchAttempt, LaunchError, LaunchLedger, evaluation_configuration
from .pipeline import read_execution, results_are_complete
from .readback import definition_differences, hub_model_name
from .session import AwsClients, EvaluationSettings, aws_error_code, is_credentials_error

SDK_PIPELINES = "SagemakerEvaluation-LLMAJEvaluation"
LABEL_LENGTH = 50  # the whole name stays below the 71 characters that leave room for the SDK's time stamp
CLOCK_SKEW = timedelta(minutes=10)
LOOKS, LOOK_PAUSE = 3, 2.0  # ListPipelineExecutions may lag a little behind StartPipelineExecution

Starter = Callable[[EvaluationSettings, AwsClients, str], Any]


def launch_evaluation(
    settings: EvaluationSettings,
    aws: AwsClients,
    *,
    start: Starter | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    out: Callable[[str], None] = print,
) -> str:
    """ARN of the pipeline execution that evaluates these settings; it is started unless it already was.

    The intent is on disk before AWS is asked and the ARN right after, so neither a second run of the cell nor
    a kernel that died in between starts a second evaluation. A run that failed or was stopped is followed by
    a new one. Raises :class:`LaunchError` when nothing was started, or when what was started is not what was
    asked for (it is stopped then).
    """
    return _Launch(settings, aws, start or start_with_sdk, now, sleep, out).run()


class _Launch:
    def __init__(
        self,
        settings: EvaluationSettings,
        aws: AwsClients,
        start: Starter,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        out: Callable[[str], None],
    ) -> None:
        self._settings, self._aws = settings, aws
        self._start, self._now, self._sleep, self._out = start, now, sleep, out
        self._ledger = LaunchLedger(settings.results_dir, evaluation_configuration(settings))

    def run(self) -> str:
        try:
            with self._ledger.locked(sleep=self._sleep):
                known = self._ledger.read().current
                if known is not None:
                    arn = self._attach(known)
                    if arn is not None:
                        return arn
                return self._start_new()
        except (ClientError, BotoCoreError) as error:
            if is_credentials_error(error):
                raise LaunchError(
                    f"AWS does not accept the credentials ({aws_error_code(error)}).",
                    fix="Renew them and run this cell again; a run that was already started is attached to.",
                ) from error
            raise LaunchError(f"AWS said: {error}", fix=diagnose(str(error)).fix) from error

    def _attach(self, attempt: LaunchAttempt) -> str | None:
        """The attempt's execution when it is worth attaching to; otherwise says why and files the attempt."""
        if self._settings.force_new_run:
            self._out("FORCE_NEW_RUN is set: starting a new evaluation beside the earlier one.")
            self._file(attempt, "superseded by FORCE_NEW_RUN")
            return None
        arn = attempt.execution_arn or self._find_execution(attempt, looks=LOOKS)
        if arn is None:
            self._file(attempt, "never reached AWS")
            return None
        try:
            state = read_execution(self._aws.sagemaker, arn)
        except ClientError as error:
            if aws_error_code(error) not in ("ResourceNotFound", "ResourceNotFoundException"):
                raise
            self._out(f"The earlier run {arn} no longer exists: starting a new evaluation.")
            self._file(attempt, "no longer exists")
            return None
        failed = state.status in ("Failed", "Stopped", "Stopping", "CompletedWithFailures")
        if failed and not results_are_complete(state, self._settings.scope, self._aws.s3, self._settings.s3_output):
            self._out(f"The earlier run ended as {state.status}: starting a new evaluation.\n  {arn}")
            self._file(replace(attempt, execution_arn=arn), state.status)
            return None
        if attempt.execution_arn is None:
            self._file(replace(attempt, execution_arn=arn), None)
        self._out(f"Attached to the evaluation that is already there ({state.status}).\n  {arn}")
        return arn

    def _start_new(self) -> str:
        name = run_name(self._settings.run_label, self._ledger.fingerprint)
        attempt = LaunchAttempt(name, self._now().isoformat(timespec="seconds"))
        self._file(attempt, None)
        arn = self._call_sdk(attempt)
        attempt = replace(attempt, execution_arn=arn)
        self._file(attempt, None)
        self._verify(attempt, arn)
        self._out(f"Started {name}.\n  {arn}")
        return arn

    def _call_sdk(self, attempt: LaunchAttempt) -> str:
        reason = ""
        try:
            execution = self._start(self._settings, self._aws, attempt.name)
        except Exception as error:
            # The SDK raises while it validates, before anything is started.
            self._file(attempt, "refused before the start")
            raise LaunchError(
                f"The SDK refused to start the evaluation: {error}", fix=diagnose(str(error)).fix
            ) from error
        if execution is not None:
            if execution.arn:
                return str(execution.arn)  # also when the SDK calls it Failed: only its own Describe failed then
            reason = getattr(execution.status, "failure_reason", None) or ""
        # The SDK hides errors, and even an interrupt, of the start; it may have reached AWS all the same.
        found = self._find_execution(attempt, looks=1)
        if found is not None:
            return found
        self._file(attempt, "not started")
        if execution is None:
            raise LaunchError(
                "The start was interrupted before AWS answered; no evaluation was found under its name.",
                fix="Run this cell again.",
            )
        raise LaunchError(
            f"SageMaker did not start the evaluation. {reason or 'The SDK gave no reason.'}",
            fix=diagnose(reason).fix,
        )

    def _verify(self, attempt: LaunchAttempt, arn: str) -> None:
        try:
            answer = self._aws.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        except (ClientError, BotoCoreError) as error:
            self._out(
                f"! The definition that SageMaker runs could not be read back ({aws_error_code(error)}); "
                "it is not verified."
            )
            return
        differences = definition_differences(answer["PipelineDefinition"], self._settings, attempt.name)
        if not differences:
            return
        self._file(attempt, "ran another definition")
        stopped = f"This run was stopped: {arn}"
        try:
            self._aws.sagemaker.stop_pipeline_execution(
                PipelineExecutionArn=arn, ClientRequestToken=secrets.token_hex(16)
            )
        except (ClientError, BotoCoreError) as error:
            stopped = f"This run could not be stopped ({aws_error_code(error)}); stop it in SageMaker Studio: {arn}"
        raise LaunchError(
            "SageMaker started something else than was asked for: " + "; ".join(differences) + ".\n"
            "The SDK shares one pipeline in this account and region, and somebody else started an evaluation "
            f"at the same moment. {stopped}",
            fix="Run this cell again.",
        )

    def _find_execution(self, attempt: LaunchAttempt, *, looks: int) -> str | None:
        """The execution started under the attempt's name, which no other run has."""
        after = datetime.fromisoformat(attempt.intended_at) - CLOCK_SKEW
        sagemaker = self._aws.sagemaker
        for look in range(looks):
            if look:
                self._sleep(LOOK_PAUSE)
            for page in sagemaker.get_paginator("list_pipelines").paginate(PipelineNamePrefix=SDK_PIPELINES):
                for pipeline in page["PipelineSummaries"]:
                    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
                        PipelineName=pipeline["PipelineName"], CreatedAfter=after
                    )
                    for listed in pages:
                        for execution in listed["PipelineExecutionSummaries"]:
                            shown = execution.get("PipelineExecutionDisplayName", "")
                            if re.fullmatch(rf"{re.escape(attempt.name)}-\d+", shown):
                                return str(execution["PipelineExecutionArn"])
        return None

    def _file(self, attempt: LaunchAttempt, outcome: str | None) -> None:
        self._ledger.write(self._ledger.read().with_attempt(replace(attempt, outcome=outcome)))


def run_name(label: str, fingerprint: str) -> str:
    """A name no other run has, which starts with the label as far as SageMaker's alphabet allows."""
    slug = re.sub(r"[^a-zA-Z0-9]+", "-", label).strip("-")[:LABEL_LENGTH].strip("-") or "model-evaluation"
    return f"{slug}-{fingerprint[:8]}-{secrets.token_hex(4)}"


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
