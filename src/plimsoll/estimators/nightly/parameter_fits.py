r"""Tail shapes and volatility levels, fitted by each market's likelihood and pooled by Bayes.

Volatility level: the log of the root-mean-square return of a bar over the last year, or the life
of a younger market; its error is clustered by day (long-run variance of the daily mean squares).
Tail shape: xi of the generalised Pareto tail of each side, with its sandwich error. The pooled fit
of either is the conjugate normal one of `plimsoll.estimators.pooling.hierarchy`, with class,
capitalisation, turnover and age where known, and the delisted in the sample:

.. math:: \text{Bayes} = x'\beta + \frac{\tau^2}{\tau^2 + v}\,(\text{MLE} - x'\beta).

Where the pooled level is used, forecast volatility and log moves are multiplied by the ratio of the
two levels; where a pooled shape is, the scale of the tail is fitted again, given it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.finding import Reason
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.nightly.market_tails import MarketTails, SideTail
from plimsoll.estimators.nightly.settings import NightlySettings
from plimsoll.estimators.pooling.covariates import MarketCovariates
from plimsoll.estimators.pooling.hierarchy import HierarchicalLevels
from plimsoll.estimators.pooling.student_posterior import FitMethod
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.tails.peaks_over_threshold import FittedTail
from plimsoll.maths.gpd import gpd_log_likelihood

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_LEAST_DAYS = 2
_BETA_REACH = 2.0
"""Logs on either side of the likelihood's scale in which that of another shape is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoFits:
    """One parameter of N markets, fitted twice; NaN where a market has no such fit.

    Parameters
    ----------
    parameter : str
        ``volatility`` (logarithm of the root-mean-square return of a bar), ``tail_shape_falls`` or
        ``tail_shape_rises``.
    mle, mle_error, bayes, bayes_sd : (N,) float64
        Fit and standard error of each market's likelihood; posterior mean and standard deviation.
    used : tuple of N FitMethod or None
        None where there is neither.
    pooled_with : tuple of str
        Covariates that differ among the markets, and so entered.
    reason : Reason or None
        Why nothing could be pooled.
    """

    parameter: str
    mle: FloatArray
    mle_error: FloatArray
    bayes: FloatArray
    bayes_sd: FloatArray
    used: tuple[FitMethod | None, ...]
    pooled_with: tuple[str, ...]
    reason: Reason | None = None

    __repr__ = field_summary

    @property
    def difference(self) -> FloatArray:
        """(N,) Bayes less likelihood, in standard errors of the likelihood's."""
        return np.asarray((self.bayes - self.mle) / self.mle_error)

    @property
    def taken(self) -> BoolArray:
        """(N,) the pooled fit is used."""
        return np.array([method is FitMethod.BAYES for method in self.used], dtype=np.bool_)


def volatility_fits(
    panel: ReturnsPanel,
    first_bar: int,
    covariates: MarketCovariates,
    young: BoolArray,
    settings: NightlySettings,
) -> TwoFits:
    """Fit the volatility level of every market both ways.

    Parameters
    ----------
    panel : ReturnsPanel
    first_bar : int
        Where the recent past begins.
    covariates : MarketCovariates
    young : (N,) bool
        Markets whose numbers come from their peers: pooled unless the settings say otherwise.
    settings : NightlySettings
    """
    squares = np.diff(panel.price[:, max(first_bar - 1, 0) :], axis=1) ** 2
    level, error = _log_levels(squares, panel.bars_per_day)
    return _two_fits("volatility", level, error, covariates, settings.fit.get("volatility"), young)


def shape_fits(
    tails: Sequence[MarketTails], covariates: MarketCovariates, settings: NightlySettings
) -> tuple[TwoFits, TwoFits]:
    """Fit the tail shapes of falls and of rises both ways."""
    asked, nobody = settings.fit.get("tail_shape"), np.zeros(len(tails), dtype=np.bool_)
    found = []
    for name in ("falls", "rises"):
        sides = [getattr(tail, name) for tail in tails]
        xi = np.array([np.nan if s.tail is None else s.tail.xi for s in sides])
        error = np.array([np.nan if s.tail is None else s.xi_error for s in sides])
        found.append(_two_fits(f"tail_shape_{name}", xi, error, covariates, asked, nobody))
    return found[0], found[1]


def with_shapes(
    tails: Sequence[MarketTails], falls: TwoFits, rises: TwoFits
) -> tuple[MarketTails, ...]:
    """Return the tails with the pooled shape where it is used."""
    return tuple(
        replace(tail, falls=_reshaped(tail.falls, falls, j), rises=_reshaped(tail.rises, rises, j))
        for j, tail in enumerate(tails)
    )


def log_adjustment(found: TwoFits, young: BoolArray) -> FloatArray:
    """(N,) log of what forecasts are multiplied by: 0 where a market's usual fit is used."""
    gap = np.nan_to_num(found.bayes - found.mle)
    asked = found.taken
    return np.where(young & ~asked, -gap, np.where(~young & asked, gap, 0.0))


