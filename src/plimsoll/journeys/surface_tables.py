"""Surfaces as tables: expiries, measures of fit, findings, snapshots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from plimsoll.domain.evidence import Check
from plimsoll.domain.option_chain import ChainFinding
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.estimators.implied.features import expiry_features
from plimsoll.estimators.surface.quality import FitMeasures, FitQuality, measures
from plimsoll.estimators.surface.quote_errors import DAYS, Tenor
from plimsoll.journeys.fitted_chain import FittedChain, SurfaceRecord
from plimsoll.journeys.surface_rounding import (
    ERROR_DIGITS,
    SHARE_DIGITS,
    TICK_DIGITS,
    error_up,
    share_down,
)

VIOLATIONS = {
    "butterflies": "negative density (butterfly)",
    "crossings": "total variance falls in time (calendar)",
    "negative_variances": "total variance not positive",
    "falling_wings": "wing's slope falls in time",
    "steep_wings": "wing beyond Lee's bound",
    "far_violations": "either of the first two beyond the points",
}
"""Kinds of violation of an `ArbitrageReport`, with their names for people."""
WITH_PRIOR = (
    "Each surface was fitted with the one before (of its coin, not broken) as a weak prior; --at "
    "fits one time by itself, so that it may give slightly other numbers for the same snapshot."
)
BY_ITSELF = (
    "Fitted by itself; --all takes the surface before as a weak prior, so that it may give "
    "slightly other numbers for the same snapshot."
)
_PERCENT = 100.0
_PER = "per deviation: k over volatility times root of time"


def expiry_table(fitted: FittedChain) -> Table:
    """One row per expiry of the chain, with the reason where it has no smile."""
    record = fitted.record
    rows = {**_without_smile(fitted), **_with_smile(fitted)}
    unit = fitted.quotes.chain.pair.quote
    return Table(
        name="expiries",
        title=f"Surface of {record.name} UTC",
        columns=(
            Column(name="expiry", title="Expiry (UTC)", kind=ColumnKind.TIME),
            _number("days", "Days", "", 2, "Calendar days to expiry."),
            _number("forward", "Forward", "", _price_digits(rows), f"Median of the rows, {unit}."),
            Column(name="quotes", title="Fitted", kind=ColumnKind.COUNT, about="Quotes fitted."),
            _number("atm", "ATM", "%", 2, "Volatility at the forward, annual."),
            _number("skew", "Skew", "%", 2, f"Slope of volatility at the forward {_PER}."),
            _number("curvature", "Curv.", "%", 2, f"Second derivative there {_PER}, squared."),
            _number("rr25", "RR25", "%", 2, "Call less put volatility at 25 delta."),
            _number("bf25", "BF25", "%", 2, "Mean of both less the at-the-money volatility."),
            Column(
                name="inside",
                title="Inside",
                kind=ColumnKind.FRACTION,
                digits=1,
                about="Quotes of 5 to 95 delta at or between bid and ask.",
            ),
            _number("rmse", "RMSE", "%", 2, "Of the mid's volatility, those quotes."),
            Column(name="source", title="Smile", about="How it came about, or why there is none."),
        ),
        rows=tuple(rows[expiry] for expiry in sorted(rows)),
        notes=(
            f"k = ln(K/F), forward in {unit}. Skew and curvature: derivatives of volatility in k / "
            "dev, dev = σ√τ at the forward. Delta "
            + (
                "premium-adjusted"
                if fitted.quotes.chain.settle == fitted.quotes.chain.pair.base
                else "forward"
            )
            + "; volatilities annual, ACT/365.",
            _prior_note(record),
        ),
    )


def _prior_note(record: SurfaceRecord) -> str:
    if record.prior_ns is None:
        return BY_ITSELF
    return f"Fitted with the surface of {iso_minute(record.prior_ns)} UTC as a weak prior."


def tenor_table(quality: FitQuality, title: str, notes: tuple[str, ...] = ()) -> Table:
    """Measures of fit by time to expiry, and of all of a day and more.

    Parameters
    ----------
    quality : FitQuality
    title : str
    notes : tuple of str
        More than what the measures mean.
    """
    parts = zip((t.value for t in Tenor), quality.by_tenor, strict=True)
    shown = [(name, m) for name, m in parts if m.quotes or m.wing_quotes]
    return Table(
        name="fit",
        title=title,
        columns=(Column(name="tenor", title="Time to expiry"), *_measure_columns()),
        rows=tuple((name, *_measure_cells(m)) for name, m in [*shown, _judged(quality)]),
        notes=(
            "All out-of-the-money two-sided quotes of 5 to 95 forward delta, none dropped; wings: "
            "2 to 5 and 95 to 98. Inside: at or between bid and ask (to 1e-9 of volatility); a "
            "negative price is missed. RMSE without the worst 0.1 %.",
            *notes,
        ),
    )


def snapshot_table(records: Sequence[SurfaceRecord]) -> Table:
    """One row per surface."""
    return Table(
        name="snapshots",
        title="Surfaces",
        columns=(
            Column(name="at", title="Time (UTC)", kind=ColumnKind.TIME),
            Column(name="chain", title="Chain"),
            Column(name="clean", title="Free of arbitrage"),
            *_measure_columns(),
            Column(
                name="more_than_mark",
                title="More than mark",
                kind=ColumnKind.COUNT,
                about="Quotes inside by the surface, less those inside by the venue's mark.",
            ),
            Column(name="dropped", title="Dropped", kind=ColumnKind.COUNT),
            _number("milliseconds", "Time", "ms", 0, "Preparing, fitting and judging."),
            Column(name="remark", title="Remark"),
        ),
        rows=tuple(_snapshot_cells(record) for record in records),
    )


def spread_table(records: Sequence[SurfaceRecord]) -> Table:
    """How the measures of fit spread over surfaces, worst first."""
    judged = [r.quality.judged for r in records if r.quality.judged.quotes]
    ticks = [share_down(m.within_tick, TICK_DIGITS) for m in judged]
    measured: tuple[tuple[str, list[float], int], ...] = (
        ("inside [%]", [_PERCENT * share_down(m.inside) for m in judged], 1),
        ("mark inside [%]", [_PERCENT * share_down(m.mark_inside) for m in judged], 1),
        (
            "within a tick [%]",
            [_PERCENT * share for share in ticks],
            1,
        ),
        ("wings inside [%]", [_PERCENT * share_down(m.wings_inside) for m in judged], 1),
        ("median error [half spreads]", [error_up(m.median_half_spreads) for m in judged], -1),
        ("RMSE [vol points]", [error_up(m.rmse_vol_points) for m in judged], -1),
    )
    shares = (0.0, 0.01, 0.05, 0.25, 0.5)
    return Table(
        name="spread",
        title="Spread over surfaces",
        columns=(
            Column(name="measure", title="Measure"),
            *(_number(f"q{share:g}", _quantile_title(share), "", 3) for share in shares),
        ),
        rows=tuple((name, *_worst_first(values, shares, sign)) for name, values, sign in measured),
    )


def findings_table(findings: Iterable[ChainFinding], title: str = "Findings") -> Table:
    """Every finding of a chain."""
    return Table(
        name="findings",
        title=title,
        columns=(
            Column(name="kind", title="Kind"),
            Column(name="subject", title="Where"),
            Column(name="rows", title="Quotes", kind=ColumnKind.COUNT),
            _number("value", "Found", "", 4),
            _number("expected", "Usual", "", 4),
            Column(name="detail", title="Detail"),
        ),
        rows=tuple(
            (f.kind.value, f.subject, f.rows, f.value, f.expected, f.detail) for f in findings
        ),
    )


def finding_counts(records: Sequence[SurfaceRecord]) -> Table:
    """How many surfaces have findings of each kind, and how many quotes they concern."""
    surfaces: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for record in records:
        surfaces.update({f.kind.value for f in record.findings})
        for finding in record.findings:
            rows[finding.kind.value] += finding.rows
    return Table(
        name="findings",
        title="Findings",
        columns=(
            Column(name="kind", title="Kind"),
            Column(name="surfaces", title="Surfaces", kind=ColumnKind.COUNT),
            Column(name="rows", title="Quotes", kind=ColumnKind.COUNT),
        ),
        rows=tuple((kind, surfaces[kind], rows[kind]) for kind in sorted(rows)),
    )


def arbitrage_table(records: Sequence[SurfaceRecord]) -> Table:
    """Violations of each kind, and how many surfaces have any."""
    reports = [record.arbitrage for record in records if record.arbitrage is not None]
    rows = []
    for kind, text in VIOLATIONS.items():
        counts = [int(getattr(report, kind)) for report in reports]
        rows.append((text, sum(count > 0 for count in counts), sum(counts)))
    least = min((r.worst_smile for r in reports), key=lambda s: s.least_g, default=None)
    steepest = max((r.steepest_wing for r in reports), default=float("nan"))
    return Table(
        name="arbitrage",
        title=f"Arbitrage on {len(reports):,} surface{'' if len(reports) == 1 else 's'}",
        columns=(
            Column(name="kind", title="Violation"),
            Column(name="surfaces", title="Surfaces", kind=ColumnKind.COUNT),
            Column(name="points", title="Points", kind=ColumnKind.COUNT),
        ),
        rows=tuple(rows),
        notes=(
            "At 4,001 points of k in [-3, 3] of every expiry and midway to the next, and more near "
            "the money; beyond them at 500 points on either side and in closed form to infinity."
            + (
                ""
                if least is None
                else f" Least g {least.least_g:.2g}; steepest wing {steepest:.3g} (Lee: 2)."
            ),
        ),
    )


def check_table(checks: Sequence[Check]) -> Table:
    """What was demanded, what was found, whether it holds."""
    return Table(
        name="checks",
        title="Verdict",
        columns=(
            Column(name="check", title="Check"),
            Column(name="verdict", title="Verdict"),
            Column(name="found", title="Found"),
            Column(name="demanded", title="Demanded"),
        ),
        rows=tuple((c.name, c.verdict.value, c.found, c.demanded) for c in checks),
    )


def _with_smile(fitted: FittedChain) -> dict[int, tuple[Cell, ...]]:
    surface = fitted.surface
    if surface is None:
        return {}
    features = expiry_features(surface)
    rows: dict[int, tuple[Cell, ...]] = {}
    for i, smile in enumerate(surface.smiles):
        fit = _expiry_measures(fitted, smile.expiry_ns)
        deviation = float(features.atm_vol[i]) * smile.tau_years**0.5
        rows[smile.expiry_ns] = (
            smile.expiry_ns,
            DAYS * smile.tau_years,
            smile.forward,
            smile.quotes,
            _PERCENT * float(features.atm_vol[i]),
            _PERCENT * deviation * float(features.skew[i]),
            _PERCENT * deviation**2 * float(features.curvature[i]),
            _PERCENT * float(features.risk_reversal_25[i]),
            _PERCENT * float(features.butterfly_25[i]),
            share_down(fit.inside),
            fit.rmse_vol_points,
            smile.source.value,
        )
    return rows


def _without_smile(fitted: FittedChain) -> dict[int, tuple[Cell, ...]]:
    nothing: tuple[Cell, ...] = (None,) * 7
    rows = {}
    for expiry, reason in fitted.record.reasons:
        summary = fitted.quotes.expiries.get(expiry)
        days = float("nan") if summary is None else DAYS * summary.tau_years
        forward = float("nan") if summary is None else summary.forward
        rows[expiry] = (expiry, days, forward, 0, *nothing, reason.value.replace("_", " "))
    return rows


def _expiry_measures(fitted: FittedChain, expiry_ns: int) -> FitMeasures:
    errors = fitted.record.quality.errors
    return measures(errors.where(fitted.quotes.chain.expiry_ns[errors.row] == expiry_ns))


def _price_digits(rows: dict[int, tuple[Cell, ...]]) -> int:
    """Decimals that leave a price about six figures."""
    prices = [float(row[2]) for row in rows.values() if isinstance(row[2], float) and row[2] > 0.0]
    return int(np.clip(5 - np.floor(np.log10(max(prices, default=1.0))), 0, 6))


def _quantile_title(share: float) -> str:
    return "Worst" if share == 0.0 else "Median" if share == 0.5 else f"Worst {share:.0%}"


def _worst_first(values: list[float], shares: Sequence[float], sign: int) -> tuple[Cell, ...]:
    """Observed values that a share of surfaces does not do better than; no interpolation."""
    known = np.sort(sign * np.array([v for v in values if not np.isnan(v)]))
    if not known.size:
        return (None,) * len(shares)
    places = [min(int(share * known.size), known.size - 1) for share in shares]
    return tuple(float(sign * known[place]) for place in places)


def _judged(quality: FitQuality) -> tuple[str, FitMeasures]:
    return "1 d and more", quality.judged


def _measure_columns() -> tuple[Column, ...]:
    return (
        Column(name="quotes", title="Judged", kind=ColumnKind.COUNT, about="Quotes judged."),
        _share("inside", "Inside"),
        _share("mark_inside", "Mark inside"),
        _share("within_tick", "Within a tick", TICK_DIGITS),
        _share("mark_within_tick", "Mark within a tick", TICK_DIGITS),
        _number("median", "Median error", "half spreads", ERROR_DIGITS),
        _number("rmse", "RMSE", "vol points", ERROR_DIGITS),
        Column(name="wing_quotes", title="Wings", kind=ColumnKind.COUNT),
        _share("wings_inside", "Wings inside"),
        _share("wings_within_tick", "Wings within a tick", TICK_DIGITS),
    )


def _measure_cells(m: FitMeasures) -> tuple[Cell, ...]:
    return (
        m.quotes,
        share_down(m.inside),
        share_down(m.mark_inside),
        share_down(m.within_tick, TICK_DIGITS),
        share_down(m.mark_within_tick, TICK_DIGITS),
        error_up(m.median_half_spreads),
        error_up(m.rmse_vol_points),
        m.wing_quotes,
        share_down(m.wings_inside),
        share_down(m.wings_within_tick, TICK_DIGITS),
    )


def _snapshot_cells(record: SurfaceRecord) -> tuple[Cell, ...]:
    clean = "no surface" if record.is_clean is None else "yes" if record.is_clean else "no"
    remark = "broken snapshot" if record.is_broken else record.reason
    return (
        record.at_ns,
        record.label,
        clean,
        *_measure_cells(record.quality.judged),
        record.quality.more_than_mark,
        record.dropped,
        1000.0 * record.seconds,
        remark,
    )


def _share(name: str, title: str, digits: int = SHARE_DIGITS) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.FRACTION, digits=digits)


def _number(name: str, title: str, unit: str, digits: int, about: str = "") -> Column:
    return Column(
        name=name, title=title, kind=ColumnKind.NUMBER, unit=unit, digits=digits, about=about
    )
