// The browser of all rows. The data stand in a JSON script beside this one; texts of it become text, never markup.
(() => {
  const home = document.currentScript.parentElement;
  const data = JSON.parse(home.querySelector("script[type='application/json']").textContent);
  const both = data.models.length == 2, step = 25;

  const make = (tag, text, look) => {
    const element = document.createElement(tag);
    if (text != null) element.textContent = text;
    if (look) element.className = look;
    return element;
  };
  const shown = score => score == null ? "no score" : typeof score == "number" ? String(+score.toPrecision(4)) : score;
  const gain = (row, m) => {  // what the fine-tuned model gained on metric m, null without two numbers
    const [base, tuned] = row.scores[m];
    if (typeof base != "number" || typeof tuned != "number") return null;
    return data.lower[m] ? base - tuned : tuned - base;
  };

  // A text in which the words are marked that the other does not have in that place, by their longest common
  // subsequence.
  const marked = (text, other) => {
    const words = text.match(/\s+|\S+/g) || [], others = other.match(/\s+|\S+/g) || [], part = make("pre");
    if (!words.length || Math.max(words.length, others.length) > 800) {
      part.textContent = text || "–";
      return part;
    }
    const width = others.length + 1, best = new Uint16Array((words.length + 1) * width);
    for (let i = words.length - 1; i >= 0; i--)
      for (let j = others.length - 1; j >= 0; j--)
        best[i * width + j] = words[i] == others[j] ? best[(i + 1) * width + j + 1] + 1
          : Math.max(best[(i + 1) * width + j], best[i * width + j + 1]);
    let j = 0;
    words.forEach((word, i) => {
      while (j < others.length && word != others[j] && best[i * width + j + 1] >= best[(i + 1) * width + j]) j++;
      const same = j < others.length && word == others[j];
      if (same) j++;
      part.append(same || !word.trim() ? word : make("mark", word));
    });
    return part;
  };

  const block = (title, content) => {
    const part = make("div");
    part.append(make("h3", title), typeof content == "string" ? make("pre", content || "–") : content);
    return part;
  };
  const scoreTable = row => {
    const region = make("div", null, "scroll"), table = make("table"), head = make("tr");
    region.tabIndex = 0;
    region.setAttribute("role", "region");
    region.setAttribute("aria-label", "Scores of this row");
    ["Metric", "Model", "Score", data.explanations].forEach(text => {
      const cell = make("th", text);
      cell.scope = "col";
      head.append(cell);
    });
    table.append(make("thead"), make("tbody"));
    table.tHead.append(head);
    data.metrics.forEach((name, m) => ["base", "tuned"].forEach((side, s) => {
      if (!data.models.includes(side)) return;
      const line = make("tr"), first = make("th", name);
      first.scope = "row";
      line.append(first, make("td", data.short[side]), make("td", shown(row.scores[m][s])),
        make("td", row.scores[m][s + 2] || "–"));
      table.tBodies[0].append(line);
    }));
    region.append(table);
    return region;
  };
  const fill = (row, item) => {
    item.append(block("Prompt", row.prompt), block("Reference", row.reference));
    if (both) {
      const pair = make("div", null, "pair");
      pair.append(block(data.titles.base, marked(row.base, row.tuned)),
        block(data.titles.tuned, marked(row.tuned, row.base)));
      item.append(pair);
    } else item.append(block("Answer", row[data.models[0]]));
    item.append(scoreTable(row));
  };
  const rowItem = (row, m) => {
    const item = make("details", null, "row"), line = make("summary"), place = make("small"), g = gain(row, m);
    const [base, tuned] = row.scores[m];
    const score = both ? `${shown(base)} → ${shown(tuned)}` : shown(data.models[0] == "base" ? base : tuned);
    place.append(make("bdi", `row ${row.id}` + (row.category ? `, ${row.category}` : "")));
    line.append(make("b", score, !both || !g ? "" : g > 0 ? "good" : "bad"), " ",
      make("bdi", row.prompt.slice(0, 300).trim().replace(/\s+/g, " "), "opening"), " ", place);
    item.append(line);
    item.addEventListener("toggle", () => { if (item.open && item.children.length == 1) fill(row, item); });
    return item;
  };

  const controls = {}, bar = make("div", null, "controls");
  const addControl = (name, title, options) => {
    const label = make("label", title), control = make(options ? "select" : "input");
    if (options) options.forEach(([value, text]) => control.append(new Option(text, value)));
    else control.type = "search";
    control.dataset.control = name;
    label.append(control);
    bar.append(label);
    controls[name] = control;
  };
  addControl("text", "Find rows with");
  addControl("metric", "Metric", data.metrics.map((name, m) => [m, name]));
  if (both) addControl("result", "Result", [["all", "all"], ["worse", "got worse"], ["better", "got better"],
    ["same", "the same"], ["none", "a score is missing"]]);
  const categories = [...new Set(data.rows.map(row => row.category))].filter(Boolean).sort();
  if (categories.length > 1 && categories.length <= 200)
    addControl("category", "Category", [["", "all"], ...categories.map(name => [name, name])]);
  if (data.marks.length) addControl("mark", "Only", [["", "all"], ...data.marks.map((name, k) => [k, name])]);
  addControl("order", "Order", [["worst", both ? "largest loss first" : "worst first"],
    ["best", both ? "largest gain first" : "best first"], ["file", "as in the dataset"]]);

  const status = make("p"), list = make("div", null, "row-list"), more = make("button", `Show ${step} more`, "more");
  status.setAttribute("role", "status");
  more.type = "button";
  const searched = data.rows.map(row => [row.id, row.category, row.prompt, row.reference, row.base, row.tuned,
    ...row.scores.flatMap(score => score.slice(2))].join("\n").toLowerCase());
  let matches = [], listed = 0;
  const showMore = () => {
    const m = +controls.metric.value, next = matches.slice(listed, listed + step);
    list.append(...next.map(i => rowItem(data.rows[i], m)));
    listed += next.length;
    more.hidden = listed >= matches.length;
  };
  const fits = { all: () => true, worse: g => g != null && g < 0, better: g => g != null && g > 0, same: g => g === 0,
    none: g => g == null };
  const worth = (row, m) => {  // what rows are ordered by: the gain, or with one model its score, upwards good
    if (both) return gain(row, m);
    const score = row.scores[m][data.models[0] == "base" ? 0 : 1];
    return typeof score != "number" ? null : data.lower[m] ? -score : score;
  };
  const find = () => {
    const wanted = controls.text.value.toLowerCase(), m = +controls.metric.value, category = controls.category?.value;
    const mark = controls.mark?.value || "";
    const fit = fits[controls.result?.value || "all"], order = controls.order.value;
    matches = [...data.rows.keys()].filter(i => fit(gain(data.rows[i], m))
      && (!category || data.rows[i].category === category) && (!mark || data.rows[i].marks.includes(+mark))
      && (!wanted || searched[i].includes(wanted)));
    if (order != "file") {
      const sign = order == "worst" ? 1 : -1, values = data.rows.map(row => worth(row, m));
      const keys = values.map(value => value == null ? Infinity : sign * value);
      matches.sort((a, b) => keys[a] == keys[b] ? a - b : keys[a] - keys[b]);
    }
    list.replaceChildren();
    listed = 0;
    showMore();
    status.textContent = `${matches.length} of ${data.rows.length} rows`;
  };
  Object.values(controls).forEach(control => control.addEventListener("input", find));
  more.addEventListener("click", () => {
    const last = listed;
    showMore();
    list.children[last]?.querySelector("summary").focus();
  });

  const browser = make("div", null, "browser");
  browser.append(make("p", data.intro), bar, status, list, more);
  find();
  home.append(browser);
  home.classList.add("live");
})();
