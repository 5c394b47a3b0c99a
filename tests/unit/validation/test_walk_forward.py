"""Realised moves and the margin in force against plain loops; funding where it falls due."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.market import DAY_NS, HOUR_NS, NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.marketdata.funding import unfunded, with_funding
from plimsoll.validation.walk_forward import at_starts, realised_moves, walk_forward

START_NS = 1_640_995_200_000_000_000  # 2022-01-01 00:00


def history(close: np.ndarray, offset_hours: int = 0) -> MarketHistory:
    return MarketHistory(
        time_ns=START_NS + HOUR_NS * (offset_hours + np.arange(close.shape[0])),
        interval_ns=HOUR_NS,
        markets=tuple(f"M{j}" for j in range(close.shape[1])),
        close=close,
        active=np.isfinite(close) | True,
        mask_from_ns=np.full(close.shape, NEVER_MASKED),
        price_kind=PriceKind.SYNTHETIC_MARK,
    )


def prices(hours: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.exp(np.cumsum(0.01 * rng.normal(size=(hours, 2)), axis=0))


@pytest.mark.parametrize("hours", [1, 3, 8, 24, 48])
@pytest.mark.parametrize("offset", [0, 5])
def test_moves_start_a_horizon_apart_and_run_from_close_to_close(hours: int, offset: int) -> None:
    close = prices(24 * 12)
    found = realised_moves(history(close, offset), hours, START_NS + 3 * DAY_NS)
    assert np.all(np.diff(found.start_ns) == hours * HOUR_NS)
    assert found.start_ns[0] >= START_NS + 3 * DAY_NS
    assert found.start_ns[0] % (hours * HOUR_NS) == 0
    for start, moves in zip(found.start_ns, found.log_move, strict=True):
        row = int((start - START_NS) // HOUR_NS) - 1 - offset  # the bar that closes at the start
        end = row + hours
        if end < close.shape[0]:
            # A difference of logs of order 1: 1e-14 absolute.
            np.testing.assert_allclose(moves, np.log(close[end] / close[row]), atol=1e-14)
        else:
            assert np.isnan(moves).all()


MINUTE_NS = HOUR_NS // 60


def of_bars(close: np.ndarray, interval_ns: int, opens_ns: int) -> MarketHistory:
    return replace(
        history(close),
        time_ns=START_NS + opens_ns + interval_ns * np.arange(close.shape[0]),
        interval_ns=interval_ns,
    )


@pytest.mark.parametrize(
    ("minutes", "opens", "hours", "first", "step"),
    [
        (60, 30, 1, 30, 60),  # hourly bars that open at half past
        (60, 30, 8, 30, 8 * 60),
        (60, 30, 24, 30, 24 * 60),
        (60, 30, 48, 30, 48 * 60),
        (1440, 8 * 60, 24, 8 * 60, 24 * 60),  # daily bars that open at 08:00
        (1440, 8 * 60, 72, 8 * 60, 72 * 60),
        (240, 60, 8, 60, 8 * 60),  # four-hour bars that open at 01:00
        (15, 5, 4, 5, 4 * 60),
        (15, 0, 4, 0, 4 * 60),
        (60, 0, 24, 0, 24 * 60),
    ],
)
def test_starts_are_anchored_at_the_first_close_after_midnight(
    minutes: int, opens: int, hours: int, first: int, step: int
) -> None:
    close = prices(20 * 24 * 60 // minutes)
    one = of_bars(close, minutes * MINUTE_NS, opens * MINUTE_NS)
    # Midnights that are multiples of the horizon since 1970; two days after the start at least.
    whole = max(hours, 24) * HOUR_NS
    midnight = -(-(START_NS + 2 * DAY_NS) // whole) * whole
    found = realised_moves(one, hours, midnight)
    assert found.start_ns[0] == midnight + first * MINUTE_NS
    assert np.all(np.diff(found.start_ns) == step * MINUTE_NS)
    closes = (one.time_ns + one.interval_ns).tolist()
    known = [int(s) for s in found.start_ns if int(s) + found.horizon_ns in closes]
    assert len(known) >= 4
    for number, start in enumerate(known):
        row, end = closes.index(start), closes.index(start + found.horizon_ns)
        expected = np.log(close[end] / close[row])
        np.testing.assert_allclose(found.log_move[number], expected, atol=1e-14)


def test_each_start_is_held_against_the_margin_of_its_own_midnight() -> None:
    found = realised_moves(of_bars(prices(24 * 6), HOUR_NS, HOUR_NS // 2), 8, START_NS + DAY_NS)
    set_ns = START_NS + DAY_NS * np.arange(1, 7)
    day = at_starts(np.arange(1.0, 7.0)[:, None], set_ns, found.start_ns)[:, 0]
    np.testing.assert_array_equal(day, (found.start_ns - START_NS) // DAY_NS)
    np.testing.assert_array_equal(day[:4], [1, 1, 1, 2])  # 00:30, 08:30, 16:30, 00:30


def test_a_late_receipt_moves_no_start() -> None:
    one = history(prices(24 * 6))
    late = replace(one, received_ns=one.time_ns + HOUR_NS + 1_700_000_000)
    plain, found = (realised_moves(h, 8, START_NS) for h in (one, late))
    np.testing.assert_array_equal(found.start_ns, plain.start_ns)
    np.testing.assert_array_equal(found.log_move, plain.log_move)


def test_an_empty_history_has_no_starts() -> None:
    assert realised_moves(history(np.empty((0, 2))), 8).start_ns.size == 0


def test_a_close_out_in_a_hole_ends_with_the_next_print() -> None:
    close = prices(24 * 5)
    close[50:55, 0] = np.nan
    found = realised_moves(history(close.copy()), 8, START_NS)
    # The position opened at 00:00 on the 3rd (bar 47) is due at bar 55; that one prints.
    row = int(np.flatnonzero(found.start_ns == START_NS + 2 * DAY_NS)[0])
    assert found.log_move[row, 0] == pytest.approx(np.log(close[55, 0] / close[47, 0]))
    close[55:57, 0] = np.nan
    found = realised_moves(history(close.copy()), 8, START_NS)
    assert found.log_move[row, 0] == pytest.approx(np.log(close[57, 0] / close[47, 0]))
    close[57:90, 0] = np.nan
    found = realised_moves(history(close.copy()), 8, START_NS)
    assert np.isnan(found.log_move[row, 0])
    assert found.lost[0] == 1


def test_a_long_pays_the_funding_that_falls_due_within_the_horizon() -> None:
    close = np.ones((24 * 4, 2))
    eight = 8 * HOUR_NS
    times = START_NS + eight * np.arange(13) + 5_000_000  # stamped 5 ms late
    rates = 0.001 * np.arange(13)
    funded = with_funding(history(close), {"M0": (times, rates)})
    assert unfunded(funded, {"M0": (times, rates)}) == ("M1",)
    found = realised_moves(funded, 8, START_NS)
    for start, moves in zip(found.start_ns, found.log_move, strict=True):
        if np.isnan(moves[0]):
            continue
        # Opened at the instant of a payment: that one is not the new position's; the next one is.
        due = (times > start + HOUR_NS // 2) & (times <= start + eight + HOUR_NS // 2)
        assert due.sum() == 1
        assert moves[0] == pytest.approx(-rates[due].sum(), abs=1e-15)
        assert moves[1] == 0.0


def test_the_margin_in_force_is_the_last_one_set() -> None:
    set_ns = START_NS + DAY_NS * np.array([1, 2, 3])
    starts = START_NS + HOUR_NS * np.array([0, 23, 24, 47, 48, 100])
    path = np.array([[1.0], [2.0], [3.0]])
    found = at_starts(path, set_ns, starts)[:, 0]
    np.testing.assert_array_equal(found, [np.nan, np.nan, 1.0, 1.0, 2.0, 3.0])


def test_a_fold_sees_the_history_before_it_and_nothing_else() -> None:
    close = prices(24 * 6)
    one = history(close)
    at = START_NS + DAY_NS * np.array([2, 4])
    seen = dict(walk_forward(one, lambda past: (len(past), past.available_ns[-1]), at))
    assert seen == {int(at[0]): (48, at[0]), int(at[1]): (96, at[1])}
