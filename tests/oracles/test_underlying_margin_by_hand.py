"""OKX, SPAN and Bybit margins of random books, derived again in plain Python without arrays.

Every instrument is valued by its own formula here (Black-76 by `math.erf`), every scenario, spread
and hedge by a loop. Tolerance 1e-12 of the book's gross notional: the loops add in another order,
and `math.erf` differs from the kernels' polynomials in the last digits.
"""

from __future__ import annotations

import math
import random
from itertools import combinations

import pytest

import underlying_venue as venue
from plimsoll.domain.instrument import Future, Option, OptionRight, Payoff, Perpetual, Spot
from plimsoll.domain.market import DAY_NS
from plimsoll.margin.okx import OkxParameters
from plimsoll.margin.span import SpanParameters

SNAPSHOT = venue.snapshot()


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def density(x: float) -> float:
    return math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)


class One:
    """One market: its dollar value under a move, and its sensitivities in dollars."""

    def __init__(self, market: str) -> None:
        self.held = venue.INSTRUMENTS[market]
        quote = SNAPSHOT.quotes[market]
        self.rate = venue.quote_rate(self.held)
        self.is_option = isinstance(self.held, Option)
        self.size = float(self.held.required_contract_size())
        dated = isinstance(self.held, Future | Option)
        self.days = (self.held.expiry_ns - venue.AT_NS) / DAY_NS if dated else 0.0
        self.sigma = quote.implied_vol_annual
        if self.is_option:
            key = (self.held.pair, self.held.settle, self.held.expiry_ns)
            self.forward = SNAPSHOT.expiries[key].forward
            self.strike = float(self.held.strike)
            self.call = self.held.right is OptionRight.CALL
        else:
            self.forward = quote.mark

    def black(self, forward: float, sigma: float, days: float) -> float:
        s = sigma * math.sqrt(max(days, 0.0) / 365.0)
        sign = 1.0 if self.call else -1.0
        if s == 0.0:
            return max(sign * (forward - self.strike), 0.0)
        d1 = math.log(forward / self.strike) / s + 0.5 * s
        return sign * (forward * normal(sign * d1) - self.strike * normal(sign * (d1 - s)))

    def d1(self, forward: float, days: float) -> float:
        s = self.sigma * math.sqrt(days / 365.0)
        return math.log(forward / self.strike) / s + 0.5 * s

    def profit(self, move: float, vol: float = 1.0, elapsed: float = 0.0) -> float:
        """Dollars that one contract gains; a coin is worth what the move makes of it."""
        then = self.forward * (1.0 + move)
        coin = venue.PRICES[self.held.pair.base]
        if self.is_option:
            now = self.size * self.black(self.forward, self.sigma, self.days)
            later = self.size * self.black(then, self.sigma * vol, self.days - elapsed)
            if self.held.payoff is Payoff.INVERSE:
                return coin * ((1.0 + move) * later / then - now / self.forward)
            return self.rate * (later - now)
        if self.held.payoff is Payoff.INVERSE:
            return coin * (1.0 + move) * self.size * (1.0 / self.forward - 1.0 / then)
        return self.rate * self.size * (then - self.forward)

    @property
    def delta(self) -> float:
        if self.is_option:
            n = normal(self.d1(self.forward, self.days))
            return self.size * (n if self.call else n - 1.0) * self.forward * self.rate
        if self.held.payoff is Payoff.INVERSE:
            return self.size
        return self.size * self.forward * self.rate

    @property
    def vega(self) -> float:
        if not self.is_option:
            return 0.0
        root = math.sqrt(self.days / 365.0)
        return (
            self.size * self.forward * density(self.d1(self.forward, self.days)) * root * self.rate
        )

    @property
    def relative_vega(self) -> float:
        return self.vega * self.sigma if self.is_option else 0.0

    @property
    def value(self) -> float:
        if not self.is_option:
            return 0.0
        black = self.size * self.black(self.forward, self.sigma, self.days)
        if self.held.payoff is Payoff.INVERSE:
            return black / self.forward * venue.PRICES[self.held.pair.base]
        return black * self.rate

    @property
    def notional(self) -> float:
        return self.size * self.forward * self.rate if self.is_option else abs(self.delta)

    @property
    def leg(self) -> str:
        dollars = isinstance(self.held, Spot) or self.held.payoff is Payoff.INVERSE
        return "USD" if dollars else self.held.pair.quote


