"""Bounds, factors and terms of revalued options, rows with reasons, and a real chain."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from option_books import (
    AT,
    COIN,
    DAY,
    DOLLAR,
    TENORS,
    black,
    moves_of_price,
    option,
    scenarios,
    snapshot,
    surface,
)
from plimsoll.adapters.chains.read import read_chains
from plimsoll.domain.instrument import Future, Option, OptionRight, Pair, Payoff
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.scenario import Factor
from plimsoll.errors import ParameterError, UsageError
from plimsoll.estimators.surface.fit import fit_surface
from plimsoll.estimators.surface.query import at_strike
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.scenarios import OptionRules, RevaluationReason, ScenarioTable, revalue
from plimsoll.scenarios.vol_scenarios import vol_factors


def test_the_floor_of_volatility_holds_in_scenarios_only() -> None:
    held, factors = {"C": option(30, 97_000, pair=DOLLAR)}, vol_factors("HELM", TENORS)
    shocks = np.zeros((2, 10))
    shocks[1, 1:4] = -3.0
    rules = OptionRules(minimum_vol=0.3)
    found = revalue(held, snapshot(), scenarios(shocks, factors), None, rules)
    vol = float(at_strike(surface(), 97_000, AT + 30 * DAY).volatility)
    assert vol > 0.3
    floored, now = (black(30, 97_000, v, 96_300) for v in (0.3, vol))
    np.testing.assert_allclose(found.row("C"), [0.0, 2.0 * (floored - now)], atol=1e-8)
    assert found.base_value[0] == pytest.approx(2.0 * now, rel=1e-12)


def test_a_market_may_have_a_price_factor_of_its_own() -> None:
    both = (Factor(subject="HELM"), Factor(subject="HELM-30D"))
    moves = scenarios(np.array([[0.1, -0.2]]), both)
    held = {"A": option(30, 97_000), "B": option(30, 97_000)}
    found = revalue(held, snapshot(), moves, {"A": both[0], "B": both[1]})
    for market, move in (("A", 0.1), ("B", -0.2)):
        alone = revalue({market: held[market]}, snapshot(), moves_of_price(move))
        np.testing.assert_array_equal(found.row(market), alone.row(market))


def test_contracts_count_coins_though_prices_are_of_thousands() -> None:
    thousands = replace(DOLLAR, base_units=1000)
    held = replace(surface(DOLLAR), pair=thousands)
    one = option(30, 97_000, pair=DOLLAR)
    found = revalue({"C": replace(one, pair=thousands)}, snapshot(held), moves_of_price(0.1))
    alone = revalue({"C": one}, snapshot(), moves_of_price(0.1))
    np.testing.assert_allclose(1000.0 * found.row("C"), alone.row("C"), rtol=1e-14)


def test_wrong_use() -> None:
    still, one = moves_of_price(0.0), option(30, 97_000)
    quanto = replace(one, settle="KEEL", payoff=Payoff.QUANTO)
    with pytest.raises(UsageError, match=r"instruments\[C\].*quanto"):
        revalue({"C": quanto}, snapshot(), still)
    with pytest.raises(UsageError, match="with_contract_size"):
        revalue({"C": replace(one, contract_size=None)}, snapshot(), still)
    with pytest.raises(UsageError, match="must be one of the scenario set's factors"):
        revalue({"C": one}, snapshot(), scenarios(np.zeros((1, 1)), (Factor(subject="KEEL"),)))
    with pytest.raises(UsageError, match="must have a factor"):
        revalue({"C": one}, snapshot(), still, {})
    factors = vol_factors("HELM", TENORS)
    moves = scenarios(np.zeros((1, 10)), factors)
    with pytest.raises(UsageError, match="must be a price factor"):
        revalue({"C": one}, snapshot(), moves, {"C": factors[1]})
    with pytest.raises(UsageError, match="1e-300 to 1e300"):
        revalue({"C": replace(one, strike=Decimal("1e-400"))}, snapshot(), still)
    with pytest.raises(UsageError, match="price returns must be at most"):
        revalue({"C": one}, snapshot(), moves_of_price(1e7))
    with pytest.raises(UsageError, match="filed under"):
        MarketSnapshot(at_ns=AT, quotes={}, surfaces={(DOLLAR, "USDC"): surface(COIN)})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("elapsed_ns", -1),
        ("oldest_surface_ns", -1),
        ("minimum_vol", -0.1),
        ("minimum_vol", float("nan")),
        ("reach", 0.0),
        ("lowest_ratio", 0.0),
        ("lowest_ratio", 1.5),
    ],
)
def test_rules_have_bounds(field: str, value: float) -> None:
    with pytest.raises(ParameterError, match=field):
        replace(OptionRules(), **{field: value})


def test_options_without_numbers_have_reasons_and_sink_nothing() -> None:
    keel = Pair(base="HELM", quote="USDT")
    bad = {
        "EXPIRED": replace(option(30, 97_000), expiry_ns=AT),
        "BEYOND": option(121, 97_000),
        "NO SURFACE": replace(option(30, 97_000, pair=DOLLAR), pair=keel, settle="USDT"),
    }
    good = {"HELD": option(30, 97_000), "LAST": option(120, 97_000)}
    marks = {m: Quote(mark=0.05, index=95_000.0) for m in ("EXPIRED", "HELD")}
    table = revalue({**bad, **good}, snapshot(quotes=marks), moves_of_price(-0.1, 0.1))
    assert table.reasons == {
        "EXPIRED": RevaluationReason.EXPIRED,
        "BEYOND": RevaluationReason.BEYOND_SURFACE,
        "NO SURFACE": RevaluationReason.NO_SURFACE,
    }
    assert table.has_numbers.tolist() == [False] * 3 + [True] * 2
    assert np.isnan(table.profit[:3]).all()
    assert np.isnan(table.base_value[:3]).all()
    alone = revalue(good, snapshot(), moves_of_price(-0.1, 0.1))
    np.testing.assert_array_equal(table.profit[3:], alone.profit)
    # 0.05 coin a coin, a tenth of a coin a contract
    np.testing.assert_allclose(table.mark_value, [0.005, np.nan, np.nan, 0.005, np.nan], rtol=1e-15)
    np.testing.assert_array_equal(table.mark_gap, table.base_value - table.mark_value)


def test_a_missing_number_is_never_taken_for_no_loss() -> None:
    held = {"HELD": option(30, 97_000), "BEYOND": option(121, 97_000)}
    table = revalue(held, snapshot(), moves_of_price(-0.1, 0.1))
    with pytest.raises(UsageError, match=r"BEYOND must have numbers.*beyond_surface"):
        table.row("BEYOND")
    assert np.isnan(np.array([1.0, 1.0]) @ table.profit).all()
    good = {
        "markets": ("A",),
        "settle": ("HELM",),
        "scenarios": moves_of_price(0.0),
        "profit": np.zeros((1, 1)),
        "base_value": np.zeros(1),
        "mark_value": np.zeros(1),
    }
    ScenarioTable(**good)
    for wrong in (
        {"profit": np.full((1, 1), np.nan)},
        {"base_value": np.full(1, np.nan)},
        {"reasons": {"A": RevaluationReason.EXPIRED}},
        {"reasons": {"B": RevaluationReason.EXPIRED}},
        {"profit": np.zeros((2, 1))},
        {"mark_value": np.zeros(2)},
    ):
        with pytest.raises(UsageError):
            ScenarioTable(**good | wrong)


def test_perpetuals_are_worth_nothing_from_their_mark_and_spot_its_mark() -> None:
    future = Future(
        pair=COIN,
        settle="HELM",
        payoff=Payoff.INVERSE,
        expiry_ns=AT + 30 * DAY,
        contract_size=Decimal(10),
    )
    marked = snapshot(quotes={"F": Quote(mark=96_300.0, index=95_000.0)})
    table = revalue({"C": option(30, 97_000), "F": future}, marked, moves_of_price(0.1))
    assert (table.base_value[1], table.mark_value[1]) == (0.0, 0.0)


@pytest.mark.slow
def test_a_real_chain_is_worth_what_its_venue_says(market_data_dir: Path) -> None:
    """Base values of every option of a BTC chain against the venue's own marks.

    One tick is 0.0001 coin below 0.005 and 0.0005 from there; the venue's mark and a surface fitted
    to its quotes are two opinions, so the bounds are on the median and the 95th percentile.
    """
    chain = next(read_chains([market_data_dir / "options" / "deribit_chains_2026-02.parquet"]))
    fitted = fit_surface(prepare_chain(chain)).surface
    assert fitted is not None
    rights = {True: OptionRight.CALL, False: OptionRight.PUT}
    options = {
        name: Option(
            pair=chain.pair,
            settle=chain.settle,
            payoff=chain.payoff,
            expiry_ns=int(chain.expiry_ns[row]),
            strike=Decimal(str(chain.strike[row])),
            right=rights[bool(chain.is_call[row])],
            contract_size=Decimal(1),
        )
        for row, name in enumerate(chain.names)
    }
    marks = {
        n: Quote(mark=m, index=chain.index[0]) for n, m in zip(chain.names, chain.mark, strict=True)
    }
    base = chain.pair.base
    table = revalue(
        options,
        MarketSnapshot(
            at_ns=chain.at_ns, quotes=marks, surfaces={(chain.pair, chain.settle): fitted}
        ),
        scenarios(np.array([[-0.2], [0.2]]), (Factor(subject=base),)),
    )
    assert not table.reasons
    tick = np.where(table.mark_value < 0.005, 1e-4, 5e-4)
    gap = np.abs(table.mark_gap) / tick
    assert np.median(gap) <= 0.5
    assert np.quantile(gap, 0.95) <= 2.0
