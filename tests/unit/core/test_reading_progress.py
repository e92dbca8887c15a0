"""Progress on stderr: nothing for two seconds, then a line every two seconds."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from model_evaluation import progress


def test_what_takes_two_seconds_is_told_and_nothing_is_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([0.0, 0.5, 1.9, 2.1, 2.2, 2.3, 4.3, 4.4])
    chunks = [b"x" * 1_000_000] * 5
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(times)))
    assert list(progress.watched(chunks, "shard", 5_000_000)) == chunks
    assert capsys.readouterr().err == "  shard: 3 of 5 MB\n  shard: 5 of 5 MB\n"


def test_nothing_is_read_before_it_is_asked_for() -> None:
    taken: list[bytes] = []
    stream = progress.watched((taken.append(chunk) or chunk for chunk in [b"a", b"b"]), "training data")  # type: ignore[func-returns-value]
    assert taken == []
    assert next(stream) == b"a"
    assert taken == [b"a"]


def test_rows_read_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    progress.read_so_far(600_000_000)(30_000_000, 51_234)
    progress.read_so_far()(30_000_000, 51_234)
    assert capsys.readouterr().err == "  read 30 of 600 MB, 51,234 rows\n  read 30 MB, 51,234 rows\n"
