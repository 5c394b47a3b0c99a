"""Shocks of single expiries from a scenario set's factors of price and implied volatility.

Between the tenors of its factors an expiry takes a shock that is linear in the logarithm of the
time to expiry, as the law of volatility shocks by tenor is a power, of which that is the
first-order form between neighbours. Before the first and after the last tenor the shock stays:
nothing was measured there, and the law would have the shocks of the shortest expiries grow without
bound. A kind of shock that the set does not have for a coin stands
still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.scenario import Factor, FactorKind, ScenarioSet
from plimsoll.errors import UsageError
from plimsoll.maths.smile_grid_kernels import GridShocks

FloatArray = NDArray[np.float64]

LARGEST_FACTOR = 1e6
"""Most that a price or volatility may be multiplied by."""

_SHORTEST_DAYS = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ShockedExpiry:
    """What decides the shocks of one expiry's options.

    Parameters
    ----------
    coin : str
        Base coin, whose factors of implied volatility hold.
    price_factor : Factor
    days : float
        Calendar days to expiry at the scenario; 0 where expired by then.
    floating_share : float
        Of its expected settlement price; the rest does not move.
    """

    coin: str
    price_factor: Factor
    days: float
    floating_share: float = 1.0


def shocked_coins(scenarios: ScenarioSet) -> frozenset[str]:
    """Coins whose implied volatility some factor moves."""
    return frozenset(f.subject for f in scenarios.factors if f.kind.is_implied_vol)


def smile_shocks(scenarios: ScenarioSet, expiries: Sequence[ShockedExpiry]) -> GridShocks:
    """Return the shocks (G, S) of G expiries, as the kernels take them.

    Raises
    ------
    UsageError
        For a price factor that the scenarios do not shock or that is none, and for shocks that
        multiply a price or volatility by more than a million.
    """
    shape = (len(expiries), len(scenarios))
    returns, level, skew, bend = (np.zeros(shape) for _ in range(4))
    columns = {f: _columns(scenarios, f) for f in _vol_factors(scenarios)}
    for g, expiry in enumerate(expiries):
        moves = scenarios.shocks[:, scenarios.column(_price(expiry.price_factor))]
        returns[g] = expiry.floating_share * moves
        rows = {FactorKind.IMPLIED_VOL_LEVEL: level, FactorKind.IMPLIED_VOL_SKEW: skew}
        rows[FactorKind.IMPLIED_VOL_CURVATURE] = bend
        for kind, row in rows.items():
            if (expiry.coin, kind) in columns:
                row[g] = _at_tenor(scenarios, *columns[expiry.coin, kind], expiry.days)
        years = expiry.days / 365.0
        bend[g] *= 0.5 / np.sqrt(years) if years > 0.0 else 0.0
    _check(returns, level, skew, bend)
    return GridShocks(np.log1p(returns), 1.0 + returns, np.exp(level), skew, bend)


def _vol_factors(scenarios: ScenarioSet) -> set[tuple[str, FactorKind]]:
    return {(f.subject, f.kind) for f in scenarios.factors if f.kind.is_implied_vol}


def _columns(
    scenarios: ScenarioSet, of: tuple[str, FactorKind]
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Logarithms of the tenors of one coin's factors of one kind, rising, and their columns."""
    tenors = [
        (f.tenor_days, column)
        for column, f in enumerate(scenarios.factors)
        if (f.subject, f.kind) == of and f.tenor_days is not None
    ]
    days, columns = zip(*sorted(tenors), strict=True)
    return np.log(np.array(days)), np.array(columns, dtype=np.int64)


def _at_tenor(
    scenarios: ScenarioSet, logs: FloatArray, columns: NDArray[np.int64], days: float
) -> FloatArray:
    """(S,) shocks at ``days``, linear in its logarithm between the tenors."""
    at = np.interp(np.log(max(days, _SHORTEST_DAYS)), logs, np.arange(logs.size, dtype=np.float64))
    low = int(at)
    weight = float(at) - low
    first: FloatArray = scenarios.shocks[:, columns[low]]
    if weight == 0.0:
        return first
    return (1.0 - weight) * first + weight * scenarios.shocks[:, columns[low + 1]]


def _price(factor: Factor) -> Factor:
    if factor.kind is not FactorKind.PRICE:
        raise UsageError("must be a price factor", found=factor.label, field="factors")
    return factor


def _check(returns: FloatArray, level: FloatArray, skew: FloatArray, bend: FloatArray) -> None:
    bounds = (
        ("price returns", returns, LARGEST_FACTOR),
        ("shocks of level", level, np.log(LARGEST_FACTOR)),
        ("shocks of skew", skew, LARGEST_FACTOR),
        ("shocks of curvature over 2 sqrt(T)", bend, LARGEST_FACTOR),
    )
    for name, values, largest in bounds:
        most = float(np.max(np.abs(values), initial=0.0))
        if most > largest:
            raise UsageError(f"{name} must be at most {largest:g}", found=most, field="shocks")
