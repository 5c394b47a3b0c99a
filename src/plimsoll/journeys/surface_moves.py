"""How surfaces moved from snapshot to snapshot, as tables and as plain values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.surface.moves import (
    COUNTERPARTS,
    EQUIVALENT,
    FLIP_ERRORS,
    RAW_QUANTITIES,
    SHAPE_REACH,
    STILL,
    MoveMeasures,
    Quantity,
    SmileMoves,
    move_measures,
)
from plimsoll.estimators.surface.quote_errors import Tenor

LONGEST_SPAN_DAYS = 1.5
"""Snapshots further apart are not compared: absent windows are no moves."""
IN_VOL_POINTS = (Quantity.ATM_VOL, Quantity.SKEW, Quantity.CURVATURE, Quantity.LEAST_VOL)
WITHOUT_UNIT = tuple(q for q in Quantity if q not in IN_VOL_POINTS)
_TENORS = tuple(Tenor)[1:]


def joined_moves(parts: Iterable[SmileMoves | None]) -> SmileMoves | None:
    """Put the moves of many snapshots together; None where there are none."""
    known = [part for part in parts if part is not None and len(part)]
    return SmileMoves.joined(known) if known else None


def moves_tables(moves: SmileMoves | None) -> tuple[Table, ...]:
    """Return published parameters, other parameters and flips; none without moves."""
    if moves is None:
        return ()
    return (published_moves_table(moves), parameter_moves_table(moves), flips_table(moves))


def published_moves_table(moves: SmileMoves) -> Table:
    """Volatilities, in points, against those of the quotes."""
    return Table(
        name="moves",
        title="Smoothness: moves of published parameters against moves of quotes [vol points]",
        columns=_columns(2),
        rows=tuple(_measured(moves, IN_VOL_POINTS, 100.0)),
        notes=(
            "Absolute moves of a listed expiry from one snapshot to the next, at most "
            f"{LONGEST_SPAN_DAYS:g} days later, broken snapshots apart. Quotes: mids alone, linear "
            "between strikes, at the forward and 0.67 deviations on both sides; √ṽ is held against "
            "their level. Noise: what half the spread over √3 makes of a move. A ratio of 1 is a "
            "parameter that moves as quotes do; below, it leaves their noise out.",
        ),
    )


def parameter_moves_table(moves: SmileMoves) -> Table:
    """Jump-wings and standardised raw parameters, without unit."""
    held = "; ".join(f"{q.value}: {COUNTERPARTS[q].value}" for q in WITHOUT_UNIT)
    return Table(
        name="parameter_moves",
        title="Smoothness: moves of jump-wings and raw parameters against moves of quotes",
        columns=_columns(3),
        rows=tuple(_measured(moves, WITHOUT_UNIT, 1.0)),
        notes=(f"No unit; held against the quotes' own number: {held}.",),
    )


def flips_table(moves: SmileMoves) -> Table:
    """Raw parameters of smiles whose shape stayed, and those that went far all the same."""
    return Table(
        name="flips",
        title="Flips between equivalent SVI solutions",
        columns=(
            Column(name="tenor", title="Time to expiry"),
            Column(name="moves", title="Moves", kind=ColumnKind.COUNT),
            Column(name="still", title="Shape stayed", kind=ColumnKind.COUNT),
            *(_number(f"errors_{i}", f"{q.value}, median", "s.e.", 2) for i, q in _raw()),
            *(_number(f"largest_{i}", f"{q.value}, largest", "s.e.", 1) for i, q in _raw()),
            Column(name="far", title="Far", kind=ColumnKind.COUNT),
            Column(name="flips", title="Flips", kind=ColumnKind.COUNT),
        ),
        rows=tuple(_flip_cells(name, part) for name, part in _by_tenor(moves)),
        notes=(
            f"Shape stayed: volatility over at-the-money volatility changed by at most {STILL:.0%} "
            f"everywhere within ±{SHAPE_REACH:g} deviations; their moves in standard errors of the "
            f"move. Far: of those, a raw parameter moved by more than {FLIP_ERRORS:g}. Flip: of "
            "those, the shape before, at the new level, would keep as many quotes inside bid-ask "
            f"(to {EQUIVALENT:.0%}); where it would not, quotes asked for the move.",
        ),
    )


def moves_document(moves: SmileMoves | None) -> dict[str, Any] | None:
    """Return the measures by quantity and time to expiry, and the flips."""
    if moves is None:
        return None
    return {
        "moves": len(moves),
        "longest_span_days": LONGEST_SPAN_DAYS,
        "quantities": {
            q.value: {
                "held_against": COUNTERPARTS[q].value,
                **{name: _plain(move_measures(part, q)) for name, part in _by_tenor(moves)},
            }
            for q in Quantity
        },
        "flips": {
            "shape_stayed": int(moves.still.sum()),
            "far": int(moves.far.sum()),
            "flips": int(moves.flipped.sum()),
            "still_at_most": STILL,
            "beyond_standard_errors": FLIP_ERRORS,
        },
    }


def _measured(
    moves: SmileMoves, quantities: Sequence[Quantity], scale: float
) -> Iterator[tuple[Cell, ...]]:
    for quantity in quantities:
        for name, part in _by_tenor(moves)[:-1]:
            yield (quantity.value, name, *_measure_cells(move_measures(part, quantity), scale))


def _measure_cells(found: MoveMeasures, scale: float) -> tuple[Cell, ...]:
    return (
        found.moves,
        scale * found.median,
        scale * found.quote_median,
        scale * found.noise_median,
        found.ratio,
        scale * found.worst_percent,
        scale * found.quote_worst_percent,
        found.worst_ratio,
    )


def _flip_cells(name: str, part: SmileMoves) -> tuple[Cell, ...]:
    still = part.where(part.still)
    errors = np.abs(still.raw) / still.raw_errors
    known = errors[np.isfinite(errors).all(axis=1)]
    medians = np.median(known, axis=0) if len(known) else np.full(3, np.nan)
    largest = known.max(axis=0) if len(known) else np.full(3, np.nan)
    return (
        name,
        len(part),
        len(still),
        *(float(value) for value in (*medians, *largest)),
        int(part.far.sum()),
        int(part.flipped.sum()),
    )


def _by_tenor(moves: SmileMoves) -> list[tuple[str, SmileMoves]]:
    """Buckets that have moves, and all together last."""
    place, order = moves.tenor(), list(Tenor)
    parts = [(tenor.value, moves.where(place == order.index(tenor))) for tenor in _TENORS]
    return [*((name, part) for name, part in parts if len(part)), ("all", moves)]


def _raw() -> Iterator[tuple[int, Quantity]]:
    return enumerate(RAW_QUANTITIES)


def _columns(digits: int) -> tuple[Column, ...]:
    return (
        Column(name="quantity", title="Parameter"),
        Column(name="tenor", title="Time to expiry"),
        Column(name="moves", title="Moves", kind=ColumnKind.COUNT),
        _number("median", "Median", "", digits),
        _number("quotes", "Quotes'", "", digits),
        _number("noise", "Noise", "", digits),
        _number("ratio", "Ratio", "", 2),
        _number("p99", "99 %", "", digits),
        _number("quotes_p99", "Quotes' 99 %", "", digits),
        _number("ratio_p99", "Ratio, 99 %", "", 2),
    )


def _plain(found: MoveMeasures) -> dict[str, Any]:
    values = {**asdict(found), "ratio": found.ratio, "worst_ratio": found.worst_ratio}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _number(name: str, title: str, unit: str, digits: int) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.NUMBER, unit=unit, digits=digits)
