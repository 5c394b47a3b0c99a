"""Prices of many markets on common dates, as they were known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.market import MarketHistory
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceRows:
    """Log prices of N markets at T + 1 closes; NaN without a usable print.

    Parameters
    ----------
    subjects : tuple of N str
    close_ns : (T + 1,) int64
    log_prices : (T + 1, N) float64
    listed : (N,) bool
        At the end.
    """

    subjects: tuple[str, ...]
    close_ns: IntArray
    log_prices: FloatArray
    listed: BoolArray

    __repr__ = field_summary

    def __post_init__(self) -> None:
        names = self.subjects
        if not names or len(set(names)) != len(names):
            raise UsageError("must be at least one, each once", found=names, field="subjects")
        shape = (self.close_ns.size, len(names))
        if self.log_prices.shape != shape or self.listed.shape != (len(names),):
            raise UsageError(
                f"must have the shape (closes, markets) = {shape}",
                found=self.log_prices.shape,
                field="log_prices",
            )
        if np.any(np.isinf(self.log_prices)):
            raise UsageError("must be finite, or NaN", found="infinity", field="log_prices")
        if self.close_ns.size < 2 or not bool(np.all(np.diff(self.close_ns) > 0)):
            raise UsageError("must rise, two at least", found=self.close_ns.size, field="close_ns")

    def latest(self, closes: int) -> PriceRows:
        """Return the last so many closes, all where there are fewer."""
        return replace(
            self,
            close_ns=self.close_ns[-closes:],
            log_prices=np.ascontiguousarray(self.log_prices[-closes:]),
        )


def price_rows(
    history: MarketHistory, subjects: Mapping[str, str], *, before_ns: int | None = None
) -> PriceRows:
    """Return what was known of some markets (market to subject) before a time.

    Raises
    ------
    UsageError
        For no market, a subject twice, a market that the history does not have.
    """
    columns = [history.column(market) for market in subjects]
    seen = history if before_ns is None else history.before(before_ns)
    close = np.where(seen.active, seen.usable_close(), np.nan)[:, columns]
    logs = np.full(close.shape, np.nan)
    np.log(close, out=logs, where=np.isfinite(close) & (close > 0.0))
    listed = seen.active[-1, columns] if len(seen) else np.zeros(len(columns), dtype=np.bool_)
    return PriceRows(
        subjects=tuple(subjects.values()),
        close_ns=seen.time_ns + seen.interval_ns,
        log_prices=logs,
        listed=listed,
    )
