"""What a margin model is: prepare once what does not depend on accounts, then serve many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.sided_tiers import TierTables

MarginParameters = TierTables
"""A parameter set, or a venue's published tier tables by market: what tier models take."""

P_contra = TypeVar("P_contra", contravariant=True)


class Prepared(Protocol):
    """A model with marks and parameters; immutable, knows no account."""

    def requirements(self, book: Book) -> Requirements:
        """Return the margin of every account of ``book``."""
        ...


class MarginModel(Protocol[P_contra]):
    """A venue's rule of margin; ``P`` is what its parameters are.

    Tier models take `MarginParameters`. Portfolio models take a `ParameterSet` or a mapping of
    risk unit to their own frozen parameter class (`plimsoll.margin.governed`).
    """

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: P_contra,
        instruments: Mapping[str, Instrument],
    ) -> Prepared:
        """Do all that does not depend on accounts.

        Parameters
        ----------
        snapshot : MarketSnapshot
            Marks, by market.
        parameters : P
        instruments : mapping of str to Instrument
            Contract terms by market; the keys are those of snapshot, parameters and book.
        """
        ...
