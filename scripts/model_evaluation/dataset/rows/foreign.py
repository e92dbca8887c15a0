"""Rows whose prompt, reference answer or system text stands where no format has it: under another tool's name, or in
another tool's conversation. Used to name the field and to mend the row, never to read it."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from model_evaluation.runtime.rows import is_conversation, message_text
from model_evaluation.runtime.settings import Json

Renaming = tuple[tuple[str, str], ...]
"""Pairs of a field's name and the format's name for it. ``a+b`` are two fields, joined by a blank line."""
UNKNOWN: Renaming = (("FIELD", "query"), ("FIELD", "response"))
"""In the place of a renaming that only the user knows."""

# What people call these parts, without capitals, spaces and signs; the likeliest first.
_PROMPTS = """
    prompt query question fullprompt userprompt userquery userquestion userinput usermessage prompttext inputtext
    instruction input request problem utterance message text user human frage pregunta pergunta domanda 问题 質問 질문
"""
_REFERENCES = """
    response completion referenceresponse referenceanswer referenceoutput reference expectedanswer expectedresponse
    expectedoutput expectedresult expected groundtruth groundtruthanswer groundtruthresponse groundtruthoutput gold
    golden goldanswer goldenanswer goldresponse goldenresponse goldlabel idealanswer idealresponse idealoutput ideal
    correctanswer correctresponse correctoutput targetanswer targetresponse targetoutput targettext target
    bestanswer finalanswer canonicalsolution solution answer answers summary highlights translation output
    outputtext assistant label antwort réponse respuesta resposta risposta 答案 回答 답변
"""
_SYSTEMS = "systemprompt systemmessage systemtext systeminstruction systeminstructions sysprompt"
_CONTEXTS = "context contexts retrievedcontexts retrievedcontext passage passages document background article"
_CHOICES = "choices options answerchoices answeroptions candidates"
# Where a row has a field of such a name, its `response` is what a model said.
_SURE_REFERENCES = ("reference", "groundtruth", "gold", "expected", "ideal", "correct")
_ANSWERS_OF_MODELS = """
    modelresponses modelresponse modeloutput modeloutputs modelanswer modelanswers prediction predictions
    generatedanswer generatedresponse generatedoutput generatedtext candidateanswer candidateresponse
