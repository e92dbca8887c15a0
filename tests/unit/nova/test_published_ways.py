"""Ways of reading the container's output that published notebooks show, beside ours, on the same made-up output.

The rules are theirs, the code is ours: each is written down here as the smallest function that does what the notebooks
describe. ``tests/proof/nova_readings.md`` holds the counts; UPDATE_PROOF=1 with this test writes it anew.
"""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path

from model_evaluation.kinds.nova.localaws.container import NovaOutput
from model_evaluation.kinds.nova.runtime.output.details import DetailRow, read_details
from model_evaluation.kinds.nova.runtime.scores.answers import json_object
from model_evaluation.kinds.nova.runtime.scores.confidence import answer_confidence
from unit.nova.container_runs import TICKETS, analysed, answered

PROOF = Path(__file__).parents[2] / "proof" / "nova_readings.md"
GOLDS = {row["query"]: json.loads(row["response"])["class"] for row in TICKETS}
HEAD = """# Readings of the Nova container's output, side by side

72 made-up tickets, answered by the simulated base model on two instances with ten log probabilities a token. The
published rules are those of AWS's sample notebooks and articles in November 2026, restated; a test holds the counts.

| what is read | as published | here |
|---|---|---|
"""


def rows_of(output: NovaOutput | None = None) -> list[DetailRow]:
    read = answered("nova-lite/prod", replicas=2, output=output, inference={"top_logprobs": 10})
    return read_details(read.details).rows


def first_match(row: DetailRow) -> float:
    """The rule that is published: the first token anywhere that begins like a part of the label, or the other way
    round; 0 where the answer is not bare JSON."""
    try:
        label = str(json.loads(row.prediction)["class"])
    except (ValueError, KeyError, TypeError):
        return 0.0
    best = {max(own, key=lambda token: own[token]): max(own.values()) for own in row.logprobs or ()}
    parts = [part.lower() for part in re.split(r"[_\s]+", label)]
    for token, number in best.items():
        bare = re.sub(r"[^a-z0-9]", "", token.lower())
        if bare and any(part.startswith(bare) or bare.startswith(part) for part in parts):
            return math.exp(number)
    return 0.0


def right(row: DetailRow) -> bool:
    given = json_object(row.prediction)
    return given is not None and given.get("class") == GOLDS[row.example]


def labels_alike() -> DetailRow:
    """An answer whose label shares its beginning with others: the model hesitates only after that."""
    tokens = {'{"class": "': 1.0, "Hard": 0.98, "ware": 1.0, "_Min": 0.4, "or": 0.8, '"}': 1.0}
    choices = [{token: math.log(p)} for token, p in tokens.items()]
    return DetailRow("t, row 1", "q", "", '{"class": "Hardware_Minor"}', {}, logprobs=choices)


def counts() -> list[tuple[str, str, str]]:
    rows = rows_of()
    ours = [answer_confidence(row, "class") for row in rows]
    theirs = [first_match(row) for row in rows]
    fenced = [row.prediction.startswith("```") for row in rows]
    zero = sum(value == 0.0 for value in theirs)
    alike = labels_alike()
    joint = answer_confidence(alike, "class").joint
    overlap = sum(row.metrics["f1"] >= 0.3 and not right(row) for row in rows)
    by_position = sum(row.example != ticket["query"] for row, ticket in zip(rows, TICKETS, strict=True))
    paired = analysed({"base": answered("nova-lite/prod", replicas=2)}, scope="base").summary["rows"]["base"]
    misspelt = rows_of(NovaOutput(logprobs="pred_lobprobs"))
    unresolved = sum(bool(own.reason) for own in ours)
    column = "confidence from a column spelt pred_lobprobs in the code, pred_logprobs in the table"
    read = sum(row.logprobs is not None for row in misspelt)
    without = f"confidence 0.0, {zero} rows with the fenced ones"
    return [
        (column, "0 of 72, without a word", f"{read} of 72 under either name"),
        (f"confidence of answers in a fence ({sum(fenced)} of 72)", "0.0 each", "resolved"),
        ("answers without a usable value", without, f"none, {unresolved} rows with a reason"),
        ("labels that begin alike (a constructed row)", f"{first_match(alike):.2f}", f"{joint:.2f}"),
        ("a wrong class counted as right (overlap of at least 0.3)", str(overlap), "0"),
        ("rows put to the dataset's line by line", f"{by_position} of 72 to another row", f"{paired} of 72 by record"),
    ]


def test_the_counts_are_those_of_the_proof() -> None:
    lines = counts()
    text = HEAD + "".join(f"| {' | '.join(line)} |\n" for line in lines)
    if os.environ.get("UPDATE_PROOF"):
        PROOF.write_text(text, encoding="utf-8")
    assert PROOF.read_text(encoding="utf-8") == text


def test_what_is_published_loses_rows_and_flatters() -> None:
    by_subject = {line[0].partition(" ")[0]: line for line in counts()}
    assert by_subject["labels"][1:] == ("0.98", "0.31")
    assert int(by_subject["a"][1]) > 5
    assert not by_subject["rows"][1].startswith("0 ")
