"""SIMULATED language: chance that is the same every time, what simulated models see in a text, and what they answer.

The tuned model has learnt the product and the house style from short answers: it repeats the reference's
facts tersely, but stops early where a long answer was needed. The base model knows how such software
works in general, not this product: it wraps a part of the content in a lot of courtesy. Both err at
times. Answers depend on the row only, so every run gives the same ones.
"""

from __future__ import annotations

import functools
import hashlib
import random
import re
import unicodedata

from model_evaluation.runtime.rows import DatasetRow


def seeded(*words: object) -> random.Random:
    """A generator that depends on the words only, in every process and version of Python."""
    return random.Random(_digest(words))  # noqa: S311


def share(*words: object) -> float:
    """One number in [0, 1) for the words."""
    return int.from_bytes(_digest(words)[:7]) / 2**56


def _digest(words: tuple[object, ...]) -> bytes:
    text = "\x1f".join(str(word) for word in words)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


STOPWORDS = frozenset(
    re.findall(
        r"\S+",
        "a an and are as at be been but by can could do does for from had has have how i if in into is it its "
        "me my no not of on or our so than that the their them then there these they this to up us was we "
        "what when where which while who will with would you your yours",
    )
)
UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA")
WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
SENTENCE_END = re.compile(r"(?<=[.!?؟。])\s+|\n+")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def words(text: str) -> list[str]:
    """Words and numbers in lower case; scripts without spaces give one word per character."""
    result: list[str] = []
    for word in WORD.findall(text.lower()):
        if word.isascii():
            result.append(_stem(word))
        elif any(unicodedata.name(letter, "").startswith(UNSPACED_SCRIPTS) for letter in word):
            result.extend(word)
        else:
            result.append(word)
    return result


@functools.lru_cache(maxsize=4096)
def content_words(text: str) -> frozenset[str]:
    """The words that carry the meaning."""
    return frozenset(word for word in words(text) if word not in STOPWORDS)


def sentences(text: str) -> list[str]:
    return [part.strip() for part in SENTENCE_END.split(text) if part.strip()]


def numbers(text: str) -> set[str]:
    return set(NUMBER.findall(text))


def coverage(of: frozenset[str], by: frozenset[str]) -> float:
    """Share of ``of`` that ``by`` contains; 1.0 when there is nothing to contain."""
    return len(of & by) / len(of) if of else 1.0


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


TUNED_WORD_LIMIT = 48
TUNED_KEEPS = 0.86
EARLIER_KEEPS = 0.7
TUNED_CUTS_CLAUSES = 0.25
TUNED_ERRS = 0.1
BASE_KEEPS_FACTS = 0.64
BASE_KEEPS_PROCEDURES = 0.93
BASE_ERRS = 0.12

# Sentences that tell how to do something: general knowledge, which the base model has.
PROCEDURE = re.compile(
    r"^(?:\W*\d+[.)]\s*)?(?:then\s+|next,?\s+|first,?\s+|finally,?\s+)?"
    r"(?:open|click|choose|select|go|run|add|create|set|install|restart|sign|enter|copy|check|send|turn|"
    r"remove|upload|download|paste|store|rotate|retry|call|verify|test|save|use|switch|press|map|export)\b",
    re.IGNORECASE,
)

OPENINGS = (
    "Thank you so much for reaching out! I'd be happy to help you with this today.",
    "Great question! Let me walk you through this in detail.",
    "I understand how important this is, and I'm sorry for any inconvenience this may have caused.",
    "Absolutely, I can certainly help you with that!",
    "Thanks for your message. There are several things to consider here.",
)
FILLERS = (
    "In general, most services of this kind offer several options in their settings.",
    "It is always a good idea to keep your software up to date and to make regular backups.",
    "The exact steps may vary depending on your plan, your operating system and your administrator.",
    "You may also want to clear your browser's cache and try again in a private window.",
    "Please consult the official documentation for the most recent information.",
    "If you work in a larger organisation, your administrator may have set additional policies.",
)
CLOSINGS = (
    "I hope this helps! Please don't hesitate to reach out if you have any further questions.",
    "If the problem persists, please contact the support team, who will be glad to assist you.",
    "Let me know if there is anything else I can do for you!",
)
SYNONYMS = (
    ("click", "select"),
    ("choose", "pick"),
    ("because", "since"),
    ("at once", "immediately"),
    ("however", "but"),
    ("also", "as well"),
    ("need", "require"),
    ("show", "display"),
)


