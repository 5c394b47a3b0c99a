"""Black-76 prices, Greeks and scenario grids against vectorised numpy and QuantLib, alternately."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import QuantLib as ql
from numpy.typing import NDArray
from scipy.special import ndtr

from alternate import Comparison, compare, in_units, table_of, write_table
from plimsoll.maths.black76 import price
from plimsoll.maths.black76_greeks import main_greeks
from plimsoll.maths.black76_grid import ScenarioShocks, flat_grid_prices, surface_grid_prices

Vector = NDArray[np.float64]
Columns = tuple[Vector, Vector, Vector, Vector, NDArray[np.bool_]]

OPTIONS, QUANTLIB_OPTIONS = 1_000_000, 5_000
ROWS, SCENARIOS = 2_000, 1_000
BUDGETS = {"flat": 7e-3, "surface": 15e-3}
DENSITY = 0.3989422804014327


def options(count: int) -> Columns:
    """Options as a venue lists them: a day to two years, 10 % to 150 % volatility."""
    rng = np.random.default_rng(1)
    forward = rng.uniform(0.5, 2.0, count) * 50_000.0
    strike = forward * np.exp(rng.normal(size=count) * 0.3)
    tau, sigma = rng.uniform(1.0 / 365.0, 2.0, count), rng.uniform(0.1, 1.5, count)
    return forward, strike, tau, sigma, rng.random(count) < 0.5


def numpy_price(forward: Vector, strike: Vector, deviation: Vector, side: Vector) -> Vector:
    """The textbook formula."""
    d1 = np.log(forward / strike) / deviation + 0.5 * deviation
    return side * (forward * ndtr(side * d1) - strike * ndtr(side * (d1 - deviation)))


def numpy_greeks(columns: Columns, side: Vector) -> tuple[Vector, ...]:
    """Price, delta, gamma, vega and theta of linear options."""
    forward, strike, tau, sigma, _ = columns
    root = np.sqrt(tau)
    deviation = sigma * root
    d1 = np.log(forward / strike) / deviation + 0.5 * deviation
    delta = side * ndtr(side * d1)
    density = DENSITY * np.exp(-0.5 * d1 * d1)
    vega = forward * density * root
    value = forward * delta - side * strike * ndtr(side * (d1 - deviation))
    return value, delta, density / (forward * deviation), vega, -0.5 * vega * sigma / tau


def quantlib_loop(columns: Columns) -> list[float]:
    """One call per option, as Python offers it."""
    sides = [ql.Option.Call if call else ql.Option.Put for call in columns[4]]
    deviations = columns[3] * np.sqrt(columns[2])
    rows = zip(sides, columns[1].tolist(), columns[0].tolist(), deviations.tolist(), strict=True)
    return [ql.blackFormula(*row) for row in rows]


def worst_price_error(columns: Columns) -> float:
    """Against 40 digits, in units of the larger of forward and price."""
    worst = 0.0
    with mp.workdps(40):
        for row, got in zip(zip(*columns, strict=True), price(*columns), strict=True):
            f, k, t, s = (mp.mpf(float(x)) for x in row[:4])
            v, side = s * mp.sqrt(t), 1 if row[4] else -1
            d1 = mp.log(f / k) / v + v / 2
            exact = side * (f * mp.ncdf(side * d1) - k * mp.ncdf(side * (d1 - v)))
            worst = max(worst, float(abs(mp.mpf(float(got)) - exact) / max(f, exact)))
    return worst


def worst_gap(columns: Columns) -> float:
    """Of the five columns against numpy's, each in units of its own largest."""
    side = np.where(columns[4], 1.0, -1.0)
    ours = main_greeks(*columns)
    names = ("price", "delta", "gamma", "vega", "theta")
    theirs = numpy_greeks(columns, side)
    gaps = [
        np.max(np.abs(getattr(ours, name) - peer)) / np.max(np.abs(peer))
        for name, peer in zip(names, theirs, strict=True)
    ]
    return float(max(gaps))


