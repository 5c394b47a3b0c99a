"""What the pictures of many surfaces are drawn from: one number per surface over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.option_chain import BoolArray, FloatArray, IntArray
from plimsoll.report.palette import INK, LOSS, MARGIN

_DRESS = ((MARGIN, "circle"), ("#b87400", "triangle"), ("#00795c", "square"), (INK, "diamond"))
VENUE_COLOUR = LOSS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """N surfaces of one chain, in order of time.

    Parameters
    ----------
    label : str
        Of the chain, ``BTC``.
    at_ns : (N,) int64
    inside, mark_inside : (N,) float64
        Share of judged quotes inside bid-ask, by the surface and by the venue's mark.
    median_half_spreads : (N,) float64
    index : (N,) float64
        30-day volatility index of the surface, per cent.
    broken : (N,) bool
        Snapshots that are broken.
    """

    label: str
    at_ns: IntArray
    inside: FloatArray
    mark_inside: FloatArray
    median_half_spreads: FloatArray
    index: FloatArray
    broken: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Points of one colour and shape; hollow ones stand back."""

    name: str
    at_ns: IntArray
    value: FloatArray
    broken: BoolArray
    colour: str
    shape: str
    filled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePicture:
    """One measure over time.

    Parameters
    ----------
    key, title, about : str
    unit : str
        Title of the upright axis.
    series : tuple of Series
        Drawn in order.
    bound : float
        What is demanded, as a line; NaN for none.
    bound_name : str
    """

    key: str
    title: str
    about: str
    unit: str
    series: tuple[Series, ...]
    bound: float = float("nan")
    bound_name: str = ""


def time_pictures(
    histories: Sequence[History], *, inside_bound: float, median_bound: float
) -> tuple[TimePicture, ...]:
    """Return shares inside, median errors and indices over time; none without a number.

    Parameters
    ----------
    histories : sequence of History
    inside_bound, median_bound : float
        Demanded of all quotes together, and of each surface.
    """
    pictures = (
        TimePicture(
            key="inside",
            title="Quotes inside bid-ask",
            about="Share of judged quotes of each surface at or between bid and ask; hollow: the "
            "venue's own mark. The line is what is demanded of all quotes together.",
            unit="inside [%]",
            series=(
                *(_series(h, i, 100.0 * h.mark_inside, mark=True) for i, h in _listed(histories)),
                *(_series(h, i, 100.0 * h.inside) for i, h in _best_first(histories)),
            ),
            bound=100.0 * inside_bound,
            bound_name="demanded",
        ),
        TimePicture(
            key="median",
            title="Median error",
            about="Median absolute error over half the spread of each surface. The line is what "
            "is demanded of each.",
            unit="median error [half spreads]",
            series=tuple(_series(h, i, h.median_half_spreads) for i, h in _listed(histories)),
            bound=median_bound,
            bound_name="demanded",
        ),
        TimePicture(
            key="index",
            title="30-day volatility index",
            about="Model-free, of the surface over all strikes; 100 times annual volatility.",
            unit="index [%]",
            series=tuple(_series(h, i, h.index) for i, h in _listed(histories)),
        ),
    )
    return tuple(p for p in pictures if any(np.isfinite(s.value).any() for s in p.series))


def _series(history: History, place: int, value: FloatArray, *, mark: bool = False) -> Series:
    colour, shape = _DRESS[place % len(_DRESS)]
    return Series(
        name=f"{history.label}, venue's mark" if mark else history.label,
        at_ns=history.at_ns,
        value=value,
        broken=history.broken,
        colour=VENUE_COLOUR if mark else colour,
        shape=shape,
        filled=not mark,
    )


def _best_first(histories: Sequence[History]) -> list[tuple[int, History]]:
    """Put the coin that has most inside first, so that it does not cover those that have less."""
    means = [float(np.nanmean(np.append(h.inside, 0.0))) for h in histories]
    return sorted(_listed(histories), key=lambda item: -means[item[0]])


def _listed(histories: Sequence[History]) -> list[tuple[int, History]]:
    return list(enumerate(histories))
