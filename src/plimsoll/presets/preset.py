"""A preset: a model, its constants, where they are from, and how near to the venue they come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.protocol import MarginModel


class Accuracy(StrEnum):
    """How near a preset comes to the venue's own numbers; shown wherever one of its is."""

    EXACT = "exact"  # reproduces the venue's own tests or published results to the printed digit
    NEAR_EXACT = "near-exact"  # method and constants published; small parts are not
    PARTIAL = "partial"  # parts of method or constants are assumed


class Scope(StrEnum):
    """What the parameters of a preset are filed under."""

    UNIT = "unit"  # risk units: coins or pairs
    MARKET = "market"  # single markets, by the venue's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where constants are from."""

    title: str
    date: str

    def __str__(self) -> str:
        return f"{self.title} ({self.date})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """What the venue does not publish, and why it stands as it does."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A venue's rule of margin, ready to be prepared.

    Parameters
    ----------
    name, title : str
    kind : str
        Name of the model (`plimsoll.presets.models.MODELS`).
    venue : str
        Whose rules these are.
    market_names : str
        Whose names its markets bear, and whose names of a book are tried first
        (`plimsoll.adapters.venues.Venue`): not the venue's own where there is no reader of them.
    scope : Scope
    cash : str
        Currency of the requirement; empty: the account's own settlement currency.
    linear_only : bool
        The venue lists no coin-settled contracts: those of a book are margined as the linear
        contract of the same terms, settled in ``cash``.
    accuracy : Accuracy
    accuracy_about : str
        What it rests on.
    sources : tuple of Source
    assumed : tuple of Assumption
    parameters : mapping or object
        What the model's ``prepare`` takes.
    build : callable of CurrencyPricing to MarginModel
    parameter_set_id : str or None
        Of the set whose constants stand in the place of the published ones; None: none does.
    """

    name: str
    title: str
    kind: str
    venue: str
    market_names: str
    scope: Scope
    cash: str
    linear_only: bool
    accuracy: Accuracy
    accuracy_about: str
    sources: tuple[Source, ...]
    assumed: tuple[Assumption, ...]
    parameters: Any
    build: Callable[[CurrencyPricing], MarginModel[Any]]
    parameter_set_id: str | None = None

    def model(self, pricing: CurrencyPricing) -> MarginModel[Any]:
        """Return the model in the currency of ``pricing``."""
        return self.build(pricing)

    @property
    def label(self) -> str:
        """Name and accuracy, and the set whose constants it has, in a few words."""
        own = self.parameter_set_id
        of_set = "" if own is None else f", constants of set {own[:12]}"
        return f"preset {self.name}, {self.accuracy.value}{of_set}"

    @property
    def markets(self) -> tuple[str, ...]:
        """What has parameters: risk units, or markets by the venue's name."""
        return tuple(by_market(self.parameters))

    def parameters_of(self, keys: Mapping[str, str]) -> Any:
        """Return the parameters under other names.

        Parameters
        ----------
        keys : mapping of str to str
            New name to the preset's own, of markets; others are left out. Presets by risk unit
            have no market names and come back as they are.
        """
        if self.scope is Scope.UNIT:
            return self.parameters
        return renamed(self.parameters, keys)

    def notes(self) -> tuple[str, ...]:
        """What must stand beside every number of the preset: accuracy, source, assumptions."""
        sources = "; ".join(str(source) for source in self.sources)
        assumed = "; ".join(a.what for a in self.assumed)
        return (
            f"Preset {self.name}, {self.title}: {self.accuracy.value}. {self.accuracy_about}",
            f"Source: {sources}.",
            *([f"Assumed: {assumed}."] if assumed else []),
        )

    def document(self) -> dict[str, Any]:
        """Plain form of everything but the constants."""
        return {
            "name": self.name,
            "title": self.title,
            "venue": self.venue,
            "model": self.kind,
            "accuracy": self.accuracy.value,
            "accuracy_about": self.accuracy_about,
            "sources": [{"title": s.title, "date": s.date} for s in self.sources],
            "assumed": [{"what": a.what, "why": a.why} for a in self.assumed],
            "parameter_set_id": self.parameter_set_id,
        }


def by_market(parameters: Any) -> Mapping[str, Any]:
    """Return what stands by market or risk unit: rules that also hold collateral have it apart."""
    found: Mapping[str, Any] = getattr(parameters, "perpetuals", parameters)
    return found


def renamed(parameters: Any, keys: Mapping[str, str]) -> Any:
    """Return parameters filed under other names of their markets."""
    held = by_market(parameters)
    found = {name: held[own] for name, own in keys.items() if own in held}
    return found if held is parameters else replace(parameters, perpetuals=found)
