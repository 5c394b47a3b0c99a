"""Haircuts against quadrature, counted collateral against its formula in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from plimsoll.errors import UsageError
from plimsoll.maths import collateral_values as module
from plimsoll.maths.collateral_values import (
    CountedCollateral,
    CurrencyTerms,
    counted_collateral,
    haircut_of,
)

RNG = np.random.default_rng(9)
TERMS = CurrencyTerms(
    price=np.array([1.0, 50.0, 2.0]),
    low=np.array([1.0, 0.9, 1.0]),
    high=np.array([1.0, 1.1, 1.0]),
    cap=np.array([math.inf, 300.0, math.inf]),
    share=np.array([1.0, 1.0, 0.25]),
    venue=np.array([1.0, 0.8, 1.0]),
    first=np.array([0.0, 0.1, 0.2]),
    slope=np.array([0.0, 0.002, 0.0]),
    free=np.array([0.0, 40.0, 0.0]),
    room=np.array([math.inf, 100.0, math.inf]),
    liability=np.array([1.0, 1.5, 1.0]),
    most=np.array([math.inf, math.inf, math.inf]),
)


@pytest.mark.parametrize("value", [0.0, 10.0, 40.0, 41.0, 100.0, 239.0, 240.0, 1_000.0])
@pytest.mark.parametrize(("slope", "largest"), [(0.002, 0.5), (0.0, 0.1), (0.0, 1.0), (0.01, 0.1)])
def test_haircuts_are_the_integral_of_the_marginal_one(
    value: float, slope: float, largest: float
) -> None:
    def marginal(x: float) -> float:
        return min(largest, 0.1 + slope * max(0.0, x - 40.0))

    kinks = [x for x in (40.0, 240.0) if x < value]
    haircut, _ = quad(marginal, 0.0, value, points=kinks or None, epsabs=1e-12)
    room = (largest - 0.1) / slope if slope > 0.0 else math.inf
    assert haircut_of(value, 0.1, slope, 40.0, room) == pytest.approx(haircut, rel=1e-11, abs=1e-11)


def by_hand(held: list[float], terms: CurrencyTerms) -> list[float]:
    value = [h * p for h, p in zip(held, terms.price.tolist(), strict=True)]
    total, counted = sum(max(v, 0.0) for v in value), []
    for c, v in enumerate(value):
        if v < 0.0:
            counted.append(v * terms.high[c] * terms.liability[c])
            continue
        cap = min(terms.cap[c], terms.share[c] * total if terms.share[c] < 1.0 else math.inf)
        kept = min(v * terms.low[c], cap) * terms.venue[c]
        above = max(kept - terms.free[c], 0.0)
        steep = min(above, terms.room[c])
        flat = terms.slope[c] * terms.room[c] * (above - steep) if above > steep else 0.0
        cut = terms.first[c] * kept + terms.slope[c] * steep**2 / 2.0 + flat
        counted.append(min(kept - cut, v, terms.most[c]))
    return counted


def test_collateral_is_the_formula() -> None:
    held = RNG.normal(size=(200, 3)) * np.array([500.0, 8.0, 100.0])
    held[:20, 1] = 0.0
    found = counted_collateral(held, TERMS)
    for a in range(200):
        expected = by_hand(held[a].tolist(), TERMS)
        assert found.counted[a].tolist() == pytest.approx(expected, rel=1e-13, abs=1e-12)
        taken = float((held[a] * TERMS.price).sum()) - sum(expected)
        assert found.haircut[a] == pytest.approx(taken, rel=1e-12, abs=1e-10)
    assert bool((found.haircut >= 0.0).all())


def test_what_counts_for_nothing_is_still_owed() -> None:
    terms = TERMS._replace(most=np.array([0.0, 0.0, 0.0]))
    found = counted_collateral(np.array([[7.0, -2.0, 3.0]]), terms)
    # A debt of 2 coins at 50, the dearer by a tenth, weighs half as much again.
    assert found.counted[0].tolist() == pytest.approx([0.0, -165.0, 0.0], rel=1e-14)


def test_what_nobody_knows_spoils_its_own_holding_and_account() -> None:
    unknown = TERMS._replace(price=np.array([1.0, math.nan, 2.0]))
    found = counted_collateral(
        np.array([[7.0, 0.0, 0.0], [7.0, 1.0, 0.0], [0.0, -1.0, 0.0]]), unknown
    )
    assert np.isnan(found.counted).tolist() == [[False] * 3, *[[False, True, False]] * 2]
    assert np.isnan(found.haircut).tolist() == [False, True, True]
    found = counted_collateral(np.array([[math.nan, 0.0, 0.0]]), TERMS)
    assert np.isnan(found.counted).tolist() == [[True, False, False]]


def test_threads_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    held, found = RNG.normal(size=(3_000, 3)) * 10.0, []
    for threshold in (0, 10**9):
        monkeypatch.setattr(module, "_PARALLEL_HOLDINGS", threshold)
        found.append(counted_collateral(held, TERMS))
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_results_may_go_where_the_caller_says_and_no_currency_is_nothing() -> None:
    held, out = np.ones((7, 3)), CountedCollateral(np.empty((7, 3)), np.empty(7))
    assert counted_collateral(held, TERMS, out=out) is out
    assert np.array_equal(out.counted, counted_collateral(held, TERMS).counted)
    none = CurrencyTerms(*(np.empty(0) for _ in CurrencyTerms._fields))
    assert counted_collateral(np.empty((2, 0)), none).haircut.tolist() == [0.0, 0.0]


def test_wrong_use_is_refused() -> None:
    with pytest.raises(UsageError, match="columns"):
        counted_collateral(np.zeros((5, 2)), TERMS)
    short = CountedCollateral(np.empty((5, 3)), np.empty(4))
    with pytest.raises(UsageError, match="rows"):
        counted_collateral(np.zeros((5, 3)), TERMS, out=short)
