"""The quantile path of scaled moves against a plain loop over the definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS, HOUR_NS, NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.errors import DataFormatError, ParameterError
from plimsoll.estimators.horizon.bootstrap import bootstrap_standard_error
from plimsoll.estimators.horizon.price_record import boundaries, price_record
from plimsoll.estimators.horizon.scaled_tail import ScaledTail
from plimsoll.estimators.horizon.volatility_path import HeavyEwmaPath
from plimsoll.maths.gpd import pot_quantile_pwm

FloatArray = NDArray[np.float64]
START_NS = 1_640_995_200_000_000_000 + 5 * HOUR_NS  # not a midnight: the first day is partial


def history(
    log_price: FloatArray, mask_from_ns: NDArray[np.int64] | None = None, hours: int = 1
) -> MarketHistory:
    close = np.exp(log_price)[:, None]
    mask = np.full(close.shape, NEVER_MASKED)
    if mask_from_ns is not None:
        mask[:, 0] = mask_from_ns
    return MarketHistory(
        time_ns=START_NS + hours * HOUR_NS * np.arange(close.size),
        interval_ns=hours * HOUR_NS,
        markets=("M",),
        close=close,
        active=np.ones(close.shape, dtype=np.bool_),
        mask_from_ns=mask,
        price_kind=PriceKind.SYNTHETIC_MARK,
    )


def clustered(seed: int, bars: int) -> FloatArray:
    """Log price with slow volatility and t innovations."""
    rng = np.random.default_rng(seed)
    level = np.exp(np.convolve(rng.normal(0, 0.05, bars), 0.99 ** np.arange(400))[:bars])
    return np.cumsum(0.01 * level * rng.standard_t(4, bars) / math.sqrt(2.0))


def naive(
    log_price: FloatArray,
    mask: NDArray[np.int64],
    at: int,
    tail: ScaledTail,
    volatility: FloatArray,
    bars: NDArray[np.int64],
    times: NDArray[np.int64],
) -> tuple[FloatArray, FloatArray]:
    """Falls and rises known at boundary ``at``, in units of volatility: the definition, slowly."""
    stop, now = bars[at], times[at]
    moves = []
    for start in range(max(0, stop - tail.window_days * 24), stop):
        day = int(np.searchsorted(bars, start + 1, side="right")) - 1
        if day < 0 or np.isnan(volatility[day]) or np.isnan(log_price[start]) or mask[start] <= now:
            continue
        for end in range(start + tail.horizon_bars, start + tail.horizon_bars + tail.wait_bars + 1):
            if end >= stop:
                break
            if not np.isnan(log_price[end]) and mask[end] > now:
                moves.append((log_price[end] - log_price[start]) / volatility[day])
                break
    found = np.array(moves)
    return -found, found


@pytest.mark.parametrize(("horizon", "confidence"), [(1, 0.99), (8, 0.99), (8, 0.95), (30, 0.98)])
def test_the_path_is_the_definition(horizon: int, confidence: float) -> None:
    """With holes, and with bars condemned hours or days after they came. Exact but for the order
    of a sum: 1e-12 relative."""
    bars = 24 * 130
    log_price = clustered(3, bars)
    rng = np.random.default_rng(4)
    log_price[rng.choice(bars, 150, replace=False)] = np.nan
    log_price[700:760] = np.nan
    mask = np.full(bars, NEVER_MASKED)
    bad = rng.choice(bars - 200, 60, replace=False)
    log_price[bad] += rng.choice([-1.0, 1.0], bad.size)
    mask[bad] = START_NS + (bad + 1 + rng.integers(0, 60, bad.size)) * HOUR_NS
    record = price_record(history(log_price, mask), "M")
    days = boundaries(history(log_price, mask))
    volatility = HeavyEwmaPath().path(record, days)
    tail = ScaledTail(horizon_bars=horizon, confidence=confidence, window_days=60, minimum_days=10)
    path = tail.path(record, days, volatility)
    share = max(tail.tail_fraction, 2.0 * (1.0 - confidence))
    for at in (40, 77, 78, 101, len(days) - 1):
        falls, rises = naive(record.log_price, mask, at, tail, volatility, days.bars, days.time_ns)
        assert path.observations[at] == falls.size
        for side, values in enumerate((falls, rises)):
            expected = pot_quantile_pwm(values, share, confidence)
            assert path.quantile[at, side] == pytest.approx(expected, rel=1e-12)


def test_the_empirical_method_is_the_type_7_quantile() -> None:
    log_price = clustered(9, 24 * 90)
    one = history(log_price)
    record, days = price_record(one, "M"), boundaries(one)
    unit = np.ones(len(days))
    tail = ScaledTail(horizon_bars=4, confidence=0.99, window_days=50, method="empirical")
    path = tail.path(record, days, unit)
    at = len(days) - 1
    falls, rises = naive(
        record.log_price, record.mask_from_ns, at, tail, unit, days.bars, days.time_ns
    )
    for side, values in enumerate((falls, rises)):
        # numpy's linear quantile interpolates in another order: 1e-12.
        assert path.quantile[at, side] == pytest.approx(np.quantile(values, 0.99), rel=1e-12)


def test_the_quantile_of_independent_normal_moves_is_that_of_the_law() -> None:
    """One-bar moves of N(0, 0.01), known volatility: 2.326; sd of the estimate about 0.02."""
    rng = np.random.default_rng(1)
    one = history(np.cumsum(0.01 * rng.normal(size=24 * 365)))
    days = boundaries(one)
    known = np.full(len(days), 0.01)
    path = ScaledTail(horizon_bars=1, confidence=0.99).path(price_record(one, "M"), days, known)
    assert path.quantile[-1] == pytest.approx([2.3263, 2.3263], abs=0.08)
    # Maritz-Jarrett for n = 8,736 independent normals: sqrt(.01 * .99 / n) / phi(2.326) = 0.040;
    # blocks of 5 days leave 73 of them, so their variance has a spread of about 17 %.
    assert path.standard_error[-1] == pytest.approx([0.040, 0.040], rel=0.35)


def test_the_standard_error_agrees_with_a_block_bootstrap() -> None:
    """Overlapping 8-hour moves with clustered volatility; two estimates of one number, so 40 %."""
    one = history(clustered(17, 24 * 365))
    record, days = price_record(one, "M"), boundaries(one)
    unit = np.ones(len(days))
    tail = ScaledTail(horizon_bars=8, confidence=0.99, window_days=330)
    path = tail.path(record, days, unit)
    at = len(days) - 1
    falls, rises = naive(
        record.log_price, record.mask_from_ns, at, tail, unit, days.bars, days.time_ns
    )
    for side, values in enumerate((falls, rises)):
        other = bootstrap_standard_error(
            values, confidence=0.99, block_length=120, tail_fraction=0.06, replicates=400, seed=5
        )
        assert path.standard_error[at, side] == pytest.approx(other, rel=0.4)
        # Taking moves as independent would understate it severalfold.
        naive_error = math.sqrt(0.01 * 0.99 / values.size) * path.quantile[at, side]
        assert path.standard_error[at, side] > 2.0 * naive_error


@pytest.mark.parametrize("hours", [2, 6, 24])
def test_other_bar_lengths_set_margins_at_midnight_too(hours: int) -> None:
    one = history(clustered(2, 24 * 400 // hours), hours=hours)
    days = boundaries(one)
    assert np.all(days.time_ns % DAY_NS == 0)
    assert days.bars_per_day == 24 // hours
    known = one.available_ns
    for at, bars in zip(days.time_ns, days.bars, strict=True):
        assert (known <= at).sum() == bars


def test_bars_that_do_not_divide_a_day_are_refused() -> None:
    with pytest.raises(DataFormatError, match="divide 24 hours"):
        boundaries(history(clustered(1, 50), hours=7))


def test_wrong_settings_are_refused() -> None:
    for settings in ({"horizon_bars": 0}, {"confidence": 0.4}, {"method": "guess"}):
        with pytest.raises(ParameterError):
            ScaledTail(**{"horizon_bars": 1, "confidence": 0.99, **settings})
