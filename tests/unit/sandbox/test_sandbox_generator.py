"""The generator: same seed, same bytes; what it delivers is a venue, and is labelled."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from plimsoll.domain.finding import FindingKind
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, HOUR_NS, PriceKind
from plimsoll.errors import ParameterError
from plimsoll.sandbox import DEFAULT_START_NS, PlantedFault, SandboxVenue, generate
from plimsoll.sandbox.bars import on_price_grid

DIGEST = """
import sys
sys.path[:0] = {path!r}
from test_sandbox_generator import digest
from plimsoll.sandbox import generate
print(digest(generate(5, days=200)))
"""


def digest(venue: SandboxVenue) -> str:
    """SHA-256 over everything that a venue delivers."""
    state = hashlib.sha256()
    for market, bars in venue.bars.items():
        state.update(market.encode())
        for column in (bars.time_ns, bars.open, bars.high, bars.low, bars.close, bars.volume):
            assert column is not None
            state.update(column.tobytes())
        state.update(venue.funding[market].time_ns.tobytes())
        state.update(venue.funding[market].rate.tobytes())
    state.update(venue.truth.close.tobytes() + venue.truth.volatility.tobytes())
    state.update(repr(venue.planted).encode())
    return state.hexdigest()


@pytest.fixture(scope="module")
def venue() -> SandboxVenue:
    return generate(5)


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    first = digest(generate(5, days=200))
    assert digest(generate(5, days=200)) == first
    assert digest(generate(6, days=200)) != first


def test_same_bytes_in_another_process() -> None:
    """With another hash seed, so no order of a set or dict can leak in."""
    code = DIGEST.format(path=[os.path.dirname(__file__), *sys.path])
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert run.stdout.strip() == digest(generate(5, days=200))


def test_global_random_state_is_neither_used_nor_moved() -> None:
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    generate(5, days=200)
    assert np.array_equal(before, np.random.get_state()[1])  # type: ignore[index]  # noqa: NPY002


def test_two_and_a_half_years_take_less_than_a_second() -> None:
    generate(1, days=200)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        generate(1)
        took.append(time.perf_counter() - start)
    assert min(took) < 1.0


def test_eight_markets_and_their_roles(venue: SandboxVenue) -> None:
    payoffs = [market.payoff for market in venue.markets]
    assert payoffs.count(Payoff.LINEAR) == 6
    assert payoffs.count(Payoff.INVERSE) == 2
    assert {market.market_class for market in venue.markets} == {"large", "mid", "thin"}
    assert [m.symbol for m in venue.markets] == list(venue.bars) == list(venue.funding)
    assert tuple(venue.bars) == venue.truth.markets


def test_everything_is_labelled_synthetic(venue: SandboxVenue) -> None:
    assert "SYNTHETIC" in venue.label
    for bars in venue.bars.values():
        assert bars.price_kind is PriceKind.SYNTHETIC_MARK
        assert "SYNTHETIC" in bars.source


def test_more_than_a_year_is_left_after_a_year_of_look_back(venue: SandboxVenue) -> None:
    assert venue.as_of_ns - DEFAULT_START_NS == 900 * DAY_NS
    old = [m for m, b in venue.bars.items() if b.time_ns[0] == DEFAULT_START_NS]
    assert len(old) == 7


def test_one_market_dies(venue: SandboxVenue) -> None:
    """It loses 95 % within 60 hours and stops a week later, long before the end."""
    bars = venue.bars["HULK/USDT:USDT"]
    truth = venue.truth
    column = truth.column("HULK/USDT:USDT")
    start = int(np.flatnonzero(truth.scripted[:, column])[0])
    fall = truth.close[start + 59, column] / truth.close[start - 1, column]
    assert 0.02 < fall < 0.11
    assert bars.time_ns[-1] < venue.as_of_ns - 200 * DAY_NS
    assert np.isnan(truth.close[-1, column])


def test_one_market_is_newly_listed_on_a_reused_ticker(venue: SandboxVenue) -> None:
    bars = venue.bars["BUOY/USDT:USDT"]
    seam = int(np.flatnonzero(np.diff(bars.time_ns) > 20 * DAY_NS)[0])
    assert bars.time_ns[seam + 1] == venue.as_of_ns - 60 * DAY_NS
    assert bars.close[seam] / bars.close[seam + 1] > 50.0


def test_inverse_follows_linear_at_a_small_basis(venue: SandboxVenue) -> None:
    truth = venue.truth
    for coin in ("KEEL", "MAST"):
        linear = truth.close[:, truth.column(f"{coin}/USDT:USDT")]
        inverse = truth.close[:, truth.column(f"{coin}/USD:{coin}")]
        basis = np.log(inverse / linear)
        assert 0.0002 < basis.std() < 0.002
        assert np.abs(basis).max() < 0.01


def _spoiled(planted: tuple[PlantedFault, ...], market: str, times: np.ndarray) -> np.ndarray:
    """Times that a planted fault of ``market`` may have touched."""
    touched = np.zeros(times.shape, dtype=np.bool_)
    for fault in planted:
        if fault.market == market and not fault.genuine:
            touched |= (times >= fault.first_ns) & (times <= fault.last_ns)
    return touched


def test_bars_are_the_truth_outside_of_what_was_planted(venue: SandboxVenue) -> None:
    """Nothing else is spoiled: every other bar has the true close, and consistent prices."""
    for market, bars in venue.bars.items():
        clean = ~_spoiled(venue.planted, market, bars.time_ns)
        row = ((bars.time_ns[clean] - DEFAULT_START_NS) // HOUR_NS).astype(int)
        truth = venue.truth.close[row, venue.truth.column(market)]
        assert np.array_equal(bars.close[clean], truth)
        assert bars.open is not None
        assert bars.high is not None
        assert bars.low is not None
        assert bars.volume is not None
        assert (bars.high >= np.maximum(bars.open, bars.close))[clean].all()
        assert (bars.low <= np.minimum(bars.open, bars.close))[clean].all()
        assert (bars.volume[clean] > 0.0).all()
        assert clean.mean() > 0.98


def test_volume_is_about_the_stated(venue: SandboxVenue) -> None:
    for market in venue.markets:
        bars = venue.bars[market.symbol]
        assert bars.volume is not None
        dollars = 24.0 * np.nanmedian(bars.volume * bars.close)
        assert 0.4 < dollars / market.adv_usd < 2.0


def test_funding_is_paid_every_eight_hours_around_a_basis_point(venue: SandboxVenue) -> None:
    for funding in venue.funding.values():
        assert (funding.time_ns // HOUR_NS % 8 == 0).all()
        assert np.abs(funding.rate).max() <= 0.0075
        assert 0.5e-4 < np.median(funding.rate) < 2e-4
    assert venue.funding["HULK/USDT:USDT"].rate.min() < 0.0


def test_prices_lie_on_a_grid_of_six_digits(venue: SandboxVenue) -> None:
    close = venue.truth.close
    seen = close[np.isfinite(close)][::37]
    assert [float(f"{price:.6g}") for price in seen] == seen.tolist()


@pytest.mark.parametrize(
    ("price", "expected"), [(123456.7, 123457.0), (1.0, 1.0), (9.999995e-3, 1e-2), (2.5e7, 2.5e7)]
)
def test_price_grid(price: float, expected: float) -> None:
    assert on_price_grid(np.array([price]))[0] == expected


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 1, "days": 100}, "days"),
        ({"seed": 1, "start_ns": DEFAULT_START_NS + 1}, "start_ns"),
    ],
)
def test_wrong_use_is_refused(arguments: dict[str, int], field: str) -> None:
    with pytest.raises(ParameterError) as caught:
        generate(**arguments)
    assert caught.value.field == field


def test_a_later_start_moves_the_calendar_only() -> None:
    venue = generate(5, days=200, start_ns=DEFAULT_START_NS + 7 * DAY_NS)
    assert venue.bars["KEEL/USDT:USDT"].time_ns[0] == DEFAULT_START_NS + 7 * DAY_NS
    same_weekday = generate(5, days=200)
    assert np.array_equal(venue.truth.close, same_weekday.truth.close, equal_nan=True)


def test_many_kinds_are_planted(venue: SandboxVenue) -> None:
    assert {fault.kind for fault in venue.planted} == {
        FindingKind.GAP,
        FindingKind.COMMON_OUTAGE,
        FindingKind.DUPLICATE_BAR,
        FindingKind.CONFLICTING_DUPLICATE,
        FindingKind.UNORDERED_BAR,
        FindingKind.OFF_GRID_TIME,
        FindingKind.STALE_RUN,
        FindingKind.FLAT_OUTAGE,
        FindingKind.IMPOSSIBLE_PRICE,
        FindingKind.UNIT_SLIP,
        FindingKind.REVERTING_SPIKE,
        FindingKind.REUSED_TICKER,
        FindingKind.DELISTING,
        FindingKind.SHORT_HISTORY,
        FindingKind.PARTIAL_LAST_BAR,
    }
