"""Which rows go where: stratified samples and shards, the same for the same seed on every machine.

Rows are put in order by a keyed hash of their line number, not by a random generator whose algorithm may
change between versions of Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b


def shuffled(lines: Iterable[int], seed: int) -> list[int]:
    """The line numbers in an order that looks random and depends on ``seed`` alone."""
    key = str(seed).encode()[:64]
    return sorted(lines, key=lambda line: (blake2b(str(line).encode(), key=key, digest_size=8).digest(), line))


def allocate(total: int, sizes: Sequence[int]) -> list[int]:
    """Split ``total`` over strata in proportion to their sizes (largest remainders; ties to the earlier).

    Each share is the exact proportion rounded down or up, never more than the stratum holds. ``total``
    must not be more than the sizes' sum; the shares add up to it.
    """
    population = sum(sizes)
    if not 0 <= total <= population:
        raise ValueError(f"cannot take {total} of {population}")
    if not population:
        return [0] * len(sizes)
    shares = [total * size // population for size in sizes]
    remainders = [total * size % population for size in sizes]
    order = sorted(range(len(sizes)), key=lambda i: -remainders[i])
    for index in order[: total - sum(shares)]:
        shares[index] += 1
    return shares


def _strata(lines: Sequence[int], categories: Sequence[str | None]) -> list[list[int]]:
    groups: dict[str | None, list[int]] = {}
    for line, category in zip(lines, categories, strict=True):
        groups.setdefault(category, []).append(line)
    return [groups[name] for name in sorted(groups, key=lambda name: (name is None, name or ""))]


def stratified_sample(lines: Sequence[int], categories: Sequence[str | None], size: int, seed: int) -> list[int]:
    """``size`` of the lines, every category in its proportion, in the order of the file."""
    strata = _strata(lines, categories)
    shares = allocate(size, [len(stratum) for stratum in strata])
    chosen: list[int] = []
    for stratum, share in zip(strata, shares, strict=True):
        chosen.extend(shuffled(stratum, seed)[:share])
    return sorted(chosen)


def stratified_shards(
    lines: Sequence[int], categories: Sequence[str | None], rows_per_shard: int, seed: int
) -> list[list[int]]:
    """The lines in as few shards as possible, none over ``rows_per_shard``, each line in exactly one.

    Shards differ by at most one row in size, and by at most one row in each category. Within a shard the
    order of the file is kept. No lines: no shards.
    """
    if rows_per_shard < 1:
        raise ValueError(f"a shard needs at least one row, got {rows_per_shard}")
    count = -(-len(lines) // rows_per_shard)
    shards: list[list[int]] = [[] for _ in range(count)]
    position = 0
    for stratum in _strata(lines, categories):
        for line in shuffled(stratum, seed):
            shards[position % count].append(line)
            position += 1
    return [sorted(shard) for shard in shards]
