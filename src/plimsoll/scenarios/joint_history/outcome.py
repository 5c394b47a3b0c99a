"""What became of each market that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JointReason(StrEnum):
    """Why a market has no scenarios."""

    NONE = ""
    TOO_FEW_RETURNS = "too few returns"
    NO_MOVEMENT = "its price stood still in one bar of twenty or more"
    NOT_LISTED = "not listed at the end"
    NO_RECENT_PRINT = "no recent print"
    BEYOND_RANGE = "its simulated moves are beyond what a price can do"
    HOLES = "rows are missing, and the rule is not to fill any"
    NO_FORECAST = "the forecaster has no number for it"


class RowOrigin:
    """Where a row of a market comes from; codes in `FilteredPanel.origin`."""

    OBSERVED = 0
    BRIDGED = 1  # within a gap: drawn, then made to add up to the move over the gap, which is known
    DRAWN = 2  # before the first price or after the last


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOutcome:
    """One market of a panel.

    Parameters
    ----------
    subject : str
    reason : JointReason
        NONE where it has scenarios.
    observed, bridged, drawn : int
        Rows by origin; they add up to the rows of the panel.
    loadings : tuple of float
        Of its residual on the common factors by which rows were drawn; empty where none were.
    """

    subject: str
    reason: JointReason
    observed: int
    bridged: int = 0
    drawn: int = 0
    loadings: tuple[float, ...] = ()

    @property
    def filled_share(self) -> float:
        """Share of its rows that did not happen as they stand."""
        rows = self.observed + self.bridged + self.drawn
        return (self.bridged + self.drawn) / rows if rows else 0.0
