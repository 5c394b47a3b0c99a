"""What a rulebook demands of margins, as figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.errors import ParameterError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRule:
    """Coverage and margin period that a rulebook demands of one kind of product.

    Parameters
    ----------
    coverage : float
        Least confidence of the margin, such as 0.99.
    mpor_hours : int
        Least margin period of risk; 0 where none is named.
    """

    coverage: float
    mpor_hours: int = 0

    def __post_init__(self) -> None:
        if not 0.5 < self.coverage < 1.0:
            raise ParameterError("must lie in (0.5, 1)", found=self.coverage, field="coverage")
        if self.mpor_hours < 0:
            raise ParameterError("must not be negative", found=self.mpor_hours, field="mpor_hours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One figure of a rulebook: where it stands, and how it is known.

    Parameters
    ----------
    subject, demand, source : str
    read_in_source : bool
        False: from memory, to be verified before anybody relies on it.
    """

    subject: str
    demand: str
    source: str
    read_in_source: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RegulatoryProfile:
    """A rulebook's figures that a calibration must not fall short of.

    Parameters
    ----------
    name, title : str
    products : mapping of str to ProductRule
        By kind of product.
    tools : tuple of AntiProcyclicality
        One of them must be in force; empty: none is demanded.
    look_back_days : int
        Least history; 0 where none is named.
    stress_in_look_back : bool
        The history must hold stress.
    largest_offset : float
        Share of the difference between the products' margins and the portfolio's that may be
        given; 1: all of it.
    cover_members : int
        Largest defaults that prefunded means must bear; 0 where none is named.
    collateral_coverage : float
        Least confidence of haircuts; 0 where none is named.
    rules : tuple of Rule
        What the figures above rest on.
    """

    name: str
    title: str
    products: Mapping[str, ProductRule]
    tools: tuple[AntiProcyclicality, ...] = ()
    look_back_days: int = 0
    stress_in_look_back: bool = False
    largest_offset: float = 1.0
    cover_members: int = 0
    collateral_coverage: float = 0.0
    rules: tuple[Rule, ...] = field(default=())

    def product(self, kind: str) -> ProductRule:
        """Return the rule of a kind of product.

        Raises
        ------
        UsageError
            Where the rulebook has none.
        """
        if kind not in self.products:
            raise UsageError(
                f"must be a kind of product of {self.name}",
                found=kind,
                field="appetite.product",
                remedy=f"choose from {', '.join(self.products)}",
            )
        return self.products[kind]
