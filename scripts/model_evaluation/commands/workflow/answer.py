"""Check one answer with lookups and record it; a refused answer changes nothing.

VALUE is the user's answer; `-` reads it from standard input, `@FILE` from a file. `--text VALUE` takes it
literally, whatever it begins with. `--accept` takes the suggestion (never for confirm and terms).

example:
  evaluate.py --project ./tickets answer dataset s3://my-bucket/eval/tickets.jsonl
"""

from __future__ import annotations

import argparse

from model_evaluation import state
from model_evaluation.conversation.answer_text import read_value
from model_evaluation.conversation.answers import add_position, give_answer, known_step
from model_evaluation.errors import Refused, UsageError
from model_evaluation.json_types import JsonObject


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("step", metavar="STEP", help="the step's id, as `status` shows it")
    parser.add_argument("value", metavar="VALUE", nargs="?", help="the answer; `-` reads stdin, `@FILE` a file")
    parser.add_argument("--text", metavar="VALUE", help="the answer, taken literally")
    parser.add_argument("--accept", action="store_true", help="take the suggestion")


def prepare(rest: list[str]) -> list[str]:
    """Let `--text` take any value, also one that looks like an option; name a value that was not quoted."""
    words = [word for word in rest if not word.startswith("--")]
    if len(words) > 2 and len(words) == len(rest):
        raise UsageError(
            f"`answer` takes one STEP and one VALUE; {len(words) - 1} values were received.", fix=_one_at_a_time(words)
        )
    if "--text" in rest[:-1]:
        at = rest.index("--text")
        return [*rest[:at], f"--text={rest[at + 1]}", *rest[at + 2 :]]
    return rest


def _one_at_a_time(words: list[str]) -> str:
    """One command for each STEP and VALUE if that is what was given, else the one with its value quoted."""
    import shlex

    from model_evaluation.kinds.registry import DEFAULT, load_kind

    if len(words) % 2 == 0 and set(words[::2]) <= set(load_kind(DEFAULT).steps):
        pairs = zip(words[::2], words[1::2], strict=True)
        return "One command each: " + " ; ".join(
            f"evaluate.py answer {step} {shlex.quote(text)}" for step, text in pairs
        )
    value = shlex.quote(" ".join(words[1:]))
    return f"Quote the value as one argument: evaluate.py answer {shlex.quote(words[0])} {value}"


def run(args: argparse.Namespace) -> tuple[JsonObject, int]:
    sources = [name for name in ("value", "text") if getattr(args, name) is not None] + ["accept"] * args.accept
    if len(sources) != 1:
        raise UsageError(
            "One of VALUE, --text VALUE and --accept is needed" + (f"; received {len(sources)}." if sources else "."),
            fix="See: evaluate.py answer --help",
        )
    try:
        text = args.text if args.value is None else read_value(args.value, args.step)
    except Refused as error:
        document = state.load(args.project).document
        known_step(document, args.step)
        add_position(error, document, args.project, args.step)
        raise
    return give_answer(args.project, args.step, text, accept=args.accept), 0
