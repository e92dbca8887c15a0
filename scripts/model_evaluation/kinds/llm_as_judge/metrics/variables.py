"""The variables in a metric's instructions. A wrong one hides from the judge what it is to grade."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .wording import close_match, quoted

if TYPE_CHECKING:
    from .findings import Findings


VARIABLES = ("prompt", "prediction", "ground_truth")
RAG_VARIABLES = ("context", "reference_contexts", "reference_context", "contexts")

_OTHER_VARIABLES = {
    **dict.fromkeys(
        ("response", "model_response", "output", "completion", "answer", "generation", "result"), "prediction"
    ),
    **dict.fromkeys(("input", "question", "query", "instruction", "user_prompt", "request"), "prompt"),
    **dict.fromkeys(
        ("reference", "reference_response", "referenceresponse", "reference_answer", "expected",
         "expected_output", "label", "target", "gold", "groundtruth"),
        "ground_truth",
    ),
}  # fmt: skip
_DOUBLE_BRACES = re.compile(r"\{\{([^{}]*)\}\}")


def without_variables(instructions: str) -> str:
    """The instructions with a space in place of everything in double braces."""
    return _DOUBLE_BRACES.sub(" ", instructions)


def check_variables(instructions: str, place: str, findings: Findings) -> None:
    """Report unknown, misspelt and misplaced variables, and those that are missing."""
    variables: set[str] = set()
    reported: set[str] = set()
    end_of_last = -1
    for match in _DOUBLE_BRACES.finditer(instructions):
        inner = match[1]
        name = inner.strip()
        exact = name if name in VARIABLES else None
        meant = exact or _meant(name)
        if meant:
            variables.add(meant)
            end_of_last = match.end()
        if inner == exact or match[0] in reported:
            continue
        reported.add(match[0])
        braces = quoted(match[0])
        if exact:
            findings.warning(
                "variable_spacing",
                f"{braces} has spaces inside; the documented form has none.",
                place,
                f"Write {{{{{exact}}}}}.",
            )
        elif name.lower() in RAG_VARIABLES:
            findings.error(
                "rag_variable",
                f"{braces} exists only in evaluations of retrieval; here there are {_listed()}.",
                place,
                "Remove it; what the model was given is in {{prompt}}.",
            )
        elif meant or (inner == name and name.isidentifier()):
            fix = f"Write {{{{{meant}}}}}." if meant else f"Use {_listed()}, or remove the double braces."
            if name.lower() in ("system", "system_prompt"):
                fix = "Remove it; no variable carries the system prompt."
            findings.error("unknown_variable", f"{braces} is no variable; expected {_listed()}.", place, fix)
        else:
            findings.warning(
                "literal_braces",
                f"{braces} is no variable and reaches the judge as it stands.",
                place,
                f"Leave it if that is meant; the variables are {_listed()}.",
            )
    single = re.search(r"(?<!\{)\{\s*(prompt|prediction|ground_truth)\s*\}(?!\})", instructions)
    if single:
        findings.warning(
            "single_brace",
            f"{quoted(single[0])} has single braces and is not replaced.",
            place,
            f"Write {{{{{single[1]}}}}}.",
        )
    if not variables & {"prompt", "prediction"}:
        findings.error(
            "no_variables",
            "Neither {{prompt}} nor {{prediction}} occurs; the judge would see nothing to grade.",
            place,
            "End with the inputs, for example: Prompt: {{prompt}} Response: {{prediction}}",
        )
    elif "prediction" not in variables:
        findings.warning(
            "missing_prediction",
            "{{prediction}} does not occur; the judge grades without seeing the model's answer.",
            place,
            "Add {{prediction}} at the end.",
        )
    if end_of_last >= 0 and _has_words(instructions[end_of_last:]):
        findings.warning(
            "variable_not_last",
            "Text follows the last variable; that can spoil the scores.",
            place,
            "Move all directions before the variables.",
        )


def _meant(name: str) -> str | None:
    if name.lower() in RAG_VARIABLES:
        return None
    folded = name.lower().replace(" ", "_").replace("-", "_")
    return _OTHER_VARIABLES.get(folded) or close_match(folded, VARIABLES)


def _listed() -> str:
    return ", ".join(f"{{{{{name}}}}}" for name in VARIABLES)


def _has_words(tail: str) -> bool:
    without_tags = re.sub(r"</[^<>]*>", " ", tail)
    return any(character.isalnum() for character in without_tags)
