"""What each position adds to every term of a requirement, whatever the model.

A model says what positions add to its largest term. What they add to the others is found by
margining the account again with each holding a little larger and a little smaller: the size of the
holding times the slope is its share after Euler. Shares of a term that grows in proportion to the
book (rates on notional or delta, hedged amounts, worst losses) add up to the term as they are; of
one that grows otherwise (brackets, thresholds, square roots) they are scaled to it. A term that no
holding moves, or hardly, is nobody's: it is told apart, with why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import (
    Contribution,
    ExplainedTerm,
    UnitExplanation,
    UnspreadTerm,
)
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.grids.grid_explanation import adding_up
from plimsoll.margin.protocol import Prepared
from plimsoll.margin.units.account_copies import account_copies

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STEP = 2.0**-12
"""By what share of itself a holding is moved: exact in binary, and small against kinks."""
MOST_SCALED = 4.0
"""A term more than so many times the sum of its shares is not one of the holdings."""
_AT_ONCE = 400_000
"""Positions margined in one call; more accounts go into the next."""


def unit_explanations(
    prepared: Prepared, found: Requirements, account: str
) -> tuple[UnitExplanation, ...]:
    """Unfold the units of an account, with contributions to every term that can be spread.

    Parameters
    ----------
    prepared : Prepared
        What ``found`` is an answer of.
    found : Requirements
    account : str

    Returns
    -------
    tuple of UnitExplanation
        Contributions of each term add up to it, initial and maintenance, to the last bit or, where
        they cancel, to that of the largest. Terms without contributions that ask something stand
        in ``unspread``.

    Raises
    ------
    UsageError
        For an account the book does not have, and a model that does not explain margin units.
    """
    told = found.explanations(account)
    if all(one.reasons or not one.terms for one in told):
        return told
    slopes = _slopes(prepared, found.book, found.book.row(account))
    units = found.units_of(account).tolist()
    return tuple(
        one if one.reasons else _with_every_term(one, found, unit, slopes)
        for one, unit in zip(told, units, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Slopes:
    """One account margined again, by unit of its own (V), holding (H) and term (T).

    Holdings are its positions, then its currencies. The last axis of two is initial and
    maintenance margin.
    """

    book: Book
    names: tuple[str, ...]
    shares: FloatArray  # (V, H, T, 2)
    without_orders: FloatArray  # (V, T, 2)
    alone: FloatArray  # (P,) maintenance of a position by itself

    @property
    def positions(self) -> int:
        return int(self.book.market.size)


def _slopes(prepared: Prepared, book: Book, row: int) -> _Slopes:
    one = book.take(np.array([row], dtype=np.int64))
    positions = one.market.size
    holdings = positions + len(one.currencies)
    names = tuple(term.name for term in prepared.requirements(one).terms)
    factors = np.ones((2 * holdings, holdings))
    for holding in range(holdings):
        factors[2 * holding : 2 * holding + 2, holding] += STEP, -STEP
    moved = [_terms(prepared, block, one, names) for block in _blocks(factors, positions)]
    both = np.concatenate(moved) if moved else np.zeros((0, 1, len(names), 2))
    slopes = (both[0::2] - both[1::2]) / (2.0 * STEP)
    bare = prepared.requirements(replace(one, orders=None))
    return _Slopes(
        book=one,
        names=names,
        shares=np.moveaxis(slopes, 0, 1),
        without_orders=_stacked(bare, names),
        alone=_alone(prepared, one),
    )


def _blocks(factors: FloatArray, positions: int) -> Iterator[FloatArray]:
    size = max(_AT_ONCE // max(positions, 1), 1)
    for first in range(0, factors.shape[0], size):
        yield factors[first : first + size]


def _terms(
    prepared: Prepared, factors: FloatArray, one: Book, names: tuple[str, ...]
) -> FloatArray:
    """(F, V, T, 2) terms of the units of an account, its holdings times ``factors`` (F, H)."""
    found = prepared.requirements(account_copies(one, factors))
    order = np.argsort(found.account, kind="stable")  # a cross pool, then what is isolated
    return _stacked(found, names)[order.reshape(factors.shape[0], -1)]


def _stacked(found: Requirements, names: tuple[str, ...]) -> FloatArray:
    """(U, T, 2) initial and maintenance columns of named terms; 0 of those it does not have."""
    out = np.zeros((len(found), len(names), 2))
    for term in found.terms:
        if term.name in names:
            place = names.index(term.name)
            out[:, place, 0], out[:, place, 1] = term.initial, term.maintenance
    return out


def _alone(prepared: Prepared, one: Book) -> FloatArray:
    """(P,) maintenance margin of each position as if it were its account's only one."""
    count = one.market.size
    if not count:
        return np.zeros(0)
    single = Book(
        accounts=tuple(f"{p}" for p in range(count)),
        markets=one.markets,
        offsets=np.arange(count + 1),
        market=one.market,
        quantity=one.quantity,
        entry_price=one.entry_price,
        isolated_margin=np.full(count, np.nan),
        leverage=one.leverage,
        currencies=one.currencies,
        collateral=np.zeros((count, len(one.currencies))),
        portfolio=None if one.portfolio is None else np.repeat(one.portfolio, count),
    )
    return prepared.requirements(single).maintenance


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holding:
    """One holding of a unit: its place in `_Slopes`, and what it is called."""

    place: int
    named: Contribution


