"""Calls, tokens, money, time: worked by hand, and never zero for unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.cost.duration import estimate_minutes, in_words, minutes_at
from model_evaluation.cost.estimate import Estimate, cost_line, token_line
from model_evaluation.cost.prices import price_of
from model_evaluation.cost.tokens import Tokens, estimate_tokens, workload
from model_evaluation.errors import AccessDenied
from model_evaluation.lookups import pricing

PROFILE = {
    "rows": 90,
    "with_reference": 90,
    "prompt_chars": {"median": 90, "p95": 300},
    "reference_chars": {"median": 180, "p95": 600},
}


def product(name: str, direction: str, usd: str, unit: str = "1K tokens", **attributes: str) -> dict[str, Any]:
    described = {"model": name, "inferenceType": f"{direction} tokens", "usagetype": f"USW2-{name}-x", **attributes}
    rate = {"unit": unit, "description": "", "pricePerUnit": {"USD": usd}}
    return {"product": {"attributes": described}, "terms": {"OnDemand": {"t": {"priceDimensions": {"r": rate}}}}}


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


def test_the_on_demand_price_is_found_among_the_other_ways_to_buy() -> None:
    products = [
        product("Nova Pro", "Input", "0.0008"),
        product("Nova Pro", "Output", "0.0032"),
        product("Nova Pro", "Input", "0.0004", usagetype="USW2-NovaPro-input-tokens-batch"),
        product("Nova Pro", "Input", "0.0002", feature="Prompt cache read"),
        product("Nova Pro", "Input", "0.9", usagetype="USW2-NovaPro-ProvisionedThroughput"),
        product("Nova Premier", "Input", "0.0025"),
    ]
    price = price_of(products, model_id="amazon.nova-pro-v1:0", name="Nova Pro")
    assert price is not None
    assert (price.read, price.written) == (pytest.approx((0.8, 0.8)), pytest.approx((3.2, 3.2)))
    assert price.cost((1_000_000, 2_000_000), (0, 1_000_000)) == pytest.approx((0.8, 1.6 + 3.2))


def test_a_marketplace_models_price_is_per_million() -> None:
    edition = {"servicename": "Claude 3 Haiku (Amazon Bedrock Edition)", "model": "", "inferenceType": ""}
    products = [
        product("", "", "0.25", "Million Input Tokens", **edition, usagetype="USW2-MP:USW2_InputTokenCount-Units"),
        product("", "", "1.25", "Million Output Tokens", **edition, usagetype="USW2-MP:USW2_OutputTokenCount-Units"),
    ]
    price = price_of(products, model_id="anthropic.claude-3-haiku-20240307-v1:0", name="Claude 3 Haiku")
    assert price is not None
    assert (price.read[0], price.written[0]) == (0.25, 1.25)


@pytest.mark.parametrize(
    "products",
    [
        [],
        [product("Nova Pro", "Input", "0.0008")],
        [product("Nova Pro", "Input", "0.0008", "furlong"), product("Nova Pro", "Output", "0.0032")],
        [product("Nova Pro", "Input", "0"), product("Nova Pro", "Output", "0")],
        [product("Nova Premier", "Input", "1"), product("Nova Premier", "Output", "1")],
    ],
    ids=["nothing", "input only", "unknown unit", "zero", "another model"],
)
def test_a_price_that_is_not_certain_is_unknown(products: list[dict[str, Any]]) -> None:
    assert price_of(products, model_id="amazon.nova-pro-v1:0", name="Nova Pro") is None


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    work = workload(PROFILE, models=1, builtin=["A"], custom=[])
    found = Estimate(work, estimate_tokens(work), (1.0, 2.0), None, None, "", "Access was denied.")
    assert cost_line(found).startswith("unknown: Access was denied.")
    assert "USD" not in cost_line(found)


def test_tokens_are_told_in_words() -> None:
    work = workload(PROFILE, models=1, builtin=["A"], custom=[])
    found = Estimate(work, Tokens((900, 12_345), (1_234_567, 98_765_432)), (1, 2), None, None, "", "")
    assert token_line(found) == "the judge reads about 900 to 12 thousand, writes 1.2 million to 99 million"


def test_durations_in_words() -> None:
    assert in_words(estimate_minutes(60)) == "about 20 to 45 minutes"
    assert in_words((95.0, 300.0)) == "about 1.6 to 5.0 hours"
    assert minutes_at(Tokens((1000, 2000), (500, 1000)), 100.0) == (15.0, 30.0)


class PriceClient:
    """A Price List that can fail; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False

    def ask(self, aws: object, region: str) -> list[dict[str, Any]]:
        self.asked += 1
        if self.fails:
            raise AccessDenied("no", fix="ask")
        return [{"asked": self.asked, "region": region}]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> PriceClient:
    client = PriceClient()
    monkeypatch.setattr(pricing, "_ask", client.ask)
    return client


def test_prices_are_kept_for_a_week_with_their_date(client: PriceClient, tmp_path: Path) -> None:
    def read(day: float, region: str = "us-west-2") -> pricing.PriceList:
        return pricing.bedrock_prices(None, region, cache=tmp_path / "new", now=day * 86_400)  # type: ignore[arg-type]

    assert read(20_000) == pricing.PriceList([{"asked": 1, "region": "us-west-2"}], "2024-10-04")
    assert read(20_006.9).read == "2024-10-04"
    assert client.asked == 1
    assert read(20_000, "eu-west-1").products == [{"asked": 2, "region": "eu-west-1"}]
    assert read(20_007).read == "2024-10-11"
    assert client.asked == 3


def test_an_older_list_is_better_than_none_and_says_so(client: PriceClient, tmp_path: Path) -> None:
    def read(now: float) -> pricing.PriceList:
        return pricing.bedrock_prices(None, "us-west-2", cache=tmp_path, now=now)  # type: ignore[arg-type]

    read(0)
    client.fails = True
    found = read(30 * 86_400.0)
    assert (found.read, found.problem) == ("1970-01-01", "no")
    with pytest.raises(AccessDenied):
        pricing.bedrock_prices(None, "us-west-2", cache=None, now=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"read": "soon", "products": []}', json.dumps({"read": 1})])
def test_a_damaged_cache_is_read_anew(client: PriceClient, tmp_path: Path, content: str) -> None:
    (tmp_path / "prices-us-west-2.json").write_text(content)
    assert pricing.bedrock_prices(None, "us-west-2", cache=tmp_path, now=5.0).products  # type: ignore[arg-type]
    assert client.asked == 1


def test_a_folder_that_cannot_be_written_is_no_trouble(client: PriceClient, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert pricing.bedrock_prices(None, "us-west-2", cache=tmp_path / "file", now=5.0).products  # type: ignore[arg-type]


def test_made_up_prices_are_never_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert pricing.cache_folder() == tmp_path / "model-evaluation"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert pricing.cache_folder() is None
