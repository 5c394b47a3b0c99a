"""Add-ons of every underlying: liquidity, concentration, wrong-way, gap, and basis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.basis import BasisMoves, basis_buckets, calibrate_basis
from plimsoll.calibration.add_ons.calibrated import AddOnName, CalibratedAddOn, class_default
from plimsoll.calibration.add_ons.gap import calibrate_gap, calibrate_wrong_way
from plimsoll.calibration.add_ons.liquidity import (
    calibrate_concentration,
    calibrate_liquidity,
    holdings_of,
)
from plimsoll.calibration.add_ons.publication import add_on_part
from plimsoll.calibration.add_ons.tail_moves import LEAST_MOVES, upper_quantile
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.depeg import depeg_parameters, depeg_table
from plimsoll.calibration.parts.market_moves import MarketMoves
from plimsoll.domain.finding import Reason
from plimsoll.estimators.liquidity.margin_figures import AddOnFigures
from plimsoll.margin.add_ons.hedged import BasisParameters

FloatArray = NDArray[np.float64]
BLOCK_DAYS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOnSettings:
    """What the venue states.

    Parameters
    ----------
    confidence, far_confidence : float
        Of moves held together, and of the jump that the gap add-on covers.
    stressed_volatility : float
        Quantile of the daily volatility forecasts of the window at which closing is priced.
    impact : float
        Y of the square-root law.
    basis : bool
        Whether the venue asks for the basis of its legs.
    seed : int
    owner, label : str
    """

    confidence: float = 0.99
    far_confidence: float = 0.999
    stressed_volatility: float = 0.95
    impact: float = 1.0
    basis: bool = False
    seed: int = 0
    owner: str = "risk"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FurtherPrices:
    """What the venue's own bars do not hold.

    Parameters
    ----------
    basis : mapping of str to sequence of BasisMoves
        By underlying: pairs of legs.
    pegs : sequence of (T,) float64
        Prices of dollar coins in dollars.
    holder_shares : tuple of float
        Of one side's open interest, the largest holders; the rest is taken to be spread.
    open_interest_usd : mapping of str to float
        Of one side, by market.
    """

    basis: Mapping[str, Sequence[BasisMoves]] = field(default_factory=dict)
    pegs: Sequence[FloatArray] = ()
    holder_shares: tuple[float, ...] = ()
    open_interest_usd: Mapping[str, float] = field(default_factory=dict)


def add_ons_part(
    moves: Sequence[MarketMoves], further: FurtherPrices, settings: AddOnSettings
) -> CalibratedPart:
    """Calibrate the add-ons of every underlying; the first of its markets speaks for it."""
    first = {one.underlying: one for one in reversed(moves)}
    ordered = [first[name] for name in dict.fromkeys(m.underlying for m in moves)]
    worst = _worst_of_class(ordered)
    liquidity = _liquidities(ordered, settings)
    found = [
        add_on
        for one, cost in zip(ordered, liquidity, strict=True)
        for add_on in _of_market(one, worst[one.risk_class], cost, further, settings)
    ]
    part = add_on_part(found, settings.label, owner=settings.owner)
    if not further.pegs:
        return part
    bars = max(one.close_out_bars for one in ordered)
    return CalibratedPart(
        name=part.name,
        parameters=(*part.parameters, *depeg_parameters(further.pegs, bars, settings.owner)),
        tables=(*part.tables, depeg_table(further.pegs, bars, settings.label)),
        checks=part.checks,
        limits=part.limits,
    )


def _of_market(
    one: MarketMoves,
    worst: float,
    liquidity: CalibratedAddOn,
    further: FurtherPrices,
    settings: AddOnSettings,
) -> Iterator[CalibratedAddOn]:
    yield liquidity
    yield _concentration(one, liquidity, further)
    block = BLOCK_DAYS * one.bars_per_day
    yield calibrate_wrong_way(
        one.underlying, one.raw_losses[:, 0], confidence=settings.confidence, block=block,
        seed=settings.seed, forecast_move=one.price_risk,
    )  # fmt: skip
    yield calibrate_gap(
        one.underlying, np.max(one.raw_losses, axis=1), covered_move=min(one.price_risk, 0.99),
        class_worst_move=worst, far_confidence=settings.far_confidence, block=block,
        seed=settings.seed,
    )  # fmt: skip
    if settings.basis:
        yield _basis(one, further, settings)


def _liquidities(moves: Sequence[MarketMoves], settings: AddOnSettings) -> list[CalibratedAddOn]:
    """Of every underlying; one too young for figures of its own bears its class's highest."""
    own = [_liquidity(one, settings) for one in moves]
    return [
        found if found is not None else _liquidity_of_class(one, moves, own)
        for one, found in zip(moves, own, strict=True)
    ]


