"""Prompts that ask the same: one question in several wordings counts once.

Words are compared, without those that only dress a question up; a number or a negation that differs makes another
question. Candidates share one of their rarest words, so that ten thousand prompts take a second.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

ALIKE = 0.8  # of all words of two prompts are in both
CONTAINED = 0.9  # of the shorter prompt's words are in the longer one, which has at most twice as many
FEWEST_CONTAINED = 4  # words that say something: two or three are in many questions
SHORTEST_STEM = 4  # letters
SAMPLE_WORDS = 60  # of a long prompt are compared, the same ones of every prompt that has them
FEWEST_FRAMED = 10  # prompts among which a sentence that most share is a frame
PIECE_END = re.compile(r"\s*\n\s*|(?<=[.!?:])\s+")
COPY_MARK = re.compile(r"\s*[(\[]\s*(?:\d{1,3}|copy|again|repeat(?:ed)?)\s*[)\]]\s*$", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+(?:[.,]\d+)*|[^\w\s.,;:?!…'\"‘’“”()\[\]-]")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")  # scripts that put no space between words
NEGATIONS = frozenset(
    ["not", "no", "never", "without", "cannot", "nicht", "kein", "keine", "nie", "ne", "pas", "sans", "sin", "nunca"]
)
# Words without a content of their own, in the languages most datasets have.
_EMPTY_WORDS = """
a about advance also am an and any anyone are as at available be been but by can could day dear did do does explain
for from get give good had has have hello help here hey hi how i if in into is it its just kindly know let like me
might my need now of ok okay on one or our out please possible question quick quickly request say see shall should so
some somebody someone step steps tell thank thanks that the their them then there these they this to us want was way
we were what when where which who why will with wonder wondering would you your i'd i'm i've what's how's it's that's
bitte danke hallo ich du sie wir mir mich der die das den dem ein eine einen ist sind wie wer wo warum kann können
könnte könnten und oder zu im mit für von sagen frage
s'il vous plaît bonjour merci je tu nous le la les un une des de est sont comment que quoi qui où pourquoi peux
pouvez peut et ou à en avec pour dites
por favor gracias hola yo nosotros el los las una unos es son cómo qué quién dónde puede pueden y o con para
"""
EMPTY_WORDS = frozenset(_EMPTY_WORDS.split())


class TooMuchAlike(ValueError):
    """So many prompts share their words that comparing them would take more than was allowed."""


def prompt_clusters(prompts: Sequence[str], *, most_pairs: int | None = None) -> list[int]:
    """A number per prompt, equal for prompts that ask the same; numbered in the order of their first prompts. Raises
    TooMuchAlike when more than ``most_pairs`` pairs would have to be compared."""
    words = [_words(prompt) for prompt in _without_frame(prompts)]
    samples = [_sample(own) for own in words]
    often = Counter(word for own in samples for word in own)
    ordered = [sorted(own, key=lambda word: (often[word], word)) for own in samples]
    everywhere, first = defaultdict(list), defaultdict(list)  # word to the prompts that have it, among their rarest
    for place, own in enumerate(ordered):
        for at, word in enumerate(own):
            everywhere[word].append(place)
            if at <= len(own) * (1 - ALIKE):
                first[word].append(place)
    groups = [[place] for place in range(len(prompts))]
    pairs = 0
    for place, own in enumerate(ordered):
        candidates = {other for word in own[: int(len(own) * (1 - ALIKE)) + 1] for other in first[word]}
        if FEWEST_CONTAINED <= len(own) < SAMPLE_WORDS / 2:
            few = own[: int(len(own) * (1 - CONTAINED)) + 1]
            candidates.update(other for word in few for other in everywhere[word])
        for other in candidates:
            if groups[place] is groups[other]:
                continue
            pairs += 1
            if most_pairs is not None and pairs > most_pairs:
                raise TooMuchAlike(f"over {most_pairs:,} pairs of {len(prompts):,} prompts share their rarest words")
            if _alike(samples[place], samples[other]) and not _differ_in_substance(words[place], words[other]):
                fewer, more = sorted((groups[place], groups[other]), key=len)
                more += fewer
                for member in fewer:
                    groups[member] = more
    return numbered(map(id, groups))


def numbered(values: Iterable[object]) -> list[int]:
    """Each value's number, counted from 0 in the order in which they come."""
    numbers: dict[object, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]


def _without_frame(prompts: Sequence[str]) -> list[str]:
    """The prompts without the lines and sentences that more than half of them share: instructions and examples around
    each question say nothing about which question it is. One that holds nothing else stays whole."""
    if len(prompts) < FEWEST_FRAMED:
        return list(prompts)
    pieces = [PIECE_END.split(prompt) for prompt in prompts]
    often = Counter(piece for own in pieces for piece in set(own))
    frame = {piece for piece, count in often.items() if 2 * count > len(prompts)}
    if not frame:
        return list(prompts)
    rest = [" ".join(piece for piece in own if piece not in frame) for own in pieces]
    return [
        left if set(WORD.findall(left.casefold())) - EMPTY_WORDS else whole
        for left, whole in zip(rest, prompts, strict=True)
    ]


def _words(prompt: str) -> frozenset[str]:
    """The words that make the question; all of its words when it has no other."""
    text = COPY_MARK.sub("", prompt.casefold())
    if UNSPACED.search(text):
        letters = re.sub(r"[\W\d_]+", "", text)
        pairs = (letters[at : at + 2] for at in range(max(1, len(letters) - 1)))
        return frozenset((*pairs, *re.findall(r"\d+", text)))
    words = WORD.findall(text)
    said = frozenset(_stem(word) for word in words if word not in EMPTY_WORDS)
    return said or frozenset(words) or frozenset({text})


@functools.lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """A word without the commonest endings: "ships", "shipped" and "shipping" are one."""
    if word in NEGATIONS or not word.isascii() or not word.isalpha():
        return word
    for ending in ("ing", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            word = word[: -len(ending)]
            break
    if len(word) > SHORTEST_STEM and word[-1] == word[-2]:
        return word[:-1]
    return word.removesuffix("i") if len(word) > SHORTEST_STEM else word


def _sample(words: frozenset[str]) -> frozenset[str]:
    """All words, or of many those with the smallest checksums: two sets share as large a part of them as of all."""
    if len(words) <= SAMPLE_WORDS:
        return words
    return frozenset(sorted(words, key=lambda word: zlib.crc32(word.encode("utf-8", "replace")))[:SAMPLE_WORDS])


def _alike(mine: frozenset[str], other: frozenset[str]) -> bool:
    fewer, more = len(mine), len(other)
    if fewer > more:
        fewer, more = more, fewer
    if more > 2 * fewer:
        return False
    both = len(mine & other)
    return both >= ALIKE * (fewer + more - both) or (fewer >= FEWEST_CONTAINED and both >= CONTAINED * fewer)


def _differ_in_substance(mine: frozenset[str], other: frozenset[str]) -> bool:
    """Whether a number, a sign or a negation is in one of them only."""
    return any(word in NEGATIONS or not word[0].isalpha() for word in mine ^ other)
