"""What a listing returns: the set, its evidence, and the files it wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from plimsoll.calibration.listing.listing import Listing
from plimsoll.domain.evidence import Evidence
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Table, iso_minute


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ListingResult:
    """Parameters of one coin with their evidence; shows itself as its tiers.

    Parameters
    ----------
    market : str
    listing : Listing
    timings : tuple of (stage, seconds)
        Wall-clock; not part of the evidence.
    files : tuple of Path
        What was written.
    """

    market: str
    listing: Listing
    timings: tuple[tuple[str, float], ...]
    files: tuple[Path, ...] = ()

    @property
    def parameters(self) -> ParameterSet:
        """The parameter set, of one market."""
        return self.listing.parameters

    @property
    def evidence(self) -> Evidence:
        """What stands behind it."""
        return self.listing.evidence

    @property
    def review_on(self) -> str:
        """Date (UTC) of the first review."""
        return iso_minute(self.listing.reviews[0].at_ns)[:10]

    def table(self, name: str = "parameters") -> Table:
        """One table of the evidence."""
        return self.evidence.table(name)

    def __repr__(self) -> str:
        return (
            f"<ListingResult {self.market}, {self.parameters.id[:12]}: "
            f"{self.evidence.verdict.value}, review on {self.review_on}>"
        )

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()
