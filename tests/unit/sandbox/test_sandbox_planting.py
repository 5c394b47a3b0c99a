"""What the list of planted faults says is what stands in the bars, kind by kind."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from plimsoll.domain.finding import FindingKind
from plimsoll.domain.market import HOUR_NS, Bars, FloatArray, IntArray
from plimsoll.sandbox import PlantedFault, SandboxVenue, generate

KIND = FindingKind


@pytest.fixture(scope="module", params=[5, 8])
def venue(request: pytest.FixtureRequest) -> SandboxVenue:
    return generate(int(request.param))


def _of(venue: SandboxVenue, kind: FindingKind) -> list[tuple[PlantedFault, Bars]]:
    found = [(f, venue.bars[f.market]) for f in venue.planted if f.kind is kind]
    assert found
    return found


def _rows(fault: PlantedFault, bars: Bars) -> IntArray:
    inside = (bars.time_ns >= fault.first_ns) & (bars.time_ns <= fault.last_ns)
    return np.flatnonzero(inside)


def _true_close(venue: SandboxVenue, fault: PlantedFault, bars: Bars) -> FloatArray:
    truth = venue.truth
    rows = np.searchsorted(truth.time_ns, bars.time_ns[_rows(fault, bars)])
    return np.asarray(truth.close[rows, truth.column(fault.market)])


@pytest.mark.parametrize("kind", [KIND.GAP, KIND.COMMON_OUTAGE])
def test_holes(venue: SandboxVenue, kind: FindingKind) -> None:
    for fault, bars in _of(venue, kind):
        assert _rows(fault, bars).size == 2
        assert fault.last_ns - fault.first_ns == (fault.bars + 1) * HOUR_NS


def test_common_outage_is_common(venue: SandboxVenue) -> None:
    outages = _of(venue, KIND.COMMON_OUTAGE)
    assert len(outages) == 7  # the new listing did not trade then
    assert len({(f.first_ns, f.last_ns) for f, _ in outages}) == 1


def test_duplicates(venue: SandboxVenue) -> None:
    for kind, same in ((KIND.DUPLICATE_BAR, True), (KIND.CONFLICTING_DUPLICATE, False)):
        for fault, bars in _of(venue, kind):
            first, second = _rows(fault, bars)
            assert bool(bars.close[first] == bars.close[second]) is same


def test_unordered(venue: SandboxVenue) -> None:
    for fault, bars in _of(venue, KIND.UNORDERED_BAR):
        row = int(_rows(fault, bars)[0])
        assert bars.time_ns[row] < bars.time_ns[row - 1]


def test_off_grid(venue: SandboxVenue) -> None:
    for fault, _ in _of(venue, KIND.OFF_GRID_TIME):
        assert fault.first_ns % HOUR_NS


def test_spikes_revert(venue: SandboxVenue) -> None:
    for fault, bars in _of(venue, KIND.REVERTING_SPIKE):
        row = int(_rows(fault, bars)[0])
        before, at, after = np.log(bars.close[row - 1 : row + 2])
        assert abs(at - before) > 0.2
        assert abs(after - before) < 0.25 * abs(at - before)


def test_unit_slips(venue: SandboxVenue) -> None:
    for fault, bars in _of(venue, KIND.UNIT_SLIP):
        ratio = bars.close[_rows(fault, bars)] / _true_close(venue, fault, bars)
        assert np.allclose(ratio, ratio[0])
        assert round(float(ratio[0]), 9) in {1000.0, 100.0, 0.01}
        assert ratio.size == fault.bars


@pytest.mark.parametrize("kind", [KIND.STALE_RUN, KIND.FLAT_OUTAGE])
def test_frozen_prices(venue: SandboxVenue, kind: FindingKind) -> None:
    for fault, bars in _of(venue, kind):
        rows = _rows(fault, bars)
        assert bars.volume is not None
        assert rows.size == fault.bars
        assert (bars.close[rows] == bars.close[rows[0] - 1]).all()
        assert (bars.volume[rows] == 0.0).all() == (kind is KIND.FLAT_OUTAGE)


def test_impossible_prices(venue: SandboxVenue) -> None:
    faults = _of(venue, KIND.IMPOSSIBLE_PRICE)
    for fault, bars in faults:
        row = int(_rows(fault, bars)[0])
        assert bars.high is not None
        assert bars.low is not None
        assert not bars.close[row] > 0.0 or bars.high[row] < bars.low[row]
    assert len(faults) == 4


def test_partial_last_bars(venue: SandboxVenue) -> None:
    """Every living market has one: it opens when the complete hours are over."""
    partial = _of(venue, KIND.PARTIAL_LAST_BAR)
    assert len(partial) == 7
    for fault, bars in partial:
        assert fault.first_ns == bars.time_ns[-1] == venue.as_of_ns


def test_reused_ticker_and_delisting(venue: SandboxVenue) -> None:
    ((reused, bars),) = _of(venue, KIND.REUSED_TICKER)
    assert reused.last_ns - reused.first_ns > 20 * 24 * HOUR_NS
    assert _rows(reused, bars).size == 2
    ((delisted, bars),) = _of(venue, KIND.DELISTING)
    assert delisted.first_ns == bars.time_ns[-1]
    assert delisted.genuine
    assert not reused.genuine


def test_faults_of_one_market_keep_apart(venue: SandboxVenue) -> None:
    """So that each can be found for what it is."""
    for market in venue.bars:
        mine = [
            f
            for f in venue.planted
            if f.market == market and f.kind not in (KIND.SHORT_HISTORY, KIND.REUSED_TICKER)
        ]
        for one, other in pairwise(mine):
            assert other.first_ns - one.last_ns > 48 * HOUR_NS


def test_faults_stand_in_quiet_hours(venue: SandboxVenue) -> None:
    truth = venue.truth
    for fault in venue.planted:
        if fault.genuine or fault.kind in (KIND.REUSED_TICKER, KIND.PARTIAL_LAST_BAR):
            continue
        row = int(np.searchsorted(truth.time_ns, fault.first_ns))
        near = truth.jump[row - 30 : row + 30, truth.column(fault.market)]
        assert not near.any()
