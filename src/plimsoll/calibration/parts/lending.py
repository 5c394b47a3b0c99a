"""Lending terms of the assets that back loans, as parameters and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.assets import AssetHaircut, AssetHistory, CollateralProblem
from plimsoll.calibration.collateral.lending import (
    STEP,
    LendingErrors,
    LendingRisk,
    LendingTerms,
    NotLendable,
    lending_errors,
    lending_terms,
    stressed_lending_risk,
    supply_cap,
)
from plimsoll.calibration.collateral.liquidation_cost import rounded_down, sale_cost
from plimsoll.domain.canonical import significant
from plimsoll.domain.parameters import Origin, Parameter, Unit
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import InsufficientDataError

FloatArray = NDArray[np.float64]
LARGEST_USD = Decimal(10) ** 15


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingSettings:
    """What the venue states of its loans.

    Parameters
    ----------
    latency_hours, user_hours : float
        From breach to sale, and the time a borrower has before his threshold.
    liquidated_share : float
        Of a day's turnover that is liquidated at once.
    gas : float
        Share of the smallest loan.
    least_loan_to_value : float
    """

    latency_hours: float = 1.0
    user_hours: float = 24.0
    liquidated_share: float = 0.001
    gas: float = 0.001
    least_loan_to_value: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetLending:
    """One asset's terms and what they rest on; a text where it backs no loan."""

    asset: str
    terms: LendingTerms | None
    risk: LendingRisk | None
    stressed: bool
    supply_cap_usd: Decimal
    why_not: str = ""
    errors: LendingErrors | None = None


def asset_lending(
    histories: Sequence[AssetHistory],
    haircuts: Sequence[AssetHaircut],
    dollar_price: Mapping[str, FloatArray],
    problem: CollateralProblem,
    settings: LendingSettings,
) -> tuple[AssetLending, ...]:
    """Return terms of every asset; what is not admitted as collateral backs no loan."""
    return tuple(
        _lending(asset, haircut, dollar_price[asset.asset], problem, settings)
        for asset, haircut in zip(histories, haircuts, strict=True)
    )


def _lending(
    asset: AssetHistory,
    haircut: AssetHaircut,
    price: FloatArray,
    problem: CollateralProblem,
    settings: LendingSettings,
) -> AssetLending:
    liquidity = asset.liquidity
    if haircut.parameters is None or liquidity is None:
        return _refused(asset.asset, "not admitted as collateral")
    size = settings.liquidated_share * liquidity.adv_usd
    slippage = float(sale_cost(np.array([size]), liquidity, problem.sale)[0])
    try:
        risk = stressed_lending_risk(
            price,
            stressed_loss=haircut.class_floor,
            latency_bars=problem.bars(settings.latency_hours),
            user_bars=problem.bars(settings.user_hours),
            slippage=slippage,
            gas=settings.gas,
            confidence=problem.confidence,
        )
    except InsufficientDataError as error:
        return _refused(asset.asset, str(error))
    terms = lending_terms(risk, least_loan_to_value=settings.least_loan_to_value)
    if isinstance(terms, NotLendable):
        conflict = "; ".join(terms.conflict)
        return _refused(
            asset.asset,
            f"{terms.reason}: {conflict}; relax by {terms.relaxation:.1%}",
        )
    errors = lending_errors(
        price,
        risk,
        terms,
        stressed_loss=haircut.class_floor,
        latency_bars=problem.bars(settings.latency_hours),
        user_bars=problem.bars(settings.user_hours),
        bars_per_day=problem.bars_per_day,
        confidence=problem.confidence,
        seed=problem.seed,
    )
    cap, _ = supply_cap(size, float(terms.liquidation_threshold))
    return AssetLending(
        asset=asset.asset,
        terms=terms,
        risk=risk,
        stressed=risk.latency_drop <= haircut.class_floor,
        supply_cap_usd=rounded_down(cap),
        errors=errors,
    )


