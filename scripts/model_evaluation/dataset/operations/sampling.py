"""Which rows go where: stratified samples and shards, the same for the same seed on every machine.

Rows are put in order by a keyed hash of their line number, not by a random generator whose algorithm may
change between versions of Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b


def allocate(total: int, sizes: list[int]) -> list[int]:
    """Split ``total``, at most the sizes' sum, over strata in proportion to their sizes (largest remainders; ties to
    the earlier): each share is the exact proportion rounded down or up."""
    population = max(1, sum(sizes))
    shares = [total * size // population for size in sizes]
    order = sorted(range(len(sizes)), key=lambda index: -(total * sizes[index] % population))
    for index in order[: total - sum(shares)]:
        shares[index] += 1
    return shares


def _shuffled_strata(categories: Mapping[int, str | None], seed: int) -> list[list[int]]:
    """Lines by their category, in an order that looks random and depends on ``seed`` alone."""
    key = str(seed).encode()[:64]
    strata: dict[str | None, list[int]] = {}
    for line in sorted(
        categories, key=lambda line: (blake2b(str(line).encode(), key=key, digest_size=8).digest(), line)
    ):
        strata.setdefault(categories[line], []).append(line)
    return [strata[name] for name in sorted(strata, key=lambda name: (name is None, name or ""))]


def stratified_sample(categories: Mapping[int, str | None], size: int, seed: int) -> set[int]:
    """``size`` of the lines, every category in its proportion."""
    strata = _shuffled_strata(categories, seed)
    shares = allocate(size, [len(stratum) for stratum in strata])
    return {line for stratum, share in zip(strata, shares, strict=True) for line in stratum[:share]}


def stratified_shards(categories: Mapping[int, str | None], rows_per_shard: int, seed: int) -> dict[int, int]:
    """The shard of each line: as few shards as possible, none over ``rows_per_shard``, which differ by at most one row
    in size, and by at most one row in each category."""
    count = -(-len(categories) // rows_per_shard)
    lines = [line for stratum in _shuffled_strata(categories, seed) for line in stratum]
    return {line: position % count for position, line in enumerate(lines)}
