"""From estimates to what margin takes: figures of the add-on, terms of costs, horizons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import ParameterError, UsageError
from plimsoll.estimators.liquidity.arguments import check_positive
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source
from plimsoll.maths.impact_laws import ALMGREN_ETA, Unwind, optimal_unwind
from plimsoll.maths.liquidation_costs import LiquidityTerms

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwindRule:
    """How a liquidator unwinds; see `plimsoll.maths.impact_laws.optimal_unwind`.

    Parameters
    ----------
    covered_hours : float
        Close-out time that the margin covers; no unwind is planned shorter.
    participation : float
        Largest share of turnover.
    quantile : float
        Standard deviations that the margin covers.
    impact : float
        Eta; 0.142 was fitted to US equities, and is to be fitted anew.
    """

    covered_hours: float = 1.0
    participation: float = 0.1
    quantile: float = 2.326
    impact: float = ALMGREN_ETA

    def __post_init__(self) -> None:
        for name in ("covered_hours", "participation", "quantile", "impact"):
            check_positive(getattr(self, name), name)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOnFigures:
    """One market's figures for the liquidity add-on: its parameters, and two of its quote.

    Parameters
    ----------
    relative_spread, daily_volatility, impact : float
        Parameters of `plimsoll.margin.add_ons.liquidity`.
    depth_usd, volume_24h_usd : float
        Fields of the market's quote.
    impact_raised : bool
        Whether ``impact`` had to be raised above the estimate's for the law to cover the curve
        even without any depth.
    """

    relative_spread: float
    daily_volatility: float
    impact: float
    depth_usd: float
    volume_24h_usd: float
    impact_raised: bool


def add_on_figures(estimate: LiquidityEstimate, *, stressed: bool = True) -> AddOnFigures:
    """Return figures with which the add-on's law covers the estimate's curve at its sizes.

    The depth is the most with which ``s / 2 + Y sigma sqrt(max(Q - D, 0) / V)`` does; where no
    depth does, it is 0 and Y the least that does. Without books the depth is 0: nobody saw any.

    Parameters
    ----------
    estimate : LiquidityEstimate
    stressed : bool
        Spread, Y and curve of a bad moment instead of the mean.

    Raises
    ------
    UsageError
        Volatility or turnover unknown.
    ParameterError
        With books, where volatility, turnover or Y is not positive.
    """
    _check_known(estimate)
    spread = estimate.spread_high if stressed else estimate.relative_spread
    impact = estimate.impact_high if stressed else estimate.impact
    curve = estimate.cost_worst if stressed else estimate.cost
    depth, raised = 0.0, False
    if estimate.source is Source.BOOKS:
        depth = covering_depth(estimate, curve, spread, impact)
        if depth < 0.0:
            depth, raised, impact = 0.0, True, covering_impact(estimate, curve, spread)
    return AddOnFigures(
        relative_spread=spread,
        daily_volatility=estimate.daily_volatility,
        impact=impact,
        depth_usd=depth,
        volume_24h_usd=estimate.daily_volume_usd,
        impact_raised=raised,
    )


def _check_known(estimate: LiquidityEstimate) -> None:
    """Raise `UsageError` where volatility or turnover is NaN."""
    if np.isnan(estimate.daily_volatility * estimate.daily_volume_usd):
        raise UsageError(
            "the add-on needs volatility and turnover",
            found=(estimate.daily_volatility, estimate.daily_volume_usd),
            field=estimate.market,
            remedy="give book_estimate an ImpactLaw",
        )


def covering_depth(
    estimate: LiquidityEstimate, curve: FloatArray, spread: float, impact: float
) -> float:
    """Return the largest depth whose law covers a curve; negative: not even without depth.

    Raises
    ------
    ParameterError
        Unless the law rises with size: volatility, turnover and ``impact`` must be positive.
    """
    _check_law(estimate)
    check_positive(impact, "impact")
    above = np.maximum(curve - 0.5 * spread, 0.0) / (impact * estimate.daily_volatility)
    needed = np.where(above > 0.0, estimate.daily_volume_usd * above**2, 0.0)
    return float((estimate.notional_usd - needed).min())


def covering_impact(estimate: LiquidityEstimate, curve: FloatArray, spread: float) -> float:
    """Return the least Y whose law covers a curve without any depth.

    Raises
    ------
    ParameterError
        Unless volatility and turnover are positive.
    """
    _check_law(estimate)
    root = estimate.daily_volatility * np.sqrt(estimate.notional_usd / estimate.daily_volume_usd)
    return float(((curve - 0.5 * spread) / root).max())


def _check_law(estimate: LiquidityEstimate) -> None:
    """Without volatility or turnover the law is the same at every size and covers no curve."""
    check_positive(estimate.daily_volatility, "daily_volatility")
    check_positive(estimate.daily_volume_usd, "daily_volume_usd")


def liquidation_horizon(
    estimate: LiquidityEstimate, size_usd: ArrayLike, rule: UnwindRule | None = None
) -> Unwind:
    """Return the horizon, cost and add-on of unwinding sizes evenly over the cheapest time.

    Parameters
    ----------
    estimate : LiquidityEstimate
        With volatility and turnover; 0 is a volatility or turnover too (`optimal_unwind`).
    size_usd : array_like
    rule : UnwindRule, optional

    Raises
    ------
    UsageError
        Volatility or turnover unknown.
    """
    rule = rule or UnwindRule()
    _check_known(estimate)
    return optimal_unwind(
        size_usd,
        volume=estimate.daily_volume_usd,
        volatility=estimate.daily_volatility,
        half_spread=0.5 * estimate.relative_spread,
        impact=rule.impact,
        quantile=rule.quantile,
        covered_days=rule.covered_hours / 24.0,
        participation=rule.participation,
    )


def liquidity_terms(
    estimates: Sequence[LiquidityEstimate],
    contract_usd: ArrayLike,
    *,
    rule: UnwindRule | None = None,
    unwind: bool = False,
    depth_share: float = 1.0,
    stressed: bool = True,
) -> LiquidityTerms:
    """Return the columns that `plimsoll.maths.liquidation_costs.liquidation_costs` takes.

    Parameters
    ----------
    estimates : sequence of LiquidityEstimate
        N markets.
    contract_usd : (N,) float64
        Notional of one contract in dollars.
    rule : UnwindRule, optional
    unwind : bool
        The impact column is eta of the rule instead of Y.
    depth_share : float
        Share of the depth that is there under stress, 0 to 1.
    stressed : bool
    """
    rule = rule or UnwindRule()
    if not 0.0 <= depth_share <= 1.0:
        raise ParameterError("must lie in 0 .. 1", found=depth_share, field="depth_share")
    notional = np.array(contract_usd, dtype=np.float64)
    if notional.shape != (len(estimates),):
        raise UsageError("one for each market", found=notional.shape, field="contract_usd")
    figures = [add_on_figures(estimate, stressed=stressed) for estimate in estimates]
    ones = np.ones(len(figures))
    return LiquidityTerms(
        notional=notional,
        half_spread=np.array([0.5 * f.relative_spread for f in figures]),
        volatility=np.array([f.daily_volatility for f in figures]),
        impact=rule.impact * ones if unwind else np.array([f.impact for f in figures]),
        depth=depth_share * np.array([f.depth_usd for f in figures]),
        volume=np.array([f.volume_24h_usd for f in figures]),
        participation=rule.participation * ones,
        horizon_days=rule.covered_hours / 24.0 * ones,
        quantile=rule.quantile * ones,
    )
