"""Basis rates of dated futures: real Deribit marks of four months, and made ones.

Real marks are hours apart, so that moves are longer than an hour's close-out; the perpetual's
price is of the snapshot's minute, the future's of its seconds, which adds noise and no less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from plimsoll.calibration.assembly.basis_rates import (
    DatedFuture,
    basis_table,
    with_basis_rates,
)
from plimsoll.calibration.set_plan import ExpiryBucket, SetPlan
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS
from plimsoll.journeys.backtest_collateral_data import deribit_marks

HOUR_NS = 3_600_000_000_000
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
NAME = re.compile(r"(?P<coin>[A-Z]+)-(?P<day>\d+)(?P<month>[A-Z]{3})(?P<year>\d\d)")
LATE_NS = int(np.datetime64("2027-01-01", "ns").astype(np.int64))


def asked(*days: int) -> SetPlan:
    buckets = tuple(
        ExpiryBucket(
            up_to_days=day, basis_rate=Decimal("0.004"), calibrated=True, reason=Reason.NO_DATA
        )
        for day in days
    )
    return SetPlan(expiry_buckets={"large": buckets})


def rates_of(
    plan: SetPlan, futures: Sequence[DatedFuture], *, known_ns: int = LATE_NS, level: float = 0.99
) -> tuple[ExpiryBucket, ...]:
    new = with_basis_rates(
        plan, futures, close_out_hours={"large": 1}, level=level, known_ns=known_ns
    )
    return new.expiry_buckets["large"]


@pytest.fixture(scope="module")
def real(market_data_dir: Path) -> list[DatedFuture]:
    dated, perpetual = deribit_marks(market_data_dir)
    out = []
    for name, bars in dated.items():
        found = NAME.fullmatch(name)
        assert found is not None
        near = perpetual[f"{found['coin']}-PERPETUAL"]
        common, here, there = np.intersect1d(bars.time_ns, near.time_ns, return_indices=True)
        moment = datetime(
            2000 + int(found["year"]),
            1 + MONTHS.index(found["month"]),
            int(found["day"]),
            8,
            tzinfo=UTC,
        )
        out.append(
            DatedFuture(
                risk_class="large",
                time_ns=common,
                near=near.close[there],
                far=bars.close[here],
                expiry_ns=int(moment.timestamp()) * 10**9,
            )
        )
    return out


def test_real_marks_give_rates_with_errors_that_plain_counting_confirms(
    real: list[DatedFuture],
) -> None:
    """Oracle: moves counted one by one; 1 % exceed the rate, give or take its rounding and one."""
    for bucket, low in zip(rates_of(asked(30, 190, 400), real), (0, 30, 190), strict=True):
        assert bucket.estimate is not None
        moves = plain_moves(real, low, bucket.up_to_days)
        assert len(moves) == bucket.estimate.moves > 500
        beyond = (
            sum(move > float(bucket.basis_rate) - less for move in moves) for less in (0, 1e-4)
        )
        fewer, more = beyond
        assert fewer - 1 <= 0.01 * len(moves) <= more + 1
        assert 0.0 < bucket.estimate.standard_error < float(bucket.basis_rate)
        assert 1.0 <= bucket.estimate.mean_hours < 24.0


def plain_moves(futures: Sequence[DatedFuture], low: int, high: int) -> list[float]:
    out = []
    for future in futures:
        basis = np.log(future.far / future.near)
        live = [i for i, t in enumerate(future.time_ns) if t < future.expiry_ns]
        for i in live:
            ends = [j for j in live if future.time_ns[j] >= future.time_ns[i] + HOUR_NS]
            days = (future.expiry_ns - future.time_ns[i]) / DAY_NS
            if not ends or future.time_ns[ends[0]] - future.time_ns[i] > 30 * HOUR_NS:
                continue
            if low < days <= high:
                out.append(abs(float(basis[ends[0]] - basis[i])))
    return out


def made(days: int, spread: float, *, seed: int = 7, hours: int = 24 * 200) -> DatedFuture:
    """Synthetic: hourly prices, the basis a white noise of ``spread``; its moves are normal."""
    drawn = np.random.default_rng(seed)
    near = 100.0 * np.exp(np.cumsum(drawn.normal(0.0, 0.01, hours)))
    return DatedFuture(
        risk_class="large",
        time_ns=np.arange(hours, dtype=np.int64) * HOUR_NS,
        near=near,
        far=near * np.exp(drawn.normal(0.01, spread, hours)),
        expiry_ns=(hours + 24 * days) * HOUR_NS,
    )


def test_made_moves_have_the_quantile_of_the_normal_law() -> None:
    """|N(0, 2 s^2)| has its 99 % quantile at 2.5758 sqrt(2) s; the price's own moves cancel."""
    (bucket,) = rates_of(asked(400), [made(100, 0.002)])
    assert bucket.estimate is not None
    exact = 2.575829 * np.sqrt(2.0) * 0.002
    off = abs(float(bucket.basis_rate) - exact)
    assert off < 4.0 * bucket.estimate.standard_error + 1e-4  # four errors and the rounding
    assert bucket.estimate.mean_hours == 1.0


def test_prices_after_the_day_change_nothing() -> None:
    future, cut = made(100, 0.002), 24 * 100 * HOUR_NS
    drawn = np.random.default_rng(3)
    far = np.where(future.time_ns > cut, drawn.uniform(1.0, 1e6, future.far.size), future.far)
    scrambled = DatedFuture(
        risk_class="large",
        time_ns=future.time_ns,
        near=future.near,
        far=far,
        expiry_ns=future.expiry_ns,
    )
    plan = asked(400)
    plain, other = (rates_of(plan, [f], known_ns=cut) for f in (future, scrambled))
    assert plain == other
    assert rates_of(plan, [scrambled]) != plain


def test_a_higher_level_asks_more_and_too_few_prices_leave_the_default() -> None:
    future = made(100, 0.002)
    low, high = (rates_of(asked(400), [future], level=level)[0] for level in (0.95, 0.99))
    assert low.basis_rate < high.basis_rate
    short, nobody = rates_of(asked(400), [made(100, 0.002, hours=50)]), rates_of(asked(30), [])
    assert short[0].reason is Reason.TOO_SHORT_HISTORY
    assert nobody[0].reason is Reason.NO_DATA
    for bucket in (*short, *nobody):
        assert bucket.basis_rate == Decimal("0.004")
        assert bucket.estimate is None
    told = basis_table(SetPlan(expiry_buckets={"large": (*short[:1],)}), 0.99)
    assert told.rows[0][-1] == "default: too_short_history"
    assert told.rows[0][2] == 0.004


def test_a_hole_in_prices_is_no_move() -> None:
    whole = made(100, 0.002)
    holed = DatedFuture(
        risk_class="large",
        time_ns=np.where(np.arange(4800) < 2400, whole.time_ns, whole.time_ns + 60 * DAY_NS),
        near=whole.near,
        far=whole.far,
        expiry_ns=whole.expiry_ns + 60 * DAY_NS,
    )
    (bucket,) = rates_of(asked(400), [holed])
    assert bucket.estimate is not None
    assert bucket.estimate.moves == 4800 - 2
    assert bucket.estimate.mean_hours == 1.0
