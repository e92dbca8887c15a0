"""What can be seen of an answer without reading it: thinking that was left in, and its language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

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
LANGUAGE_WORDS = {language: frozenset(words.split()) for language, words in COMMON_WORDS.items()}
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
    scripts = Counter(unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0] for letter in letters)
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > 0.1 * len(letters):
        return "Japanese"
    script, times = scripts.most_common(1)[0]
    if times < 0.6 * len(letters):
        return None
    if script != "LATIN":
        return SCRIPTS.get(script, script.capitalize())
    words = Counter(re.findall(r"[^\W\d_]+", text.casefold()))
    counts = {language: sum(words[word] for word in known) for language, known in LANGUAGE_WORDS.items()}
    (language, most), (_, second) = Counter(counts).most_common(2)
    return language if most >= FEWEST_WORDS and most > 1.5 * second else None
