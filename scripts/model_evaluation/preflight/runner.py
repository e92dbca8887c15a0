"""Runs the checks side by side: no failing or slow check hides the others."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Collection
from functools import partial

from model_evaluation.errors import (
    EvaluationError,
    ExpiredCredentials,
    NoCredentials,
    NoRegion,
    NotFound,
    Refused,
    StateError,
)
from model_evaluation.lookups.session import Late, together_within

from .fixes import pasteable
from .results import CheckEntry, Result, failed, skipped
from .shared_checks import Check, checks_for
from .subject import Subject

# A check that has not answered by then is reported as undecided; usually all take a second or two.
CHECK_SECONDS = 25.0


def run_checks(
    subject: Subject, only: Collection[str] | None = None, *, seconds: float | None = None
) -> list[CheckEntry]:
    """The results of all checks, or of those in ``only``, in the kind's order; each check gets ``seconds``, else
    CHECK_SECONDS."""
    seconds = seconds or CHECK_SECONDS
    checks = [check for check in checks_for(subject) if only is None or check.id in only]
    outcomes = together_within(seconds, *[partial(_results, check, subject) for check in checks])
    late = [skipped(f"AWS did not answer within {seconds:g} seconds.", "Run preflight again.")]
    return [
        {
            "id": f"{check.id}.{result.part}" if result.part else check.id,
            "status": result.status,
            "message": result.message,
            "fix": pasteable(result.fix),
            "evidence": dict(result.evidence),
        }
        for check, results in zip(checks, outcomes, strict=True)
        for result in (late if isinstance(results, Late) else results)
    ]


def _results(check: Check, subject: Subject) -> list[Result]:
    context = subject.context  # a step that the kind does not ask is not waited for
    missing = [step for step in check.needs if step in context.kind.steps and not context.answered(step)]
    if missing:
        return [skipped(f"Not checked yet, not answered: {', '.join(missing)}.", unanswered=missing)]
    results: list[Result] = []
    try:
        for result in check.run(subject):
            results.append(result)  # noqa: PERF402 - what came before a failure is kept
    except StateError:
        raise  # a damaged file is not a check's result
    except EvaluationError as error:
        results.append(_from_error(check, error))
    except Exception as error:  # a fault of ours must not hide the other checks, and must not pass for a yes
        traceback.print_exc(file=sys.stderr)
        message = f"This check itself failed ({type(error).__name__}: {error})."
        results.append(skipped(message, "Please report it with the text on stderr."))
    return results


def _from_error(check: Check, error: EvaluationError) -> Result:
    say, message = skipped, error.message
    if isinstance(error, (ExpiredCredentials, NoCredentials, NoRegion)):
        if check.id == "identity":  # said once, not by thirty checks
            say = failed
        else:
            message = "Not checked: AWS cannot be asked, see `identity`."
    elif isinstance(error, (Refused, NotFound)) or error.code == "invalid_value":
        say = failed
    return say(message, error.fix, code=error.code, evidence=error.details)
