"""What can be seen of an answer without reading it: thinking that was left in, its language, and whether it was never
finished: cut off at the token limit, or going round in circles until it.

The result files do not say why an answer ended, so that is a guess from how answers end and how long they are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

THINKING = re.compile(r"<(/?)(?:think|thinking|thought|reasoning|scratchpad)>", re.IGNORECASE)
CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")  # of models that name each part of what they write
LETTERS = 300  # of a text are looked at
FEWEST_WORDS = 3  # of a language, before a text counts as written in it
COMMON_WORDS = {
    "English": "the of and to in is you that it for with are this be your can have not from will",
    "German": "der die und das ist nicht ein eine mit sie für auf den dem von wird sich werden können ihr",
    "French": "le la les des est une pour dans vous que pas sur avec votre nous qui sont être ce peut",
    "Spanish": "el los las una para que con por del puede este como su más está son usted tiene pero al",
    "Portuguese": "o os uma para que com não você do da em pode são mais seu sua está por ao isso",
    "Italian": "il gli una per che con non di del della sono può questo come più è anche suo nel si",
    "Dutch": "de het een en van is niet dat op met voor zijn kan uw deze worden naar om ook je",
}
LANGUAGES_OF = {
    word: [language for language, own in COMMON_WORDS.items() if word in own.split()]
    for words in COMMON_WORDS.values()
    for word in words.split()
}
SCRIPTS = {"CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}


def thinking_of(answer: str) -> str:
    """``none``, ``closed`` where an answer holds the model's thinking, ``unclosed`` where that never came to an end."""
    marks = [match[1] == "/" for match in THINKING.finditer(answer)]
    channels = CHANNEL.findall(answer)
    if not marks and not channels:
        return "none"
    if (marks and not marks[-1]) or (channels and channels[-1].casefold() != "final"):
        return "unclosed"
    return "closed"


def language_of(text: str) -> str | None:
    """The language of a text, as far as its letters and commonest words tell; ``None`` in doubt."""
    letters = [letter for letter in text if letter.isalpha()][:LETTERS]
    if not letters:
        return None
    scripts: Counter[str] = Counter()
    for letter, times in Counter(letters).items():
        scripts[unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]] += times
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > 0.1 * len(letters):
        return "Japanese"
    script, times = scripts.most_common(1)[0]
    if times < 0.6 * len(letters):
        return None
    if script != "LATIN":
        return SCRIPTS.get(script, script.capitalize())
    counts = Counter(dict.fromkeys(COMMON_WORDS, 0))
    for word in re.findall(r"[^\W\d_]+", text.casefold()):
        for language in LANGUAGES_OF.get(word, ()):
            counts[language] += 1
    (language, most), (_, second) = counts.most_common(2)
    return language if most >= FEWEST_WORDS and most > 1.5 * second else None


FEWEST_CUT = 5  # answers
CUT_SHARE = 0.02  # of a model's answers
LONG_ANSWER = 400  # characters: a limit that cuts shorter answers would be noticed at once
TOP_BAND = 0.7  # of the longest answer: the same number of tokens is up to so many fewer characters
MOSTLY_CUT = 0.8  # of the answers near the longest
RARELY_CUT = 0.2  # of the shorter ones
BYTES_PER_TOKEN = 4
NEAR_LIMIT = 0.9  # of the limit, by the estimate of four bytes a token
# Lines that end without a full stop when they are whole: of lists, tables, headings, and "Name: value".
WHOLE_LINE = re.compile(r"\s*(?:[-*•+>|#=]|\(?\w{1,3}[.)]\s|[\w \"'/-]{1,40}[:=])")
CIRCLES = 4  # times that the end of an answer stands in its last characters
LAST_CHARACTERS, END = 1_500, 60


def ends_in_the_middle(answer: str) -> bool:
    """Whether an answer's last line is running text that stops after a letter, a digit or a comma.

    In doubt it does not: a last line of a list, a table or a form counts as whole, and so does anything that ends in
    a sign, a bracket or an emoji.
    """
    text = answer.rstrip()[-LONG_ANSWER:]
    if not text or not (text[-1].isalnum() or text[-1] in ",、，("):
        return False
    _, newline, line = text.rpartition("\n")
    is_whole_line = bool(newline) or len(text) < LONG_ANSWER
    return not (is_whole_line and WHOLE_LINE.match(line))


def goes_in_circles(answer: str) -> bool:
    """Whether a long answer says the same over and over at its end."""
    end = answer.rstrip()[-END:]
    if len(answer) < LONG_ANSWER or sum(map(str.isalpha, end)) < END / 4:
        return False
    return answer[-LAST_CHARACTERS:].count(end) >= CIRCLES


def cut_answers(answers: Sequence[str], others: Sequence[str] = (), limit: int | None = None) -> NDArray[np.bool_]:
    """Which of a model's answers were never finished. ``others`` are the other model's answers to the same prompts,
    ``limit`` is how many tokens an answer may have, where that is known.

    Answers that end in the middle count when a model's longest answers mostly do, all at nearly the same length, while
    its shorter ones do not; when its long ones do much more often than the other model's; and when they are near the
    limit. A model that never ends its sentences, terse answers and a few ragged ones are not a sign.
    """
    lengths = np.array([len(answer) for answer in answers], int)
    ragged = np.array([ends_in_the_middle(answer) for answer in answers], bool)
    cut = np.array([goes_in_circles(answer) for answer in answers], bool)
    if limit is not None:
        tokens = np.array([len(answer.encode("utf-8", "replace")) / BYTES_PER_TOKEN for answer in answers])
        cut |= tokens >= limit
        cut |= ragged & (tokens >= NEAR_LIMIT * limit)
    long, short = lengths >= LONG_ANSWER, (lengths > 0) & (lengths < LONG_ANSWER)
    if _longest_are_cut(lengths, ragged):
        cut |= ragged & (lengths >= TOP_BAND * lengths.max())
    often = ragged[long].sum() >= max(FEWEST_CUT, RARELY_CUT * len(answers))
    if often and not (short.any() and ragged[short].mean() > RARELY_CUT) and _mostly_finished(others):
        cut |= ragged & long
    return cut


def _longest_are_cut(lengths: NDArray[np.int64], ragged: NDArray[np.bool_]) -> bool:
    longest = int(lengths.max(initial=0))
    if longest < LONG_ANSWER:
        return False
    near = lengths >= TOP_BAND * longest
    shorter = ~near & (lengths > 0)
    if np.count_nonzero(near) < max(FEWEST_CUT, CUT_SHARE * len(lengths)):
        return False
    return bool(ragged[near].mean() >= MOSTLY_CUT and not (shorter.any() and ragged[shorter].mean() > RARELY_CUT))


def _mostly_finished(answers: Sequence[str]) -> bool:
    """Whether these are answers that end as whole ones do."""
    ends = [ends_in_the_middle(answer) for answer in answers if answer.strip()]
    return len(ends) >= FEWEST_CUT and sum(ends) <= 0.05 * len(ends)
