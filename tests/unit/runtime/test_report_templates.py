"""The report's templates, style sheets and scripts: nothing from outside becomes markup in any of them."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import Markup

from model_evaluation.notebook.wheel import notebook_library
from model_evaluation.runtime.report.markup import ENVIRONMENT, TEMPLATES, part
from model_evaluation.runtime.report.view import ReportView
from model_evaluation.runtime.report.words import ReportWords
from unit.runtime.page_parser import Page

MARKUP_OR_NETWORK = ("HTML", "insertAdjacent", "document.write", "eval(", "fetch(", "XMLHttp", "import")
HOSTILE = ("<script>alert(1)</script>", "\"'><img src=x>", "</pre></style>", "<!-- people -->")
SCRIPTS = sorted(TEMPLATES.glob("*.js"))


def parts_of(text: str) -> dict[str, Markup]:
    """Every part that prints texts, given this one wherever it takes one."""
    check = {"status": "warn", "message": text, "counts": {text: 1}}
    row = {
        **dict.fromkeys(("change", "look", "opening"), text),
        "row": dict.fromkeys(("id", "category", "prompt", "reference"), text),
    }
    changes = [(text, True), (text, False)]
    difference = {"mean": 0.1, "ci_low": 0.0, "ci_high": 0.2, "confidence": 0.95, "p_adjusted": 0.03}
    entry = {
        "direction": "lower",
        "tuned": None,
        "base": None,
        "difference": difference,
        "verdict": "improved",
        "wins": 1,
        "ties": 2,
        "losses": 3,
        "n_paired": 6,
    }
    summary = {
        "scope": "compare",
        "simulated": True,
        "primary_metric": text,
        "metrics": {text: entry},
        "slices": {text: {text: {text: entry}}},
        "warnings": [text],
        "fairness": {"checks": [check], "sound_rows": None},
        "verdict": {"decision": "improved", "sentence": text},
        "planned": {"sentence": text},
        "labels": {"tuned": text, "base": text},
    }
    view = ReportView(summary, ReportWords(absent=text, checks_heading=text))
    return {
        "verdict": part("verdict", view=view),
        "paragraphs": part("paragraphs", texts=[text]),
        "bullets": part("bullets", texts=[text]),
        "facts": part("facts", facts=[(text, text)]),
        "table": part("table", headings=[text] * 3, lines=[[text] * 3], caption=text, left=2),
        "each_check": part("each_check", checks=[check]),
        "fairness": part("fairness", checks=[check, {**check, "status": "pass"}], sentence=text),
        "chart": part("chart", subject=text, title=text, svg=""),
        "folded": part("folded", title=text, content=""),
        "row": part("row", **row, titles=[text, text], base=changes, tuned=changes, scores=[[(text, text)]]),
        "changed_rows": part("changed_rows", metric=text, worse=[], better=[]),
        "people": part("people", sentences=[text], table=""),
        "metrics": part("metrics", view=view),
        "slices": part("slices", view=view),
        "comparison": part("comparison", view=view),
    }


def test_these_are_the_parts_that_print_texts() -> None:
    macros = {name for name in dir(ENVIRONMENT.get_template("parts.html.j2").module) if not name.startswith("_")}
    assert macros - set(parts_of("x")) == {"answer", "rows", "notebook_cell"}  # a row's own, and two of markup only


@given(
    st.text(min_size=1, max_size=20)
    | st.sampled_from(["<script>alert(1)</script>", "\"'><img src=x>", "</pre>", "<!-- -->"])
)
def test_any_text_in_any_part_is_text(text: str) -> None:
    plain = {name: [tag for tag, _ in Page(html).tags if tag != "wbr"] for name, html in parts_of("x").items()}
    for name, html in parts_of(text).items():
        tags = [tag for tag, _ in Page(html).tags if tag != "wbr"]
        assert tags == plain[name], name


def test_a_direction_mark_stays_inside_the_text_blocks_of_a_row() -> None:
    for name, html in parts_of("a\u202eb\nc").items():
        assert ("\u202e" in html) == (name == "row")
    row = {"id": "\u202e", "category": "\u202e", "prompt": "", "reference": ""}
    assert part("row", **dict.fromkeys(("change", "look", "opening"), "\u202e"), row=row,
                titles=["\u202e"] * 2, base=[], tuned=[], scores=[]).count("\u202e") == 0  # fmt: skip


def test_a_value_that_is_forgotten_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError, match="title"):
        part("folded", content="")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_parse(script: Path) -> None:
    done = subprocess.run(["node", "--check", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_scripts_make_no_markup_and_load_nothing() -> None:
    assert SCRIPTS
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        assert not [word for word in MARKUP_OR_NETWORK if word in text], script.name
        assert "</script" not in text


@pytest.mark.parametrize("sheet", sorted(TEMPLATES.glob("*.css")), ids=lambda path: path.name)
def test_style_sheets_are_whole_and_load_nothing(sheet: Path) -> None:
    text = sheet.read_text(encoding="utf-8")
    assert text.count("{") == text.count("}") > 0
    assert not [word for word in ("@import", "url(", "</style", "http") if word in text]


def test_the_files_travel_in_the_notebooks_library() -> None:
    archive = zipfile.ZipFile(io.BytesIO(notebook_library(("model_evaluation.runtime",)).wheel))
    carried = {Path(name).name for name in archive.namelist() if "/report/templates/" in name}
    assert carried == {path.name for path in TEMPLATES.iterdir()}
