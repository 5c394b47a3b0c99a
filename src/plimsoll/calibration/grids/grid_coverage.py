"""Coverage of a candidate by family, with a one-sided bound, and its mean margin.

The breach rate of a family is the mean over its portfolios and snapshots of the weight of the
scenarios whose loss exceeds the margin. Its error is clustered: scenarios of one week move
together, and so do portfolios of one snapshot; both variances are added. The bound is the rate
plus the normal quantile of the stated confidence times the error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from plimsoll.calibration.grids.grid_samples import GridSample
from plimsoll.calibration.grids.portfolios import PortfolioFamily
from plimsoll.calibration.grids.reference_scenarios import ReferenceScenarios
from plimsoll.maths.grid_fit_breaches import add_breaches

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Legs:
    """Two legs of the scenarios: weights (2, S) that sum to 1 each, and clusters (S,)."""

    weight: FloatArray
    cluster: IntArray

    @classmethod
    def of(cls, scenarios: ReferenceScenarios, drawn: FloatArray | None = None) -> Legs:
        """Base and stressed leg; ``drawn`` (S,) multiplies weights, for a bootstrap."""
        times = np.ones(len(scenarios)) if drawn is None else drawn
        weight = np.array(
            [
                scenarios.weight * times * ~scenarios.stressed,
                scenarios.weight * times * scenarios.stressed,
            ]
        )
        total = weight.sum(axis=1, keepdims=True)
        _, cluster = np.unique(scenarios.cluster, return_inverse=True)
        return cls(
            weight=np.divide(weight, total, out=np.zeros_like(weight), where=total > 0.0),
            cluster=cluster.astype(np.int64),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamilyCoverage:
    """F families of one scope.

    Parameters
    ----------
    families : tuple of F PortfolioFamily
    base, stressed : (F,) float64
        Breach rates of the two legs.
    bound : (F,) float64
        One-sided upper bound of ``base``.
    margin : (F,) float64
        Mean margin, dollars.
    names : tuple of P str
        Portfolios of the scope.
    own : (P,) float64
        Breach rate of each in the base leg.
    """

    families: tuple[PortfolioFamily, ...]
    base: FloatArray
    stressed: FloatArray
    bound: FloatArray
    margin: FloatArray
    names: tuple[str, ...]
    own: FloatArray


def family_coverage(
    samples: Sequence[GridSample],
    margins: Sequence[FloatArray],
    legs: Legs,
    *,
    confidence: float,
    share: FloatArray | None = None,
) -> FamilyCoverage:
    """Judge a candidate's margins.

    Parameters
    ----------
    samples : sequence of N GridSample
    margins : sequence of N (P,) float64
    legs : Legs
    confidence : float
        Of the one-sided bound.
    share : (N,) float64 or None
        Weight of each snapshot, summing to 1; None: equal ones.
    """
    weight = np.full(len(samples), 1.0 / len(samples)) if share is None else share
    found = [_hits(s, m, legs) for s, m in zip(samples, margins, strict=True)]
    hits = np.array([by_family for by_family, _ in found])  # (N, F, S)
    by_scenario = np.tensordot(weight, hits, axes=1)
    base, stressed = by_scenario @ legs.weight[0], by_scenario @ legs.weight[1]
    apart = (by_scenario - base[:, None]) * legs.weight[0]
    sums = np.zeros((legs.cluster.max() + 1, apart.shape[0]))
    np.add.at(sums, legs.cluster, apart.T)
    by_snapshot = hits @ legs.weight[0] - base
    variance = (sums**2).sum(axis=0) + (weight[:, None] ** 2 * by_snapshot**2).sum(axis=0)
    mean = [_means(s, m) for s, m in zip(samples, margins, strict=True)]
    names, rates = _by_name(samples, [rate for _, rate in found], weight)
    return FamilyCoverage(
        families=samples[0].families,
        base=base,
        stressed=stressed,
        bound=base + float(ndtri(confidence)) * np.sqrt(variance),
        margin=weight @ np.array(mean),
        names=names,
        own=rates,
    )


def _hits(sample: GridSample, margin: FloatArray, legs: Legs) -> tuple[FloatArray, FloatArray]:
    """(F, S) share of each family's portfolios that lose more than their margin; (P,) rates."""
    hits = np.zeros((len(sample.families), legs.cluster.size))
    rate = np.empty(margin.size)
    share = 1.0 / sample.count[sample.family]
    losses, scenario = sample.losses, sample.scenario
    add_breaches(losses, scenario, margin, sample.family, share, legs.weight[0], hits, rate)
    return hits, rate


def _means(sample: GridSample, margin: FloatArray) -> FloatArray:
    """(F,) mean margin of each family."""
    return np.asarray(np.bincount(sample.family, weights=margin) / sample.count, dtype=np.float64)


def _by_name(
    samples: Sequence[GridSample], rates: Sequence[FloatArray], weight: FloatArray
) -> tuple[tuple[str, ...], FloatArray]:
    """Mean breach rate of each portfolio over the snapshots that have it."""
    total: dict[str, float] = {}
    held: dict[str, float] = {}
    for sample, rate, share in zip(samples, rates, weight.tolist(), strict=True):
        for name, own in zip(sample.library.names, rate.tolist(), strict=True):
            total[name] = total.get(name, 0.0) + share * own
            held[name] = held.get(name, 0.0) + share
    known = [name for name in total if held[name] > 0.0]
    return tuple(known), np.array([total[name] / held[name] for name in known])
