"""Generated series of margins and losses, and the tables that are counted from them: SYNTHETIC."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import bdtr, gammaincc

from plimsoll.domain.evidence import CoverageSeries
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

TARGET = 0.01
DAY_NS = 86_400_000_000_000
START_NS = 1_609_459_200_000_000_000


def columns(
    *parts: tuple[str, str, ColumnKind] | tuple[str, str, ColumnKind, str, int],
) -> tuple[Column, ...]:
    """Columns from short tuples of name, title, kind and, where it matters, unit and digits."""
    made = []
    for part in parts:
        name, title, kind = part[:3]
        unit, digits = part[3:] if len(part) == 5 else ("", 2)
        about = f"{title} of the market, as the generator drew it."
        made.append(
            Column(name=name, title=title, kind=kind, unit=unit, digits=digits, about=about)
        )
    return tuple(made)


def drawn_series(market: str, seed: int, days: int) -> tuple[CoverageSeries, CoverageSeries]:
    """Long and short side of a market with clustered volatility and fat tails."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(0.02, 0.06)
    variance = np.empty(days)
    shock = rng.standard_t(4, days) / math.sqrt(2)
    variance[0] = level**2
    for t in range(1, days):
        variance[t] = level**2 * 0.03 + variance[t - 1] * (0.89 + 0.08 * shock[t - 1] ** 2)
    move = np.sqrt(variance) * shock
    margin = 2.65 * np.sqrt(variance) * rng.uniform(0.97, 1.12)
    times = START_NS + DAY_NS * np.arange(days, dtype=np.int64)
    sides = {"long": -np.expm1(np.clip(move, -2, 0.9)), "short": np.expm1(np.clip(move, -2, 0.9))}
    long, short = (
        CoverageSeries(
            market=market, side=side, horizon="8 h", time_ns=times, margin=margin, loss=loss
        )
        for side, loss in sides.items()
    )
    return long, short


def _kupiec(count: int, breaches: int) -> float:
    share = breaches / count

    def likelihood(p: float) -> float:
        hit = breaches * math.log(p) if breaches else 0.0
        return hit + (count - breaches) * math.log(1 - p)

    ratio = 2 * (likelihood(share) - likelihood(TARGET))
    return float(gammaincc(0.5, max(0.0, ratio) / 2))


def _zone(count: int, breaches: int) -> str:
    below = float(bdtr(breaches - 1, count, TARGET)) if breaches else 0.0
    return "green" if below < 0.95 else "yellow" if below < 0.9999 else "red"


def _coverage_row(series: CoverageSeries, rank: int) -> tuple[Cell, ...]:
    count, breaches = series.time_ns.size, int(series.breaches.sum())
    excess = (series.loss - series.margin)[series.breaches]
    rng = np.random.default_rng(900 + rank)
    return (
        series.market,
        class_of(rank // 2),
        series.side,
        8.0,
        count,
        breaches,
        breaches / count,
        TARGET,
        _kupiec(count, breaches),
        float(rng.uniform(0.001, 1)),
        float(rng.uniform(0.001, 1)),
        _zone(count, breaches),
        float(excess.max()) if breaches else 0.0,
        float(series.margin.mean()),
    )


def class_of(rank: int) -> str:
    return "large" if rank < 8 else "mid" if rank < 30 else "thin"


def coverage_table(
    series: tuple[CoverageSeries, ...],
    name: str = "coverage",
    title: str = "Coverage by market and side",
) -> Table:
    k = ColumnKind
    return Table(
        name=name,
        title=title,
        columns=columns(
            ("market", "Market", k.TEXT),
            ("class", "Class", k.TEXT),
            ("side", "Side", k.TEXT),
            ("horizon_hours", "Horizon", k.NUMBER, "h", 0),
            ("n", "Scored", k.COUNT),
            ("breaches", "Breaches", k.COUNT),
            ("breach_rate", "Breach rate", k.FRACTION),
            ("target", "Target", k.FRACTION),
            ("kupiec_p", "Kupiec p", k.NUMBER, "", 3),
            ("independence_p", "Independence p", k.NUMBER, "", 3),
            ("conditional_p", "Conditional p", k.NUMBER, "", 3),
            ("zone", "Zone", k.TEXT),
            ("worst_exceedance", "Worst exceedance", k.FRACTION),
            ("mean_margin", "Mean margin", k.FRACTION),
        ),
        rows=tuple(_coverage_row(item, rank) for rank, item in enumerate(series)),
        notes=(
            "Independence is the first-order Markov test of Christoffersen (1998) on breaches of "
            "consecutive, non-overlapping horizons; conditional is the sum of both statistics.",
            "Zones are tail probabilities of the binomial law: yellow from 95 %, red from 99.99 %.",
        ),
    )


def pooled_table(series: tuple[CoverageSeries, ...]) -> Table:
    k = ColumnKind
    count = sum(s.time_ns.size for s in series)
    breaches = sum(int(s.breaches.sum()) for s in series)
    margin = float(np.mean([s.margin.mean() for s in series]))
    rows = (
        (
            "maintenance, all markets",
            count,
            breaches,
            breaches / count,
            0.0006,
            TARGET,
            0.31,
            margin,
        ),
        ("initial, all markets", count, 214, 214 / count, 0.0002, 0.0005, 0.02, margin * 1.6),
    )
    return Table(
        name="coverage_pooled",
        title="Coverage, pooled",
        columns=columns(
            ("scope", "Scope", k.TEXT),
            ("n", "Scored", k.COUNT),
            ("breaches", "Breaches", k.COUNT),
            ("breach_rate", "Breach rate", k.FRACTION, "", 3),
            ("standard_error", "Standard error", k.FRACTION, "", 3),
            ("target", "Target", k.FRACTION, "", 3),
            ("p_value", "p", k.NUMBER, "", 3),
            ("mean_margin", "Mean margin", k.FRACTION),
        ),
        rows=rows,
        notes=("Standard errors are clustered by day: markets crash together.",),
    )


def procyclicality_table(series: tuple[CoverageSeries, ...]) -> Table:
    k = ColumnKind
    rows = []
    for item in series:
        margin = item.margin
        calls = [
            float(np.max(np.maximum(0, margin[lag:] - margin[:-lag])))
            if margin.size > lag
            else None
            for lag in (1, 5, 20)
        ]
        full = float(margin.max() / margin.min())
        year = float(margin[-365:].max() / margin[-365:].min())
        rows.append((item.market, item.side, float(margin.mean()), year, full, *calls))
        if item.side == "short":
            rows.append((item.market, "published", 1.1 * float(margin.mean()), year, 2.0, *calls))
    return Table(
        name="procyclicality",
        title="Cost and procyclicality by market and side",
        columns=columns(
            ("market", "Market", k.TEXT),
            ("side", "Side", k.TEXT),
            ("mean_margin", "Mean margin", k.FRACTION),
            ("peak_to_trough_year", "Peak to trough, last year", k.NUMBER, "ratio", 2),
            ("peak_to_trough_full", "Peak to trough, whole period", k.NUMBER, "ratio", 2),
            ("call_1d", "Largest 1-day call", k.FRACTION),
            ("call_5d", "Largest 5-day call", k.FRACTION),
            ("call_20d", "Largest 20-day call", k.FRACTION),
        ),
        rows=tuple(rows),
    )
