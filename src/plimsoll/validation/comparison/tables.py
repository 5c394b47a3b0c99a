"""The comparison as tables for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plimsoll.domain.table import Cell, Column, Table
from plimsoll.validation.comparison import definitions
from plimsoll.validation.comparison.columns import count, number, share
from plimsoll.validation.comparison.compare import HorizonComparison
from plimsoll.validation.comparison.inference_tables import (
    scores_table,
    selection_table,
    shortfall_table,
)
from plimsoll.validation.comparison.method_score import MethodScore, Rate

_NAN = float("nan")
_ONE_STEP = (
    "One step ahead: starts are those at which margins were just set, so that no forecast is older "
    "than a bar."
)


def comparison_tables(found: HorizonComparison, label: str) -> tuple[Table, ...]:
    """Return every table of one horizon.

    Parameters
    ----------
    label : str
        What the prices are.
    """
    tables = [
        main_table(found, label),
        scores_table(found),
        year_table(found),
        shortfall_table(found),
        halves_table(found),
    ]
    if found.selection is not None:
        tables.append(selection_table(found.selection, found.horizon_hours))
    return tuple(tables)


def main_table(found: HorizonComparison, label: str) -> Table:
    """Coverage, cost, scores, cycles and the comparison with the benchmark."""
    hours = found.horizon_hours
    columns = (
        Column(name="method", title="Method"),
        share("breach", "Breach", definitions.BREACH),
        share("breach_se", "s.e.", definitions.STANDARD_ERROR),
        share("long", "Long"),
        share("short", "Short"),
        share("worst_quartile", "Worst quartile", definitions.WORST_QUARTILE),
        count("kupiec_high", "Kupiec high", definitions.KUPIEC),
        count("kupiec_low", "Kupiec low", definitions.KUPIEC),
        share("mean_margin", "Margin", "Mean share of notional."),
        number("equal_cost", "@B ex post", 3, definitions.EQUAL_COST),
        number("fz0", "FZ0", 3, definitions.FZ0),
        number("quantile_score", "Quantile score", 2, definitions.QUANTILE, unit="bp"),
        number("peak_to_trough", "PT", 2, definitions.PEAK_TO_TROUGH),
        *(
            number(f"rise_{days}{suffix}", f"C{days}{title}", 2, definitions.RISES)
            for days in (1, 5, 20)
            for suffix, title in (("", ""), ("_p90", " p90"))
        ),
    )
    return Table(
        name=f"methods_{hours}h",
        title=f"Forecasters at 99 % over {hours} h",
        columns=columns,
        rows=tuple(_main_row(one) for one in found.scores),
        notes=(
            f"{label.capitalize()}; {len(found.markets)} markets, {found.starts:,} starts, "
            f"{found.pairs:,} scored market-sides, the same for every method.",
            *((_ONE_STEP,) if found.fresh else ()),
            f"Kupiec's test at 5 % finds a market-side whose true rate is {_kupiec(found)} "
            "(exact for independent breaches; clustered ones are found less often).",
            "@B is found ex post: one scale on the whole period brings the breach rate to that of "
            "hs_365_buffer. It compares costs and is no forecast.",
            *(f"{one.name}: {one.title}." for one in found.scores),
        ),
    )


def _kupiec(found: HorizonComparison) -> str:
    return " and ".join(
        f"{100.0 * rate:g} % with a power of {power:.2f}"
        for rate, power in found.kupiec_powers.items()
    )


def _main_row(one: MethodScore) -> tuple[Cell, ...]:
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
    )


def year_table(found: HorizonComparison) -> Table:
    """Breach rates by calendar year and in crisis windows."""
    years = sorted({year for one in found.scores for year in one.years})
    crises = list(dict.fromkeys(name for one in found.scores for name in one.crises))
    columns = [Column(name="method", title="Method")]
    for year in years:
        columns += [share(f"y{year}", str(year)), share(f"y{year}_se", "s.e.")]
    columns += [share(f"crisis_{place}", name) for place, name in enumerate(crises, start=1)]
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


def halves_table(found: HorizonComparison) -> Table:
    """The same figures on every second coin."""
    fields: Sequence[tuple[str, str, Callable[[str, str], Column]]] = (
        ("breach_rate", "Breach", share),
        ("mean_margin", "Margin", share),
        ("equal_coverage_cost", "@B ex post", lambda n, t: number(n, t, 3)),
        ("fz0", "FZ0", lambda n, t: number(n, t, 3)),
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


def _halves(one: MethodScore) -> tuple[object, object]:
    return one.even, one.odd


def _rate(rate: Rate | None) -> tuple[float, float]:
    return (_NAN, _NAN) if rate is None else (rate.rate, rate.standard_error)
