"""benchmark: which public benchmark the models answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Choose, Refused
from model_evaluation.kinds.benchmark.runtime.tasks import TASKS
from model_evaluation.kinds.benchmark.sizes import half_width_words, question_words
from model_evaluation.steps.decoding import spec_of

if TYPE_CHECKING:
    from model_evaluation.lookups.sagemaker.hub import EvaluationSpec

OTHERS = {
    "llm_judge": "The SDK lists llm_judge, but no evaluation recipe of an open-weight model runs it. A judge scores "
    "answers in an evaluation of its own.",
    "mmmu": "mmmu is for Amazon Nova models only.",
    "gen_qa": "gen_qa scores answers to a dataset of yours; it is not a benchmark.",
}


def offered(spec: EvaluationSpec) -> list[str]:
    """The benchmarks that the recipe runs; all known ones where it does not say."""
    listed = spec.choices("task")
    return [name for name in TASKS if not listed or name in listed]


def check(text: str, context: Context) -> Answer:
    name = text.strip().lower().replace("-", "_").replace(" ", "_")
    if "," in name:
        raise Refused(
            f"{text[:100]!r} are several; an evaluation runs one benchmark, which decides.",
            fix="Choose the one that decides, and evaluate the others each in a project folder of its own.",
            code="several",
        )
    spec = spec_of(context)
    names = offered(spec)
    if name not in names:
        base = context.facts("model").get("base_model")
        known = (
            f"The evaluation recipe of {base} does not run it in {context.value('region')}." if name in TASKS else ""
        )
        raise Choose(
            OTHERS.get(name) or known or f"{text[:100]!r} is not a benchmark that SageMaker runs.",
            fix="Choose one from the list.",
            choices=_choices(names),
        )
    task = TASKS[name]
    findings = [finding("benchmark", f"{task.title}: {task.measures}; {question_words(task.questions)}.")]
    if spec.unknown:
        note = f"Whether the model's evaluation recipe runs {name} could not be looked up. {spec.unknown}"
        findings.append(finding("not_looked_up", note, level="warning"))
    facts = {"questions": task.questions, "live": not spec.unknown}
    return Answer(name, facts={key: fact for key, fact in facts.items() if fact is not None}, findings=findings)


def _choices(names: list[str]) -> list[dict[str, str]]:
    return [
        {
            "value": name,
            "label": f"{TASKS[name].title}: {TASKS[name].measures}",
            "note": f"{question_words(TASKS[name].questions)}{half_width_words(TASKS[name].questions)}",
        }
        for name in names
    ]


def offer(context: Context) -> Offer:
    spec = spec_of(context)
    text = f"The model's evaluation recipe could not be looked up: {spec.unknown}" if spec.unknown else None
    return Offer(choices=_choices(offered(spec)), text=text)


STEP = Step(
    "benchmark",
    title="Benchmark",
    question="Which public benchmark should the models answer? It should measure what the fine-tuning could change, or "
    "what it must not harm.",
    expects="one of the benchmarks in the list",
    example="math",
    reference="references/benchmark.md",
    check=check,
    offer=offer,
    closed=True,
)
