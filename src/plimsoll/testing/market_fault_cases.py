"""Faults of what a venue tells of a market: quotes, expiries, contract terms, currencies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import (
    Contract,
    Future,
    Instrument,
    Option,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import HOUR_NS, MarketSnapshot
from plimsoll.testing.fault import Fault, holding
from plimsoll.testing.margin_case import MarginCase

_NOT_A_MARK = (np.nan, np.inf, -1.0, 1e-300, 1e300)


def bad_marks(case: MarginCase, market: str, quantity: float) -> Iterator[Fault]:
    """Yield quotes that are missing or impossible; an option may be worth 0."""
    quotes = dict(case.snapshot.quotes)
    option = isinstance(case.instruments[market], Option)
    left = {m: q for m, q in quotes.items() if m != market}
    changed = {"no quote": left} | {
        f"mark {mark}": {**quotes, market: replace(quotes[market], mark=float(mark))}
        for mark in (_NOT_A_MARK if option else (*_NOT_A_MARK, 0.0))
    }
    for name, given in changed.items():
        yield Fault(
            name=f"{name} of {market}",
            case=replace(case, snapshot=replace(case.snapshot, quotes=given)),
            account=holding(case, market, quantity),
            touched=frozenset({market}),
        )


def stale_mark(case: MarginCase, market: str, quantity: float) -> Fault:
    """A quote that was seen before the oldest that the caller admits."""
    snapshot, quote = case.snapshot, case.snapshot.quotes[market]
    seen = replace(quote, at_ns=snapshot.at_ns - HOUR_NS - 1)
    old = replace(snapshot, quotes={**snapshot.quotes, market: seen}, max_age_ns=HOUR_NS)
    return Fault(
        name=f"stale quote of {market}",
        case=replace(case, snapshot=old),
        account=holding(case, market, quantity),
        touched=frozenset({market}),
        reason=MarginReason.STALE_MARK,
    )


def bad_terms(case: MarginCase, market: str, quantity: float) -> Iterator[Fault]:
    """Yield contracts like that of a market that are incomplete, expired or settle in nothing."""
    held = case.instruments[market]
    if isinstance(held, Future | Option):
        gone = replace(held, expiry_ns=case.snapshot.at_ns - HOUR_NS)
        yield _beside(case, market, "EXPIRED", gone, quantity)
    if isinstance(held, Spot):
        return
    nameless = replace(held, contract_size=None)
    fault = _beside(case, market, "NAMELESS", nameless, quantity)
    yield replace(fault, reason=MarginReason.NO_CONTRACT_SIZE)
    for name, other in _settled_in_nothing(held).items():
        yield _beside(case, market, name, other, quantity)
    if held.payoff is Payoff.INVERSE:  # a price in an unknown currency, paid out in a known one
        quoted = replace(held, pair=replace(held.pair, quote="NOPRICE"))
        fault = _beside(case, market, "QUOTED", quoted, quantity)
        yield replace(fault, same_as=holding(case, market, quantity))


def _settled_in_nothing(held: Contract) -> dict[str, Instrument]:
    """Contracts whose settlement currency nothing prices."""
    if not isinstance(held, Perpetual | Future | Option):
        return {}
    if held.payoff is Payoff.LINEAR:
        pair = replace(held.pair, quote="NOPRICE")
        return {"NOPRICE": replace(held, pair=pair, settle="NOPRICE")}
    if isinstance(held, Option):
        return {}
    return {"NOPRICE": replace(held, settle="NOPRICE", payoff=Payoff.QUANTO)}


def _beside(
    case: MarginCase, market: str, name: str, contract: Instrument, quantity: float
) -> Fault:
    """A contract beside ``market``, with its quote, under another name."""
    other = f"{market}-{name}"
    quotes = {**case.snapshot.quotes, other: case.snapshot.quotes[market]}
    with_it = replace(
        case,
        instruments={**case.instruments, other: contract},
        snapshot=replace(case.snapshot, quotes=quotes),
    )
    return Fault(
        name=f"{name.lower()} {market}", case=with_it, account=holding(with_it, other, quantity)
    )


def without_forward(case: MarginCase, market: str, quantity: float) -> Fault:
    """Options of one underlying with neither surface, expiry's quote nor venue's volatility."""
    held = case.instruments[market]
    assert isinstance(held, Option)

    def alike(other: Instrument) -> bool:
        return isinstance(other, Option) and (other.pair, other.settle) == (held.pair, held.settle)

    touched = frozenset(m for m, i in case.instruments.items() if alike(i))
    snapshot = case.snapshot
    bare = replace(
        snapshot,
        quotes={
            m: replace(q, implied_vol_annual=float("nan")) if m in touched else q
            for m, q in snapshot.quotes.items()
        },
        surfaces={k: s for k, s in snapshot.surfaces.items() if k != (held.pair, held.settle)},
        expiries=_kept(snapshot, held),
    )
    return Fault(
        name=f"no surface, forward nor volatility of {market}",
        case=replace(case, snapshot=bare),
        account=holding(case, market, quantity),
        touched=touched,
    )


def _kept(snapshot: MarketSnapshot, held: Option) -> dict[tuple[Pair, str, int], ExpiryQuote]:
    key = (held.pair, held.settle)
    return {k: q for k, q in snapshot.expiries.items() if k[:2] != key}
