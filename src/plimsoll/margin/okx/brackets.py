"""Progressive brackets: minimum charges by size, and depeg rates by size and peg."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.maths.progressive_brackets import progressive_charge

FloatArray = NDArray[np.float64]

HIGHEST_RATE = Decimal(1)
HIGHEST_MULTIPLIER = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """What one slice of an amount counts for.

    Parameters
    ----------
    cap_usd : Decimal or None
        Upper end of the slice, inclusive; None for no end.
    factor : Decimal
        By which the slice is multiplied.
    """

    cap_usd: Decimal | None
    factor: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepegBand:
    """Rates on size hedged across currencies, from a peg upwards.

    Parameters
    ----------
    peg_at_least : Decimal
        The band holds for prices of the weaker dollar coin at or above it.
    brackets : tuple of Bracket
        Rates by hedged size.
    """

    peg_at_least: Decimal
    brackets: tuple[Bracket, ...]


def progressive(amount: FloatArray, brackets: Sequence[Bracket]) -> FloatArray:
    """Charge each slice of ``amount`` (C,) at its own factor: continuous, never falling.

    The worked example of OKX's notice on stablecoins (10 million hedged):

    >>> rows = bracket_table(("1e6", "0.0075"), ("5e6", "0.0175"), ("10e6", "0.025"), (None, "0.4"))
    >>> progressive(np.array([10e6]), rows).tolist()
    [202500.0]
    """
    caps = [np.inf if b.cap_usd is None else float(b.cap_usd) for b in brackets]
    return progressive_charge(amount, caps, [float(b.factor) for b in brackets])


def band_of(bands: Sequence[DepegBand], peg: float) -> DepegBand:
    """Return the band that holds at a peg: the highest one not above it, else the last."""
    for band in bands:
        if peg >= float(band.peg_at_least):
            return band
    return bands[-1]


def bracket_table(*rows: tuple[str | None, str]) -> tuple[Bracket, ...]:
    """Write brackets as (cap, factor) in text, so that no number is rounded."""
    return tuple(
        Bracket(cap_usd=None if cap is None else Decimal(cap), factor=Decimal(factor))
        for cap, factor in rows
    )


def check_brackets(
    brackets: Sequence[Bracket], field: str, lowest: Decimal, highest: Decimal
) -> None:
    """Refuse brackets with a gap, an overlap, a falling factor, or no end.

    Raises
    ------
    ParameterError
    """
    if not brackets or brackets[-1].cap_usd is not None:
        raise ParameterError("must end in an open bracket", found=len(brackets), field=field)
    caps = [Decimal(0), *(b.cap_usd for b in brackets[:-1] if b.cap_usd is not None)]
    if len(caps) != len(brackets) or any(not low < high for low, high in pairwise(caps)):
        raise ParameterError("caps must rise from above 0", found=caps[1:], field=field)
    factors = [b.factor for b in brackets]
    if any(not (f.is_finite() and lowest <= f <= highest) for f in factors):
        raise ParameterError(
            f"factors must lie in [{lowest}, {highest}]", found=factors, field=field
        )
    if any(later < earlier for earlier, later in pairwise(factors)):
        raise ParameterError("factors must not fall with size", found=factors, field=field)


def check_bands(bands: Sequence[DepegBand], field: str) -> None:
    """Refuse bands out of order, rates that fall as the peg falls, and a peg left without one.

    Raises
    ------
    ParameterError
    """
    pegs = [band.peg_at_least for band in bands]
    if not pegs or pegs[-1] != 0 or any(not high > low for high, low in pairwise(pegs)):
        raise ParameterError("pegs must fall from band to band down to 0", found=pegs, field=field)
    for band in bands:
        check_brackets(band.brackets, f"{field}[{band.peg_at_least}]", Decimal(0), HIGHEST_RATE)
    for strong, weak in pairwise(bands):
        if any(_rate_at(weak, cap) < _rate_at(strong, cap) for cap in _caps(strong, weak)):
            raise ParameterError(
                "rates must not fall as the peg falls",
                found=(strong.peg_at_least, weak.peg_at_least),
                field=field,
            )


def _caps(*bands: DepegBand) -> list[Decimal | None]:
    return [bracket.cap_usd for band in bands for bracket in band.brackets]


def _rate_at(band: DepegBand, size: Decimal | None) -> Decimal:
    """Marginal rate just below ``size``; None: beyond every cap."""
    for bracket in band.brackets:
        if bracket.cap_usd is None or (size is not None and size <= bracket.cap_usd):
            return bracket.factor
    return band.brackets[-1].factor
