"""Every row of the evaluation inside ``report.html``: searched, filtered and sorted without a server.

The rows travel as JSON, which a browser never reads as markup; the page's script makes text of them, never HTML.
"""

from __future__ import annotations

import html
import json
from typing import Any

import pandas as pd

from .analysis import Analysis
from .charts import ordered_metrics
from .verdicts import MODEL_LABELS

BROWSER_BYTES = 3_500_000  # the page stays under 5 MB, whatever the answers hold
BROWSER_SHORTEST = 80  # characters of a text that are kept at least
BROWSER_STYLE = """
.controls { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .5rem .8rem; }
.controls label { font-size: .85rem; color: var(--muted); }
.controls input, .controls select, .more { font: inherit; font-size: 1rem; height: 2.4rem; padding: 0 .6rem;
  width: 100%; display: block; color: var(--ink); background: var(--card);
  border: 1px solid var(--muted); border-radius: 6px; }
.more { width: auto; cursor: pointer; }
.browser .scroll { margin-top: .9rem; } .browser summary b { min-width: 5.5rem; }
.row h3 { font-size: .8rem; margin: .9rem 0 .2rem; color: var(--muted); }
.browser[hidden], .more[hidden] { display: none; }
.browser :is(th, td):last-child { white-space: normal; text-align: left; min-width: 14rem; }
.browser td { vertical-align: top; }
@media print { .browser { display: none; } }
"""
BROWSER_SCRIPT = """
(() => {
  const place = document.querySelector(".browser");
  if (!place) return;
  const data = JSON.parse(document.querySelector("#rows-data").textContent);
  const at = name => place.querySelector(`[data-control=${name}]`), list = place.querySelector(".found-rows");
  const both = data.sides.length == 2, told = place.querySelector("[role=status]");
  const more = place.querySelector(".more"), step = 25;
  const make = (tag, text, look) => {
    const made = document.createElement(tag);
    if (text != null) made.textContent = text;
    if (look) made.className = look;
    return made;
  };
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
    const made = make("details", null, "row"), line = make("summary"), [base, tuned] = row[6][m];
    const score = both ? `${shown(base)} → ${shown(tuned)}` : shown(data.sides[0] == "base" ? base : tuned);
    const where = make("small"); where.append(make("bdi", `row ${row[0]}` + (row[1] ? `, ${row[1]}` : "")));
    line.append(make("b", score), " ", make("bdi", row[2].trim().replace(/\\s+/g, " ").slice(0, 110)), " ", where);
    made.append(line);
    made.addEventListener("toggle", () => { if (made.open && made.children.length == 1) open(row, made); });
    return made;
  };
  const texts = data.rows.map(row =>
    [...row.slice(0, 6), ...row[6].flatMap(score => score.slice(2))].join("\\n").toLowerCase());
  let found = [], upTo = 0;
  const add = () => {
    const m = +at("metric").value, next = found.slice(upTo, upTo + step);
    list.append(...next.map(i => item(data.rows[i], m)));
    upTo += next.length; more.hidden = upTo >= found.length;
  };
  const fits = { all: () => true, worse: g => g < 0, better: g => g > 0, same: g => g === 0, none: g => g == null };
  const find = () => {
    const wanted = at("text").value.toLowerCase(), m = +at("metric").value, category = at("category")?.value;
    const result = at("result")?.value || "all", order = at("order").value, fit = fits[result];
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
  place.querySelectorAll("input, select").forEach(control => control.addEventListener("input", find));
  more.addEventListener("click", () => {
    const last = upTo;
    add();
    list.children[last]?.querySelector("summary").focus();
  });
  place.hidden = false; find();
})();
"""


