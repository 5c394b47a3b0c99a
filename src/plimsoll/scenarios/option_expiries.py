"""Options by expiry, and what their surfaces say of each expiry now and at the scenario.

A raw SVI slice stays one when its moneyness is stretched and its variance scaled:

    r w(c k)  has  (r a, r c b, rho, m / c, sigma / c).

So time costs the cells nothing. With V the time on the surface's clock and T calendar time, both
left to the expiry, r = V(scenario) / V(surface): volatility per unit of clock stays. c is 1 where
strikes or moneyness keep their volatility, sqrt(T(surface) / T(scenario)) where z does (factors of
implied volatility), sqrt(V(surface) / V(scenario)) where the standard deviation does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Option, Pair, Payoff, stated_size
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.scenario import Factor
from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.dynamics import SmileDynamics
from plimsoll.estimators.surface.query import forward_at
from plimsoll.maths.svi import slice_mix
from plimsoll.maths.variance_clock import calendar_years, variance_years
from plimsoll.scenarios.option_rules import OptionRules
from plimsoll.scenarios.scenario_table import RevaluationReason

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_NO_VARIANCE = np.array([0.0, 0.0, 0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class OptionExpiry:
    """What the options of one expiry have in common."""

    pair: Pair
    settle: str
    inverse: bool
    expiry_ns: int
    price_factor: Factor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpirySmiles:
    """The smiles of G expiries of one surface; fields as `GridExpiries`, and years left."""

    forward: FloatArray
    mixed: NDArray[np.bool_]
    now: FloatArray
    now_second: FloatArray
    then: FloatArray
    then_second: FloatArray
    years_then: FloatArray


def by_expiry(
    options: Mapping[str, Option], factors: Mapping[str, Factor] | None
) -> tuple[list[OptionExpiry], IntArray]:
    """Return the expiries of ``options``, and the row of each option's (N,).

    Raises
    ------
    UsageError
        For a quanto option, and for an option without factor where factors are given.
    """
    rows: dict[tuple[object, ...], int] = {}
    expiries: list[OptionExpiry] = []
    of: list[int] = []
    for market, option in options.items():
        factor = None if factors is None else _factor(market, factors)
        inverse = option.payoff is Payoff.INVERSE
        # Flat: hashing a pair and a factor would take longer than revaluing the option.
        terms = (*_terms(option.pair), option.settle, inverse, option.expiry_ns, id(factor))
        row = rows.get(terms)
        if row is None:
            row = rows[terms] = len(expiries)
            expiries.append(_expiry(market, option, factor))
        of.append(row)
    return expiries, np.array(of, dtype=np.int64)


def contract_units(option: Option) -> float:
    """How many times what one price is of an option's contract holds."""
    size = float(option.required_contract_size())
    return size if option.pair.base_units == 1 else size / option.pair.base_units


def stated_units(option: Option) -> float:
    """As `contract_units`; NaN where only the option's name is known."""
    return stated_size(option) / option.pair.base_units


def reason_of(
    expiry: OptionExpiry, snapshot: MarketSnapshot, rules: OptionRules
) -> RevaluationReason | None:
    """Why the options of an expiry cannot be valued; None where they can.

    Raises
    ------
    UsageError
        For a surface later than the snapshot: it knows what nobody could.
    """
    surface = snapshot.surface(expiry.pair, expiry.settle)
    if expiry.expiry_ns <= snapshot.at_ns:
        return RevaluationReason.EXPIRED
    if surface is None:
        return RevaluationReason.NO_SURFACE
    if surface.at_ns > snapshot.at_ns:
        raise UsageError(
            "must not be later than the snapshot",
            found=surface.at_ns,
            field=f"surface of {expiry.pair.base}/{expiry.pair.quote} at_ns",
        )
    if snapshot.at_ns - surface.at_ns > rules.oldest_surface_ns:
        return RevaluationReason.STALE_SURFACE
    beyond = expiry.expiry_ns > surface.expiries_ns[-1]
    return RevaluationReason.BEYOND_SURFACE if beyond else None


