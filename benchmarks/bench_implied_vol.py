"""Implied volatility against fast-vollib and QuantLib, alternately."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp
import numpy as np
import QuantLib as ql
from fast_vollib.jackel import jackel_iv_black
from numpy.typing import NDArray

from alternate import Comparison, compare, table_of, write_table
from plimsoll.maths.implied_vol import implied_volatility

Vector = NDArray[np.float64]

MANY, FEW, LOOPED, CHECKED = 1_000_000, 2_000, 2_000, 4_000
ALLOWED = 1e-13


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """Out-of-the-money quotes whose price is right to the last place, and their volatility."""

    name: str
    price: Vector
    forward: Vector
    strike: Vector
    tau: Vector
    is_call: NDArray[np.bool_]
    sigma: Vector

    def head(self, n: int) -> tuple[Vector, Vector, Vector, Vector, NDArray[np.bool_]]:
        """The first ``n`` quotes repeated to ``n``, as arguments."""
        columns = (self.price, self.forward, self.strike, self.tau, self.is_call)
        price, forward, strike, tau, is_call = (np.resize(column, n) for column in columns)
        return price, forward, strike, tau, is_call


def quotes_of(name: str, tau: Vector, sigma: Vector, moneyness: Vector, seed: int) -> Quotes:
    """Quotes at ``moneyness`` standard deviations (positive: calls), priced with 40 digits."""
    forward = np.random.default_rng(seed).uniform(1e3, 1e5, tau.size)
    strike = forward * np.exp(moneyness * sigma * np.sqrt(tau))
    is_call = strike >= forward
    price = np.array([exact_price(*row) for row in zip(forward, strike, tau, sigma, strict=True)])
    return Quotes(
        name=name,
        price=price,
        forward=forward,
        strike=strike,
        tau=tau,
        is_call=is_call,
        sigma=sigma,
    )


def exact_price(forward: float, strike: float, tau: float, sigma: float) -> float:
    """Undiscounted out-of-the-money price with 40 digits, rounded once."""
    with mp.workdps(40):
        f, k = mp.mpf(forward), mp.mpf(strike)
        s = mp.mpf(sigma) * mp.sqrt(mp.mpf(tau))
        d1 = mp.log(f / k) / s + s / 2
        sign = 1 if strike >= forward else -1
        return float(sign * (f * mp.ncdf(sign * d1) - k * mp.ncdf(sign * (d1 - s))))


def market_like(rng: np.random.Generator) -> Quotes:
    """Days to a year, 20 to 120 % volatility, strikes where an exchange lists them."""
    tau, sigma = rng.uniform(1, 365, CHECKED) / 365, rng.uniform(0.2, 1.2, CHECKED)
    return quotes_of("market-like", tau, sigma, rng.normal(0.0, 1.2, CHECKED), 1)


def deep_wings(rng: np.random.Generator) -> Quotes:
    """Standard deviations from 1e-4 to 5, moneyness to 25 of them on either side."""
    s = np.exp(rng.uniform(np.log(1e-4), np.log(5.0), CHECKED))
    return quotes_of("deep wings", np.ones(CHECKED), s, rng.uniform(-25.0, 25.0, CHECKED), 2)


def main() -> None:
    """Gate, timings, table."""
    rng = np.random.default_rng(0)
    gate, comparisons = [], []
    for quotes in (market_like(rng), deep_wings(rng)):
        gate.append(accuracy(quotes))
        comparisons += against_fast_vollib(quotes)
        comparisons.append(against_quantlib(quotes))
    rates = [
        f"- {c.task}: {1e-6 / c.own_seconds:.1f} million a second, the peer "
        f"{1e-6 / c.peer_seconds:.2f}"
        for c in comparisons
    ]
    notes = ["Times are of one option.", *call_costs(market_like(rng))]
    lines = [*table_of(comparisons), "", *notes, "", "As rates:", "", *rates]
    write_table("implied_vol", "Implied volatility", gate, lines)
    short = [c.task for c in comparisons if c.ratio < c.required]
    assert not short, short


def accuracy(quotes: Quotes) -> str:
    """Worst relative error against the volatility that made the price; refuses a poor one."""
    columns = quotes.head(CHECKED)
    ours = implied_volatility(*columns)
    repeated = implied_volatility(*quotes.head(MANY))
    assert bool(ours.solved.all()), ours.reasons()
    assert np.array_equal(repeated.sigma, np.resize(ours.sigma, MANY)), "bits depend on the size"
    worst = float(np.abs(ours.sigma / quotes.sigma - 1.0).max())
    assert worst <= ALLOWED, worst
    with np.errstate(all="ignore"):
        peer = np.abs(jackel_iv_black(*columns) / quotes.sigma - 1.0)
    lost = int(np.count_nonzero(~(peer <= 1e-6)))
    return (
        f"{quotes.name}, {CHECKED:,} prices of 40 digits down to {quotes.price.min():.0e}: worst "
        f"relative error {worst:.1e} (required {ALLOWED:.0e}), none failed; fast-vollib "
        f"{float(peer[peer <= 1e-6].max()):.1e} and {lost} failed or wrong by more than 1e-6"
    )


def against_fast_vollib(quotes: Quotes) -> list[Comparison]:
    """Whole calls from arrays to arrays, of many quotes and of one chain."""
    found = []
    for size, required, own_calls in ((MANY, 8.0, 1), (FEW, 8.0, 20)):
        columns = quotes.head(size)
        found.append(
            compare(
                f"{quotes.name}, {size:,} at once",
                peer_name="fast-vollib jackel",
                peer=silent(lambda c=columns: jackel_iv_black(*c)),
                own=lambda c=columns: implied_volatility(*c),
                own_calls=own_calls,
                rounds=9,
                units=size,
                peer_units=size,
                required=required,
            )
        )
    return found


def against_quantlib(quotes: Quotes) -> Comparison:
    """QuantLib's solver in a Python loop, as its users have it, asked for twelve digits."""
    price, forward, strike, _, is_call = quotes.head(LOOPED)
    kinds = [ql.Option.Call if call else ql.Option.Put for call in is_call]
    rows = list(zip(kinds, strike.tolist(), forward.tolist(), price.tolist(), strict=True))
    guess = ql.nullDouble()
    columns = quotes.head(MANY)

    def loop() -> int:
        failed = 0
        for kind, k, f, paid in rows:
            try:
                ql.blackFormulaImpliedStdDev(kind, k, f, paid, 1.0, 0.0, guess, 1e-12)
            except RuntimeError:
                failed += 1
        return failed

    return compare(
        f"{quotes.name}, {MANY:,} at once against a loop ({loop()} of {LOOPED:,} failed in it)",
        peer_name="QuantLib blackFormulaImpliedStdDev",
        peer=loop,
        own=lambda: implied_volatility(*columns),
        rounds=9,
        units=MANY,
        peer_units=LOOPED,
        required=50.0,
    )


