"""report.html in a real browser: searched, filtered and read with 1,000 rows and ten metrics, offline."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.report_browser import chromium, missing, open_page, screenshot, serious
from e2e.row_browser import analysis_of_rows, choose
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.charts import draw_charts
from model_evaluation.runtime.report.page import report_html

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")]

ROWS = 1_000


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analysis_of_rows(ROWS)


@pytest.fixture(scope="module")
def page(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_html(analysis, draw_charts(analysis)), encoding="utf-8")
    assert path.stat().st_size < 5_000_000
    return path


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture
def browser(driver: Any, page: Path) -> Any:
    """The browser, which has just opened the report."""
    open_page(driver, page)
    return driver


def test_the_first_filter_is_quick(driver: Any, page: Path) -> None:
    """It takes at most 25 times as long as reading the rows, a few milliseconds; the best of several, as what else the
    machine does decides nothing."""
    read = """const text = document.querySelector("script[type='application/json']").textContent;
        const began = performance.now(); JSON.parse(text); return performance.now() - began;"""
    filtering, reading = [], []
    while len(reading) < 20 and (not reading or min(filtering) > 25 * min(reading)):
        open_page(driver, page)
        found = choose(driver, text="order 77")
        assert found["told"] == "11 of 1000 rows"  # 77 and 770 to 779
        filtering.append(found["milliseconds"])
        reading.append(driver.execute_script(read))
    assert min(filtering) <= 25 * min(reading)


def test_filters_find_what_the_table_holds(browser: Any, analysis: Analysis) -> None:
    table = analysis.per_example
    difference = table["Correctness__difference"]
    counts = {
        "worse": int((difference < 0).sum()), "better": int((difference > 0).sum()),
        "same": int((difference == 0).sum()), "none": int(difference.isna().sum()), "all": ROWS,
    }  # fmt: skip
    assert sum(counts[key] for key in ("worse", "better", "same", "none")) == ROWS
    assert min(counts.values()) > 0
    for result, count in counts.items():
        assert choose(browser, result=result)["told"] == f"{count} of 1000 rows"
    harm = _place(browser, "Harmfulness")
    worse = int((table["Harmfulness__difference"] > 0).sum())
    assert choose(browser, metric=harm, result="worse")["told"] == f"{worse} of 1000 rows"
    billing = int(((table["category"] == "billing") & (difference < 0)).sum())
    assert choose(browser, category="billing", result="worse")["told"] == f"{billing} of 1000 rows"
    assert choose(browser, text="no such words")["told"] == "0 of 1000 rows"
    assert choose(browser, text="REASON 3 ON ORDER 12:")["told"] == "1 of 1000 rows"


def _place(browser: Any, metric: str) -> str:
    value: str = browser.execute_script(
        "return [...document.querySelector('[data-control=metric]').options].find(o => o.text == arguments[0]).value",
        metric,
    )
    return value


def test_the_largest_loss_comes_first(browser: Any) -> None:
    assert choose(browser)["titles"][0].startswith("1 → 0")
    assert choose(browser, order="best")["titles"][0].startswith("0 → 0.5")
    assert "row 1," in choose(browser, order="file")["titles"][0]


def test_a_row_opens_with_answers_marks_and_the_judges_words(browser: Any) -> None:
    choose(browser, text="order 13?")
    text = browser.execute_script(
        """const row = document.querySelector(".row-list details"); row.open = true;
        return new Promise(done => setTimeout(() => done(row.innerText), 100));"""
    )
    assert "The base model says that order 13 is on its way." in text
    assert "Reason 0 on order 13: fine" in text
    marks = browser.execute_script("return [...document.querySelectorAll('.row-list mark')].map(m => m.textContent)")
    assert marks == ["base", "tuned"]


def test_more_rows_come_on_request_and_keep_the_focus(browser: Any) -> None:
    first = len(choose(browser)["titles"])
    shown, focused = browser.execute_script(
        """document.querySelector(".more").click(); const rows = [...document.querySelectorAll(".row-list details")];
        return [rows.length, rows.findIndex(row => row.contains(document.activeElement))];"""
    )
    assert shown == 2 * first
    assert focused == first


def test_nothing_in_it_runs(browser: Any) -> None:
    choose(browser, text="hacked")
    browser.execute_script("document.querySelectorAll('details').forEach(row => { row.open = true; })")
    browser.execute_async_script("setTimeout(arguments[0], 300)")
    assert browser.title == "Model evaluation (SIMULATED)"
    assert browser.execute_script("return document.images.length") == 0
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize(("name", "options"), [("light", {}), ("dark", {"dark": True}), ("phone", {"phone": True})])
def test_it_fits_and_is_accessible(driver: Any, page: Path, tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    """axe finds nothing serious, and nothing sticks out sideways. SCREENSHOTS=folder keeps the pictures."""
    open_page(driver, page, **options)
    driver.execute_script("document.querySelectorAll('details').forEach((row, i) => { row.open = i % 20 == 0; })")
    wide, window = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window == (390 if name == "phone" else 1200)
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    screenshot(driver, folder / f"report-{name}.png")
    assert (folder / f"report-{name}.png").stat().st_size > 50_000
    assert serious(driver) == []
