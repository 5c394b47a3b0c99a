"""Liquidation: what maintenance covers, call level, steps and fee, by the venue's own bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.market_moves import MarketMoves
from plimsoll.calibration.thresholds.call_level import call_multiple
from plimsoll.calibration.thresholds.close_out import calibrated_close_out
from plimsoll.calibration.thresholds.publication import (
    MarketThresholds,
    ThresholdGrid,
    threshold_parameters,
    threshold_tables,
)
from plimsoll.calibration.thresholds.steps import closing_steps
from plimsoll.calibration.thresholds.volatility import VolatilityAdjusted
from plimsoll.domain.finding import Reason
from plimsoll.domain.parameters import Origin, Parameter, Unit
from plimsoll.domain.table import Column, Table
from plimsoll.errors import EstimationError, InsufficientDataError

FloatArray = NDArray[np.float64]
DAY_SECONDS = 86_400.0
BLOCK_DAYS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationSettings:
    """What the venue states.

    Parameters
    ----------
    confidence : float
        Of the loss over latency and close-out that maintenance covers.
    window_days : int
        Of history that is looked at.
    too_late : float
        Probability of being closed out before one can react to a call.
    cooldown_seconds : float
        Wait after each step of a liquidation.
    position_usd : float or None
        That is closed in steps; None: the largest that the market's tiers allow.
    impact : float
        Y of the square-root law.
    least_fee : float
    highest_maintenance : float
    lowest_ratio, highest_ratio : float
        Of current to usual volatility, beyond which maintenance follows it no further.
    grid : ThresholdGrid
    seed : int
    owner, label : str
    """

    confidence: float
    window_days: int = 730
    too_late: float = 0.05
    cooldown_seconds: float = 30.0
    position_usd: float | None = None
    impact: float = 1.0
    least_fee: float = 0.0
    highest_maintenance: float = 1.0
    lowest_ratio: float = 0.5
    highest_ratio: float = 3.0
    grid: ThresholdGrid = ThresholdGrid()  # noqa: RUF009  frozen
    seed: int = 0
    owner: str = "risk"
    label: str = ""


def liquidation_part(moves: Sequence[MarketMoves], settings: LiquidationSettings) -> CalibratedPart:
    """Calibrate thresholds of every market; one without a number takes its class's widest."""
    own: dict[str, MarketThresholds] = {}
    missing: dict[str, tuple[Reason, str]] = {}
    for one in moves:
        try:
            own[one.market] = _thresholds(one, settings)
        except InsufficientDataError as error:
            missing[one.market] = Reason.TOO_SHORT_HISTORY, str(error)
        except EstimationError as error:
            missing[one.market] = Reason.FIT_FAILED, str(error)
    lent = _lent(moves, own, missing)
    shown = {m.market: (own | lent)[m.market] for m in moves if m.market in own or m.market in lent}
    parameters = [
        replace(p, origin=Origin.CLASS_FLOOR) if p.market in lent else p
        for p in threshold_parameters(shown, owner=settings.owner, grid=settings.grid)
    ]
    parameters += [
        p for market, one in shown.items() for p in _by_volatility(market, one, settings)
    ]
    tables = threshold_tables(shown, notes=_notes(settings)) if shown else ()
    return CalibratedPart(
        name="liquidation",
        parameters=tuple(parameters),
        tables=(*tables, *_missing_table(missing, lent)),
        limits=(
            "Liquidations are calibrated on closes: what happens within a bar is not seen, and "
            "close-outs do not move the mark.",
        ),
    )


