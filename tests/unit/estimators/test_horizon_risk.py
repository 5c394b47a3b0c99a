"""Risk over a horizon: moves counted by a plain loop, shortfall and its error by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from plimsoll.domain.market import NEVER_MASKED
from plimsoll.estimators.horizon.horizon_risk import horizon_risk, known_moves, shortfall_error
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord
from plimsoll.estimators.horizon.scaled_tail import ScaledTail

HOUR = 3_600_000_000_000
CONFIDENCE = 0.99


def market(steps: np.ndarray, bars_per_day: int = 24) -> tuple[PriceRecord, Boundaries]:
    bars = steps.size
    interval = 24 * HOUR // bars_per_day
    available = interval * np.arange(1, bars + 1, dtype=np.int64)
    days = bars // bars_per_day
    record = PriceRecord(
        market="X",
        log_price=np.cumsum(steps),
        mask_from_ns=np.full(bars, NEVER_MASKED),
        available_ns=available,
        interval_ns=interval,
    )
    counts = bars_per_day * np.arange(1, days + 1, dtype=np.int64)
    return record, Boundaries(
        time_ns=24 * HOUR * np.arange(1, days + 1), bars=counts, bars_per_day=bars_per_day
    )


def by_loop(
    record: PriceRecord, days: Boundaries, sigma: np.ndarray, tail: ScaledTail
) -> list[float]:
    """The definition, bar by bar."""
    stop, now = days.bars[-1], days.time_ns[-1]

    def usable(bar: int) -> bool:
        return bool(np.isfinite(record.log_price[bar]) and record.mask_from_ns[bar] > now)

    out = []
    for start in range(max(0, stop - tail.window_days * days.bars_per_day), stop):
        in_force = [d for d in range(len(days)) if days.bars[d] <= start + 1]
        last = start + tail.horizon_bars + tail.wait_bars
        ends = [e for e in range(start + tail.horizon_bars, min(last + 1, stop)) if usable(e)]
        if usable(start) and in_force and ends and np.isfinite(sigma[in_force[-1]]):
            move = record.log_price[ends[0]] - record.log_price[start]
            out.append(float(move / sigma[in_force[-1]]))
    return out


def test_moves_equal_the_definition() -> None:
    rng = np.random.default_rng(5)
    record, days = market(rng.standard_normal(24 * 20))
    price, mask = record.log_price.copy(), record.mask_from_ns.copy()
    price[rng.random(price.size) < 0.1] = np.nan
    price[100:140] = np.nan  # longer than the wait
    mask[rng.random(price.size) < 0.05] = 24 * HOUR * 10  # known bad by the end
    mask[300:303] = 24 * HOUR * 30  # known bad only later
    record = PriceRecord(
        market="X",
        log_price=price,
        mask_from_ns=mask,
        available_ns=record.available_ns,
        interval_ns=record.interval_ns,
    )
    sigma = rng.uniform(0.5, 2.0, len(days))
    sigma[:2] = np.nan
    tail = ScaledTail(horizon_bars=8, confidence=CONFIDENCE, wait_bars=12, window_days=15)
    starts, moves = known_moves(record, days, sigma, tail)
    assert moves.tolist() == by_loop(record, days, sigma, tail)
    assert (np.diff(starts) > 0).all()


def test_normal_moves_give_the_normal_shortfall() -> None:
    # A year of independent hourly normal moves: VaR and ES within three of their own errors of
    # the law's, and both errors within reason of the asymptotic ones.
    record, days = market(0.01 * np.random.default_rng(3).standard_normal(24 * 366))
    tail = ScaledTail(horizon_bars=1, confidence=CONFIDENCE, wait_bars=0)
    risk = horizon_risk(record, days, np.full(len(days), 0.01), tail)
    quantile = 0.01 * stats.norm.ppf(CONFIDENCE)
    shortfall = 0.01 * stats.norm.pdf(stats.norm.ppf(CONFIDENCE)) / (1.0 - CONFIDENCE)
    for side in (risk.fall, risk.rise):
        assert abs(side.value_at_risk - quantile) < 3.0 * side.value_at_risk_error
        assert abs(side.expected_shortfall - shortfall) < 3.0 * side.expected_shortfall_error
        assert side.tail.exceedances == pytest.approx(0.06 * risk.observations, abs=2)
    assert risk.volatility_daily == pytest.approx(0.01 * np.sqrt(24.0))


def test_error_of_the_shortfall_matches_its_spread() -> None:
    # 8-hour overlapping sums of Student-t steps, 300 samples: the stated error against the
    # standard deviation of the estimate itself. 20 %: the spread of 300 has an error of 4 %, and
    # heavy tails make the stated error itself uneven (its mean is taken).
    rng = np.random.default_rng(8)
    estimates, errors = [], []
    for _ in range(300):
        record, days = market(rng.standard_t(5, 24 * 150))
        tail = ScaledTail(horizon_bars=8, confidence=0.975, wait_bars=0)
        risk = horizon_risk(record, days, np.ones(len(days)), tail)
        estimates.append(risk.fall.expected_shortfall)
        errors.append(risk.fall.expected_shortfall_error)
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.2)


def test_error_of_a_shortfall_by_hand() -> None:
    # Two blocks: excesses over 1 sum to 0 + 2 and to 1, spread (2 - 1.5)^2 + (1 - 1.5)^2 = 0.5,
    # times 2 / (2 - 1) = 1; over n (1 - c) = 4 x 0.25 = 1.
    moves, blocks = np.array([0.5, 3.0, 2.0, 1.0]), np.array([0, 0, 1, 1])
    assert shortfall_error(moves, blocks, 1.0, 0.75) == pytest.approx(1.0, rel=1e-15)