ONES = {market: One(market) for market in venue.INSTRUMENTS}


def by_coin(book: dict[str, float]) -> dict[str, list[tuple[float, One]]]:
    out: dict[str, list[tuple[float, One]]] = {}
    for market, quantity in book.items():
        out.setdefault(ONES[market].held.pair.base, []).append((quantity, ONES[market]))
    return out


def by(key: str, held: list[tuple[float, One]], of: str) -> dict[object, float]:
    out: dict[object, float] = {}
    for quantity, one in held:
        at = getattr(one, key)
        out[at] = out.get(at, 0.0) + quantity * getattr(one, of)
    return out


def slices(amount: float, rows: list[tuple[float, float]]) -> float:
    total, lower = 0.0, 0.0
    for cap, factor in rows:
        if amount > lower:
            total += (min(amount, cap) - lower) * factor
        lower = cap
    return total


def rows_of(brackets: object) -> list[tuple[float, float]]:
    return [
        (math.inf if b.cap_usd is None else float(b.cap_usd), float(b.factor))
        for b in brackets  # type: ignore[attr-defined]
    ]


def okx_losses(held: list[tuple[float, One]], p: OkxParameters) -> list[float]:
    """Losses of MR1, MR2 and MR6."""

    def loss(move: float, way: float = 0.0, elapsed: float = 0.0) -> float:
        vols = [
            max(1.0 + way * (30.0 / max(one.days, 1.0)) ** float(p.vol_power), 0.0)
            for _, one in held
        ]
        return -sum(
            q * one.profit(move, vol, elapsed) for (q, one), vol in zip(held, vols, strict=True)
        )

    far = float(p.extreme_move)
    losses = [loss(0.0, elapsed=1.0)]
    losses += [float(p.extreme_share) * loss(move) for move in (far, -far)]
    for size in (0.0, float(p.small_move), float(p.middle_move), float(p.largest_move)):
        for way in (float(p.vol_up), 0.0, -float(p.vol_down)):
            losses += [loss(size, way), loss(-size, way)]
    return losses


def okx_minimum(held: list[tuple[float, One]], p: OkxParameters) -> float:
    raw = 0.0
    for q, one in held:
        if one.is_option:
            raw += abs(q) * one.notional * float(p.option_charge)
        elif isinstance(one.held, Perpetual | Future):
            raw += abs(q) * one.notional * float(p.linear_charge)
    return slices(raw, rows_of(p.minimum_charge_multipliers))


def okx_depeg(held: list[tuple[float, One]], p: OkxParameters) -> float:
    left, total = by("leg", held, "delta"), 0.0
    for a, b in combinations(("USDT", "USDC", "USD"), 2):
        x, y = left.get(a, 0.0), left.get(b, 0.0)
        if x * y >= 0.0:
            continue
        size = min(abs(x), abs(y))
        left[a], left[b] = x - math.copysign(size, x), y - math.copysign(size, y)
        peg = min(venue.RATES.get(a, 1.0), venue.RATES.get(b, 1.0))
        band = next(band for band in p.depeg_bands if peg >= float(band.peg_at_least))
        total += slices(size, rows_of(band.brackets))
    return total