def _liquidity(one: MarketMoves, settings: AddOnSettings) -> CalibratedAddOn | None:
    """Twice the stated cost of closing as spread; volatility at its stressed quantile."""
    path = one.volatility_path
    if path.size < LEAST_MOVES:
        return None
    high = upper_quantile(path, settings.stressed_volatility, block=30, seed=settings.seed)
    figures = _figures(one, max(high.value, one.volatility_daily), settings.impact)
    found = calibrate_liquidity(one.underlying, figures)
    # Spread and impact are stated, not estimated.
    error = {"daily_volatility": high.standard_error}
    return replace(found, standard_error=error, about="cost of the class, stressed volatility")


def _figures(one: MarketMoves, volatility_daily: float, impact: float) -> AddOnFigures:
    return AddOnFigures(
        relative_spread=2.0 * one.cost,
        daily_volatility=volatility_daily,
        impact=impact,
        depth_usd=0.0,
        volume_24h_usd=one.adv_usd,
        impact_raised=False,
    )


def _liquidity_of_class(
    one: MarketMoves, moves: Sequence[MarketMoves], own: Sequence[CalibratedAddOn | None]
) -> CalibratedAddOn:
    """The highest stressed volatility of its class, not below its own of today, with the reason.

    Where no market of its class has figures those of all stand in; of none, the default.
    """
    held = [(m, found) for m, found in zip(moves, own, strict=True) if found is not None]
    alike = [pair for pair in held if pair[0].risk_class == one.risk_class] or held
    if not alike:
        return calibrate_liquidity(one.underlying, None)
    highest = max(float(found.parameters.daily_volatility) for _, found in alike)
    now = one.volatility_daily if np.isfinite(one.volatility_daily) else 0.0
    impact = max(float(found.parameters.impact) for _, found in alike)
    found = calibrate_liquidity(one.underlying, _figures(one, max(highest, now), impact))
    return replace(
        found,
        standard_error={},
        reason=Reason.TOO_SHORT_HISTORY,
        about="cost of the class, highest stressed volatility of its class",
    )


def _concentration(
    one: MarketMoves, liquidity: CalibratedAddOn, further: FurtherPrices
) -> CalibratedAddOn:
    held = None
    interest = further.open_interest_usd.get(one.market)
    if interest is not None and further.holder_shares:
        rest = max(0.0, 1.0 - sum(further.holder_shares))
        smallest = min(further.holder_shares)
        spread = [smallest * interest] * int(rest // smallest)
        held = holdings_of(
            [*(share * interest for share in further.holder_shares), *spread], adv_usd=one.adv_usd
        )
    found = calibrate_concentration(
        one.underlying,
        None if liquidity.reason is Reason.NO_DATA else liquidity.parameters,
        adv_usd=one.adv_usd,
        margin_rate=min(one.maintenance_rate, 0.99),
        holdings=held,
    )
    return replace(found, reason=found.reason or liquidity.reason)


def _basis(one: MarketMoves, further: FurtherPrices, settings: AddOnSettings) -> CalibratedAddOn:
    pairs = further.basis.get(one.underlying, ())
    if not pairs:
        return class_default(one.underlying, AddOnName.BASIS, BasisParameters(), Reason.NO_DATA)
    buckets = basis_buckets(pairs, confidence=settings.confidence, seed=settings.seed)
    return calibrate_basis(one.underlying, buckets)


def _worst_of_class(moves: Sequence[MarketMoves]) -> dict[str, float]:
    """Largest loss over a close-out that any market of each class has made, at most all."""
    found: dict[str, float] = {}
    for one in moves:
        known = one.raw_losses[np.isfinite(one.raw_losses)]
        worst = min(float(known.max()), 1.0) if known.size else 0.0
        found[one.risk_class] = max(found.get(one.risk_class, 0.0), worst)
    return found
