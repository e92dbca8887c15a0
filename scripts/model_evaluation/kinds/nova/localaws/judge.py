"""SIMULATED: the container's judges, which like the answer that says more of what was asked, and the first one."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence

from model_evaluation.kinds.nova.runtime.recipes.recipe import RUBRIC
from model_evaluation.localaws.language import seeded
from model_evaluation.runtime.settings import Json

Row = Json


def table_row(
    prompt: str,
    gold: Sequence[object],
    answer: list[str],
    scores: Row,
    specifics: Row | None = None,
    logprobs: Sequence[object] = (),
) -> Row:
    """A row of the container's table: its cells are texts of Python values. ``scores`` are kept beside them."""
    texts = {"gold": gold, "predictions": answer, "metrics": scores, "specifics": specifics or {}}
    chat = [{"role": "user", "content": prompt}]
    cells = {"full_prompt": str(chat), "example": prompt, **{name: str(value) for name, value in texts.items()}}
    return {**cells, "logprobs": str(list(logprobs)), "scores": scores}


def judged(rows: Sequence[Row], task: str) -> tuple[dict[str, dict[str, float]], dict[str, list[Row]]]:
    """Two judgments of every pair. The judge likes the answer that says more of what was asked, and the first one."""
    cells, total = [], Counter[str]()
    for row in rows:
        rng = seeded("nova judge", row["prompt"], row["response_A"], row["response_B"])
        margin = _worth(row["prompt"], row["response_B"]) - _worth(row["prompt"], row["response_A"])
        labels = [_label(margin, -0.08, rng), _label(margin, 0.08, rng)]
        counts = Counter(label for label in labels if label)
        texts = {"A": "[[A>B]]", "B": "[[B>A]]", "tie": "[[A=B]]", "": "I cannot compare these."}
        metrics: Row = {
            "forward_output": texts[labels[0]],
            "backward_output": texts[labels[1]],
            "a_scores": float(counts["A"]),
            "b_scores": float(counts["B"]),
            "ties": float(counts["tie"]),
            "inference-score": float(labels.count("")),
            "score": float(counts["B"]),
        }
        if task == RUBRIC:
            metrics |= _rubric(margin, rng)
        passes = 2 if task == RUBRIC else 1  # whose counts are means over both
        for label, name in (("A", "a_scores"), ("B", "b_scores"), ("tie", "ties")):
            total[label] += int(passes * metrics[name])
        total["error"] += labels.count("")
        cells.append(table_row(row["prompt"], [], [metrics["forward_output"]], metrics))
    name = f"custom|{task}_judge|0"
    numbers = _judge_numbers(total)
    if task == RUBRIC:
        margins = [cell["scores"]["score_margin"] for cell in cells]
        numbers |= {"score_margin": sum(margins) / len(margins), "score_margin_stderr": 0.0}
    return {name: numbers, "all": numbers}, {name: cells}


def _worth(prompt: str, answer: str) -> float:
    asked, said = set(prompt.lower().split()), set(answer.lower().split())
    return min(1.0, len(said) / 40) + 0.5 * len(asked & said) / max(1, len(asked))


def _label(margin: float, bias: float, rng: random.Random) -> str:
    seen = margin + bias + rng.gauss(0, 0.12)
    if rng.random() < 0.01:
        return ""
    return "tie" if abs(seen) < 0.03 else "B" if seen > 0 else "A"


def _judge_numbers(total: Mapping[str, int]) -> dict[str, float]:
    a, b = total["A"], total["B"]
    n = max(1, a + b)
    rng = seeded("nova bootstrap", a, b)
    rates = sorted(sum(rng.random() < b / n for _ in range(n)) / n for _ in range(400))
    rate = b / n
    error = math.sqrt(rate * (1 - rate) / n)
    names = ("a_scores", "b_scores", "ties", "inference_error", "score")
    values = dict(zip(names, (a, b, total["tie"], total["error"], b), strict=True))
    numbers = {name: float(value) for name, value in values.items()}
    numbers |= {f"{name}_stderr": error for name in names}
    return numbers | {"winrate": rate, "lower_rate": rates[10], "upper_rate": rates[389]}


def _rubric(margin: float, rng: random.Random) -> Row:
    criteria: Row = {}
    a = b = 0.0
    for name, weight in (("accuracy", 0.5), ("completeness", 0.3), ("clarity", 0.2)):
        middle = 3 + rng.gauss(0, 0.7)
        scores = [min(5, max(1, round(middle + sign * margin + rng.gauss(0, 0.4)))) for sign in (-1, 1)]
        a, b = a + weight * (scores[0] - 1) / 4, b + weight * (scores[1] - 1) / 4
        criteria[name] = {
            "score_A": scores[0], "score_B": scores[1], "weight": weight, "type": "scale",
            "description": f"How good the answer's {name} is.", "justification_A": "SIMULATED",
            "justification_B": "SIMULATED",
        }  # fmt: skip
    return {
        "a_scores": float(a > b), "b_scores": float(b > a), "ties": float(a == b),
        "weighted_score_A": a, "weighted_score_B": b, "score_margin": a - b,
        "overall_justification": "SIMULATED: the better answer says more of what was asked.",
        "criteria_breakdown": criteria,
    }  # fmt: skip
