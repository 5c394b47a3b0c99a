"""Joint arbitrage-free surface fit against scipy, alternately, on generated chains.

The peer minimises the same kind of objective with scipy's trust region and a sparse Jacobian:
residuals in half-spreads with scipy's own robust loss, and squared penalties for g and for the
growth of total variance at the same number of points. It starts from the same shape, and may use
as many evaluations as it likes; it verifies nothing.

Where ``PLIMSOLL_DATA`` names a folder with ``options/deribit_chains_*.parquet``, every real chain
is fitted by itself besides, and all are taken through what `plimsoll surface --all` does.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares
from scipy.sparse import block_diag, csr_matrix, hstack, vstack

from alternate import compare, table_of, write_table
from plimsoll.adapters.chains import read_chains
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import VolSurface
from plimsoll.estimators.surface.arbitrage import arbitrage_report
from plimsoll.estimators.surface.fit import fit_surface, fit_surfaces
from plimsoll.estimators.surface.quality import fit_quality
from plimsoll.estimators.surface.settings import DEFAULTS
from plimsoll.estimators.surface.starts import (
    POINTS,
    common_start,
    fit_input,
    surface_problem,
    usable_rows,
)
from plimsoll.journeys.surface import WORKERS, surfaces
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.maths.surface_fit_curve import raw_of_coordinates
from plimsoll.sandbox.option_chain import option_chains

CHAINS = 20
PENALTY = 100.0
FIT_MS = 25.0
ALL_SECONDS = 15.0
REAL = "deribit_chains_*.parquet"


class Peer:
    """The fit as one would write it with scipy."""

    def __init__(self, quotes: SmileQuotes) -> None:
        wild = np.zeros(len(quotes.chain), dtype=np.bool_)
        given = fit_input(quotes, DEFAULTS, usable_rows(quotes, DEFAULTS, wild), None)
        self.given, self.problem = given, surface_problem(quotes, DEFAULTS, given)
        self.n = given.years.size
        self.expiry = np.repeat(np.arange(self.n), given.quotes)
        self.points = self.problem.points[:, :POINTS]
        self.sparsity = self._sparsity()

    def _sparsity(self) -> csr_matrix:
        """Which expiries each residual depends on."""
        own = [np.ones((count, 5)) for count in self.given.quotes]
        smile = block_diag([np.ones((POINTS, 5))] * self.n)
        pair = block_diag([np.ones((POINTS, 5))] * (self.n - 1))
        none = csr_matrix((POINTS * (self.n - 1), 5))
        return csr_matrix(
            vstack([block_diag(own), smile, hstack([pair, none]) + hstack([none, pair])])
        )

    def residuals(self, flat: np.ndarray) -> np.ndarray:
        raw = raw_of_coordinates(flat.reshape(self.n, 5), self.problem.deviation)
        w, _, _ = _curve(raw[self.expiry], self.problem.k)
        vol = np.sqrt(np.maximum(w, 1e-10) / self.problem.years[self.expiry])
        error = (vol - self.problem.vol) / self.problem.half_spread
        here = _curve(raw[:, None, :], self.points)
        after = _curve(raw[1:, None, :], self.points[:-1])[0]
        w = np.maximum(here[0], 1e-10)
        level = 1.0 - self.points * here[1] / (2.0 * w)
        g = level**2 - here[1] ** 2 / 4.0 * (1.0 / w + 0.25) + here[2] / 2.0
        growth = (after - w[:-1]) / (np.abs(after) + w[:-1])
        broken = [np.minimum(part, 0.0).ravel() * PENALTY for part in (g, growth)]
        return np.concatenate((error, *broken))

    def fit(self) -> np.ndarray:
        found = least_squares(
            self.residuals,
            common_start(self.n).ravel(),
            jac_sparsity=self.sparsity,
            loss="soft_l1",
            max_nfev=100,
        )
        return raw_of_coordinates(found.x.reshape(self.n, 5), self.problem.deviation)

    def inside(self, raw: np.ndarray) -> float:
        w, _, _ = _curve(raw[self.expiry], self.problem.k)
        vol = np.sqrt(w / self.problem.years[self.expiry])
        return float(np.mean(np.abs(vol - self.problem.vol) <= self.problem.half_spread))


def _curve(raw: np.ndarray, k: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b, rho, m, sigma = np.moveaxis(raw, -1, 0)
    z = k - m
    h = np.sqrt(z * z + sigma * sigma)
    return a + b * (rho * z + h), b * (rho + z / h), b * sigma**2 / h**3


def _fitted(quotes: SmileQuotes) -> VolSurface:
    surface = fit_surface(quotes).surface
    assert surface is not None
    return surface


@dataclass(frozen=True, slots=True, kw_only=True)
class RealChains:
    """Times on the real chains: of each fit alone, and of all from files to verdict."""

    fit_ms: np.ndarray
    all_seconds: float
    clean: int
    verdict: str


def real_chains() -> RealChains | None:
    """Fit every real chain by itself in one thread, then all as the command does; None without."""
    folder = Path(os.environ.get("PLIMSOLL_DATA", "absent")) / "options"
    files = sorted(folder.glob(REAL))
    if not files:
        return None
    chains = [prepare_chain(chain) for file in files for chain in read_chains(file)]
    surfaces(files[0])  # loads the compiled kernels
    fit_ms = np.array([_fit_ms(quotes) for quotes in chains])
    start = time.perf_counter()
    found = surfaces(str(folder / REAL))
    seconds = time.perf_counter() - start
    return RealChains(
        fit_ms=fit_ms,
        all_seconds=seconds,
        clean=sum(record.is_clean is True for record in found.records),
        verdict=found.verdict.value,
    )


def _fit_ms(quotes: SmileQuotes) -> float:
    start = time.perf_counter()
    fit_surface(quotes)
    return 1e3 * (time.perf_counter() - start)


def real_lines(real: RealChains | None) -> list[str]:
    """The same as rows; rows of what was not run say so."""
    one = "constrained surface of a whole real chain, from its volatilities to verified smiles"
    every = (
        f"all real chains: read, prepare, fit, judge, {WORKERS} threads, as plimsoll surface --all"
    )
    head = ["| task | median | 95 % | longest | required |", "|---|---|---|---|---|"]
    if real is None:
        none = "not run: PLIMSOLL_DATA names no real chains | - | -"
        return [*head, f"| {one} | {none} | - |", f"| {every} | {none} | - |"]
    middle, late, last = np.quantile(real.fit_ms, (0.5, 0.95, 1.0))
    return [
        *head,
        f"| {one} ({real.fit_ms.size}) | {middle:.1f} ms | {late:.1f} ms | {last:.1f} ms "
        f"| median <= {FIT_MS:g} ms |",
        f"| {every} | {real.all_seconds:.1f} s | - | - | <= {ALL_SECONDS:g} s |",
        "",
        f"Of the latter: {real.clean} of {real.fit_ms.size} surfaces free of arbitrage, verdict of "
        f"all bounds: {real.verdict}.",
    ]


def main() -> None:
    """Gate, timings, table."""
    chains = [prepare_chain(each.chain) for each in option_chains(3, CHAINS)]
    surfaces = [_fitted(quotes) for quotes in chains]
    clean = sum(arbitrage_report(surface).is_clean for surface in surfaces)
    inside = [fit_quality(q, s).judged.inside for q, s in zip(chains, surfaces, strict=True)]
    peer = Peer(chains[0])
    ours, theirs = peer.inside(surfaces[0].raw()), peer.inside(peer.fit())
    assert clean == CHAINS
    assert min(inside) >= 0.98
    assert ours >= theirs
    quotes = chains[0]
    comparisons = [
        compare(
            f"arbitrage-free surface, {peer.n} expiries, {peer.expiry.size} quotes, from the "
            "chain's quotes to verified smiles with covariances",
            peer_name="scipy least_squares, penalties, sparse Jacobian",
            peer=peer.fit,
            own=lambda: fit_surface(quotes),
            own_calls=5,
            rounds=7,
            required=10.0,
        ),
        compare(
            f"the same, {CHAINS} chains, time of one",
            peer_name="scipy, one",
            peer=peer.fit,
            own=lambda: fit_surfaces(chains),
            rounds=5,
            units=CHAINS,
            required=10.0,
        ),
    ]
    gate = [
        "free of arbitrage by the judge's module (arbitrage_report: expiries, midpoints "
        f"and after the last, to infinity): {clean} of {CHAINS} surfaces",
        f"judged quotes inside bid-ask: at least {100.0 * min(inside):.1f} % on each surface",
        f"fitted quotes inside, first chain: {100.0 * ours:.1f} % ours, {100.0 * theirs:.1f} % "
        "scipy (required: no fewer)",
    ]
    real = real_chains()
    lines = [*table_of(comparisons), "", *real_lines(real)]
    write_table("surface", "Joint arbitrage-free surface fit", gate, lines)
    assert real is None or np.median(real.fit_ms) <= FIT_MS
    assert real is None or real.all_seconds <= ALL_SECONDS


if __name__ == "__main__":
    main()
