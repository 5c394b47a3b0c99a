"""Accounts of every mode in one book: cross, isolated and portfolio margin side by side.

A cross pool is under the portfolio model where ``Book.portfolio`` says so, under the cross model
elsewhere; isolated positions of any account are under the isolated model, which is the cross model
unless another is given. Each model sees only what it margins, so its numbers are those of a book
that holds nothing else. Page: ``docs/models/account-modes.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import listing_of
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError
from plimsoll.margin.modes.books import AccountMode, mode_books
from plimsoll.margin.modes.side_by_side import ModeRequirements, side_by_side
from plimsoll.margin.protocol import MarginModel, Prepared
from plimsoll.margin.quote_scope import Scope, scope_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ModedMargin:
    """A venue with several margin modes (a `MarginModel` itself).

    Parameters
    ----------
    cross, portfolio : MarginModel
    isolated : MarginModel or None
        None: isolated positions are under the cross model, with its parameters.
    """

    cross: MarginModel[Any]
    portfolio: MarginModel[Any]
    isolated: MarginModel[Any] | None = None

    @property
    def models(self) -> dict[AccountMode, MarginModel[Any]]:
        """The models by mode, in the order of their terms."""
        found = {
            AccountMode.CROSS: self.cross,
            AccountMode.ISOLATED: self.isolated,
            AccountMode.PORTFOLIO: self.portfolio,
        }
        return {mode: model for mode, model in found.items() if model is not None}

    def prepare(
        self,
        snapshot: MarketSnapshot,
        parameters: Mapping[str, Any] | Mapping[AccountMode, Any],
        instruments: Mapping[str, Instrument],
    ) -> PreparedModes:
        """Prepare every model; see `MarginModel.prepare`.

        Parameters
        ----------
        parameters : mapping of str to the model's parameters
            By mode: ``cross``, ``portfolio`` and, with an isolated model, ``isolated``.

        Raises
        ------
        UsageError
            Where parameters are not those of the modes, for models of different numeraires, and
            as the models do.
        """
        _check_modes(self.models, parameters)
        instruments = listing_of(instruments)
        by_name = {str(mode): own for mode, own in parameters.items()}
        prepared = {
            mode: model.prepare(snapshot, by_name[mode], instruments)
            for mode, model in self.models.items()
        }
        _check_numeraires(prepared)
        return PreparedModes(models=prepared)

    def quote_scope(
        self,
        before: MarketSnapshot,
        after: MarketSnapshot,
        quoted: frozenset[str],
        instruments: Mapping[str, Instrument],
    ) -> Scope:
        """What concerns one of the models; see `plimsoll.margin.quote_scope.QuoteScoped`."""
        models = self.models.values()
        return reduce(or_, (scope_of(one, before, after, quoted, instruments) for one in models))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedModes:
    """Prepared models by mode; immutable, serves any number of books."""

    models: Mapping[AccountMode, Prepared]

    def requirements(self, book: Book) -> Requirements:
        """Return the margin of every unit of ``book``, each by the model of its mode.

        An owner's sizes are added up over his accounts of one mode.

        Raises
        ------
        UsageError
            As the models do.
        """
        parts = mode_books(book, separate_isolated=AccountMode.ISOLATED in self.models)
        found = tuple(
            ModeRequirements(part=part, margin=self.models[part.mode].requirements(part.book))
            for part in parts
        )
        return side_by_side(book, found)


def _check_modes(models: Mapping[AccountMode, Any], parameters: Iterable[str]) -> None:
    expected, given = {str(mode) for mode in models}, {str(mode) for mode in parameters}
    if expected != given:
        raise UsageError(
            f"must be given by mode: {', '.join(sorted(expected))}",
            found=sorted(given),
            field="parameters",
            remedy="isolated positions have parameters of their own only with an isolated model",
        )


def _check_numeraires(prepared: Mapping[AccountMode, Prepared]) -> None:
    """Ask each model for its numeraire: that of the margin of nobody."""
    nobody = Book.from_accounts(())
    found = {str(mode): one.requirements(nobody).numeraire for mode, one in prepared.items()}
    if len(set(found.values())) > 1:
        raise UsageError(
            "must have one numeraire",
            found=found,
            field="models of the modes",
            remedy="give all of them the same CurrencyPricing.numeraire",
        )
