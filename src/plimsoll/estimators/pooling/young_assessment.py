"""One young market at one instant: its margin, how sure that is, and when to look again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.finding import Reason
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.estimators.pooling.young_market import YoungMarketModel, YoungMarketPath

K = ColumnKind
LEAST_DAYS_TO_REVIEW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class YoungMarketRisk:
    """Predictive risk of a young market; the numbers are None where there is a ``reason``.

    Parameters
    ----------
    market : str
    as_of_ns : int
        Midnight (UTC) at which it was known.
    horizon_hours, confidence : float
    age_days : float
    long_margin, short_margin : float or None
        Loss of a long and of a short, as a share of notional, exceeded with probability
        ``1 - confidence`` over the horizon: predictive, so what is not known is in it.
    long_error, short_error : float or None
        Standard errors: of the pooled tail and of the market's own level.
    long_shortfall, short_shortfall : float or None
        Loss at the mean log move beyond the margin.
    volatility_per_bar : float or None
        Forecast root-mean-square log return of a bar.
    own_weight : float
        Weight of the market's own activity against its peers', 0 to 1.
    listings : float
        Effective number of past listings behind its tail; 0 where these are too few to have one.
    peers : float
        Effective number of established markets behind it.
    review_at_ns : int
        When its own history will have doubled, or its youth ends: what comes first.
    reason : Reason or None
    covariates : tuple of str
        What told its peers apart: class, group of age, capitalisation, turnover.
    """

    market: str
    as_of_ns: int
    horizon_hours: float
    confidence: float
    age_days: float
    long_margin: float | None
    short_margin: float | None
    long_error: float | None
    short_error: float | None
    long_shortfall: float | None
    short_shortfall: float | None
    volatility_per_bar: float | None
    own_weight: float
    listings: float
    peers: float
    review_at_ns: int
    reason: Reason | None
    covariates: tuple[str, ...] = ()

    @property
    def pool_weight(self) -> float:
        """Weight of its peers' activity against its own."""
        return 1.0 - self.own_weight


def assess_young_market(
    history: MarketHistory,
    market: str,
    *,
    horizon_hours: float,
    confidence: float,
    model: YoungMarketModel | None = None,
) -> YoungMarketRisk:
    """Assess ``market`` at the last midnight of ``history``, which holds it and its peers.

    Raises
    ------
    UsageError
        The market is not in the history.
    ParameterError
        See :meth:`YoungMarketModel.path`.
    """
    column = history.column(market)
    model = model or YoungMarketModel()
    path = model.path(history, horizon_hours=horizon_hours, confidence=confidence)
    return risk_at(path, len(path.time_ns) - 1, column, horizon_hours, model.ages.young_until)


def assess_young_markets(
    history: MarketHistory,
    *,
    horizon_hours: float,
    confidence: float,
    model: YoungMarketModel | None = None,
) -> tuple[YoungMarketRisk, ...]:
    """Assess every market that is young at the last midnight of ``history``."""
    model = model or YoungMarketModel()
    path = model.path(history, horizon_hours=horizon_hours, confidence=confidence)
    last = len(path.time_ns) - 1
    return tuple(
        risk_at(path, last, int(column), horizon_hours, model.ages.young_until)
        for column in np.flatnonzero(path.wanted[last])
    )


def risk_at(
    path: YoungMarketPath, day: int, column: int, horizon_hours: float, young_until: float
) -> YoungMarketRisk:
    """One row of a path."""
    reason = path.reason(day, column)
    moves, shortfalls = path.log_move[day, column], path.shortfall_log_move[day, column]
    errors = path.log_error[day, column]
    age = float(path.age_days[day, column])

    def loss(size: float, sign: float) -> float | None:
        return None if reason else float(sign * np.expm1(sign * size))

    def error(side: int, sign: float) -> float | None:
        size = float(moves[side])
        return None if reason else float(np.exp(sign * size) * size * errors[side])

    return YoungMarketRisk(
        market=path.markets[column],
        as_of_ns=int(path.time_ns[day]),
        horizon_hours=horizon_hours,
        confidence=path.confidence,
        age_days=age,
        long_margin=loss(float(moves[0]), -1.0),
        short_margin=loss(float(moves[1]), 1.0),
        long_error=error(0, -1.0),
        short_error=error(1, 1.0),
        long_shortfall=loss(float(shortfalls[0]), -1.0),
        short_shortfall=loss(float(shortfalls[1]), 1.0),
        volatility_per_bar=None if reason else float(path.volatility[day, column]),
        own_weight=float(path.own_weight[day, column]),
        listings=float(np.nan_to_num(path.listings[day, column])),
        peers=float(np.nan_to_num(path.peers[day, column])),
        review_at_ns=_review(int(path.time_ns[day]), age, young_until),
        reason=reason,
        covariates=path.covariates,
    )


def _review(as_of_ns: int, age_days: float, young_until: float) -> int:
    """Midnight after the history has doubled, or its youth ended; not sooner than two days."""
    days = min(max(age_days, 0.0), max(young_until - age_days, 0.0))
    return as_of_ns + max(LEAST_DAYS_TO_REVIEW, int(np.ceil(days))) * DAY_NS


def young_markets_table(risks: tuple[YoungMarketRisk, ...]) -> Table:
    """The assessments as a table for people."""
    return Table(
        name="young_markets",
        title="Young markets: predictive margins",
        columns=(
            Column(name="market", title="Market"),
            Column(name="age_days", title="Age", kind=K.NUMBER, unit="d", digits=0),
            Column(name="long_margin", title="Long", kind=K.FRACTION),
            Column(name="long_error", title="s.e.", kind=K.FRACTION),
            Column(name="short_margin", title="Short", kind=K.FRACTION),
            Column(name="short_error", title="s.e.", kind=K.FRACTION),
            Column(name="own_weight", title="Weight of own history", kind=K.NUMBER),
            Column(name="listings", title="Past listings", kind=K.NUMBER, digits=1),
            Column(name="peers", title="Established", kind=K.NUMBER, digits=1),
            Column(name="review_at_ns", title="Review", kind=K.TIME),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(
            (
                r.market,
                r.age_days,
                r.long_margin,
                r.long_error,
                r.short_margin,
                r.short_error,
                r.own_weight,
                r.listings,
                r.peers,
                r.review_at_ns,
                None if r.reason is None else str(r.reason),
            )
            for r in risks
        ),
        notes=(
            "Predictive: the error of the pooled tail and of the market's own level are in it.",
            "Past listings, established: effective numbers of markets behind the tail.",
            "Review: when the market's own history has doubled, or its youth ends.",
        ),
    )
