"""What is measured on paths of exposure: EE, EPE and PFE.

With E(t) the exposure at t on a path, max(V, 0) or what a collateral rule leaves of it:

    EE(t)  = mean of E(t)            expected exposure
    EPE    = time average of EE      expected positive exposure
    PFE(t) = quantile of E(t)        potential future exposure
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposureMeasures:
    """Of K sets over T = steps + 1 times.

    Parameters
    ----------
    expected, expected_error : (K, T) float64
        EE and its standard error.
    potential : (K, Q, T) float64
        PFE by confidence: the order statistic of rank ceil(paths * confidence).
    expected_positive : (K,) float64
        EPE, by the trapezoidal rule.
    """

    expected: FloatArray
    expected_error: FloatArray
    potential: FloatArray
    expected_positive: FloatArray


def exposure_measures(
    exposure: FloatArray, *, confidences: tuple[float, ...] = (0.95, 0.99)
) -> ExposureMeasures:
    """Measure exposures (K, T, paths) over equal steps, as of `simulated_sets`.

    Without collateral they are ``np.maximum(value, 0)``.

    Raises
    ------
    ParameterError
        For fewer than two times or paths, and confidences outside (0, 1).

    Examples
    --------
    >>> found = exposure_measures(np.array([[[0.0, 0.0], [1.0, 3.0]]]), confidences=(0.5,))
    >>> found.expected.tolist(), found.potential.tolist(), found.expected_positive.tolist()
    ([[0.0, 2.0]], [[[0.0, 1.0]]], [1.0])
    """
    if exposure.ndim != 3 or exposure.shape[1] < 2:
        raise ParameterError(
            "must be (sets, times, paths), two times or more",
            found=exposure.shape,
            field="exposure",
        )
    paths = exposure.shape[2]
    if paths < 2 or not all(0.0 < c < 1.0 for c in confidences):
        raise ParameterError(
            "must be two paths or more, and confidences in (0, 1)", found=(paths, confidences)
        )
    expected = exposure.mean(axis=2)
    ranks = [int(np.ceil(round(paths * c, 9))) - 1 for c in confidences]
    ordered = np.partition(exposure, ranks, axis=2)
    middles = 0.5 * (expected[:, 1:] + expected[:, :-1])
    return ExposureMeasures(
        expected=expected,
        expected_error=exposure.std(axis=2, ddof=1) / np.sqrt(paths),
        potential=np.ascontiguousarray(ordered[:, :, ranks].transpose(0, 2, 1)),
        expected_positive=middles.mean(axis=1),
    )