def _with_every_term(
    told: UnitExplanation, found: Requirements, unit: int, slopes: _Slopes
) -> UnitExplanation:
    local = found.units_of(told.account).tolist().index(unit)
    holdings = _holdings(told, found, unit, slopes)
    contributions, unspread = list[Contribution](), list[UnspreadTerm]()
    for term in told.terms:
        total = np.array([term.initial, term.maintenance])
        own = tuple(c for c in told.contributions if c.of == term.name)
        if not own and (not total.any() or term.name not in slopes.names):
            continue
        places = [holding.place for holding in holdings]
        if term.name in slopes.names:
            index = slopes.names.index(term.name)
            shares = slopes.shares[local, places, index]
            bare = slopes.without_orders[local, index]
        else:
            shares, bare = np.zeros((len(places), 2)), total
        why = "" if own else _why_not(total, shares, bare)
        if own:
            contributions += _completed(own, total, shares, holdings)
        elif why:
            unspread.append(_unspread(term, why))
        else:
            contributions += _spread(term.name, total, shares, holdings)
    named = {term.name for term in told.terms}
    beside = [c for c in told.contributions if c.of not in named]
    return replace(
        told, contributions=(*contributions, *beside), unspread=(*told.unspread, *unspread)
    )


def _unspread(term: ExplainedTerm, why: str) -> UnspreadTerm:
    return UnspreadTerm(
        name=term.name,
        title=term.title,
        initial=term.initial,
        maintenance=term.maintenance,
        why=why,
    )


def _holdings(
    told: UnitExplanation, found: Requirements, unit: int, slopes: _Slopes
) -> list[_Holding]:
    """Holdings of a unit: its positions, and of a cross pool what it has of each currency.

    They are called as the model calls them in its own contributions.
    """
    book = slopes.book
    first = int(found.book.offsets[int(found.account[unit])])
    known = {(c.market, c.quantity): c for c in reversed(told.contributions)}
    out = list[_Holding]()
    for place in (np.flatnonzero(found.parts.unit == unit) - first).tolist():
        key = book.markets[int(book.market[place])], float(book.quantity[place])
        named = known.get(key) or _nameless(*key)
        alone = float(slopes.alone[place])
        out.append(_Holding(place=place, named=replace(named, standalone=alone)))
    if int(found.position[unit]) >= 0:
        return out
    for column in np.flatnonzero(book.collateral[0] != 0.0).tolist():
        amount, currency = float(book.collateral[0, column]), book.currencies[column]
        names = (f"collateral {currency}", currency, f"{currency} held")
        own = next((known[n, amount] for n in names if (n, amount) in known), None)
        out.append(
            _Holding(place=slopes.positions + column, named=own or _nameless(names[0], amount))
        )
    return out


def _nameless(market: str, quantity: float) -> Contribution:
    nan = float("nan")
    return Contribution(
        market=market, quantity=quantity, value=nan, standalone=nan, contribution=nan, of=""
    )


def _why_not(total: FloatArray, shares: FloatArray, without_orders: FloatArray) -> str:
    """Say why a term cannot be spread over holdings; empty where it can."""
    if not without_orders.any():
        return "of open orders, not of positions"
    for asked, sums in zip(total.tolist(), shares.sum(axis=0).tolist(), strict=True):
        if asked == 0.0:
            continue
        if not np.isfinite(sums) or sums * asked <= 0.0 or abs(asked) > MOST_SCALED * abs(sums):
            return "of the account as a whole: no single position moves it"
    return ""


def _completed(
    own: tuple[Contribution, ...], total: FloatArray, shares: FloatArray, holdings: list[_Holding]
) -> Iterator[Contribution]:
    """Yield a model's own contributions, with initial margin where it does not say it."""
    held = {(h.named.market, h.named.quantity): n for n, h in enumerate(holdings)}
    at = [held.get((c.market, c.quantity)) for c in own]
    initial = np.array([c.initial for c in own])
    if np.isnan(initial).any():
        slopes = np.array([0.0 if n is None else shares[n, 0] for n in at])
        shared = np.array([c.contribution for c in own])
        usable = np.isfinite(slopes).all() and slopes.sum() * total[0] > 0.0
        initial = _scaled(slopes if usable else shared, float(total[0]))
    for one, number, share in zip(own, at, initial.tolist(), strict=True):
        alone = one.standalone if number is None else holdings[number].named.standalone
        yield replace(one, initial=share + 0.0, standalone=alone)


def _spread(
    name: str, total: FloatArray, shares: FloatArray, holdings: list[_Holding]
) -> Iterator[Contribution]:
    """Yield a contribution of every holding that has one."""
    initial, maintenance = (_scaled(shares[:, k], float(total[k])).tolist() for k in (0, 1))
    for holding, high, low in zip(holdings, initial, maintenance, strict=True):
        if high != 0.0 or low != 0.0:
            yield replace(holding.named, contribution=low + 0.0, initial=high + 0.0, of=name)


def _scaled(shares: FloatArray, total: float) -> FloatArray:
    """Return shares times what makes them add up to ``total``, exactly."""
    sums = float(shares.sum())
    if total == 0.0 or sums == 0.0:
        return adding_up(np.zeros(shares.size), total) if total else np.zeros(shares.size)
    return adding_up(shares * (total / sums), total)
