"""The row browser of report and notebook, used as a person would: controls set, what it then says read."""

from __future__ import annotations

import json
from typing import Any

from model_evaluation.runtime.analysis import Analysis
from unit.runtime.results_world import World, analysis_of, result_line

METRICS = (
    "Correctness", "Completeness", "Faithfulness", "Helpfulness", "Coherence", "Relevance",
    "FollowingInstructions", "ProfessionalStyleAndTone", "Harmfulness", "Refusal",
)  # fmt: skip
HOSTILE = "</script><script>document.title = 'hacked'</script><img src=x onerror=\"document.title='hacked'\">"


def analysis_of_rows(rows: int) -> Analysis:
    """Rows with ten metrics, two categories, some missing scores and hostile texts in every field."""
    world = World()
    for i in range(rows):
        prompt = f"Where is order {i}?" + (HOSTILE if i % 100 == 7 else "")
        category = ("billing", "delivery")[i % 2]
        world.dataset.append(json.dumps({"query": prompt, "response": f"It left on day {i}.", "category": category}))
        for lines, side, shift in ((world.tuned, "tuned", 1), (world.base, "base", 0)):
            answer = f"The {side} model says that order {i} is on its way. " + HOSTILE * (i % 50 == 3)
            scores: dict[str, Any] = {name: ((i * 7 + shift * (i % 3) + at) % 5) / 4 for at, name in enumerate(METRICS)}
            if i % 40 == 0 and side == "base":
                scores["Correctness"] = None
            words = {name: f"Reason {at} on order {i}: {HOSTILE if i % 99 == 0 else 'fine'}" for at, name in
                     enumerate(METRICS)}  # fmt: skip
            lines.append(result_line(prompt, answer, scores, reference=f"It left on day {i}.", explanations=words))
    return analysis_of(world, builtin_metrics=list(METRICS))


def choose(browser: Any, **values: str) -> dict[str, Any]:
    """Set controls (the others as they are at the start) and return what the page then says and how long it took."""
    found: dict[str, Any] = browser.execute_script(
        """
        const [values] = arguments, place = document.querySelector(".browser");
        const controls = [...place.querySelectorAll("[data-control]")];
        controls.forEach(c => { c.value = c.tagName == "INPUT" ? "" : c.options[0].value; });
        Object.entries(values).forEach(([name, value]) => {
          place.querySelector(`[data-control=${name}]`).value = value;
        });
        const began = performance.now();
        controls[0].dispatchEvent(new Event("input"));
        document.body.offsetHeight;
        const milliseconds = performance.now() - began;
        return {milliseconds, told: place.querySelector("[role=status]").textContent,
                titles: [...place.querySelectorAll(".row-list summary")].map(s => s.textContent)};
        """,
        values,
    )
    return found
