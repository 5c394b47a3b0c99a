"""What a comparison is asked for, read: the days of its starts, markets, the kind of price."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import first_names
from plimsoll.domain.market import DAY_NS, PriceKind
from plimsoll.domain.table import iso_minute
from plimsoll.errors import UsageError
from plimsoll.journeys.as_of import Day, midnight

FIRST_YEAR_NS = 365 * DAY_NS
_SPELT_OUT = 12


def starts_between(
    since: Day | None, until: Day | None, set_at_ns: NDArray[np.int64]
) -> tuple[int, int]:
    """Return the first and the last instant of starts, ns UTC.

    By default from a year after the first margin on, to the last.

    Raises
    ------
    UsageError
        For what is no day, and for a first one after the last.
    """
    first, last = _day_ns(since, "since"), _day_ns(until, "until")
    first_ns = int(set_at_ns[0]) + FIRST_YEAR_NS if first is None else first
    last_ns = int(set_at_ns[-1]) if last is None else last
    if first_ns > last_ns and last is not None:
        raise UsageError(
            "must not lie before the first day of starts",
            found=iso_minute(last_ns)[:10],
            field="until",
            remedy=f"starts begin on {iso_minute(first_ns)[:10]}"
            + (" where no first day is given: give one" if first is None else ": swap the two"),
        )
    return first_ns, last_ns


def check_starts(since: Day | None, until: Day | None) -> None:
    """Refuse days that mean nothing before any price is read.

    Raises
    ------
    UsageError
    """
    first, last = _day_ns(since, "since"), _day_ns(until, "until")
    if first is not None and last is not None:
        starts_between(since, until, np.array([first, last], dtype=np.int64))


def check_market(name: str, known: Sequence[str]) -> None:
    """Refuse a market that the prices do not hold.

    Raises
    ------
    UsageError
    """
    if name in known:
        return
    near = get_close_matches(name.upper(), known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    listed = ", ".join(known) if len(known) <= _SPELT_OUT else first_names(tuple(known))
    raise UsageError(
        "must be one of the history's markets",
        found=name,
        field="markets",
        remedy=f"{meant}there are {listed}",
    )


def known_price_kind(kind: PriceKind | str) -> PriceKind:
    """Return the kind of price of a name.

    Raises
    ------
    UsageError
    """
    try:
        return PriceKind(kind)
    except ValueError:
        raise UsageError(
            "must be a kind of price",
            found=str(kind),
            field="price_kind",
            remedy=f"choose from {', '.join(PriceKind)}",
        ) from None


def _day_ns(day: Day | None, field: str) -> int | None:
    try:
        moment = midnight(day)
    except UsageError as error:
        raise UsageError(error.must, found=error.found, field=field, remedy=error.remedy) from None
    if moment is None:
        return None
    return int(np.datetime64(moment.replace(tzinfo=None), "ns").astype(np.int64))
