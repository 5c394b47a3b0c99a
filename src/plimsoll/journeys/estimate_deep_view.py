"""One market of the reference distribution in depth, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.nightly.market_tails import SideTail
from plimsoll.estimators.tails.threshold_choice import ThresholdStability
from plimsoll.journeys.estimate_tables import known

K = ColumnKind
CLOSEST = 5


def deep_tables(
    found: NightlyEstimate,
    market: str,
    stability: tuple[ThresholdStability | None, ThresholdStability | None],
) -> tuple[Table, ...]:
    """Return risk, tails, thresholds, costs and closest markets of one market.

    Raises
    ------
    UsageError
        For a market that is not among them.
    """
    j = found.column(market)
    return (
        _risk(found, j),
        _tails(found, j),
        _thresholds(market, stability),
        _costs(found, j),
        _closest(found, j),
    )


def _risk(found: NightlyEstimate, j: int) -> Table:
    reason = found.reasons[j]
    rows = tuple(
        (
            risk.horizon_hours,
            side,
            known(risk.value_at_risk[j, s]),
            known(risk.value_at_risk_error[j, s]),
            known(risk.expected_shortfall[j, s]),
            known(risk.expected_shortfall_error[j, s]),
            None if reason is None else reason.value,
        )
        for risk in found.horizons
        for s, side in enumerate(("long", "short"))
    )
    return Table(
        name="reference",
        title=f"{found.markets[j]} by the reference distribution",
        columns=(
            Column(name="horizon_hours", title="Horizon", kind=K.COUNT, unit="h"),
            Column(name="side", title="Side"),
            _fraction("value_at_risk", "VaR"),
            _fraction("value_at_risk_se", "s.e."),
            _fraction("expected_shortfall", "ES"),
            _fraction("expected_shortfall_se", "s.e."),
            Column(name="reason", title="Reason"),
        ),
        rows=rows,
        notes=(
            "99 %, shares of notional, linear; the tail is pooled over all markets. "
            "Standard errors are given the volatility, clustered by day.",
        ),
    )


def _tails(found: NightlyEstimate, j: int) -> Table:
    tails = found.tails[j]
    return Table(
        name="tails",
        title="Tails of standardised returns of a bar",
        columns=(
            Column(name="side", title="Side"),
            _number("xi", "Shape"),
            _number("xi_se", "s.e."),
            _number("beta", "Scale"),
            _number("beta_se", "s.e."),
            _number("threshold", "Threshold", "volatilities"),
            Column(name="exceedances", title="Exceedances", kind=K.COUNT),
            Column(name="observations", title="Returns", kind=K.COUNT),
            _number("extremal_index", "Extremal index"),
            Column(name="flags", title="Flags"),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(
            (name, *_tail_cells(side))
            for name, side in (("falls", tails.falls), ("rises", tails.rises))
        ),
    )


def _tail_cells(side: SideTail) -> tuple[Cell, ...]:
    if side.tail is None:
        return (*(None,) * 9, str(side.reason))
    tail = side.tail
    return (
        tail.xi,
        known(side.xi_error),
        tail.beta,
        known(side.beta_error),
        tail.threshold,
        tail.exceedances,
        tail.observations,
        side.extremal_index,
        ", ".join(f.value for f in side.flags) or None,
        None,
    )


def _thresholds(
    market: str, stability: tuple[ThresholdStability | None, ThresholdStability | None]
) -> Table:
    rows = [
        row
        for side, table in zip(("falls", "rises"), stability, strict=True)
        if table is not None
        for row in _stability_rows(side, table)
    ]
    return Table(
        name="threshold_stability",
        title=f"Shape by threshold of {market}",
        columns=(
            Column(name="side", title="Side"),
            Column(name="tail_fraction", title="Share in the tail", kind=K.FRACTION),
            _number("threshold", "Threshold", "volatilities"),
            Column(name="exceedances", title="Exceedances", kind=K.COUNT),
            _number("xi", "Shape"),
            _number("xi_se", "s.e."),
            _number("modified_scale", "Modified scale"),
            _number("modified_scale_se", "s.e."),
        ),
        rows=tuple(rows),
    )


def _stability_rows(side: str, table: ThresholdStability) -> Iterator[tuple[Cell, ...]]:
    for i in range(table.xi.size):
        yield (
            side,
            float(table.tail_fractions[i]),
            float(table.thresholds[i]),
            int(table.exceedances[i]),
            float(table.xi[i]),
            known(table.xi_errors[i]),
            float(table.modified_scale[i]),
            known(table.modified_scale_errors[i]),
        )


def _costs(found: NightlyEstimate, j: int) -> Table:
    market = found.markets[j]
    liquidity, reason = (
        found.liquidity.estimates.get(market),
        found.liquidity.reasons.get(market),
    )
    rows: tuple[tuple[Cell, ...], ...] = ()
    if liquidity is not None:
        curves = (
            liquidity.cost,
            liquidity.cost_low,
            liquidity.cost_high,
            liquidity.cost_worst,
        )
        rows = tuple(
            (float(size), *(known(1e4 * curve[k]) for curve in curves), liquidity.source.value)
            for k, size in enumerate(liquidity.notional_usd)
        )
    note = f"No cost curve: {reason}." if reason is not None else "Half the spread is in it."
    return Table(
        name="costs",
        title=f"Cost of closing {market} at once",
        columns=(
            Column(name="size_usd", title="Size", kind=K.MONEY, unit="USD", digits=0),
            *(
                Column(name=f"{name}_bps", title=title, kind=K.NUMBER, unit="bps", digits=1)
                for name, title in (
                    ("cost", "Cost"),
                    ("low", "Low"),
                    ("high", "High"),
                    ("worst", "Bad moment"),
                )
            ),
            Column(name="source", title="From"),
        ),
        rows=rows,
        notes=(note,),
    )


def _closest(found: NightlyEstimate, j: int) -> Table:
    dependence, market = found.dependence, found.markets[j]
    rows: tuple[tuple[Cell, ...], ...] = ()
    if market in dependence.markets:
        at = dependence.markets.index(market)
        matrices: Mapping[str, np.ndarray] = {
            "now": dependence.correlation,
            "stressed": dependence.stressed,
            "broken": dependence.broken,
        }
        order = np.argsort(-dependence.correlation[at], kind="stable")
        chosen = [int(k) for k in order if int(k) != at][:CLOSEST]
        rows = tuple(
            (dependence.markets[k], *(float(matrix[at, k]) for matrix in matrices.values()))
            for k in chosen
        )
    return Table(
        name="closest",
        title=f"Markets that move most with {market}",
        columns=(
            Column(name="market", title="Market"),
            _number("correlation", "Correlation"),
            _number("stressed", "Stressed"),
            _number("broken", "Broken"),
        ),
        rows=rows,
    )


def _fraction(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind=K.FRACTION, digits=2)


def _number(name: str, title: str, unit: str = "") -> Column:
    return Column(name=name, title=title, kind=K.NUMBER, unit=unit, digits=3)
