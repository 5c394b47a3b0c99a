"""GARCH(1,1)-t: fit and filter + forecast against arch, alternately."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from arch import arch_model

from alternate import Comparison, compare, table_of, write_table
from plimsoll.estimators.volatility import Egarch, Garch, GjrGarch
from plimsoll.maths.garch_fit import FIT_SIZE, LOG_LIKELIHOOD_AT, fit_garch_rows

OBSERVATIONS, BATCH, COMPARED, WORKERS = 2000, 300, 40, 2
MODEL = Garch(persistence_rule="stationary")


def simulate(seed: int) -> np.ndarray:
    """Percent returns of a GARCH(1,1)-t of daily size."""
    rng = np.random.default_rng(seed)
    alpha, beta = rng.uniform(0.05, 0.15), rng.uniform(0.75, 0.84)
    nu, h = rng.uniform(3.0, 8.0), 1.0
    returns = np.empty(OBSERVATIONS)
    for t in range(OBSERVATIONS):
        returns[t] = np.sqrt(h) * rng.standard_t(nu) * np.sqrt((nu - 2.0) / nu)
        h = 1.0 - alpha - beta + alpha * returns[t] ** 2 + beta * h
    return returns


def arch_of(  # type: ignore[no-untyped-def]
    returns: np.ndarray, leverage: int = 0, law: str = "t", kind: str = "GARCH"
):
    """The peer's model of the same specification."""
    return arch_model(returns, vol=kind, p=1, o=leverage, q=1, dist=law, rescale=False)


def family_comparisons(table: np.ndarray) -> tuple[list[Comparison], list[str]]:
    """Models of the slower kernel: skewed t and EGARCH; and how their likelihoods compare."""
    cases = (
        ("GARCH(1,1)-skewt", Garch(innovations="skewt", persistence_rule="stationary"), 0, "skewt"),
        ("EGARCH(1,1)-t", Egarch(persistence_rule="stationary"), 1, "t"),
        (
            "EGARCH(1,1)-skewt",
            Egarch(innovations="skewt", persistence_rule="stationary"),
            1,
            "skewt",
        ),
    )
    rows, gate = [], []
    for name, model, leverage, law in cases:
        kind = "EGARCH" if name.startswith("EGARCH") else "GARCH"

        def peer_fits(leverage: int = leverage, law: str = law, kind: str = kind) -> list[object]:
            return [arch_of(row, leverage, law, kind).fit(disp="off") for row in table[:10]]

        def own_fits(model: Garch | Egarch = model) -> list[object]:
            return [model.fit(row) for row in table[:10]]

        gaps = [o.log_likelihood - p.loglikelihood for o, p in zip(own_fits(), peer_fits())]  # type: ignore[attr-defined] # noqa: B905
        assert min(gaps) > -1e-4, min(gaps)
        gate.append(
            f"{name}: log-likelihood less arch's between {min(gaps):.1e} and {max(gaps):.1e}"
        )
        rows.append(
            compare(
                f"{name} fit, 2,000 observations, one call (mean of 10 series)",
                peer_name="arch",
                peer=peer_fits,
                own=own_fits,
                peer_units=10,
                units=10,
                rounds=7,
                required=0.0,
            )
        )
    return rows, gate


def fit_batch(table: np.ndarray) -> np.ndarray:
    """All rows in two threads."""
    fits = np.empty((len(table), FIT_SIZE))
    edges = np.linspace(0, len(table), 4 * WORKERS + 1).astype(int)
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [
            pool.submit(fit_garch_rows, table, int(a), int(b), False, True, True, 0, 1.0, fits)
            for a, b in pairwise(edges)
        ]
        for job in jobs:
            job.result()
    return fits


def main() -> None:
    """Gate, timings, table."""
    warnings.simplefilter("ignore")
    table = np.array([simulate(seed) for seed in range(BATCH)])
    returns = table[0]
    fits = fit_batch(table)
    peers = [arch_of(row).fit(disp="off") for row in table[:COMPARED]]
    gaps = fits[:COMPARED, LOG_LIKELIHOOD_AT] - [p.loglikelihood for p in peers]
    assert gaps.min() > -1e-6, gaps.min()
    gjr = GjrGarch(persistence_rule="stationary")
    fitted, params = MODEL.fit(returns), peers[0].params.to_numpy()

    def arch_forecast() -> object:
        fixed = arch_of(returns).fix(params)
        return fixed.forecast(horizon=1, reindex=False).variance

    comparisons = [
        compare(
            "GARCH(1,1)-t fit, 2,000 observations, one call (mean of 10 series)",
            peer_name="arch",
            peer=lambda: [arch_of(row).fit(disp="off") for row in table[:10]],
            own=lambda: [MODEL.fit(row) for row in table[:10]],
            peer_units=10,
            units=10,
            own_calls=5,
            rounds=9,
            required=80.0,
        ),
        compare(
            "the same, per fit of a batch of 300 on 2 threads",
            peer_name="arch",
            peer=lambda: [arch_of(row).fit(disp="off") for row in table[:10]],
            own=lambda: fit_batch(table),
            peer_units=10,
            units=BATCH,
            required=80.0,
            rounds=9,
        ),
        compare(
            "GJR(1,1)-t fit, 2,000 observations, one call (mean of 10 series)",
            peer_name="arch",
            peer=lambda: [arch_of(row, 1).fit(disp="off") for row in table[:10]],
            own=lambda: [gjr.fit(row) for row in table[:10]],
            peer_units=10,
            units=10,
            own_calls=5,
            rounds=9,
            required=80.0,
        ),
        compare(
            "filter of 2,000 returns + one-step forecast",
            peer_name="arch",
            peer=arch_forecast,
            own=lambda: fitted.filter(returns)[-1],
            peer_calls=5,
            own_calls=100,
            required=20.0,
        ),
        compare(
            "one more return (update)",
            peer_name="arch",
            peer=arch_forecast,
            own=lambda: fitted.update(0.5),
            peer_calls=5,
            own_calls=100,
            required=0.0,
        ),
    ]
    family, family_gate = family_comparisons(table)
    gate = [
        f"log-likelihood less arch's over {COMPARED} series: between {gaps.min():.1e} and "
        f"{gaps.max():.1e} (required: never below -1e-6)",
        *family_gate,
    ]
    write_table("garch", "GARCH fit and forecast", gate, table_of(comparisons + family))


if __name__ == "__main__":
    main()
