"""The outage multiplier walked forward: learnt at each New Year, held against the year after.

Each multiplier is of the prices known at that New Year alone, rounded as it would be published, and
multiplies every margin of its class until the next. Outages that the venue states have no date
and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.outage_levels import OutageLevels
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.parts.class_losses import prices_by_class
from plimsoll.calibration.parts.outages import OperationsSettings, class_level, outage_record
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.errors import InsufficientDataError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfClass:
    """Margins of a class from one New Year to the next, without and with its multiplier.

    Parameters
    ----------
    year : str
    risk_class : str
    multiplier : float or None
        None where what was known gave none; margins stay.
    starts, broken_without, broken_with : int
    margin_without, margin_with : float
        Sums over scored starts.
    """

    year: str
    risk_class: str
    multiplier: float | None
    starts: int
    broken_without: int
    broken_with: int
    margin_without: float
    margin_with: float


def outage_years(proof: Proof, settings: OperationsSettings) -> tuple[YearOfClass, ...]:
    """Return every year and class with a scored start."""
    time_ns = proof.paths.time_ns
    rows = [*new_years(time_ns), time_ns.size]
    dated = replace(settings, outage_hours=(), watched_hours=0.0)
    margin, start_ns = proof.margin(), proof.maintenance.start_ns
    found: list[YearOfClass] = []
    for row, end in pairwise(rows):
        from_ns = int(time_ns[row])
        until_ns = int(time_ns[end]) if end < time_ns.size else np.iinfo(np.int64).max
        place = np.flatnonzero((start_ns >= from_ns) & (start_ns < until_ns))
        if np.isfinite(margin[place]).any():
            by_class = multipliers_at(proof, dated, from_ns)
            found += _years(proof, by_class, margin[place], place, iso_minute(from_ns)[:4])
    return tuple(found)


def new_years(time_ns: NDArray[np.int64]) -> list[int]:
    """Rows of the first day of each calendar year but the first."""
    year = time_ns.astype("datetime64[ns]").astype("datetime64[Y]").astype(np.int64)
    return [int(row) for row in np.flatnonzero(np.diff(year)) + 1]


def multipliers_at(proof: Proof, settings: OperationsSettings, at_ns: int) -> dict[str, float]:
    """Return multipliers by class as they would have been published at a time, from then on."""
    with np.errstate(invalid="ignore"):
        price = np.log(proof.history.before(at_ns).usable_close())
    hours = proof.history.interval_ns / HOUR_NS
    record = outage_record(price, hours, settings)
    found, classes = {}, proof.problem.classes
    for name, prices in prices_by_class(price, proof, classes).items():
        horizon = classes[name].maintenance_horizon_hours
        try:
            found[name] = class_level(prices, record, horizon, hours, settings.confidence)
        except InsufficientDataError:
            continue  # told in the table: no multiplier
    levels = OutageLevels(found=found, errors={}, missing={}, record=record)
    return {name: float(levels.multiplier(name)) for name in found}


def _years(
    proof: Proof,
    by_class: Mapping[str, float],
    margin: FloatArray,
    place: NDArray[np.int64],
    year: str,
) -> Iterator[YearOfClass]:
    names = np.array([proof.class_of[market] for market in proof.markets])
    for name in proof.problem.classes:
        mine = names == name
        held, loss = margin[:, mine], proof.maintenance.loss[place][:, mine]
        scored: BoolArray = np.isfinite(held) & np.isfinite(loss)
        if not scored.any():
            continue
        bare, lost = held[scored], loss[scored]
        raised = bare * by_class.get(name, 1.0)
        yield YearOfClass(
            year=year,
            risk_class=name,
            multiplier=by_class.get(name),
            starts=bare.size,
            broken_without=int((lost > bare).sum()),
            broken_with=int((lost > raised).sum()),
            margin_without=float(bare.sum()),
            margin_with=float(raised.sum()),
        )


def outage_walk_forward_table(proof: Proof, settings: OperationsSettings) -> Table:
    """Breaches and mean margins, year by year and class by class, and of all together."""
    years = outage_years(proof, settings)
    share = ColumnKind.FRACTION
    return Table(
        name="outage_walk_forward",
        title="Outage multiplier, walked forward",
        columns=(
            Column(name="year", title="Year"),
            Column(name="class", title="Class"),
            Column(name="multiplier", title="Multiplier", kind=ColumnKind.NUMBER, digits=4),
            Column(name="n", title="n", kind=ColumnKind.COUNT),
            Column(name="breach_without", title="Breaches without", kind=share, digits=3),
            Column(name="breach_with", title="Breaches with", kind=share, digits=3),
            Column(name="margin_without", title="Mean without", kind=share, digits=3),
            Column(name="margin_with", title="Mean with", kind=share, digits=3),
        ),
        rows=(*(_row(one) for one in years), *((_total(years),) if years else ())),
        notes=(
            proof.price_note(),
            "Multiplier of each New Year from prices known by then, on the price risk of the year "
            "after; n counts scored starts of a close-out, both sides. Outages that the venue "
            "states have no date and are left out. The rates published day by day elsewhere in "
            "this evidence are without it.",
        ),
    )


def _row(one: YearOfClass) -> tuple[Cell, ...]:
    return (one.year, one.risk_class, one.multiplier, *_figures(one))


def _figures(one: YearOfClass) -> tuple[Cell, ...]:
    return (
        one.starts,
        one.broken_without / one.starts,
        one.broken_with / one.starts,
        one.margin_without / one.starts,
        one.margin_with / one.starts,
    )


def _total(years: tuple[YearOfClass, ...]) -> tuple[Cell, ...]:
    whole = YearOfClass(
        year="all",
        risk_class="all",
        multiplier=None,
        starts=sum(one.starts for one in years),
        broken_without=sum(one.broken_without for one in years),
        broken_with=sum(one.broken_with for one in years),
        margin_without=sum(one.margin_without for one in years),
        margin_with=sum(one.margin_with for one in years),
    )
    return _row(whole)
