"""Breaches as a two-state chain: the exact law of its transition counts, and paths of it.

A chain with breach rate p in the long run and probability c of a breach after a breach (c = p:
independent) is the alternative of the coverage and independence tests. Of n horizons with x
breaches in r runs there are ``C(x - 1, r - 1) C(n - x - 1, s - 1)`` sequences, s the runs between
(Whitney, Annals of Mathematical Statistics 11, 1940): all tests on transition counts therefore
have an exact size and power, no simulation needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.errors import ParameterError

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]

AFTER_BREACH = 0.20
"""Chance of a breach after a breach in the clustered alternatives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitChain:
    """Breaches with a rate in the long run and another just after a breach.

    Parameters
    ----------
    rate : float
        Share of horizons that breach.
    after_breach : float
        Share of those that follow a breach; ``rate`` for independent breaches.
    """

    rate: float
    after_breach: float

    def __post_init__(self) -> None:
        if not 0.0 < self.rate < 1.0 or not 0.0 < self.after_breach < 1.0:
            raise ParameterError("must lie in (0, 1)", found=(self.rate, self.after_breach))
        if self.after_calm >= 1.0:
            raise ParameterError("no such chain: breaches after calm would be certain")

    @property
    def after_calm(self) -> float:
        """Chance of a breach after none."""
        return self.rate * (1.0 - self.after_breach) / (1.0 - self.rate)

    @property
    def label(self) -> str:
        """The chain in words."""
        if self.after_breach == self.rate:
            return f"breach rate {self.rate:.4g}, independent"
        return f"breach rate {self.rate:.4g}, {self.after_breach:.0%} after a breach"


def independent(rate: float) -> HitChain:
    """Breaches that know nothing of each other."""
    return HitChain(rate=rate, after_breach=rate)


def clustered(rate: float, after_breach: float = AFTER_BREACH) -> HitChain:
    """Breaches of the same rate that come in clusters."""
    return HitChain(rate=rate, after_breach=max(after_breach, min(2.0 * rate, 0.9)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransitionLaw:
    """Every possible set of transition counts of n horizons, with its probability, (K,) each.

    ``breaches`` counts all n horizons; the n.. count the n - 1 pairs.
    """

    breaches: Vector
    n00: Vector
    n01: Vector
    n10: Vector
    n11: Vector
    probability: Vector


def transition_law(observations: int, chain: HitChain) -> TransitionLaw:
    """Exact law of the counts; what lies beyond twelve standard deviations is left out."""
    parts = [_degenerate(observations, chain)]
    x, r = _grid(observations, chain)
    for first in (0, 1):
        for last in (0, 1):
            parts.append(_sequences(observations, chain, x, r, first, last))
    stacked = np.concatenate(parts, axis=1)
    stacked = stacked[:, stacked[5] > 0.0]
    names = ("breaches", "n00", "n01", "n10", "n11", "probability")
    return TransitionLaw(**dict(zip(names, stacked, strict=True)))


def simulate_chain(observations: int, chain: HitChain, paths: int, seed: int) -> Flags:
    """(paths, observations) breaches, started in the long run."""
    uniform = np.random.default_rng(seed).random((observations, paths))
    out = np.empty((observations, paths), dtype=np.bool_)
    out[0] = uniform[0] < chain.rate
    for t in range(1, observations):
        out[t] = uniform[t] < np.where(out[t - 1], chain.after_breach, chain.after_calm)
    return np.ascontiguousarray(out.T)


def _grid(n: int, chain: HitChain) -> tuple[Vector, Vector]:
    """Counts of breaches 1 .. n - 1 that matter, each with its possible numbers of runs."""
    memory = chain.after_breach - chain.after_calm
    spread = math.sqrt(n * chain.rate * (1.0 + max(memory, 0.0)) / (1.0 - max(memory, 0.0)))
    mean = n * chain.rate
    low = max(1, math.floor(mean - 12.0 * spread - 20.0))
    high = min(n - 1, math.ceil(mean + 12.0 * spread + 20.0))
    x = np.arange(low, high + 1)
    runs = np.minimum(x, n - x + 1)
    repeated = np.repeat(x, runs)
    r = np.arange(repeated.size) - np.repeat(np.cumsum(runs) - runs, runs) + 1
    return repeated.astype(np.float64), r.astype(np.float64)


def _sequences(n: int, chain: HitChain, x: Vector, r: Vector, first: int, last: int) -> Vector:
    calm_runs = r + 1.0 - first - last
    usable = (calm_runs >= 1.0) & (calm_runs <= n - x)
    x, r, calm_runs = x[usable], r[usable], calm_runs[usable]
    n01, n10 = r - first, r - last
    n11, n00 = x - r, (n - x) - calm_runs
    log_p = _log_choose(x - 1.0, r - 1.0) + _log_choose(n - x - 1.0, calm_runs - 1.0)
    log_p += math.log(chain.rate if first else 1.0 - chain.rate)
    log_p += special.xlogy(n01, chain.after_calm) + special.xlog1py(n00, -chain.after_calm)
    log_p += special.xlogy(n11, chain.after_breach) + special.xlog1py(n10, -chain.after_breach)
    out: Vector = np.stack((x, n00, n01, n10, n11, np.exp(log_p)))
    return out


def _degenerate(n: int, chain: HitChain) -> Vector:
    """No breach at all, and nothing but breaches."""
    none = math.log1p(-chain.rate) + (n - 1) * math.log1p(-chain.after_calm)
    every = math.log(chain.rate) + (n - 1) * math.log(chain.after_breach)
    rows = [(0, n - 1, 0, 0, 0, math.exp(none)), (n, 0, 0, 0, n - 1, math.exp(every))]
    return np.array(rows, dtype=np.float64).T


def _log_choose(n: Vector, k: Vector) -> Vector:
    out: Vector = special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0)
    return out
