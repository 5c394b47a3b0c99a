"""Joint arbitrage-free surface fit against scipy, alternately, on generated chains.

The peer minimises the same kind of objective with scipy's trust region and a sparse Jacobian:
residuals in half-spreads with scipy's own robust loss, and squared penalties for g and for the
growth of total variance at the same number of points. It starts from the same shape, and may use
as many evaluations as it likes; it verifies nothing.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares
from scipy.sparse import block_diag, csr_matrix, hstack, vstack

from alternate import compare, table_of, write_table
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
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.maths.surface_fit_curve import raw_of_coordinates
from plimsoll.sandbox.option_chain import option_chains

CHAINS = 20
PENALTY = 100.0


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
        f"free of arbitrage by an independent check (4,001 points, expiries and midpoints): "
        f"{clean} of {CHAINS} surfaces",
        f"judged quotes inside bid-ask: at least {100.0 * min(inside):.1f} % on each surface",
        f"fitted quotes inside, first chain: {100.0 * ours:.1f} % ours, {100.0 * theirs:.1f} % "
        "scipy (required: no fewer)",
    ]
    write_table("surface", "Joint arbitrage-free surface fit", gate, table_of(comparisons))


if __name__ == "__main__":
    main()
