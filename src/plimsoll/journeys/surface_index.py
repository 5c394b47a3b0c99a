"""The 30-day volatility index of a chain: from its quotes, and from its surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import VolSurface
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import EstimationError
from plimsoll.estimators.implied.vol_index import VolIndex, surface_vol_index, vol_index

HORIZON_DAYS = 30.0
_BY_QUOTES = "quotes"
_BY_SURFACE = "surface"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainIndex:
    """Both indices of one chain at one instant.

    Parameters
    ----------
    quotes : VolIndex
        No model: the sum over the chain's own out-of-the-money mids.
    surface : VolIndex or None
        Over all strikes of the fitted surface; None without one.
    surface_reason : str
        Why there is none beside what `VolIndex` can say; empty where there is one.
    """

    quotes: VolIndex
    surface: VolIndex | None
    surface_reason: str = ""

    @property
    def rows(self) -> tuple[tuple[str, VolIndex | None, str], ...]:
        """Name, index and reason (empty where it has a value) of both."""
        return (
            (_BY_QUOTES, self.quotes, _reason(self.quotes)),
            (_BY_SURFACE, self.surface, self.surface_reason or _reason(self.surface)),
        )


def chain_index(quotes: SmileQuotes, surface: VolSurface | None) -> ChainIndex:
    """Take both indices of a chain; where one cannot be, its reason."""
    from_quotes = vol_index(quotes, horizon_days=HORIZON_DAYS)
    if surface is None:
        return ChainIndex(quotes=from_quotes, surface=None, surface_reason="no surface")
    try:
        found = surface_vol_index(surface, horizon_days=HORIZON_DAYS)
    except EstimationError:
        reason = "a smile has negative density where the strip needs it"
        return ChainIndex(quotes=from_quotes, surface=None, surface_reason=reason)
    return ChainIndex(quotes=from_quotes, surface=found)


def index_table(index: ChainIndex, title: str) -> Table:
    """Both indices with the expiries that they stand on."""
    return Table(
        name="vol_index",
        title=title,
        columns=(
            Column(name="from", title="From"),
            _number("value", "Index", "%", 2, "100 times the annual volatility, model-free."),
            _number("near_days", "Near", "d", 2, "Last expiry used before the horizon."),
            _number("next_days", "Next", "d", 2, "First expiry used after it."),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(_cells(*row) for row in index.rows),
        notes=(
            "Variance strip at 30 days. From quotes: two-sided mids alone, nothing beyond them. "
            "From the surface: all strikes, so the wings come on top; but it runs within bid and "
            "ask, not through the mids, so it may come out the lower of the two.",
        ),
    )


def index_document(index: ChainIndex) -> dict[str, Any]:
    """Return both indices as plain values."""
    return {
        "horizon_days": HORIZON_DAYS,
        **{name: _plain(found, reason) for name, found, reason in index.rows},
    }


def index_words(found: VolIndex | None, reason: str) -> tuple[str, str]:
    """Value and one line about it, for a key figure."""
    if found is None or reason:
        return "–", reason
    days = f"{found.near_days:.1f} and {found.next_days:.1f} d"
    return f"{found.value:.1f}", f"between expiries of {days}"


def _reason(found: VolIndex | None) -> str:
    if found is None or found.reason is None:
        return ""
    return found.reason.value.replace("_", " ")


def _cells(name: str, found: VolIndex | None, reason: str) -> tuple[Cell, ...]:
    if found is None or reason:
        return (name, None, None, None, reason)
    return (name, found.value, found.near_days, found.next_days, "")


def _plain(found: VolIndex | None, reason: str) -> dict[str, Any]:
    if found is None or reason:
        return {"value": None, "reason": reason}
    return {
        "value": found.value,
        "near_days": found.near_days,
        "next_days": found.next_days,
        "beyond_share": found.beyond_share,
        "reason": None,
    }


def _number(name: str, title: str, unit: str, digits: int, about: str = "") -> Column:
    return Column(
        name=name, title=title, kind=ColumnKind.NUMBER, unit=unit, digits=digits, about=about
    )
