"""Calls, tokens, money, time: worked by hand, and never zero for unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.conversation.context import Context
from model_evaluation.errors import AccessDenied
from model_evaluation.kinds.llm_as_judge.cost import (
    PUBLISHED,
    Estimate,
    JudgeDurations,
    TokenPrice,
    Tokens,
    cost_line,
    estimate_tokens,
    minutes_at,
    price_bounds,
    price_of,
    token_line,
    usual_durations,
    workload,
)
from model_evaluation.lookups import price_list
from model_evaluation.runtime.launch.durations import PastRun, in_words, keep_past_run

PROFILE = {
    "rows": 90,
    "with_reference": 90,
    "prompt_chars": {"median": 90, "p95": 300},
    "reference_chars": {"median": 180, "p95": 600},
}


# Products with the attributes, units and descriptions that captures of AWS's list from 2026 show; every way to sell a
# model is there. Format: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
PRODUCTS = json.loads((Path(__file__).parents[2] / "data" / "prices" / "bedrock_us_east_1.json").read_text("utf-8"))


def test_calls_and_tokens_worked_by_hand() -> None:
    custom = [{"customMetricDefinition": {"name": "x", "instructions": "a" * 1000}}]
    work = workload(PROFILE, models=2, builtin=["Correctness"], custom=custom)
    assert (work.calls, work.responses) == (360, 180)
    tokens = estimate_tokens(work)
    # low: (3200 + 1800) of prompts and 2 x (90 prompt + 180 answer + 180 reference), 4.5 characters a token
    assert tokens.read[0] == round(180 * (5000 + 2 * 450) / 4.5)
    # high: answers four times the reference, 3 characters a token
    assert tokens.read[1] == round(180 * (5000 + 2 * (300 + 2400 + 600)) / 3)
    assert tokens.written == (36_000, 108_000)


def test_without_references_the_answers_length_is_assumed() -> None:
    work = workload({"rows": 1, "prompt_chars": {"median": 10, "p95": 10}}, models=1, builtin=["A"], custom=[])
    assert estimate_tokens(work).read == (758, 2404)  # (3200 + 10 + 200) / 4.5 and (3200 + 10 + 4000) / 3, up


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows_are_no_trouble(rows: int) -> None:
    work = workload({"rows": rows}, models=1, builtin=["A"], custom=[])
    assert estimate_tokens(work).written == (100 * rows, 300 * rows)


@pytest.mark.parametrize(
    ("model_id", "name", "read", "written"),
    [
        ("amazon.nova-pro-v1:0", "Nova Pro", 0.8, 3.2),
        ("amazon.nova-premier-v1:0", "Nova Premier", 2.5, 12.5),
        ("amazon.nova-2-lite-v1:0", "Nova 2 Lite", 0.33, 2.75),
        ("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", 0.72, 0.72),
        ("anthropic.claude-3-haiku-20240307-v1:0", "Claude 3 Haiku", 0.25, 1.25),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5", 1.1, 5.5),
        ("anthropic.claude-sonnet-4-6", "Claude Sonnet 4.6", 3.3, 16.5),
        ("anthropic.claude-sonnet-5", "Claude Sonnet 5", 3.3, 16.5),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "Claude Sonnet 4", 3.0, 15.0),
    ],
)
def test_the_on_demand_price_in_the_region_is_found_among_the_other_ways_to_buy(
    model_id: str, name: str, read: float, written: float
) -> None:
    price = price_of(PRODUCTS, model_id=model_id, name=name)
    assert price is not None
    assert price.read == pytest.approx((read, read))
    assert price.written == pytest.approx((written, written))
    assert price.cost((1_000_000, 2_000_000), (0, 1_000_000)) == pytest.approx((read, 2 * read + written))


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("amazon.nova-micro-v1:0", "Nova Micro"),  # not in this list
        ("anthropic.claude-3-5-haiku-20241022-v1:0", "Claude 3.5 Haiku"),  # others of the name are
        ("openai.gpt-oss-120b-1:0", "gpt-oss-120b"),  # sold only where judges are not called
        ("amazon.titan-text-premier-v1:0", "Titan Text Premier"),  # no number for a price
    ],
)
def test_a_judge_the_list_does_not_price_is_unknown(model_id: str, name: str) -> None:
    assert price_of(PRODUCTS, model_id=model_id, name=name) is None


def _nova_pro(*changes: tuple[str, str]) -> list[dict[str, Any]]:
    """Nova Pro's two on-demand products, with texts replaced."""
    text = json.dumps(
        [product for product in PRODUCTS if product["product"]["attributes"].get("model") == "Nova Pro"][:2]
    )
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return list(json.loads(text))


