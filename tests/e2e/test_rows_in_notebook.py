"""The notebook's rows: filtered in JupyterLab and after nbconvert, readable where scripts may not run, all offline."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from e2e.jupyterlab_browser import jupyterlab
from e2e.report_browser import chromium, missing, open_page, screenshot, serious
from e2e.row_browser import HOSTILE, analysis_of_rows, choose
from model_evaluation.runtime.report.page import comparison_html, in_notebook
from model_evaluation.runtime.report.row_browser import NOTEBOOK_BYTES, rows_html

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")]
ROWS = 120


@pytest.fixture(scope="module")
def fragment() -> str:
    """What the comparison's and the rows' cells show."""
    analysis = analysis_of_rows(ROWS)
    return in_notebook(comparison_html(analysis)) + in_notebook(rows_html(analysis, budget=NOTEBOOK_BYTES))


@pytest.fixture(scope="module")
def notebook(fragment: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook that someone sent: its one output was not made here."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "fragment.html").write_text(fragment, encoding="utf-8")
    source = "from IPython.display import HTML\nHTML(open('fragment.html', encoding='utf-8').read())"
    output = new_output("execute_result", {"text/html": fragment, "text/plain": "rows"}, execution_count=1)
    cell = new_code_cell(source, outputs=[output], execution_count=1, id="rows")
    path = folder / "sent.ipynb"
    nbformat.write(new_notebook(cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": "x"}}), path)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def unharmed(browser: Any) -> bool:
    return "hacked" not in browser.title and browser.execute_script(
        "return !document.querySelector('.model-evaluation img, .model-evaluation pre script')"
    )


def test_after_nbconvert_the_filters_work(notebook: Path, browser: Any) -> None:
    from nbconvert import HTMLExporter

    page = notebook.with_suffix(".html")
    page.write_text(HTMLExporter().from_filename(str(notebook))[0], encoding="utf-8")
    open_page(browser, page)
    everything, found = choose(browser)["told"], choose(browser, category="billing", text="order 12")
    browser.execute_script("document.querySelectorAll('.browser details').forEach(row => { row.open = true; })")
    assert everything == f"{ROWS} of {ROWS} rows"
    assert found["told"] == "1 of 120 rows"  # 12; 120 is none of 0 to 119
    assert unharmed(browser)
    assert not browser.find_elements("css selector", ".changed")[0].is_displayed()


def test_without_scripts_the_rows_can_be_read(fragment: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<!doctype html><meta charset=utf-8>{fragment}", encoding="utf-8")
    with chromium(scripts=False) as browser:
        browser.get(page.as_uri())
        assert browser.find_elements("css selector", ".browser, select, input") == []
        rows = browser.find_elements("css selector", ".changed details")
        assert len(rows) == 20
        rows[0].find_element("css selector", "summary").click()
        text = rows[0].text
    for part in ("The base model says", "The tuned model says", "Reason 0 on order", "Fine-tuned model"):
        assert part in text


@pytest.mark.parametrize(("ink", "paper"), [("rgba(0, 0, 0, 0.87)", "#fff"), ("rgba(255, 255, 255, 1)", "#111")])
def test_in_either_theme_of_jupyterlab_it_can_be_read_by_everybody(
    fragment: str, browser: Any, tmp_path: Path, ink: str, paper: str
) -> None:
    """axe finds nothing serious. SCREENSHOTS=folder keeps the pictures."""
    page, dark = tmp_path / "page.html", paper == "#111"
    theme = f"body {{ --jp-content-font-color1: {ink}; --jp-layout-color1: {paper}; background: {paper}; }}"
    page.write_text(
        f'<!doctype html><html lang="en"><meta charset=utf-8><title>x</title><style>{theme}</style><main>{fragment}',
        encoding="utf-8",
    )
    open_page(browser, page, dark=dark)
    choose(browser, result="worse")
    browser.execute_script("document.querySelectorAll('.browser details').forEach((r, i) => { r.open = i < 2; })")
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path))
    screenshot(browser, folder / f"notebook-{'dark' if dark else 'light'}.png")
    assert serious(browser) == []


def test_in_jupyterlab_rows_are_read_at_once_and_filtered_once_the_cell_ran(notebook: Path, tmp_path: Path) -> None:
    with jupyterlab(notebook.parent, tmp_path, dict(os.environ)) as lab:
        lab.open(notebook.name)
        output = ".jp-OutputArea-output"
        lab.wait(lambda: "Rows that got better" in lab.output() or lab.errors(), "the sent output")
        assert lab.browser.find_elements("css selector", f"{output} .browser, {output} script") == []
        assert len(lab.browser.find_elements("css selector", f"{output} details")) == 20
        assert unharmed(lab.browser)
        lab.picture("sent", output)

        lab.run_all()
        lab.wait(lab.finished, "the end")
        assert lab.errors() == []
        lab.wait(lambda: lab.browser.find_elements("css selector", f"{output} .browser"), "the row browser")
        assert choose(lab.browser, result="worse", text="order 11")["told"].endswith(f" of {ROWS} rows")
        assert choose(lab.browser, text=HOSTILE[:20])["told"] != f"0 of {ROWS} rows"
        lab.browser.execute_script("document.querySelectorAll('.browser details').forEach(row => { row.open = true; })")
        assert unharmed(lab.browser)

        # What is typed into the search does not reach JupyterLab, where "dd" deletes the cell.
        search = lab.browser.find_element("css selector", f"{output} [data-control=text]")
        search.click()
        search.clear()
        search.send_keys("dd")
        assert len(lab.prompts()) == 1
        assert search.get_attribute("value") == "dd"
        choose(lab.browser)
        lab.picture("ran", output)
