"""Losses on one grid: several horizons, bars off the hour, sub-hour bars; the slots of a day."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.calibration.scored import ScoredLosses, by_day, margins_in_force, scored_losses
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, HOUR_NS, NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.horizon.price_record import boundaries

START_NS = 1_640_995_200_000_000_000  # 2022-01-01 00:00
MINUTE_NS = HOUR_NS // 60
DAYS = 30


def history(minutes: int, opens_minutes: int, markets: int) -> MarketHistory:
    bars = DAYS * 24 * 60 // minutes
    rng = np.random.default_rng(7)
    close = np.exp(np.cumsum(0.01 * rng.normal(size=(bars, markets)), axis=0))
    return MarketHistory(
        time_ns=START_NS + MINUTE_NS * (opens_minutes + minutes * np.arange(bars)),
        interval_ns=minutes * MINUTE_NS,
        markets=tuple(f"M{j}" for j in range(markets)),
        close=close,
        active=np.ones(close.shape, dtype=np.bool_),
        mask_from_ns=np.full(close.shape, NEVER_MASKED),
        price_kind=PriceKind.SYNTHETIC_MARK,
    )


def scored(one: MarketHistory, hours: NDArray[np.int64], from_ns: int) -> ScoredLosses:
    return scored_losses(one, hours, [Payoff.LINEAR] * hours.size, from_ns)


@pytest.mark.parametrize(
    ("minutes", "opens", "hours"),
    [
        (60, 0, [1, 2, 24]),
        (60, 30, [1, 5, 24]),
        (15, 0, [1, 4, 8]),
        (5, 2, [1, 3, 48]),
        (240, 60, [4, 8, 24]),
        (1440, 480, [24, 48, 72]),
    ],
)
def test_every_loss_is_in_one_slot_of_the_day_whose_margin_it_tests(
    minutes: int, opens: int, hours: list[int]
) -> None:
    one = history(minutes, opens, len(hours))
    set_ns = boundaries(one).time_ns
    found = scored(one, np.array(hours), int(set_ns[0]))
    daily = by_day(found, set_ns)
    assert daily.loss.shape == (set_ns.size, 24, len(hours), 2)
    # The number of the day as the margin of that day: what scores a start and its slot agree.
    number = np.arange(float(set_ns.size))
    held = margins_in_force(np.repeat(number[:, None], len(hours), axis=1), set_ns, found)
    for j, horizon in enumerate(hours):
        own = np.isfinite(found.loss[:, j, 0])
        spans = found.start_ns[own]
        assert own.sum() >= 24 * (DAYS - 5) // horizon
        assert np.all(np.diff(spans) == horizon * HOUR_NS)
        for side in (0, 1):
            slots = np.isfinite(daily.loss[:, :, j, side])
            np.testing.assert_array_equal(
                daily.loss[:, :, j, side][slots], found.loss[own, j, side]
            )
            np.testing.assert_array_equal(np.nonzero(slots)[0], held[own, j, side])
            np.testing.assert_array_equal(np.nonzero(slots)[0], (spans - set_ns[0]) // DAY_NS)


def test_each_market_is_scored_from_one_close_to_the_next_of_its_own_starts() -> None:
    one = history(60, 30, 2)
    found = scored(one, np.array([2, 24]), START_NS + 3 * DAY_NS)
    assert found.start_ns[0] == START_NS + 3 * DAY_NS + HOUR_NS // 2
    np.testing.assert_array_equal(found.horizon_ns, [2 * HOUR_NS, DAY_NS])
    for j, hours in enumerate((2, 24)):
        rows = np.arange(3 * 24 - 1, DAYS * 24 - hours, hours)  # bars that close at 00:30, 02:30...
        ratio = one.close[rows + hours, j] / one.close[rows, j]
        own = np.isfinite(found.loss[:, j, 0])
        # Losses of order 0.1 through a logarithm and back: 1e-13 absolute.
        np.testing.assert_allclose(found.loss[own, j, 0], 1.0 - ratio, atol=1e-13)
        np.testing.assert_allclose(found.loss[own, j, 1], ratio - 1.0, atol=1e-13)


def test_nothing_after_the_first_scored_day_is_said_to_be_that() -> None:
    with pytest.raises(InsufficientDataError, match="beyond the first scored day"):
        scored(history(60, 30, 1), np.array([8]), START_NS + (DAYS + 1) * DAY_NS)