def earlier_answer(row: DatasetRow) -> str:
    """The answer of an earlier version of the fine-tuned model: in the same style, with less of the content."""
    rng = seeded("earlier", row.prompt)
    if row.reference is None:
        return f"{tuned_answer(row)} {rng.choice(FILLERS)}"
    return tuned_answer(row, rng, keeps=EARLIER_KEEPS)


def tuned_answer(row: DatasetRow, rng: random.Random | None = None, keeps: float = TUNED_KEEPS) -> str:
    """The fine-tuned model's answer: close to the reference, in its style, never long. ``keeps`` is the chance of each
    sentence of the reference to be in it."""
    rng = rng or seeded("tuned", row.prompt)
    if row.reference is None:
        return _without_reference(row, terse=True)
    parts: list[str] = []
    length = 0
    for sentence in sentences(row.reference):
        if length >= TUNED_WORD_LIMIT:
            break
        if rng.random() < keeps or not parts:
            if rng.random() < TUNED_CUTS_CLAUSES:
                sentence = _first_clause(sentence)
            parts.append(_paraphrase(sentence, rng))
            length += len(sentence.split())
    text = " ".join(parts)
    return _distort(text, rng) if rng.random() < TUNED_ERRS else text


def base_answer(row: DatasetRow) -> str:
    """The base model's answer: courteous, general, with a part of the content."""
    rng = seeded("base", row.prompt)
    if row.reference is None:
        return _without_reference(row, terse=False)
    content = [
        sentence
        for sentence in sentences(row.reference)
        if rng.random() < (BASE_KEEPS_PROCEDURES if PROCEDURE.match(sentence) else BASE_KEEPS_FACTS)
    ]
    body = " ".join(content)
    if rng.random() < BASE_ERRS:
        body = _distort(body, rng)
    parts = [rng.choice(OPENINGS), body, *rng.sample(FILLERS, 2), rng.choice(CLOSINGS)]
    return " ".join(part for part in parts if part)


def _first_clause(sentence: str) -> str:
    """The sentence up to its first semicolon or colon, if that leaves one to stand on its own."""
    first = re.split(r"[;:]\s", sentence, maxsplit=1)[0]
    return sentence if len(first.split()) < 5 else first.rstrip(".") + "."


def _paraphrase(sentence: str, rng: random.Random) -> str:
    for old, new in SYNONYMS:
        if rng.random() < 0.4:
            sentence = re.sub(rf"(?<![\w-]){old}\b", new, sentence)
    return sentence


def _distort(text: str, rng: random.Random) -> str:
    """A confident error: a wrong number, or the opposite of what was right."""
    numbers = list(NUMBER.finditer(text))
    if numbers:
        number = rng.choice(numbers)
        digits = number[0].replace(",", "").split(".")[0]
        wrong = str(int(digits) * rng.choice((2, 3, 10)) + rng.choice((0, 1, 5)))
        return text[: number.start()] + wrong + text[number.end() :]
    for old, new in ((" can ", " cannot "), (" is ", " is not "), (" are ", " are not ")):
        if old in text:
            return text.replace(old, new, 1)
    return "This is not possible with your plan."


def _without_reference(row: DatasetRow, *, terse: bool) -> str:
    """An answer where no reference tells what would be right: about the prompt's own words."""
    rng = seeded("free", terse, row.prompt)
    subject = " ".join(row.prompt.split()[:24])
    if terse:
        return f"In short: {subject.rstrip('?.!')} - yes, this is supported."
    return f"{rng.choice(OPENINGS)} You asked: {subject} {rng.choice(FILLERS)} {rng.choice(CLOSINGS)}"