def browser_html(analysis: Analysis) -> str:
    """The section: controls, an empty list that the script fills, and the rows as JSON."""
    summary = analysis.summary
    sides = ["base", "tuned"] if summary["scope"] == "compare" else [summary["scope"]]
    names = ordered_metrics(summary)
    if not names or not len(analysis.per_example):
        return ""
    data = browser_data(analysis.per_example, names, sides)
    data |= {"lower": [summary["metrics"][name]["direction"] == "lower" for name in names]}
    cut = data.pop("cut")
    metrics = _options((str(at), name) for at, name in enumerate(names))
    categories = sorted({row[1] for row in data["rows"] if row[1]})
    controls = [
        '<label>Find rows with <input type="search" data-control="text"></label>',
        f'<label>Metric <select data-control="metric">{metrics}</select></label>',
    ]
    orders = [("worst", "worst first"), ("best", "best first"), ("file", "as in the dataset")]
    if len(sides) == 2:
        results = [("all", "all"), ("worse", "got worse"), ("better", "got better"), ("same", "the same"),
                   ("none", "a score is missing")]  # fmt: skip
        controls.append(f'<label>Result <select data-control="result">{_options(results)}</select></label>')
        orders[:2] = [("worst", "largest loss first"), ("best", "largest gain first")]
    if 1 < len(categories) <= 200:
        values = _options([("", "all"), *((value, value) for value in categories)])
        controls.append(f'<label>Category <select data-control="category">{values}</select></label>')
    controls.append(f'<label>Order <select data-control="order">{_options(orders)}</select></label>')
    shortened = f" Texts longer than {cut:,} characters are cut; per_example.csv has them whole." if cut else ""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return (
        f'<section class="browser" hidden><h2>All rows</h2><p>{_intro(sides)}{shortened}</p>'
        f'<div class="controls">{"".join(controls)}</div><p role="status"></p><div class="found-rows"></div>'
        '<button type="button" class="more" hidden>Show 25 more</button></section>'
        f'<script type="application/json" id="rows-data">{text.replace("<", chr(92) + "u003c")}</script>'
    )


def _intro(sides: list[str]) -> str:
    if len(sides) == 2:
        return "Open a row for both answers, what differs in them, and the judge's words."
    return f"Open a row for the {MODEL_LABELS[sides[0]]}'s answer and the judge's words."


def _options(pairs: Any) -> str:
    return "".join(
        f'<option value="{html.escape(value, quote=True)}">{html.escape(label)}</option>' for value, label in pairs
    )


def browser_data(table: pd.DataFrame, names: list[str], sides: list[str]) -> dict[str, Any]:
    """``{"metrics", "sides", "rows", "cut"}``; a row is id, category, prompt, reference, base answer, tuned answer
    and per metric base score, tuned score and the judge's words on both. ``cut`` is the length that longer texts were
    cut to so that all fit, 0 when none was."""

    def texts(column: str) -> list[str]:
        return [value if isinstance(value, str) else "" for value in table[column]]

    def scores(column: str) -> list[Any]:
        return [_plain_score(value) for value in table[column].tolist()]

    head = [texts(column) for column in ("prompt", "reference", "base_response", "tuned_response")]
    judged = []
    for name in names:
        words = [texts(f"{name}__{side}_explanation") for side in ("base", "tuned")]
        judged.append([scores(f"{name}__base"), scores(f"{name}__tuned"), *words])
    columns = [*head, *(column for metric in judged for column in metric[2:])]
    cut = _longest_that_fits(columns, BROWSER_BYTES)
    if cut:
        for column in columns:
            column[:] = [text if len(text) <= cut else text[:cut] + " …" for text in column]
    rows = [
        [str(record), category if isinstance(category, str) else "", *parts, [list(entry) for entry in entries]]
        for record, category, parts, entries in zip(
            table["record_id"].tolist(),
            table["category"].tolist(),
            zip(*head, strict=True),
            zip(*(zip(*metric, strict=True) for metric in judged), strict=True),
            strict=True,
        )
    ]
    return {"metrics": names, "sides": sides, "rows": rows, "cut": cut}


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