def _two_fits(
    name: str,
    mle: FloatArray,
    error: FloatArray,
    covariates: MarketCovariates,
    asked: FitMethod | None,
    young: BoolArray,
) -> TwoFits:
    known = np.isfinite(mle) & np.isfinite(error) & (error > 0.0)
    rows = np.flatnonzero(known)
    bayes, sd = np.full(mle.size, np.nan), np.full(mle.size, np.nan)
    pooled_with: tuple[str, ...] = ()
    reason = None
    some = _of(covariates, rows)
    try:
        fitted = HierarchicalLevels().fit(mle[rows], error[rows] ** 2, some)
    except InsufficientDataError:
        reason = Reason.TOO_SHORT_HISTORY
    else:
        posterior = fitted.shrunk()
        bayes[rows], sd[rows] = posterior.mean, posterior.sd
        differs = len(set(some.market_class)) > 1
        pooled_with = (*(("class",) if differs else ()), *fitted.design.used)
    usual = [FitMethod.BAYES if one else FitMethod.MLE for one in young]
    used = tuple(
        _used(asked or usual[j], bool(np.isfinite(mle[j])), bool(np.isfinite(bayes[j])))
        for j in range(mle.size)
    )
    return TwoFits(
        parameter=name,
        mle=mle,
        mle_error=error,
        bayes=bayes,
        bayes_sd=sd,
        used=used,
        pooled_with=pooled_with,
        reason=reason,
    )


def _used(wanted: FitMethod, has_mle: bool, has_bayes: bool) -> FitMethod | None:
    """The fit that is wanted; where it is not there the other, as the row says."""
    there = [m for m, has in ((FitMethod.MLE, has_mle), (FitMethod.BAYES, has_bayes)) if has]
    if wanted in there:
        return FitMethod(wanted)
    return there[0] if there else None


def _of(covariates: MarketCovariates, rows: NDArray[np.int64]) -> MarketCovariates:
    def some(column: FloatArray | None) -> FloatArray | None:
        return None if column is None else column[rows]

    return MarketCovariates(
        market_class=tuple(covariates.market_class[j] for j in rows.tolist()),
        market_cap_usd=some(covariates.market_cap_usd),
        daily_volume_usd=some(covariates.daily_volume_usd),
        age_days=some(covariates.age_days),
    )


def _log_levels(squares: FloatArray, per_day: int) -> tuple[FloatArray, FloatArray]:
    """(N,) log root-mean-squares of (N, T) squared returns, and their errors."""
    count = squares.shape[1] // per_day
    kept = squares[:, squares.shape[1] - count * per_day :]
    days = kept.reshape(squares.shape[0], count, per_day)
    there = np.isfinite(days)
    weight = there.sum(axis=2).astype(np.float64)
    total = np.where(there, days, 0.0).sum(axis=2)
    level, error = np.full(weight.shape[0], np.nan), np.full(weight.shape[0], np.nan)
    for j in range(weight.shape[0]):
        held = weight[j] > 0.0
        if held.sum() < _LEAST_DAYS or not total[j].sum() > 0.0:
            continue
        mean = float(total[j].sum() / weight[j].sum())
        score = (total[j] - mean * weight[j])[held]
        level[j] = 0.5 * np.log(mean)
        error[j] = 0.5 * _long_run(score) / (mean * weight[j].sum())
    return level, error


def _long_run(score: FloatArray) -> float:
    """Root of the long-run variance of a sum of daily scores, Bartlett weights to n^(1/3) days."""
    total = float(score @ score)
    lags = int(np.cbrt(score.size))
    for lag in range(1, lags + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * float(score[lag:] @ score[:-lag])
    return float(np.sqrt(max(total, float(score @ score) / score.size)))


def _reshaped(side: SideTail, found: TwoFits, j: int) -> SideTail:
    if side.tail is None or not found.taken[j]:
        return side
    xi, sd = float(found.bayes[j]), float(found.bayes_sd[j])
    slope = side.covariance[:, 0] / side.covariance[0, 0]
    covariance = side.covariance + np.outer(slope, slope) * (sd**2 - side.covariance[0, 0])
    return replace(side, tail=_given_shape(side.tail, xi), covariance=covariance)


def _given_shape(tail: FittedTail, xi: float) -> FittedTail:
    """The tail of that shape and of the scale that is likeliest, given it."""
    excesses = np.array(tail.excesses)
    least = max(-xi * float(excesses.max()) * (1.0 + 1e-9), 1e-300)
    low = max(np.log(tail.beta) - _BETA_REACH, np.log(least))
    searched = minimize_scalar(
        lambda log_beta: -float(gpd_log_likelihood(excesses, xi, float(np.exp(log_beta)))),
        bounds=(low, max(np.log(tail.beta) + _BETA_REACH, low + 1e-6)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    beta = float(np.exp(searched.x))
    return replace(
        tail, xi=xi, beta=beta, log_likelihood=float(gpd_log_likelihood(excesses, xi, beta))
    )
