"""Collateral: haircuts, caps and admission of each asset, and the terms of loans against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.assets import AssetHaircut, AssetHistory, CollateralProblem
from plimsoll.calibration.collateral.calibrate import calibrate_collateral
from plimsoll.calibration.collateral.pegged import DepegEvent, PegKind
from plimsoll.calibration.collateral.publication import collateral_part
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.borrowing import BorrowingSettings, LentAsset, borrowing_part
from plimsoll.calibration.parts.lending import (
    LendingSettings,
    asset_lending,
    lending_parameters,
    lending_table,
)
from plimsoll.domain.evidence import Check
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

FloatArray = NDArray[np.float64]
ASSUMED_LOSS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CollateralInputs:
    """What haircuts are set from.

    Parameters
    ----------
    histories : tuple of AssetHistory
    dollar_price : mapping of str to (T,) float64
        Log prices by asset.
    problem : CollateralProblem
        Without years of pegs: they are counted here.
    watched_years : mapping of PegKind to float
        Years that assets of a kind were watched beside those of the prices.
    lending : LendingSettings or None
        None: the venue lends nothing.
    lent : tuple of LentAsset
        Assets that users borrow on margin.
    incumbent : ParameterSet or None
    tables, checks, limits : what walk-forward says of the haircuts
    label : str
    """

    histories: tuple[AssetHistory, ...]
    dollar_price: Mapping[str, FloatArray]
    problem: CollateralProblem
    watched_years: Mapping[PegKind, float]
    lending: LendingSettings | None = None
    lent: tuple[LentAsset, ...] = ()
    incumbent: ParameterSet | None = None
    tables: tuple[Table, ...] = ()
    checks: tuple[Check, ...] = ()
    limits: tuple[str, ...] = ()
    label: str = ""


def calibrated_collateral(inputs: CollateralInputs) -> CalibratedPart:
    """Calibrate haircuts, then the terms of loans that rest on their floors."""
    problem = _with_pegs(inputs)
    haircuts = calibrate_collateral(inputs.histories, problem)
    part = collateral_part(haircuts, inputs.label, owner=problem.owner)
    parameters, tables = part.parameters, part.tables
    limits = (
        *part.limits,
        *inputs.limits,
        "Turnover, spread, depth and holders of collateral are stated, not observed.",
    )
    if inputs.lending is not None:
        found = asset_lending(
            inputs.histories, haircuts, inputs.dollar_price, problem, inputs.lending
        )
        parameters += lending_parameters(found, owner=problem.owner)
        tables += (lending_table(found, inputs.lending, problem.floor_share, inputs.label),)
        if not inputs.lent:
            limits += (
                "No curve of borrowing rates: withdrawals and demand for loans are not stated.",
            )
    if inputs.lent:
        curves = borrowing_part(
            inputs.lent,
            BorrowingSettings(seed=problem.seed, owner=problem.owner, label=inputs.label),
        )
        parameters, tables = parameters + curves.parameters, tables + curves.tables
        limits += curves.limits
    return CalibratedPart(
        name="collateral",
        parameters=parameters,
        tables=(*tables, *inputs.tables, *_comparison(haircuts, inputs)),
        checks=inputs.checks,
        limits=limits,
    )


def _with_pegs(inputs: CollateralInputs) -> CollateralProblem:
    """Years watched, and an assumed break of each kind that has none on record by then."""
    problem = inputs.problem
    per_year = problem.bars_per_day * 365.0
    years = {kind: inputs.watched_years.get(kind, 0.0) for kind in PegKind}
    for asset in inputs.histories:
        if asset.peg is not None:
            years[asset.peg] += float(np.isfinite(asset.log_price).sum()) / per_year
    known = {event.kind for event in problem.incidents if event.known_ns <= problem.at_ns}
    assumed = tuple(
        DepegEvent(asset="assumed", kind=kind, known_ns=0, loss=ASSUMED_LOSS)
        for kind in PegKind
        if kind not in known
    )
    return replace(
        problem,
        peg_years={kind: max(one, 1.0) for kind, one in years.items()},
        incidents=(*problem.incidents, *assumed),
    )


def _comparison(haircuts: Sequence[AssetHaircut], inputs: CollateralInputs) -> tuple[Table, ...]:
    """Haircuts beside those of the set in force, where it holds any of them."""
    if inputs.incumbent is None:
        return ()
    rows: list[tuple[Cell, ...]] = []
    for one in haircuts:
        held = inputs.incumbent.of(one.asset).get("haircut")
        if held is None:
            continue
        now = None if one.parameters is None else float(one.parameters.haircut)
        before = float(held.value)
        rows.append((one.asset, before, now, None if now is None else now - before))
    if not rows:
        return ()
    share = ColumnKind.FRACTION
    return (
        Table(
            name="collateral_incumbent",
            title="Haircuts beside those in force",
            columns=(
                Column(name="asset", title="Asset"),
                Column(name="before", title="In force", kind=share, digits=1),
                Column(name="now", title="Calibrated", kind=share, digits=1),
                Column(name="change", title="Change", kind=share, digits=1),
            ),
            rows=tuple(rows),
            notes=(inputs.label,),
        ),
    )
