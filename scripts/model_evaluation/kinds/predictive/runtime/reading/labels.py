"""Labels of classes as one spelling: ``1``, ``1.0``, ``"1 "`` and ``True`` are the same class, whoever wrote them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from model_evaluation.kinds.predictive.runtime.tables import Codes, Floats, Texts

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
    if value is None or type(value).__name__ == "NAType":
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return ""
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

    labels = np.fromiter(values, object) if not isinstance(values, np.ndarray) else values.astype(object)
    codes, distinct = pd.factorize(labels, use_na_sentinel=True)
    names = [canonical_label(value) for value in distinct]
    changed = [
        f"{str(value)!r} as {name!r}"
        for value, name in zip(distinct, names, strict=True)
        if not isinstance(value, float | bool) and str(value) != name
    ]
    changed = list(dict.fromkeys(changed))
    notes: tuple[str, ...] = ()
    if changed:
        more = f" and {len(changed) - SHOWN_MAPPINGS} more" if len(changed) > SHOWN_MAPPINGS else ""
        notes = (f"Labels were read as one spelling: {', '.join(changed[:SHOWN_MAPPINGS])}{more}.",)
    return CanonicalLabels(np.array([*names, ""], object)[codes], notes)  # -1, no label, is the last


def _spellings(positive: str) -> Mapping[str, str]:
    """How the two classes are to be written whose positive one is this: ``true`` and ``1``, ``false`` and ``0`` are the
    same answers, which files and containers write in either way."""
    return NUMBERED if positive in BOOLEANS else BOOLEANS if positive in NUMBERED else {}


def spelled_like(positive: str, name: str) -> str:
    """A label of two classes in the spelling of its positive one."""
    return _spellings(positive).get(name, name)


def all_spelled_like(positive: str, names: Texts) -> Texts:
    """The same of an array (n,)."""
    spelled = names.astype(object)
    for old, new in _spellings(positive).items():
        spelled[spelled == old] = new
    return spelled


def encode(texts: Texts | Floats, classes: Sequence[str]) -> Codes:
    """The place of each label among ``classes``; -1 where it is none of them."""
    import pandas as pd

    return np.asarray(pd.Index(list(classes)).get_indexer(pd.Index(np.asarray(texts, object))), np.int64)


def class_order(names: Iterable[str]) -> tuple[str, ...]:
    """Distinct names as people order them: numbers by their value, then texts."""

    def key(name: str) -> tuple[bool, float, str]:
        try:
            return False, float(name), name
        except ValueError:
            return True, 0.0, name

    return tuple(sorted({name for name in names if name}, key=key))


def numbers_of(values: ArrayLike | Iterable[object]) -> Floats:
    """Values as numbers, NaN where one is none or is infinite."""
    import pandas as pd

    numbers = pd.to_numeric(pd.Series(np.asarray(values, object), dtype=object), errors="coerce").to_numpy(np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)