@pytest.mark.parametrize(
    "products",
    [
        [],
        _nova_pro()[:1],
        _nova_pro(("1K tokens", "furlong"), ("1K input", ""), ("1K output", "")),
        _nova_pro(("0.0008000000", "0.0000000000")),
        _nova_pro(("0.0008000000", "Infinity")),
        _nova_pro(("USD", "CNY")),
        _nova_pro(("OnDemand", "Reserved")),
        _nova_pro(("Nova Pro", "Nova Premier")),
    ],
    ids=["nothing", "input only", "unknown unit", "zero", "no end", "currency", "terms", "another model"],
)
def test_a_price_that_is_not_certain_is_unknown(products: list[dict[str, Any]]) -> None:
    assert price_of(_nova_pro(), model_id="amazon.nova-pro-v1:0", name="Nova Pro") is not None
    assert price_of(products, model_id="amazon.nova-pro-v1:0", name="Nova Pro") is None


def an_estimate(tokens: Tokens, price: TokenPrice, unknown: str = "") -> Estimate:
    return Estimate(workload(PROFILE, models=1, builtin=["A"], custom=[]), tokens, price, unknown, "2026-11-20")


def test_an_unknown_price_is_bounded_by_the_known_ones() -> None:
    """A list with Nova Pro alone knows nothing of dearer judges; the published prices do."""
    bounds = price_bounds(_nova_pro())
    assert (bounds.read, bounds.written) == ((0.035, 15.0), (0.14, 75.0))
    tokens = Tokens((1_000_000, 2_000_000), (100_000, 300_000))
    line = cost_line(an_estimate(tokens, bounds, "the price list has no on-demand price for x"))
    # 1 x 0.035 + 0.1 x 0.14, and 2 x 15 + 0.3 x 75
    assert line.startswith("USD 0.05 to USD 52.50 for the judge, as the cheapest and the dearest one")
    assert "the price list has no on-demand price for x." in line


def test_a_list_that_cannot_be_read_leaves_the_published_bounds() -> None:
    assert price_bounds(()) == PUBLISHED


def test_prices_of_a_list_beyond_the_published_ones_widen_the_bounds() -> None:
    bounds = price_bounds(_nova_pro(("0.0032000000", "0.2000000000"), ("0.0008000000", "0.0000100000")))
    assert bounds.read == pytest.approx((0.01, 15.0))
    assert bounds.written == pytest.approx((0.14, 200.0))


def test_bounds_from_made_up_prices_say_so() -> None:
    made_up = _nova_pro(('"feature"', '"simulated": "true", "feature"'))
    assert "SIMULATED" in cost_line(an_estimate(Tokens((1, 1), (1, 1)), price_bounds(made_up), "none"))


def test_tokens_are_told_in_words() -> None:
    estimated = an_estimate(Tokens((900, 12_345), (1_234_567, 98_765_432)), PUBLISHED)
    assert token_line(estimated) == "the judge reads about 900 to 12 thousand, writes 1.2 million to 99 million"


def test_durations_in_words() -> None:
    assert in_words(JudgeDurations.of(60, 3).whole()) == "about 20 to 40 minutes"
    assert in_words((95.0, 300.0)) == "about 1.6 to 5.0 hours"
    assert minutes_at(Tokens((1000, 2000), (500, 1000)), 100.0) == (15.0, 30.0)


