"""What an eval expects, held against what happened. Each fault is one sentence; none means passed."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import nbformat

from evals.conversation import Played, open_step
from model_evaluation.conversation.assent import is_assent
from model_evaluation.kinds.llm_as_judge.steps.terms import TERMS

# No conversation may change anything in AWS: what costs money or creates something happens in the notebook.
CHANGING = re.compile(
    r"^(Create|Put|Start|Delete|Update|Stop|Copy|Register|Attach|Tag|Upload|Complete|Invoke|Converse)"
)
DEFAULTS = {"max_user_turns": 15, "max_references": 2}


def faults(item: Mapping[str, Any], played: Played) -> list[str]:
    """Everything that is wrong with a conversation, by the eval's own expectations and by those of all evals."""
    expect = item.get("expect", {})
    transcript = {**DEFAULTS, **expect.get("transcript", {})}
    found = [] if played.finished else [f"it did not come to its end in {len(played.turns)} turns"]
    found += _state(expect.get("state", {}), played)
    if expect.get("state_unchanged"):
        found += _unchanged(played)
    found += _notebook(expect.get("notebook", {}), played)
    found += _files(expect.get("files_kept", []), played)
    found += _calls(expect.get("calls", {}), played)
    found += _commands(expect.get("commands", {}), played)
    found += _transcript(transcript, played)
    found += _always(played)
    return found


def _state(expected: Mapping[str, Any], played: Played) -> Iterator[str]:
    answers = played.document.get("answers", {})
    for step, value in expected.items():
        got = answers.get(step, {}).get("value")
        if value != got:
            yield f"state: {step} is {got!r}, expected {value!r}"


def _unchanged(played: Played) -> Iterator[str]:
    path = played.project / "workflow_state.json"
    if (path.read_bytes() if path.exists() else None) != played.state_at_start:
        yield "state: the file was changed"


