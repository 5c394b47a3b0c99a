"""The night's fast pooled levels beside the full posterior; needs the extra ``bayes``."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.bayes.hierarchical_posterior import PosteriorSampler
from plimsoll.adapters.bayes.nightly_check import NightlyCheck, compared, fast_levels
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import Table
from plimsoll.errors import EstimationError, InsufficientDataError, UsageError
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.pooling.covariates import MarketCovariates
from plimsoll.estimators.tails.student_t import StudentT

FloatArray = NDArray[np.float64]

DAYS = 10
MOST_MARKETS = 8
LEAST_MARKETS = 3
LEAST_RETURNS = 48
_NEEDED = ("jax", "numpyro")


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesCheck:
    """Differences between fast and full levels of some markets, and whether the chains converged.

    Parameters
    ----------
    check : NightlyCheck
    days : int
        Of returns.
    """

    check: NightlyCheck
    days: int

    @property
    def verdict(self) -> str:
        """``agrees``, ``differs``, or ``not_converged``: then nothing is said of the levels."""
        if self.check.diagnostics.faults:
            return "not_converged"
        return "agrees" if self.check.passed else "differs"

    def table(self) -> Table:
        """The differences for people."""
        table = self.check.table()
        faults = self.check.diagnostics.faults
        verdict = f"Verdict: {self.verdict.replace('_', ' ')}; {self.days} days of returns."
        notes = (*table.notes, verdict, *(f"Chains: {fault}." for fault in faults))
        return replace(table, notes=notes)

    def document(self) -> dict[str, Any]:
        """Diagnostics as plain values."""
        chains = self.check.diagnostics
        return {
            "verdict": self.verdict,
            "days": self.days,
            "markets": len(self.check.differences),
            "between_sd_fast": self.check.between_sd_fast,
            "between_sd_full": self.check.between_sd_full,
            "r_hat": chains.r_hat,
            "bulk_effective": chains.bulk_effective,
            "tail_effective": chains.tail_effective,
            "divergences": chains.divergences,
            "faults": list(chains.faults),
        }


def require_bayes() -> None:
    """Refuse where the extra is missing, before the night is worked through.

    Raises
    ------
    UsageError
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            "the check of pooled levels needs the extra 'bayes'",
            found=f"no {' and no '.join(missing)}",
            field="check_bayes",
            remedy="install it: pip install 'plimsoll[bayes]', or leave --check-bayes out",
        )


def check_levels(
    found: NightlyEstimate,
    history: MarketHistory,
    *,
    sampler: PosteriorSampler | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> BayesCheck:
    """Draw the posterior of the youngest markets' levels and set the fast ones beside it.

    Parameters
    ----------
    found : NightlyEstimate
    history : MarketHistory
        As known at the night.
    sampler : PosteriorSampler, optional
    seed : int
    progress : Progress

    Raises
    ------
    UsageError
        The extra is missing.
    InsufficientDataError
        Fewer than three markets with a number and two days of returns that move.
    """
    require_bayes()
    sampler = sampler or PosteriorSampler(warm_up=500, draws=1000)
    chosen = _chosen(found, _recent_returns(history, found))
    if len(chosen) < LEAST_MARKETS:
        raise InsufficientDataError(
            f"at least {LEAST_MARKETS} markets with a number and {LEAST_RETURNS} returns are "
            "needed to check pooled levels",
            found=len(chosen),
            field="check_bayes",
        )
    names, samples = tuple(chosen), list(chosen.values())
    about = _covariates(found, names)
    full = sampler.unchecked(samples, about, seed=seed, markets=names, progress=progress)
    check = compared(fast_levels(samples, about, sampler, names), full)
    return BayesCheck(check=check, days=DAYS)


def _recent_returns(history: MarketHistory, found: NightlyEstimate) -> dict[str, FloatArray]:
    close = np.where(history.active, history.usable_close(), np.nan)
    close = np.where(np.isfinite(close) & (close > 0.0), close, np.nan)
    rows = DAYS * DAY_NS // history.interval_ns
    moves = np.diff(np.log(close[-rows - 1 :]), axis=0)
    there = {market: moves[:, history.column(market)] for market in found.markets}
    return {market: r[np.isfinite(r)] for market, r in there.items()}


def _chosen(found: NightlyEstimate, returns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """The youngest markets that have a number and a Student-t fit of their own."""
    order = sorted(range(len(found.markets)), key=lambda j: (found.age_days[j], found.markets[j]))
    chosen: dict[str, FloatArray] = {}
    for j in order:
        market = found.markets[j]
        if found.reasons[j] is None and _fits(returns[market]):
            chosen[market] = returns[market]
        if len(chosen) == MOST_MARKETS:
            break
    return chosen


def _fits(returns: FloatArray) -> bool:
    if returns.size < LEAST_RETURNS or not np.ptp(returns) > 0.0:
        return False
    try:
        fitted = StudentT().fit(returns)
    except (EstimationError, InsufficientDataError):
        return False
    return bool(np.isfinite(fitted.scale_error) and fitted.scale_error > 0.0)


def _covariates(found: NightlyEstimate, names: tuple[str, ...]) -> MarketCovariates | None:
    given = found.covariates
    if given is None:
        return None
    rows = np.array([found.column(market) for market in names])

    def some(column: FloatArray | None) -> FloatArray | None:
        return None if column is None else column[rows]

    return MarketCovariates(
        market_class=tuple(given.market_class[j] for j in rows.tolist()),
        market_cap_usd=some(given.market_cap_usd),
        daily_volume_usd=some(given.daily_volume_usd),
    )
