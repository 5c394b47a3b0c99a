"""Which snapshots a caller means by the times it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from plimsoll.adapters.files.selection import Instant, instant_ns
from plimsoll.adapters.files.time_units import TimeUnit, unit_of
from plimsoll.domain.option_chain import IntArray
from plimsoll.errors import DataError, UsageError

_MUST = "must be a time between 2009 and 2100"
_REMEDY = "write ISO 8601 text such as '2026-01-20T09:30' (UTC), or ns since 1970"
_SECOND_NS = 1_000_000_000
_STRETCHES = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), 86_400 * _SECOND_NS),
    (re.compile(r"\S{10}[T ]\d{2}:\d{2}(Z|[+-]\d{2}:?\d{2})?"), 60 * _SECOND_NS),
    (re.compile(r"\S{10}[T ]\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:?\d{2})?"), _SECOND_NS),
)


def instants_ns(at: Instant | Sequence[Instant]) -> list[int]:
    """Return times as ns, rising; text counts to the end of the day, minute or second it names.

    Raises
    ------
    UsageError
        What is no time; a number that is none in ns between 2009 and 2100.

    >>> instants_ns("2026-01-13"), instants_ns("2026-01-13T09:21")
    ([1768348799999999999], [1768296119999999999])
    """
    if not isinstance(at, int | str | date | Sequence | np.ndarray):
        raise UsageError(_MUST, found=at, field="at", remedy=_REMEDY)
    named = [at] if isinstance(at, int | str | date) else list(at)
    return sorted({_end_ns(value) for value in named})


def _end_ns(value: Instant) -> int:
    if isinstance(value, int | np.integer):
        return _plausible(int(value))
    start = instant_ns(value, "at")
    if isinstance(value, str):
        for form, stretch in _STRETCHES:
            if form.fullmatch(value):
                return start + stretch - 1
    elif isinstance(value, date) and not isinstance(value, datetime):
        return start + _STRETCHES[0][1] - 1
    return start


def _plausible(value: int) -> int:
    unit = unit_of(value)
    if unit is TimeUnit.NANOSECONDS:
        return value
    found = f"{value}, which is a time in {unit.value}" if unit else value
    raise UsageError(_MUST, found=found, field="at", remedy=_REMEDY)


def snapshots_meant(
    times_ns: IntArray, wanted_ns: Sequence[int], max_age_s: float, source: str
) -> IntArray:
    """Return, of the times of snapshots, the last at or before each time wanted.

    Raises
    ------
    DataError
        Where the last one is older than ``max_age_s``, or there is none.
    """
    known = np.unique(times_ns)
    meant = []
    for wanted in wanted_ns:
        place = int(np.searchsorted(known, wanted, side="right")) - 1
        if place < 0 or wanted - int(known[place]) > max_age_s * 1e9:
            raise _no_snapshot(known, wanted, place, max_age_s, source)
        meant.append(int(known[place]))
    return np.unique(np.array(meant, dtype=np.int64))


def _no_snapshot(
    known: IntArray, wanted_ns: int, place: int, max_age_s: float, source: str
) -> DataError:
    around = [_text(int(time)) for time in _around(known, place)]
    held = "no snapshot"
    if known.size:
        held = f"{known.size} from {_text(int(known[0]))} to {_text(int(known[-1]))}"
    return DataError(
        f"must hold a snapshot at most {_span(max_age_s)} before {_text(wanted_ns)}",
        found=held,
        field=source,
        remedy=f"name one of its times, the nearest is {' or '.join(around)}"
        if around
        else "name a file that holds some",
    )


def _span(seconds: float) -> str:
    """Say how long that is, in whole hours where it is some.

    >>> _span(86_400.0), _span(90.0)
    ('24 hours', '90 seconds')
    """
    if seconds and seconds % 3600.0 == 0.0:
        return f"{seconds / 3600.0:g} hours"
    return f"{seconds:g} seconds"


def _around(known: IntArray, place: int) -> IntArray:
    return known[max(place, 0) : place + 2]


def _text(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
