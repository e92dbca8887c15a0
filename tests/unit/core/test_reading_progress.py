"""Progress on stderr: nothing for two seconds, then a line every two seconds."""

from __future__ import annotations

from model_evaluation.progress import read_so_far, watched


def test_what_takes_two_seconds_is_told_and_nothing_is_changed() -> None:
    told: list[str] = []
    times = iter([0.0, 0.5, 1.9, 2.1, 2.2, 2.3, 4.3, 4.4])
    chunks = [b"x" * 1_000_000] * 5
    assert list(watched(chunks, "shard", 5_000_000, clock=lambda: next(times), write=told.append)) == chunks
    assert told == ["  shard: 3 of 5 MB\n", "  shard: 5 of 5 MB\n"]


def test_nothing_is_read_before_it_is_asked_for() -> None:
    taken: list[bytes] = []
    stream = watched((taken.append(chunk) or chunk for chunk in [b"a", b"b"]), "training data")  # type: ignore[func-returns-value]
    assert taken == []
    assert next(stream) == b"a"
    assert taken == [b"a"]


def test_rows_read_so_far() -> None:
    told: list[str] = []
    read_so_far(600_000_000, write=told.append)(30_000_000, 51_234)
    read_so_far(write=told.append)(30_000_000, 51_234)
    assert told == ["  read 30 of 600 MB, 51,234 rows\n", "  read 30 MB, 51,234 rows\n"]