def expiry_smiles(
    surface: VolSurface,
    expiries_ns: Sequence[int],
    *,
    now_ns: int,
    fixed_z: bool,
    rules: OptionRules,
) -> ExpirySmiles:
    """Return the smiles of expiries at ``now_ns`` and at the scenario, unshocked.

    Parameters
    ----------
    expiries_ns : sequence of int
        After ``now_ns`` and not after the surface's last.
    fixed_z : bool
        Whether factors of implied volatility move the smile.
    """
    ends = np.array(expiries_ns, dtype=np.int64)
    first, second, mixed = _slices(surface, ends)
    now = _carry(surface, ends, now_ns, fixed_z, rules.dynamics)
    then = _carry(surface, ends, now_ns + rules.elapsed_ns, fixed_z, rules.dynamics)
    return ExpirySmiles(
        forward=_forwards(surface, ends),
        mixed=mixed,
        now=_carried(first, *now),
        now_second=_carried(second, *now),
        then=_carried(first, *then),
        then_second=_carried(second, *then),
        years_then=np.maximum(calendar_years(now_ns + rules.elapsed_ns, ends), 0.0),
    )


def _forwards(surface: VolSurface, ends: IntArray) -> FloatArray:
    """Forwards; those of listed expiries to the last bit."""
    listed = {smile.expiry_ns: smile.forward for smile in surface.smiles}
    between = forward_at(surface, ends)
    return np.array([listed.get(int(end), f) for end, f in zip(ends, between, strict=True)])


def _slices(
    surface: VolSurface, ends: IntArray
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Total variance of each expiry as one slice, or as the sum of two."""
    raw, listed = surface.raw(), {end: row for row, end in enumerate(surface.expiries_ns)}
    years = np.array([smile.variance_years for smile in surface.smiles])
    first, second = np.empty((ends.size, 5)), np.tile(_NO_VARIANCE, (ends.size, 1))
    mixed = np.zeros(ends.size, dtype=np.bool_)
    for i, at in enumerate(variance_years(surface.clock.day_weights, surface.at_ns, ends)):
        row = listed.get(int(ends[i]))
        if row is not None:
            first[i] = raw[row]
            continue
        mix = slice_mix(raw, years, float(at))
        first[i] = _scaled(raw[mix.low], mix.weight_low)
        if mix.weight_high:
            second[i], mixed[i] = _scaled(raw[mix.high], mix.weight_high), True
    return first, second, mixed


def _scaled(raw: FloatArray, weight: float) -> FloatArray:
    return np.asarray(raw * np.array([weight, weight, 1.0, 1.0, 1.0]), dtype=np.float64)


def _carry(
    surface: VolSurface, ends: IntArray, at_ns: int, fixed_z: bool, dynamics: SmileDynamics
) -> tuple[FloatArray, FloatArray]:
    """r and c (see the module) from the surface's time to ``at_ns``; 0 and 1 where expired."""
    weights = surface.clock.day_weights
    alive = ends > at_ns
    later = np.where(alive, at_ns, surface.at_ns)
    clock = variance_years(weights, later, ends) / variance_years(weights, surface.at_ns, ends)
    scale = np.where(alive, clock, 0.0)
    if fixed_z:
        calendar = calendar_years(surface.at_ns, ends) / calendar_years(later, ends)
        return scale, np.sqrt(calendar)
    if dynamics is SmileDynamics.STICKY_DELTA:
        return scale, np.sqrt(1.0 / clock)
    return scale, np.ones(ends.size)


def _carried(raw: FloatArray, scale: FloatArray, stretch: FloatArray) -> FloatArray:
    a, b, rho, m, sigma = raw.T
    return np.column_stack((scale * a, scale * stretch * b, rho, m / stretch, sigma / stretch))


def _terms(pair: Pair) -> tuple[str, str, int, int, str]:
    return pair.base, pair.quote, pair.base_units, pair.generation, pair.origin


def _expiry(market: str, option: Option, factor: Factor | None) -> OptionExpiry:
    if option.payoff is Payoff.QUANTO:
        raise UsageError(
            "must be linear or inverse",
            found="a quanto option",
            field=f"instruments[{market}]",
            remedy="its value needs the correlation of underlying and settlement coin",
        )
    return OptionExpiry(
        option.pair,
        option.settle,
        option.payoff is Payoff.INVERSE,
        option.expiry_ns,
        factor or Factor(subject=option.pair.base),
    )


def _factor(market: str, factors: Mapping[str, Factor]) -> Factor:
    if market not in factors:
        raise UsageError("must have a factor", found=market, field="factors")
    return factors[market]