def okx_unit(held: list[tuple[float, One]], p: OkxParameters) -> float:
    vega = by("days", held, "relative_vega").values()
    bought, sold = sum(max(v, 0.0) for v in vega), sum(max(-v, 0.0) for v in vega)
    basis = sum(abs(d) * float(days) / 365.0 for days, d in by("days", held, "delta").items())  # type: ignore[arg-type]
    rate = sum(v * float(days) / 365.0 for days, v in by("days", held, "value").items())  # type: ignore[arg-type]
    risk = max(*okx_losses(held, p), 0.0) + min(bought, sold) * float(p.term_structure_move)
    risk += basis * float(p.annualised_basis_move) + abs(rate) * float(p.interest_rate_move)
    return max(risk, okx_minimum(held, p)) + okx_depeg(held, p)


def okx(book: dict[str, float]) -> tuple[float, float]:
    units = {c: okx_unit(held, venue.OKX_PARAMETERS[c]) for c, held in by_coin(book).items()}
    return sum(units.values()), sum(
        v * float(venue.OKX_PARAMETERS[c].initial_ratio) for c, v in units.items()
    )


class SpanUnit:
    """One commodity of a book."""

    thirds = (0, 1, -1, 2, -2, 3, -3)
    weights = (0.270, 0.217, 0.217, 0.110, 0.110, 0.037, 0.037)

    def __init__(self, held: list[tuple[float, One]], p: SpanParameters) -> None:
        self.held, self.p = held, p
        self.range, vol = float(p.price_scan_range), float(p.vol_scan_range)
        self.losses = [
            self.loss(third / 3.0 * self.range, way)
            for third in self.thirds
            for way in (1.0 + vol, 1.0 - vol)
        ]
        self.losses += [0.35 * self.loss(m * self.range, 1.0) for m in (2.0, -2.0)]
        self.scan = max(*self.losses, 0.0)
        self.active = self.losses.index(max(self.losses))
        self.net = sum(q * self.composite(one) for q, one in held)

    def loss(self, move: float, vol: float) -> float:
        return -sum(q * one.profit(move, vol, 1.0) for q, one in self.held)

    def composite(self, one: One) -> float:
        if not one.is_option:
            return one.delta
        total, later = 0.0, max(one.days - 1.0, 0.0)
        for third, weight in zip(self.thirds, self.weights, strict=True):
            then = one.forward * (1.0 + third / 3.0 * self.range)
            n = (
                normal(one.d1(then, later))
                if later > 0.0
                else 0.5 + 0.5 * (then > one.strike) - 0.5 * (then < one.strike)
            )
            total += weight * (n if one.call else n - 1.0)
        return total / sum(self.weights) * one.size * one.forward * one.rate

    @property
    def price_risk(self) -> float:
        pair = self.active ^ 1 if self.active < 14 else self.active
        adjusted = 0.5 * (self.losses[self.active] + self.losses[pair])
        risk = adjusted - 0.5 * (self.losses[0] + self.losses[1])
        return max(risk, 0.0) / abs(self.net) if self.net and self.scan > 0.0 else 0.0

    @property
    def calendar(self) -> float:
        months: dict[tuple[int, float, str], float] = {}
        for q, one in self.held:
            kind = "spot" if isinstance(one.held, Spot) else one.held.settle
            tier = 0 if one.days == 0.0 else 1 if one.days <= 30.0 else 2
            at = (tier, one.days, kind)
            months[at] = months.get(at, 0.0) + q * self.composite(one)
        long = [sum(max(d, 0.0) for (t, *_), d in months.items() if t == n) for n in range(3)]
        short = [sum(max(-d, 0.0) for (t, *_), d in months.items() if t == n) for n in range(3)]
        total = 0.0
        for a, b in ((0, 0), (1, 1), (2, 2), (0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)):
            matched = min(long[a], short[b])
            long[a], short[b] = long[a] - matched, short[b] - matched
            total += 0.01 * matched
        return total

    @property
    def minimum(self) -> float:
        sold = sum(max(-q, 0.0) * one.notional for q, one in self.held if one.is_option)
        return sold * float(self.p.short_option_minimum)


