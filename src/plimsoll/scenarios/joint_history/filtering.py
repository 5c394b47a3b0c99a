"""From prices to a filtered panel: returns, volatility forecasts, residuals, missing rows.

What is known of a market ends at the time asked for; a volatility is the forecast from the returns
before its bar. Over a gap the forecast stands, and below its own 5 % quantile it does not fall (a
feed that stood still has no volatility to divide by). A gap's bars are drawn (`holes`), then moved,
in proportion to their variance, so that they add up to the move over the gap, which is known:

    r_i <- r_i + (known move - sum r) s_i^2 / sum s^2.

Before its first price a market has, as its volatility, that of now times the median ratio of then
to now of the markets that were listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError, InsufficientDataError, UsageError
from plimsoll.maths.path_moves import panel_variances
from plimsoll.scenarios.joint_history.gaps import bridged, standing_volatility
from plimsoll.scenarios.joint_history.holes import HoleRule, filled_residuals
from plimsoll.scenarios.joint_history.outcome import JointReason, MarketOutcome, RowOrigin
from plimsoll.scenarios.joint_history.panel import FilteredPanel
from plimsoll.scenarios.joint_history.prices import PriceRows
from plimsoll.scenarios.joint_history.recursion import VarianceRecursion, columns_of
from plimsoll.scenarios.joint_history.residual_rows import ResidualRows
from plimsoll.scenarios.joint_history.rules import PanelRules

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def filtered_panel(
    prices: PriceRows,
    recursions: VarianceRecursion | Mapping[str, VarianceRecursion],
    rules: PanelRules | None = None,
    *,
    volatility: FloatArray | None = None,
) -> FilteredPanel:
    """Filter the joint past of many markets, and draw what is missing.

    Parameters
    ----------
    prices : PriceRows
        Of `price_rows`, or of one's own.
    recursions : VarianceRecursion or mapping
        One for all, or one for each subject.
    rules : PanelRules, optional
    volatility : (T + 1, N) float64, optional
        Per bar, forecast before each of the T bars and for the next one, by whoever forecasts best:
        it stands in place of the recursion's. NaN: the recursion's.

    Raises
    ------
    UsageError
        For a subject without a recursion.
    DataFormatError
        For volatilities of another shape, or not positive.
    InsufficientDataError
        Where no market is left; each has its Reason in the message.
    """
    given, rules = _by_subject(prices, recursions), rules or PanelRules()
    reasons = {s: _reason(prices, j, given[s], rules) for j, s in enumerate(prices.subjects)}
    kept = [j for j, s in enumerate(prices.subjects) if not reasons[s]]
    if not kept:
        raise InsufficientDataError(
            "at least one market must have enough returns",
            found={s: r.value for s, r in reasons.items()},
            field="prices",
        )
    left = PriceRows(
        subjects=tuple(prices.subjects[j] for j in kept),
        close_ns=prices.close_ns,
        log_prices=np.ascontiguousarray(prices.log_prices[:, kept]),
        listed=prices.listed[kept],
    )
    scales = None if volatility is None else _checked(volatility, prices)[:, kept]
    panel = _panel(left, tuple(given[s] for s in left.subjects), rules, scales)
    refused = {
        s: MarketOutcome(subject=s, reason=r, observed=_returns_of(prices, s).size)
        for s, r in reasons.items()
        if r
    }
    every = {**refused, **panel.outcomes}
    return replace(panel, outcomes={s: every[s] for s in prices.subjects})


def _checked(volatility: FloatArray, prices: PriceRows) -> FloatArray:
    shape = prices.log_prices.shape
    good = volatility.shape == shape and not bool(np.any(volatility <= 0.0))
    if not good or bool(np.any(np.isinf(volatility))):
        raise DataFormatError(
            f"must be {shape} positive numbers, or NaN",
            found=volatility.shape if volatility.shape != shape else float(np.nanmin(volatility)),
            field="volatility",
        )
    return volatility


def _by_subject(
    prices: PriceRows, recursions: VarianceRecursion | Mapping[str, VarianceRecursion]
) -> Mapping[str, VarianceRecursion]:
    if isinstance(recursions, VarianceRecursion):
        return dict.fromkeys(prices.subjects, recursions)
    missing = sorted(set(prices.subjects) - set(recursions))
    if missing:
        raise UsageError("must have a recursion each", found=missing, field="recursions")
    return recursions


def _returns_of(prices: PriceRows, subject: str) -> FloatArray:
    """The returns of one market that are known."""
    steps = np.diff(prices.log_prices[:, prices.subjects.index(subject)])
    return np.ascontiguousarray(steps[np.isfinite(steps)])


def _reason(
    prices: PriceRows, column: int, recursion: VarianceRecursion, rules: PanelRules
) -> JointReason:
    logs, subject = prices.log_prices[:, column], prices.subjects[column]
    returns = _returns_of(prices, subject)
    if not prices.listed[column]:
        return JointReason.NOT_LISTED
    if returns.size < rules.minimum_returns:
        return JointReason.TOO_FEW_RETURNS
    if logs.size - 1 - int(np.flatnonzero(np.isfinite(logs))[-1]) > rules.stale_after_bars:
        return JointReason.NO_RECENT_PRINT
    kept = logs if rules.window_bars is None else logs[-rules.window_bars - 1 :]
    if rules.filling.rule is HoleRule.REFUSE and not bool(np.all(np.isfinite(kept))):
        return JointReason.HOLES
    flat = bool(np.all(returns == returns[0]))
    if flat or not _least_volatility(returns, recursion, rules.floor_quantile) > 0.0:
        return JointReason.NO_MOVEMENT
    return JointReason.NONE


def _least_volatility(
    returns: FloatArray, recursion: VarianceRecursion, floor_quantile: float
) -> float:
    variances = np.empty((returns.size + 1, 1))
    start = np.array([recursion.first_variance(returns)])
    panel_variances(returns[:, None].copy(), start, columns_of([recursion]), variances)
    return float(np.quantile(np.sqrt(variances), floor_quantile))


def _panel(
    prices: PriceRows,
    recursions: tuple[VarianceRecursion, ...],
    rules: PanelRules,
    scales: FloatArray | None,
) -> FilteredPanel:
    """The panel of markets that all have enough returns."""
    returns = np.diff(prices.log_prices, axis=0)
    known = np.isfinite(returns)
    variances = _variances(returns, recursions, rules.floor_quantile)
    if scales is not None:
        variances = np.where(np.isfinite(scales), scales * scales, variances)
    origin = np.where(known, RowOrigin.OBSERVED, RowOrigin.DRAWN)
    mean = columns_of(recursions).mean
    volatility = np.sqrt(variances[:-1])
    loadings: dict[str, tuple[float, ...]] = {}
    if not known.all():
        volatility = standing_volatility(volatility, known, np.sqrt(variances[-1]))
        rows = ResidualRows(
            subjects=prices.subjects,
            end_ns=prices.close_ns[1:],
            values=(returns - mean) / volatility,
        )
        residuals, loadings = filled_residuals(rows, rules.filling)
        drawn = np.where(known, returns, mean + residuals * volatility)
        returns, origin = bridged(prices.log_prices, drawn, volatility, origin)
    first = _first_row(known, rules.window_bars)
    return FilteredPanel(
        subjects=prices.subjects,
        start_ns=prices.close_ns[:-1][first:],
        end_ns=prices.close_ns[1:][first:],
        returns=np.ascontiguousarray(returns[first:]),
        volatility=np.ascontiguousarray(volatility[first:]),
        residuals=np.ascontiguousarray(((returns - mean) / volatility)[first:]),
        variance_next=variances[-1].copy(),
        recursions=recursions,
        origin=np.ascontiguousarray(origin[first:]),
        outcomes=_outcomes(prices.subjects, origin[first:], loadings),
    )


def _variances(
    returns: FloatArray, recursions: tuple[VarianceRecursion, ...], floor_quantile: float
) -> FloatArray:
    """(T + 1, N) forecasts, none below its market's floor."""
    known = np.isfinite(returns)
    first = np.array([r.first_variance(returns[known[:, j], j]) for j, r in enumerate(recursions)])
    out = np.empty((returns.shape[0] + 1, returns.shape[1]))
    panel_variances(np.ascontiguousarray(returns), first, columns_of(recursions), out)
    for j in range(out.shape[1]):
        seen = np.append(out[:-1][known[:, j], j], out[-1, j])
        least = float(np.quantile(np.sqrt(seen), floor_quantile))
        np.maximum(out[:, j], least * least, out=out[:, j])
    return out


def _first_row(known: BoolArray, window_bars: int | None) -> int:
    """First row that is kept: within the window, and some market has it."""
    start = 0 if window_bars is None else max(known.shape[0] - window_bars, 0)
    return max(start, int(np.argmax(known.any(axis=1))))


def _outcomes(
    subjects: tuple[str, ...], origin: IntArray, loadings: Mapping[str, tuple[float, ...]]
) -> dict[str, MarketOutcome]:
    return {
        subject: MarketOutcome(
            subject=subject,
            reason=JointReason.NONE,
            observed=int(np.sum(origin[:, j] == RowOrigin.OBSERVED)),
            bridged=int(np.sum(origin[:, j] == RowOrigin.BRIDGED)),
            drawn=int(np.sum(origin[:, j] == RowOrigin.DRAWN)),
            loadings=loadings.get(subject, ()),
        )
        for j, subject in enumerate(subjects)
    }
