"""Accounts after a position was partly closed at the mark: profit realised, costs paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from plimsoll.domain.account import Account, MarginMode, Position
from plimsoll.domain.instrument import Instrument, Option, Payoff, Spot
from plimsoll.domain.market import MarketSnapshot
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing

_NOTHING_LEFT = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClosingMarket:
    """Marks and terms at which positions are closed.

    Parameters
    ----------
    snapshot : MarketSnapshot
    instruments : mapping of str to Instrument
    pricing : CurrencyPricing
    cost_rate : float
        Of the notional closed (options and spot: of their value).
    """

    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]
    pricing: CurrencyPricing
    cost_rate: float

    def notional(self, position: Position) -> float:
        """Return the notional of a position, or the value of options and spot; numeraire."""
        instrument = self.instruments[position.market]
        price = self.pricing.price(instrument.settle, self.snapshot, self.instruments)
        return self._notional_settled(position.market, abs(position.quantity)) * price

    def cost(self, position: Position, share: float) -> float:
        """Return what closing ``share`` of a position costs, in the numeraire."""
        return self.notional(position) * share * self.cost_rate

    def realised(self, position: Position, share: float) -> float:
        """Return what closing brings, after costs, in settlement currency."""
        instrument = self.instruments[position.market]
        size = float(instrument.required_contract_size())
        mark = float(self.snapshot.quote(position.market).mark)
        closed = position.quantity * share
        if isinstance(instrument, Option | Spot):
            gain = closed * size * mark
        elif instrument.payoff is Payoff.INVERSE:
            entry = position.entry_price
            gain = closed * size * (mark - entry) / (mark * entry)
        else:
            gain = closed * size * (mark - position.entry_price)
        funding = 0.0 if isinstance(instrument, Option | Spot) else position.funding * share
        paid = self._notional_settled(position.market, abs(closed)) * self.cost_rate
        return gain + funding - paid

    def _notional_settled(self, market: str, contracts: float) -> float:
        instrument = self.instruments[market]
        size = float(instrument.required_contract_size())
        mark = float(self.snapshot.quote(market).mark)
        coin = instrument.payoff is Payoff.INVERSE and not isinstance(instrument, Option | Spot)
        return contracts * (size / mark if coin else size * mark)


def reduced(account: Account, market: str, share: float, closing: ClosingMarket) -> Account:
    """Return an account after ``share`` of its positions in ``market`` was closed at the mark.

    What is realised goes into the collateral of a cross pool, or into the margin of an isolated
    position; an isolated position closed whole hands its margin back to the pool.

    Raises
    ------
    UsageError
        For a share outside (0, 1], and for a market without position.
    """
    if not 0.0 < share <= 1.0:
        raise UsageError("must lie in (0, 1]", found=share, field="share")
    if all(p.market != market for p in account.positions):
        raise UsageError("must hold a position", found="none", field=market)
    collateral, kept = dict(account.collateral), list[Position]()
    for position in account.positions:
        if position.market != market:
            kept.append(position)
            continue
        settle = closing.instruments[market].settle
        gain = closing.realised(position, share)
        left = _left(position, share, gain)
        freed = gain
        if position.mode is MarginMode.ISOLATED:
            freed = 0.0 if left is not None else gain + (position.isolated_margin or 0.0)
        collateral[settle] = collateral.get(settle, 0.0) + freed
        kept.extend([] if left is None else [left])
    return replace(account, positions=tuple(kept), collateral=collateral)


def _left(position: Position, share: float, gain: float) -> Position | None:
    if share >= 1.0 - _NOTHING_LEFT:
        return None
    margin = position.isolated_margin
    return replace(
        position,
        quantity=position.quantity * (1.0 - share),
        funding=position.funding * (1.0 - share),
        isolated_margin=None if margin is None else margin + gain,
    )


def variants(
    account: Account, shares: Sequence[tuple[str, float]], closing: ClosingMarket
) -> list[Account]:
    """Return the account after each (market, share), one by one, under names of their own."""
    return [
        replace(reduced(account, market, share, closing), name=f"{k}", owner="")
        for k, (market, share) in enumerate(shares)
    ]
