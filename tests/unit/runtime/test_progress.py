"""Elapsed and remaining time of steps, and where a job's log is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from model_evaluation.kinds.llm_as_judge.cost import JudgeDurations
from model_evaluation.runtime.launch.progress import (
    LINE_LENGTH,
    duration,
    is_stuck,
    log_link,
    printable_line,
    progress_html,
    time_left,
)
from model_evaluation.runtime.launch.service import RunState, Step
from unit.runtime.fake_sagemaker import ARN, START, settings_with

USUAL = JudgeDurations.of(60, 3)  # its long steps usually take 9 to 18 minutes


def running(name: str) -> Step:
    return Step(name, "Executing", START)


def ended(name: str, minutes: float, status: str = "Succeeded") -> Step:
    return Step(name, status, START, START + timedelta(minutes=minutes))


def left(step: Step, minutes: float, *others: Step) -> str:
    state = RunState(ARN + "x", "Executing", START, steps=(step, *others))
    return time_left(step, state, START + timedelta(minutes=minutes), USUAL)


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "usually 9 to 18 min left"),
        (7.8, "usually 1 to 10 min left"),
        (9, "usually at most 9 min left"),
        (17.6, "about 1 min left"),
        (18, "longer than usual"),
        (500, "longer than usual"),
    ],
)
def test_what_is_usual_is_told_as_what_is_left(minutes: float, text: str) -> None:
    assert left(running("EvaluateBaseModelMetrics"), minutes) == text


def test_the_other_models_step_is_the_better_guide_once_it_succeeded() -> None:
    step = running("EvaluateCustomModelMetrics")
    assert left(step, 10, ended("EvaluateBaseModelMetrics", 12)) == "about 2 min left"
    assert left(step, 13, ended("EvaluateBaseModelMetrics", 12)) == "longer than usual"
    assert left(step, 10, ended("EvaluateBaseModelMetrics", 12, "Failed")) == "usually at most 8 min left"
    assert left(step, 10, running("EvaluateBaseModelMetrics")) == "usually at most 8 min left"


def test_nothing_is_left_of_a_step_that_waits_or_has_ended() -> None:
    assert left(Step("EvaluateBaseModelMetrics", "Starting"), 3) == ""
    assert left(ended("EvaluateBaseModelMetrics", 3), 5) == ""


def test_a_step_is_stuck_after_a_time_that_fits_its_kind() -> None:
    def stuck(step: Step, minutes: float) -> bool:
        return is_stuck(step, START + timedelta(minutes=minutes), USUAL)

    assert not stuck(running("EvaluateBaseModelMetrics"), 90)
    assert stuck(running("EvaluateBaseModelMetrics"), 91)
    assert stuck(running("AssociateLineage"), 16)
    assert not stuck(ended("EvaluateBaseModelMetrics", 300), 400)
    assert not stuck(Step("EvaluateBaseModelMetrics", "Starting"), 400)


def test_the_table_has_every_step_and_what_is_left() -> None:
    steps = (ended("CreateEvaluationAction", 1), running("EvaluateBaseInferenceModel"))
    state = RunState(ARN + "x", "Executing", START, "<run>", steps=steps)
    html = progress_html(state, settings_with(), START + timedelta(minutes=4), USUAL)
    assert html.count("<tr>") == 6
    assert "usually 5 to 14 min left" in html
    assert "&lt;run&gt;: Executing, 4 min 00 s" in html


@pytest.mark.parametrize(
    ("arn", "link"),
    [
        (
            "arn:aws:sagemaker:us-west-2:123456789012:training-job/pipelines-a1",
            (
                "https://us-west-2.console.aws.amazon.com/cloudwatch/home?region=us-west-2#logsV2:log-groups/log-group/"
                "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dpipelines-a1"
            ),
        ),
        (
            "arn:aws-us-gov:sagemaker:us-gov-west-1:123456789012:training-job/j",
            (
                "https://console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1#logsV2:log-groups/log-group/"
                "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dj"
            ),
        ),
        ("arn:aws:sagemaker:us-west-2:123456789012:processing-job/p", ""),
        (None, ""),
    ],
)
def test_the_link_leads_to_the_jobs_streams(arn: str | None, link: str) -> None:
    assert log_link(arn) == link


def test_a_log_line_cannot_steer_the_terminal_and_stays_short() -> None:
    assert printable_line("a\x1b[2J\tb\r\n\ud800") == "a [2J b \\ud800"
    assert len(printable_line("x" * 5000)) == LINE_LENGTH


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (4320, "1 h 12 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