def single_options() -> list[Comparison]:
    """Prices and Greeks of many options, each with its own arguments."""
    columns = options(OPTIONS)
    side = np.where(columns[4], 1.0, -1.0)
    few = tuple(column[:QUANTLIB_OPTIONS] for column in columns)
    prices, kept = np.empty(OPTIONS), main_greeks(*columns)

    def peer_price() -> Vector:
        return numpy_price(columns[0], columns[1], columns[3] * np.sqrt(columns[2]), side)

    return [
        compare(
            "price, 1,000,000 options",
            peer_name="numpy + scipy ndtr",
            peer=peer_price,
            own=lambda: price(*columns, out=prices),
            required=8.0,
        ),
        compare(
            "price, one option of 1,000,000",
            peer_name="QuantLib blackFormula in a loop",
            peer=lambda: quantlib_loop(few),
            own=lambda: price(*columns, out=prices),
            required=50.0,
            units=OPTIONS,
            peer_units=QUANTLIB_OPTIONS,
        ),
        compare(
            "price, delta, gamma, vega, theta, 1,000,000 options",
            peer_name="numpy + scipy ndtr",
            peer=lambda: numpy_greeks(columns, side),
            own=lambda: main_greeks(*columns, out=kept),
            required=10.0,
        ),
        compare(
            "the same into new memory",
            peer_name="numpy + scipy ndtr",
            peer=lambda: numpy_greeks(columns, side),
            own=lambda: main_greeks(*columns),
            required=0.0,
        ),
    ]


def grids() -> dict[str, Comparison]:
    """2,000 options under 1,000 scenarios, prices kept."""
    forward, strike, tau, sigma, is_call = options(ROWS)
    rng = np.random.default_rng(2)
    shocks = ScenarioShocks(
        forward_returns=np.expm1(rng.normal(size=SCENARIOS) * 0.08),
        vol_scale=np.exp(rng.normal(size=SCENARIOS) * 0.2),
    )
    table = np.empty((ROWS, SCENARIOS))
    side = np.where(is_call, 1.0, -1.0)[:, None]
    root = np.sqrt(tau)[:, None]
    smile_of = rng.integers(0, 12, ROWS)
    level = np.linspace(0.005, 0.3, 12)
    smiles = np.column_stack([0.5 * level, 0.4 * level, [-0.3] * 12, [0.02] * 12, [0.3] * 12])

    def peer_flat() -> Vector:
        shocked = forward[:, None] * (1.0 + shocks.forward_returns)
        return numpy_price(shocked, strike[:, None], sigma[:, None] * root * shocks.vol_scale, side)

    def peer_surface() -> Vector:
        shocked = forward[:, None] * (1.0 + shocks.forward_returns)
        a, b, rho, m, s = (column[:, None] for column in smiles[smile_of].T)
        gap = np.log(strike[:, None] / shocked) - m
        variance = a + b * (rho * gap + np.sqrt(gap * gap + s * s))
        return numpy_price(shocked, strike[:, None], np.sqrt(variance) * shocks.vol_scale, side)

    def own_flat() -> Vector:
        return flat_grid_prices(forward, strike, tau, sigma, is_call, shocks=shocks, out=table)

    def own_surface() -> Vector:
        look_up = {"smiles": smiles, "smile_of": smile_of, "shocks": shocks, "out": table}
        return surface_grid_prices(forward, strike, tau, is_call, **look_up)

    for own, peer in ((own_flat, peer_flat), (own_surface, peer_surface)):
        assert np.max(np.abs(own() - peer())) < 1e-9
    cells = "2,000 options x 1,000 scenarios"
    return {
        "flat": compare(
            f"{cells}, flat volatility",
            peer_name="numpy + scipy ndtr",
            peer=peer_flat,
            own=own_flat,
            required=0.0,
        ),
        "surface": compare(
            f"{cells}, SVI look-up per cell",
            peer_name="numpy + scipy ndtr",
            peer=peer_surface,
            own=own_surface,
            required=0.0,
        ),
    }


def main() -> None:
    """Gate, timings, table."""
    error, gap = worst_price_error(options(3_000)), worst_gap(options(100_000))
    assert error <= 1e-15, error
    assert gap <= 1e-12, gap
    gate = [
        f"price of 3,000 options less 40 digits: {error:.1e} of the forward (required: 1e-15)",
        f"price and Greeks of 100,000 options less numpy's: {gap:.1e} of the largest",
        "both grids less numpy's: below 1e-9 on forwards of 25,000 to 100,000",
    ]
    tables = grids()
    lines = table_of([*single_options(), *tables.values()])
    lines.append("")
    for name, budget in BUDGETS.items():
        spent = tables[name].own_seconds
        lines.append(
            f"- {name} grid: {in_units(spent)}, budget on 2 quiet cores {in_units(budget)}"
        )
    write_table("black76", "Black-76 prices, Greeks and scenario grids", gate, lines)


if __name__ == "__main__":
    main()
