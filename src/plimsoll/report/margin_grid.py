"""Losses of a risk unit laid out by price move and volatility, for its heat map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.margin_explanation import ScenarioLosses

FloatArray = NDArray[np.float64]

_ORDER = ("down", "none", "up")
_SCALES = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossGrid:
    """R price moves by C kinds of volatility.

    Parameters
    ----------
    title : str
    currency : str
    moves : tuple of R float
        Falling: the highest price first.
    vols : tuple of C str
    losses : (R, C) float64
        NaN where no scenario stands; of several the largest.
    names : (R, C) object
        Names of the scenarios.
    binding, runner_up : (row, column) or None
    apart : int
        Scenarios that move something else than price and volatility.
    covered : int
        Scenarios whose cell shows another that loses as much or more.
    """

    title: str
    currency: str
    moves: tuple[float, ...]
    vols: tuple[str, ...]
    losses: FloatArray
    names: tuple[tuple[str, ...], ...]
    binding: tuple[int, int] | None
    runner_up: tuple[int, int] | None
    apart: int
    covered: int


def loss_grid(found: ScenarioLosses, title: str, currency: str) -> LossGrid:
    """Lay out the scenarios of a risk unit; those without a price move stand apart."""
    placed = [s for s in range(len(found.names)) if np.isfinite(found.price_moves[s])]
    moves = tuple(sorted({_rounded(found.price_moves[s]) for s in placed}, reverse=True))
    kinds = dict.fromkeys(found.volatility[s] for s in placed)
    vols = (*(v for v in _ORDER if v in kinds), *(v for v in kinds if v not in _ORDER))
    losses = np.full((len(moves), len(vols)), np.nan)
    names = [[""] * len(vols) for _ in moves]
    cell: dict[int, tuple[int, int]] = {}
    for s in placed:
        at = (moves.index(_rounded(found.price_moves[s])), vols.index(found.volatility[s]))
        cell[s] = at
        if not losses[at] >= found.losses[s]:
            losses[at], names[at[0]][at[1]] = found.losses[s], found.names[s]
    return LossGrid(
        title=title,
        currency=currency,
        moves=moves,
        vols=vols,
        losses=losses,
        names=tuple(tuple(row) for row in names),
        binding=None if found.binding is None else cell.get(found.binding),
        runner_up=None if found.runner_up is None else cell.get(found.runner_up),
        apart=len(found.names) - len(placed),
        covered=len(placed) - len(set(cell.values())),
    )


def move_text(move: float) -> str:
    """Print a price move.

    >>> move_text(-0.16), move_text(0.135), move_text(0.0)
    ('−16 %', '+13.5 %', '0 %')
    """
    return f"{100.0 * move:+.4g} %".replace("-", "\u2212") if move else "0 %"


def amount_texts(losses: FloatArray) -> tuple[tuple[str, ...], ...]:
    """Print the cells of a heat map in one unit and with one number of decimals.

    The largest has four digits; what is not finite is left empty.

    >>> amount_texts(np.array([[1.643037, -0.2451], [0.0, np.nan]]))
    (('1.643', '−0.245'), ('0', ''))
    >>> amount_texts(np.array([[-98432.1, 241.3]]))
    (('−98.43k', '0.24k'),)
    """
    sizes = np.abs(losses[np.isfinite(losses)])
    top = float(sizes.max()) if sizes.size else 0.0
    scale, suffix = next(((s, t) for s, t in _SCALES if top >= 10.0 * s), (1.0, ""))
    whole = len(f"{top / scale:.0f}")
    decimals = min(max(4 - whole, 1 if suffix else 0), 6)
    return tuple(
        tuple(_amount_text(value / scale, decimals, suffix) for value in row)
        for row in losses.tolist()
    )


def _amount_text(value: float, decimals: int, suffix: str) -> str:
    if not np.isfinite(value):
        return ""
    if value == 0.0:
        return "0"
    return f"{value:,.{decimals}f}{suffix}".replace("-", "\u2212")


def _rounded(move: float) -> float:
    """Moves that differ by rounding alone are one."""
    return float(np.round(move, 9)) + 0.0
