"""Options under joint scenarios of spot and volatility through the public call, against numpy.

The peer is given the contract terms as arrays and the shocks by expiry; ours starts from
instruments, surfaces and scenarios as a user has them, and returns the whole checked table.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from alternate import compare, in_units, table_of, write_table
from plimsoll.domain.instrument import Option, OptionRight, Pair, Payoff
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.scenario import ScenarioSet, equal_weights
from plimsoll.domain.surface import CALENDAR, SviSmile, VolSurface
from plimsoll.maths.black76_grid import ScenarioShocks, surface_grid_prices
from plimsoll.scenarios import revalue
from plimsoll.scenarios.vol_scenarios import shocked_vol, vol_factors

Vector = NDArray[np.float64]

OPTIONS, SCENARIOS, EXPIRIES = 2_000, 1_000, 12
BUDGET = 15e-3
AT, DAY = 1_767_258_000 * 10**9, 86_400 * 10**9
TENORS = (1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0, 270.0)
DAYS = np.array([1, 2, 3, 8, 15, 29, 57, 85, 120, 176, 267, 358])
COIN = Pair(base="BTC", quote="USD")


def surface() -> VolSurface:
    """Twelve expiries, forwards in a small contango."""
    years = DAYS / 365
    return VolSurface(
        at_ns=AT,
        pair=COIN,
        settle="BTC",
        payoff=Payoff.INVERSE,
        index=95_000.0,
        clock=CALENDAR,
        smiles=tuple(
            SviSmile(
                expiry_ns=AT + int(day) * DAY,
                tau_years=t,
                variance_years=t,
                forward=95_000.0 * float(np.exp(0.06 * t)),
                a=0.12 * t,
                b=0.15 * float(np.sqrt(t)),
                rho=-0.3,
                m=0.02,
                sigma=0.4 * float(np.sqrt(t)),
            )
            for day, t in zip(DAYS, years.tolist(), strict=True)
        ),
    )


def options() -> dict[str, Option]:
    """Strikes out to three deviations, each instrument with an identity of its own."""
    rng = np.random.default_rng(1)
    found = {}
    for row in range(OPTIONS):
        day = int(DAYS[row % EXPIRIES])
        strike = 95_000.0 * np.exp(rng.normal() * 0.45 * np.sqrt(day / 365))
        found[f"BTC-{day}-{row}"] = Option(
            pair=Pair(base="BTC", quote="USD"),
            settle="BTC",
            payoff=Payoff.INVERSE,
            expiry_ns=AT + day * DAY,
            strike=Decimal(int(strike)),
            right=OptionRight.CALL if rng.random() < 0.5 else OptionRight.PUT,
            contract_size=Decimal(1),
        )
    return found


def scenarios() -> ScenarioSet:
    """Spot, and level, skew and curvature of nine tenors."""
    rng = np.random.default_rng(2)
    factors = vol_factors("BTC", TENORS)
    shocks = rng.standard_normal((SCENARIOS, len(factors))) * 0.05
    shocks[:, 0] = np.expm1(2.0 * shocks[:, 0])
    names = tuple(str(row) for row in range(SCENARIOS))
    return ScenarioSet(
        names=names, factors=factors, shocks=shocks, weights=equal_weights(SCENARIOS)
    )


def shocks_by_expiry(moves: ScenarioSet) -> tuple[Vector, ...]:
    """Level, skew and curvature (expiries, scenarios), linear in the logarithm of the tenor."""
    logs, count = np.log(TENORS), len(TENORS)
    at = np.interp(np.log(DAYS), logs, np.arange(count))
    low = np.minimum(at.astype(int), count - 2)
    weight = (at - low)[:, None]
    parts = (moves.shocks[:, 1 + kind * count : 1 + (kind + 1) * count].T for kind in range(3))
    return tuple((1 - weight) * part[low] + weight * part[low + 1] for part in parts)


def numpy_peer(
    held: VolSurface, book: dict[str, Option], moves: ScenarioSet
) -> Callable[[], Vector]:
    """Profits by whole-array expressions."""
    row_of = {end: row for row, end in enumerate(held.expiries_ns)}
    of = np.array([row_of[o.expiry_ns] for o in book.values()])
    strike = np.array([float(o.strike) for o in book.values()])[:, None]
    side = np.array([1.0 if o.right is OptionRight.CALL else -1.0 for o in book.values()])[:, None]
    forward = np.array([s.forward for s in held.smiles])[of][:, None]
    years = (DAYS / 365)[of][:, None]
    a, b, rho, m, sigma = (column[of][:, None] for column in held.raw().T)
    level, skew, curvature = (part[of] for part in shocks_by_expiry(moves))

    def volatility(k: Vector) -> Vector:
        return np.sqrt((a + b * (rho * (k - m) + np.hypot(k - m, sigma))) / years)

    def coins(f: Vector, vol: Vector) -> Vector:
        v = vol * np.sqrt(years)
        d1 = np.log(f / strike) / v + 0.5 * v
        return side * (ndtr(side * d1) - strike / f * ndtr(side * (d1 - v)))

    def profits() -> Vector:
        moved = forward * (1.0 + moves.shocks[:, 0])
        k = np.log(strike / moved)
        vol = shocked_vol(volatility(k), k, years, level, skew, curvature)
        return coins(moved, vol) - coins(forward, volatility(np.log(strike / forward)))

    return profits


def bare_kernel(
    held: VolSurface, book: dict[str, Option], moves: ScenarioSet
) -> Callable[[], Vector]:
    """`surface_grid_prices`: one look-up per cell, one level shock, arrays in and out."""
    row_of = {end: row for row, end in enumerate(held.expiries_ns)}
    of = np.array([row_of[o.expiry_ns] for o in book.values()])
    terms = (
        np.array([s.forward for s in held.smiles])[of],
        np.array([float(o.strike) for o in book.values()]),
        (DAYS / 365)[of],
        np.array([o.right is OptionRight.CALL for o in book.values()]),
    )
    shocks = ScenarioShocks(
        forward_returns=np.tile(moves.shocks[:, 0], (EXPIRIES, 1)),
        vol_scale=np.exp(shocks_by_expiry(moves)[0]),
    )
    look_up = {"smiles": held.raw(), "smile_of": of, "group": of, "shocks": shocks}
    return lambda: surface_grid_prices(*terms, payoff="inverse", **look_up)


def main() -> None:
    """Gate, timings, table."""
    held, book, moves = surface(), options(), scenarios()
    marked = {market: Quote(mark=0.01, index=95_000.0) for market in book}
    now = MarketSnapshot(at_ns=AT, quotes=marked, surfaces={(COIN, "BTC"): held})
    peer = numpy_peer(held, book, moves)

    def own() -> object:
        return revalue(book, now, moves)

    gap = float(np.max(np.abs(revalue(book, now, moves).profit - peer())))
    assert gap <= 1e-13, gap
    cells = f"{OPTIONS:,} options x {SCENARIOS:,} scenarios"
    lines = [
        compare(
            f"{cells}: instruments and surfaces in, table out",
            peer_name="numpy + scipy ndtr, arrays in and out",
            peer=peer,
            own=own,
            required=0.0,
        ),
        compare(
            f"{cells}, the same call",
            peer_name="surface_grid_prices, level only, arrays in and out",
            peer=bare_kernel(held, book, moves),
            own=own,
            required=0.0,
        ),
    ]
    spent, bare = lines[1].own_seconds, lines[1].peer_seconds
    budget = (
        f"- the call: {in_units(spent)}, {in_units(spent - bare)} more than the bare kernel; "
        f"budget on 2 quiet cores {in_units(BUDGET)}"
    )
    gate = [f"profits of all cells less numpy's: {gap:.1e} coins per coin (required: 1e-13)"]
    title = "Revaluation of options under joint scenarios of spot and volatility"
    write_table("option_grid", title, gate, [*table_of(lines), "", budget])


if __name__ == "__main__":
    main()
