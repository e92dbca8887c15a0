"""Two models' logs compared: pairs by task, id and epoch; errors counted; epochs as clusters."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model_evaluation.kinds.inspect_ai.runtime.analysis import LABELS, LogsAnalysis, analyse, viewer_command
from model_evaluation.kinds.inspect_ai.runtime.logs import Log, Sample
from model_evaluation.runtime.report.page import report_html
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side
from model_evaluation.runtime.summary import FairnessCheck, Summary

ReadLog = Callable[[str], Log]
EVALUATION = Evaluation("inspect_ai", {}, {"name": "new"}, {"name": "old"}, labels=LABELS, execution_arn="run/x")
ALONE = replace(EVALUATION, base=None, scope="tuned")


def compare(
    tuned: Sequence[Log] | Log,
    base: Sequence[Log] | Log,
    evaluation: Evaluation = EVALUATION,
    tasks: Sequence[str] = (),
) -> Summary:
    logs: Mapping[Side, Sequence[Log]] = {
        "tuned": [tuned] if isinstance(tuned, Log) else tuned,
        "base": [base] if isinstance(base, Log) else base,
    }
    return analyse(evaluation, logs, tasks=tasks).summary


def check(summary: Summary, name: str) -> FairnessCheck:
    return next(check for check in summary["fairness"]["checks"] if check["id"] == name)


def made(task: str, scores: Mapping[tuple[str, int], float | None], **changes: object) -> Log:
    """A log with these scores by id and epoch; ``None`` is a sample that failed."""
    samples = tuple(
        Sample(name, epoch, f"Question {task} {name}", "gold", "Done.", {} if score is None else {"match": score}, {},
               error="it broke" if score is None else "")
        for (name, epoch), score in scores.items()
    )  # fmt: skip
    epochs = max(epoch for _, epoch in scores)
    log = Log(f"{task}.json", task, "m", "success", "2026-01-01", epochs, samples, ("match",), {}, {}, len(samples))
    return replace(log, **changes)  # type: ignore[arg-type]


def test_the_verdict_of_two_real_logs_in_other_orders(log: ReadLog) -> None:
    summary = compare(log("candidate.eval"), log("reference.json"))
    entry = summary["metrics"]["includes"]
    assert summary["primary_metric"] == "includes"
    assert summary["rows"] == {"dataset": 12, "tuned": 12, "base": 12, "paired": 12, "distinct": 6}
    # By hand: of six countries France failed; Kenya, Norway and Peru were won, Japan is wrong and Egypt right in both.
    assert entry["n_paired"] == 10
    assert entry["difference"] is not None
    assert entry["difference"]["mean"] == pytest.approx(3 / 5)
    tuned = entry["tuned"]
    assert tuned is not None
    assert (tuned["mean"], tuned["n_missing"]) == (pytest.approx(4 / 5), 2)


def test_the_two_formats_give_the_same_result(log: ReadLog) -> None:
    packed, plain = (compare(log("candidate.eval"), log(name)) for name in ("reference.eval", "reference.json"))
    assert packed["metrics"] == plain["metrics"]
    assert packed["verdict"] == plain["verdict"]


def test_failed_samples_are_counted_missing_and_shown_as_wrong_besides(log: ReadLog) -> None:
    failed = check(compare(log("candidate.eval"), log("reference.eval")), "failed_samples")
    assert failed["counts"] == {"candidate": 2, "reference": 0}
    assert failed["status"] == "warn"
    assert failed.get("at_most") == "inconclusive"  # two of twelve are more than one in twenty
    assert "+0.333" in failed["message"]  # 3 won, France lost as a wrong answer: 2 of 6


def test_a_few_failed_samples_do_not_hold_the_verdict_back() -> None:
    scores = {(str(n), 1): 1.0 for n in range(60)}
    worse = {key: float(int(key[0]) % 3 == 0) for key in scores}
    summary = compare(made("t", {**scores, ("7", 1): None}), made("t", worse))
    assert "at_most" not in check(summary, "failed_samples")
    assert summary["verdict"]["decision"] == "improved"


def test_the_epochs_of_a_sample_are_one_cluster() -> None:
    rng = np.random.default_rng(7)
    luck = {str(n): float(rng.random() < 0.5) for n in range(40)}
    ten = {(n, epoch): value for n, value in luck.items() for epoch in range(1, 11)}
    none = dict.fromkeys(ten, 0.0)
    many = compare(made("t", ten), made("t", none))
    one = compare(made("t", {(n, 1): v for n, v in luck.items()}), made("t", {(n, 1): 0.0 for n in luck}))
    wide, same = (summary["metrics"]["match"]["difference"] for summary in (one, many))
    assert wide is not None
    assert same is not None
    width, repeated = (own["ci_high"] - own["ci_low"] for own in (wide, same))  # type: ignore[operator]
    assert repeated == pytest.approx(width, rel=0.35), "asking the same ten times shows nothing new"
    assert any("400 rows, 40 clusters" in text for text in many["warnings"])


def test_samples_that_are_worded_alike_stay_different_ones() -> None:
    """Tasks for agents often say "Solve the task in /workspace" in each sample."""
    log = made("t", {(str(n), 1): float(n % 2) for n in range(20)})
    same = replace(log, samples=tuple(replace(sample, input="Solve it.") for sample in log.samples))
    zero = replace(same, samples=tuple(replace(sample, scores={"match": 0.0}) for sample in same.samples))
    summary = compare(same, zero)
    assert summary["metrics"]["match"]["n_paired"] == 20
    assert not any("cluster" in text for text in summary["warnings"])


def test_the_same_id_with_another_input_is_not_the_same_sample(log: ReadLog) -> None:
    summary = compare(log("candidate.eval"), log("other_input.eval"))
    assert summary["verdict"]["decision"] == "invalid"
    assert check(summary, "same_samples")["counts"] == {"samples": 12, "changed": 12}
    assert "task arguments of capitals" in check(summary, "same_settings")["message"]


def test_a_few_changed_samples_are_left_out_and_told() -> None:
    mine = made("t", {(str(n), 1): 1.0 for n in range(30)})
    theirs = replace(
        mine, samples=(replace(mine.samples[0], input="Another question"), *mine.samples[1:]), name="other.json"
    )
    summary = compare(mine, theirs)
    found = check(summary, "same_samples")
    assert found["status"] == "warn"
    assert "t/0/1" in found["message"]
    assert summary["rows"]["paired"] == 29


def test_a_sample_that_only_one_log_has_is_not_paired() -> None:
    scores = {(str(n), 1): 1.0 for n in range(30)}
    fewer = {key: value for key, value in scores.items() if int(key[0]) > 2}
    summary = compare(made("t", scores), made("t", fewer))
    assert (summary["rows"]["tuned"], summary["rows"]["base"], summary["rows"]["paired"]) == (30, 27, 27)
    assert check(summary, "same_rows")["status"] == "warn"


def test_a_cancelled_run_holds_the_verdict_back(log: ReadLog) -> None:
    summary = compare(log("broken.eval"), log("reference.eval"))
    whole = check(summary, "whole_logs")
    assert "capitals is started" in whole["message"]
    assert whole.get("at_most") == "inconclusive"
    assert summary["verdict"]["decision"] in ("inconclusive", "invalid")


def test_other_settings_make_another_evaluation() -> None:
    scores = {(str(n), 1): 1.0 for n in range(10)}
    summary = compare(
        made("t", scores, settings={"generation": {"temperature": 0.0}}),
        made("t", scores, settings={"generation": {"temperature": 1.0}}),
    )
    found = check(summary, "same_settings")
    assert found["status"] == "warn"
    assert "temperature" in found["message"]


def test_tasks_are_parts_and_a_score_is_not_missing_where_a_task_has_none() -> None:
    mine = made("a", {(str(n), 1): 1.0 for n in range(20)})
    other = made("b", {(str(n), 1): 1.0 for n in range(20)})
    judged = replace(
        other, scorers=("judge",), samples=tuple(replace(sample, scores={"judge": 0.5}) for sample in other.samples)
    )
    summary = compare([mine, judged], [mine, judged])
    assert set(summary["slices"]["task"]) == {"a", "b"}
    entry = summary["metrics"]["match"]["tuned"]
    assert entry is not None
    assert (entry["n_scored"], entry["n_missing"]) == (20, 0)
    assert "match is given by a only." in summary["warnings"]


def test_a_task_that_was_not_asked_for_is_left_out() -> None:
    asked = made("math", {(str(n), 1): 1.0 for n in range(9)})
    extra = made("math_hard", {(str(n), 1): 0.0 for n in range(9)})
    summary = compare([asked, extra], [asked, extra], tasks=["math"])
    assert summary["conditions"]["tasks"] == ["math"]
    assert any("math_hard was not asked for" in text for text in summary["warnings"])


def test_of_several_logs_of_a_task_the_fullest_counts() -> None:
    full = made("t", {(str(n), 1): 1.0 for n in range(9)}, name="full.json", created="2026-01-01")
    late = made("t", {(str(n), 1): 0.0 for n in range(3)}, name="late.json", created="2026-02-02")
    summary = compare([late, full], [full])
    assert summary["rows"]["tuned"] == 9
    assert any("late.json was left out" in text for text in summary["warnings"])


def test_an_average_that_is_not_the_samples_own_is_told() -> None:
    scores = {(str(n), 1): 1.0 for n in range(9)}
    summary = compare(made("t", scores, means={"match": 0.4}), made("t", scores, means={"match": 1.0}))
    assert [text for text in summary["warnings"] if "says 0.4" in text]
    assert not [text for text in summary["warnings"] if "reference says" in text]


def test_scores_beyond_one_have_no_scale_and_no_margin() -> None:
    scores = {(str(n), 1): float(n) for n in range(9)}
    summary = compare(made("t", scores), made("t", scores))
    assert summary["metrics"]["match"]["limits"] is None


def test_a_primary_metric_that_the_logs_lack_is_told_with_those_they_have(log: ReadLog) -> None:
    with pytest.raises(ResultsError, match="no score f1; they have includes, match"):
        compare(log("candidate.eval"), log("reference.eval"), replace(EVALUATION, primary_metric="f1"))


def test_one_model_alone_has_no_verdict_and_its_errors_are_told(log: ReadLog) -> None:
    summary = analyse(ALONE, {"tuned": [log("candidate.eval")]}).summary
    assert summary["verdict"]["decision"] == "none"
    assert any("failed with an error: 2" in text for text in summary["warnings"])


def test_the_page_leads_to_the_log_viewer(log: ReadLog) -> None:
    analysis = analyse(
        EVALUATION,
        {"tuned": [log("candidate.eval")], "base": [log("reference.eval")]},
        places={"tuned": "s3://b/p/inspectai-results/", "base": "logs/<old>.eval"},
    )
    assert isinstance(analysis, LogsAnalysis)
    page = report_html(analysis, {}, None)
    assert "inspect view --log-dir s3://b/p/inspectai-results/" in page
    assert "https://console.aws.amazon.com/s3/buckets/b?prefix=p/inspectai-results/" in page
    assert "logs/&lt;old&gt;.eval" in page
    assert json.loads(json.dumps(analysis.summary["inputs"]))["logs of the candidate"].startswith("s3://")


def test_the_viewer_opens_the_folder_of_a_file() -> None:
    assert viewer_command("logs/x.eval") == "inspect view --log-dir logs"
    assert viewer_command(str(Path("x.json"))) == "inspect view --log-dir ."
