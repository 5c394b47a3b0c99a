"""Linear shrinkage of a sample covariance, its intensity in closed form.

    S* = d T + (1 - d) S,   0 <= d <= 1,   S with divisor n, columns centred

Ledoit and Wolf (2004, Journal of Multivariate Analysis 88) for the target mean variance times
identity; Ledoit and Wolf (2004, Journal of Portfolio Management 30) for the target of constant
correlation; Chen, Wiesel, Eldar and Hero (2010) for OAS.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def scaled_identity_intensity(centred: Matrix, covariance: Matrix) -> float:
    """Ledoit and Wolf's intensity towards ``tr(S) / N`` times identity.

    Parameters
    ----------
    centred : ndarray, shape (n, N)
        Columns less their means.
    covariance : ndarray, shape (N, N)
        Of divisor n.
    """
    rows, n = centred.shape
    mean = float(np.trace(covariance)) / n
    distance = (float(np.sum(covariance * covariance)) - n * mean * mean) / n
    if distance <= 0.0:
        return 1.0
    fourth = float(np.sum((centred * centred).sum(axis=1) ** 2)) / rows
    noise = (fourth - float(np.sum(covariance * covariance))) / (rows * n)
    return _share(noise, distance)


def constant_correlation_intensity(centred: Matrix, covariance: Matrix) -> tuple[float, Matrix]:
    """Ledoit and Wolf's intensity towards constant correlation, and that target (N, N)."""
    rows, n = centred.shape
    sigma = np.sqrt(np.diag(covariance))
    if n < 2:
        return 0.0, covariance.copy()
    total = float(np.sum(covariance / np.outer(sigma, sigma)))
    mean = (total - n) / (n * (n - 1))
    target = mean * np.outer(sigma, sigma)
    np.fill_diagonal(target, sigma * sigma)
    distance = float(np.sum((covariance - target) ** 2))
    if distance <= 1e-30 * float(np.sum(covariance**2)):
        return 1.0, target
    squares = centred * centred
    asymptotic = squares.T @ squares / rows - covariance * covariance
    cubes = (centred**3).T @ centred / rows - (sigma * sigma)[:, None] * covariance
    np.fill_diagonal(cubes, 0.0)
    shared = float(np.trace(asymptotic)) + mean * float(
        np.sum(cubes * (sigma[None, :] / sigma[:, None]))
    )
    return _share(float(asymptotic.sum()) - shared, distance * rows), target


def oracle_intensity(rows: int, covariance: Matrix) -> float:
    """Intensity of OAS towards ``tr(S) / N`` times identity, for normal data of ``rows`` rows."""
    n = covariance.shape[0]
    mean = float(np.trace(covariance)) / n
    square = float(np.mean(covariance * covariance))
    distance = (rows + 1.0) * (square - mean * mean / n)
    if distance <= 0.0:
        return 1.0
    return float(min((square + mean * mean) / distance, 1.0))


def blended(covariance: Matrix, target: Matrix, intensity: float) -> Matrix:
    """``intensity`` of the target and the rest of the covariance."""
    out: Matrix = intensity * target + (1.0 - intensity) * covariance
    return out


def scaled_identity(covariance: Matrix) -> Matrix:
    """Mean variance times identity."""
    n = covariance.shape[0]
    out: Matrix = np.eye(n) * (float(np.trace(covariance)) / n)
    return out


def shrunk_correlation(target: Matrix, residuals: Matrix) -> Matrix:
    """``target`` with its correlations drawn to zero by Ledoit and Wolf's intensity.

    Standardised residuals (n, N) with NaN as holes; a hole counts as zero. The intensity is kept
    above 1e-4, so that the result is definite also for columns that are the same.
    """
    seen = ~np.isnan(residuals)
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, residuals, 0.0).sum(axis=0) / count
    centred = np.where(seen, residuals - mean, 0.0)
    deviation = np.sqrt((centred * centred).sum(axis=0) / count)
    centred = centred / np.where(deviation > 0.0, deviation, 1.0)
    rows = centred.shape[0]
    intensity = max(scaled_identity_intensity(centred, centred.T @ centred / rows), 1e-4)
    out = (1.0 - intensity) * target
    np.fill_diagonal(out, np.diag(target))
    return np.asarray(out, dtype=np.float64)


def _share(noise: float, distance: float) -> float:
    return min(max(noise / distance, 0.0), 1.0)
