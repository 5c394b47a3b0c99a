"""Dated futures within their settlement window: exposed only with what still floats.

Options take the floating part of their `ExpiryQuote` themselves. Futures move from their marks, so
a model under this one is shown a contract of ``s`` times the size, ``s = floating / (floating +
fixed)``, and what the rest of the contract has gained so far as money that no longer moves::

    profit under a move x:   s size mark x            linear, quanto: exact
                             s size x / (mark (1 + x))   inverse

An inverse contract gains ``s size x / (mark (1 + s x))`` exactly; the difference is at most
``size s (1 - s) x^2 / (mark (1 + x) (1 + s x))``, and turns longs' losses up and shorts' down.
Equity stays as it is. Perpetuals and options are untouched. Page: ``docs/models/expiry-day.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Future, Instrument, Payoff
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.protocol import MarginModel, Prepared

FloatArray = NDArray[np.float64]
P = TypeVar("P")

_SMALLEST_SHARE = Decimal("1e-15")


@dataclass(frozen=True, slots=True, kw_only=True)
class WithExpiringFutures(Generic[P]):
    """A margin model that sees of expiring futures what still floats (a `MarginModel` itself)."""

    model: MarginModel[P]

    def prepare(
        self, snapshot: MarketSnapshot, parameters: P, instruments: Mapping[str, Instrument]
    ) -> PreparedExpiringFutures:
        """Prepare the model on what floats; see `MarginModel.prepare`."""
        shares = floating_shares(snapshot, instruments)
        shown = dict(instruments)
        quotes = dict(snapshot.quotes)
        for market, share in shares.items():
            if np.isfinite(share):
                shown[market] = _of_size(instruments[market], share)
            elif market in quotes:
                quotes[market] = replace(quotes[market], mark=float("nan"))
        return PreparedExpiringFutures(
            inner=self.model.prepare(replace(snapshot, quotes=quotes), parameters, shown),
            snapshot=snapshot,
            instruments=instruments,
            shares=shares,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedExpiringFutures:
    """Immutable; ``shares`` are those of the futures within their window, NaN where not known."""

    inner: Prepared
    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]
    shares: Mapping[str, float]

    def requirements(self, book: Book) -> Requirements:
        """Return the model's margin; a future whose average is not known has a reason."""
        if not any(market in self.shares for market in book.markets):
            return self.inner.requirements(book)
        gained = np.zeros(0) if book.funding is None else book.funding
        gained = (gained if gained.size else np.zeros(book.market.size)) + self._fixed_gains(book)
        found = self.inner.requirements(replace(book, funding=gained))
        unknown = {m for m, share in self.shares.items() if not np.isfinite(share)}
        here = np.array([market in unknown for market in book.markets], dtype=np.bool_)
        reason = found.parts.reason
        lacking = here[book.market] & (reason == MarginReason.NO_MARK)
        reason = np.where(lacking, int(MarginReason.NO_FORWARD), reason).astype(np.int64)
        return replace(found, book=book, parts=replace(found.parts, reason=reason))

    def _fixed_gains(self, book: Book) -> FloatArray:
        """(P,) profit since entry of the part that does not move any more, settlement currency."""
        gains = np.zeros(book.market.size)
        for at, market in enumerate(book.markets):
            share = self.shares.get(market, 1.0)
            quote = self.snapshot.quotes.get(market)
            if share == 1.0 or not np.isfinite(share) or quote is None or not quote.mark > 0.0:
                continue
            held = np.flatnonzero(book.market == at)
            profit = _profit(self.instruments[market], book.entry_price[held], quote.mark)
            gains[held] = (1.0 - share) * np.nan_to_num(book.quantity[held]) * profit
        return gains


def floating_shares(
    snapshot: MarketSnapshot, instruments: Mapping[str, Instrument]
) -> dict[str, float]:
    """Return the share that still floats of each future of which something is fixed.

    NaN where the expiry's quote is no number. Expired futures are left to the model's own reason.
    """
    found = {}
    for market, instrument in instruments.items():
        if not isinstance(instrument, Future) or instrument.expiry_ns <= snapshot.at_ns:
            continue
        quoted = snapshot.expiries.get((instrument.pair, instrument.settle, instrument.expiry_ns))
        if quoted is None or quoted.fixed == 0.0:
            continue
        whole = quoted.forward
        found[market] = quoted.floating / whole if whole > 0.0 else float("nan")
    return found


def _of_size(instrument: Instrument, share: float) -> Instrument:
    assert isinstance(instrument, Future)
    scaled = instrument.required_contract_size() * max(Decimal(repr(share)), _SMALLEST_SHARE)
    return instrument.with_contract_size(scaled)


def _profit(instrument: Instrument, entry: FloatArray, mark: float) -> FloatArray:
    """Profit of one long contract since entry; `plimsoll.maths.payoffs`."""
    size = float(instrument.required_contract_size())
    gained = size * (mark - entry)
    inverse = instrument.payoff is Payoff.INVERSE
    return gained / (entry * mark) if inverse else gained
