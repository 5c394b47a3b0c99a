"""Joint filtered history and exposure paths against vectorised numpy, alternately."""

from __future__ import annotations

import numpy as np

from alternate import compare, table_of, write_table
from plimsoll.maths.path_rows import drawn_rows, stratified_rows
from plimsoll.scenarios.exposure_paths import (
    AssetDynamics,
    NettingPositions,
    annual_variance,
    simulated_sets,
)
from plimsoll.scenarios.exposure_paths_measures import exposure_measures
from plimsoll.scenarios.joint_history import (
    PriceRows,
    Simulation,
    VarianceRecursion,
    filtered_panel,
    joint_scenarios,
)
from plimsoll.scenarios.joint_history.recursion import columns_of, horizon_variance
from plimsoll.scenarios.joint_history.streams import stream_seed

HOUR = 3_600 * 10**9
MARKETS, BARS, COUNT = 300, 8_760, 1_000
ASSETS, STEPS, PATHS = 20, 100, 10_000
GARCH = VarianceRecursion(omega=1e-6, alpha=0.06, beta=0.93)


def market_prices() -> PriceRows:
    """A year of hourly prices of 300 markets: t4 returns with one factor."""
    rng = np.random.default_rng(1)
    returns = 0.007 * (
        rng.standard_t(4, (BARS, 1)) + rng.standard_t(4, (BARS, MARKETS)).astype(np.float64)
    )
    return PriceRows(
        subjects=tuple(f"C{j}" for j in range(MARKETS)),
        close_ns=HOUR * np.arange(BARS + 1, dtype=np.int64),
        log_prices=np.concatenate([np.zeros((1, MARKETS)), np.cumsum(returns, axis=0)]),
        listed=np.ones(MARKETS, dtype=np.bool_),
    )


PANEL = filtered_panel(market_prices(), GARCH)


