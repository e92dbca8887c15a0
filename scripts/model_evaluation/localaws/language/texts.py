"""What the simulated models see in a text: words, sentences, numbers."""

from __future__ import annotations

import functools
import re
import unicodedata

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
