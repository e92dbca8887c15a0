"""What a cell of the container's tables says, as expressions of DuckDB.

Cells are texts of Python values. The usual forms are read by an expression; of any other one the expression is NULL,
and the row is read by :mod:`model_evaluation.kinds.nova.runtime.output.details` instead.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
SINGLE = r"^\s*\['((?:[^'\\]|\\['nt])*)'\]\s*$"
DOUBLE = r"""^\s*\["((?:[^"\\]|\\[nt])*)"\]\s*$"""
OTHER_ENTRY = r"""'\w+': (?:None|True|False|-?[0-9.]+|'[^'\\"]*')"""
METADATA = rf"^\{{(?:{OTHER_ENTRY}, )*'metadata': '((?:[^'\\]|\\')*)'(?:, {OTHER_ENTRY})*\}}$"
NO_METADATA = ("", "{}", "None", "{'metadata': None}")
SOLUTION = r"(?s)<\|begin_of_solution\|>(.*?)(?:<\|end_of_solution\|>|\z)"
FENCE = r"(?s)\A```[a-zA-Z0-9_-]*[ \t]*\r?\n(.*?)\r?\n?```\z"
# Where readers of JSON differ: a comma before the end, and halves of surrogate pairs.
DISPUTED = r",\s*[}\]]|\\u[dD][89a-fA-F]"


def quoted(text: str) -> str:
    """A text as SQL's."""
    return "'" + text.replace("'", "''") + "'"


def named(name: str) -> str:
    """A column's name as SQL's."""
    return '"' + name.replace('"', '""') + '"'


def matches(text: str, pattern: str) -> str:
    return f"regexp_matches({text}, {quoted(pattern)})"


def found(text: str, pattern: str) -> str:
    """What a pattern's group has of a text."""
    return f"regexp_extract({text}, {quoted(pattern)}, 1)"


def trimmed(text: str) -> str:
    return f"trim({text}, {quoted(SPACES)})"


def plain(text: str) -> str:
    """Without outer white space, and with line ends of one kind; most texts are so already, which is quick to see."""
    usual = f"ascii({text}) BETWEEN 33 AND 126 AND {text}[-1] BETWEEN '!' AND '~' AND NOT contains({text}, chr(13))"
    whole = trimmed(f"replace({text}, chr(13) || chr(10), chr(10))")
    return f"CASE WHEN {usual} THEN {text} ELSE {whole} END"


def unescaped(text: str) -> str:
    r"""A Python literal's content with ``\'``, ``\n`` and ``\t`` as what they mean; it has no other escape."""
    for escape, meaning in ((r"\n", "chr(10)"), (r"\t", "chr(9)"), (r"\'", quoted("'"))):
        text = f"replace({text}, {quoted(escape)}, {meaning})"
    return text


def parts(column: str) -> str:
    """A column with what stands between the quotation marks of another one; several expressions look at it."""
    return f"string_split({column}, chr(39)) AS {column}_parts"


def first_text(column: str, kind: str) -> str:
    """A text, or the first one of a list. Needs its :func:`parts`."""
    if kind.endswith("[]"):
        return f"coalesce({column}[1]::VARCHAR, '')"
    simple = (
        f"len({column}_parts) = 3 AND {column}_parts[1] = '[' AND {column}_parts[3] = ']' "
        f"AND NOT contains({column}, chr(92))"
    )
    cases = " ".join(f"WHEN {matches(column, form)} THEN {unescaped(found(column, form))}" for form in (SINGLE, DOUBLE))
    value = matches(column, r"^\s*[\[({]")
    return (
        f"CASE WHEN {simple} THEN {column}_parts[2] WHEN {column} IS NULL THEN '' WHEN NOT {value} THEN {column} "
        f"{cases} END"
    )


