"""The summary: worked out by hand on a few records, and invariant where nothing should matter."""

from __future__ import annotations

import json
import pathlib
import random
from collections.abc import Mapping, Sequence
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import model_evaluation
from examples import at_most
from model_evaluation.kinds.llm_as_judge.runtime.judge_checks import family_cautions
from model_evaluation.kinds.llm_as_judge.runtime.metrics import read_metrics
from model_evaluation.runtime.results.cautions import score_cautions
from model_evaluation.runtime.results.evaluation import SIDES, Evaluation, named_model
from model_evaluation.runtime.results.paired_scores import compare_scores, paired_scores, with_unknown_metrics
from model_evaluation.runtime.results.records import ScoredAnswer
from model_evaluation.runtime.results.slices import slice_groups
from model_evaluation.runtime.results.summary import summary_of as summary_from
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.statistics.metrics import Metric
from unit.runtime.results_world import Case
from unit.runtime.results_world import records_of as paired_records

SCHEMA = pathlib.Path(model_evaluation.__file__).parent / "schemas" / "summary.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
CORRECTNESS = Metric("Correctness", limits=(0.0, 1.0))
HARMFULNESS = Metric("Harmfulness", "lower", limits=(0.0, 1.0), guard=True)
Score = float | str | None


def case(
    number: int,
    tuned: Mapping[str, Score] | None,
    base: Mapping[str, Score] | None,
    *,
    category: str | None = None,
    metadata: Mapping[str, str] | None = None,
    answers: tuple[str, str] = ("tuned", "base"),
    listed: bool = True,
) -> Case:
    prompt = f"prompt {number}"
    row = DatasetRow(number, prompt, "ref", None, category, dict(metadata or {})) if listed else None
    sides = [
        None if scores is None else ScoredAnswer(prompt, "ref", f"{answer} {number}", dict(scores))
        for scores, answer in zip((tuned, base), answers, strict=True)
    ]
    return Case(row, *sides)


def cases_of(pairs: Sequence[tuple[Score, Score]], name: str = "Correctness", **more: Any) -> list[Case]:
    return [case(i, {name: tuned}, {name: base}, **more) for i, (tuned, base) in enumerate(pairs, start=1)]


def summary_of(
    cases: Sequence[Case],
    metrics: Sequence[Metric] = (CORRECTNESS,),
    *,
    scope: str = "compare",
    models: Mapping[str, str] | None = None,
    judge: str = "",
    problems: Sequence[str] = (),
    resamples: int = 2_000,
) -> dict[str, Any]:
    """The summary as a kind makes it; every summary made here is valid JSON under the schema."""
    models, sides = models or {}, SIDES[scope]
    evaluation = Evaluation(
        "toy",
        {"judge": judge},
        named_model(models.get("tuned")),
        named_model(models.get("base")),
        scope,
        metrics[0].name,
    )
    records = paired_records(cases)
    metrics = with_unknown_metrics(metrics, records)
    comparison = compare_scores(paired_scores(records, metrics, sides), metrics, resamples=resamples)
    cautions = [*score_cautions(records, comparison, sides), *family_cautions(evaluation)]
    summary = summary_from(
        evaluation,
        rows=comparison.rows,
        metrics=comparison.metrics,
        slices=comparison.slices,
        warnings=[*problems, *cautions, *comparison.remarks],
    )
    VALIDATOR.validate(json.loads(json.dumps(summary, allow_nan=False)))
    return dict(summary)


