"""The search for the cheapest ladder against an integer programme, which shares nothing with it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from plimsoll.calibration.tiers import RateKind, Requirement, SizeDistribution, TierGrid, fit_ladder
from plimsoll.errors import EstimationError

CAPS = tuple(Decimal(x) for x in (10, 20, 50, 100, 200, 500))
SIZES = np.array([3.0, 8.0, 15.0, 40.0, 70.0, 150.0, 260.0, 480.0])


def requirement_of(rate: np.ndarray) -> Requirement:
    zero = np.zeros(rate.size)
    caps = np.array([float(cap) for cap in CAPS])
    return Requirement(
        notional_usd=caps, price=rate, cost=zero, price_error=zero, cost_error=zero,
        horizon_hours=zero,
    )  # fmt: skip


def programme(
    needed: Requirement, weight: np.ndarray, grid: TierGrid, tiers: int, kind: RateKind
) -> float:
    """Mean margin of the cheapest ladder; rate steps n_g and rises y_g of each slice of the grid.

    Marginal: MM(N) is linear in the steps. Whole: N n_g. A rise is at most the maximum step where
    y_g is 1, else 0, and at most tiers - 1 of them.
    """
    caps, step = np.array([0.0, *(float(c) for c in CAPS)]), float(grid.rate_step)
    slices = len(CAPS)

    def held(size: float) -> np.ndarray:
        if kind is RateKind.WHOLE:
            return np.asarray(size * (np.arange(slices) == np.searchsorted(caps[1:], size)))
        return np.asarray(np.clip(size - caps[:-1], 0.0, np.diff(caps)))

    points = np.concatenate([needed.notional_usd, caps[:-1] + 1e-6])[: 2 * slices]
    points = np.sort(points[points > 1e-3]) if kind is RateKind.WHOLE else needed.notional_usd
    cover = np.array([held(x) for x in points]) * step
    rows = [np.concatenate([row, np.zeros(slices)]) for row in cover]
    low, high = list(needed.at(points)), [np.inf] * len(points)
    for g in range(1, slices):
        rise, most = np.zeros(2 * slices), np.zeros(2 * slices)
        rise[g], rise[g - 1] = 1.0, -1.0
        most[:] = rise
        most[slices + g] = -grid.most_rise
        rows += [rise, most]
        low += [0.0, -np.inf]
        high += [np.inf, 0.0]
    rows.append(np.concatenate([np.zeros(slices), np.ones(slices)]))
    low.append(0.0)
    high.append(tiers - 1.0)
    cost = step * sum(w / s * held(s) for w, s in zip(weight, SIZES, strict=True))
    upper = np.concatenate([np.full(slices, grid.most_steps), np.ones(slices)])
    found = milp(
        np.concatenate([cost, np.zeros(slices)]),
        constraints=LinearConstraint(np.array(rows), low, high),
        integrality=np.ones(2 * slices, dtype=np.int64),
        bounds=Bounds(np.zeros(2 * slices), upper),
        options={"mip_rel_gap": 0.0},
    )
    return float(found.fun) if found.success else float("nan")


@pytest.mark.parametrize("kind", list(RateKind))
@pytest.mark.parametrize("seed", range(8))
def test_the_search_finds_what_the_integer_programme_finds(seed: int, kind: RateKind) -> None:
    rng = np.random.default_rng(seed)
    rate = 0.01 + np.cumsum(rng.exponential(0.02, len(CAPS)))
    weight = rng.dirichlet(np.ones(SIZES.size))
    sizes = SizeDistribution(name="random", notional_usd=SIZES, weight=weight)
    tiers = 2 + seed % 3
    rise = Decimal("0.05") if seed % 2 else Decimal("0.2")
    grid = TierGrid(caps_usd=CAPS, rate_step=Decimal("0.005"), maximum_step=rise)
    expected = programme(requirement_of(rate), weight, grid, tiers, kind)
    if np.isnan(expected):
        with pytest.raises(EstimationError):
            fit_ladder(requirement_of(rate), sizes, grid, tiers=tiers, kind=kind)
        return
    found = fit_ladder(requirement_of(rate), sizes, grid, tiers=tiers, kind=kind)
    # 1e-7 relative: HiGHS's feasibility tolerance is 1e-6 of a step, the sums are of floats.
    assert found.mean == pytest.approx(expected, rel=1e-7)
    quick = fit_ladder(requirement_of(rate), sizes, grid, tiers=tiers, kind=kind, proven=False)
    assert quick.mean >= found.mean * (1.0 - 1e-12)
