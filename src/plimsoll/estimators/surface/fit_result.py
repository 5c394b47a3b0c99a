"""What a surface fit hands back: the surface, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from plimsoll.domain.option_chain import BoolArray, ChainFinding
from plimsoll.domain.surface import SmileReason, VolSurface


class FitPath(StrEnum):
    """How the surface came about (closed enumeration)."""

    NONE = "none"  # nothing to fit
    JOINT = "joint"  # the joint SVI fit
    RESTORED = "restored"  # freedom from arbitrage put before the fit
    SAFE = "safe"  # an eSSVI, free of arbitrage by construction and verified
    LAST_RESORT = "last_resort"  # an SSVI of one skew, where that is not to be had either


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileFit:
    """How the smile of an expiry fits.

    Parameters
    ----------
    expiry_ns : int
    quotes, inside : int
        Quotes fitted, and those of them at or between bid and ask.
    median_half_spreads : float
        Median absolute error over half-spread; NaN without quotes.
    butterfly, calendar, between : int
        Points where a condition binds: of the smile itself, of its growth to the next expiry,
        and of the smile between both.
    """

    expiry_ns: int
    quotes: int
    inside: int
    median_half_spreads: float
    butterfly: int
    calendar: int
    between: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceFit:
    """A surface and how it came about.

    Parameters
    ----------
    surface : VolSurface or None
        Free of arbitrage, verified whatever the path. None where no expiry has a usable quote and
        no previous surface knows one, or nothing that could be verified was found; ``reasons``
        then says why.
    used, dropped : (N,) bool
        Rows of the chain that were fitted, and usable rows left out as wild.
    smiles : tuple of SmileFit
        By rising expiry.
    path : FitPath
    objective : float
    iterations, rounds : int
        Steps of the minimisation; rounds of verification.
    reasons : mapping of int to SmileReason
        Expiries without a smile.
    findings : tuple of ChainFinding
        The chain's, and those of the fit.
    """

    surface: VolSurface | None
    used: BoolArray
    dropped: BoolArray
    smiles: tuple[SmileFit, ...]
    path: FitPath
    objective: float
    iterations: int
    rounds: int
    reasons: Mapping[int, SmileReason]
    findings: tuple[ChainFinding, ...]