class TestByHand:
    def test_a_few_records(self) -> None:
        summary = summary_of(cases_of([(1.0, 0.5), (0.5, 0.5), (None, 0.5), (0.25, 0.75), (1.0, None), (0.75, 0.5)]))
        entry = summary["metrics"]["Correctness"]
        assert summary["rows"] == {"dataset": 6, "tuned": 6, "base": 6, "paired": 6}
        # tuned 1 .5 .25 1 .75, base .5 .5 .5 .75 .5; both on rows 1 2 4 6: .5 0 -.5 .25
        assert entry["tuned"]["mean"] == pytest.approx(3.5 / 5)
        assert entry["base"]["mean"] == pytest.approx(2.75 / 5)
        assert (entry["tuned"]["n_scored"], entry["tuned"]["n_missing"]) == (5, 1)
        assert entry["tuned"]["missing_reasons"] == {"absent": 1}
        assert entry["n_paired"] == 4
        assert entry["difference"]["mean"] == pytest.approx(0.25 / 4)
        assert (entry["wins"], entry["ties"], entry["losses"]) == (2, 1, 1)
        # signs of .5 .5 .25: |sum| >= .25 always, and equal in 4 of 8 patterns (as .5 - .5 +- .25), which count by half
        assert (entry["difference"]["p_exact"], entry["difference"]["p_value"]) == (1.0, 0.75)

    def test_wins_follow_the_direction_and_the_difference_does_not(self) -> None:
        entry = summary_of(cases_of([(0.0, 1.0), (0.0, 0.5), (0.5, 0.0)], "Harmfulness"), [HARMFULNESS])["metrics"][
            "Harmfulness"
        ]
        assert (entry["wins"], entry["losses"]) == (2, 1)
        assert entry["difference"]["mean"] == pytest.approx(-1 / 3)

    def test_a_missing_score_is_never_zero(self) -> None:
        entry = summary_of(cases_of([(1.0, None)] * 3 + [(1.0, 1.0)] * 3))["metrics"]["Correctness"]
        assert entry["base"]["mean"] == 1.0
        assert entry["difference"]["mean"] == 0.0

    def test_adjusted_over_metrics_by_holm(self) -> None:
        six = [case(i, {"A": 0.75, "B": 0.5}, {"A": 0.5, "B": 0.5}) for i in range(6)]
        metrics = summary_of(six, [Metric("A", limits=(0, 1)), Metric("B", limits=(0, 1))])["metrics"]
        # A: the two patterns of one sign, 2 / 2^6, by half: 1/64, doubled by Holm; B: all ties, 1
        assert (metrics["A"]["difference"]["p_value"], metrics["A"]["difference"]["p_adjusted"]) == (1 / 64, 1 / 32)
        assert metrics["B"]["difference"]["p_adjusted"] == 1.0


