"""Every check that can be made before money is spent. Nothing is created, changed or uploaded.

What a lookup could not decide is ``skip`` with the reason, never ``pass``.
"""

from __future__ import annotations

from .errors import AccessDenied, AwsError, EvaluationError, Refused, Throttled, Unreachable
from .evaluations import evaluation_of
from .lookups.identity import who_am_i
from .lookups.session import together
from .steps import load as load_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .context import Context
    from .workflow import Answer

    Check = dict[str, Any]


def run_preflight(context: Context) -> list[Check]:
    """Run all checks side by side; each is ``{"id", "status", "message", "fix", "evidence"}``.

    ``status`` is pass, warn, fail or skip. Answers that a lookup checked once are checked again now: a judge may
    have been retired, an object replaced, a role deleted since.
    """
    context.aws  # noqa: B018 - created before the threads share it
    answered = [step for step in evaluation_of(context.document).RECHECKED if context.answered(step)]
    checks: list[Callable[[], list[Check]]] = [lambda: _guarded("identity", lambda: _identity(context))]
    checks += [_recheck(context, step_id) for step_id in answered]
    return [item for found in together(*checks) for item in found]


def _identity(context: Context) -> list[Check]:
    caller = who_am_i(context.aws)
    evidence = {"arn": caller.arn, "account": caller.account}
    account = context.facts("model").get("account")
    if account and account != caller.account:
        message = f"The model is of account {account}, the credentials are of {caller.account}."
        return [_check("identity", "fail", message, f"Use credentials of account {account}.", evidence)]
    return [_check("identity", "pass", f"Signed in as {caller.arn}.", "", evidence)]


def _recheck(context: Context, step_id: str) -> Callable[[], list[Check]]:
    def run() -> list[Check]:
        step = load_step(step_id)
        value = context.value(step_id)
        return _guarded(step_id, lambda: _from_answer(step_id, step.check(value, context), context))

    return run


def _from_answer(step_id: str, answer: Answer, context: Context) -> list[Check]:
    recorded = context.facts(step_id)
    if step_id == "dataset" and answer.facts.get("etag") != recorded.get("etag"):
        message = f"{recorded.get('uri')} was replaced after it was checked."
        fix = f"Check it again: evaluate.py answer dataset {context.value('dataset')}"
        return [
            _check(step_id, "fail", message, fix, {"recorded": recorded.get("etag"), "now": answer.facts.get("etag")})
        ]
    warnings = [item for item in answer.findings if item.get("level") == "warning"]
    checks = [
        _check(f"{step_id}.{item['kind']}", "warn", item["message"], item.get("fix", ""), answer.facts)
        for item in warnings
    ]
    skipped = [item for item in answer.findings if item["kind"].endswith("not_simulated")]
    checks += [_check(f"{step_id}.{item['kind']}", "skip", item["message"], "", {}) for item in skipped]
    return [_check(step_id, "pass", f"{step_id}: {_short(answer.value)}", "", answer.facts), *checks]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _guarded(check_id: str, run: Callable[[], list[Check]]) -> list[Check]:
    try:
        return run()
    except (AccessDenied, Throttled, Unreachable) as error:
        return [_from_error(check_id, "skip", error)]
    except (Refused, AwsError) as error:
        return [_from_error(check_id, "fail", error)]


def _from_error(check_id: str, status: str, error: EvaluationError) -> Check:
    return _check(check_id, status, error.message, error.fix, {"code": error.code, **error.details})


def _check(check_id: str, status: str, message: str, fix: str, evidence: Any) -> Check:
    return {"id": check_id, "status": status, "message": message, "fix": fix, "evidence": dict(evidence)}
