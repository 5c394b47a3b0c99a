"""DCC against numpy and scipy, t copula against copulae, shrinkage against numpy, alternately."""

from __future__ import annotations

import importlib.util

import numpy as np
from scipy import stats

from alternate import Comparison, compare, table_of, write_table
from dependence_peers import fit_dcc
from plimsoll.estimators.dependence import (
    Dcc,
    EwmaCovariance,
    FactorModel,
    TCopula,
    kendall_tau,
    pseudo_observations,
)

SERIES, ROWS = 30, 1500
COPULA_SERIES = 3


def simulate_dcc(seed: int, series: int = SERIES, rows: int = ROWS) -> np.ndarray:
    """Standardised residuals of a DCC with a = 0.03, b = 0.95 about one common factor."""
    rng = np.random.default_rng(seed)
    loadings = rng.uniform(0.4, 0.8, series)
    target = np.outer(loadings, loadings)
    np.fill_diagonal(target, 1.0)
    q, out = target.copy(), np.empty((rows, series))
    for t in range(rows):
        scale = np.sqrt(np.diag(q))
        out[t] = np.linalg.cholesky(q / np.outer(scale, scale)) @ rng.standard_normal(series)
        q = 0.02 * target + 0.03 * np.outer(out[t], out[t]) + 0.95 * q
    return out


def simulate_copula(seed: int) -> np.ndarray:
    """Returns whose copula is a t with 6 degrees of freedom and correlations of 0.5."""
    rng = np.random.default_rng(seed)
    joint = np.linalg.cholesky(0.5 * np.eye(COPULA_SERIES) + 0.5)
    z = rng.standard_normal((ROWS, COPULA_SERIES)) @ joint.T
    return np.asarray(z / np.sqrt(rng.chisquare(6.0, ROWS) / 6.0)[:, None])


def dcc_comparison(gate: list[str]) -> list[Comparison]:
    """Second step of 30 series of 1,500 rows."""
    residuals = simulate_dcc(1)
    model = Dcc()
    own, peer = model.fit_residuals(residuals), fit_dcc(residuals)
    gap = own.log_likelihood - peer.log_likelihood
    assert gap > -1e-6, gap
    gate.append(
        f"DCC log-likelihood less the peer's: {gap:.1e} (required: never below -1e-6); "
        f"evaluations {own.evaluations} (six starts, two climbs) and {peer.evaluations}"
    )
    student = Dcc(innovations="t")
    common = {"peer_name": "numpy + scipy SLSQP", "rounds": 5}
    task = f"DCC second step, {SERIES} series x {ROWS:,} rows"
    return [
        compare(
            task,
            peer=lambda: fit_dcc(residuals),
            own=lambda: model.fit_residuals(residuals),
            required=10.0,
            **common,
        ),
        compare(
            "the same with a t law (peer: normal)",
            peer=lambda: fit_dcc(residuals),
            own=lambda: student.fit_residuals(residuals),
            required=0.0,
            **common,
        ),
    ]


def copula_comparison(gate: list[str]) -> list[Comparison]:
    """Full maximum likelihood against copulae, where it is installed."""
    if importlib.util.find_spec("copulae") is None:
        print("SKIPPED: t copula against copulae (copulae is not installed here)")
        gate.append("t copula against copulae: not run, copulae is not installed")
        return []
    from copulae import TCopula as PeerCopula

    uniforms = pseudo_observations(simulate_copula(2))

    def peer() -> object:
        copula = PeerCopula(dim=COPULA_SERIES)
        copula.fit(uniforms, method="ml", to_pobs=False, verbose=0)
        return copula

    model = TCopula()
    own, found = model.fit_uniforms(uniforms), peer()
    gap = own.log_likelihood - float(found.log_lik(uniforms, to_pobs=False))  # type: ignore[attr-defined]
    assert gap > -1e-6, gap
    gate.append(f"t copula log-likelihood less copulae's: {gap:.1e} (required: not below -1e-6)")
    return [
        compare(
            f"t copula, full ML, {COPULA_SERIES} series x {ROWS:,} rows",
            peer_name="copulae",
            peer=peer,
            own=lambda: model.fit_uniforms(uniforms),
            own_calls=5,
            rounds=7,
            required=10.0,
        )
    ]


def rank_comparison() -> list[Comparison]:
    """Kendall's tau of all pairs of 30 series."""
    returns = simulate_dcc(3)

    def peer() -> None:
        for i in range(SERIES):
            for j in range(i):
                stats.kendalltau(returns[:, i], returns[:, j])

    return [
        compare(
            f"Kendall's tau-b of all pairs of {SERIES} series x {ROWS:,}",
            peer_name="scipy",
            peer=peer,
            own=lambda: kendall_tau(returns),
            rounds=7,
            required=0.0,
        )
    ]


def whole_venue() -> list[Comparison]:
    """300 markets: the factor model against plain least squares, and one bar of the EWMA."""
    panel = simulate_dcc(4, series=300, rows=720)
    stream = EwmaCovariance(decay=0.97).fit(panel[:-1])
    model = FactorModel(leaders=(0, 1), classes=[k % 5 for k in range(300)])

    def peer_factors() -> None:
        for i in range(300):
            np.linalg.lstsq(panel[:, :2], panel[:, i], rcond=None)

    def peer_stream() -> np.ndarray:
        return 0.97 * stream.covariance + 0.03 * np.outer(panel[-1], panel[-1])

    return [
        compare(
            "factor model, 300 markets x 720 rows, t residuals and classes (peer: betas alone)",
            peer_name="numpy lstsq",
            peer=peer_factors,
            own=lambda: model.fit(panel),
            rounds=7,
            required=0.0,
        ),
        compare(
            "EWMA covariance of 300 markets, one more row",
            peer_name="numpy",
            peer=peer_stream,
            own=lambda: stream.update(panel[-1]),
            peer_calls=20,
            own_calls=20,
            required=0.0,
        ),
    ]


def main() -> None:
    """Gate, timings, table."""
    gate = list[str]()
    comparisons = [*dcc_comparison(gate), *copula_comparison(gate)]
    comparisons += [*rank_comparison(), *whole_venue()]
    write_table("dependence", "Dependence: DCC, copulas, factors", gate, table_of(comparisons))


if __name__ == "__main__":
    main()
