"""The comparison as tables for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.validation.comparison.compare import HorizonComparison
from plimsoll.validation.comparison.method_score import MethodScore, Rate

_NAN = float("nan")


def comparison_tables(found: HorizonComparison, label: str) -> tuple[Table, ...]:
    """Return every table of one horizon.

    Parameters
    ----------
    label : str
        What the prices are.
    """
    tables = [
        main_table(found, label),
        year_table(found),
        shortfall_table(found),
        halves_table(found),
    ]
    if found.selection is not None:
        tables.append(selection_table(found))
    return tuple(tables)


def main_table(found: HorizonComparison, label: str) -> Table:
    """Coverage, cost, scores, cycles and the comparison with the benchmark."""
    hours = found.horizon_hours
    p_values = (
        {}
        if found.confidence_set is None
        else {one.name: one.p_value for one in found.confidence_set.models}
    )
    columns = (
        Column(name="method", title="Method"),
        _share("breach", "Breach", about="Pooled breach rate of all market-sides; target 1 %."),
        _share("breach_se", "s.e.", about="Clustered by day, 5 lags."),
        _share("long", "Long"),
        _share("short", "Short"),
        _share("worst_quartile", "Worst quartile", about="Mean of the quarter that broke most."),
        _count("kupiec_high", "Kupiec high", "Market-sides rejected at 5 % as breaking too often."),
        _count("kupiec_low", "Kupiec low", "Market-sides rejected at 5 % as too seldom."),
        _share("mean_margin", "Margin", about="Mean share of notional."),
        _number("equal_cost", "@B ex post", 3, "Mean margin over the buffer's at its coverage."),
        _number("fz0", "FZ0", 3, "Joint score of VaR and ES; lower is better."),
        _number("quantile_score", "Quantile score", 2, "Pinball loss.", unit="bp"),
        _number("peak_to_trough", "PT", 2, "Highest over lowest of a trailing year."),
        *(
            _number(f"rise_{days}{suffix}", f"C{days}{title}", 2, about)
            for days in (1, 5, 20)
            for suffix, title, about in (
                ("", "", f"Largest rise in {days} days, median of market-sides."),
                ("_p90", " p90", "The same, 90th percentile."),
            )
        ),
        _number("dm", "DM", 1, "Diebold-Mariano against EWMA-t on FZ0; negative is better."),
        _number("dm_p", "DM p", 3, "One-sided: better than EWMA-t."),
        _number("mcs_p", "MCS p", 3, "Below 0.10: not among the best (model confidence set)."),
    )
    return Table(
        name=f"methods_{hours}h",
        title=f"Forecasters at 99 % over {hours} h",
        columns=columns,
        rows=tuple(_main_row(one, p_values.get(one.name, _NAN)) for one in found.scores),
        notes=(
            f"{label.capitalize()}; {len(found.markets)} markets, {found.starts:,} starts, "
            f"{found.pairs:,} scored market-sides, the same for every method.",
            "@B is found ex post: one scale on the whole period brings the breach rate to that of "
            "hs_365_buffer. It compares costs and is no forecast.",
            *(f"{one.name}: {one.title}." for one in found.scores),
        ),
    )


def _main_row(one: MethodScore, mcs_p: float) -> tuple[Cell, ...]:
    against = one.against_benchmark
    return (
        one.name,
        one.pooled.rate,
        one.pooled.standard_error,
        one.long.rate,
        one.short.rate,
        one.worst_quartile,
        one.kupiec.too_high,
        one.kupiec.too_low,
        one.mean_margin,
        one.equal_coverage_cost,
        one.fz0,
        1e4 * one.quantile_score,
        one.peak_to_trough,
        *(v for days in (1, 5, 20) for v in (one.rises[days].median, one.rises[days].p90)),
        _NAN if against is None else against.statistic,
        _NAN if against is None else against.p_better,
        mcs_p,
    )


def year_table(found: HorizonComparison) -> Table:
    """Breach rates by calendar year and in crisis windows."""
    years = sorted({year for one in found.scores for year in one.years})
    crises = list(dict.fromkeys(name for one in found.scores for name in one.crises))
    columns = [Column(name="method", title="Method")]
    for year in years:
        columns += [_share(f"y{year}", str(year)), _share(f"y{year}_se", "s.e.")]
    columns += [_share(f"crisis_{place}", name) for place, name in enumerate(crises, start=1)]
    return Table(
        name=f"years_{found.horizon_hours}h",
        title=f"Breach rates by year and crisis, {found.horizon_hours} h",
        columns=tuple(columns),
        rows=tuple(
            (
                one.name,
                *(v for year in years for v in _rate(one.years.get(year))),
                *(_rate(one.crises.get(name))[0] for name in crises),
            )
            for one in found.scores
        ),
        notes=("Starts within the windows, first and last day included; clustered by day.",),
    )


def shortfall_table(found: HorizonComparison) -> Table:
    """Tests of the expected shortfall, pooled and clustered by day."""
    return Table(
        name=f"shortfall_{found.horizon_hours}h",
        title=f"Expected shortfall, {found.horizon_hours} h",
        columns=(
            Column(name="method", title="Method"),
            _count("breaches", "Breaches", "Market-sides."),
            _number("residual", "Residual", 3, "Mean of (loss - ES) / VaR on breaches."),
            _number("residual_se", "s.e.", 3),
            _number("residual_p", "p", 3, "Two-sided, against zero."),
            _number("z", "Z", 3, "Mean of loss 1{breach} / (a ES) - 1; positive: ES too small."),
            _number("z_se", "s.e.", 3),
            _number("z_p", "p", 3, "Two-sided, against zero."),
        ),
        rows=tuple(
            (
                one.name,
                one.shortfall_residual.count,
                one.shortfall_residual.mean,
                one.shortfall_residual.standard_error,
                one.shortfall_residual.p_two_sided,
                one.shortfall_z.mean,
                one.shortfall_z.standard_error,
                one.shortfall_z.p_two_sided,
            )
            for one in found.scores
        ),
        notes=(
            "Residual: McNeil and Frey (2000), scaled by the value-at-risk. Z: Acerbi and "
            "Szekely's second test, which also feels the number of breaches.",
        ),
    )


def halves_table(found: HorizonComparison) -> Table:
    """The same figures on every second coin."""
    fields: Sequence[tuple[str, str, Callable[[str, str], Column]]] = (
        ("breach_rate", "Breach", _share),
        ("mean_margin", "Margin", _share),
        ("equal_coverage_cost", "@B ex post", lambda n, t: _number(n, t, 3)),
        ("fz0", "FZ0", lambda n, t: _number(n, t, 3)),
    )
    columns = [Column(name="method", title="Method")]
    for name, title, make in fields:
        columns += [make(f"{name}_even", f"{title} even"), make(f"{name}_odd", "odd")]
    return Table(
        name=f"halves_{found.horizon_hours}h",
        title=f"Two halves of the coins, {found.horizon_hours} h",
        columns=tuple(columns),
        rows=tuple(
            (
                one.name,
                *(float(getattr(half, name)) for name, _, _ in fields for half in _halves(one)),
            )
            for one in found.scores
        ),
        notes=("Every second of the scored markets, in order of name.",),
    )


def selection_table(found: HorizonComparison) -> Table:
    """Nested choice of a model per market: what was chosen, and what it was worth afterwards."""
    selection = found.selection
    if selection is None:
        return Table(name="selection", title="No selection", columns=(), rows=())
    rows = [
        (
            _day(review.from_ns),
            ", ".join(f"{name} {count}" for name, count in review.counts.items()),
            review.selected.mean_difference,
            review.selected.statistic,
            review.pooled_winner,
            review.pooled.mean_difference,
            review.pooled.statistic,
            review.oracle.mean_difference,
        )
        for review in selection.reviews
    ]
    total = (
        "all",
        "",
        selection.selected.mean_difference,
        selection.selected.statistic,
        "",
        selection.pooled.mean_difference,
        selection.pooled.statistic,
        _NAN,
    )
    return Table(
        name=f"selection_{found.horizon_hours}h",
        title=f"Models chosen on earlier data, {found.horizon_hours} h",
        columns=(
            Column(name="review", title="Review"),
            Column(name="chosen", title="Markets by model"),
            _number("selected", "Chosen, FZ0", 4, "Next year's FZ0 less EWMA-t's, per market."),
            _number("selected_dm", "DM", 1),
            Column(name="pooled_model", title="One for all"),
            _number("pooled", "One for all, FZ0", 4, "Next year's FZ0 less EWMA-t's."),
            _number("pooled_dm", "DM", 1),
            _number("oracle", "Best afterwards", 4, "FZ0 of the model that turned out best."),
        ),
        rows=(*rows, total),
        notes=(
            "At each New Year a market leaves EWMA-t only for a model that won on its own earlier "
            "data (Diebold-Mariano, one-sided 5 %) and is in the 90 % model confidence set of all "
            "markets' earlier data; FZ0 differences are of the year that follows.",
        ),
    )


def _halves(one: MethodScore) -> tuple[object, object]:
    return one.even, one.odd


def _rate(rate: Rate | None) -> tuple[float, float]:
    return (_NAN, _NAN) if rate is None else (rate.rate, rate.standard_error)


def _day(time_ns: int) -> str:
    return iso_minute(time_ns)[:10]


def _share(name: str, title: str, *, about: str = "") -> Column:
    return Column(name=name, title=title, kind=ColumnKind.FRACTION, digits=2, about=about)


def _number(name: str, title: str, digits: int, about: str = "", *, unit: str = "") -> Column:
    return Column(
        name=name, title=title, kind=ColumnKind.NUMBER, digits=digits, about=about, unit=unit
    )


def _count(name: str, title: str, about: str = "") -> Column:
    return Column(name=name, title=title, kind=ColumnKind.COUNT, about=about)
