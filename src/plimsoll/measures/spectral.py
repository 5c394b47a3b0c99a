"""Spectral measures of a sample of losses."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.measures.bootstrap import block_starts, resampled_mass
from plimsoll.measures.result import BlockBootstrap, Convention, Measure
from plimsoll.measures.sample import OrderedSample, ordered_sample
from plimsoll.measures.spectrum import Spectrum
from plimsoll.measures.standard_error import influence_standard_error

Vector = NDArray[np.float64]


def spectral(
    losses: ArrayLike,
    spectrum: Spectrum,
    *,
    weights: ArrayLike | None = None,
    bootstrap: BlockBootstrap | None = None,
) -> Measure:
    """``M = integral of phi(u) VaR_u du`` over the empirical distribution.

    Each ordered loss gets the integral of ``phi`` over its share of tail probability (Acerbi,
    2002), so a spectrum that is a step at ``1 - c`` gives the expected shortfall exactly.

    Parameters
    ----------
    losses, weights, bootstrap
        As in `plimsoll.measures.expected_shortfall`; integer weights act as repetitions.
    spectrum : Spectrum

    Returns
    -------
    Measure
        Its tail count is Kish's effective number of the spectral weights.

    Examples
    --------
    >>> from plimsoll.measures.spectrum import power_spectrum
    >>> round(spectral([1.0, 2.0, 3.0], power_spectrum(1.0)).value, 12)
    2.0
    """
    sample = ordered_sample(losses, weights)
    portion = spectral_weights(sample.mass, spectrum)
    if bootstrap is None:
        slope = np.asarray(spectrum.density(1.0 - sample.shares[1:-1]), dtype=np.float64)
        error = influence_standard_error(sample, slope)
    else:
        error = float(np.nanstd(_replicated(sample, spectrum, bootstrap), ddof=1))
    return Measure(
        value=float(portion @ sample.values),
        standard_error=error,
        tail_count=float(1.0 / np.sum(portion**2)),
        convention=Convention.SPECTRUM,
    )


def spectral_weights(mass: Vector, spectrum: Spectrum) -> Vector:
    """(n,) weight of each ascending loss of the given mass; they add up to one."""
    share = np.concatenate(([0.0], np.cumsum(mass))) / mass.sum()
    share[-1] = 1.0
    area = np.asarray(spectrum.cumulative(1.0 - share), dtype=np.float64)
    out: Vector = area[:-1] - area[1:]
    return out


def _replicated(sample: OrderedSample, spectrum: Spectrum, bootstrap: BlockBootstrap) -> Vector:
    size = sample.values.size
    rank = np.empty(size, dtype=np.int64)
    rank[sample.order] = np.arange(size)
    weights = np.empty(size)
    weights[sample.order] = sample.mass
    starts = block_starts(size, bootstrap)
    out = np.full(bootstrap.replications, np.nan)
    mass = np.empty(size)
    for b in range(bootstrap.replications):
        if resampled_mass(rank, weights, starts[b], bootstrap.block_length, mass) > 0.0:
            out[b] = spectral_weights(mass, spectrum) @ sample.values
    return out
