"""What a margin model is examined with: its case, what it does not promise, what accounts hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from plimsoll.domain.instrument import Future, Perpetual
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.testing import OPTIONAL, MarginCase, MarginProperty, RescaledCase
from plimsoll.testing.margin_case import UNIT
from sandbox_margin import COINS, INSTRUMENTS, PRICING, SNAPSHOT

P = MarginProperty
DELTA_ONE = [m for m, i in INSTRUMENTS.items() if isinstance(i, Perpetual | Future)]
IN_DOLLARS = {"USDC": 20_000.0}
IN_BOTH = {"USDC": 20_000.0, "HELM": 0.5, "KEEL": -2.0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examined:
    """A model, what it does not promise and why, and what its accounts hold.

    Parameters
    ----------
    not_promised : mapping of MarginProperty to str
        With the reason.
    fewer : MarginCase or None
        The same with some scenarios left out.
    rescaled : RescaledCase or None
    pricing_markets : tuple of str
        Beyond those of the model's own pricing.
    """

    case: MarginCase
    not_promised: Mapping[MarginProperty, str]
    collateral: Mapping[str, float] = field(default_factory=lambda: IN_DOLLARS)
    fewer: MarginCase | None = None
    rescaled: RescaledCase | None = None
    pricing_markets: tuple[str, ...] = ()

    @property
    def promises(self) -> frozenset[MarginProperty]:
        return OPTIONAL - frozenset(self.not_promised)


def case(model: Any, parameters: Any) -> MarginCase:
    return MarginCase(
        model=model, parameters=parameters, snapshot=SNAPSHOT, instruments=INSTRUMENTS
    )


def each(parameters: Any) -> dict[str, Any]:
    return dict.fromkeys(COINS, parameters)


def in_units(held: MarginCase, model: Any) -> RescaledCase:
    """The same case whose model counts in half dollars."""
    prices = {**held.snapshot.stable_price_usd, UNIT: 0.5}
    return RescaledCase(
        case=replace(held, model=model, snapshot=replace(SNAPSHOT, stable_price_usd=prices)),
        factor=2.0,
    )


HALVES = CurrencyPricing(numeraire=UNIT, pricing_markets=PRICING.pricing_markets)
ONE_BY_ONE = {P.MORE_SCENARIOS: "it has no scenarios"}
NO_INVERSE = {P.PARITY: "it margins linear contracts only"}
SEGREGATED = {P.PARITY: "other currencies stand in other accounts"}
NO_TAIL = {P.MORE_SCENARIOS: "it is no worst case"}