def _refused(asset: str, why: str) -> AssetLending:
    return AssetLending(
        asset=asset, terms=None, risk=None, stressed=False, supply_cap_usd=Decimal(0), why_not=why
    )


def lending_parameters(found: Sequence[AssetLending], *, owner: str) -> tuple[Parameter, ...]:
    """Return ``<asset>/lending.loan_to_value``, threshold, bonus and supply cap."""
    return tuple(p for one in found if one.terms is not None for p in _of_asset(one, owner))


def _of_asset(one: AssetLending, owner: str) -> tuple[Parameter, ...]:
    terms = one.terms
    assert terms is not None  # the caller leaves out what backs no loan
    origin = Origin.CLASS_FLOOR if one.stressed else Origin.CALIBRATED
    held = one.errors
    errors = (None,) * 3 if held is None else (
        held.loan_to_value, held.liquidation_threshold, held.bonus,
    )  # fmt: skip
    share = (Unit.FRACTION, Decimal(1), STEP)
    rows = (
        ("loan_to_value", terms.loan_to_value, *share, origin, errors[0]),
        ("liquidation_threshold", terms.liquidation_threshold, *share, origin, errors[1]),
        ("liquidation_bonus", terms.bonus, *share, Origin.CALIBRATED, errors[2]),
        ("supply_cap_usd", one.supply_cap_usd, Unit.USD, LARGEST_USD, None, Origin.CALIBRATED,
         None),
    )  # fmt: skip
    return tuple(
        Parameter(
            market=one.asset,
            name=f"lending.{name}",
            value=value,
            unit=unit,
            lower=Decimal(0),
            upper=upper,
            grid=step,
            owner=owner,
            origin=come,
            standard_error=significant(error) if error else None,
        )
        for name, value, unit, upper, step, come, error in rows
    )


def lending_table(
    found: Sequence[AssetLending], settings: LendingSettings, floor_share: float, label: str
) -> Table:
    """Return the terms, what they rest on, and why an asset has none."""
    share = ColumnKind.FRACTION
    return Table(
        name="lending_terms",
        title="Loans: terms by asset of collateral",
        columns=(
            Column(name="asset", title="Asset"),
            Column(name="loan", title="Loan to value", kind=share, digits=1),
            Column(name="loan_error", title="s.e.", kind=share),
            Column(name="threshold", title="Threshold", kind=share, digits=1),
            Column(name="threshold_error", title="s.e.", kind=share),
            Column(name="bonus", title="Bonus", kind=share, digits=1),
            Column(name="bonus_error", title="s.e.", kind=share),
            Column(name="drop", title="Drop borne", kind=share, digits=1),
            Column(name="stressed", title="Of the class's worst", kind=ColumnKind.FLAG),
            Column(name="cap", title="Supply cap", kind=ColumnKind.MONEY, unit="USD", digits=0),
            Column(name="why", title="Not lendable because"),
        ),
        rows=tuple(_row(one) for one in found),
        notes=(
            label,
            f"Threshold x (1 + bonus) leaves room for the drop over {settings.latency_hours:g} h, "
            f"not below {floor_share:.0%} of the class's worst move over the sale, and for "
            f"slippage of {settings.liquidated_share:.2%} of a day's turnover; a loan stands the "
            f"95 % fall of {settings.user_hours:g} h below it.",
            "Standard errors: before the grid, by blocks of ten days; the drop of a stress is "
            "stated and has none.",
        ),
    )


def _row(one: AssetLending) -> tuple[Cell, ...]:
    if one.terms is None or one.risk is None:
        return (one.asset, *(None,) * 9, one.why_not)
    terms, errors = one.terms, one.errors
    return (
        one.asset,
        float(terms.loan_to_value),
        None if errors is None else errors.loan_to_value,
        float(terms.liquidation_threshold),
        None if errors is None else errors.liquidation_threshold,
        float(terms.bonus),
        None if errors is None else errors.bonus,
        one.risk.latency_drop,
        one.stressed,
        float(one.supply_cap_usd),
        "",
    )
