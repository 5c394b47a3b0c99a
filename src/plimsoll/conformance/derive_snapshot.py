"""Vectors of Derive as snapshot, instruments and account: what its three margins have in common.

The underlying of a vector has no name; it is called by a code here. Collateral assets get codes of
their own, so that two of one name stay apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from plimsoll.domain.account import Account, Position
from plimsoll.domain.expiry_quote import ExpiryQuote, averaged
from plimsoll.domain.instrument import (
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import DataFormatError
from plimsoll.margin.derive import PmrmScenario
from plimsoll.margin.units.stated_units import left_to_right
from plimsoll.scenarios.risk_grid import VolMove

AT_NS = 1_735_689_600_000_000_000
"""Any instant will do; this is the first of January 2025."""

CASH = "USDC"
ACCOUNT = "vector"
_SECOND_NS = 1_000_000_000


@dataclass(slots=True, kw_only=True)
class DeriveCase:
    """One vector being read: market and account, filled step by step."""

    quotes: dict[str, Quote] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    expiries: dict[tuple[Pair, str, int], ExpiryQuote] = field(default_factory=dict)
    positions: list[Position] = field(default_factory=list)
    collateral: dict[str, float] = field(default_factory=dict)

    def add_cash(self, amount: float) -> None:
        """Add to the cash; a negative amount is a debt."""
        self.collateral[CASH] = self.collateral.get(CASH, 0.0) + amount

    def add_price(self, coin: str, price: float, confidence: float) -> str:
        """Add a spot market that prices ``coin`` in USD; return its name."""
        market = f"{coin}-SPOT"
        self.instruments[market] = Spot(pair=Pair(base=coin, quote="USD"))
        self.quotes[market] = Quote(mark=price, index=price, confidence=confidence)
        return market

    def add_asset(self, coin: str, amount: float) -> None:
        """Add collateral that a market of `add_price` prices."""
        self.collateral[coin] = amount

    def add_perpetual(
        self, coin: str, *, quantity: float, price: float, confidence: float, profit: float
    ) -> None:
        """Add a perpetual; ``profit`` is what it made so far, funding included.

        The profit goes in as accrued: an entry price that gives it need not be positive. Of a
        closed position it is cash.
        """
        if quantity == 0.0:
            self.add_cash(profit)
            return
        market = f"{coin}-PERP"
        self.instruments[market] = Perpetual(**_terms(coin))
        self.quotes[market] = Quote(mark=price, index=price, confidence=confidence)
        self.positions.append(
            Position(market=market, quantity=quantity, entry_price=price, funding=profit)
        )

    def add_expiry(self, coin: str, seconds: int, quote: ExpiryQuote) -> None:
        """Add what the venue says of an expiry."""
        self.expiries[Pair(base=coin, quote=CASH), CASH, AT_NS + seconds * _SECOND_NS] = quote

    def add_option(self, coin: str, option: Mapping[str, Any], vol: float) -> None:
        """Add an option with its marked volatility; equal contracts are netted.

        Raises
        ------
        DataFormatError
            For a right that is neither C nor P.
        """
        rights = {"C": OptionRight.CALL, "P": OptionRight.PUT}
        if option["type"] not in rights:
            raise DataFormatError("must be C or P", found=option["type"], field="options.type")
        seconds, strike = int(option["sec_to_expiry"]), decimal(option["strike"])
        market = f"{coin}-{seconds}-{strike}-{option['type']}"
        terms = Option(
            **_terms(coin),
            expiry_ns=AT_NS + seconds * _SECOND_NS,
            strike=strike,
            right=rights[option["type"]],
        )
        held = [p for p in self.positions if p.market == market]
        before = held[0].quantity if held else 0.0
        self.positions = [p for p in self.positions if p.market != market]
        self.instruments[market] = terms
        confidence = float(option.get("vol_conf", 1.0))
        self.quotes[market] = Quote(
            mark=float("nan"), index=float("nan"), implied_vol_annual=vol, confidence=confidence
        )
        self.positions.append(
            Position(market=market, quantity=before + float(option["qty"]), entry_price=1.0)
        )

    def snapshot(self, stable_price: float) -> MarketSnapshot:
        """Return the market, with the price of the cash."""
        return MarketSnapshot(
            at_ns=AT_NS,
            quotes=self.quotes,
            expiries=self.expiries,
            stable_price_usd={CASH: stable_price},
        )

    def account(self) -> Account:
        """Return the account."""
        return Account(
            name=ACCOUNT, positions=tuple(self.positions), collateral=dict(self.collateral)
        )


def named_set(
    asked: object, parameter_sets: Mapping[str, Any], field_name: str
) -> Mapping[str, Any]:
    """Return the parameters that a case names, or states itself.

    Raises
    ------
    DataFormatError
        For a name that the file does not have.
    """
    if isinstance(asked, Mapping):
        return asked
    if asked not in parameter_sets:
        raise DataFormatError("must be a parameter set", found=asked, field=field_name)
    found: Mapping[str, Any] = parameter_sets[str(asked)]
    return found


def split_forward(forward: float, seconds: int) -> tuple[float, float]:
    """Split a forward inside the last half hour; both shares are of the same price here."""
    return averaged(forward, forward, float(seconds))


def scenarios_of(given: Sequence[Mapping[str, Any]]) -> tuple[PmrmScenario, ...]:
    """Read a vector's list of scenarios."""
    return tuple(
        PmrmScenario(
            price_multiplier=float(scenario["spot_mult"]),
            vol=VolMove(scenario["vol"]),
            fraction=float(scenario.get("damp", 1.0)),
        )
        for scenario in given
    )


def levels(found: Requirements, credit: str = "") -> dict[str, float]:
    """Return the venue's margin levels: equity less requirement, negative where under margin.

    Parameters
    ----------
    credit : str
        Name of a term that only keeps the requirement from being negative; the venue has none.
    """
    reasons = [int(r) for r in found.parts.reason if r] + [
        int(r) for r in (() if found.unit_reason is None else found.unit_reason) if r
    ]
    if reasons:
        raise DataFormatError("must have a price for everything", found=reasons, field="inputs")
    terms = [t for t in found.terms if t.name != credit]
    equity = float(found.equity[0])
    initial = left_to_right([float(t.initial[0]) for t in terms])
    maintenance = left_to_right([float(t.maintenance[0]) for t in terms])
    return {"IM": equity - initial, "MM": equity - maintenance}


def _terms(coin: str) -> dict[str, Any]:
    return {
        "pair": Pair(base=coin, quote=CASH),
        "settle": CASH,
        "payoff": Payoff.LINEAR,
        "contract_size": Decimal(1),
    }


def governed_values(
    given: Mapping[str, Any], fields: Mapping[str, Mapping[str, str]]
) -> dict[str, Decimal]:
    """Return a vector's parameters under our names.

    Parameters
    ----------
    fields : mapping of str to mapping of str to str
        By group of the vector: its names, and ours.
    """
    return {
        ours: decimal(given[group][theirs])
        for group, names in fields.items()
        for theirs, ours in names.items()
    }


def floor_hours(given: Mapping[str, Any]) -> Decimal:
    """Return the shortest time to expiry that a vector's volatility moves count."""
    return decimal(given["vol_shock"]["dte_floor_days"]) * 24


def decimal(value: object) -> Decimal:
    """Return a number of a vector as it is written."""
    return Decimal(str(value))
