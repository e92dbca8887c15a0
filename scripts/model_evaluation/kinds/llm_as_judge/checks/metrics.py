"""The metrics and the data as they are recorded: whoever wrote the state file, they are checked as answers are."""

from __future__ import annotations

import json
from collections.abc import Iterator

from model_evaluation.dataset.tokens import context_tokens
from model_evaluation.errors import Refused
from model_evaluation.kinds.llm_as_judge.dataset_terms import is_nova
from model_evaluation.kinds.llm_as_judge.steps.reference_answers import reference_findings
from model_evaluation.preflight.checks.answers import profile
from model_evaluation.preflight.results import Result, failed, passed, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.steps.rows.card import overlap_notes

# Amazon Bedrock user guide: prompts per evaluation job with a judge.
ROWS_PER_JOB = 1_000
ANSWER_TOKENS = 8_192  # what a judge job lets the model write


def metrics(subject: Subject) -> Iterator[Result]:
    """Names and definitions: the SDK sends a mistyped one on, and it fails in the scoring step."""
    builtin, custom = subject.value("builtin_metrics") or [], subject.value("custom_metrics") or []
    wrong = []
    for step_id, text in (
        ("builtin_metrics", ",".join(builtin) or "none"),
        ("custom_metrics", json.dumps(custom) if custom else "none"),
    ):
        try:
            subject.context.kind.step(step_id).check(text, subject.context)
        except Refused as refusal:
            wrong.append((step_id, refusal))
    names = [*builtin, *(str(item.get("customMetricDefinition", {}).get("name")) for item in custom)]
    primary = subject.value("primary_metric")
    for step_id, error in wrong:
        yield failed(error.message, error.fix, f"evaluate.py revise {step_id}", part=step_id)
    if primary and primary not in names:
        yield failed(
            f"The primary metric {primary} is not among the chosen ones: {', '.join(names)}.",
            "Choose one of them:",
            "evaluate.py revise primary_metric",
            part="primary_metric",
        )
    elif not wrong:
        yield passed(f"{len(names)} metrics: {', '.join(names)}.", metrics=names)


def data(subject: Subject) -> Iterator[Result]:
    """The profile belongs to the dataset, and its rows fit into judge jobs, the metrics and the kind of model."""
    facts = subject.facts("data")
    rows = int(facts["profile"]["rows"])
    each = [int(count) for count in facts.get("file_rows") or [rows]]
    evidence: dict[str, object] = {"rows": rows, "limit": ROWS_PER_JOB}
    (fresh,) = profile(subject)
    if fresh.status == "fail":
        yield fresh
        return
    if max(each) > ROWS_PER_JOB:
        yield failed(
            f"The dataset has {max(each):,} rows{' in one file' if len(each) > 1 else ''}; a judge job takes "
            f"{ROWS_PER_JOB:,}.",
            "Draw a sample, or split the file:",
            f"evaluate.py answer data 'sample {ROWS_PER_JOB}'",
            evidence=evidence,
        )
    elif len(each) > 1:
        evidence["files"] = each
        yield passed(
            f"{rows:,} rows in {len(each)} files of at most {ROWS_PER_JOB:,}, a job for each.", evidence=evidence
        )
    else:
        yield passed(f"{rows:,} rows of at most {ROWS_PER_JOB:,}.", evidence=evidence)
    yield from _references(subject)
    if is_nova(subject.context) and "openai_chat" in (facts["profile"].get("formats") or {}):
        yield failed(
            "The model is an Amazon Nova one, whose jobs refuse rows with `messages`.",
            "Convert them:",
            "evaluate.py answer data 'convert sagemaker'",
            part="nova",
            formats=facts["profile"]["formats"],
        )
    yield from _lengths(subject)
    for note in overlap_notes(facts.get("overlap")):
        yield warned(note, "To leave these rows out:", "evaluate.py answer data drop-overlap", part="overlap")


def _lengths(subject: Subject) -> Iterator[Result]:
    """Whether the longest prompt leaves room for an answer, by an estimate."""
    longest = int(subject.facts("data")["profile"].get("longest_prompt_tokens", 0))
    base_model = str(subject.facts("model").get("base_model", ""))
    context = context_tokens(base_model)
    if context is not None and longest + ANSWER_TOKENS > context:
        yield warned(
            f"The longest prompt has about {longest:,} tokens. {base_model} takes {context:,} for prompt and answer "
            f"together, and an answer may have {ANSWER_TOKENS:,}: answers may be cut off or missing.",
            "Shorten the longest prompts, or leave them out; then:",
            "evaluate.py revise dataset",
            part="longest_prompt",
            tokens=longest,
            context=context,
        )


def _references(subject: Subject) -> Iterator[Result]:
    """Whether the metrics find the reference answers they use, whichever of the two was answered first."""
    try:
        findings = reference_findings(
            subject.facts("data"), subject.value("builtin_metrics"), subject.value("custom_metrics")
        )
    except Refused as error:
        yield failed(error.message, error.fix, "evaluate.py revise custom_metrics", part="references")
        return
    for item in findings:
        part, fix = "references", (str(item.get("fix")), "evaluate.py answer data drop-invalid")
        if item["kind"] != "missing_reference":
            part = "references_optional"
            fix = ("Nothing has to be done; to choose other metrics:", "evaluate.py revise builtin_metrics")
        yield warned(str(item["message"]), *fix, part=part, count=item["count"], first_lines=item["lines"])
