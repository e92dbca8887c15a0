"""What a kind has is found in the modules of its folder."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from model_evaluation.kinds.kind import Kind


def test_a_module_that_is_not_there_says_none_of_that_and_a_broken_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bare_kind"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "kind.py").write_text(
        "from model_evaluation.kinds.kind import Kind\n\nclass Bare(Kind):\n    pass\n\nKIND = Bare()\n"
    )
    (folder / "checks.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    kind: Kind = importlib.import_module("bare_kind.kind").KIND
    assert kind.player() is None  # there is no folder `localaws` either
    assert kind.metric_tool() is None
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        kind.checks()
