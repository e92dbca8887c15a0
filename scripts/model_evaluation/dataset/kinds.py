"""Every kind of fault a dataset can have: how grave it is, what it means, what to do.

``error``: the evaluation would refuse the row or the file, or would read something else than what was
written. ``warning``: it runs, but the result may not mean what it seems to. ``info``: good to know.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")


class Kind(NamedTuple):
    """``message`` may hold ``{rows}`` ("1 row", "3 rows") and ``{count}``."""

    level: Level
    message: str
    fix: str = ""


_SAVE_AS_JSONL = "Write one JSON object per line (JSON Lines, UTF-8), for example with json.dumps(row) per row."
_DROP = "Correct the rows, or leave them out with `drop-invalid`."

KINDS: dict[str, Kind] = {
    # The file as a whole
    "empty_file": Kind("error", "The file holds no rows.", "Point to the file that holds the rows."),
    "gzip": Kind("error", "The file is gzip-compressed; only plain JSON Lines is read.", "Decompress it: gunzip FILE"),
    "zip": Kind("error", "The file is a zip archive (or an Excel workbook).", "Extract it. " + _SAVE_AS_JSONL),
    "parquet": Kind("error", "The file is Parquet; only JSON Lines is read.", _SAVE_AS_JSONL),
    "compressed": Kind("error", "The file is compressed.", "Decompress it first."),
    "utf16": Kind("error", "The file is UTF-16 or UTF-32 text; UTF-8 is expected.", "Save it as UTF-8."),
    "binary": Kind("error", "The file is binary, not text.", _SAVE_AS_JSONL),
    "csv": Kind("error", "The file looks like CSV; only JSON Lines is read.", _SAVE_AS_JSONL),
    "json_array": Kind("error", "The file is one JSON array; one object per line is expected.", _SAVE_AS_JSONL),
    "json_over_lines": Kind(
        "error", "JSON objects spread over several lines; one object per line is expected.", _SAVE_AS_JSONL
    ),
    "mixed_formats": Kind(
        "error", "The file mixes several formats; one format per file is expected.", "Use `convert`."
    ),
    "too_many_rows": Kind(
        "error", "The file has {count} rows, more than one job takes.", "Use `sample N`, or `shard`."
    ),
    # A line that cannot be read
    "bom": Kind(
        "error",
        "{rows} begin with a byte-order mark, which JSON readers refuse.",
        "Save as UTF-8 without BOM, or use `convert`.",
    ),
    "invalid_utf8": Kind(
        "error", "{rows} are not valid UTF-8.", "Save the file as UTF-8 (it may be Latin-1 or Windows-1252)."
    ),
    "invalid_json": Kind("error", "{rows} are not valid JSON.", _DROP),
    "truncated_last_line": Kind(
        "error",
        "The last line breaks off in the middle of its JSON: the file is incomplete.",
        "Write or upload the file again, or leave the row out with `drop-invalid`.",
    ),
    "raw_control_character": Kind(
        "error",
        "{rows} hold an unescaped control character inside a text, which JSON does not allow.",
        "Write the rows with json.dumps, which escapes them.",
    ),
    "not_a_number": Kind(
        "error",
        "{rows} hold NaN or Infinity, which JSON does not know.",
        "Write null instead (json.dumps(row, allow_nan=False) finds them).",
    ),
    "huge_number": Kind("error", "{rows} hold a number too large to be read.", "Write long digit strings as text."),
    "too_deep": Kind("error", "{rows} are nested too deeply to be read.", _DROP),
    "row_too_long": Kind(
        "error", "{rows} are longer than 8 MiB and were not read; no model takes such a prompt.", _DROP
    ),
    "lone_surrogate": Kind(
        "error", "{rows} hold half of a surrogate pair, a character that cannot be written as UTF-8.", _DROP
    ),
    "not_an_object": Kind("error", "{rows} are not JSON objects.", _SAVE_AS_JSONL),
    "duplicate_key": Kind(
        "error",
        "{rows} name a key twice: some readers refuse the row, others silently keep the last value.",
        "Keep one of the two values.",
    ),
    # What a row says
    "unknown_format": Kind(
        "error",
        "{rows} have no `messages`, `query` or `prompt`: none of the five documented formats.",
        "Rename the field that holds the prompt to `query` and the reference answer to `response`.",
    ),
    "missing_prompt": Kind("error", "{rows} have no prompt.", _DROP),
    "blank_prompt": Kind("error", "{rows} have a blank prompt.", _DROP),
    "wrong_type": Kind("error", "{rows} have a field of the wrong type.", "Write the value as text."),
    "missing_reference": Kind(
        "error",
        "{rows} have no reference answer, which a chosen metric or scorer needs.",
        "Add it, choose metrics that do without, or leave the rows out with `drop-invalid`.",
    ),
    "nova_prompt": Kind(
        "error",
        "{rows} have neither `prompt` nor `query`, which the Nova path needs (`messages` is refused there).",
        "Use `convert sagemaker`.",
    ),
    # Readable, with consequences
    "blank_line": Kind(
        "warning", "{count} blank lines: some readers stop there or number the rows wrongly.", "Use `convert`."
    ),
    "wrong_type_optional": Kind(
        "warning", "{rows} have an optional field of the wrong type, which is ignored.", "Write it as text."
    ),
    "empty_text": Kind("warning", "{rows} hold an empty text where text is expected."),
    "empty_reference": Kind("warning", "{rows} have an empty reference answer; it counts as missing."),
    "control_character": Kind("warning", "{rows} hold control characters in their text (often a broken export)."),
    "role_order": Kind(
        "warning",
        "{rows} have messages in an unexpected order; expected: system (optional), then user and assistant"
        " in turn, the reference answer last.",
    ),
    "unknown_role": Kind(
        "warning", "{rows} use a role other than system, user and assistant; such messages are not read."
    ),
    "content_parts": Kind(
        "warning",
        "{rows} write message content as a list of parts; the documented formats use plain text.",
        "Use `convert`.",
    ),
    "ambiguous_format": Kind(
        "warning", "{rows} carry the fields of more than one format; the first documented one is assumed."
    ),
    "mixed_variants": Kind(
        "warning",
        "The file mixes plain and conversational rows of one format; loaders that give each field one type refuse it.",
        "Use `convert`.",
    ),
    "long_prompt": Kind(
        "warning",
        "{rows} have a prompt that is probably longer than the model's context (estimated).",
        "Shorten the rows, or leave them out.",
    ),
    "duplicate_row": Kind(
        "warning",
        "{rows} repeat an earlier row (same prompt, system text and reference answer): they count twice.",
        "Use `dedupe`.",
    ),
    "conflicting_reference": Kind(
        "warning",
        "{count} prompts have more than one reference answer: no answer can satisfy both.",
        "Decide for one; the lines are those where a second one appears.",
    ),
    # Found by the deep pass
    "near_duplicate": Kind(
        "warning",
        "{rows} are almost the same as an earlier row (90 % or more alike): they count nearly twice.",
        "Look at them; leave out what says nothing new.",
    ),
    "personal_data": Kind(
        "warning",
        "{rows} probably hold personal data.",
        "It goes to the judge model and into the results: replace it by invented data, or make sure that you may"
        " process it there.",
    ),
    "secret": Kind(
        "warning", "{rows} probably hold a key or password.", "Remove it, and have it replaced where it is valid."
    ),
    "judge_instructions": Kind(
        "warning",
        "{rows} hold text that reads like an instruction to the judge; it could sway the scores.",
        "Look at them before you trust the verdict.",
    ),
    # Good to know
    "near_not_checked": Kind(
        "info", "{rows} were not compared for near-duplicates.", "Install rapidfuzz, or check a sample."
    ),
    "no_reference": Kind("info", "{rows} have no reference answer; metrics that use it judge without."),
    "multi_turn": Kind("info", "{rows} hold several user turns; all of them form the prompt."),
    "crlf": Kind("info", "{count} lines end in CRLF (Windows); all known readers accept it."),
    "no_final_newline": Kind("info", "The last line has no newline at its end; some tools skip it."),
    "not_read_to_end": Kind("info", "Reading stopped after {count} rows, as asked; the rest was not checked."),
    "nova_drops": Kind("info", "{rows} carry a system text or reference answer, which the Nova path does not use."),
}
