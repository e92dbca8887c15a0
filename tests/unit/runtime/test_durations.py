"""How long steps take, by size: the published anchors, then this project's own runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_evaluation.kinds.llm_as_judge.cost import JudgeDurations
from model_evaluation.kinds.llm_as_judge.runtime.judge_runs import CHAIN
from model_evaluation.runtime.launch.durations import PastRun, keep_past_run, read_past_runs

ANSWERS, SCORES = "EvaluateCustomInferenceModel", "EvaluateBaseModelMetrics"


def test_steps_grow_with_rows_and_only_judging_with_metrics() -> None:
    # 7.5 + 60 rows x 1.5 s, 12 + 60 x 6 s; 7.5 + 60 x 3 calls x 0.5 s, 12 + 60 x 3 x 2 s
    assert JudgeDurations.of(60, 3).minutes(ANSWERS) == pytest.approx((9.0, 18.0))
    assert JudgeDurations.of(60, 3).minutes(SCORES) == pytest.approx((9.0, 18.0))
    assert JudgeDurations.of(60, 6).minutes(ANSWERS) == JudgeDurations.of(60, 3).minutes(ANSWERS)
    assert JudgeDurations.of(60, 6).minutes(SCORES) == pytest.approx((10.5, 24.0))
    assert JudgeDurations.of(9999, 9).minutes("AssociateLineage") == JudgeDurations.of(0, 0).minutes("AssociateLineage")


def test_the_published_anchors_are_met() -> None:
    low, high = JudgeDurations.of(5, 5).whole()
    assert low < 20
    assert high > 15
    low, high = JudgeDurations.of(123, 5).whole()
    assert low < 45 < 55 < high


def test_long_prompts_take_longer() -> None:
    """Published: 45 to 50 minutes for 30 rows, 3 metrics and prompts of 3,200 tokens."""
    low, high = JudgeDurations.of(30, 3, 3_200).whole()
    assert low <= 45
    assert high >= 50
    assert (low, high) == pytest.approx((31.2, 63.6 + 0.5), abs=0.6)
    assert JudgeDurations.of(30, 3).whole()[1] < 35  # what the card said of these rows without their length


def test_prompts_of_a_usual_length_change_little() -> None:
    short, usual = JudgeDurations.of(60, 3).whole(), JudgeDurations.of(60, 3, 60).whole()
    assert usual == pytest.approx(short, rel=0.05)


def test_own_runs_with_longer_prompts_count_by_their_length() -> None:
    """A run of long prompts that took what was to be expected says nothing against the estimate for short ones."""
    long = JudgeDurations.of(30, 3, 3_200)
    as_expected = (long.minutes(SCORES)[0] * long.minutes(SCORES)[1]) ** 0.5
    run = PastRun("long", long.sizes, {SCORES: as_expected})
    low, high = JudgeDurations.of(30, 3, own=(run,)).minutes(SCORES)
    middle = (JudgeDurations.of(30, 3).minutes(SCORES)[0] * JudgeDurations.of(30, 3).minutes(SCORES)[1]) ** 0.5
    assert (low, high) == pytest.approx((middle / 1.25, middle * 1.25))


def test_jobs_one_after_another_share_the_rows_and_repeat_the_fixed_part() -> None:
    one, three = JudgeDurations.of(900, 2).whole(), JudgeDurations.of(900, 2).whole(3)
    assert three[0] - one[0] == pytest.approx(2 * 15)
    assert JudgeDurations.of(0, 0).whole() == pytest.approx((15, 25))


def test_own_runs_move_and_narrow_the_estimate() -> None:
    published = JudgeDurations.of(60, 3)
    # Twice as long as the middle of what was published: sqrt(9 x 18) = 12.73 minutes.
    run = PastRun("e1", {"rows": 60, "metrics": 3}, dict.fromkeys(CHAIN, 2 * 12.7279))
    low, high = JudgeDurations.of(60, 3, own=(run,)).minutes(SCORES)
    assert (low, high) == pytest.approx((25.456 / 1.25, 25.456 * 1.25), rel=1e-3)
    assert high - low < 25.456
    # The same pace at ten times the size: 7.5 + 5 and 12 + 20 times two thirds ... stays proportional to published.
    larger = JudgeDurations.of(600, 3, own=(run,)).minutes(SCORES)
    assert larger[0] / low == pytest.approx(
        (JudgeDurations.of(600, 3).minutes(SCORES)[0] * JudgeDurations.of(600, 3).minutes(SCORES)[1]) ** 0.5 / 12.7279,
        rel=1e-3,
    )
    quick = PastRun("e2", {"rows": 60, "metrics": 3}, {SCORES: 12.7279})
    assert JudgeDurations.of(60, 3, own=(run, quick)).minutes(SCORES) == pytest.approx((12.73 / 1.25, high), rel=1e-3)
    assert JudgeDurations.of(60, 3, own=(quick,)).minutes(ANSWERS) == published.minutes(ANSWERS)


def test_a_step_is_worth_a_look_after_twice_what_is_usual_for_its_size() -> None:
    assert JudgeDurations.of(60, 3).stuck_after(SCORES) == 90
    assert JudgeDurations.of(1000, 5).stuck_after(SCORES) == pytest.approx(2 * (12 + 1000 * 5 * 2 / 60))
    assert JudgeDurations.of(1000, 5).stuck_after("CreateEvaluationAction") == 15


def test_runs_are_kept_once_beside_the_launch_records(tmp_path: Path) -> None:
    run = PastRun("abc", {"rows": 60, "metrics": 3}, {SCORES: 11.123456})
    keep_past_run(str(tmp_path), run)
    assert list(tmp_path.iterdir()) == []  # no records there: not a results folder
    (tmp_path / "launches").mkdir()
    for _ in range(2):
        keep_past_run(str(tmp_path), run)
    assert read_past_runs(str(tmp_path)) == (PastRun("abc", {"rows": 60, "metrics": 3}, {SCORES: 11.12}),)
    with (tmp_path / "launches" / "durations.jsonl").open("a") as file:
        file.write(
            '{"execution": "b"}\nnonsense\n[]\n{"execution": "c", "rows": 1, "metrics": 1, "minutes": {"x": 0}}\n'
        )
    assert [past.run_id for past in read_past_runs(str(tmp_path))] == ["abc", "c"]
    assert read_past_runs(str(tmp_path / "nowhere")) == ()
