"""Feeds planted with the bad prints of known incidents. Synthetic: no recorded price is in them.

Built from published facts (price before and after, duration, what other venues showed at the same
time); what the facts leave open is chosen and said in ``assumed``. Other sources follow the true
price a few basis points apart. Each incident replays through any rule, beside the plain mean of the
same feeds and beside the one source that was wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from plimsoll.errors import UsageError
from plimsoll.marketdata.index.cross_venue import publish_all
from plimsoll.marketdata.index.events import IndexEvent, SourceQuote, Tick
from plimsoll.marketdata.index.index_value import IndexValue
from plimsoll.marketdata.index.reasons import IndexReason
from plimsoll.marketdata.index.rule import (
    SECOND_NS,
    Aggregation,
    IndexRule,
    IndexSource,
    OutlierRule,
)

Path = tuple[tuple[float, float], ...]
"""Knots of seconds and price; straight between them, flat beyond."""

WRONG = "wrong"
_START_NS = 1_000_000 * SECOND_NS
_BEFORE_SECONDS = 60
_OFFSET = 2e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedIncident:
    """A bad print, and what was true meanwhile.

    Parameters
    ----------
    name : str
        Key of the event in the incident library.
    facts, assumed : str
        What is published, and what was chosen to fill it.
    wrong, true : Path
        Of the source that was wrong, and of the market; from second 0 on.
    step_seconds : int
        Between two quotes, and two publications.
    pauses : bool
        Whether the wrong source says nothing from second 0 on, rather than something wrong.
    """

    name: str
    facts: str
    assumed: str
    wrong: Path
    true: Path
    step_seconds: int = 1
    pauses: bool = False

    @property
    def seconds(self) -> int:
        """To the end of both paths."""
        return math.ceil(max(self.wrong[-1][0], self.true[-1][0]))


INCIDENTS: tuple[PlantedIncident, ...] = (
    PlantedIncident(
        name="E02",
        facts="one venue of a BTC index -18 % in 11 minutes, most of it back in 15",
        assumed="level 100; straight down, back to -3 %; the other venues do not move",
        wrong=((0, 100.0), (660, 82.0), (900, 97.0)),
        true=((0, 100.0),),
    ),
    PlantedIncident(
        name="E03",
        facts="one of seven inputs wrong for 2.5 minutes; perpetual -15.6 %, spot about -2 %",
        assumed="level 100; the print (2.8) that takes a plain mean of seven to -15.6 %",
        wrong=((0, 100.0), (1, 2.8), (150, 2.8), (151, 98.0)),
        true=((0, 100.0), (150, 98.0)),
    ),
    PlantedIncident(
        name="E09",
        facts="one venue 65,760 to 8,200 in under a minute, another -2.3 % in that minute",
        assumed="straight down in 30 s, back in 30 s; all others as the second venue",
        wrong=((0, 65_760.0), (30, 8_200.0), (60, 65_760.0)),
        true=((0, 65_760.0), (30, 64_247.5), (60, 65_760.0)),
    ),
    PlantedIncident(
        name="E10",
        facts="LUNA's feed paused at 0.107 while the market was about 0.01",
        assumed="the market falls there within ten minutes of the pause",
        wrong=((0, 0.107),),
        true=((0, 0.107), (600, 0.01)),
        pauses=True,
    ),
    PlantedIncident(
        name="E22",
        facts="XPL's perpetual before its launch +150 % to 1.80 in minutes; elsewhere at most 0.55",
        assumed="three minutes; elsewhere up from 0.50",
        wrong=((0, 0.72), (180, 1.80)),
        true=((0, 0.50), (180, 0.55)),
    ),
    PlantedIncident(
        name="E23c",
        facts="USDe 0.65 on one venue, at least 0.90 elsewhere, 40 minutes",
        assumed="both straight down in 20 minutes and back in 20",
        wrong=((0, 1.0), (1200, 0.65), (2400, 1.0)),
        true=((0, 1.0), (1200, 0.90), (2400, 1.0)),
        step_seconds=5,
    ),
)


def incident(name: str) -> PlantedIncident:
    """Return an incident by its key.

    Raises
    ------
    UsageError
    """
    for one in INCIDENTS:
        if one.name == name:
            return one
    raise UsageError(
        f"must be one of {', '.join(one.name for one in INCIDENTS)}", found=name, field="name"
    )


def incident_rule(live: int, **changes: Any) -> IndexRule:
    """Return the default rule over the wrong source and ``live - 1`` others, all alike.

    Parameters
    ----------
    live : int
        At least 3, unless ``least_sources`` says less.
    **changes
        Fields of `IndexRule`.
    """
    names = (WRONG, *(f"venue {number}" for number in range(1, live)))
    sources = tuple(IndexSource(name=name) for name in names)
    return IndexRule(sources=sources, **changes)


def incident_events(
    one: PlantedIncident, live: int, *, silent: int = 0, restamped: bool = False
) -> tuple[IndexEvent, ...]:
    """Return quotes and ticks of an incident, from a minute before it to a minute after.

    Parameters
    ----------
    one : PlantedIncident
    live : int
        Sources, the wrong one included.
    silent : int
        So many of the others stop quoting half a minute before second 0.
    restamped : bool
        A source that pauses goes on sending its last price with new stamps.
    """
    events: list[IndexEvent] = []
    for second in range(-_BEFORE_SECONDS, one.seconds + 60, one.step_seconds):
        at_ns = _START_NS + second * SECOND_NS
        if not one.pauses or restamped or second <= 0:
            events.append(_quote(WRONG, at_ns, price_at(one.wrong, second)))
        for number in range(1, live):
            if number < live - silent or second < -_BEFORE_SECONDS // 2:
                price = price_at(one.true, second) * (1.0 + _OFFSET * (number - live / 2))
                events.append(_quote(f"venue {number}", at_ns, price))
        events.append(Tick(at_ns=at_ns))
    return tuple(events)


def _quote(source: str, at_ns: int, price: float) -> SourceQuote:
    return SourceQuote(source=source, received_ns=at_ns, exchange_ns=at_ns, price=price)


def price_at(path: Path, second: float) -> float:
    """Return a path's price at a second.

    >>> price_at(((0, 1.0), (10, 2.0)), 5)
    1.5
    """
    if second <= path[0][0]:
        return path[0][1]
    for (begin, before), (end, after) in pairwise(path):
        if second <= end:
            return before + (after - before) * (second - begin) / (end - begin)
    return path[-1][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReplay:
    """What an index did over an incident.

    Parameters
    ----------
    values : tuple of IndexValue
    largest_gap : float
        Largest distance of a live publication from the true price, a fraction of that.
    reasons : tuple of IndexReason
        Why it was frozen or empty, in order of first appearance.
    frozen_share : float
        Of the publications from second 0 on.
    """

    values: tuple[IndexValue, ...]
    largest_gap: float
    reasons: tuple[IndexReason, ...]
    frozen_share: float


def replay_incident(
    one: PlantedIncident, rule: IndexRule, events: tuple[IndexEvent, ...]
) -> IncidentReplay:
    """Return what a rule publishes over an incident's events."""
    values = publish_all(rule, events).values
    seconds = [(value.at_ns - _START_NS) / SECOND_NS for value in values]
    gaps = [
        abs(value.price / price_at(one.true, second) - 1.0)
        for value, second in zip(values, seconds, strict=True)
        if value.status.is_live
    ]
    during = [value for value, at in zip(values, seconds, strict=True) if at >= 0]
    reasons = dict.fromkeys(v.reason for v in values if v.reason is not IndexReason.NONE)
    return IncidentReplay(
        values=values,
        largest_gap=max(gaps, default=math.nan),
        reasons=tuple(reasons),
        frozen_share=sum(not value.status.is_live for value in during) / len(during),
    )


def plain_mean_rule(live: int) -> IndexRule:
    """Return what a naive index does: the mean of what each source said last, however long ago."""
    rule = incident_rule(
        live,
        aggregation=Aggregation.MEAN,
        outlier_rule=OutlierRule.KEEP,
        least_sources=1,
        least_weight_share=0.0,
        least_agreement=0.0,
    )
    return replace(rule, sources=tuple(replace(s, max_age_ns=2**62) for s in rule.sources))
