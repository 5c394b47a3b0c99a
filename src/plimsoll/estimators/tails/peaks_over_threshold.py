"""Generalised Pareto tail of losses or scaled losses beyond a threshold.

Threshold: the type-7 quantile of the sample at ``1 - tail_fraction``; exceedances lie strictly
above it. Quantile and shortfall after McNeil and Frey (2000); see :mod:`plimsoll.maths.gpd`.
Declustered, only the largest loss of each cluster is fitted, while the share of losses above the
threshold is still that of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.observations import Vector, as_observations, read_only
from plimsoll.estimators.tails.clusters import cluster_peaks
from plimsoll.estimators.tails.likelihood_errors import ErrorKind
from plimsoll.estimators.tails.pareto_errors import pareto_covariance, quantile_slopes
from plimsoll.estimators.tails.pareto_limits import check_mean_exists, check_within_tail
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.gpd import (
    gpd_exceedance_probability,
    gpd_fit_pwm,
    gpd_log_likelihood,
    gpd_tail_quantile,
    gpd_tail_shortfall,
    rows_above,
    upper_tail,
)
from plimsoll.maths.gpd_fit import gpd_fit_mle

TailMethod = Literal["mle", "pwm"]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeaksOverThreshold:
    """Peaks over threshold.

    Parameters
    ----------
    tail_fraction : float
        Share of the sample above the threshold, in (0, 0.5].
    method : {"mle", "pwm"}
        Maximum likelihood, or unbiased probability-weighted moments (steadier below about
        100 exceedances; needs ``xi < 1``).
    minimum_exceedances : int
        Fewer exceedances, or clusters of them, are refused.
    run_length : int
        Losses at or below the threshold in a row that part two clusters; 0 fits every exceedance.

    Examples
    --------
    >>> import numpy as np
    >>> tail = PeaksOverThreshold().fit(np.random.default_rng(3).standard_t(4, 5000))
    >>> tail.exceedances
    250
    >>> tail.quantile(0.999) > tail.quantile(0.99) > tail.threshold
    True
    """

    tail_fraction: float = 0.05
    method: TailMethod = "mle"
    minimum_exceedances: int = 30
    run_length: int = 0

    def __post_init__(self) -> None:
        check_choice(self.method, TailMethod, field="method")
        if not 0.0 < self.tail_fraction <= 0.5:
            raise ParameterError(
                "must lie in (0, 0.5]", found=self.tail_fraction, field="tail_fraction"
            )
        if self.run_length < 0:
            raise ParameterError("must not be negative", found=self.run_length, field="run_length")

    def fit(self, losses: ArrayLike) -> FittedTail:
        """Fit the upper tail of ``losses`` (positive = loss), shape (n,).

        Raises
        ------
        InsufficientDataError
            Fewer exceedances than ``minimum_exceedances``.
        EstimationError
            No interior maximum of the likelihood (try ``"pwm"``), or equal exceedances.
        """
        sample = as_observations(losses, minimum=20, name="losses")
        threshold, excesses = upper_tail(np.sort(sample), self.tail_fraction)
        above = rows_above(sample, threshold, excesses.size)
        peaks = cluster_peaks(sample, above, self.run_length) if self.run_length else above
        if peaks.size < self.minimum_exceedances:
            what = "clusters of exceedances" if self.run_length else "exceedances"
            raise InsufficientDataError(
                f"at least {self.minimum_exceedances} {what} are needed",
                found=int(peaks.size),
                remedy="use a longer history or a larger tail fraction",
                field="losses",
            )
        rows = peaks[np.argsort(sample[peaks])]
        if self.run_length:
            excesses = sample[rows] - threshold
        xi, beta = self._shape_and_scale(excesses)
        rows.setflags(write=False)
        return FittedTail(
            method=self.method,
            threshold=float(threshold),
            xi=xi,
            beta=beta,
            log_likelihood=float(gpd_log_likelihood(excesses, xi, beta)),
            observations=sample.size,
            exceedances=int(above.size),
            excesses=read_only(excesses),
            rows=rows,
        )

    def _shape_and_scale(self, excesses: Vector) -> tuple[float, float]:
        if self.method == "pwm":
            xi, beta = gpd_fit_pwm(excesses)
        else:
            xi, beta, _ = gpd_fit_mle(excesses)
        if not np.isfinite(xi):
            raise EstimationError(
                "the Pareto tail must be determined by the exceedances",
                found=f"no {self.method} solution with xi above -1",
                remedy='use method "pwm", a larger tail fraction, or look for equal values',
            )
        return float(xi), float(beta)

    def stability(self, losses: ArrayLike, tail_fractions: ArrayLike) -> tuple[FittedTail, ...]:
        """The fit at each of ``tail_fractions``: a usable threshold leaves xi about level."""
        fractions = np.atleast_1d(np.asarray(tail_fractions, dtype=np.float64))
        models = (
            PeaksOverThreshold(
                tail_fraction=float(f),
                method=self.method,
                minimum_exceedances=self.minimum_exceedances,
                run_length=self.run_length,
            )
            for f in fractions
        )
        return tuple(model.fit(losses) for model in models)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedTail:
    """A generalised Pareto tail: ``xi`` shape, ``beta`` scale, both above ``threshold``.

    ``excesses`` are those fitted, ascending, and ``rows`` their rows in the sample; declustered
    there are fewer of them than ``exceedances``.
    """

    method: TailMethod
    threshold: float
    xi: float
    beta: float
    log_likelihood: float
    observations: int
    exceedances: int
    excesses: Vector
    rows: Index

    @property
    def variance_is_infinite(self) -> bool:
        """``xi > 0.5``: prefer value-at-risk with a stress scenario to expected shortfall."""
        return self.xi > 0.5

    @property
    def tail_share(self) -> float:
        """Exceedances over observations."""
        return self.exceedances / self.observations

    def quantile(self, confidence: float) -> float:
        """Loss not exceeded with ``confidence``.

        Raises
        ------
        ParameterError
            ``confidence`` lies below the threshold, where the tail says nothing, or is not
            below 1.
        """
        self._check(confidence)
        return float(
            gpd_tail_quantile(self.threshold, self.xi, self.beta, self.tail_share, confidence)
        )

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss beyond the quantile.

        Raises
        ------
        EstimationError
            ``xi >= 1``: the tail has no mean.
        """
        check_mean_exists(self.xi)
        quantile = self.quantile(confidence)
        return float(gpd_tail_shortfall(self.threshold, self.xi, self.beta, quantile))

    def exceedance_probability(self, loss: float) -> float:
        """Probability of a loss above ``loss``, which must not lie below the threshold.

        Raises
        ------
        ParameterError
        """
        if not loss >= self.threshold:
            raise ParameterError(
                f"must not lie below the threshold {self.threshold:.6g}",
                found=loss,
                remedy="ask the empirical distribution, or fit a larger tail fraction",
                field="loss",
            )
        return self.tail_share * float(
            gpd_exceedance_probability(loss - self.threshold, self.xi, self.beta)
        )

    def standard_errors(
        self,
        kind: ErrorKind = "information",
        *,
        block_length: int = 1,
        replicates: int = 200,
        seed: int = 0,
    ) -> tuple[float, float]:
        """Standard errors of xi and beta; the threshold is taken as given.

        Parameters
        ----------
        kind : {"information", "sandwich", "block_bootstrap"}
            Observed information or the sandwich (maximum likelihood only), or refits of
            circular-block resamples (either method).
        block_length : int
            Consecutive observations kept together by sandwich and bootstrap, 1 for independent
            ones; the exceedances of a block are those of its rows.
        replicates, seed : int
            Of the bootstrap.

        Raises
        ------
        ParameterError, EstimationError
        """
        errors = np.sqrt(np.diag(self._covariance(kind, block_length, replicates, seed)))
        return float(errors[0]), float(errors[1])

    def quantile_standard_error(
        self,
        confidence: float,
        kind: ErrorKind = "information",
        *,
        block_length: int = 1,
        replicates: int = 200,
        seed: int = 0,
    ) -> float:
        """Delta-method standard error of :meth:`quantile`.

        It counts the error of xi, beta and of the share of exceedances; the threshold is taken
        as given. "information" takes exceedances as independent; for dependent or overlapping
        values use another kind with blocks, or
        :func:`plimsoll.estimators.horizon.bootstrap.bootstrap_standard_error`.
        """
        self._check(confidence)
        covariance = self._covariance(kind, block_length, replicates, seed)
        slope = quantile_slopes(
            self.threshold, np.array([self.xi, self.beta, self.tail_share]), confidence
        )
        return float(np.sqrt(slope @ covariance @ slope))

    def covariance(
        self,
        kind: ErrorKind = "information",
        *,
        block_length: int = 1,
        replicates: int = 200,
        seed: int = 0,
    ) -> Matrix:
        """Covariance (3, 3) of xi, beta and the share of exceedances; as standard_errors."""
        return self._covariance(kind, block_length, replicates, seed)

    def _covariance(self, kind: ErrorKind, block_length: int, replicates: int, seed: int) -> Matrix:
        return pareto_covariance(
            kind,
            method=self.method,
            excesses=np.array(self.excesses),
            rows=self.rows,
            shape=self.xi,
            scale=self.beta,
            exceedances=self.exceedances,
            observations=self.observations,
            block_length=block_length,
            replicates=replicates,
            seed=seed,
        )

    def _check(self, confidence: float) -> None:
        check_within_tail(
            confidence, self.tail_share, start="threshold", wider="fit a larger tail fraction"
        )
