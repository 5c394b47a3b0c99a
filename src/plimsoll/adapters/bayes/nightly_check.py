"""How far the fast pooled levels are from the full posterior, market by market: a nightly check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.bayes.hierarchical_posterior import HierarchicalPosterior, PosteriorSampler
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.pooling.chain_diagnostics import ChainDiagnostics
from plimsoll.estimators.pooling.covariates import MarketCovariates
from plimsoll.estimators.pooling.hierarchy import FittedLevels
from plimsoll.estimators.tails.student_t import StudentT

FloatArray = NDArray[np.float64]

MOST_DIFFERENCE_SD = 1.0
MOST_SD_RATIO = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelDifference:
    """One market's log scale, fast and full.

    Parameters
    ----------
    market : str
    fast, fast_sd, full, full_sd : float
    """

    market: str
    fast: float
    fast_sd: float
    full: float
    full_sd: float

    @property
    def difference_sd(self) -> float:
        """Fast less full, in standard deviations of the full posterior."""
        return (self.fast - self.full) / self.full_sd

    @property
    def agrees(self) -> bool:
        """Within one standard deviation, and sure to a like degree."""
        ratio = self.fast_sd / self.full_sd
        close = abs(self.difference_sd) <= MOST_DIFFERENCE_SD
        return close and 1.0 / MOST_SD_RATIO <= ratio <= MOST_SD_RATIO


@dataclass(frozen=True, slots=True, kw_only=True)
class NightlyCheck:
    """Differences of all markets, and the chains they rest on."""

    differences: tuple[LevelDifference, ...]
    between_sd_fast: float
    between_sd_full: float
    diagnostics: ChainDiagnostics

    @property
    def passed(self) -> bool:
        """Every market agrees."""
        return all(d.agrees for d in self.differences)

    def table(self) -> Table:
        """The differences for people."""
        number = ColumnKind.NUMBER
        return Table(
            name="bayes_check",
            title="Pooled levels: fast approximation against the full posterior",
            columns=(
                Column(name="market", title="Market"),
                Column(name="fast", title="ln scale, fast", kind=number, digits=3),
                Column(name="fast_sd", title="s.d.", kind=number, digits=3),
                Column(name="full", title="ln scale, full", kind=number, digits=3),
                Column(name="full_sd", title="s.d.", kind=number, digits=3),
                Column(name="difference_sd", title="Difference", kind=number, unit="s.d."),
                Column(name="agrees", title="Agrees", kind=ColumnKind.FLAG),
            ),
            rows=tuple(
                (d.market, d.fast, d.fast_sd, d.full, d.full_sd, d.difference_sd, d.agrees)
                for d in self.differences
            ),
            notes=(
                f"Spread between markets: {self.between_sd_fast:.3f} fast, "
                f"{self.between_sd_full:.3f} full.",
                f"R-hat at most {self.diagnostics.r_hat:.4f}; effective draws at least "
                f"{self.diagnostics.bulk_effective:.0f} (bulk) and "
                f"{self.diagnostics.tail_effective:.0f} (tail); "
                f"{self.diagnostics.divergences} divergences.",
            ),
        )


def fast_levels(
    returns: Sequence[FloatArray],
    covariates: MarketCovariates | None,
    sampler: PosteriorSampler,
    markets: Sequence[str],
) -> FittedLevels:
    """Pool the Student-t scales of the markets by empirical Bayes."""
    fits = [StudentT().fit(values[~np.isnan(values)]) for values in returns]
    levels = np.log([fit.scale for fit in fits])
    variance = np.array([(fit.scale_error / fit.scale) ** 2 for fit in fits])
    return sampler.levels.fit(levels, variance, covariates, markets=markets)


def check_fast_levels(
    returns: Sequence[FloatArray],
    *,
    markets: Sequence[str],
    seed: int,
    covariates: MarketCovariates | None = None,
    sampler: PosteriorSampler | None = None,
) -> NightlyCheck:
    """Fit both ways and report the differences.

    Raises
    ------
    UsageError, EstimationError
        The extra is missing, or the chains have not converged.
    """
    if len(markets) != len(returns):
        raise InsufficientDataError(
            "each market must have returns",
            found=f"{len(markets)} names, {len(returns)} series",
            field="markets",
        )
    sampler = sampler or PosteriorSampler()
    full = sampler.sample(returns, covariates, seed=seed, markets=markets)
    return compared(fast_levels(returns, covariates, sampler, markets), full)


def compared(fast: FittedLevels, full: HierarchicalPosterior) -> NightlyCheck:
    """Put the two beside each other."""
    shrunk = fast.shrunk()
    mean, sd = full.moments("log_scale")
    return NightlyCheck(
        differences=tuple(
            LevelDifference(
                market=market,
                fast=float(shrunk.mean[i]),
                fast_sd=float(shrunk.sd[i]),
                full=float(mean[i]),
                full_sd=float(sd[i]),
            )
            for i, market in enumerate(full.markets)
        ),
        between_sd_fast=fast.between_sd,
        between_sd_full=float(full.moments("between_sd")[0]),
        diagnostics=full.diagnostics,
    )