def numpy_recursion(horizon: int) -> np.ndarray:
    """Paths and their mirror images, all markets and paths of a bar at once."""
    seed = stream_seed(1, "paths")
    rows = drawn_rows(np.arange(1.0, BARS + 1), seed, COUNT // 2, horizon, 1)
    rows = np.tile(rows, (2, 1))
    sign = np.repeat([1.0, -1.0], COUNT // 2)[:, None]
    variance, total = np.tile(PANEL.variance_next, (COUNT, 1)), np.zeros((COUNT, MARKETS))
    for k in range(horizon):
        then = PANEL.volatility[rows[:, k]]
        scale = np.clip(np.sqrt(variance), 0.5 * then, 3.0 * then)
        shock = sign * PANEL.residuals[rows[:, k]] * scale
        total += shock
        variance = GARCH.omega + GARCH.alpha * shock**2 + GARCH.beta * variance
    return np.expm1(total)


def numpy_overlap(horizon: int) -> np.ndarray:
    """Windows by adding up their rows: faster here than running sums over the whole year."""
    count = BARS - horizon + 1
    starts = stratified_rows(np.arange(1.0, count + 1), stream_seed(1, "windows"), COUNT // 2)
    moves = np.zeros((starts.size, MARKETS))
    for k in range(horizon):
        moves += PANEL.returns[starts + k]
    constant, slope = horizon_variance(columns_of([GARCH]), horizon)
    then = constant + slope * PANEL.volatility[starts] ** 2
    moves *= np.clip(np.sqrt((constant + slope * PANEL.variance_next) / then), 0.5, 3.0)
    return np.expm1(np.concatenate([moves, -moves]))


def exposure_case(**fields: object) -> tuple[AssetDynamics, NettingPositions]:
    """20 assets, correlated by one half, in one netting set."""
    rng = np.random.default_rng(2)
    spot, quantity = np.full(ASSETS, 100.0), rng.normal(size=(1, ASSETS))
    model = AssetDynamics(
        subjects=tuple(f"A{j}" for j in range(ASSETS)),
        spot=spot,
        variance=annual_variance(np.full(ASSETS, 0.6), 24.0),
        correlation=0.5 * np.eye(ASSETS) + 0.5,
        **fields,  # type: ignore[arg-type]
    )
    positions = NettingPositions(names=("set",), quantity=quantity, cash=-quantity @ spot)
    return model, positions


def numpy_exposure(model: AssetDynamics, positions: NettingPositions) -> np.ndarray:
    """Values of the set step by step, all paths at once."""
    rng, nu = np.random.default_rng(0), model.degrees_of_freedom
    root = np.linalg.cholesky(model.correlation)
    logs, variance = np.zeros((PATHS, ASSETS)), np.tile(model.variance, (PATHS, 1))
    values = np.zeros((STEPS + 1, PATHS))
    for step in range(STEPS):
        e = rng.standard_normal((PATHS, ASSETS)) @ root.T
        if np.isfinite(nu):
            e *= np.sqrt((nu - 2.0) / rng.chisquare(nu, PATHS))[:, None]
        shock = np.sqrt(variance) * e
        logs += shock - 0.5 * variance
        if model.recursions is not None:
            variance = GARCH.omega + GARCH.alpha * shock**2 + GARCH.beta * variance
        values[step + 1] = (model.spot * np.exp(logs)) @ positions.quantity[0] + positions.cash[0]
    return values


def simulated(model: AssetDynamics, positions: NettingPositions) -> np.ndarray:
    """Our values and exposures."""
    return simulated_sets(model, positions, steps=STEPS, paths=PATHS, seed=1).value


def gate() -> list[str]:
    """Equality with the peers where the draws are the same, in law where they are not."""
    lines = []
    for horizon in (8, 24):
        for method, peer in (("recursion", numpy_recursion), ("overlap", numpy_overlap)):
            given = Simulation(horizon_bars=horizon, method=method, count=COUNT, seed=1)
            gap = np.abs(joint_scenarios(PANEL, given).scenarios.shocks - peer(horizon)).max()
            assert gap < 1e-9, gap
            lines.append(f"{method}, {horizon} bars: largest difference from numpy {gap:.1e}")
    for name, fields in EXPOSURES.items():
        model, positions = exposure_case(**fields)
        own, peer_values = (f(model, positions)[-1].std() for f in (_last, numpy_exposure))
        assert abs(own / peer_values - 1.0) < 0.05, (own, peer_values)
        lines.append(f"exposure, {name}: deviation at the end / numpy's {own / peer_values:.3f}")
    return lines


def _last(model: AssetDynamics, positions: NettingPositions) -> np.ndarray:
    return simulated(model, positions)[0]


EXPOSURES: dict[str, dict[str, object]] = {
    "normal": {},
    "t5": {"degrees_of_freedom": 5.0},
    "GARCH": {"recursions": (GARCH,) * ASSETS},
    "GARCH and t5": {"recursions": (GARCH,) * ASSETS, "degrees_of_freedom": 5.0},
}


def main() -> None:
    """Gate, timings, table."""
    lines, rows = gate(), []
    for horizon in (8, 24):
        for method, peer in (
            ("recursion", numpy_recursion),
            ("overlap", numpy_overlap),
        ):
            given = Simulation(horizon_bars=horizon, method=method, count=COUNT, seed=1)
            rows.append(
                compare(
                    f"joint FHS, {method}, {horizon} bars, {MARKETS} x {COUNT:,}, a set with names",
                    peer_name=f"numpy ({peer.__name__.removeprefix('numpy_')})",
                    peer=lambda peer=peer, horizon=horizon: peer(horizon),
                    own=lambda given=given: joint_scenarios(PANEL, given),
                    required=0.0,
                )
            )
    for name, fields in EXPOSURES.items():
        model, positions = exposure_case(**fields)
        rows.append(
            compare(
                f"exposure paths, {name}, {PATHS:,} x {STEPS} x {ASSETS}, collateral included",
                peer_name="numpy, values alone",
                peer=lambda m=model, p=positions: numpy_exposure(m, p),
                own=lambda m=model, p=positions: simulated(m, p),
                required=4.0,
                rounds=9,
            )
        )
    values = np.maximum(simulated(*exposure_case()), 0.0)
    rows.append(
        compare(
            "EE, EPE, PFE at two levels of those paths",
            peer_name="numpy quantile",
            peer=lambda: (values.mean(axis=2), np.quantile(values, [0.95, 0.99], axis=2)),
            own=lambda: exposure_measures(values),
            required=0.0,
            rounds=9,
        )
    )
    write_table("joint_history", "Joint filtered history and exposure paths", lines, table_of(rows))


if __name__ == "__main__":
    main()
