"""Margin borrowing: the kinked curve of each asset that is lent, as parameters and plot points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.utilisation import (
    STEP,
    KinkedRate,
    curve_of_demand,
    kinked_rate,
)
from plimsoll.calibration.part import CalibratedPart
from plimsoll.domain.canonical import significant
from plimsoll.domain.finding import Reason
from plimsoll.domain.parameters import Origin, Parameter, Unit
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import InsufficientDataError, ParameterError

FloatArray = NDArray[np.float64]
POINTS = tuple(k / 20.0 for k in range(21))
"""Utilisations at which the curve is told."""
_LARGEST_RATE = Decimal(1000)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LentAsset:
    """One asset that users borrow on margin.

    Parameters
    ----------
    asset : str
    reference_rate_annual, base_rate_annual : float
        Rate elsewhere, which holds at the kink, and rate of an idle pool.
    semi_elasticity : float
        Log change of borrowing for a rate higher by 100 % a year.
    withdrawn_share : float or None
        Of supply, in a notice period of the worst 1 %; stated where no record is named.
    withdrawals : (T,) float64
        Net withdrawals over each notice period, share of supply; empty without a record.
    """

    asset: str
    reference_rate_annual: float
    base_rate_annual: float = 0.0
    semi_elasticity: float = 2.0
    withdrawn_share: float | None = None
    withdrawals: FloatArray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowingSettings:
    """What holds for every asset.

    Parameters
    ----------
    confidence : float
        Of withdrawals that the kink leaves room for.
    largest_kink : float
    seed : int
    owner, label : str
    """

    confidence: float = 0.99
    largest_kink: float = 0.95
    seed: int = 0
    owner: str = "risk"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Curve:
    asset: str
    curve: KinkedRate | None
    stated: bool
    why_not: tuple[str, str] = ("", "")


def borrowing_part(assets: Sequence[LentAsset], settings: BorrowingSettings) -> CalibratedPart:
    """Calibrate the curve of every asset; one without withdrawals has a reason and no curve."""
    found = [_curve(one, settings) for one in assets]
    return CalibratedPart(
        name="borrowing",
        parameters=tuple(p for one in found for p in _parameters(one, settings.owner)),
        tables=(_table(assets, found, settings), *_points_table(found, settings)),
        limits=(
            "Curves of borrowing rest on a stated rate elsewhere and a stated elasticity of "
            "demand; neither is estimated.",
        ),
    )


def _curve(one: LentAsset, settings: BorrowingSettings) -> _Curve:
    stated = not one.withdrawals.size
    try:
        curve = _within(_fitted(one, settings), one)
        return _Curve(asset=one.asset, curve=curve, stated=stated)
    except InsufficientDataError as error:
        reason = Reason.NO_DATA if stated else Reason.TOO_SHORT_HISTORY
        return _Curve(
            asset=one.asset, curve=None, stated=stated, why_not=(reason.value, str(error))
        )
    except ParameterError as error:
        return _Curve(
            asset=one.asset, curve=None, stated=stated, why_not=("infeasible", str(error))
        )


def _fitted(one: LentAsset, settings: BorrowingSettings) -> KinkedRate:
    if one.withdrawals.size:
        return kinked_rate(
            one.withdrawals,
            reference_rate_annual=one.reference_rate_annual,
            base_rate_annual=one.base_rate_annual,
            semi_elasticity=one.semi_elasticity,
            confidence=settings.confidence,
            largest_kink=settings.largest_kink,
            seed=settings.seed,
        )
    if one.withdrawn_share is None:
        raise InsufficientDataError(
            "must have withdrawals, named or stated", found="neither", field=one.asset
        )
    return curve_of_demand(
        one.withdrawn_share,
        reference_rate_annual=one.reference_rate_annual,
        base_rate_annual=one.base_rate_annual,
        semi_elasticity=one.semi_elasticity,
        largest_kink=settings.largest_kink,
    )


def _within(curve: KinkedRate, one: LentAsset) -> KinkedRate:
    """The curve, where no rate of it lies beyond what can be published."""
    largest = max(curve.base, curve.to_kink, curve.beyond_kink)
    if largest > _LARGEST_RATE:
        raise ParameterError(
            f"must keep rates at or below {_LARGEST_RATE:,} a year",
            found=f"{float(largest):,.0f} at a semi-elasticity of {one.semi_elasticity:g}",
            field=one.asset,
            remedy="state a demand that answers to rates more: raise semi_elasticity",
        )
    return curve


def _parameters(one: _Curve, owner: str) -> tuple[Parameter, ...]:
    curve = one.curve
    if curve is None:
        return ()
    origin = Origin.VENUE if one.stated else Origin.CALIBRATED
    error = significant(curve.kink_error) if curve.kink_error > 0.0 else None
    rows = (
        ("optimal_utilisation", curve.kink, Decimal(1), error),
        ("base_rate_annual", curve.base, _LARGEST_RATE, None),
        ("rate_to_kink_annual", curve.to_kink, _LARGEST_RATE, None),
        ("rate_beyond_kink_annual", curve.beyond_kink, _LARGEST_RATE, None),
    )
    return tuple(
        Parameter(
            market=one.asset,
            name=f"borrowing.{name}",
            value=value,
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=upper,
            grid=STEP,
            owner=owner,
            origin=origin,
            standard_error=deviation,
        )
        for name, value, upper, deviation in rows
    )


def _table(
    assets: Sequence[LentAsset], found: Sequence[_Curve], settings: BorrowingSettings
) -> Table:
    share = ColumnKind.FRACTION
    rows: list[tuple[Cell, ...]] = []
    for asset, one in zip(assets, found, strict=True):
        curve = one.curve
        if curve is None:
            rows.append((one.asset, *(None,) * 6, ": ".join(one.why_not)))
            continue
        rows.append(
            (
                one.asset,
                float(curve.kink),
                curve.kink_error or None,
                float(curve.base),
                float(curve.base + curve.to_kink),
                float(curve.base + curve.to_kink + curve.beyond_kink),
                asset.semi_elasticity,
                "withdrawals as stated" if one.stated else "record of withdrawals",
            )
        )
    return Table(
        name="borrowing_curves",
        title="Margin borrowing: the kinked curve of each asset",
        columns=(
            Column(name="asset", title="Asset"),
            Column(name="kink", title="Optimal utilisation", kind=share, digits=1),
            Column(name="error", title="s.e.", kind=share, digits=1),
            Column(name="idle", title="Rate at 0 a year", kind=share, digits=1),
            Column(name="at_kink", title="At the kink", kind=share, digits=1),
            Column(name="full", title="At 100 %", kind=share, digits=1),
            Column(name="elasticity", title="Semi-elasticity", kind=ColumnKind.NUMBER),
            Column(name="source", title="Rests on"),
        ),
        rows=tuple(rows),
        notes=(
            settings.label,
            f"The kink leaves room for withdrawals that {settings.confidence:.0%} of notice "
            "periods do not exceed; its rate is that of borrowing elsewhere; at 100 % the rate "
            "draws demand back to the kink.",
        ),
    )


def _points_table(found: Sequence[_Curve], settings: BorrowingSettings) -> tuple[Table, ...]:
    """Rates at utilisations from nothing to all, ready to be drawn; the kinks among them."""
    drawn = [(one.asset, one.curve) for one in found if one.curve is not None]
    if not drawn:
        return ()
    at = sorted({*POINTS, *(float(curve.kink) for _, curve in drawn)})
    share = ColumnKind.FRACTION
    return (
        Table(
            name="borrowing_points",
            title="Margin borrowing: rate a year by utilisation",
            columns=(
                Column(name="utilisation", title="Utilisation", kind=share, digits=1),
                *(Column(name=asset, title=asset, kind=share, digits=2) for asset, _ in drawn),
            ),
            rows=tuple((u, *(float(curve.rate(u)) for _, curve in drawn)) for u in at),
            notes=(settings.label,),
        ),
    )
