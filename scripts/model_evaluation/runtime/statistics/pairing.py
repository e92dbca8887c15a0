"""The models' rows put to the dataset's: by record, never by position."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from model_evaluation.runtime.text_columns import Keys, joined_keys

from .common import Floats
from .dataset_table import ListedRows
from .scored_rows import REFERENCED, JudgedRows

Places = NDArray[np.int64]


@dataclass
class Pairs:
    """The records of an evaluation: the dataset's rows, then the results' rows that the dataset does not have.

    ``at`` says for each record which of a side's rows belongs to it, -1 where none does; ``occurrence`` is 1 for the
    first record with its prompt and reference.
    """

    listed: ListedRows
    sides: dict[str, JudgedRows]
    at: dict[str, Places]
    occurrence: Places

    def __len__(self) -> int:
        return len(self.occurrence)

    def ids(self, places: Places) -> list[str]:
        """The line in the dataset of each of these records, or ``unlisted-1`` and so on."""
        listed = len(self.listed.lines)
        lines: list[str] = self.listed.lines[places[places < listed]].astype(str).tolist()
        if len(lines) == len(places):
            return lines
        known = iter(lines)
        return [next(known) if place < listed else f"unlisted-{place - listed + 1}" for place in places.tolist()]

    def lengths(self, side: str) -> Floats:
        """The length of each record's answer in characters, NaN where there is none."""
        found: Floats = np.append(self.sides[side].rows["length"].astype(float), math.nan)[self.at[side]]
        return found


def pair_rows(listed: ListedRows, sides: Mapping[str, JudgedRows]) -> Pairs:
    """One record per dataset row, each model's row put to it by prompt, reference and n-th occurrence.

    A result row whose reference differs is matched by its prompt where that leaves no choice. Rows of prompts
    the dataset does not have follow at the end, paired with each other.
    """
    index = _RecordIndex(listed.keys)
    at: dict[str, Places] = {}
    for side, found in sides.items():
        places, new = _places(index, listed, found.rows)
        if len(new):
            index = _RecordIndex(np.concatenate([index.keys, found.rows["key"][new]]))
        at = {name: np.concatenate([known, np.full(len(new), -1)]) for name, known in at.items()}
        at[side] = np.concatenate([places, new])
    return Pairs(listed, dict(sides), at, index.earlier + 1)


class _RecordIndex:
    """Finds records by their keys; ``earlier`` says how many equal ones come before each."""

    def __init__(self, keys: Keys) -> None:
        self.keys, self.index = keys, pd.Index(keys)
        self.earlier = np.zeros(len(keys), np.int64)
        if not self.index.is_unique:
            self.earlier = _earlier_equals(keys)
            self.index = pd.Index(joined_keys(keys, self.earlier.view(np.uint64)))

    def find(self, keys: Keys) -> Places:
        """The n-th record with a key for the n-th of these that has it, -1 where there is none."""
        found: Places = self.index.get_indexer(keys)
        if len(found) and np.bincount(found + 1)[1:].max(initial=0) > 1:
            found = self.index.get_indexer(joined_keys(keys, _earlier_equals(keys).view(np.uint64)))
        return found


def _earlier_equals(keys: Keys) -> Places:
    found: Places = pd.Series(keys).groupby(keys, sort=False).cumcount().to_numpy()
    return found


def _places(index: _RecordIndex, listed: ListedRows, rows: NDArray[Any]) -> tuple[Places, Places]:
    """For each record the row that belongs to it or -1, and the rows that belong to none, in the order of their
    records to come."""
    record = index.find(rows["key"])
    places = np.full(len(index.keys), -1)
    left = np.flatnonzero(record < 0)
    placed = np.flatnonzero(record >= 0)
    places[record[placed]] = placed
    if not len(left):
        return places, left
    # Of the rows that are left over: their prompts, numbered in order of appearance, and the records still free.
    free = np.flatnonzero(places[: len(listed.lines)] < 0)
    prompt, _ = pd.factorize(np.concatenate([rows["prompt"][left], listed.prompts[free]]))
    wanted, offered = prompt[: len(left)], prompt[len(left) :]
    rows_of, places_of = (np.bincount(part, minlength=prompt.max() + 1) for part in (wanted, offered))
    one_place = np.full(len(places_of), -1)
    one_place[offered] = free
    chosen = np.where((rows_of == 1) & (places_of == 1), one_place, -1)[wanted]
    several: dict[int, list[int]] = defaultdict(list)
    for number, place in zip(offered.tolist(), free.tolist(), strict=True):
        if rows_of[number] and not (rows_of[number] == places_of[number] == 1):
            several[number].append(place)
    for number in np.flatnonzero((chosen < 0) & (places_of > 0)[wanted]).tolist():
        own = bool(rows["marks"][left[number]] & REFERENCED)
        place = next((p for p in several[wanted[number]] if not (own and listed.referenced[p])), -1)
        if place >= 0:
            several[wanted[number]].remove(place)
            chosen[number] = place
    places[chosen[chosen >= 0]] = left[chosen >= 0]
    new = np.flatnonzero(chosen < 0)
    return places, left[new[np.argsort(wanted[new], kind="stable")]]
