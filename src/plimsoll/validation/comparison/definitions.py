"""What the figures of a comparison mean, once for the console, the page and the documents."""

from __future__ import annotations

from collections.abc import Mapping

from plimsoll.domain.table import Column, ColumnKind, Table

BREACH = "Pooled breach rate of all market-sides; target 1 %."
STANDARD_ERROR = "Standard error, clustered by day (Newey-West, 5 lags)."
WORST_QUARTILE = (
    "Markets are ranked by their own breach rate over the whole period, both sides together; mean "
    "rate of the quarter that broke most (not weighted by their pairs)."
)
KUPIEC = (
    "Market-sides whose own proportion of breaches Kupiec's test rejects at 5 %, as too many "
    "(high) or too few (low)."
)
EQUAL_COST = (
    "@B, ex post: mean margin over that of hs_365_buffer, after one scale on the whole period "
    "gave the method the buffer's breach rate. It compares costs and is no forecast."
)
FZ0 = (
    "Joint score of value-at-risk v and shortfall e for a loss L at a = 1 %: "
    "(L - v)+ / (a e) + v / e + ln e - 1, mean over market-sides; lower is better, and 0.01 is "
    "worth 1 % of the shortfall (Patton, Ziegel and Chen, 2019)."
)
QUANTILE = "Pinball loss of the value-at-risk at 99 %, mean over market-sides; lower is better."
PEAK_TO_TROUGH = (
    "PT: highest over lowest margin of the trailing year, mean over the days that have a whole "
    "year behind them in the period, median of market-sides."
)
RISES = (
    "C1, C5, C20: largest relative rise of the margin within 1, 5 and 20 days, median (p90: 90th "
    "percentile) of market-sides."
)
DM = (
    "Diebold-Mariano: mean daily score less EWMA-t's over its Newey-West error; negative is "
    "better than EWMA-t."
)
DM_P = "p of the one-sided test, better than EWMA-t; t law of the days less one."
MCS_P = (
    "p of belonging to the best methods of this table: below 0.10 a method is outside the 90 % "
    "model confidence set (Hansen, Lunde and Nason, 2011; T_max, block bootstrap of days)."
)
MISSING = (
    "A dash where there is no number: DM of the benchmark against itself (or without it among the "
    "methods), @B without hs_365_buffer, PT where the period holds no whole year, MCS with fewer "
    "than 180 scored days or one method, p of the shortfall with fewer than three days of "
    "breaches, a crisis or year outside the period."
)

TERMS: Mapping[str, str] = {
    "Breach, long, short": BREACH,
    "s.e.": STANDARD_ERROR,
    "Worst quartile": WORST_QUARTILE,
    "Kupiec high, low": KUPIEC,
    "@B": EQUAL_COST,
    "FZ0": FZ0,
    "Quantile score": QUANTILE,
    "PT": PEAK_TO_TROUGH,
    "C1, C5, C20": RISES,
    "DM": DM,
    "DM p": DM_P,
    "MCS p": MCS_P,
    "Power": (
        "Chance that the test beside it rejects at 5 % if the alternative in the notes of its "
        "table is true. A p-value that does not reject proves little where the power is low."
    ),
    "–": MISSING,
}


def definitions_table() -> Table:
    """Return all terms with their meanings."""
    return Table(
        name="definitions",
        title="What the figures mean",
        columns=(
            Column(name="term", title="Figure", kind=ColumnKind.TEXT),
            Column(name="meaning", title="Meaning", kind=ColumnKind.TEXT),
        ),
        rows=tuple(TERMS.items()),
    )
