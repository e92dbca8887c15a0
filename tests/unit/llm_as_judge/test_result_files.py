"""Finding raw result files, and what one of their rows says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.kinds.llm_as_judge.runtime.result_files import (
    find_result_files,
    parse_repr,
    parse_result_row,
    read_aggregate_means,
    response_text,
)
from model_evaluation.runtime.results.records import ScoredAnswer
from model_evaluation.runtime.rows import read_dataset_row
from model_evaluation.runtime.statistics.metrics import missing_reason
from unit.runtime.results_world import (
    BUCKET,
    EXECUTION,
    NASTY,
    OLDER,
    PREFIX,
    aggregate_key,
    put_aggregate,
    put_rows,
    result_line,
    rows_key,
)

URI = f"s3://{BUCKET}/{PREFIX}"


class TestFindingFiles:
    def test_only_this_executions_row_files(self, s3: Any) -> None:
        mine = [put_rows(s3, "tuned", ["{}"], part="b"), put_rows(s3, "tuned", ["{}"], part="a")]
        base = put_rows(s3, "base", ["{}"])
        put_rows(s3, "tuned", ["{}"], execution=OLDER)
        put_rows(s3, "tuned", ["{}"], execution=EXECUTION + "0")
        put_rows(s3, "tuned", ["{}"], execution="0" + EXECUTION)
        for key in (
            f"{PREFIX}/{EXECUTION}/eval_results/inference_output.jsonl",
            f"{PREFIX}/other-{EXECUTION}/x/datasets/d/1_output.jsonl",
            rows_key("tuned").replace("/datasets/", "/data/"),
            rows_key("tuned").replace("_output.jsonl", "_output.json"),
            rows_key("tuned").replace(PREFIX, f"{PREFIX}-2"),
        ):
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
        put_aggregate(s3, "base", {})
        files = find_result_files(s3, URI + "/", EXECUTION)
        assert files.rows["tuned"] == sorted(mine)
        assert files.rows["base"] == [base]
        assert files.means["base"] == [aggregate_key("base")]
        assert files.means["tuned"] == files.superseded == []

    def test_execution_id_in_the_prefix_does_not_make_every_file_ours(self, s3: Any) -> None:
        s3.put_object(
            Bucket=BUCKET, Key=f"runs/{EXECUTION}/custom-llmaj-eval-{OLDER}/j/datasets/d/1_output.jsonl", Body=b""
        )
        assert find_result_files(s3, f"s3://{BUCKET}/runs/{EXECUTION}", EXECUTION).rows["tuned"] == []

    def test_bucket_root(self, s3: Any) -> None:
        key = f"custom-llmaj-eval-{EXECUTION}/j/models/m/datasets/d/1_output.jsonl"
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
        assert find_result_files(s3, f"s3://{BUCKET}", EXECUTION).rows["tuned"] == [key]

    def test_a_retried_step_gives_only_its_newest_job(self, s3: Any) -> None:
        put_rows(s3, "tuned", ["{}"], job="zzz", part="1")
        put_rows(s3, "tuned", ["{}"], job="zzz", part="2")
        real = s3.get_paginator

        newest = put_rows(s3, "tuned", ["{}"], job="aaa")

        class Dated:
            """S3's times have seconds; this listing makes the last write the newest beyond doubt."""

            def get_paginator(self, name: str) -> Any:
                return self

            def paginate(self, **where: Any) -> Iterator[Any]:
                for page in real("list_objects_v2").paginate(**where):
                    for item in page["Contents"]:
                        item["LastModified"] = 2 if item["Key"] == newest else 1
                    yield page

        files = find_result_files(Dated(), URI, EXECUTION)
        assert files.rows["tuned"] == [newest]
        assert [key.split("/")[3] for key in files.superseded] == ["zzz", "zzz"]

    def test_every_page_is_read(self, s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")
        for number in range(12):
            s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/aaa/{number}", Body=b"")
        key = put_rows(s3, "base", ["{}"])
        assert find_result_files(s3, URI, EXECUTION).rows["base"] == [key]


def test_aggregates(s3: Any) -> None:
    put_aggregate(s3, "tuned", {"Builtin.Correctness": 0.5, "own": 2})
    s3.put_object(Bucket=BUCKET, Key="bad", Body=b"{")
    s3.put_object(Bucket=BUCKET, Key="list", Body=b'{"results": [1]}')
    s3.put_object(Bucket=BUCKET, Key="null", Body=b'{"results": {"x": {"score": null}, "y": 3}}')
    keys = ["bad", "list", "null", aggregate_key("tuned")]
    assert read_aggregate_means(s3, BUCKET, keys) == {"Correctness": 0.5, "own": 2.0}


class TestParsing:
    @given(st.text() | st.sampled_from(NASTY))
    def test_any_text_survives_the_repr(self, text: str) -> None:
        row = parse_result_row(json.loads(result_line(text, text, {"M": 0.5}, explanations={"M": text})))
        assert (row.prompt, row.response, row.explanations["M"]) == (text, text, text)

    def test_result_prompt_matches_the_dataset_row_of_the_same_conversation(self) -> None:
        turns = [
            {"role": "system", "content": 'Be "brief"'},
            {"role": "user", "content": "it's\n'ok'"},
            {"role": "assistant", "content": "yes"},
            {"role": "user", "content": "more"},
        ]
        row = parse_result_row({"inputRecord": {"prompt": repr(turns)}})
        assert row.prompt == read_dataset_row({"messages": [*turns, {"role": "assistant", "content": "a"}]}, 1).prompt

    @pytest.mark.parametrize(
        "text",
        ["plain", "[", "['unclosed", "[1, 2]", "[__import__('os')]", "[" * 500, "['a'] + ['b']", "\\d [", "['\\d']x"],
    )
    def test_what_is_no_repr_stays_text(self, text: str) -> None:
        assert parse_repr(text) == text

    def test_nothing_is_evaluated(self) -> None:
        hostile = "[__import__('pathlib').Path('/').rmdir()]"
        assert response_text(hostile) == hostile

    @pytest.mark.parametrize(
        ("response", "text"),
        [
            ("['hello']", "hello"),
            ('["it\'s"]', "it's"),
            ("hello", "hello"),
            ("['a', 'b']", "a\nb"),
            ("[]", ""),
            ("", ""),
            (None, ""),
            (["x"], "x"),
            ("[{'role': 'assistant', 'content': 'x'}]", "x"),
        ],
    )
    def test_responses(self, response: object, text: str) -> None:
        assert response_text(response) == text

    @pytest.mark.parametrize(
        ("entry", "score", "reason"),
        [
            ({"result": 0.5}, 0.5, None),
            ({"result": 0}, 0.0, None),
            ({"result": "Good"}, "Good", None),
            ({"result": None}, None, "null"),
            ({}, None, "absent"),
            ({"result": float("nan")}, None, "not applicable"),
            ({"result": 10**400}, None, "unparsable"),
            ({"result": float("inf")}, None, "unparsable"),
            ({"result": True}, None, "unparsable"),
            ({"result": " "}, None, "unparsable"),
            ({"result": [1]}, None, "unparsable"),
        ],
    )
    def test_scores_are_numbers_labels_or_missing_with_a_reason(
        self, entry: dict[str, Any], score: object, reason: str | None
    ) -> None:
        scores = [{"metricName": "Builtin.Correctness", **entry}]
        row = parse_result_row({"inputRecord": {"prompt": "p"}, "automatedEvaluationResult": {"scores": scores}})
        assert row.scores == {"Correctness": score}
        assert row.missing.get("Correctness") == reason

    def test_second_judges_score_fills_a_gap_but_replaces_nothing(self) -> None:
        def entry(result: object, text: str) -> dict[str, Any]:
            return {"metricName": "M", "result": result, "evaluatorDetails": [{"explanation": text}]}

        for scores, expected in (
            ([entry(1, "a"), entry(0, "b")], (1.0, "a")),
            ([entry(None, "a"), entry(0, "b")], (0.0, "b")),
        ):
            row = parse_result_row({"inputRecord": {"prompt": "p"}, "automatedEvaluationResult": {"scores": scores}})
            assert (row.scores["M"], row.explanations["M"]) == expected
            assert row.missing == {}

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda x: (
                st.lists(x)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "inputRecord",
                            "prompt",
                            "modelResponses",
                            "response",
                            "automatedEvaluationResult",
                            "scores",
                            "metricName",
                            "result",
                            "evaluatorDetails",
                            "explanation",
                        ]
                    ),
                    x,
                )
            ),
        )
    )
    def test_any_json_value_is_a_row_or_a_value_error(self, value: object) -> None:
        try:
            row = parse_result_row(value)
        except ValueError:
            return
        assert isinstance(row, ScoredAnswer)


@pytest.mark.parametrize(
    ("label", "reason"),
    [("N/A", "not applicable"), ("Not applicable.", "not applicable"), ("So-so", "unparsable"), ("None", "unparsable")],
)
def test_why_a_label_is_no_score(label: str, reason: str) -> None:
    assert missing_reason(label) == reason