def span(book: dict[str, float]) -> tuple[float, float]:
    units = {c: SpanUnit(held, venue.SPAN_PARAMETERS[c]) for c, held in by_coin(book).items()}
    credit = dict.fromkeys(units, 0.0)
    if len(units) == 2 and units["BTC"].net * units["ETH"].net < 0.0:
        matched = min(abs(u.net) for u in units.values())
        credit = {c: matched * u.price_risk * 0.6 for c, u in units.items()}
    margin = {c: max(u.scan + u.calendar - credit[c], u.minimum, 0.0) for c, u in units.items()}
    return sum(margin.values()), sum(
        m * float(venue.SPAN_PARAMETERS[c].initial_ratio) for c, m in margin.items()
    )


def between_expiries(held: list[tuple[float, One]], of: str, rate: float, cap: float) -> float:
    """What expiries hedge of one another, times the days between them and a rate."""
    sums = by("days", held, of)
    long = {float(d): v for d, v in sums.items() if v > 0.0}  # type: ignore[arg-type]
    short = {float(d): -v for d, v in sums.items() if v < 0.0}  # type: ignore[arg-type]
    if not long or not short:
        return 0.0
    ends = [sum(d * v for d, v in s.items()) / sum(s.values()) for s in (long, short)]
    return min(sum(long.values()), sum(short.values())) * min(abs(ends[0] - ends[1]) * rate, cap)


def bybit(book: dict[str, float]) -> tuple[float, float]:
    maintenance = initial = 0.0
    for coin, held in by_coin(book).items():
        p = venue.BYBIT_PARAMETERS[coin]
        losses = [0.0]
        for step in range(-5, 6):
            for vol in (1.0 + float(p.vol_up), 1.0, 1.0 - float(p.vol_down)):
                move = step / 5.0 * float(p.price_range)
                losses.append(-sum(q * one.profit(move, vol) for q, one in held))
        sold = sum(max(-q, 0.0) * one.notional for q, one in held if one.is_option)
        total = max(losses) + sold * float(p.short_option_rate)
        total += between_expiries(held, "vega", float(p.vega_spread_rate), math.inf)
        total += between_expiries(
            held, "delta", float(p.basis_rate_annual) / 365.0, float(p.basis_cap)
        )
        legs = by("leg", held, "delta").values()
        across = min(sum(max(d, 0.0) for d in legs), sum(max(-d, 0.0) for d in legs))
        total += across * float(p.stable_spread_rate)
        gross = [abs(q) * o.notional for q, o in held if isinstance(o.held, Perpetual | Future)]
        total += sum(gross) * float(p.futures_rate)
        maintenance, initial = maintenance + total, initial + total * float(p.initial_ratio)
    return maintenance, initial


DERIVED = {"okx": okx, "span": span, "bybit": bybit}


def random_books(count: int) -> list[dict[str, float]]:
    """Books of one to nine contracts, each worth a comparable amount."""
    draw, books = random.Random(7), []
    for _ in range(count):
        markets = draw.sample(list(venue.INSTRUMENTS), draw.randint(1, 9))
        books.append(
            {m: round(draw.uniform(-1e6, 1e6) / ONES[m].notional, 3) or 1.0 for m in markets}
        )
    return books


@pytest.mark.parametrize("name", list(DERIVED))
def test_margins_of_random_books(name: str) -> None:
    model, parameters = venue.MODELS[name]
    books = random_books(60)
    prepared = model.prepare(SNAPSHOT, parameters, venue.INSTRUMENTS)  # type: ignore[arg-type]
    found = prepared.requirements(venue.book(books))
    for row, book in enumerate(books):
        gross = sum(abs(q) * ONES[m].notional for m, q in book.items())
        maintenance, initial = DERIVED[name](book)
        assert abs(float(found.maintenance[row]) - maintenance) <= 1e-12 * gross, book
        assert abs(float(found.initial[row]) - initial) <= 1e-12 * gross, book