"""
_ROLE_OF = {
    name: (role, rank)
    for role, names in {
        "prompt": _PROMPTS,
        "reference": _REFERENCES,
        "system": _SYSTEMS,
        "context": _CONTEXTS,
        "choices": _CHOICES,
        "model answer": _ANSWERS_OF_MODELS,
    }.items()
    for rank, name in enumerate(names.split())
}
_FIT_FOR_A_COMMAND = re.compile(r"[\w .,:?!/()#*-]{1,40}")
TARGETS = ("query", "response", "prompt", "completion", "chosen", "rejected", "messages", "system", "category")
_REFERENCE_TARGETS = ("response", "completion", "chosen")

OTHER_ROLES = {
    **dict.fromkeys(("human", "customer"), "user"),
    **dict.fromkeys(("gpt", "chatgpt", "ai", "bot", "model", "bing", "bard"), "assistant"),
}
_WRAPPERS = ("body", "modelInput", "request")


@lru_cache(1024)
def role_of(name: str) -> tuple[str, int] | None:
    """What a field of this name probably holds (prompt, reference, system, context, model answer), and how unlikely
    that is beside other such names."""
    if not _FIT_FOR_A_COMMAND.fullmatch(name):
        return None
    role = _ROLE_OF.get(_plain(name))
    if role is not None or "." not in name:
        return role
    outer, _, inner = name.rpartition(".")  # a field of an object
    around = _ROLE_OF.get(_plain(outer))
    if around is not None and around[0] == "reference" and _plain(inner) in ("text", "value", "content"):
        return around
    return _ROLE_OF.get(_plain(inner))


def sure_references(names: Iterable[str]) -> list[str]:
    """Those of the names that can hold nothing but a reference answer."""
    return [name for name in names_of("reference", names) if _plain(name).startswith(_SURE_REFERENCES)]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def names_of(role: str, names: Iterable[str]) -> list[str]:
    """Those of the names that probably hold a ``role``, the likeliest first."""
    ranked = [(known[1], name) for name in names if (known := role_of(name)) is not None and known[0] == role]
    return [name for _, name in sorted(ranked)]


def foreign_prompt(names: Sequence[str]) -> Renaming:
    """How fields of these names, none of which is a format's prompt, make a row in the ``sagemaker`` format; empty when
    none looks like a prompt."""
    prompts, contexts = names_of("prompt", names), names_of("context", names)[:1]
    if not prompts and contexts and names_of("reference", names):
        prompts, contexts = contexts, []  # the task is to shorten or to translate it
    if not prompts:
        return ()
    tasks = [name for name in prompts if name.lower() in ("instruction", "instructions")][:1]
    questions = [name for name in prompts if name not in tasks][:1]
    fields = [*tasks, *contexts, *questions, *names_of("choices", names)[:1]]
    references = names_of("reference", names)
    sure = sure_references(names)
    if "response" in names and sure:
        pairs = [("+".join(fields), "prompt"), (sure[0], "completion")]
    else:
        pairs = [("+".join(fields), "query")]
        pairs += [(name, "response") for name in references[:1] if "response" not in names]
    pairs += [(name, "system") for name in names_of("system", names)[:1] if "system" not in names]
    return tuple(pairs)


def foreign_columns(rows: Sequence[Json]) -> Renaming:
    """How a table whose first rows these are becomes rows of a format; empty when they are some already."""
    if not rows or any(as_messages(row) for row in rows):
        return ()
    held = [with_inner_fields(row) for row in rows]
    names = [name for name in dict.fromkeys(chain.from_iterable(held)) if _is_held(name, held)]
    own = next((name for name in ("messages", "query", "prompt") if name in names), None)
    if own is None:
        return foreign_prompt(names) or UNKNOWN
    target = "response" if own == "query" else "completion"
    if own == "messages" or any(name in names for name in (target, *_REFERENCE_TARGETS[2:])):
        return ()
    return tuple((name, target) for name in names_of("reference", names)[:1])


def _is_held(name: str, rows: Sequence[Json]) -> bool:
    return any(holds_part(name, row.get(name)) or is_conversation(row.get(name)) for row in rows)


def usable_text(value: object) -> str | None:
    """The one text in a value: a text that says something, a number, or a list of one such; else ``None``."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return value if value.strip() else None
    return json.dumps(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def joined_text(value: object) -> str | None:
    """The texts in a list of texts, a line each, which a prompt may be joined with; else the one text."""
    if isinstance(value, list) and len(value) > 1 and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return usable_text(value)


def holds_part(name: str, value: object) -> bool:
    """Whether a field of this name holds what could be a part of a row."""
    role = role_of(name)
    is_joined = role is not None and role[0] in ("context", "choices")
    return (joined_text(value) if is_joined else usable_text(value)) is not None


def with_inner_fields(obj: Json) -> Json:
    """The row's fields and, as ``outer.inner``, those of the objects among them."""
    inner = {
        f"{outer}.{name}": value
        for outer, held in obj.items()
        if isinstance(held, Mapping) and outer not in ("metadata", "extra_info", "reward_model")
        for name, value in held.items()
    }
    return {**obj, **inner}


def whole_renaming(pairs: Counter[tuple[str, str]]) -> Renaming:
    """One renaming for all rows: each name to the part for which most rows need it. A name that is joined with another
    in some rows is so in all."""
    joined = {part for name, _ in pairs if "+" in name for part in name.split("+")}
    chosen: dict[str, str] = {}
    for (name, target), _ in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        if name not in joined:
            chosen.setdefault(name, target)
    return tuple(sorted(chosen.items(), key=lambda pair: TARGETS.index(pair[1])))


def as_option(renaming: Renaming) -> str:
    """The renaming as ``--map`` takes it, with the option's name before it; nothing for none."""
    return f" --map {shlex.quote(','.join(f'{name}={target}' for name, target in renaming))}" if renaming else ""


def parse_renaming(text: str) -> Renaming:
    """``question=query,my answer=response`` as pairs. A comma without a sign of equality before it belongs to a name.
    ValueError says what is wrong."""
    pairs: list[tuple[str, str]] = []
    begun = ""
    for piece in text.split(","):
        begun += piece
        name, equals, target = begun.rpartition("=")
        if not equals:
            begun += ","
            continue
        if not name.strip() or target.strip() not in TARGETS:
            raise ValueError(f"{begun.strip()!r} does not name a field and, after `=`, one of {', '.join(TARGETS)}")
        pairs.append((name.strip(), target.strip()))
        begun = ""
    if begun or not pairs:
        raise ValueError(f"{text[:80]!r} is not of the form FIELD=PART,FIELD=PART")
    return tuple(pairs)


def renamed(obj: Json, renaming: Renaming) -> Json:
    """The row with its fields under the formats' names; what stands under such a name already stays. ValueError names a
    field that holds something other than one text."""
    row, moved = with_inner_fields(obj) if any("." in name for name, _ in renaming) else dict(obj), {}
    for name, target in renaming:
        parts = [name] if name in row else [part.strip() for part in name.split("+")]
        held = [part for part in parts if part in row]
        if not held or row.get(target) not in (None, "", []):
            continue
        values = [_part(row.pop(part), part, target, joined=len(held) > 1) for part in held]
        joined = "\n\n".join(text for text in values if isinstance(text, str) and text)
        value = values[0] if len(values) == 1 else joined
        if target in _REFERENCE_TARGETS and is_conversation(row.get("messages")):
            if value and row["messages"][-1]["role"] != "assistant":
                row["messages"] = [*row["messages"], {"role": "assistant", "content": value}]
        else:
            moved[target] = value
    return {**moved, **{name: value for name, value in row.items() if name in obj and name not in moved}}


def _part(value: object, name: str, target: str, *, joined: bool) -> object:
    """A field's value under its new name; ``joined``: with others."""
    if value is None or value == []:
        return None
    if isinstance(value, str) or (is_conversation(value) and target != "system"):
        return value
    text = joined_text(value) if joined else usable_text(value)
    if text is None:
        what = f"a list of {len(value)}" if isinstance(value, list) else "no text"
        raise ValueError(f"`{name}` holds {what}; one text is expected")
    return text


def as_messages(obj: Json) -> Json | None:
    """A row of another tool's conversation as one with `messages`; ``None`` when it holds none. Known are lists of
    ``from`` and ``value`` (ShareGPT), of ``role`` and ``content`` or ``parts`` under another name, roles such as human
    and gpt, requests that wrap their messages, the prompts and references of ``conversationTurns``, and a system text
    in parts."""
    if isinstance(obj.get("system"), list) and message_text(obj["system"]):
        return {**obj, "system": message_text(obj["system"])}
    for name, value in obj.items():
        if "messages" in obj and name != "messages":
            continue
        rest = {key: item for key, item in obj.items() if key != name}
        if name == "conversationTurns":
            messages, rest = _turns(value), obj  # contexts and outputs stay where they are
        elif name in _WRAPPERS and isinstance(value, Mapping):
            messages = value["messages"] if is_conversation(value.get("messages")) else None
        else:
            messages = _spoken(value, name)
        if messages:
            return {"messages": messages, **rest}
    return None


def _spoken(value: object, name: str) -> list[Json] | None:
    if not isinstance(value, list) or not value or not all(isinstance(item, Mapping) for item in value):
        return None
    if all(isinstance(item.get("from"), str) and isinstance(item.get("value"), str) for item in value):
        return [_message(item["from"], item["value"]) for item in value]
    if not all(isinstance(item.get("role"), str) for item in value):
        return None
    if all(isinstance(item.get("parts"), list) for item in value):
        return [_message(item["role"], message_text(item["parts"])) for item in value]
    if name == "messages" and not any(item["role"] in OTHER_ROLES for item in value):
        return None
    if name == "prompt" or not all("content" in item for item in value):
        return None
    return [{**item, "role": OTHER_ROLES.get(item["role"], item["role"])} for item in value]


def _message(role: str, text: str) -> Json:
    return {"role": OTHER_ROLES.get(role, role), "content": text}


def _turns(turns: object) -> list[Json] | None:
    """Prompts and reference answers, turn by turn; ``None`` when a turn lacks one, but for the last one's answer."""
    if not isinstance(turns, list) or not turns:
        return None
    messages: list[Json] = []
    for number, turn in enumerate(turns, 1):
        prompt = _content(turn.get("prompt")) if isinstance(turn, Mapping) else ""
        references = turn.get("referenceResponses") if prompt else None
        answer = _content(references[0]) if isinstance(references, list) and references else ""
        if not prompt or not (answer or number == len(turns)):
            return None
        messages.append(_message("user", prompt))
        if answer:
            messages.append(_message("assistant", answer))
    return messages


def _content(value: object) -> str:
    return message_text(value.get("content")) if isinstance(value, Mapping) else ""