class TestVerdicts:
    def test_shown_gain(self) -> None:
        summary = summary_of(cases_of([(0.75, 0.5), (1.0, 0.5), (0.5, 0.5)] * 20))
        assert summary["verdict"]["decision"] == summary["metrics"]["Correctness"]["verdict"] == "improved"
        sentence = summary["verdict"]["sentence"]
        assert sentence.startswith("The fine-tuned model is better on Correctness: +0.25 (95% CI ")
        assert sentence.endswith("60 of 60 rows scored for both).")

    def test_shown_loss(self) -> None:
        assert summary_of(cases_of([(0.5, 0.75), (0.5, 1.0)] * 20))["verdict"]["decision"] == "regressed"

    def test_lower_is_better(self) -> None:
        records = cases_of([(0.25, 0.75), (0.5, 0.75)] * 20, "Harmfulness")
        summary = summary_of(records, [HARMFULNESS])
        assert summary["verdict"]["decision"] == "improved"
        assert "better on Harmfulness (lower is better): −0.38" in summary["verdict"]["sentence"]

    def test_a_thousand_ties_are_equivalent(self) -> None:
        summary = summary_of(cases_of([(0.5, 0.5)] * 1_000))
        assert summary["verdict"]["decision"] == "equivalent"
        assert "practically the same" in summary["verdict"]["sentence"]

    def test_sixty_ties_are_not(self) -> None:
        # The bound leaves 1 - 0.025^(1/60) = 6% of the scale possible, more than the 5% margin.
        assert summary_of(cases_of([(0.5, 0.5)] * 60))["verdict"]["decision"] == "inconclusive"

    def test_no_worse(self) -> None:
        pairs = [(0.75, 0.5)] * 15 + [(0.5, 0.75)] * 6 + [(0.5, 0.5)] * 39
        assert summary_of(cases_of(pairs))["verdict"]["decision"] == "no_worse"

    def test_zero_variance_at_tiny_n_claims_nothing(self) -> None:
        for n in (1, 2, 3, 5):
            verdict = summary_of(cases_of([(1.0, 0.0)] * n))["verdict"]
            assert verdict["decision"] == "inconclusive"

    def test_inconclusive_says_how_many_rows_it_takes(self) -> None:
        summary = summary_of(cases_of([(1.0, 0.5), (0.0, 0.5), (0.75, 0.5), (0.25, 0.5), (1.0, 0.75)] * 3))
        entry = summary["metrics"]["Correctness"]
        assert entry["verdict"] == "inconclusive"
        assert entry["rows_needed"] > entry["n_paired"]
        assert f"about {entry['rows_needed']:,} rows" in summary["verdict"]["sentence"]

    def test_correction_can_take_a_metric_back(self) -> None:
        """A gain whose interval excludes 0 but whose adjusted p-value does not reach 0.05 is not claimed."""
        nine = [(0.75, 0.5)] * 11 + [(0.5, 0.75)] * 2 + [(0.5, 0.5)] * 27
        alone = summary_of(cases_of(nine))["metrics"]["Correctness"]
        others = [Metric(f"M{i}", limits=(0, 1)) for i in range(4)]
        records = [
            case(
                i,
                {"Correctness": t} | {m.name: 0.5 + 0.25 * (i % 2) for m in others},
                {"Correctness": b} | {m.name: 0.5 + 0.25 * (i // 2 % 2) for m in others},
            )
            for i, (t, b) in enumerate(nine)
        ]
        among = summary_of(records, [CORRECTNESS, *others])["metrics"]["Correctness"]
        assert alone["verdict"] == "improved"
        assert among["difference"]["ci_low"] == alone["difference"]["ci_low"] > 0
        assert among["difference"]["p_adjusted"] > 0.05
        assert among["verdict"] in ("no_worse", "equivalent")

    @pytest.mark.parametrize(("gain", "decision"), [(0.25, "mixed"), (0.0, "mixed"), (-0.25, "regressed")])
    def test_safety_metrics_guard_the_decision(self, gain: float, decision: str) -> None:
        records = [
            case(i, {"Correctness": 0.5 + gain, "Harmfulness": 0.5}, {"Correctness": 0.5, "Harmfulness": i % 2 / 4})
            for i in range(200)
        ]
        summary = summary_of(records, [CORRECTNESS, HARMFULNESS])
        assert summary["metrics"]["Harmfulness"]["verdict"] == "regressed"
        assert summary["verdict"]["decision"] == decision
        assert "it got worse on Harmfulness" in summary["verdict"]["sentence"]

    def test_unclear_primary_with_a_safety_loss_is_a_loss(self) -> None:
        records = [
            case(
                i,
                {"Correctness": (i % 5) / 4, "Harmfulness": 0.5},
                {"Correctness": (i * 3 % 5) / 4, "Harmfulness": 0.0},
            )
            for i in range(40)
        ]
        summary = summary_of(records, [CORRECTNESS, HARMFULNESS])
        assert summary["metrics"]["Correctness"]["verdict"] == "inconclusive"
        assert summary["verdict"]["decision"] == "regressed"

    @pytest.mark.parametrize(
        "records",
        [
            [],
            [case(1, {"Correctness": 1.0}, None)],
            [case(1, {"Correctness": 1.0}, None), case(2, None, {"Correctness": 1.0})],
            cases_of([(None, 1.0), (1.0, None)]),
            cases_of([("Good", "Bad")] * 30),
            cases_of([(1.0, 0.5)] * 30, "Other"),
        ],
        ids=["nothing", "one side", "no common row", "never both scores", "labels only", "primary has no scores"],
    )
    def test_what_cannot_be_compared_is_invalid(self, records: list[Case]) -> None:
        verdict = summary_of(records)["verdict"]
        assert verdict["decision"] == "invalid"
        assert "cannot be compared" in verdict["sentence"]

    @pytest.mark.parametrize("scope", ["tuned", "base"])
    def test_one_model(self, scope: str) -> None:
        summary = summary_of(cases_of([(1.0, 0.5), (0.5, 0.0)], category="x"), scope=scope, models={scope: "m"})
        entry, other = summary["metrics"]["Correctness"], {"tuned": "base", "base": "tuned"}[scope]
        assert summary["verdict"]["decision"] == "none"
        assert entry[scope]["mean"] == {"tuned": 0.75, "base": 0.25}[scope]
        assert entry[other] is entry["difference"] is entry["wins"] is entry["verdict"] is None
        assert summary["rows"][other] is None
        assert summary["models"] == {scope: {"name": "m"}, other: None}


class TestScales:
    def definition(self, values: Sequence[Any], **more: Any) -> str:
        scale = [{"definition": f"Level {i}", "value": value} for i, value in enumerate(values)]
        return json.dumps(
            [{"customMetricDefinition": {"name": "own", "instructions": "x", "ratingScale": scale}, **more}]
        )

    def test_builtin_directions_and_limits(self) -> None:
        metrics = read_metrics(["Builtin.Correctness", "Harmfulness", "Stereotyping", "Refusal"], None)
        assert [(m.name, m.direction, m.limits) for m in metrics] == [
            ("Correctness", "higher", (0, 1)),
            ("Harmfulness", "lower", (0, 1)),
            ("Stereotyping", "lower", (0, 1)),
            ("Refusal", "lower", (0, 1)),
        ]

    def test_numeric_custom_scale(self) -> None:
        (metric,) = read_metrics([], self.definition([{"floatValue": 3}, {"floatValue": 0}], direction="lower"))
        assert (metric.direction, metric.limits, metric.declared) == ("lower", (0, 3), True)
        assert metric.number("level 0") == 3.0  # the judge may answer with the definition instead of the value

    def test_numbers_written_as_labels(self) -> None:
        (metric,) = read_metrics([], self.definition([{"stringValue": "1"}, {"stringValue": "5"}]))
        assert (metric.direction, metric.declared, metric.limits) == ("higher", False, (1.0, 5.0))
        assert metric.number("5") == 5.0

    @pytest.mark.parametrize(
        "values",
        [
            [],
            [{"floatValue": 1}],
            [{"stringValue": "Good"}, {"stringValue": "Bad"}],
            [{}],
            ["x"],
            [{"floatValue": True}],
        ],
    )
    def test_no_usable_numbers_no_limits(self, values: list[Any]) -> None:
        (metric,) = read_metrics([], self.definition(values))
        assert metric.limits is None

    @pytest.mark.parametrize("text", ["{}", "[1]", '[{"customMetricDefinition": {}}]', '[{"name": "x"}]', "{broken"])
    def test_what_is_no_definition_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"custom|Expecting"):
            read_metrics([], text)

    def test_labels_are_counted_and_have_no_mean(self) -> None:
        labels = Metric("own")
        entry = summary_of(cases_of([("Good", "Bad"), ("Good", "Good"), (None, "Bad")], "own"), [labels])["metrics"][
            "own"
        ]
        assert entry["tuned"] == {
            "mean": None,
            "n_scored": 2,
            "n_missing": 1,
            "missing_reasons": {"absent": 1},
            "labels": {"Good": 2},
        }
        assert entry["base"]["labels"] == {"Bad": 2, "Good": 1}
        assert entry["difference"]["mean"] is None
        assert entry["verdict"] == "inconclusive"

    def test_a_label_that_a_numeric_scale_lacks_is_missing(self) -> None:
        entry = summary_of(cases_of([("So-so", 0.5), ("0.5", 0.5), (1.0, "N/A")]))["metrics"]["Correctness"]
        assert (entry["tuned"]["n_scored"], entry["tuned"]["missing_reasons"]) == (2, {"unparsable": 1})
        assert (entry["base"]["n_scored"], entry["base"]["missing_reasons"]) == (2, {"not applicable": 1})
        assert entry["tuned"]["mean"] == 0.75
        assert entry["tuned"]["labels"] is None
        assert entry["n_paired"] == 1

    def test_unknown_scale_gives_no_equivalence(self) -> None:
        entry = summary_of(cases_of([(5.0, 5.0)] * 500, "own"), [Metric("own")])["metrics"]["own"]
        assert (entry["margin"], entry["verdict"]) == (None, "inconclusive")

    def test_scores_off_the_scale_are_called_out(self) -> None:
        summary = summary_of(cases_of([(3.0, 0.5), (0.5, -1.0)]))
        assert any("outside its scale of 0 to 1: 2" in text for text in summary["warnings"])


def test_a_metric_named_twice_counts_once() -> None:
    six = cases_of([(0.75, 0.5)] * 6)
    once, twice = summary_of(six), summary_of(six, [CORRECTNESS, CORRECTNESS])
    assert once == twice


class TestSlices:
    def test_by_category_and_few_valued_metadata(self) -> None:
        records = [
            case(
                i,
                {"Correctness": 0.5},
                {"Correctness": 0.5},
                category="ab"[i % 2],
                metadata={"id": str(i), "level": str(i % 3), "same": "x", "many": str(i % 13)},
            )
            for i in range(39)
        ]
        groups = slice_groups(paired_records(records))
        assert list(groups) == ["category", "level"]
        assert {value: len(members) for value, members in groups["level"].items()} == {"0": 13, "1": 13, "2": 13}

    def test_small_cells_get_no_interval(self) -> None:
        pairs = [(1.0, 0.0)] * 4 + [(1.0, 0.0), (0.5, 0.0)] * 10
        records = [
            case(i, {"Correctness": t}, {"Correctness": b}, category="few" if i < 4 else "many")
            for i, (t, b) in enumerate(pairs)
        ]
        cells = summary_of(records)["slices"]["category"]
        few, many = cells["few"]["Correctness"], cells["many"]["Correctness"]
        assert (few["n_paired"], few["difference"]["mean"]) == (4, 1.0)
        assert (few["difference"]["ci_low"], few["difference"]["p_value"], few["verdict"]) == (
            None,
            None,
            "inconclusive",
        )
        assert many["verdict"] == "improved"

    def test_slices_are_corrected_for_their_number(self) -> None:
        records = [
            case(i, {"Correctness": 0.5 + 0.25 * (i % 10 == 0)}, {"Correctness": 0.5}, category=f"c{i % 10}")
            for i in range(60)
        ]
        cells = summary_of(records)["slices"]["category"]
        # c0: six wins, mid-p 1/64; ten slices, the others 1: Benjamini and Hochberg give min(1, 10 * 1/64)
        assert cells["c0"]["Correctness"]["difference"]["p_value"] == 1 / 64
        assert cells["c0"]["Correctness"]["difference"]["p_adjusted"] == pytest.approx(10 / 64)


class TestWarnings:
    def found(self, records: Sequence[Case], metrics: Sequence[Metric] = (CORRECTNESS,), **changes: Any) -> str:
        return "\n".join(summary_of(records, metrics, **changes)["warnings"])

    def test_nothing_to_warn_of(self) -> None:
        assert self.found(cases_of([(1.0, 0.5), (0.5, 0.5)] * 30), judge="amazon.nova-pro-v1:0") == ""

    def test_low_and_unequal_coverage(self) -> None:
        text = self.found(cases_of([(1.0, None)] * 10 + [(1.0, 0.5)] * 40))
        assert "Scored rows of the base model, fewer than 95% of 50: Correctness 40 (10 without a score)." in text
        assert "Missing scores of the fine-tuned and of the base model: Correctness 0 and 10." in text

    def test_three_missing_against_one_are_told(self) -> None:
        pairs: list[tuple[Score, Score]] = [(None, 0.5)] * 3 + [(1.0, None)] + [(1.0, 0.5)] * 96
        text = self.found(cases_of(pairs))
        assert text.startswith("Missing scores of the fine-tuned and of the base model: Correctness 3 and 1.")
        assert self.found(cases_of([(None, 0.5), (1.0, None), *[(1.0, 0.5)] * 98])) == ""

    def test_rows_without_result_and_unknown_rows(self) -> None:
        records = [*cases_of([(1.0, 0.5)] * 40), case(90, {"Correctness": 1.0}, None), case(91, None, None)]
        records.append(case(92, None, {"Correctness": 1.0}, listed=False))
        text = self.found(records)
        assert "Dataset rows without a result of the base model: 2." in text
        assert "Result rows of the base model whose prompt and reference are not in the dataset: 1;" in text

    def test_refusals_and_of_one_model_empty_answers(self) -> None:
        records = cases_of([(1.0, 0.5)] * 40)
        for at, r in enumerate(records):
            assert r.tuned is not None
            r.tuned.response = "" if at < 3 else "I'm sorry, but I can't help with that." if at < 10 else "fine"
        assert self.found(records) == "7 of 40 answers of the fine-tuned model read like a refusal."
        assert "The fine-tuned model answered empty on 3 of 40 rows." in self.found(records, scope="tuned")

    def test_judge_of_the_same_family(self) -> None:
        models = {"tuned": "my-llama-3-tuned", "base": "meta-textgeneration-llama-3-2-1b"}
        records = cases_of([(1.0, 0.5)] * 40)
        text = self.found(records, judge="meta.llama3-1-70b-instruct-v1:0", models=models)
        assert "same family (Meta Llama)" in text
        assert "family" not in self.found(records, judge="amazon.nova-pro-v1:0", models=models)

    def test_few_rows(self) -> None:
        assert "Paired rows: only 9." in self.found(cases_of([(1.0, 0.5)] * 9))

    def test_metrics_nobody_chose(self) -> None:
        records = [case(i, {"Correctness": 1.0, "Surprise": 0.0}, {"Correctness": 0.5}) for i in range(40)]
        assert "Surprise: not one of the chosen metrics" in self.found(records)
        six = [case(i, {"A": 0.75, "B": 0.5}, {"A": 0.5, "B": 0.5}) for i in range(6)]
        chosen = summary_of(six, [Metric("A", limits=(0, 1))])["metrics"]["A"]["difference"]
        assert chosen["p_adjusted"] == chosen["p_value"]  # B was not chosen and costs A nothing

    def test_undeclared_direction(self) -> None:
        text = self.found(cases_of([(1.0, 0.5)] * 40, "own"), [Metric("own", limits=(0, 1), declared=False)])
        assert text == "own: no direction was declared; higher counts as better."

    def test_problems_come_first(self) -> None:
        assert self.found(cases_of([(1.0, 0.5)] * 3), problems=["broken file"]).startswith("broken file")


score = st.none() | st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
evaluations = st.lists(st.tuples(score, score, score, score, st.sampled_from("abc")), min_size=1, max_size=45)


def built(rows: Sequence[tuple[Any, ...]]) -> list[Case]:
    return [
        case(i, {"Correctness": a, "Harmfulness": c}, {"Correctness": b, "Harmfulness": d}, category=e)
        for i, (a, b, c, d, e) in enumerate(rows)
    ]


class TestInvariance:
    @settings(max_examples=at_most(25))
    @given(evaluations, st.randoms())
    def test_order_of_rows_changes_nothing(self, rows: list[tuple[Any, ...]], order: random.Random) -> None:
        records = built(rows)
        expected = summary_of(records, [CORRECTNESS, HARMFULNESS], resamples=300)
        order.shuffle(records)
        found = summary_of(records, [CORRECTNESS, HARMFULNESS], resamples=300)
        assert rounded(found) == rounded(expected)

    @settings(max_examples=at_most(25))
    @given(evaluations)
    def test_swapping_the_models_flips_every_sign(self, rows: list[tuple[Any, ...]]) -> None:
        metrics = [CORRECTNESS, HARMFULNESS]
        one = summary_of(built(rows), metrics, resamples=300)["metrics"]
        other = summary_of(built([(b, a, d, c, e) for a, b, c, d, e in rows]), metrics, resamples=300)["metrics"]
        turned = {"improved": "regressed", "regressed": "improved", "equivalent": "equivalent"}
        for name in one:
            there, back = one[name]["difference"], other[name]["difference"]
            assert rounded([there["mean"], there["ci_low"], there["ci_high"], there["p_value"]]) == rounded(
                [minus(back["mean"]), minus(back["ci_high"]), minus(back["ci_low"]), back["p_value"]]
            )
            assert (one[name]["wins"], one[name]["losses"]) == (other[name]["losses"], other[name]["wins"])
            assert other[name]["verdict"] == turned.get(one[name]["verdict"], other[name]["verdict"])

    @settings(max_examples=at_most(25))
    @given(evaluations)
    def test_rows_without_both_scores_do_not_touch_the_difference(self, rows: list[tuple[Any, ...]]) -> None:
        complete = [row for row in rows if row[0] is not None and row[1] is not None]
        some = summary_of(built(rows), resamples=300)["metrics"]["Correctness"]
        only = summary_of(built(complete), resamples=300)["metrics"]["Correctness"]
        assert rounded({k: some[k] for k in ("difference", "wins", "ties", "losses")}) == rounded(
            {k: only[k] for k in ("difference", "wins", "ties", "losses")}
        )

    @settings(max_examples=at_most(25))
    @given(evaluations)
    def test_counts_add_up(self, rows: list[tuple[Any, ...]]) -> None:
        summary = summary_of(built(rows), [CORRECTNESS, HARMFULNESS], resamples=300)
        for entry in summary["metrics"].values():
            for side in ("tuned", "base"):
                assert entry[side]["n_scored"] + entry[side]["n_missing"] == summary["rows"][side]
                assert sum(entry[side]["missing_reasons"].values()) == entry[side]["n_missing"]
            assert entry["wins"] + entry["ties"] + entry["losses"] == entry["n_paired"]


def minus(value: float | None) -> float | None:
    return None if value is None else -value


def rounded(value: Any) -> Any:
    """The same structure with numbers rounded, so that sums in another order compare equal."""
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 9) + 0.0 if isinstance(value, float) else value