def _thresholds(one: MarketMoves, settings: LiquidationSettings) -> MarketThresholds:
    side = one.binding_side
    losses, worst = (_known(a[:, side]) for a in (one.losses, one.worst_losses))
    per_day = one.bars_per_day / one.close_out_bars
    close_out = calibrated_close_out(
        losses,
        one.cost,
        confidence=settings.confidence,
        highest_maintenance=settings.highest_maintenance,
        least_fee=settings.least_fee,
        block=max(1, min(round(BLOCK_DAYS * per_day), losses.size)),
        seed=settings.seed,
    )
    blocks = max(1, round(BLOCK_DAYS * worst.size / max(1.0, losses.size / per_day)))
    call = call_multiple(
        np.maximum(worst, 0.0),
        close_out.maintenance,
        too_late=settings.too_late,
        short=side == 1,
        block=min(blocks, max(1, worst.size)),
        seed=settings.seed,
    )
    size = one.largest_usd if settings.position_usd is None else settings.position_usd
    steps = closing_steps(
        size / one.adv_usd,
        settings.cooldown_seconds / DAY_SECONDS,
        one.volatility_daily,
        impact=settings.impact,
    )
    return MarketThresholds(
        close_out=close_out,
        call=call,
        steps=steps,
        cooldown_seconds=settings.cooldown_seconds,
        maintenance_rule=_rule(close_out.maintenance, one, settings),
    )


def _known(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


def _rule(
    maintenance: float, one: MarketMoves, settings: LiquidationSettings
) -> VolatilityAdjusted:
    """Maintenance in proportion to the ratio, through what it is at today's.

    Cost and fee rise with it too: a book thins and deficits grow as volatility does.
    """
    grid = settings.grid.rate
    base = maintenance / one.volatility_ratio

    def bound(ratio: float) -> Decimal:
        steps = (Decimal(f"{base * ratio:.12f}") / grid).to_integral_value(ROUND_CEILING)
        return min(steps * grid, (Decimal(1) // grid) * grid)

    return VolatilityAdjusted(
        base=base,
        elasticity=1.0,
        lower=bound(settings.lowest_ratio),
        upper=bound(settings.highest_ratio),
        grid=grid,
    )


def _lent(
    moves: Sequence[MarketMoves],
    own: Mapping[str, MarketThresholds],
    missing: Mapping[str, tuple[Reason, str]],
) -> dict[str, MarketThresholds]:
    """The class's highest maintenance, with all that belongs to it."""
    class_of = {m.market: m.risk_class for m in moves}
    found = {}
    for market in missing:
        donors = [t for m, t in own.items() if class_of[m] == class_of[market]]
        if donors:
            found[market] = max(donors, key=lambda t: t.close_out.maintenance)
    return found


def _by_volatility(
    market: str, found: MarketThresholds, settings: LiquidationSettings
) -> tuple[Parameter, ...]:
    """Bounds of maintenance as it follows volatility, and its value at the usual one."""
    rule = found.maintenance_rule
    assert rule is not None  # made with one
    return tuple(
        Parameter(
            market=market,
            name=f"liquidation.close_out_need_by_volatility.{name}",
            value=value,
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=Decimal(1),
            grid=settings.grid.rate,
            owner=settings.owner,
            origin=Origin.CALIBRATED,
            standard_error=None,
        )
        for name, value in (
            ("lowest", rule.lower),
            ("usual", rule.at(1.0)),
            ("highest", rule.upper),
        )
    )


def _notes(settings: LiquidationSettings) -> tuple[str, ...]:
    return (
        settings.label,
        f"Moves of {settings.window_days} days at today's volatility, of the side that binds; "
        f"standard errors by blocks of {BLOCK_DAYS} days.",
        "Maintenance is that of the tiers, with the venue's own fee in it. Beside it stands what a "
        "close-out needs over the engine's latency alone; the break-even fee is the one that "
        "would pay the deficits of liquidations.",
        "Cost of closing is stated for the class; steps close the largest position of the tiers"
        if settings.position_usd is None
        else f"Cost of closing is stated for the class; steps close {settings.position_usd:,.0f} "
        "USD",
    )


def _missing_table(
    missing: Mapping[str, tuple[Reason, str]], lent: Mapping[str, MarketThresholds]
) -> tuple[Table, ...]:
    if not missing:
        return ()
    return (
        Table(
            name="liquidation_missing",
            title="Liquidation: markets without figures of their own",
            columns=(
                Column(name="market", title="Market"),
                Column(name="reason", title="Reason"),
                Column(name="stands", title="What stands"),
                Column(name="about", title="About"),
            ),
            rows=tuple(
                (m, why.value, "widest of its class" if m in lent else "nothing", text)
                for m, (why, text) in missing.items()
            ),
            notes=("A market that takes its class's figures has origin class_floor in the set.",),
        ),
    )
