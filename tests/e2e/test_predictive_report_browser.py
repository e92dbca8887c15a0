"""The report about a predictive model in a browser: it fits, is accessible, and reaches for nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.report_browser import chromium, missing, open_page, screenshot, serious
from model_evaluation.kinds.predictive.runtime.problem import Problem
from model_evaluation.runtime.report.export import export_analysis
from unit.predictive.numbers.cases import analysed, breast_cancer, diabetes

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    test, predictions = breast_cancer()
    analysis = analysed(test, predictions, threshold="cost 1 10 cross-fit", slices=["size"])
    return export_analysis(analysis, tmp_path_factory.mktemp("results")) / "report.html"


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Path:
    test, predictions = diabetes()
    analysis = analysed(test, predictions, Problem("regression"))
    return export_analysis(analysis, tmp_path_factory.mktemp("results")) / "report.html"


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize("report", ["page", "regression"])
@pytest.mark.parametrize(("name", "options"), [("light", {}), ("dark", {"dark": True}), ("phone", {"phone": True})])
def test_it_fits_and_is_accessible(
    request: pytest.FixtureRequest, driver: Any, report: str, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    """axe finds nothing serious, and nothing sticks out sideways. SCREENSHOTS=folder keeps the pictures."""
    path: Path = request.getfixturevalue(report)
    open_page(driver, path, **options)
    driver.execute_script("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    wide, window = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window == (390 if name == "phone" else 1200)
    figures = len(list((path.parent / "figures").glob("*.svg")))
    assert len(driver.find_elements("css selector", "figure svg[role=img]")) == figures >= 3
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    screenshot(driver, folder / f"predictive-{report}-{name}.png")
    assert serious(driver) == []
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []
