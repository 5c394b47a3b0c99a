"""The reference distribution as one HTML file: nothing is loaded, pictures are drawn in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from plimsoll.domain.table import Table, iso_minute
from plimsoll.estimators.liquidity.estimate import Source
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.tails.threshold_choice import ThresholdStability
from plimsoll.report.assets import asset, content_hash, inline_script, templates
from plimsoll.report.embedding import css_string
from plimsoll.report.estimate_absences import without_forecasts, without_tails, words_for
from plimsoll.report.estimate_costs import cost_drawing
from plimsoll.report.estimate_heat_map import heat_map_drawing
from plimsoll.report.estimate_neighbours import neighbours_drawing
from plimsoll.report.estimate_tails import quantile_drawing, stability_drawing, survival_drawing
from plimsoll.report.estimate_volatility import forecast_history, volatility_drawing
from plimsoll.report.table_view import TableView, definitions, table_view
from plimsoll.report.wording import is_synthetic

Stability = Mapping[str, tuple[ThresholdStability | None, ThresholdStability | None]]

TITLE = "What every market can do"
_LEAD = (
    "Open a market for its pictures. Returns are logarithmic and divided by the volatility that "
    "was forecast before them; falls are drawn with circles, rises with triangles."
)
_COSTS_FROM = {
    Source.BOOKS: "One order of that size, walked through recorded books.",
    Source.BARS: "One order of that size: half the spread of bars and the square-root law, "
    "Y 0.5 to 1.5.",
    Source.CLASS: "One order of that size: spread, turnover and Y in the range of its class, or of "
    "all markets where no classes were given.",
}
_NO_COSTS = (
    "No cost curve: neither turnover (a volume column), nor books, nor markets of its class."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing with its heading and caption."""

    title: str
    caption: str
    drawn: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """One market: name, facts beside it, pictures, tables of what was studied."""

    name: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    tables: tuple[TableView, ...]


def estimate_page(
    found: NightlyEstimate,
    tables: Sequence[Table],
    stability: Stability,
    *,
    label: str,
    shown: Sequence[str] | None = None,
    studies: Mapping[str, Sequence[Table]] | None = None,
) -> str:
    """Return the page: the same inputs, the same bytes.

    Parameters
    ----------
    found : NightlyEstimate
    tables : sequence of Table
        Of all markets.
    stability : mapping of str to two ThresholdStability or None
        Falls and rises.
    label : str
        What the prices are; stands on the page and under every table.
    shown : sequence of str, optional
        Markets with pictures; by default all that have a number.
    studies : mapping of str to sequence of Table, optional
        Tables below a market's pictures.
    """
    studied = studies or {}
    named = {m for m, r in zip(found.markets, found.reasons, strict=True) if r is None}
    names = [m for m in found.markets if m in named] if shown is None else list(shown)
    script = inline_script(asset("report.js") + asset("estimate.js"))
    context: dict[str, Any] = {
        "title": TITLE,
        "source": label,
        "synthetic": is_synthetic(label),
        "identity": tuple(_identity(found)),
        "tables": tuple(table_view(table) for table in tables),
        "heat_map": _heat_map(found, label),
        "dependence": tuple(_dependence(found)),
        "lead": _LEAD,
        "markets": tuple(
            _market(found, name, stability, label, studied.get(name, ())) for name in names
        ),
        "definitions": definitions((*tables, *_first_of_each(studied))),
        "style": Markup(asset("report.css") + asset("estimate.css")),
        "script": Markup(script),
        "script_hash": Markup(content_hash(script)),
        "css_string": css_string,
    }
    return templates().get_template("estimate.html.j2").render(context)


def _identity(found: NightlyEstimate) -> Iterator[tuple[str, str]]:
    with_number = sum(reason is None for reason in found.reasons)
    yield "As of (UTC)", iso_minute(found.as_of_ns)
    yield "Markets", f"{len(found.markets):,}, {with_number:,} with a number"
    yield "Forecaster", found.settings.blend.title
    if found.revision is not None:
        yield "Its constants", f"those of {iso_minute(found.revision.from_ns)[:10]}"
    yield "Confidence", "99 %"


def _heat_map(found: NightlyEstimate, label: str) -> Markup:
    dependence = found.dependence
    order = list(dependence.order())
    if len(order) < 2:
        return Markup('<p class="empty">Fewer than two markets have correlations.</p>')
    return heat_map_drawing(
        dependence.correlation[np.ix_(order, order)],
        [dependence.markets[i] for i in order],
        [dependence.classes[i] for i in order],
        f"Correlations of {len(order)} markets, {label}",
    )


def _dependence(found: NightlyEstimate) -> Iterator[tuple[str, str]]:
    d = found.dependence
    estimate, copula, extremes = d.estimate, d.copula, d.extremes
    yield "Markets", f"{len(d.markets):,}"
    yield "Half-life of weights [days]", f"{d.half_life_days:g}"
    yield "Mean correlation of a pair", _number(estimate.average)
    yield "Effective bars of a pair", _number(estimate.effective_rows, 0)
    yield "Shrunk towards the mean [%]", _number(100.0 * estimate.shrinkage, 1)
    yield "Pairs with too few common bars", f"{estimate.sparse_pairs:,}"
    yield "Repaired to be semi-definite", "yes" if estimate.repaired else "no"
    yield "t copula: degrees of freedom", _number(copula.degrees_of_freedom, 1)
    yield "… s.e. of one over them", _number(copula.inverse_error, 3)
    yield "… fitted to markets, moves", f"{len(copula.columns)}, {copula.rows:,}"
    yield "… tail dependence of the mean pair", _number(copula.average_tail_dependence)
    share = f"{100.0 * extremes.tail_share:g} %"
    yield f"Shared worst {share}: falls", _with_error(extremes.falls, extremes.falls_error)
    yield f"Shared worst {share}: rises", _with_error(extremes.rises, extremes.rises_error)
    if len(d.markets) > 1:
        upper = np.triu_indices(len(d.markets), 1)
        yield f"Stressed by {d.stress:g}: mean", _number(float(d.stressed[upper].mean()))
        yield f"Broken by {d.break_:g}: mean", _number(float(d.broken[upper].mean()))


def _number(value: float, digits: int = 2) -> str:
    return "–" if not np.isfinite(value) else f"{value:,.{digits}f}"


def _with_error(value: float, error: float) -> str:
    return f"{_number(value)} ± {_number(error)}"


def _first_of_each(studied: Mapping[str, Sequence[Table]]) -> tuple[Table, ...]:
    """Tables by name, once: those of every market have the same columns."""
    found = {table.name: table for tables in studied.values() for table in tables}
    return tuple(found.values())


def _market(
    found: NightlyEstimate,
    name: str,
    stability: Stability,
    label: str,
    studies: Sequence[Table],
) -> MarketView:
    column = found.column(name)
    return MarketView(
        name=name,
        facts=tuple(_facts(found, column)),
        pictures=tuple(_pictures(found, column, stability, label)),
        tables=tuple(replace(table_view(table), name=f"{name}-{table.name}") for table in studies),
    )


def _facts(found: NightlyEstimate, column: int) -> Iterator[tuple[str, str]]:
    reason = found.reasons[column]
    if found.classes[column]:
        yield "class", found.classes[column]
    if reason is not None:
        yield "no number:", reason.value.replace("_", " ")
        return
    yield "volatility", f"{100.0 * found.volatility_annual[column]:.0f} % a year"
    for risk in found.horizons:
        long, short = 100.0 * risk.value_at_risk[column]
        yield f"VaR {risk.horizon_hours} h", f"{long:.1f} / {short:.1f} %"
    yield from _youth(found, column)
    for flag in found.flags[column]:
        yield "", flag.value.replace("_", " ")


def _youth(found: NightlyEstimate, column: int) -> Iterator[tuple[str, str]]:
    """What a young market's numbers rest on, and when to look again."""
    young = found.young.get(found.horizons[0].horizon_hours, {}).get(found.markets[column])
    if young is None:
        return
    yield "age", f"{young.age_days:.0f} d"
    yield "own weight", f"{100.0 * young.own_weight:.0f} %"
    yield "pool weight", f"{100.0 * young.pool_weight:.0f} %"
    yield "behind its tail", f"{young.listings:.0f} listings, {young.peers:.0f} established"
    yield "review", iso_minute(young.review_at_ns)[:10]
    yield from _night_facts(found, found.markets[column])


def _night_facts(found: NightlyEstimate, name: str) -> Iterator[tuple[str, str]]:
    """What a young market's number is made of, and when one with closed hours sleeps."""
    young = next(iter(found.young.values())).get(name)
    if young is not None and young.reason is None:
        yield (
            "own weight",
            f"{100.0 * young.own_weight:.0f} %, pool {100 * young.pool_weight:.0f} %",
        )
        yield "past listings", f"{young.listings:.1f}; established markets {young.peers:.1f}"
        yield "review", iso_minute(young.review_at_ns)[:10]
    if name in found.sessions:
        yield "hours", found.sessions[name].hours.sentence()


def _pictures(
    found: NightlyEstimate, column: int, stability: Stability, label: str
) -> Iterator[Picture]:
    name, tails, first = found.markets[column], found.tails[column], found.horizons[0]
    hours, tailless = first.horizon_hours, without_tails(tails)
    both, none = stability.get(name, (None, None)), without_forecasts(found, column)
    yield Picture(
        title=f"Volatility, {hours} h quantiles and breaches",
        caption=f"Every {found.settings.blend.step_hours} h a forecast and the move over the "
        f"{hours} h after it; grey strokes span the moves begun on a day.",
        drawn=words_for(none)
        if none
        else volatility_drawing(
            forecast_history(first, column), f"Volatility and moves of {name}, {label}"
        ),
    )
    yield Picture(
        title="Quantiles against the fitted tail",
        caption="Exceedances of both thresholds; shaded: 95 % of each rank were the tail true.",
        drawn=words_for(tailless)
        if tailless
        else quantile_drawing(tails, f"Quantiles of {name}, {label}"),
    )
    yield Picture(
        title="Tail",
        caption="Counted, and the generalised Pareto fit with 95 % bands, clustered by day.",
        drawn=words_for(tailless)
        if tailless
        else survival_drawing(tails, f"Tail of {name}, {label}"),
    )
    yield Picture(
        title="Shape by threshold",
        caption="95 % bars. A usable threshold leaves the shape level; the one used is shaded.",
        drawn=words_for("No tail could be fitted at any threshold.")
        if both == (None, None)
        else stability_drawing(
            *both, found.settings.tail.tail_fraction, f"Threshold stability of {name}, {label}"
        ),
    )
    reason = found.liquidity.reasons.get(name)
    liquidity = found.liquidity.estimates.get(name)
    source = None if liquidity is None else liquidity.source
    yield Picture(
        title="Cost of closing at once",
        caption="" if source is None else _COSTS_FROM[source],
        drawn=words_for(_NO_COSTS)
        if liquidity is None
        else cost_drawing(
            liquidity, "" if reason is None else reason.value, f"Cost curve of {name}, {label}"
        ),
    )
    yield Picture(
        title="Moves with",
        caption="The closest markets, and below the dotted line the farthest.",
        drawn=words_for("No correlations: too few bars in common with the others.")
        if name not in found.dependence.markets or len(found.dependence.markets) < 2
        else neighbours_drawing(found.dependence, name, f"Correlations of {name}, {label}"),
    )
