"""What a cell of the container's tables says, as expressions of DuckDB.

Cells are texts of Python values. The usual forms are read by an expression; of any other one the expression is NULL,
and the row is read by :mod:`model_evaluation.kinds.nova.runtime.output.details` instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
SINGLE = r"^\s*\['((?:[^'\\]|\\['nt])*)'\]\s*$"
DOUBLE = r"""^\s*\["((?:[^"\\]|\\[nt])*)"\]\s*$"""
OTHER_ENTRY = r"""'\w+': (?:None|True|False|-?[0-9.]+|'[^'\\"]*')"""
METADATA = rf"^\{{(?:{OTHER_ENTRY}, )*'metadata': '((?:[^'\\]|\\')*)'(?:, {OTHER_ENTRY})*\}}$"
NO_METADATA = ("", "{}", "None", "{'metadata': None}")
NO_SCALAR = r"^\s*([\[{]|$)"
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
    usual = f"{matches(text, '^[!-~]')} AND {matches(text, '[!-~]$')} AND NOT contains({text}, chr(13))"
    whole = trimmed(f"replace({text}, chr(13) || chr(10), chr(10))")
    return f"CASE WHEN {usual} THEN {text} ELSE {whole} END"


def unescaped(text: str) -> str:
    r"""A Python literal's content with ``\'``, ``\n`` and ``\t`` as what they mean; it has no other escape."""
    for escape, meaning in ((r"\n", "chr(10)"), (r"\t", "chr(9)"), (r"\'", quoted("'"))):
        text = f"replace({text}, {quoted(escape)}, {meaning})"
    return text


def first_text(column: str, kind: str) -> str:
    """A text, or the first one of a list."""
    if kind.endswith("[]"):
        return f"coalesce({column}[1]::VARCHAR, '')"
    begin, end = "['", "']"
    simple = (
        f"starts_with({column}, {quoted(begin)}) AND ends_with({column}, {quoted(end)}) "
        f"AND NOT contains({column}, chr(92)) AND {_quotes(column, chr(39))} = 2"
    )
    cases = " ".join(f"WHEN {matches(column, form)} THEN {unescaped(found(column, form))}" for form in (SINGLE, DOUBLE))
    value = matches(column, r"^\s*[\[({]")
    return (
        f"CASE WHEN {simple} THEN {column}[3:-3] WHEN {column} IS NULL THEN '' WHEN NOT {value} THEN {column} "
        f"{cases} END"
    )


def _quotes(text: str, quote: str) -> str:
    """How often a quotation mark stands in a text."""
    return f"(strlen({text}) - strlen(replace({text}, {quoted(quote)}, '')))"


def metadata_text(column: str, kind: str) -> str:
    """The dataset row's metadata within ``specifics``, empty without any."""
    if kind != "VARCHAR":
        return f"coalesce(to_json({column}) ->> 'metadata', '')"
    begin, end = "{'metadata': '", "'}"
    alone = (
        f"starts_with({column}, {quoted(begin)}) AND ends_with({column}, {quoted(end)}) "
        f"AND NOT contains({column}, chr(92)) AND {_quotes(column, chr(39))} = 4"
    )
    none = f"{column} IS NULL OR {column} IN ({', '.join(map(quoted, NO_METADATA))})"
    inside = f"replace({found(column, METADATA)}, chr(92) || chr(39), chr(39))"
    return (
        f"CASE WHEN {alone} THEN {column}[{len(begin) + 1}:-{len(end) + 1}] WHEN {none} THEN '' "
        f"WHEN {matches(column, METADATA)} THEN {inside} END"
    )


def numbers(column: str, kind: str, names: Sequence[str]) -> str:
    """``metrics`` as a STRUCT of numbers: NULL for a dictionary with other keys, or with other values than numbers."""
    text = f"replace({column}, chr(39), chr(34))" if kind == "VARCHAR" else f"to_json({column})::VARCHAR"
    shape = "{" + ", ".join(f'"{name}": "DOUBLE"' for name in names) + "}"
    value = f"TRY(from_json({text}, {quoted(shape)}))"
    return f"CASE WHEN {_quotes(text, chr(34))} = {2 * len(names)} THEN {value} END"


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
    plain = f"{value}[2:-2]"
    return (
        f"CASE WHEN starts_with({value}, chr(34)) THEN "
        f"CASE WHEN contains({value}, chr(92)) THEN {value} ->> '$' ELSE {plain} END END"
    )


def key(text: str) -> str:
    """A number that stands for a text; NULL for none and for an empty one."""
    return f"CASE WHEN {text} <> '' THEN hash({text}) END"


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


def scalars(value: str, names: Sequence[str]) -> str:
    """A query of fields of JSON metadata as texts: no lists, no objects, nothing blank. They are read together."""
    paths = ", ".join(quoted(f'$."{name}"') for name in names)
    columns = ", ".join(
        f"CASE WHEN NOT {matches(f'texts[{at}]', NO_SCALAR)} THEN texts[{at}] END AS {named(name)}"
        for at, name in enumerate(names, 1)
    )
    texts = f"SELECT place, json_extract_string({value}, [{paths}]) AS texts FROM dataset"
    return f"SELECT {columns} FROM ({texts}) ORDER BY place"


def struct_fields(struct: str, names: Sequence[str], renamed: Mapping[str, str]) -> str:
    """The numbers of a STRUCT as columns; what is not finite is none."""
    return ", ".join(
        f"CASE WHEN isfinite({struct}.{named(name)}) THEN {struct}.{named(name)} END AS {named(renamed[name])}"
        for name in names
    )
