"""Which markets and which stretch of time a reader should bring."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from plimsoll.errors import UsageError

Instant = int | str | date | datetime
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Markets (None: all) and the half-open stretch ``[since_ns, until_ns)`` of open times."""

    symbols: frozenset[str] | None = None
    since_ns: int | None = None
    until_ns: int | None = None

    @classmethod
    def of(
        cls,
        symbols: Collection[str] | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
    ) -> Selection:
        """Make a selection from what a caller has: names, and times in any form."""
        if isinstance(symbols, str):
            raise UsageError("must be a list of names", found=symbols, field="symbols")
        chosen = cls(
            symbols=None if symbols is None else frozenset(symbols),
            since_ns=None if since is None else instant_ns(since, "since"),
            until_ns=None if until is None else instant_ns(until, "until"),
        )
        first, last = chosen.since_ns, chosen.until_ns
        if first is not None and last is not None and first >= last:
            raise UsageError("must be before until", found=since, field="since")
        return chosen

    def mask(self, time: str) -> pl.Expr:
        """Return the condition on a column of int64 ns."""
        condition = pl.lit(True)
        if self.since_ns is not None:
            condition = condition & (pl.col(time) >= self.since_ns)
        if self.until_ns is not None:
            condition = condition & (pl.col(time) < self.until_ns)
        return condition


def instant_ns(value: Instant, field: str = "time") -> int:
    """Return an instant as ns UTC; text is ISO 8601, without a zone it means UTC.

    >>> instant_ns("2024-01-01") == instant_ns("2024-01-01T01:00+01:00")
    True

    Raises
    ------
    UsageError
        Text that is not ISO 8601.
    """
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise UsageError(
                "must be an ISO 8601 time such as 2024-01-31T08:00Z", found=value, field=field
            ) from None
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return (value - _EPOCH) // timedelta(microseconds=1) * 1_000
