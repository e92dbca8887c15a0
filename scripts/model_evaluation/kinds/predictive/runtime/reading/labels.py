"""Labels of classes as one spelling: ``1``, ``1.0``, ``"1 "`` and ``True`` are the same class, whoever wrote them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_evaluation.kinds.predictive.runtime.tables import Texts

WHOLE_NUMBER = re.compile(r"[+-]?\d+\.0*|[+-]?\d+(?:\.\d*)?[eE][+-]?\d+")
BOOLEANS = {"true": "1", "false": "0"}
NUMBERED = {"1": "true", "0": "false"}
SHOWN_MAPPINGS = 5


class CanonicalLabels(NamedTuple):
    """``texts`` (n,), empty where there is no label; ``notes`` say which spellings were taken as which."""

    texts: Texts
    notes: tuple[str, ...]


def canonical_label(value: object) -> str:
    """A label as text: outer white space gone, a whole number without its point, a boolean in lower case; empty: none.

    Text in another spelling, such as ``Yes`` and ``yes``, stays two labels: that is for the user to say.
    """
    # Without importing pandas, which the conversation does without: its NA is told by the name of its type.
    missing = value is None or type(value).__name__ == "NAType"
    if missing or (isinstance(value, float | np.floating) and math.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        return str(int(value)) if math.isfinite(value) and value == int(value) else repr(float(value))
    text = str(value).strip()
    if text.casefold() in BOOLEANS:
        return text.casefold()
    if WHOLE_NUMBER.fullmatch(text):
        number = float(text)
        if math.isfinite(number) and number == int(number):
            return str(int(number))
    return text


def canonical_labels(values: Iterable[object]) -> CanonicalLabels:
    """Every label in its one spelling."""
    import pandas as pd

    given = np.fromiter(values, object) if not isinstance(values, np.ndarray) else values.astype(object)
    codes, distinct = pd.factorize(given, use_na_sentinel=True)
    names = [canonical_label(value) for value in distinct]
    pairs = zip(distinct, names, strict=True)
    told = [
        f"{str(value)!r} as {name!r}"
        for value, name in pairs
        if not isinstance(value, float | bool) and str(value) != name
    ]
    changed = list(dict.fromkeys(told))
    notes: tuple[str, ...] = ()
    if changed:
        more = f" and {len(changed) - SHOWN_MAPPINGS} more" if len(changed) > SHOWN_MAPPINGS else ""
        notes = (f"Labels were read as one spelling: {', '.join(changed[:SHOWN_MAPPINGS])}{more}.",)
    texts = np.array([*names, ""], object)[codes]  # -1, no label, is the last
    return CanonicalLabels(texts, notes)


def spelled_like(positive: str, name: str) -> str:
    """A label of two classes in the spelling of its positive one: ``true`` and ``1``, ``false`` and ``0`` are the same
    answers, which files and containers write in either way."""
    if positive in BOOLEANS:
        return NUMBERED.get(name, name)
    return BOOLEANS.get(name, name) if positive in NUMBERED else name


def all_spelled_like(positive: str, names: Texts) -> Texts:
    """The same of an array (n,)."""
    other = NUMBERED if positive in BOOLEANS else BOOLEANS if positive in NUMBERED else {}
    spelled = names.astype(object)
    for old, new in other.items():
        spelled[spelled == old] = new
    return spelled


def encode(texts: Texts, classes: Sequence[str]) -> NDArray[np.int64]:
    """The place of each text among ``classes``; -1 where it is none of them."""
    import pandas as pd

    return np.asarray(pd.Index(list(classes)).get_indexer(pd.Index(np.asarray(texts, object))), np.int64)


def class_order(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct names as people order them: numbers by their value, then texts."""

    def key(name: str) -> tuple[bool, float, str]:
        try:
            number = float(name)
        except ValueError:
            return True, 0.0, name
        return False, number, name

    return tuple(sorted({name for name in names if name}, key=key))


def numbers_of(values: Any) -> NDArray[np.float64]:
    """Values as numbers, NaN where one is none or is infinite."""
    import pandas as pd

    numbers = pd.to_numeric(pd.Series(np.asarray(values, object), dtype=object), errors="coerce").to_numpy(np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)