def call_costs(quotes: Quotes) -> list[str]:
    """What a call costs whatever its size: from calls of 500 and of 2,000, a straight line."""
    few, peer = zip(*(call_seconds(quotes, size) for size in (FEW // 4, FEW)), strict=True)
    ours, theirs = ((4.0 * short - long) / 3.0 for short, long in (few, peer))
    return [
        f"At {FEW:,} options the ratio is in good part the cost of a call whatever its size, for "
        "fast-vollib",
        "preparing arrays and starting threads; where the machine is busy the threads are nearly "
        "all of it. In this run:",
        f"of fast-vollib's {1e3 * peer[1]:.2f} ms {1e3 * theirs:.2f} ms, of our "
        f"{1e3 * few[1]:.3f} ms {1e3 * ours:.3f} ms (a line through calls of {FEW // 4:,} and "
        f"{FEW:,} options); without it {(peer[1] - theirs) / (few[1] - ours):.0f}x.",
    ]


def call_seconds(quotes: Quotes, size: int) -> tuple[float, float]:
    """Median times of a call of ours and of fast-vollib's, alternately."""
    columns = quotes.head(size)
    found = compare(
        "",
        peer_name="",
        peer=silent(lambda: jackel_iv_black(*columns)),
        own=lambda: implied_volatility(*columns),
        peer_calls=20,
        own_calls=20,
        required=0.0,
    )
    return found.own_seconds, found.peer_seconds


def silent(run: Callable[[], object]) -> Callable[[], object]:
    """The peer's floating-point warnings are no news."""

    def call() -> object:
        with np.errstate(all="ignore"):
            return run()

    return call


if __name__ == "__main__":
    main()
