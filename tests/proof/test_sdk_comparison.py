"""What the side-by-side table claims; leaves sdk_comparison.md beside this file."""

from __future__ import annotations

import pytest

from proof.sdk_comparison import CASES, HERE, ROWS, Case, Outcome, play, table

BETTER = "better, files complete and in one order"


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    patch = pytest.MonkeyPatch()
    for name, value in {"AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1",
                        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():  # fmt: skip
        patch.setenv(name, value)
    found = {case.name: play(case) for case in CASES}
    patch.undo()
    (HERE / "sdk_comparison.md").write_text(table(list(found.values())), encoding="utf-8")
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_our_interval_holds_the_truth(outcomes: dict[str, Outcome], case: Case) -> None:
    outcome = outcomes[case.name]
    difference = outcome.ours.summary["metrics"]["Correctness"]["difference"]
    assert difference["ci_low"] <= outcome.truth <= difference["ci_high"]


def test_ours_does_not_depend_on_the_order_or_number_of_files(outcomes: dict[str, Outcome]) -> None:
    same = [o.ours.summary["metrics"] for o in outcomes.values() if o.truth == 0.075 and not o.case.missing]
    assert len(same) == 3
    assert same[0] == same[1] == same[2]


def test_the_sdk_agrees_where_nothing_is_wrong_with_the_files(outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[BETTER]
    entry = outcome.ours.summary["metrics"]["Correctness"]
    sdk = outcome.sdk
    assert [sdk["custom_wins"], sdk["ties"], sdk["base_wins"]] == [entry["wins"], entry["ties"], entry["losses"]]
    assert sdk["total"] == ROWS


def test_the_sdk_is_misled_by_order_gaps_direction_and_parts(outcomes: dict[str, Outcome]) -> None:
    straight = outcomes[BETTER].sdk
    assert outcomes["better, base file in another order"].sdk["custom_wins"] != straight["custom_wins"]
    gaps = outcomes["no difference; the judge left out scores of the base model"].sdk
    assert gaps["custom_win_rate"] > 1.5 * gaps["base_win_rate"]
    assert "error" in outcomes["better; one score is null"].sdk
    harmful = outcomes["better on Correctness, harmful on 40% of rows"]
    assert harmful.sdk["custom_win_rate"] > 3 * harmful.sdk["base_win_rate"]
    assert harmful.ours.summary["verdict"]["decision"] == "mixed"
    assert outcomes["better, four files a model"].sdk["total"] == ROWS // 4
