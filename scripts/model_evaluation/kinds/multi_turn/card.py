"""What stands on the card before the user's yes: the configuration, and what it takes."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.kind import Expectation
from model_evaluation.runtime.launch.durations import UsualDurations, in_words
from model_evaluation.steps.evaluator.card import evaluations_of, model_line, models_of, own_runs, settled_lines
from model_evaluation.steps.rows.card import can_show

from .recipe_spec import prompts_of, rollouts_of, sampling_of
from .runtime.multi_turn_runs import MODEL_STEPS, MultiTurnRuns
from .runtime.recipe import hyperparameters


def configuration(context: Context) -> list[tuple[str, str]]:
    group, ks = rollouts_of(context)
    sent = hyperparameters(group, ks, float(context.value("success")), sampling_of(context))
    rows = int(context.facts("data")["profile"]["rows"])
    return [
        ("Dataset", f"{context.value('dataset')} ({rows:,} rows, {prompts_of(context):,} different prompts)"),
        model_line(context, each="an evaluation of each, on the same prompts"),
        ("Agent", str(context.value("agent"))),
        ("Rollouts", f"{group} per prompt, solved from a reward of {float(context.value('success')):g}"),
        ("Sent to SageMaker", ", ".join(f"{name}={value}" for name, value in sent.items())),
        ("Primary metric", f"{context.value('primary_metric')} decides"),
        ("Region", str(context.value("region"))),
        *settled_lines(context, "Role", "MLflow", "Output"),
    ]


def expectation(context: Context) -> Expectation:
    """Sessions of the agent, what the prompts can show, cost and duration."""
    prompts, models, (group, _) = prompts_of(context), models_of(context), rollouts_of(context)
    sessions = f"{prompts:,} prompts × {group} × {models} model(s) = {prompts * group * models:,}"
    lines = [
        *([("Can detect", f"{can_show(prompts)}; prompts count, not rollouts")] if models > 1 else []),
        ("Agent sessions", f"{sessions}; what the agent's tools do in them is really done"),
        ("Cost", "not known beforehand: tokens are billed and told after the run; the agent's own come on top"),
        ("Duration", f"{in_words(minutes_of(context))}, one model after the other, estimated from few published runs"),
    ]
    return Expectation(tuple(lines))


def minutes_of(context: Context) -> tuple[float, float]:
    """From start to results. The models follow one another."""
    rollouts = prompts_of(context) * rollouts_of(context)[0]
    usual = UsualDurations(MultiTurnRuns.work, {"rows": rollouts}, own_runs(context))
    low, high = usual.minutes(MODEL_STEPS["tuned"])
    runs = evaluations_of(context) if evaluations_of(context) > 1 else models_of(context)
    return runs * low, runs * (high + 1)