def metadata_text(column: str, kind: str) -> str:
    """The dataset row's metadata within ``specifics``, empty without any. Needs its :func:`parts`."""
    if kind != "VARCHAR":
        return f"coalesce(to_json({column}) ->> 'metadata', '')"
    alone = (
        f"len({column}_parts) = 5 AND {column}_parts[1] = '{{' AND {column}_parts[2] = 'metadata' "
        f"AND {column}_parts[3] = ': ' AND {column}_parts[5] = '}}' AND NOT contains({column}, chr(92))"
    )
    none = f"{column} IS NULL OR {column} IN ({', '.join(map(quoted, NO_METADATA))})"
    inside = f"replace({found(column, METADATA)}, chr(92) || chr(39), chr(39))"
    return (
        f"CASE WHEN {alone} THEN {column}_parts[4] WHEN {none} THEN '' "
        f"WHEN {matches(column, METADATA)} THEN {inside} END"
    )


def numbers(column: str, kind: str, names: Sequence[str]) -> str:
    """``metrics`` as a STRUCT of numbers: NULL for a dictionary with other keys, or with other values than numbers."""
    text, quote = (column, "'") if kind == "VARCHAR" else (f"to_json({column})::VARCHAR", '"')
    shape = json.dumps(dict.fromkeys(names, "DOUBLE"))
    value = f"TRY(from_json(replace({text}, {quoted(quote)}, chr(34)), {quoted(shape)}))"
    return f"CASE WHEN len(string_split({text}, {quoted(quote)})) = {2 * len(names) + 1} THEN {value} END"


def answer(text: str) -> str:
    """An answer without the marks of a solution or a fence around it."""
    solution = trimmed(found(text, SOLUTION))
    inner = f"CASE WHEN contains({text}, '<|begin_of_solution|>') THEN {solution} ELSE {plain(text)} END"
    return (
        f"CASE WHEN NOT contains({text}, '```') THEN {inner} "
        f"WHEN {matches(inner, FENCE)} THEN {trimmed(found(inner, FENCE))} ELSE {inner} END"
    )


def json_text(value: str) -> str:
    """The text that a JSON value is, NULL for any other one."""
    return f"CASE WHEN starts_with({value}, chr(34)) THEN {value} ->> '$' END"


def key(text: str) -> str:
    """A number that stands for a text; 0 for none and for an empty one."""
    return f"CASE WHEN {text} <> '' THEN hash({text}) ELSE 0 END"


def json_object(text: str) -> str:
    """The JSON object that a text is, else NULL."""
    return f"CASE WHEN starts_with({text}, '{{') THEN TRY_CAST({text} AS JSON) END"


def member(value: str, field: str) -> str:
    """The field of a JSON object, as JSON."""
    path = quoted(f'$."{field}"')
    return f"json_extract({value}, {path})::VARCHAR"


def label(value: str) -> str:
    """A single value of JSON as text, as Python would write it."""
    inner, decoded = f"{value}[2:-2]", f"({value}::JSON ->> '$')"
    return (
        f"CASE WHEN starts_with({value}, chr(34)) AND NOT contains({value}, chr(92)) THEN {plain(inner)} "
        f"WHEN starts_with({value}, chr(34)) THEN {plain(decoded)} "
        f"WHEN {value} = 'true' THEN 'True' WHEN {value} = 'false' THEN 'False' "
        f"WHEN {matches(value, '^-?[0-9]+$')} THEN {value} "
        f"WHEN {matches(value, '^[-0-9.eE+]+$')} THEN {value}::DOUBLE::VARCHAR END"
    )


def keys(value: str) -> str:
    """The keys of a JSON object in order, as one text."""
    return f"array_to_string(list_sort(json_keys({value})), chr(31))"


def undecided(text: str, value: str) -> str:
    """Whether readers of JSON may see different things in a text."""
    repeated = f"coalesce(len(json_keys({value})) <> len(list_distinct(json_keys({value}))), false)"
    return f"(starts_with({text}, '{{') AND ({matches(text, DISPUTED)} OR {repeated}))"


def members(value: str, names: Sequence[str]) -> str:
    """The selection of fields of JSON objects as texts, which are read together."""
    paths = ", ".join(quoted(f'$."{name}"') for name in names)
    columns = ", ".join(f"texts[{at}] AS {named(name)}" for at, name in enumerate(names, 1))
    return f"SELECT {columns} FROM (SELECT json_extract_string({value}, [{paths}]) AS texts FROM dataset WHERE usable)"
