"""The rows of the evaluation, searched, filtered and sorted without a server: in ``report.html`` and in the notebook.

What stands there without script are the rows that changed most, which can be read, folded out and printed. Where
scripts run, they give way to a browser of all rows. Its rows travel as JSON, which is never read as markup; the script
makes text of them, never HTML, and loads nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.statistics.verdicts import MODEL_LABELS

from .changed_rows import NAME_CHARACTERS, changed_rows_html
from .wording import one_line, ordered_metrics

BROWSER_BYTES = 3_500_000  # of rows: the page stays under 5 MB, whatever the answers hold
NOTEBOOK_BYTES = 2_000_000  # a notebook is saved again and again
BROWSER_SHORTEST = 80  # characters of a text that are kept at least
BROWSER_READABLE = 400  # characters of a text for which there is room, where rows must be left out
BROWSER_STYLE = """
.controls { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .5rem .8rem; }
.controls label { font-size: .85rem; color: var(--muted); }
.controls input, .controls select, .more { font: inherit; font-size: 1rem; height: 2.4rem; padding: 0 .6rem;
  width: 100%; display: block; box-sizing: border-box; color: var(--ink); background: var(--card);
  border: 1px solid var(--muted); border-radius: 6px; }
.more { width: auto; cursor: pointer; }
.browser [role=status] { margin: .7rem 0; color: var(--muted); }
.more[hidden], .live .changed { display: none; }
.browser .scroll { margin-top: .9rem; }
.browser :is(th, td):last-child { white-space: normal; text-align: left; min-width: 14rem; }
.browser td { vertical-align: top; } .browser :is(th, td):nth-child(2) { text-align: left; }
@media print { .browser { display: none; } .live .changed { display: block; } }
"""
BROWSER_SCRIPT = """
(() => {
  const home = document.currentScript.parentElement;
  const data = JSON.parse(home.querySelector("script[type='application/json']").textContent);
  const both = data.sides.length == 2, step = 25;
  const make = (tag, text, look) => {
    const made = document.createElement(tag);
    if (text != null) made.textContent = text;
    if (look) made.className = look;
    return made;
  };
  const place = make("div", null, "browser"), bar = make("div", null, "controls"), told = make("p");
  const list = make("div", null, "found-rows"), more = make("button", `Show ${step} more`, "more"), controls = {};
  told.setAttribute("role", "status"); more.type = "button";
  const control = (name, title, options) => {
    const label = make("label", title), made = controls[name] = make(options ? "select" : "input");
    (options || []).forEach(([value, text]) => made.append(new Option(text, value)));
    if (!options) made.type = "search";
    made.dataset.control = name; label.append(made); bar.append(label);
  };
  control("text", "Find rows with");
  control("metric", "Metric", data.metrics.map((name, m) => [m, name]));
  if (both) control("result", "Result", [["all", "all"], ["worse", "got worse"], ["better", "got better"],
    ["same", "the same"], ["none", "a score is missing"]]);
  const categories = [...new Set(data.rows.map(row => row[1]))].filter(Boolean).sort();
  if (categories.length > 1 && categories.length <= 200)
    control("category", "Category", [["", "all"], ...categories.map(name => [name, name])]);
  control("order", "Order", [["worst", both ? "largest loss first" : "worst first"],
    ["best", both ? "largest gain first" : "best first"], ["file", "as in the dataset"]]);
  place.append(make("p", data.intro), bar, told, list, more);
  const words = text => text.match(/\\s+|\\S+/g) || [];
  const shown = score => score == null ? "no score" : typeof score == "number" ? String(+score.toPrecision(4)) : score;
  const change = (row, m) => {
    const [base, tuned] = row[6][m];
    return typeof base == "number" && typeof tuned == "number" ? tuned - base : null;
  };
  const gain = (row, m) => { const d = change(row, m); return d == null ? null : data.lower[m] ? -d : d; };
  // Words of one text that the other does not have in that place, by their longest common subsequence.
  const marked = (text, other) => {
    const mine = words(text), its = words(other), part = make("pre");
    if (Math.max(mine.length, its.length) > 800) { part.textContent = text || "–"; return part; }
    const width = its.length + 1, best = new Uint16Array((mine.length + 1) * width);
    for (let i = mine.length - 1; i >= 0; i--) for (let j = its.length - 1; j >= 0; j--)
      best[i * width + j] = mine[i] == its[j] ? best[(i + 1) * width + j + 1] + 1
        : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
    for (let i = 0, j = 0; i < mine.length; i++) {
      while (j < its.length && mine[i] != its[j] && best[i * width + j + 1] >= best[(i + 1) * width + j]) j++;
      const same = j < its.length && mine[i] == its[j];
      if (same) j++;
      part.append(same || !mine[i].trim() ? mine[i] : make("mark", mine[i]));
    }
    if (!mine.length) part.textContent = "–";
    return part;
  };
  const block = (title, content) => {
    const made = make("div");
    made.append(make("h3", title), typeof content == "string" ? make("pre", content || "–") : content);
    return made;
  };
  const open = (row, into) => {
    const [, , prompt, reference, base, tuned, scores] = row, pair = make("div", null, "pair");
    into.append(block("Prompt", prompt), block("Reference", reference));
    if (both) {
      pair.append(block("Base model", marked(base, tuned)), block("Fine-tuned model", marked(tuned, base)));
      into.append(pair);
    } else into.append(block("Answer", data.sides[0] == "tuned" ? tuned : base));
    const region = make("div", null, "scroll"), table = make("table"), head = make("tr");
    region.tabIndex = 0; region.setAttribute("role", "region"); region.setAttribute("aria-label", "Scores of this row");
    ["Metric", "Model", "Score", "The judge's words"].forEach(text => {
      const cell = make("th", text); cell.scope = "col"; head.append(cell);
    });
    table.append(make("thead"), make("tbody")); table.tHead.append(head);
    data.metrics.forEach((name, m) => ["base", "tuned"].forEach((side, s) => {
      if (!data.sides.includes(side)) return;
      const line = make("tr"), first = make("th", name); first.scope = "row";
      line.append(first, make("td", side == "base" ? "base" : "fine-tuned"), make("td", shown(scores[m][s])),
        make("td", scores[m][s + 2] || "–"));
      table.tBodies[0].append(line);
    }));
    region.append(table); into.append(region);
  };
  const item = (row, m) => {
    const made = make("details", null, "row"), line = make("summary"), [base, tuned] = row[6][m], g = gain(row, m);
    const score = both ? `${shown(base)} → ${shown(tuned)}` : shown(data.sides[0] == "base" ? base : tuned);
    const where = make("small"); where.append(make("bdi", `row ${row[0]}` + (row[1] ? `, ${row[1]}` : "")));
    const look = !both || !g ? "" : g > 0 ? "good" : "bad";
    line.append(make("b", score, look), " ", make("bdi", row[2].slice(0, 300).trim().replace(/\\s+/g, " "), "opening"),
      " ", where);
    made.append(line);
    made.addEventListener("toggle", () => { if (made.open && made.children.length == 1) open(row, made); });
    return made;
  };
  const texts = data.rows.map(row =>
    [...row.slice(0, 6), ...row[6].flatMap(score => score.slice(2))].join("\\n").toLowerCase());
  let found = [], upTo = 0;
  const add = () => {
    const m = +controls.metric.value, next = found.slice(upTo, upTo + step);
    list.append(...next.map(i => item(data.rows[i], m)));
    upTo += next.length; more.hidden = upTo >= found.length;
  };
  const fits = { all: () => true, worse: g => g < 0, better: g => g > 0, same: g => g === 0, none: g => g == null };
  const find = () => {
    const wanted = controls.text.value.toLowerCase(), m = +controls.metric.value, category = controls.category?.value;
    const result = controls.result?.value || "all", order = controls.order.value, fit = fits[result];
    found = [];
    data.rows.forEach((row, i) => {
      const g = result == "all" ? 0 : gain(row, m);
      if ((g != null || result == "none" || result == "all") && fit(g) && (!category || row[1] === category)
          && (!wanted || texts[i].includes(wanted))) found.push(i);
    });
    if (order != "file") {
      const side = data.sides[0] == "base" ? 0 : 1, sign = order == "worst" ? 1 : -1;
      const key = data.rows.map(row => {
        const own = row[6][m][side];
        const alone = typeof own == "number" ? (data.lower[m] ? -own : own) : null, value = both ? gain(row, m) : alone;
        return value == null ? Infinity : sign * value;
      });
      found.sort((a, b) => key[a] == key[b] ? a - b : key[a] - key[b]);
    }
    list.replaceChildren(); upTo = 0; add();
    told.textContent = `${found.length} of ${data.rows.length} rows`;
  };
  Object.values(controls).forEach(made => made.addEventListener("input", find));
  more.addEventListener("click", () => {
    const last = upTo;
    add();
    list.children[last]?.querySelector("summary").focus();
  });
  find(); home.append(place); home.classList.add("live");
})();
"""


def rows_html(analysis: Analysis, *, changed: int = 10, budget: int = BROWSER_BYTES) -> str:
    """The section: up to ``changed`` rows each way that changed most, and all rows (``budget`` bytes) for the script.

    JupyterLab's keyboard shortcuts leave it alone. Its style is ``BROWSER_STYLE``.
    """
    summary = analysis.summary
    sides = ["base", "tuned"] if summary["scope"] == "compare" else [summary["scope"]]
    names = ordered_metrics(summary)
    if not names or not len(analysis.pairs):
        return ""
    still = changed_rows_html(analysis, changed) if len(sides) == 2 else ""
    text = rows_json(analysis, names, sides, budget).replace("<", "\\u003c")
    return (
        f'<div class="rows" data-lm-suppress-shortcuts="true"><div class="changed">{still}</div>'
        f'<script type="application/json">{text}</script><script>{BROWSER_SCRIPT}</script></div>'
    )


def rows_json(analysis: Analysis, names: Sequence[str], sides: Sequence[str], budget: int) -> str:
    """The browser's data in about ``budget`` bytes. The longest texts are cut where there is too much text, and where
    there are too many rows those that changed least on the primary metric are left out; the introduction says so."""
    room = budget
    while True:
        text = _rows_within(analysis, names, sides, room)
        # Escapes are not counted beforehand: text full of quotes or "<" takes several times its length.
        if len(text.encode("utf-8", "replace")) + 5 * text.count("<") <= 1.3 * budget or room < 1_000:
            return text
        room //= 2


def _rows_within(analysis: Analysis, names: Sequence[str], sides: Sequence[str], room: int) -> str:
    total, texts = len(analysis.pairs), 4 + len(sides) * len(names)
    if total * texts * BROWSER_SHORTEST > room:
        table = analysis.rows(_most_changed(analysis, max(1, room // (BROWSER_READABLE * texts))))
    else:
        table = analysis.per_example
    columns = _text_columns(table, names)
    cut = _longest_that_fits(list(columns.values()), room)
    data = {
        "metrics": [one_line(name) for name in names],
        "lower": [analysis.summary["metrics"][name]["direction"] == "lower" for name in names],
        "sides": sides,
        "intro": _intro(sides, total, len(table), cut),
        "rows": browser_rows(table, names, columns, cut),
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _intro(sides: Sequence[str], total: int, kept: int, cut: int) -> str:
    parts = [f"Open a row for the {MODEL_LABELS[sides[0]]}'s answer and the judge's words."]
    if len(sides) == 2:
        parts = ["Open a row for both answers, what differs in them, and the judge's words."]
    if kept < total:
        parts.append(f"These are the {kept:,} of {total:,} rows that changed most; per_example.csv has all.")
    if cut:
        parts.append(f"Texts longer than {cut:,} characters are cut; per_example.csv has them whole.")
    return " ".join(parts)


def _most_changed(analysis: Analysis, room: int) -> list[int]:
    """Positions of the ``room`` rows with the largest change on the primary metric, in the table's order."""
    column = analysis.scores.get(f"{analysis.summary['primary_metric']}__difference")
    if column is None:
        return list(range(room))
    changes = column.abs().fillna(-1.0)
    return sorted(int(at) for at in changes.sort_values(ascending=False, kind="stable").index[:room])