def test_the_estimate_knows_how_long_the_prompts_are(tmp_path: Path) -> None:
    context = Context(str(tmp_path), {"answers": {}, "runs": []}, now="")
    profile = PROFILE | {"rows": 30, "prompt_chars": {"median": 12_800, "p95": 14_000}}
    work = workload(profile, models=2, builtin=["A", "B", "C"], custom=[])
    assert usual_durations(context, work).sizes == {"rows": 30, "metrics": 3, "prompt_tokens": 3_200}


def test_this_projects_own_runs_count_wherever_they_were_recorded(tmp_path: Path) -> None:
    work = workload(PROFILE, models=1, builtin=["A"], custom=[])
    elsewhere = tmp_path / "elsewhere"
    for number, folder in enumerate((tmp_path / "notebooks" / "results", elsewhere)):
        (folder / "launches").mkdir(parents=True)
        keep_past_run(
            str(folder), PastRun(f"e{number}", {"rows": 90, "metrics": 1}, {"EvaluateCustomModelMetrics": 30.0})
        )
    context = Context(str(tmp_path), {"answers": {}, "runs": [{"results_dir": str(elsewhere)}]}, now="")
    usual = usual_durations(context, work)
    assert (usual.sizes, len(usual.own)) == ({"rows": 90, "metrics": 1, "prompt_tokens": 22}, 2)
    assert usual.minutes("EvaluateBaseModelMetrics") == pytest.approx((24.0, 37.5), rel=0.05)


class PriceClient:
    """A Price List that can fail; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False

    def ask(self, aws: object, service: str, *, regionCode: str) -> list[dict[str, Any]]:  # noqa: N803
        self.asked += 1
        if self.fails:
            raise AccessDenied("no", fix="ask")
        return [{"asked": self.asked, "region": regionCode}]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> PriceClient:
    client = PriceClient()
    monkeypatch.setattr(price_list, "_ask", client.ask)
    return client


def test_prices_are_kept_for_a_week_with_their_date(client: PriceClient, tmp_path: Path) -> None:
    def read(day: float, region: str = "us-west-2") -> price_list.PriceList:
        return price_list.read_price_list(
            None, "bedrock", ("AmazonBedrock",), region, cache=tmp_path / "new", now=day * 86_400
        )  # type: ignore[arg-type]

    assert read(20_000) == price_list.PriceList([{"asked": 1, "region": "us-west-2"}], "2024-10-04")
    assert read(20_006.9).read == "2024-10-04"
    assert client.asked == 1
    assert read(20_000, "eu-west-1").products == [{"asked": 2, "region": "eu-west-1"}]
    assert read(20_007).read == "2024-10-11"
    assert client.asked == 3


def test_an_older_list_is_better_than_none_and_says_so(client: PriceClient, tmp_path: Path) -> None:
    def read(now: float) -> price_list.PriceList:
        return price_list.read_price_list(None, "bedrock", ("AmazonBedrock",), "us-west-2", cache=tmp_path, now=now)  # type: ignore[arg-type]

    read(0)
    client.fails = True
    found = read(30 * 86_400.0)
    assert (found.read, found.problem) == ("1970-01-01", "no")
    with pytest.raises(AccessDenied):
        price_list.read_price_list(None, "bedrock", ("AmazonBedrock",), "us-west-2", cache=None, now=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"read": "soon", "products": []}', json.dumps({"read": 1})])
def test_a_damaged_cache_is_read_anew(client: PriceClient, tmp_path: Path, content: str) -> None:
    (tmp_path / "prices-bedrock-us-west-2.json").write_text(content)
    assert price_list.read_price_list(
        None, "bedrock", ("AmazonBedrock",), "us-west-2", cache=tmp_path, now=5.0
    ).products  # type: ignore[arg-type]
    assert client.asked == 1


def test_a_folder_that_cannot_be_written_is_no_trouble(client: PriceClient, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert price_list.read_price_list(
        None, "bedrock", ("AmazonBedrock",), "us-west-2", cache=tmp_path / "file", now=5.0
    ).products  # type: ignore[arg-type]


def test_made_up_prices_are_never_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert price_list.cache_folder() == tmp_path / "model-evaluation"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert price_list.cache_folder() is None
