"""How far a run is: its steps as a table, how long they usually take, which one is stuck, where that is shown; and what
a step's job wrote to CloudWatch."""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from model_evaluation.runtime.session import AwsClients, AwsFailure, aws_error_code
from model_evaluation.runtime.settings import well_formed

from .service import RunState, Step

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

    from model_evaluation.runtime.settings import Settings

    from .durations import UsualDurations


STATUS_SIGNS = {"Succeeded": "✓", "Failed": "✗", "Stopped": "■", "Stopping": "■", "Executing": "▶", "Starting": "▶"}
LOG_LINES = 200  # more would make a saved notebook heavy and is never read


def step_seconds(step: Step, now: datetime) -> float:
    """Seconds a step has run or took; 0 before it started."""
    return 0.0 if step.started is None else ((step.ended or now) - step.started).total_seconds()


def time_left(step: Step, state: RunState, now: datetime, usual: UsualDurations) -> str:
    """What is typically left of a running step, in words; empty when it is not running.

    What a step that does the same work took counts when that has succeeded already, else what is usual.
    """
    if step.started is None or step.ended is not None:
        return ""
    minutes, work = step_seconds(step, now) / 60, usual.work_of(step.name)
    twins = [other for other in state.steps if work and other.name in work.steps and other.status == "Succeeded"]
    low, high = (step_seconds(twins[0], now) / 60,) * 2 if twins else usual.minutes(step.name)
    if minutes >= high:
        return "longer than usual"
    at_least, at_most = round(low - minutes), max(1, round(high - minutes))
    if at_most <= max(1, at_least):
        return f"about {at_most} min left"
    return f"usually {at_least} to {at_most} min left" if at_least >= 1 else f"usually at most {at_most} min left"


def is_stuck(step: Step, now: datetime, usual: UsualDurations) -> bool:
    """Whether a step has been running for so long that somebody should look at it."""
    running = step.started is not None and step.ended is None
    return running and step_seconds(step, now) > 60 * usual.stuck_after(step.name)


def progress_html(state: RunState, settings: Settings, now: datetime, usual: UsualDurations) -> str:
    """The steps as a table: those that the settings lead to in order, not yet started ones included."""
    steps = {step.name: step for step in state.steps}
    expected = settings.runs.expected_steps(settings)
    names = dict.fromkeys((*expected, *steps) if not steps or steps.keys() & set(expected) else steps)
    rows = ""
    for name in names:
        step = steps.get(name) or Step(name, "waiting")
        took = duration(step_seconds(step, now)) if step.started else ""
        cells = (
            (STATUS_SIGNS.get(step.status, "·"), "center"),
            (settings.runs.label(name), "left"),
            (step.status.lower(), "left"),
            (took, "right"),
            (time_left(step, state, now, usual), "left"),
        )
        dim = "" if step.started else ";opacity:0.55"
        columns = (f'<td style="padding:3px 12px 3px 0;text-align:{to}{dim}">{html.escape(text)}' for text, to in cells)
        rows += f"<tr>{'</td>'.join(columns)}</td></tr>"
    title = f"{state.name or 'Evaluation'}: {state.status}"
    if state.created is not None and state.running:
        title += f", {duration((now - state.created).total_seconds())}"
    return (
        '<table style="border-collapse:collapse;text-align:left">'
        '<caption style="text-align:left;white-space:nowrap;font-weight:600;padding:4px 0">'
        f"{html.escape(title)}</caption>{rows}</table>"
    )


def duration(seconds: float) -> str:
    """``42 s``, ``3 min 05 s``, ``1 h 12 min``; negative clocks count as zero."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def in_jupyter() -> bool:
    """Whether a Jupyter front end is listening (not a plain interpreter, not IPython in a terminal)."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


class ProgressView:
    """Progress of something slow: one display updated in place in Jupyter, lines of text elsewhere.

    ``log`` is for events, which are few; ``refresh`` redraws the current picture and may be called often.
    """

    def __init__(self, *, jupyter: bool | None = None, out: Callable[[str], None] = print) -> None:
        self._jupyter = in_jupyter() if jupyter is None else jupyter
        self._out = out
        self._lines: deque[str] = deque(maxlen=LOG_LINES)
        self._handle: DisplayHandle | None = None
        self._picture: tuple[str, str] | None = None

    def log(self, line: str) -> None:
        """Adds an event."""
        line = well_formed(line)
        self._lines.append(line)
        if not self._jupyter:
            self._out(line)

    def refresh(self, html: str) -> None:
        """Draws ``html`` in place of what was drawn before; nothing is sent when nothing changed."""
        if not self._jupyter:
            return
        from IPython.display import display

        picture = (well_formed(html), "\n".join(self._lines))
        if picture == self._picture:
            return
        self._picture = picture
        bundle = {"text/html": picture[0], "text/plain": picture[1]}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]


LOG_GROUP = "/aws/sagemaker/TrainingJobs"
TAIL_LINES = 15
LINE_LENGTH = 300  # characters
CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
TRAINING_JOB = re.compile(r"arn:(aws[a-z-]*):sagemaker:([a-z0-9-]+):\d*:training-job/(.+)")


def log_link(job_arn: str | None) -> str:
    """The console's page with the job's log streams; empty for anything but a training job."""
    match = TRAINING_JOB.fullmatch(job_arn or "")
    if match is None:
        return ""
    partition, region, job = match.groups()
    console = CONSOLES.get(partition, f"{region}.console.aws.amazon.com")
    group = LOG_GROUP.replace("/", "$252F")  # the console decodes what follows the # twice
    page = f"logsV2:log-groups/log-group/{group}$3FlogStreamNameFilter$3D{job}"
    return f"https://{console}/cloudwatch/home?region={region}#{page}"


def log_text(aws: AwsClients, job_arn: str | None) -> str:
    """Where a job's log is, and its last lines or why they are not shown. Never raises for AWS's sake: a log that
    cannot be read must not hide the failure it would explain."""
    link = log_link(job_arn)
    if job_arn is None or not link:
        return "Log: none\n  (the step has no job with a log)"
    try:
        lines = [f"  | {line}" for line in _last_lines(aws, job_arn.rsplit("/", 1)[-1])]
        reason = "its job has written no log"
    except AwsFailure as error:
        code, lines = aws_error_code(error), []
        reason = f"its log could not be read ({code})"
        if "Denied" in code:
            reason += "; allow logs:DescribeLogStreams and logs:GetLogEvents to see it here"
        if code == "ResourceNotFoundException":
            reason = "its job has written no log"
    return "\n".join([f"Log: {link}", *(lines or [f"  ({reason})"])])


def _last_lines(aws: AwsClients, job: str) -> list[str]:
    """Of the newest log stream."""
    logs = aws.client("logs")
    streams = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job}/")["logStreams"]
    if not streams:
        return []
    newest = max(streams, key=lambda stream: stream.get("lastEventTimestamp", 0))["logStreamName"]
    answer = logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=newest, limit=TAIL_LINES, startFromHead=False)
    return [printable_line(event["message"]) for event in answer["events"]]


def printable_line(text: str) -> str:
    """One line of a log without control characters, which could steer a terminal, cut to a readable length."""
    line = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", well_formed(text)).strip()
    return line if len(line) <= LINE_LENGTH else line[: LINE_LENGTH - 1] + "…"
