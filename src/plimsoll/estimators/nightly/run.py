"""The nightly re-estimation: history in, the reference distribution of every market out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.nightly.closed_hours import MarketSessions, market_sessions
from plimsoll.estimators.nightly.correlation import correlation_stream
from plimsoll.estimators.nightly.dependence import DependenceEstimate
from plimsoll.estimators.nightly.estimate import NightlyEstimate, annual_volatility
from plimsoll.estimators.nightly.horizon_estimate import (
    HorizonEstimate,
    wide_errors,
    with_levels,
    without_numbers,
)
from plimsoll.estimators.nightly.joint_tails import pooled_copula, shared_extremes
from plimsoll.estimators.nightly.liquidity_rows import BarRanges, liquidity_rows
from plimsoll.estimators.nightly.market_covariates import market_covariates
from plimsoll.estimators.nightly.market_reasons import MarketFlag, market_flags
from plimsoll.estimators.nightly.market_tails import MarketTails, TailTask, fit_market_tails
from plimsoll.estimators.nightly.parameter_fits import (
    log_adjustment,
    shape_fits,
    volatility_fits,
    with_shapes,
)
from plimsoll.estimators.nightly.session_rows import with_sessions
from plimsoll.estimators.nightly.settings import NightlySettings
from plimsoll.estimators.nightly.volatility_pass import VolatilityPass, volatility_pass
from plimsoll.estimators.nightly.young_rows import YoungRows, young_rows
from plimsoll.estimators.pooling.young_assessment import YoungMarketRisk

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Found = TypeVar("Found")
_TOO_SHORT = Reason.TOO_SHORT_HISTORY

PARTS = ("volatility and risk", "young markets", "tails", "dependence", "liquidity")
"""Stages of the night, as progress names them."""


def nightly_estimate(
    history: MarketHistory,
    settings: NightlySettings | None = None,
    *,
    ranges: BarRanges | None = None,
    classes: Mapping[str, str] | None = None,
    capitalisation_usd: Mapping[str, float] | None = None,
    executor: Executor | None = None,
    progress: Progress = SILENT,
) -> NightlyEstimate:
    """Estimate everything anew from what is known at the history's last midnight.

    Parameters
    ----------
    history : MarketHistory
        Checked and aligned (`plimsoll.marketdata.assembly.assemble`); what lies behind the last
        midnight (UTC) is left out.
    settings : NightlySettings, optional
        Without a forecaster the default as it stood at the midnight (`default_model.default_at`).
    ranges : BarRanges, optional
        Highs and lows, for spreads; without them Roll's measure stands.
    classes : mapping of str to str, optional
        Market to class, for liquidity without turnover, the order of the correlations, and the
        peers of young markets and of pooled parameters.
    capitalisation_usd : mapping of str to float, optional
        For those peers; turnover is read from the history's volume.
    executor : Executor, optional
        Of the tails; results are the same whatever its workers.
    progress : Progress
        One stage for each of `PARTS`.

    Raises
    ------
    InsufficientDataError
        No midnight within the history.
    ParameterError
        A horizon that is no multiple of the bars.
    DataFormatError
        Ranges of another shape.
    """
    known, ranges = _until_midnight(history, ranges)
    midnight_ns = int(history.available_ns[-1]) // DAY_NS * DAY_NS
    settings = (settings or NightlySettings()).as_of(midnight_ns)
    base = volatility_pass(known, settings, classes or {}, progress, PARTS[0])
    about = market_covariates(known, base.classes, capitalisation_usd)
    young = _staged(
        progress,
        PARTS[1],
        lambda: young_rows(known, base.age_days, settings.horizons_hours, settings.young, about),
    )
    tails = _tails(base, settings, executor, progress)
    is_young = YoungRows.of(young[settings.horizons_hours[0]], base.panel.markets).known
    peers = replace(about, age_days=np.where(base.age_days > 0.0, base.age_days, np.nan))
    level = volatility_fits(base.panel, base.paths.first_bar, peers, is_young, settings)
    shapes = shape_fits(tails, peers, settings)
    sessions = market_sessions(known, base.panel, settings.horizons_hours, settings.recent_days)
    warm = np.array([r is None for r in base.listing]) & base.horizons[0].own
    dependence = _staged(progress, PARTS[3], lambda: _dependence(base, warm, settings))
    adjustment = log_adjustment(level, is_young)
    horizons = tuple(
        with_levels(_with_young(f, base, young[f.horizon_hours], sessions), adjustment)
        for f in base.horizons
    )
    reasons = _reasons(base, horizons, sessions, young[horizons[0].horizon_hours])
    refused = np.array([r is not None for r in reasons])
    horizons = tuple(without_numbers(f, refused) for f in horizons)
    annual = _volatilities(base, horizons[0], reasons, young[horizons[0].horizon_hours], sessions)
    annual = annual * np.exp(adjustment)
    liquidity = _staged(
        progress,
        PARTS[4],
        lambda: liquidity_rows(
            known, ranges, base.classes, annual / np.sqrt(365.0), settings, _end(base)
        ),
    )
    bars = slice(base.paths.first_bar, base.paths.first_bar + base.standardised.shape[0])
    return NightlyEstimate(
        markets=base.panel.markets,
        classes=base.classes,
        price_kind=known.price_kind,
        as_of_ns=_end(base),
        time_ns=_end(base),
        interval_ns=known.interval_ns,
        settings=settings,
        age_days=base.age_days,
        volatility_annual=annual,
        volatility_log_error=np.where(warm, base.volatility_log_error, np.nan),
        horizons=horizons,
        tails=with_shapes(tails, *shapes),
        residual_ns=known.available_ns[bars],
        residuals=base.standardised,
        dependence=dependence,
        liquidity=liquidity,
        young=young,
        reasons=reasons,
        flags=_flags(base, (horizons, warm), reasons, (is_young, sessions), settings),
        sessions=sessions,
        fits=(level, *shapes),
        covariates=about,
    )


def _until_midnight(
    history: MarketHistory, ranges: BarRanges | None
) -> tuple[MarketHistory, BarRanges | None]:
    available = history.available_ns
    if not available.size or int(available[-1]) // DAY_NS * DAY_NS < int(available[0]):
        raise InsufficientDataError(
            "must reach over a midnight (UTC)", found=len(history), field="history"
        )
    known = history.before(int(available[-1]) // DAY_NS * DAY_NS)
    if ranges is None or ranges.high.shape != history.close.shape:
        return known, ranges
    cut = BarRanges(high=ranges.high[: len(known)], low=ranges.low[: len(known)])
    return known, cut


def _end(base: VolatilityPass) -> int:
    return int(base.panel.time_ns[-1])


def _staged(progress: Progress, label: str, work: Callable[[], Found]) -> Found:
    progress.start(label, 1)
    try:
        found = work()
        progress.advance()
        return found
    finally:
        progress.finish()


def _tails(
    base: VolatilityPass, settings: NightlySettings, executor: Executor | None, progress: Progress
) -> tuple[MarketTails, ...]:
    cluster = max(1, settings.cluster_hours * base.panel.bars_per_day // 24)
    tasks = [
        TailTask(
            market=market,
            residuals=np.ascontiguousarray(base.standardised[:, j]),
            model=settings.tail,
            cluster_bars=cluster,
        )
        for j, market in enumerate(base.panel.markets)
    ]
    if executor is not None:
        return tuple(executor.map(fit_market_tails, tasks, progress, label=PARTS[2]))
    progress.start(PARTS[2], len(tasks))
    try:
        found = []
        for task in tasks:
            found.append(fit_market_tails(task))
            progress.advance()
        return tuple(found)
    finally:
        progress.finish()


def _dependence(
    base: VolatilityPass, warm: BoolArray, settings: NightlySettings
) -> DependenceEstimate:
    per_day = base.panel.bars_per_day
    stream = correlation_stream(
        base.standardised,
        half_life_bars=settings.correlation_half_life_days * per_day,
        clip=settings.correlation_clip,
        least_overlap=settings.least_overlap_days * per_day,
    )
    found, scaled = stream.estimate(warm), base.horizons[0].scaled
    steps = 24 // settings.blend.step_hours
    return DependenceEstimate(
        markets=tuple(base.panel.markets[j] for j in found.columns.tolist()),
        classes=tuple(base.classes[j] for j in found.columns.tolist()),
        estimate=found,
        stream=stream,
        usable=warm,
        half_life_days=settings.correlation_half_life_days,
        copula=pooled_copula(
            scaled,
            warm,
            most=settings.copula_markets,
            steps_per_day=steps,
            replicates=settings.copula_replicates,
        ),
        extremes=shared_extremes(scaled, warm, tail_share=settings.tail_share, steps_per_day=steps),
        stress=settings.stress,
        break_=settings.break_,
    )


def _with_young(
    found: HorizonEstimate,
    base: VolatilityPass,
    young: Mapping[str, YoungMarketRisk],
    sessions: Mapping[str, MarketSessions],
) -> HorizonEstimate:
    """The forecaster's numbers where a market has some, its peers' where young; closed hours."""
    rows = YoungRows.of(young, base.panel.markets)
    listed = np.array([r is None for r in base.listing])
    own = found.own & listed & ~rows.known
    kept = own[:, None]

    def chosen(mine: FloatArray, peers: FloatArray) -> FloatArray:
        usable = np.where(kept, mine, np.where(listed[:, None], peers, np.nan))
        return np.where(np.isfinite(usable), usable, np.nan)

    mine = replace(
        found,
        own=own,
        value_at_risk=chosen(found.value_at_risk, rows.value_at_risk),
        expected_shortfall=chosen(found.expected_shortfall, rows.expected_shortfall),
        value_at_risk_log_error=chosen(found.value_at_risk_log_error, rows.log_error),
        expected_shortfall_log_error=chosen(found.expected_shortfall_log_error, rows.log_error),
    )
    return with_sessions(mine, rows, listed, sessions)


def _reasons(
    base: VolatilityPass,
    horizons: tuple[HorizonEstimate, ...],
    sessions: Mapping[str, MarketSessions],
    young: Mapping[str, YoungMarketRisk],
) -> tuple[Reason | None, ...]:
    fitted = base.horizons[0].fitted
    warm = base.paths.state.bars_seen >= fitted.ewma_rules.warm_up
    scaled = np.isfinite(fitted.log_scale)
    found = []
    for j, given in enumerate(base.listing):
        has = all(
            bool(np.isfinite([f.value_at_risk[j], f.expected_shortfall[j]]).all()) for f in horizons
        )
        hours, risk = (of.get(base.panel.markets[j]) for of in (sessions, young))
        if given is not None or has:
            found.append(given)
        elif hours is not None and hours.reason is not None:
            found.append(hours.reason)
        elif risk is not None and risk.reason is Reason.FIT_FAILED:
            found.append(risk.reason)
        elif warm[j] and not scaled[j]:  # it prints, and has no volatility to speak of
            found.append(Reason.CONSTANT_PRICE)
        else:
            found.append(Reason.FIT_FAILED if base.horizons[0].own[j] else _TOO_SHORT)
    return tuple(found)


def _volatilities(
    base: VolatilityPass,
    first: HorizonEstimate,
    reasons: tuple[Reason | None, ...],
    young: Mapping[str, YoungMarketRisk],
    sessions: Mapping[str, MarketSessions],
) -> FloatArray:
    annual = annual_volatility(first, base.panel.interval_ns)
    peers = YoungRows.of(young, base.panel.markets).volatility
    peers = peers * np.sqrt(365.0 * DAY_NS / base.panel.interval_ns)
    found = np.where(np.isfinite(peers), peers, annual)
    for j, market in enumerate(base.panel.markets):
        if market in sessions:
            found[j] = sessions[market].volatility_annual
    return np.where(np.array([r is None for r in reasons]), found, np.nan)


def _flags(
    base: VolatilityPass,
    risk: tuple[tuple[HorizonEstimate, ...], BoolArray],
    reasons: tuple[Reason | None, ...],
    kinds: tuple[BoolArray, Mapping[str, MarketSessions]],
    settings: NightlySettings,
) -> tuple[tuple[MarketFlag, ...], ...]:
    (horizons, warm), (young, sessions) = risk, kinds
    wide = warm & (base.volatility_log_error > 1.0) | wide_errors(horizons)
    return tuple(
        ()
        if reasons[j] is not None
        else market_flags(
            base.panel,
            j,
            base.paths.first_bar,
            young=bool(young[j]),
            closed_hours=market in sessions,
            wide_error=bool(wide[j]),
            still_share=settings.still_share,
        )
        for j, market in enumerate(base.panel.markets)
    )
