"""Losses of a risk unit laid out by price move and volatility, for its heat map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.margin_explanation import ScenarioLosses

FloatArray = NDArray[np.float64]

_ORDER = ("down", "none", "up")


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
    )


def move_text(move: float) -> str:
    """Print a price move.

    >>> move_text(-0.16), move_text(0.135), move_text(0.0)
    ('−16 %', '+13.5 %', '0 %')
    """
    return f"{100.0 * move:+.4g} %".replace("-", "\u2212") if move else "0 %"


def short_amount(value: float) -> str:
    """Print an amount in four digits or so.

    >>> short_amount(1.643037), short_amount(-98432.1), short_amount(0.0)
    ('1.643', '−98.4k', '0')
    """
    if not np.isfinite(value):
        return ""
    size = abs(value)
    if size >= 1e6:
        text = f"{value / 1e6:.2f}m"
    elif size >= 1e4:
        text = f"{value / 1e3:.1f}k"
    else:
        text = f"{value:,.0f}" if size >= 1000.0 else f"{value:.4g}"
    return (text if size > 0.0 else "0").replace("-", "\u2212")


def _rounded(move: float) -> float:
    """Moves that differ by rounding alone are one."""
    return float(np.round(move, 9)) + 0.0
