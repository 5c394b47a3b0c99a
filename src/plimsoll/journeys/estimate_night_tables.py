"""Tables of the night besides risk and tails: closed hours, young markets, both fits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.nightly.closed_hours import MarketSessions
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.nightly.parameter_fits import TwoFits
from plimsoll.estimators.pooling.young_assessment import YoungMarketRisk
from plimsoll.journeys.estimate_tables import known

K = ColumnKind


def night_tables(found: NightlyEstimate) -> tuple[Table, ...]:
    """Return the tables that have a row: closed hours, young markets, parameters fitted twice."""
    tables = (closed_hours_table(found), young_table(found), fits_table(found))
    return tuple(table for table in tables if table.rows)


def closed_hours_table(found: NightlyEstimate) -> Table:
    """Return the markets with closed hours: when, how volatile, over which close-outs."""
    return Table(
        name="closed_hours",
        title="Markets with closed hours",
        columns=(
            Column(name="market", title="Market"),
            Column(name="schedule", title="Schedule", about="Found in the bars."),
            _number("closed_ratio", "Closed bar", "Variance of a closed bar over an open one's."),
            _number("closed_ratio_se", "s.e."),
            _number("gap_ratio", "Re-opening bars", "The same, mean of the re-opening's bars."),
            _number("gap_ratio_se", "s.e."),
            _number("first_ratio", "First of them", "The same."),
            Column(name="horizon_hours", title="Open hours", kind=K.COUNT, unit="h"),
            Column(
                name="lasts_hours",
                title="Lasts",
                kind=K.COUNT,
                unit="h",
                about="By the calendar, closed hours included: the close-out that is used.",
            ),
            Column(
                name="spans_reopening", title="Over a re-opening", kind=K.FLAG, about="The same."
            ),
            _share("sd_used", "s.d. used", "The largest begun before the next midnight."),
            _share("sd_now", "from now"),
            _share("sd_week", "worst of a week"),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(row for m, s in found.sessions.items() for row in _sessions(m, s)),
        notes=(
            "A close-out takes its hours of open market: closed ones that it meets are added, and "
            "so is the re-opening. VaR and ES of these markets are for the largest close-out begun "
            "before the next midnight: its s.d. times the multiples of markets that never close.",
            "Re-openings come once a week: their ratios are drawn to a prior, the error told. "
            "Each bar has its own, so that a close-out counts only what is still to come.",
        ),
    )


def _sessions(market: str, found: MarketSessions) -> Iterator[tuple[Cell, ...]]:
    mean, error = found.gap_ratio
    first = found.reopening_ratios[0] if found.reopening_ratios else float("nan")
    ratios = tuple(known(value) for value in (*found.closed_ratio, mean, error, first))
    if found.reason is not None:
        yield (market, found.hours.sentence(), *ratios, *(None,) * 6, found.reason.value)
    for hours, risk in found.risks.items():
        yield (
            market,
            found.hours.sentence(),
            *ratios,
            hours,
            risk.next_day_hours,
            risk.reopenings > 0,
            risk.next_day,
            risk.from_now,
            risk.week,
            None,
        )


def young_table(found: NightlyEstimate) -> Table:
    """Return the young markets: what is theirs, what their peers', and when to look again."""
    first = found.horizons[0].horizon_hours
    return Table(
        name="young",
        title="Young markets: predictive, from past listings and peers",
        columns=(
            Column(name="market", title="Market"),
            Column(name="age_days", title="Age", kind=K.NUMBER, unit="d", digits=0),
            _number("own_weight", "Own weight", "Of its own activity."),
            _number("pool_weight", "Pool weight", "Of its peers'."),
            _share("level_annual", "Predictive level a year", digits=0),
            *(
                column
                for hours in found.young
                for column in (
                    _share(f"long_{hours}h", f"Long {hours} h", "Predictive 99 %."),
                    _share(f"short_{hours}h", f"Short {hours} h", "Predictive 99 %."),
                )
            ),
            _share("long_se", f"s.e. long {first} h", "Of the pooled tail and its own level."),
            _number("listings", "Past listings", "Effective number behind the tail.", digits=1),
            _number("peers", "Established", "Markets behind the tail, as listings.", digits=1),
            Column(name="pooled_with", title="Pooled by", about="What tells its peers apart."),
            Column(name="review_ns", title="Review", kind=K.TIME),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(_young(found, market) for market in found.young[first]),
        notes=(
            "s.e. of young markets: of the pooled tail and of the market's own level; those of "
            "others are of the tail and level of their own moves. That little is known of a young "
            "market is in its quantile already.",
            "Review: when its own history will have doubled, or its youth ends. With a reason the "
            "pool says nothing yet; what the risk tables hold then is of its own past.",
        ),
    )


def _young(found: NightlyEstimate, market: str) -> tuple[Cell, ...]:
    risks: list[YoungMarketRisk] = [by_name[market] for by_name in found.young.values()]
    first = risks[0]
    bars = 365.0 * DAY_NS / found.interval_ns
    level = None if first.volatility_per_bar is None else first.volatility_per_bar * bars**0.5
    return (
        market,
        first.age_days,
        first.own_weight,
        first.pool_weight,
        level,
        *(margin for risk in risks for margin in (risk.long_margin, risk.short_margin)),
        first.long_error,
        first.listings,
        first.peers,
        ", ".join(name.replace("_", " ") for name in first.covariates) or None,
        first.review_at_ns,
        None if first.reason is None else first.reason.value,
    )


def fits_table(found: NightlyEstimate) -> Table:
    """Return volatility level and tail shapes by likelihood and by Bayes, and which is used."""
    level, falls, rises = found.fits
    annual = float(np.sqrt(365.0 * DAY_NS / found.interval_ns))
    pooled = ", ".join(level.pooled_with).replace("_", " ") or "nothing but being a market"
    return Table(
        name="parameter_fits",
        title="Likelihood and pooled Bayes, parameter by parameter",
        columns=(
            Column(name="market", title="Market"),
            *_fit_columns("volatility", "Vol level a year", K.FRACTION, 1),
            *_fit_columns("xi_falls", "ξ falls", K.NUMBER, 2),
            *_fit_columns("xi_rises", "ξ rises", K.NUMBER, 2),
            Column(name="reason", title="Reason", about="Why nothing is pooled."),
        ),
        rows=tuple(
            (
                market,
                *_level_cells(level, j, annual),
                *_fit_cells(falls, j),
                *_fit_cells(rises, j),
                _why_not(found, j),
            )
            for j, market in enumerate(found.markets)
        ),
        notes=(
            f"Vol level: root-mean-square return of the last {found.settings.recent_days} days or "
            "the market's life, its error clustered by day; ξ: beyond the tail's threshold. Bayes: "
            f"conjugate normal, the delisted in the pool; level told apart by {pooled}.",
            "Difference: Bayes less likelihood, in standard errors of the likelihood. Used for the "
            "level: mle leaves the forecaster's volatility, bayes multiplies it by the ratio of "
            "the levels; young markets are pooled already, and mle takes that out.",
        ),
    )


def _fit_columns(name: str, title: str, kind: ColumnKind, digits: int) -> tuple[Column, ...]:
    def number(part: str, words: str) -> Column:
        return Column(name=f"{name}_{part}", title=words, kind=kind, digits=digits)

    return (
        number("mle", f"{title} MLE"),
        number("mle_se", "s.e."),
        number("bayes", "Bayes"),
        number("bayes_sd", "s.d."),
        Column(name=f"{name}_difference", title="Difference", kind=K.NUMBER, unit="s.e.", digits=2),
        Column(name=f"{name}_used", title="Used"),
    )


def _fit_cells(fit: TwoFits, j: int) -> tuple[Cell, ...]:
    numbers = (fit.mle[j], fit.mle_error[j], fit.bayes[j], fit.bayes_sd[j], fit.difference[j])
    used = fit.used[j]
    return (*(known(value) for value in numbers), None if used is None else used.value)


def _level_cells(fit: TwoFits, j: int, annual: float) -> tuple[Cell, ...]:
    mle, bayes = annual * float(np.exp(fit.mle[j])), annual * float(np.exp(fit.bayes[j]))
    numbers = (mle, mle * fit.mle_error[j], bayes, bayes * fit.bayes_sd[j], fit.difference[j])
    used = fit.used[j]
    return (*(known(value) for value in numbers), None if used is None else used.value)


def _why_not(found: NightlyEstimate, j: int) -> str | None:
    if found.reasons[j] is not None:
        return str(found.reasons[j])
    reasons = {fit.parameter: fit.reason for fit in found.fits if fit.reason is not None}
    sides = found.tails[j]
    for name, side in (("tail_shape_falls", sides.falls), ("tail_shape_rises", sides.rises)):
        if side.reason is not None:
            reasons[name] = side.reason
    return ", ".join(f"{name}: {reason.value}" for name, reason in reasons.items()) or None


def _number(name: str, title: str, about: str = "", *, digits: int = 2) -> Column:
    return Column(name=name, title=title, kind=K.NUMBER, digits=digits, about=about)


def _share(name: str, title: str, about: str = "", *, digits: int = 2) -> Column:
    return Column(name=name, title=title, kind=K.FRACTION, digits=digits, about=about)