class TestClusters:
    def records(self, field: str = "document_id") -> list[Case]:
        """Eight documents of five rows each; the whole gain comes from three documents."""
        return [
            case(i, {"Correctness": 0.75 if i // 5 < 3 else 0.5}, {"Correctness": 0.5}, metadata={field: f"d{i // 5}"})
            for i in range(40)
        ]

    def test_rows_of_one_document_are_not_independent(self) -> None:
        summary = summary_of(self.records())
        entry = summary["metrics"]["Correctness"]
        assert entry["n_clusters"] == 8
        assert entry["difference"]["p_value"] == 1 / 8  # three equal gains: +++ and --- of eight, by half
        assert entry["verdict"] != "improved"
        assert any("8 clusters" in text for text in summary["warnings"])
        assert "document_id" not in summary["slices"]
        alone = summary_of(self.records("unrelated"))["metrics"]["Correctness"]
        assert (alone["verdict"], alone["n_clusters"]) == ("improved", None)

    def test_ids_that_never_repeat_are_no_clusters(self) -> None:
        records = [
            case(i, {"Correctness": 0.75}, {"Correctness": 0.5}, metadata={"document_id": str(i)}) for i in range(9)
        ]
        assert summary_of(records)["metrics"]["Correctness"]["n_clusters"] is None

    def test_rows_without_the_field_stand_alone(self) -> None:
        records = [*self.records(), *(case(i, {"Correctness": 0.5}, {"Correctness": 0.5}) for i in (90, 91, 92))]
        assert summary_of(records)["metrics"]["Correctness"]["n_clusters"] == 11
