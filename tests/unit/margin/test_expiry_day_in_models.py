"""A dated future within its settlement window, under every margin model.

A quarter of the settlement price still floats. So a linear future loses a quarter of what it did;
an inverse one, N dollars at F, gains ``N / F s x / (1 + s x)`` coins that are worth ``1 + x`` times
as much, that is ``s (1 + x) / (1 + s x)`` of what it gained in dollars. Rates on notional know no
average and ask the same. No tolerance but rounding: 1e-9 of the number.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.runtime import Engine
from sandbox_margin import INSTRUMENTS, SNAPSHOT
from sandbox_models import MODELS

LINEAR, INVERSE = "HELM_USDC-Q", "HELM-Q"
SHARE = 0.25
MOVING = {
    **dict.fromkeys(("scenario_loss", "roll_shock", "basis", "expected_shortfall"), SHARE),
    "shortfall": SHARE,
    **dict.fromkeys(("value_at_risk", "worst_case", "delta", "greeks", "gap"), SHARE),
    "potential_exposure": SHARE,
    # What closing costs, and rates on notional.
    **dict.fromkeys(("fees", "futures", "liquidity", "positions"), 1.0),
}
RATES = ("tiered", "size tiers", "dydx", "drift", "vega", "deribit standard")


def within_the_window(market: str, share: float) -> MarketSnapshot:
    instrument = INSTRUMENTS[market]
    mark = SNAPSHOT.quotes[market].mark
    quote = ExpiryQuote(floating=share * mark, fixed=(1.0 - share) * mark)
    key = (instrument.pair, instrument.settle, instrument.expiry_ns)  # type: ignore[union-attr]
    return replace(SNAPSHOT, expiries={**SNAPSHOT.expiries, key: quote})


def margins(name: str, market: str, snapshot: MarketSnapshot, sign: float = -1.0) -> Requirements:
    case = MODELS[name].case
    mark = SNAPSHOT.quotes[market].mark
    held = Position(market=market, quantity=50.0 * sign, entry_price=mark)
    book = Book.from_accounts([Account(name="a", positions=(held,))])
    prepared = case.model.prepare(snapshot, case.parameters, case.instruments)
    return prepared.requirements(book)


def terms(found: Requirements) -> dict[str, float]:
    return {term.name: float(term.initial[0]) for term in found.terms}


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("name", list(MODELS))
def test_a_linear_future_asks_for_what_floats(name: str, sign: float) -> None:
    whole = margins(name, LINEAR, SNAPSHOT, sign)
    if whole.unknown.any():  # the model lists no such contract
        assert name in ("deribit S:PM", "derive PMRM_2", "derive PMRM", "derive SRM") or (
            name == "deribit standard, segregated"
        )
        return
    before, after = (
        terms(whole),
        terms(margins(name, LINEAR, within_the_window(LINEAR, SHARE), sign)),
    )
    asked = {term: amount for term, amount in before.items() if amount > 0.0}
    assert asked
    for term, amount in asked.items():
        assert after[term] == pytest.approx(MOVING[term] * amount, rel=1e-9), term
    rates = name.startswith(RATES) and "add-ons" not in name
    assert rates == all(MOVING[term] == 1.0 for term in asked)


@pytest.mark.parametrize(
    ("name", "move", "share"),
    [
        ("deribit X:PM", 0.16, SHARE),
        ("okx", 0.24, SHARE),
        ("span", 0.1, SHARE),
        ("span", 0.1, 0.6),
    ],
)
def test_an_inverse_future_asks_for_its_payoff_at_the_average(
    name: str, move: float, share: float
) -> None:
    """A short one, at the model's largest rise."""
    before = terms(margins(name, INVERSE, SNAPSHOT))["scenario_loss"]
    after = terms(margins(name, INVERSE, within_the_window(INVERSE, share)))["scenario_loss"]
    ratio = share * (1.0 + move) / (1.0 + share * move)
    assert after == pytest.approx(ratio * before, rel=1e-9)


