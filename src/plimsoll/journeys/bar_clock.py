"""Bars that do not begin at midnight (UTC) cannot tell what was known then: they are refused."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from plimsoll.domain.market import DAY_NS, HOUR_NS, Bars
from plimsoll.errors import DataFormatError
from plimsoll.marketdata.series import phase_ns

MINUTE_NS, SECOND_NS, MILLISECOND_NS = HOUR_NS // 60, 10**9, 10**6


def check_bar_clock(bars: Iterable[Bars], column: str = "time_ns") -> None:
    """Refuse bars whose clock leaves no bar beginning at midnight (UTC), such as half past.

    At a midnight within a bar the last one known is older than the day that ended, and every
    number would be of the day before. Single bars off the clock of the others are findings.

    Parameters
    ----------
    bars : iterable of Bars
        Of lengths that divide a day; others are for the forecaster to refuse.
    column : str
        That held the times, for the message.

    Raises
    ------
    DataFormatError
        Naming the column, the first such bar and its row among the market's.
    """
    late = [one for one in bars if len(one) and DAY_NS % one.interval_ns == 0 and phase_ns(one)]
    if not late:
        return
    first = late[0]
    off = phase_ns(first)
    row = int(np.flatnonzero(first.time_ns % first.interval_ns == off)[0])
    more = f", and {len(late) - 1} more market(s)" if len(late) > 1 else ""
    length, opens = _duration(first.interval_ns), np.datetime64(int(first.time_ns[row]), "ns")
    raise DataFormatError(
        f"must hold open times of bars on the clock: bars of {length} begin at midnight (UTC) and "
        "every bar after it",
        found=f"{opens.astype('datetime64[ms]')}, {_duration(off)} past, for {first.market}{more}",
        field=column,
        row=row,
        remedy=_remedy(off, first.interval_ns),
    )


def _remedy(off_ns: int, interval_ns: int) -> str:
    if interval_ns - off_ns <= SECOND_NS:
        return "these look like close times: name the column of open times (of klines, open_time)"
    return (
        "if these are close times, name the column of open times; else resample to bars that "
        "begin at midnight (UTC)"
    )


def _duration(length_ns: int) -> str:
    """Length in words.

    >>> _duration(30 * MINUTE_NS), _duration(HOUR_NS), _duration(HOUR_NS - MILLISECOND_NS)
    ('30 min', '1 h', '59 min 59.999 s')
    """
    hours, rest = divmod(length_ns, HOUR_NS)
    minutes, rest = divmod(rest, MINUTE_NS)
    parts = {"h": hours, "min": minutes, "s": rest / SECOND_NS}
    return " ".join(f"{value:g} {unit}" for unit, value in parts.items() if value)
