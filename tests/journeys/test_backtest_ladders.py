"""The study of ladders: its arithmetic by hand, and that nothing is known before its time."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np

from plimsoll.calibration.tiers import Ladder
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.journeys.backtest_ladders_contracts import LadderContract
from plimsoll.journeys.backtest_ladders_fit import Variant, fitted_ladders, judged_contracts
from plimsoll.journeys.backtest_ladders_judged import day_error, tally, uncovered_share
from plimsoll.journeys.backtest_ladders_level import LevelRule, price_risk
from plimsoll.journeys.backtest_ladders_moves import Fold, losses, own_scale, scaled_tail

HOURS = 24 * 120
FITTED = 90 * DAY_NS


def contract(column: int) -> LadderContract:
    return LadderContract(
        name=f"C{column}",
        coin=f"C{column}",
        column=column,
        quote_column=None,
        ladder=Ladder(
            caps_usd=(Decimal(10_000), Decimal(200_000)), rates=(Decimal("0.02"), Decimal("0.3"))
        ),
        turnover_usd=1e6,
        is_turnover_known=False,
    )


def fold_with(future: float) -> Fold:
    """Two coins; what comes after the fit is scaled by ``future``."""
    rng = np.random.default_rng(5)
    moves = 0.01 * rng.standard_t(4, (2, HOURS))
    moves[:, 24 * 90 :] *= future
    price = np.cumsum(moves, axis=1)
    available = HOUR_NS * np.arange(1, HOURS + 1, dtype=np.int64)
    return Fold(
        fitted_ns=FITTED,
        until_ns=HOURS * HOUR_NS,
        known=price[:, : 24 * 90],
        final=price,
        available_ns=available,
    )


def test_uncovered_share_counts_pairs_of_size_and_hour() -> None:
    left = np.array([0.05, 0.01, 0.03])
    weights = np.array([[0.5, 0.3, 0.2], [0.0, 1.0, 0.0]])
    loss = np.array([[0.02, 0.05, 0.06], [-0.02, -0.05, -0.06]])
    found = uncovered_share(left, weights, loss)
    # Only longs lose: half of each pair; 0.02 exceeds 0.01, 0.05 all but the first (not above).
    np.testing.assert_allclose(found, 0.5 * np.array([[0.3, 0.5, 1.0], [1.0, 1.0, 1.0]]))


def test_losses_are_simple_and_leave_holes_out() -> None:
    price = np.log(np.array([100.0, 90.0, np.nan, 99.0, 110.0]))
    time = HOUR_NS * np.arange(1, 6, dtype=np.int64)
    found = losses(price, time, 0, 5 * HOUR_NS, 1)
    np.testing.assert_allclose(found.loss[0], [0.1, -1.0 / 9.0])
    np.testing.assert_allclose(found.loss[1], [-0.1, 1.0 / 9.0])
    assert found.time_ns.tolist() == [2 * HOUR_NS, 5 * HOUR_NS]


def test_ladders_do_not_know_what_comes_after_the_fit() -> None:
    contracts = (contract(0), contract(1))
    fitted = []
    for future in (1.0, 7.0):
        fold = fold_with(future)
        judged = judged_contracts(contracts, fold, 1)
        tail = scaled_tail(contracts, fold, 1)
        variant = Variant(name="x", rule=LevelRule(small=0.05, large=0.002))
        fitted.append(
            fitted_ladders(judged, variant, tail, lambda c, f=fold: f.past(c, 1).loss)  # type: ignore[misc]
        )
    assert fitted[0] == fitted[1]
    rates = {one.name: np.full(120, 0.2) for one in contracts}
    calm, wild = (tally(judged_contracts(contracts, fold_with(f), 1), rates) for f in (1.0, 7.0))
    assert np.all(wild.breach > calm.breach)


def test_price_risk_is_the_quantile_of_the_tail_times_the_scale() -> None:
    contracts = (contract(0), contract(1))
    fold = fold_with(1.0)
    one = judged_contracts(contracts, fold, 1)[0]
    tail = scaled_tail(contracts, fold, 1)
    rule = LevelRule(small=0.05, large=0.001)
    found = price_risk(rule, tail, one, one.notional)
    expected = one.scale * np.quantile(tail, 1.0 - rule.tail(one.notional))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(rule.tail(one.notional)[[0, -1]], [0.05, 0.001])
    assert own_scale(fold.past(contracts[0], 1)) == one.scale
    short = replace(fold, known=fold.known[:, : 24 * 20])
    assert np.isnan(own_scale(short.past(contracts[0], 1)))


def test_day_error_is_that_of_a_sum() -> None:
    values = np.random.default_rng(1).normal(0.0, 2.0, (400, 3))
    np.testing.assert_allclose(day_error(values), 2.0 * np.sqrt(400.0), rtol=0.1)