def test_derivatives_are_those_of_the_payoff_at_the_average() -> None:
    """In dollars s x (1 + x) / (1 + s x) = s x + s (1 - s) x^2 + ...: the greeks' own parabola.

    -50 contracts of 10 dollars at the worst of its moves.
    """
    from plimsoll.margin.greeks import GreeksParameters

    reach = float(GreeksParameters().price_range)
    found = terms(margins("greeks", INVERSE, within_the_window(INVERSE, SHARE)))
    loss = 500.0 * (SHARE * reach + SHARE * (1.0 - SHARE) * reach**2)
    spot, mark = SNAPSHOT.quotes["HELM-PERP"].mark, SNAPSHOT.quotes[INVERSE].mark
    assert found["delta"] + found["gamma"] == pytest.approx(loss * spot / mark, rel=1e-9)


def test_options_of_simulations_float_with_the_rest_of_the_window() -> None:
    """A call at 80 % of spot with days left, of which s floats: at most s of what it lost."""
    name, market = "worst of scenarios", "HELM_USDC-M-80-C"
    option = INSTRUMENTS[market]
    key = (option.pair, option.settle, option.expiry_ns)  # type: ignore[union-attr]
    forward = SNAPSHOT.expiries[key].floating

    def loss(floating: float, fixed: float) -> float:
        quote = ExpiryQuote(floating=floating, fixed=fixed)
        at = replace(SNAPSHOT, expiries={**SNAPSHOT.expiries, key: quote})
        return terms(margins(name, market, at, -1.0))["worst_case"]

    whole = loss(forward, 0.0)
    for share in (0.5, 0.1, 0.01):
        assert 0.8 * share * whole < loss(share * forward, (1.0 - share) * forward) < share * whole
    assert loss(1e-9 * forward, forward) == pytest.approx(0.0, abs=1e-6 * whole)


@pytest.mark.parametrize("name", list(MODELS))
def test_an_average_that_nobody_knows_is_a_reason(name: str) -> None:
    """But for rates on notional, which do not look at it."""
    if margins(name, LINEAR, SNAPSHOT).unknown.any():
        return
    instrument = INSTRUMENTS[LINEAR]
    key = (instrument.pair, instrument.settle, instrument.expiry_ns)  # type: ignore[union-attr]
    quote = ExpiryQuote(floating=10.0, fixed=float("nan"))
    at = replace(SNAPSHOT, expiries={**SNAPSHOT.expiries, key: quote})
    found = margins(name, LINEAR, at)
    by_rate = name.startswith(RATES) and "add-ons" not in name
    assert bool(found.unknown[0]) is not by_rate
    expected = 0 if by_rate else int(MarginReason.NO_FORWARD)
    assert found.parts.reason.tolist() == [expected]
    assert np.isnan(found.initial[0]) == (not by_rate)


@pytest.mark.parametrize("name", ["deribit X:PM", "paradex", "worst of scenarios"])
def test_the_live_engine_takes_averages_and_keeps_them(name: str) -> None:
    """As a new preparation, to the last bit: after the snapshot, and after a later quote."""
    case = MODELS[name].case
    mark = SNAPSHOT.quotes[LINEAR].mark
    held = Position(market=LINEAR, quantity=-50.0, entry_price=mark)
    engine = Engine(
        model=case.model,
        parameters=case.parameters,
        instruments=case.instruments,
        snapshot=SNAPSHOT,
        book=Book.from_accounts([Account(name="a", positions=(held,))]),
    )
    within = within_the_window(LINEAR, SHARE)
    engine.on_snapshot(within)
    assert engine.margins.initial[0] == margins(name, LINEAR, within).initial[0]
    quote = replace(within.quotes[LINEAR], mark=1.001 * mark)
    engine.on_price(LINEAR, quote)
    later = replace(within, quotes={**within.quotes, LINEAR: quote})
    assert engine.margins.initial[0] == margins(name, LINEAR, later).initial[0]