def _text_columns(table: pd.DataFrame, names: Sequence[str]) -> dict[str, list[str]]:
    kept = ["prompt", "reference", "base_response", "tuned_response"]
    kept += [f"{name}__{side}_explanation" for name in names for side in ("base", "tuned")]
    return {name: [value if isinstance(value, str) else "" for value in table[name].tolist()] for name in kept}


def browser_rows(table: pd.DataFrame, names: Sequence[str], columns: dict[str, list[str]], cut: int) -> list[list[Any]]:
    """A row is id, category, prompt, reference, base answer, tuned answer and per metric base score, tuned score and
    the judge's words on both. Texts longer than ``cut`` are cut, none where it is 0."""
    texts = columns
    if cut:
        texts = {
            name: [text if len(text) <= cut else text[:cut] + " …" for text in column]
            for name, column in columns.items()
        }
    head = [texts[name] for name in ("prompt", "reference", "base_response", "tuned_response")]
    judged = []
    for name in names:
        scores = [[_plain_score(value) for value in table[f"{name}__{side}"].tolist()] for side in ("base", "tuned")]
        judged.append(zip(*scores, *(texts[f"{name}__{side}_explanation"] for side in ("base", "tuned")), strict=True))
    ids = [str(value)[:NAME_CHARACTERS] for value in table["record_id"].tolist()]
    categories = [value[:NAME_CHARACTERS] if isinstance(value, str) else "" for value in table["category"].tolist()]
    entries = zip(*judged, strict=True)
    return [
        [*first, [list(entry) for entry in row]] for *first, row in zip(ids, categories, *head, entries, strict=True)
    ]


def _plain_score(value: Any) -> float | str | None:
    if isinstance(value, str):
        return value
    return None if value is None or value != value else float(value)


def _longest_that_fits(columns: list[list[str]], budget: int) -> int:
    """0 when all texts fit into ``budget`` bytes, else the length to cut them to, at least ``BROWSER_SHORTEST``."""
    lengths = [len(text.encode("utf-8", "replace")) for column in columns for text in column]
    if sum(lengths) <= budget:
        return 0
    low, high = BROWSER_SHORTEST, max(lengths)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sum(min(length, middle) for length in lengths) <= budget else (low, middle - 1)
    return low
