"""Bands of the depeg add-on as parameters of a set and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.depeg import LEAST_HOURS, depeg_add_on, further_falls
from plimsoll.calibration.add_ons.grid_steps import RATE_STEP
from plimsoll.domain.parameters import Origin, Parameter, Unit
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.margin.add_ons.depeg import PegBand

FloatArray = NDArray[np.float64]
DEPEG = "depeg"
"""What the bands are filed under."""


def depeg_parameters(prices: Sequence[FloatArray], bars: int, owner: str) -> tuple[Parameter, ...]:
    """Return ``depeg/band[i].peg_at_least`` and ``depeg/band[i].rate[j]``.

    A rate that rests on fewer hours than are asked for is the class's.
    """
    bands = depeg_add_on(prices, bars).bands
    seen = _hours(prices, bars, bands)
    return tuple(p for i, band in enumerate(bands) for p in _band(i, band, seen[i], owner))


def _band(index: int, band: PegBand, hours: int, owner: str) -> Iterator[Parameter]:
    own = Origin.CALIBRATED if hours >= LEAST_HOURS else Origin.CLASS_FLOOR
    yield _parameter(f"band[{index}].peg_at_least", band.peg_at_least, owner, Origin.VENUE)
    for row, (_, rate) in enumerate(band.brackets):
        yield _parameter(f"band[{index}].rate[{row}]", rate, owner, own)


def _parameter(name: str, value: Decimal, owner: str, origin: Origin) -> Parameter:
    return Parameter(
        market=DEPEG,
        name=name,
        value=value,
        unit=Unit.FRACTION,
        lower=Decimal(0),
        upper=Decimal(1),
        grid=RATE_STEP,
        owner=owner,
        origin=origin,
    )


def _hours(prices: Sequence[FloatArray], bars: int, bands: Sequence[PegBand]) -> list[int]:
    """Bars that stood in each band."""
    at = np.concatenate([further_falls(price, bars)[0] for price in prices])
    lows = [float(band.peg_at_least) for band in bands]
    return [
        int(((at >= low) & (at < high)).sum())
        for low, high in zip(lows, (np.inf, *lows[:-1]), strict=True)
    ]


def depeg_table(prices: Sequence[FloatArray], bars: int, label: str) -> Table:
    """Return the bands with how long prices stood in them."""
    bands = depeg_add_on(prices, bars).bands
    hours = _hours(prices, bars, bands)
    return Table(
        name="depeg_bands",
        title="Depeg add-on: rates on dollars hedged with other dollars",
        columns=(
            Column(name="peg", title="Peg at least", kind=ColumnKind.NUMBER, digits=3),
            Column(name="first", title="Rate of the first dollar", kind=ColumnKind.FRACTION),
            Column(name="last", title="Of the last", kind=ColumnKind.FRACTION),
            Column(name="bars", title="Bars seen", kind=ColumnKind.COUNT),
        ),
        rows=tuple(
            (float(b.peg_at_least), float(b.brackets[0][1]), float(b.brackets[-1][1]), seen)
            for b, seen in zip(bands, hours, strict=True)
        ),
        notes=(label, f"With fewer than {LEAST_HOURS} bars the class's rate stands."),
    )
