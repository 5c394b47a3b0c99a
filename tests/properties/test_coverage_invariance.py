"""What must not move a coverage figure: order of markets, empty columns and days, extra copies."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from plimsoll.validation.binomial import binomial_cdf
from plimsoll.validation.coverage import kupiec_acceptance, kupiec_pof
from plimsoll.validation.panel import panel_coverage, scored_pairs
from plimsoll.validation.pooled import PooledCoverage, pooled_coverage
from plimsoll.validation.procyclicality import procyclicality
from plimsoll.validation.traffic_light import Zone, traffic_light

DAY = 86_400_000_000_000
RATE = 0.01
Matrix = NDArray[np.float64]
CELL = st.sampled_from([0.0, 0.05, 0.2, float("nan")])
LOSSES = hnp.arrays(np.float64, st.tuples(st.integers(2, 25), st.integers(1, 4)), elements=CELL)
COMPILING = settings(deadline=None)  # the first call of a kernel compiles it


def _pooled(loss: Matrix) -> PooledCoverage | None:
    broke, scored = scored_pairs(np.full_like(loss, 0.1), loss)
    if not scored.any():
        return None
    return pooled_coverage(broke, scored, np.arange(loss.shape[0]) * DAY, DAY, RATE)


def _close(first: PooledCoverage, second: PooledCoverage) -> None:
    for name in ("breach_rate", "standard_error", "design_effect", "p_too_many", "p_too_few"):
        np.testing.assert_allclose(
            getattr(first, name), getattr(second, name), rtol=1e-9, atol=1e-12
        )


@COMPILING
@given(LOSSES)
def test_pooled_figures_are_consistent(loss: Matrix) -> None:
    found = _pooled(loss)
    if found is None:
        return
    assert found.breach_days <= found.days <= found.observations
    assert found.low_rate - 1e-12 <= found.breach_rate <= found.high_rate + 1e-12
    assert found.design_effect >= 1.0
    assert 0.0 <= found.p_two_sided <= 1.0
    np.testing.assert_allclose(found.p_too_many + found.p_too_few, 1.0, atol=1e-9)


@COMPILING
@given(LOSSES, st.randoms(use_true_random=False))
def test_order_of_markets_is_nothing(loss: Matrix, random: object) -> None:
    order = list(range(loss.shape[1]))
    random.shuffle(order)  # type: ignore[attr-defined]
    one, other = _pooled(loss), _pooled(loss[:, order])
    if one is not None and other is not None:
        _close(one, other)


@COMPILING
@given(LOSSES)
def test_a_market_never_scored_and_days_never_scored_are_nothing(loss: Matrix) -> None:
    one = _pooled(loss)
    if one is None:
        return
    empty = np.full((loss.shape[0], 1), np.nan)
    wider = _pooled(np.hstack((loss, empty)))
    longer = _pooled(np.vstack((loss, np.full((3, loss.shape[1]), np.nan))))
    assert wider is not None
    assert longer is not None
    _close(one, wider)
    _close(one, longer)


@COMPILING
@given(LOSSES)
def test_a_panel_is_its_columns(loss: Matrix) -> None:
    margin, times = np.full_like(loss, 0.1), np.arange(loss.shape[0]) * DAY
    whole = panel_coverage(margin, loss, times, RATE)
    for column in range(loss.shape[1]):
        part = panel_coverage(margin[:, [column]], loss[:, [column]], times, RATE)
        for name in ("pof_p", "tuff_p", "independence_p", "conditional_p", "standard_error"):
            # numpy sums a lone column in another order, so the last bits may differ.
            np.testing.assert_allclose(
                getattr(whole, name)[column], getattr(part, name)[0], rtol=1e-9
            )


@COMPILING
@given(st.integers(1, 3_000), st.floats(0.0005, 0.2), st.data())
def test_lights_and_regions_are_monotone(n: int, rate: float, data: st.DataObject) -> None:
    order = [Zone.GREEN, Zone.YELLOW, Zone.RED]
    x = data.draw(st.integers(0, n - 1))
    here, above = (order.index(traffic_light(k, n, rate)) for k in (x, x + 1))
    assert here <= above
    if x:
        assert (here >= 1) == (binomial_cdf(x, n, rate) >= 0.95)
    region = kupiec_acceptance(n, rate)
    accepted = kupiec_pof(x, n, rate).p_value >= 0.05
    assert accepted == (region.lowest <= x <= region.highest)
    assert 0.0 <= region.size <= 1.0


@COMPILING
@given(hnp.arrays(np.float64, st.integers(3, 40), elements=st.floats(0.05, 0.5)))
def test_calls_bound_each_other(path: Matrix) -> None:
    found = procyclicality(path, year_days=5)
    one, two = (procyclicality(path, call_days=(n,)).largest_call[n][0] for n in (1, 2))
    assert 1.0 + two <= (1.0 + one) ** 2 + 1e-12
    assert 1.0 + one <= found.peak_to_trough[0] + 1e-12
    if path.size >= 5:
        assert found.trailing_peak_to_trough[0] <= found.peak_to_trough[0] + 1e-12
