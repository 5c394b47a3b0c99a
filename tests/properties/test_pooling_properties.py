"""What must hold of learning and pooling whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listing_histories import history_of, listing_history
from plimsoll.estimators.pooling.conjugate import ConjugateVolatility, VarianceBelief
from plimsoll.estimators.pooling.hierarchy import HierarchicalLevels
from plimsoll.estimators.pooling.pooled_tail import pooled_tail
from plimsoll.estimators.pooling.young_market import YoungMarketModel

returns = st.lists(st.floats(-1.0, 1.0), max_size=60)
shares = st.floats(0.5, 1.0)
priors = st.builds(
    VarianceBelief,
    mean=st.floats(-0.1, 0.1),
    mean_weight=st.floats(0.01, 100.0),
    freedom=st.floats(1.5, 100.0),
    variance=st.floats(1e-8, 1.0),
)


@given(prior=priors, values=returns, forgetting=shares)
def test_stream_is_batch_to_the_bit(
    prior: VarianceBelief, values: list[float], forgetting: float
) -> None:
    model = ConjugateVolatility(prior=prior, forgetting=forgetting)
    streamed = model.fit([])
    for value in values:
        streamed = streamed.update(value)
    assert streamed.belief == model.fit(values).belief


@given(prior=priors, values=returns, seed=st.integers(0, 99))
def test_without_forgetting_the_order_does_not_matter(
    prior: VarianceBelief, values: list[float], seed: int
) -> None:
    shuffled = np.random.default_rng(seed).permutation(values)
    a = ConjugateVolatility(prior=prior).fit(values).belief
    b = ConjugateVolatility(prior=prior).fit(shuffled).belief
    assert a.variance == pytest.approx(b.variance, rel=1e-9)
    assert a.mean == pytest.approx(b.mean, rel=1e-9, abs=1e-12)


@given(prior=priors, values=returns, forgetting=shares, unit=st.floats(0.01, 100.0))
def test_the_margin_is_in_the_unit_of_the_returns(
    prior: VarianceBelief, values: list[float], forgetting: float, unit: float
) -> None:
    scaled = VarianceBelief(
        mean=unit * prior.mean,
        mean_weight=prior.mean_weight,
        freedom=prior.freedom,
        variance=unit**2 * prior.variance,
    )
    one = ConjugateVolatility(prior=prior, forgetting=forgetting).fit(values).predictive
    other = ConjugateVolatility(prior=scaled, forgetting=forgetting)
    law = other.fit(unit * np.array(values)).predictive
    # Where location and scaled quantile cancel, the digits of either are lost.
    assert law.value_at_risk(0.99) == pytest.approx(
        unit * one.value_at_risk(0.99), rel=1e-8, abs=1e-8 * unit * (one.scale + abs(one.location))
    )


@given(prior=priors, values=returns)
def test_shortfall_exceeds_value_at_risk_and_both_rise(
    prior: VarianceBelief, values: list[float]
) -> None:
    law = ConjugateVolatility(prior=prior).fit(values).predictive
    levels = [0.95, 0.99, 0.999]
    risks = [law.value_at_risk(level) for level in levels]
    assert risks == sorted(risks)
    assert all(law.expected_shortfall(c) > r for c, r in zip(levels, risks, strict=True))


@settings(max_examples=40)
@given(
    levels=st.lists(st.floats(-8.0, 0.0), min_size=3, max_size=40),
    variance=st.floats(0.0, 1.0),
    shift=st.floats(-3.0, 3.0),
)
def test_levels_are_drawn_together_and_shift_with_their_unit(
    levels: list[float], variance: float, shift: float
) -> None:
    y = np.array(levels)
    fitted = HierarchicalLevels().fit(y, np.full(y.size, variance))
    shrunk = fitted.shrunk()
    centre = fitted.coefficients[0]
    assert (np.abs(shrunk.mean - centre) <= np.abs(y - centre) + 1e-9).all()
    assert (fitted.leave_one_out().sd >= fitted.between_sd - 1e-12).all()
    moved = HierarchicalLevels().fit(y + shift, np.full(y.size, variance)).shrunk()
    np.testing.assert_allclose(moved.mean, shrunk.mean + shift, atol=1e-4)


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), unit=st.floats(0.1, 10.0))
def test_a_pooled_tail_is_in_the_unit_of_its_moves(seed: int, unit: float) -> None:
    moves = np.random.default_rng(seed).standard_t(4, 2000)
    market = np.arange(2000) % 7
    one, other = pooled_tail(moves, market, 0.99), pooled_tail(unit * moves, market, 0.99)
    assert one is not None
    assert other is not None
    assert other.log_quantile == pytest.approx(one.log_quantile + np.log(unit), abs=1e-9)
    assert other.log_error == pytest.approx(one.log_error, rel=1e-6)
    assert one.log_shortfall > one.log_quantile


def test_the_unit_of_prices_and_the_order_of_markets_do_not_matter() -> None:
    history = listing_history(days=180, established=6, listings=6, seed=3)
    model = YoungMarketModel(settled_rows=300)
    path = model.path(history, horizon_hours=8, confidence=0.99)
    order = np.random.default_rng(0).permutation(len(history.markets))
    other = history_of(
        1e-6 * history.close[:, order],
        tuple(history.markets[j] for j in order),
        history.active[:, order],
    )
    found = model.path(other, horizon_hours=8, confidence=0.99)
    np.testing.assert_allclose(found.log_move, path.log_move[:, order], rtol=1e-7)
