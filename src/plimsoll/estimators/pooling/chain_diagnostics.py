r"""Are Markov chains fit to be used: rank-normalised split R-hat, bulk and tail effective size.

Vehtari, Gelman, Simpson, Carpenter and Bürkner, *Rank-normalization, folding and localization: an
improved R-hat for assessing convergence of MCMC*, Bayesian Analysis 16, 2021. Effective size by
Geyer's initial monotone sequence over autocorrelations pooled over chains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from plimsoll.errors import DataFormatError, EstimationError

FloatArray = NDArray[np.float64]

MOST_R_HAT = 1.01
LEAST_EFFECTIVE = 400.0
_TAILS = (0.05, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainDiagnostics:
    """The worst of all parameters.

    Parameters
    ----------
    r_hat : float
        Largest rank-normalised split R-hat, bulk or folded.
    bulk_effective, tail_effective : float
        Smallest effective sample sizes.
    divergences : int
    worst : str
        Parameter with the largest R-hat.
    """

    r_hat: float
    bulk_effective: float
    tail_effective: float
    divergences: int
    worst: str

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong; nothing if the chains may be used."""
        found = []
        if not self.r_hat < MOST_R_HAT:
            found.append(f"R-hat {self.r_hat:.3f} of {self.worst} (must be below {MOST_R_HAT})")
        for name, value in (("bulk", self.bulk_effective), ("tail", self.tail_effective)):
            if not value > LEAST_EFFECTIVE:
                found.append(
                    f"{name} effective size {value:.0f} (must be above {LEAST_EFFECTIVE:.0f})"
                )
        if self.divergences:
            found.append(f"{self.divergences} divergences (must be 0)")
        return tuple(found)

    def demand(self) -> None:
        """Refuse chains that are not fit to be used.

        Raises
        ------
        EstimationError
            With all that is wrong.
        """
        if self.faults:
            raise EstimationError(
                "the chains must have converged",
                found="; ".join(self.faults),
                remedy="draw more, raise the acceptance target, or look at the model",
            )


def chain_diagnostics(draws: Mapping[str, FloatArray], divergences: int) -> ChainDiagnostics:
    """Diagnose draws of shape (chains, draws) or (chains, draws, k) by parameter name.

    Raises
    ------
    DataFormatError
        Fewer than two chains or eight draws, or a draw that is not finite.
    """
    hats: dict[str, float] = {}
    bulk, tail = [], []
    for name, values in draws.items():
        chains = np.asarray(values, dtype=np.float64)
        if chains.ndim < 2 or chains.shape[0] < 2 or chains.shape[1] < 8:
            raise DataFormatError(
                "needs two chains of eight draws or more", found=chains.shape, field=name
            )
        if not np.isfinite(chains).all():
            raise DataFormatError("draws must be finite", field=name)
        columns = chains.reshape(*chains.shape[:2], -1)
        for i in range(columns.shape[2]):
            one = _split(columns[:, :, i])
            hats[f"{name}[{i}]"] = r_hat(one)
            bulk.append(effective_size(_rank_normal(one)))
            tail.append(min(effective_size(_beyond(one, p)) for p in _TAILS))
    worst = max(hats, key=lambda key: hats[key])
    return ChainDiagnostics(
        r_hat=hats[worst],
        bulk_effective=float(min(bulk)),
        tail_effective=float(min(tail)),
        divergences=divergences,
        worst=worst,
    )


def r_hat(chains: FloatArray) -> float:
    """Larger of bulk and folded rank-normalised R-hat of (m, n) chains, already split."""
    folded = np.abs(chains - np.median(chains))
    return max(_potential(_rank_normal(chains)), _potential(_rank_normal(folded)))


def effective_size(chains: FloatArray) -> float:
    """Effective number of draws of (m, n) chains; m times n where nothing varies."""
    m, n = chains.shape
    centred = chains - chains.mean(axis=1, keepdims=True)
    covariance = np.mean(_autocovariance(centred), axis=0)
    within = covariance[0] * n / (n - 1.0)
    if not within > 0.0:
        return float(m * n)
    between = np.var(chains.mean(axis=1), ddof=1) if m > 1 else 0.0
    total = covariance[0] + between
    rho = 1.0 - (within - covariance * n / (n - 1.0)) / total
    rho[0] = 1.0
    pairs = rho[: 2 * (n // 2)].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs < 0.0)
    stop = int(negative[0]) if negative.size else pairs.size
    monotone = np.minimum.accumulate(pairs[:stop])
    time = max(-1.0 + 2.0 * float(monotone.sum()), 1.0 / np.log10(m * n))
    return float(m * n / time)


def _potential(chains: FloatArray) -> float:
    """Scale reduction: pooled over within variance, 1 where nothing varies."""
    n = chains.shape[1]
    within = float(np.mean(np.var(chains, axis=1, ddof=1)))
    between = float(np.var(chains.mean(axis=1), ddof=1))
    if not within > 0.0:
        return 1.0 if not between > 0.0 else np.inf
    return float(np.sqrt((n - 1.0) / n + between / within))


def _split(chains: FloatArray) -> FloatArray:
    """(2m, n / 2): a chain that drifts disagrees with itself."""
    half = chains.shape[1] // 2
    return np.concatenate([chains[:, :half], chains[:, -half:]], axis=0)


def _rank_normal(chains: FloatArray) -> FloatArray:
    ranks = rankdata(chains, method="average").reshape(chains.shape)
    return np.asarray(ndtri((ranks - 0.375) / (chains.size + 0.25)))


def _beyond(chains: FloatArray, probability: float) -> FloatArray:
    return (chains <= np.quantile(chains, probability)).astype(np.float64)


def _autocovariance(centred: FloatArray) -> FloatArray:
    """(m, n) autocovariances by fast Fourier transform, divisor n."""
    n = centred.shape[1]
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(centred, size, axis=1)
    return np.asarray(np.fft.irfft(np.abs(spectrum) ** 2, size, axis=1)[:, :n] / n)
