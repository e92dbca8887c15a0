"""Predictions become a verdict: on real data, and on everything that may be wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs

from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis
from model_evaluation.kinds.predictive.runtime.joined import constant_predictions
from model_evaluation.kinds.predictive.runtime.page.class_charts import confusion_chart
from model_evaluation.kinds.predictive.runtime.page.page_parts import page_sections
from model_evaluation.kinds.predictive.runtime.problem import Problem
from model_evaluation.kinds.predictive.runtime.tables import Predictions, TestSet
from model_evaluation.reporting.summaries import summary_fault
from model_evaluation.runtime.report.export import export_analysis
from model_evaluation.runtime.report.view import ReportView
from model_evaluation.runtime.results.evaluation import ResultsError
from unit.predictive.numbers.cases import (
    BINARY,
    analysed,
    breast_cancer,
    diabetes,
    digits,
    evaluation,
    ids,
    scored,
    texts,
    two_models,
)


def check(analysis: PredictiveAnalysis, check_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(own for own in analysis.summary["checks"] if own["id"] == check_id)
    return found


def whole(analysis: PredictiveAnalysis) -> None:
    """The summary is believed by those who read it, and holds no number that is none."""
    summary = json.loads(json.dumps(analysis.summary, allow_nan=False))
    assert summary_fault(summary) is None
    json.dumps(analysis.evaluation, allow_nan=False)


def blobs() -> tuple[TestSet, dict[Any, Predictions]]:
    features, truth = make_blobs(300, centers=4, cluster_std=1.5, random_state=3)
    good, poor = (KMeans(k, n_init=2, random_state=0).fit_predict(features) for k in (4, 2))
    test = TestSet(ids(300), texts(truth), features=features)
    return test, {"tuned": Predictions(ids(300), None, texts(good)), "base": Predictions(ids(300), None, texts(poor))}


CASES: dict[str, tuple[Callable[[], Any], Problem, str]] = {
    "binary": (breast_cancer, BINARY, "cost 1 10 cross-fit"),
    "multiclass": (digits, Problem("multiclass"), "none"),
    "regression": (diabetes, Problem("regression"), "none"),
    "clustering": (blobs, Problem("clustering"), "none"),
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[str, PredictiveAnalysis]:
    make, problem, threshold = CASES[request.param]
    test, predictions = make()
    primary = "adjusted_rand" if problem.type == "clustering" else ""
    slices = list(test.slices)
    return request.param, analysed(test, predictions, problem, threshold=threshold, slices=slices, primary=primary)


def test_the_worst_rows_are_shown_with_what_each_model_said(case: tuple[str, PredictiveAnalysis]) -> None:
    name, analysis = case
    shown = {title: body for _, title, body in page_sections(analysis)}.get("The rows that were furthest off", "")
    headings = re.findall("<th[^>]*>([^<]*)</th>", shown.partition("</thead>")[0])
    said = {"binary": ["prediction", "score"], "multiclass": ["prediction"], "regression": ["prediction", "error"]}
    expected = [f"{what}, {model}" for what in said.get(name, []) for model in ("candidate", "champion")]
    assert headings == (["Row", "label", *expected, *analysis.joined.slices] if name in said else [])
    assert "e+0" not in shown


def test_the_page_explains_the_numbers_of_this_problem_and_no_others(case: tuple[str, PredictiveAnalysis]) -> None:
    name, analysis = case
    told = " ".join(analysis.words.statistics)
    words = {"binary": "Newcombe", "multiclass": "each class against the rest", "regression": "median error",
             "clustering": "k-means"}  # fmt: skip
    assert [problem for problem, word in words.items() if word in told] == [name]
    assert "share one correction (Holm)" in told


def test_real_data_end_in_a_whole_summary(case: tuple[str, PredictiveAnalysis]) -> None:
    name, analysis = case
    whole(analysis)
    assert analysis.summary["verdict"]["decision"] == "improved"
    assert analysis.summary["verdict"]["sentence"].startswith("The candidate is better on")
    assert analysis.summary["kind"] == "predictive"
    assert analysis.summary["conditions"]["problem"] == name


def test_real_data_end_in_a_report_with_charts(case: tuple[str, PredictiveAnalysis], tmp_path: Path) -> None:
    name, analysis = case
    folder = export_analysis(analysis, tmp_path)
    charts = {path.stem for path in (folder / "figures").glob("*.png")}
    expected = {
        "binary": {
            "metrics",
            "roc",
            "precision_recall",
            "calibration",
            "threshold_cost",
            "confusion",
            "gains",
            "scores",
        },
        "multiclass": {"metrics", "confusion", "classes"},
        "regression": {"predicted", "residuals", "errors"},
        "clustering": {"metrics", "silhouettes", "sizes"},
    }
    assert charts == expected[name] | ({"slices"} if analysis.summary["slices"] else set())
    page = (folder / "report.html").read_text()
    assert "Can the numbers be trusted?" in page
    assert "candidate" in page
    assert "bootstrap), below 100 rows" not in page
    content = json.loads((folder / "evaluation.json").read_text())
    assert content["comparison"]["decision"] == "improved"


def test_values_are_those_of_scikit_learn_on_the_joined_rows() -> None:
    test, predictions = breast_cancer()
    analysis = analysed(test, predictions)
    truth = test.label == "1"
    score = np.asarray(predictions["tuned"].score)[::-1]  # the predictions came in another order
    metrics = analysis.summary["metrics"]
    assert metrics["roc_auc"]["tuned"]["value"] == pytest.approx(oracle.roc_auc_score(truth, score))
    assert metrics["f1"]["tuned"]["value"] == pytest.approx(oracle.f1_score(truth, score >= 0.5))
    assert metrics["log_loss"]["tuned"]["value"] == pytest.approx(oracle.log_loss(truth, score))
    counts = analysis.summary["confusion"]["tuned"]["counts"]
    assert counts == oracle.confusion_matrix(truth, score >= 0.5).tolist()
    content = analysis.evaluation["binary_classification_metrics"]
    assert content["auc"]["value"] == metrics["roc_auc"]["tuned"]["value"]
    assert content["confusion_matrix"]["1"]["0"] == counts[1][0]
    assert content["f2"]["value"] == pytest.approx(oracle.fbeta_score(truth, score >= 0.5, beta=2))
    assert len(content["receiver_operating_characteristic_curve"]["false_positive_rates"]) <= 200


def test_several_classes_have_what_each_of_them_reaches() -> None:
    test, predictions = digits()
    analysis = analysed(test, predictions, Problem("multiclass"))
    score = np.asarray(predictions["tuned"].score)
    label = np.asarray(test.label)
    predicted = texts(score.argmax(axis=1))
    metrics = analysis.summary["metrics"]
    assert metrics["macro_f1"]["tuned"]["value"] == pytest.approx(oracle.f1_score(label, predicted, average="macro"))
    auc = oracle.roc_auc_score(label, score, multi_class="ovr", average="macro")
    assert metrics["macro_roc_auc"]["tuned"]["value"] == pytest.approx(auc)
    top = oracle.top_k_accuracy_score(label, score, k=3, labels=sorted(set(label)))
    assert metrics["top_3_accuracy"]["tuned"]["value"] <= top  # ties count against the model
    recalls = oracle.recall_score(label, predicted, average=None)
    assert [own["tuned"]["recall"]["value"] for own in analysis.summary["classes"].values()] == pytest.approx(recalls)
    weighted = analysis.evaluation["multiclass_classification_metrics"]["weighted_f2"]["value"]
    assert weighted == pytest.approx(oracle.fbeta_score(label, predicted, beta=2, average="weighted"))


def test_clusters_are_measured_as_scikit_learn_does() -> None:
    test, predictions = blobs()
    analysis = analysed(test, predictions, Problem("clustering"), primary="adjusted_rand")
    own = predictions["tuned"].prediction
    metrics = analysis.summary["metrics"]
    for name, function in (
        ("silhouette", oracle.silhouette_score),
        ("davies_bouldin", oracle.davies_bouldin_score),
        ("calinski_harabasz", oracle.calinski_harabasz_score),
    ):
        assert metrics[name]["tuned"]["value"] == pytest.approx(function(test.features, own))
    assert metrics["adjusted_rand"]["tuned"]["value"] == pytest.approx(oracle.adjusted_rand_score(test.label, own))
    assert analysis.summary["cluster_sizes"]["base"] == sorted(analysis.summary["cluster_sizes"]["base"], reverse=True)


def test_clusters_without_a_truth_have_their_shape_only() -> None:
    test, predictions = blobs()
    analysis = analysed(replace(test, label=None), predictions, Problem("clustering"))
    whole(analysis)
    assert analysis.summary["metrics"]["adjusted_rand"]["tuned"]["method"] == "none: there is no truth"
    assert analysis.summary["metrics"]["silhouette"]["verdict"]


def test_clusters_that_other_rows_would_not_give_are_told_from_those_that_they_would() -> None:
    features, _ = make_blobs(400, centers=3, cluster_std=0.6, random_state=3)
    fitting, torn = (KMeans(count, n_init=1, random_state=0).fit_predict(features) for count in (3, 8))
    test = TestSet(ids(400), None, features=features)
    said = {"tuned": Predictions(ids(400), None, texts(fitting)), "base": Predictions(ids(400), None, texts(torn))}
    metrics = analysed(test, said, Problem("clustering"), primary="stability").summary["metrics"]  # type: ignore[arg-type]
    own = metrics["stability"]
    assert own["tuned"]["value"] == pytest.approx(1.0)  # type: ignore[index, typeddict-item]
    assert own["base"]["ci_low"] <= own["base"]["value"] <= own["base"]["ci_high"] < 1  # type: ignore[index, typeddict-item]
    assert own["difference"]["mean"] > 0  # type: ignore[index]
    assert "k-means" in own["tuned"]["method"]  # type: ignore[index, typeddict-item]


def test_of_few_rows_or_without_features_nothing_is_said_of_other_rows() -> None:
    codes = texts(np.arange(12) % 3)
    for features, reason in ((None, "none: there are no features"), (np.eye(12), "none: fewer than 20 rows")):
        test = TestSet(ids(12), None, features=features)
        own = analysed(test, {"tuned": Predictions(ids(12), None, codes)}, Problem("clustering")).summary["metrics"]
        assert own["stability"]["tuned"]["method"] == reason  # type: ignore[index, typeddict-item]


def test_a_metric_that_one_model_lacks_shows_the_others_value() -> None:
    test, said = two_models(300)
    truth = np.asarray(test.label)
    classes_only = said | {"base": Predictions(test.ids, None, truth)}
    analysis = analysed(test, classes_only, primary="accuracy")
    headings, lines, _ = ReportView(analysis.summary, analysis.words).table
    cells = dict(zip(headings, next(line for line in lines if line[0] == "roc_auc"), strict=True))
    value = analysis.summary["metrics"]["roc_auc"]["tuned"]["value"]  # type: ignore[index, typeddict-item]
    assert float(cells["Candidate"]) == pytest.approx(value, abs=0.005)
    assert [cells[name] for name in ("Verdict", "Champion", "Difference", "95% CI")] == ["–"] * 4
    assert cells["Rows"] == "300"


def test_few_positives_are_told_wherever_the_verdict_is() -> None:
    test, said = two_models(400, prevalence=0.015, seed=5)
    analysis = analysed(test, said)
    positives = int((np.asarray(test.label) == "1").sum())
    assert 0 < positives < 10
    reason = f"ew positives ({positives} rows): the interval is not to be trusted"
    verdict = analysis.summary["verdict"]
    assert verdict["decision"] == "inconclusive"
    assert reason in verdict["sentence"]
    assert any(reason in warning for warning in analysis.summary["warnings"])


def test_rows_pair_by_id_whatever_their_order() -> None:
    test, predictions = two_models()
    order = np.random.default_rng(1).permutation(len(test))
    shuffled = replace(
        predictions["tuned"], ids=predictions["tuned"].ids[order], score=np.asarray(predictions["tuned"].score)[order]
    )
    one, other = analysed(test, predictions), analysed(test, {**predictions, "tuned": shuffled})
    assert one.summary["metrics"] == other.summary["metrics"]


@pytest.mark.parametrize("spelling", [int, float, bool, str, lambda value: f" {value}.0 "])
def test_labels_are_one_class_in_any_spelling(spelling: Callable[[int], object]) -> None:
    from model_evaluation.kinds.predictive.runtime.reading.table_reading import unique_predictions

    truth, score = scored(100)
    predicted = np.array([spelling(int(value)) for value in score >= 0.5], object)
    test = TestSet(ids(100), texts(truth))
    said = unique_predictions(ids(100), None, predicted)
    analysis = analysed(test, {"tuned": said}, primary="accuracy")
    value = analysis.summary["metrics"]["accuracy"]["tuned"]["value"]
    assert value == pytest.approx(oracle.accuracy_score(truth, score >= 0.5))


def test_one_model_alone_is_measured_and_not_compared() -> None:
    test, predictions = two_models()
    analysis = analysed(test, {"tuned": predictions["tuned"]})
    whole(analysis)
    sentence = analysis.summary["verdict"]["sentence"]
    assert sentence.startswith("Only the candidate was evaluated: its roc_auc is 0.8")
    assert "(95% CI 0." in sentence
    assert analysis.summary["models"]["base"] is None


def test_predicted_classes_alone_have_no_area_under_a_curve() -> None:
    truth, score = scored()
    test = TestSet(ids(400), texts(truth))
    analysis = analysed(test, {"tuned": Predictions(ids(400), (score >= 0.5).astype(float))}, primary="f1")
    whole(analysis)
    assert analysis.summary["metrics"]["roc_auc"]["tuned"]["value"] is None
    assert any("they are predicted classes, not scores" in text for text in analysis.summary["warnings"])
    assert analysis.summary["metrics"]["f1"]["tuned"]["value"] is not None


def test_a_primary_metric_that_does_not_exist_makes_the_comparison_invalid_and_says_why() -> None:
    test, predictions = two_models()
    classes = Predictions(ids(400), None, texts(np.arange(400) % 2))
    analysis = analysed(test, {**predictions, "base": classes})
    whole(analysis)
    assert analysis.summary["verdict"]["decision"] == "invalid"
    assert "champion: the model gives no scores" in analysis.summary["verdict"]["sentence"]


def test_scores_that_are_no_probabilities_are_ranked_only() -> None:
    test, predictions = two_models()
    score = np.asarray(predictions["tuned"].score)
    margins = replace(predictions["tuned"], score=np.log(score / (1 - score)))
    analysis = analysed(test, {**predictions, "tuned": margins}, threshold="0")
    whole(analysis)
    metrics = analysis.summary["metrics"]
    assert (
        metrics["roc_auc"]["tuned"]["value"]
        == analysed(test, predictions).summary["metrics"]["roc_auc"]["tuned"]["value"]
    )
    assert metrics["log_loss"]["tuned"]["method"] == "none: the scores are not probabilities"
    assert "tuned" not in analysis.summary["calibration"]


def test_scores_that_order_rows_backwards_are_noticed() -> None:
    test, predictions = two_models()
    turned = replace(predictions["tuned"], score=1 - np.asarray(predictions["tuned"].score))
    analysis = analysed(test, {**predictions, "tuned": turned})
    whole(analysis)
    assert "order the rows backwards" in check(analysis, "score_order")["message"]
    assert analysis.summary["verdict"]["decision"] == "inconclusive"


def test_classes_in_another_order_are_noticed() -> None:
    test, predictions = digits()
    wrong = tuple(reversed(predictions["tuned"].classes))
    analysis = analysed(
        test, {**predictions, "tuned": replace(predictions["tuned"], classes=wrong)}, Problem("multiclass")
    )
    whole(analysis)
    assert "is the order of its classes another one?" in check(analysis, "class_order")["message"]
    assert analysis.summary["verdict"]["decision"] == "inconclusive"


def test_softprob_of_three_classes_is_no_binary_score() -> None:
    test, _ = two_models(100)
    three = Predictions(ids(100), np.random.default_rng(0).dirichlet(np.ones(3), 100))
    with pytest.raises(ResultsError, match="3 scores per row"):
        analysed(test, {"tuned": three})


def test_two_scores_are_read_by_the_names_of_their_classes() -> None:
    truth, score = scored()
    test = TestSet(ids(400), texts(truth))
    both = np.stack([score, 1 - score], axis=1)
    named = analysed(test, {"tuned": Predictions(ids(400), both, None, ("1", "0"))})
    plain = analysed(test, {"tuned": Predictions(ids(400), score)})
    assert named.summary["metrics"]["roc_auc"] == plain.summary["metrics"]["roc_auc"]
    unnamed = analysed(test, {"tuned": Predictions(ids(400), both[:, ::-1])})
    assert unnamed.summary["metrics"]["roc_auc"] == plain.summary["metrics"]["roc_auc"]
    assert any("The order of the two tuned scores is not known" in text for text in unnamed.summary["warnings"])


@pytest.mark.parametrize("of", ["0", "1"])
def test_one_class_only_has_no_number_and_a_reason(of: str) -> None:
    _, score = scored(60)
    test = TestSet(ids(60), np.full(60, of, object))
    predictions = {"tuned": Predictions(ids(60), score), "base": Predictions(ids(60), score[::-1])}
    analysis = analysed(test, predictions)  # type: ignore[arg-type]
    whole(analysis)
    assert analysis.summary["metrics"]["roc_auc"]["tuned"]["value"] is None
    assert analysis.summary["verdict"]["decision"] == "invalid"
    assert check(analysis, "classes")["status"] == "fail"


@pytest.mark.parametrize("problem", [BINARY, Problem("multiclass"), Problem("regression")])
def test_one_row_says_nothing_and_breaks_nothing(problem: Problem) -> None:
    label = np.array([1.0]) if problem.type == "regression" else texts([1])
    score = np.array([[0.2, 0.8]]) if problem.type == "multiclass" else np.array([0.7])
    said = Predictions(ids(1), score, None, ("0", "1") if problem.type == "multiclass" else ())
    analysis = analysed(TestSet(ids(1), label), {"tuned": said, "base": said}, problem)
    whole(analysis)
    assert analysis.summary["verdict"]["decision"] in ("invalid", "inconclusive")


def test_rows_without_a_prediction_are_counted_and_bounded() -> None:
    test, predictions = two_models()
    part = replace(predictions["tuned"], ids=ids(300), score=np.asarray(predictions["tuned"].score)[:300], unparsable=7)
    analysis = analysed(test, {**predictions, "tuned": part}, primary="accuracy")
    whole(analysis)
    own = check(analysis, "rows")
    assert own["counts"]["candidate, without a prediction"] == 100
    assert own["counts"]["candidate, not understood"] == 7
    assert "300 of 400 rows (75.0%)" in own["message"]
    assert "If the other rows were all wrong or all right" in own["message"]
    assert analysis.summary["verdict"]["decision"] == "inconclusive"
    assert analysis.summary["rows"] == {"dataset": 400, "tuned": 300, "base": 400, "paired": 300}


def test_predictions_for_other_rows_are_refused() -> None:
    test, predictions = two_models(50)
    other = replace(predictions["tuned"], ids=np.array([f"x{number}" for number in range(50)], object))
    with pytest.raises(ResultsError, match="has a prediction of each of the models"):
        analysed(test, {**predictions, "tuned": other})


def test_surplus_predictions_are_told() -> None:
    test, predictions = two_models(100)
    few = replace(test, ids=test.ids[:80], label=np.asarray(test.label)[:80], slices={})
    analysis = analysed(few, predictions)
    assert check(analysis, "rows")["counts"]["candidate, for rows that are not in the test set"] == 20
    assert check(analysis, "rows")["status"] == "warn"


def test_the_same_predictions_twice_are_no_comparison_of_two_models() -> None:
    test, predictions = two_models()
    analysis = analysed(test, {"tuned": predictions["tuned"], "base": predictions["tuned"]})
    whole(analysis)
    assert check(analysis, "same_predictions")["status"] == "warn"
    assert analysis.summary["metrics"]["roc_auc"]["difference"]["mean"] == 0
    assert analysis.summary["verdict"]["decision"] == "inconclusive"


@pytest.mark.parametrize("threshold", ["0.5", "cost 1 20 cross-fit", "recall 0.9 cross-fit", "none"])
def test_the_constant_baseline_is_beaten(threshold: str) -> None:
    test, predictions = two_models(2_000)
    reference = constant_predictions(test, BINARY)
    analysis = analysed(
        test,
        {"tuned": predictions["tuned"], "base": reference},
        threshold=threshold,
        evaluation=evaluation(champion="constant"),
    )
    whole(analysis)
    assert analysis.summary["verdict"]["decision"] == "improved"
    assert "than the constant baseline" in analysis.summary["verdict"]["sentence"]
    assert analysis.summary["metrics"]["roc_auc"]["base"]["value"] == 0.5
    assert analysis.summary["metrics"]["average_precision"]["base"]["value"] == pytest.approx(
        analysis.summary["constant"]["average_precision"]
    )
    assert analysis.summary["metrics"]["log_loss"]["base"]["value"] == pytest.approx(
        analysis.summary["constant"]["log_loss"]
    )


@pytest.mark.parametrize("problem", [Problem("multiclass"), Problem("regression")])
def test_other_constants_reach_what_the_summary_says(problem: Problem) -> None:
    test, predictions = (digits if problem.type == "multiclass" else diabetes)()
    analysis = analysed(test, {"tuned": predictions["tuned"], "base": constant_predictions(test, problem)}, problem)
    whole(analysis)
    for name, value in analysis.summary["constant"].items():
        entry = analysis.summary["metrics"].get(name)
        if entry is not None:
            assert entry["base"]["value"] == pytest.approx(value), name


def test_more_than_two_classes_are_no_binary_problem() -> None:
    test = TestSet(ids(30), texts(np.arange(30) % 3))
    with pytest.raises(ResultsError, match="more than one value beside the positive class"):
        analysed(test, {"tuned": Predictions(ids(30), np.linspace(0, 1, 30))})


def test_one_score_cannot_tell_several_classes_apart() -> None:
    test = TestSet(ids(30), texts(np.arange(30) % 3))
    with pytest.raises(ResultsError, match="cannot tell 3 classes apart"):
        analysed(test, {"tuned": Predictions(ids(30), np.linspace(0, 1, 30))}, Problem("multiclass"))


def test_a_class_that_is_only_predicted_is_told_and_wrong() -> None:
    label = texts(np.arange(60) % 2)
    predicted = label.copy()
    predicted[:5] = "9"
    analysis = analysed(
        TestSet(ids(60), label), {"tuned": Predictions(ids(60), None, predicted)}, Problem("multiclass")
    )
    whole(analysis)
    assert analysis.summary["metrics"]["accuracy"]["tuned"]["value"] == pytest.approx(55 / 60)
    assert analysis.summary["metrics"]["balanced_accuracy"]["tuned"]["value"] == pytest.approx((27 / 30 + 28 / 30) / 2)
    assert "which only predictions hold" in check(analysis, "classes")["message"]


def test_labels_that_share_nothing_are_refused() -> None:
    test = TestSet(ids(20), texts(np.arange(20) % 2))
    said = Predictions(ids(20), None, texts(np.where(np.arange(20) % 2, "yes", "no")))
    with pytest.raises(ResultsError, match="No tuned prediction is one of the classes"):
        analysed(test, {"tuned": said})


def test_weights_count_rows_several_times() -> None:
    """A weight of 2 gives the value of the row written twice."""
    truth, score = scored(200)
    weight = np.where(np.arange(200) % 4 == 0, 2.0, 1.0)
    places = np.repeat(np.arange(200), weight.astype(int))
    heavy = analysed(TestSet(ids(200), texts(truth), weight=weight), {"tuned": Predictions(ids(200), score)})
    twice = analysed(
        TestSet(ids(len(places)), texts(truth[places])), {"tuned": Predictions(ids(len(places)), score[places])}
    )
    whole(heavy)
    for name, entry in twice.summary["metrics"].items():
        assert heavy.summary["metrics"][name]["tuned"]["value"] == pytest.approx(entry["tuned"]["value"]), name


def weighted_rows(problem: Problem, answered: int = 100) -> PredictiveAnalysis:
    """60 rows of class 0 with a weight of 1, then 40 of class 1 with one of 3, which have 120 of 180: two thirds. The
    model says 1 everywhere but in the first row, and answers the first rows only."""
    said = Predictions(ids(answered), None, texts([0, *[1] * (answered - 1)]))
    test = TestSet(ids(100), texts(np.repeat([0, 1], [60, 40])), weight=np.repeat([1.0, 3.0], [60, 40]))
    return analysed(test, {"tuned": said}, problem, threshold="none", primary="accuracy")


def test_the_constant_answer_to_weighted_rows_is_that_of_their_weights() -> None:
    several = weighted_rows(Problem("multiclass"))
    assert several.summary["metrics"]["accuracy"]["tuned"]["value"] == pytest.approx(121 / 180)  # type: ignore[index, typeddict-item]
    assert "the constant has 0.667)" in check(several, "constant")["message"]
    content = weighted_rows(BINARY).evaluation["binary_classification_metrics"]
    assert content["accuracy_best_constant_classifier"]["value"] == pytest.approx(2 / 3)
    assert content["recall_best_constant_classifier"]["value"] == 1  # it says 1


def test_chance_finds_positives_by_their_weights() -> None:
    """Every second row is positive and weighs 3, the others 1: three quarters of the weight."""
    truth, score = np.arange(80) % 2, np.random.default_rng(1).random(80)
    test = TestSet(ids(80), texts(truth), weight=np.where(truth == 1, 3.0, 1.0))
    chart = analysed(test, {"tuned": Predictions(ids(80), score)}).drawings()["precision_recall"]()
    assert chart is not None
    assert "chance reaches 0.75" in chart.get_suptitle()


def test_of_weighted_rows_nobody_says_what_accuracy_those_without_a_prediction_could_make() -> None:
    """Their weight is not known any more."""
    told = check(weighted_rows(BINARY, answered=90), "rows")["message"]
    assert told.startswith("90 of 100 rows")
    assert "accuracy" not in told


def test_rows_of_one_group_widen_every_interval() -> None:
    truth, score = scored(300)
    rng = np.random.default_rng(4)
    groups = texts(np.repeat(np.arange(30), 10))
    truth, score = np.repeat(truth[:30], 10), np.clip(np.repeat(score[:30], 10) + rng.normal(0, 0.01, 300), 0, 1)
    test = TestSet(ids(300), texts(truth))
    alone = analysed(test, {"tuned": Predictions(ids(300), score)})
    together = analysed(replace(test, group=groups), {"tuned": Predictions(ids(300), score)})
    whole(together)
    for name, entry in alone.summary["metrics"].items():
        narrow, wide = entry["tuned"], together.summary["metrics"][name]["tuned"]
        assert wide["value"] == pytest.approx(narrow["value"])
        assert wide["ci_high"] - wide["ci_low"] > 1.5 * (narrow["ci_high"] - narrow["ci_low"]), name


def test_segments_are_measured_guarded_and_compared() -> None:
    test, predictions = two_models(900)
    rare = np.asarray(test.slices["region"]).copy()
    rare[:12] = "island"
    analysis = analysed(replace(test, slices={"region": rare}), predictions, slices=["region"])
    whole(analysis)
    slices = analysis.summary["slices"]["region"]
    assert set(slices) == {"north", "south", "island"}
    assert slices["island"]["roc_auc"]["tuned"]["ci_low"] is None
    assert slices["island"]["roc_auc"]["verdict"] == "inconclusive"
    assert slices["north"]["roc_auc"]["difference"]["ci_low"] is not None
    gaps = analysis.summary["gaps"]["region"]
    assert {gap["rate"] for gap in gaps} == {"selection_rate", "recall", "false_positive_rate"}
    assert all(gap["gap"] >= 0 and gap["by_chance"] > 0 for gap in gaps)
    assert "island" not in {gap[end]["group"] for gap in gaps for end in ("lowest", "highest")}


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    nasty = '<script>alert("x")</script>|$x$\u202e'
    label = np.where(np.arange(80) % 2, nasty, "b|c")
    score = np.linspace(0, 1, 80)
    test = TestSet(ids(80), label.astype(object), slices={nasty: texts(np.where(np.arange(80) % 3, nasty, "=1+1"))})
    analysis = analysed(test, {"tuned": Predictions(ids(80), score)}, Problem("binary", nasty), slices=[nasty])
    whole(analysis)
    folder = export_analysis(analysis, tmp_path)
    assert "<script>alert" not in (folder / "report.html").read_text()
    assert "<script>" not in (folder / "report.md").read_text()


def test_a_margin_lets_no_worse_and_the_same_be_said() -> None:
    test, predictions = two_models(3_000)
    rng = np.random.default_rng(3)
    nearly = np.clip(np.asarray(predictions["tuned"].score) + rng.normal(0, 0.01, 3_000), 0, 1)
    analysis = analysed(
        test, {**predictions, "base": replace(predictions["base"], score=nearly)}, primary="roc_auc margin=0.02"
    )
    whole(analysis)
    assert analysis.summary["verdict"]["decision"] == "equivalent"
    assert "differences up to 0.02 count as none" in analysis.summary["verdict"]["sentence"]


@pytest.mark.parametrize(
    ("metric", "rests_on"),
    [("recall", "the positive ones"), ("specificity", "the negative ones"), ("accuracy", "scored")],
)
def test_the_sentence_says_which_rows_a_metric_rests_on(metric: str, rests_on: str) -> None:
    test, predictions = two_models(2_000)
    analysis = analysed(test, predictions, primary=metric)
    whole(analysis)
    positives = int((np.asarray(test.label) == "1").sum())
    n = {"recall": positives, "specificity": 2_000 - positives, "accuracy": 2_000}[metric]
    assert f"{n} of 2000 rows" in analysis.summary["verdict"]["sentence"]
    assert rests_on in analysis.summary["verdict"]["sentence"]


def test_intervals_that_a_regression_gives_are_held_to_their_word(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(10, 2, 400)
    score = truth + rng.normal(0, 1, 400)
    bounds = np.stack([score - 1.645, score + 1.645], axis=1)  # 90% of a normal error
    bounds[:10] = np.nan
    said = Predictions(ids(400), score, bounds=bounds)
    analysis = analysed(TestSet(ids(400), truth), {"tuned": said}, Problem("regression"))
    whole(analysis)
    found = analysis.summary["errors"]["tuned"]["intervals"]
    inside = np.abs(truth - score)[10:] <= 1.645
    assert found["coverage"]["value"] == pytest.approx(inside.mean())
    assert found["coverage"]["n"] == 390
    assert found["coverage"]["ci_low"] < 0.9 < found["coverage"]["ci_high"]
    assert found["mean_width"] == pytest.approx(3.29)
    assert "Intervals that the models give" in (export_analysis(analysis, tmp_path) / "report.html").read_text()


@pytest.mark.parametrize(("names", "turned"), [(["yes", "no", "maybe"], False), (["Very Good", "Premium"] * 3, True)])
def test_names_of_classes_do_not_run_into_one_another(names: list[str], turned: bool) -> None:
    kinds = [f"{name}{place}" for place, name in enumerate(names)]
    truth = texts(np.array(kinds * 20))
    said = {side: Predictions(ids(len(truth)), None, truth) for side in ("tuned", "base")}
    chart = confusion_chart(analysed(TestSet(ids(len(truth)), truth), said, Problem("multiclass"), primary="accuracy"))
    assert chart is not None
    turns = {label.get_rotation() for axes in chart.axes for label in axes.get_xticklabels()}
    assert turns == {90.0 if turned else 0.0}