def _notebook(expected: Mapping[str, Any], played: Played) -> Iterator[str]:
    notebooks = sorted(played.project.glob("notebooks/*.ipynb"))
    rendered = played.document.get("rendered", {}).get("notebook")
    if expected.get("exists") is False and (notebooks or rendered):
        yield "notebook: there is one"
    if not expected or expected.get("exists") is False:
        return
    if not rendered:
        yield "notebook: none was written"
        return
    notebook = nbformat.read(played.project / rendered, as_version=4)
    nbformat.validate(notebook)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            _compiles(cell.source)
    parameters: dict[str, Any] = {}
    tagged = next(cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    exec(tagged, {}, parameters)
    for name, value in expected.get("parameters", {}).items():
        if parameters.get(name) != value:
            yield f"notebook: {name} is {parameters.get(name)!r}, expected {value!r}"
    for text in expected.get("only_as_data", []):
        if text in code.replace(tagged, ""):
            yield f"notebook: {text!r} is in its code"


@functools.cache
def _compiles(source: str) -> None:
    """Raises SyntaxError for a cell that is not Python; all cells but one are the same in every notebook."""
    compile(source, "<cell>", "exec")


def _files(names: list[str], played: Played) -> Iterator[str]:
    """Files of the user's: the same bytes, or (a notebook appended to) the same cells in front."""
    for name in names:
        now, then = (played.project / name).read_text(encoding="utf-8"), played.files[name]
        if name.endswith(".ipynb"):
            cells = ["".join(cell["source"]) for cell in then["cells"]]  # type: ignore[index]
            if ["".join(cell["source"]) for cell in json.loads(now)["cells"]][: len(cells)] != cells:
                yield f"{name}: its own cells were changed"
        elif now != (then if isinstance(then, str) else json.dumps(then)):
            yield f"{name}: was changed"


def _calls(expected: Mapping[str, Any], played: Played) -> Iterator[str]:
    for call in played.calls:
        if call.service == "refused" or CHANGING.match(call.operation):
            yield f"AWS: {call.service}:{call.operation} was called"
    names = [call.operation for call in played.calls]
    for operation in expected.get("some", []):
        if operation not in names:
            yield f"AWS: {operation} was never called"
    for operation in expected.get("never", []):
        if operation in names:
            yield f"AWS: {operation} was called"


def _commands(expected: Mapping[str, Any], played: Played) -> Iterator[str]:
    ran = [" ".join(item.arguments) for turn in played.turns for item in turn.ran]
    for pattern in expected.get("some", []):
        if not any(re.search(pattern, command) for command in ran):
            yield f"commands: none is {pattern!r}"
    for pattern in expected.get("never", []):
        yield from (f"commands: {command!r} was run" for command in ran if re.search(pattern, command))


def _transcript(expected: Mapping[str, Any], played: Played) -> Iterator[str]:
    if len(played.turns) > expected["max_user_turns"]:
        yield f"transcript: {len(played.turns)} turns of the user's, at most {expected['max_user_turns']}"
    if len(played.references) > expected["max_references"]:
        yield f"transcript: {len(played.references)} references were read, at most {expected['max_references']}"
    said = "\n".join(turn.reply for turn in played.turns)
    for pattern in expected.get("says", []):
        if not re.search(pattern, said, re.I | re.S):
            yield f"transcript: nothing says {pattern!r}"
    for pattern in expected.get("never_says", []):
        if re.search(pattern, said, re.I):
            yield f"transcript: something says {pattern!r}"
    for step in expected.get("never_asked", []):
        if any(open_step(turn.after) == step for turn in played.turns):
            yield f"transcript: {step} was asked"


def _always(played: Played) -> Iterator[str]:
    """The rules that hold in every conversation."""
    shown, card = "", ""
    before = played.turns[0].before.get("answers", {})
    confirmed = _on_the_card(before) if "confirm" in before else []
    for number, turn in enumerate(played.turns, start=1):
        yield from _consent(turn, shown, card, number)
        if "confirm" in turn.after.get("answers", {}) and "confirm" not in turn.before.get("answers", {}):
            confirmed = _on_the_card(turn.after["answers"])
        step = open_step(turn.after) if turn.after else None
        named = [ran.body["step"]["choices"] for ran in turn.ran if ran.body.get("error", {}).get("code") == "choose"]
        if step == "judge" and not any(len(choices) == 1 for choices in named):  # the one that was meant is asked about
            offered = [choice["value"] for choice in turn.after["offers"]["judge"].get("choices", [])]
            places = [turn.reply.find(value) for value in offered]
            if -1 in places or places != sorted(places) or offered != sorted(offered):
                yield f"turn {number}: not every judge was listed, or not in alphabetical order"
        for ran in turn.ran:
            if ran.code == 1:
                yield f"turn {number}: a fault of the program: {ran.body['error']['message']}"
        shown, card = turn.reply, f"{card}\n{turn.reply}"  # after a change only what changed is shown again
    if played.document.get("rendered"):
        others = set(_on_the_card(played.document["answers"])) - set(confirmed)
        if others:
            yield f"the notebook was written with {', '.join(others)}, which was not on the card that was confirmed"


def _on_the_card(answers: Mapping[str, Any]) -> list[str]:
    decided = ("dataset", "model", "reference", "judge", "benchmark", "scorer", "role", "output")
    values = [str(answers[step]["value"]) for step in decided if step in answers]
    return [value for value in values if value not in ("none", "constant")]


def _consent(turn: Any, shown: str, card: str, number: int) -> Iterator[str]:
    before, after = (document.get("answers", {}) for document in (turn.before, turn.after))
    if "terms" in after and "terms" not in before:
        if _folded(TERMS) not in _folded(shown):
            yield f"turn {number}: the terms were not shown in full before they were answered"
        if not is_assent(turn.said) or _folded(after["terms"]["value"]) != _folded(turn.said):
            yield f"turn {number}: the terms were answered with {after['terms']['value']!r}, not with the user's words"
    if "confirm" in after and "confirm" not in before:
        missing = [value for value in _on_the_card(before) if value not in card]
        if missing:
            yield f"turn {number}: the card was confirmed without having shown {', '.join(missing)}"


def _folded(text: str) -> str:
    return " ".join(text.split()).lower()
