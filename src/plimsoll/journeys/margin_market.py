"""The market a book is margined in: option chains, tables of marks, or both, at one instant."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from plimsoll.adapters.chains.instants import instants_ns
from plimsoll.adapters.chains.snapshots import DEFAULT_MAX_AGE_S
from plimsoll.adapters.files.selection import instant_ns
from plimsoll.domain.market import seen_too_late
from plimsoll.domain.option_chain import OptionChain
from plimsoll.domain.smile_quotes import ForwardSource
from plimsoll.errors import DataError, UsageError
from plimsoll.journeys.chain_reading import latest, read_snapshots
from plimsoll.journeys.margin_marks import StatedMark, looks_like_marks, read_market_marks
from plimsoll.journeys.mark_age import DEFAULT_MAX_AGE, exact_time, max_age_ns
from plimsoll.journeys.surface_source import SourceFile, chain_source
from plimsoll.marketdata.chains.forwards import expiry_forwards
from plimsoll.marketdata.chains.settings import ChainSettings

ExpiryKey = tuple[str, str, int]
"""Base coin, settlement currency, expiry (UTC ns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionMark:
    """Mark (settlement currency per coin) and volatility of a listed option; NaN: none shown.

    Parameters
    ----------
    mark, vol : float
    seen_ns : int or None
        When the venue quoted it; None: at the time of the chain.
    """

    mark: float
    vol: float
    seen_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginMarket:
    """What is known of a market at one instant, by the venue's names.

    Parameters
    ----------
    at_ns : int or None
        None: nothing told the time, so dated contracts cannot be margined.
    source : str
        Where it is from, as it stands beside every number.
    index : mapping of str to float
        Dollar price by coin.
    options : mapping of str to OptionMark
    forwards : mapping of (base, settle, expiry) to float
    marks : mapping of str to StatedMark
        Rows of tables, over what chains say.
    files : tuple of SourceFile
    stand_ins : mapping of (base, settle, expiry) to str
        What stands in for a forward that the venue does not show.
    chains : tuple of OptionChain
        As they were read.
    seen_ns : int or None
        Time of the chains, at or before ``at_ns``; None: there are none.
    max_age_ns : int or None
        How old marks may be; None: any age will do.
    """

    at_ns: int | None
    source: str
    index: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, OptionMark] = field(default_factory=dict)
    forwards: Mapping[ExpiryKey, float] = field(default_factory=dict)
    marks: Mapping[str, StatedMark] = field(default_factory=dict)
    files: tuple[SourceFile, ...] = ()
    stand_ins: Mapping[ExpiryKey, str] = field(default_factory=dict)
    chains: tuple[OptionChain, ...] = ()
    seen_ns: int | None = None
    max_age_ns: int | None = None


_CENTURY_S = 100.0 * 366.0 * 86_400.0

_STAND_INS = {
    ForwardSource.PARITY: "that of put-call parity",
    ForwardSource.INDEX: "the index",
}


def read_margin_market(
    market: Any, *, at: Any = None, marks: Any = None, max_age: Any = DEFAULT_MAX_AGE
) -> MarginMarket:
    """Read chains and marks.

    Parameters
    ----------
    market : path, pattern, list of paths, chains in memory, or marks
        What `plimsoll.surface` reads, or a table of marks.
    at : time, optional
        The market's time (UTC): marks are those of the last chain at or before it. Of a day,
        minute or second that holds a chain, that chain's time; with marks alone its beginning.
        By default the last chain's, or that of a later row of marks.
    marks : path, frame or mapping, optional
        Over what the chains say; see `plimsoll.journeys.margin_marks`.
    max_age : text, timedelta or None
        How old marks may be at that time; see `plimsoll.journeys.mark_age.max_age_ns`.

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    if market is None and marks is None:
        raise UsageError(
            "must be given with a preset",
            found="neither chains nor marks",
            field="market",
            remedy="name option chains or a table of marks (--market)",
        )
    tables, chains = _sorted(market)
    stated: dict[str, StatedMark] = {}
    for table in [*tables, *([] if marks is None else [marks])]:
        stated |= {row.market: row for row in read_market_marks(table)}
    most = max_age_ns(max_age)
    found = _latest(chains, at, most) if chains is not None else ()
    forwards = [item for chain in found for item in _forwards(chain)]
    label = chain_source(chains) if chains is not None else None
    return MarginMarket(
        at_ns=_time(found, stated, at),
        source=_source(
            label.label if label else "", [*tables, *([marks] if marks is not None else [])]
        ),
        index=_indices(found),
        options={name: mark for chain in found for name, mark in _options(chain)},
        forwards={key: value for key, value, _ in forwards},
        marks=stated,
        files=label.files if label else (),
        stand_ins={key: words for key, _, words in forwards if words},
        chains=found,
        seen_ns=max((chain.at_ns for chain in found), default=None),
        max_age_ns=most,
    )


def _sorted(market: Any) -> tuple[list[Any], Any]:
    """Tables of marks, and what is left: chains, or None."""
    if market is None:
        return [], None
    listed = isinstance(market, list | tuple) and market and not isinstance(market[0], OptionChain)
    if not listed or looks_like_marks(market):
        return ([market], None) if looks_like_marks(market) else ([], market)
    tables = [item for item in market if looks_like_marks(item)]
    chains = [item for item in market if not looks_like_marks(item)]
    return tables, chains or None


def _latest(chains: Any, at: Any, max_age_ns: int | None) -> tuple[OptionChain, ...]:
    """The last chain of each label; all of the same snapshot.

    What is older than a reader brings by default is read where it is admitted.
    """
    admitted = _CENTURY_S if max_age_ns is None else max_age_ns / 1e9
    age = admitted if admitted > DEFAULT_MAX_AGE_S else None
    found = tuple(latest(read_snapshots(chains, at=at, max_age_s=age)).values())
    last = max(chain.at_ns for chain in found)
    return tuple(chain for chain in found if chain.at_ns == last)


def _time(chains: Sequence[OptionChain], marks: Mapping[str, StatedMark], at: Any) -> int | None:
    asked = [] if at is None else [_beginning(at)]
    seen = {name: row.at_ns for name, row in marks.items() if row.at_ns is not None}
    for name, at_ns in seen.items():
        if asked and at_ns > instants_ns(at)[-1]:
            raise seen_too_late(name, at_ns, asked[0])
    return max([*asked, *seen.values(), *(chain.at_ns for chain in chains)], default=None)


def _beginning(at: Any) -> int:
    """First instant of the day, minute or second that a time names."""
    last = instants_ns(at)[-1]
    return instant_ns(at, "at") if isinstance(at, str | date) else last


def _source(chains: str, tables: Sequence[Any]) -> str:
    named = [os.path.basename(t) if isinstance(t, str | os.PathLike) else "marks" for t in tables]
    return ", ".join([*([chains] if chains else []), *dict.fromkeys(named)])


def _indices(chains: Sequence[OptionChain]) -> dict[str, float]:
    """Median index by coin: rows of one snapshot are seconds apart."""
    found: dict[str, list[float]] = {}
    for chain in chains:
        seen = chain.index[np.isfinite(chain.index)]
        found.setdefault(chain.pair.base, []).extend(seen.tolist())
    return {base: float(np.median(seen)) for base, seen in found.items() if seen}


def _options(chain: OptionChain) -> list[tuple[str, OptionMark]]:
    seen = [None] * len(chain.names) if chain.quote_ns is None else _quoted(chain)
    rows = zip(chain.names, chain.mark.tolist(), chain.mark_vol.tolist(), seen, strict=True)
    return [(name, OptionMark(mark=mark, vol=vol, seen_ns=at)) for name, mark, vol, at in rows]


def _quoted(chain: OptionChain) -> list[int]:
    """When each row was quoted; rows of one snapshot may bear times a little after it."""
    assert chain.quote_ns is not None
    seen: list[int] = np.minimum(chain.quote_ns, chain.at_ns).tolist()
    return seen


def _forwards(chain: OptionChain) -> list[tuple[ExpiryKey, float, str]]:
    """Forward of each expiry, and a name for what stands in where the venue shows none."""
    found = []
    for expiry in expiry_forwards(chain, ChainSettings()):
        seen = expiry.forward[np.isfinite(expiry.forward)]
        if seen.size:
            key = (chain.pair.base, chain.settle, expiry.expiry_ns)
            found.append((key, float(np.median(seen)), _STAND_INS.get(expiry.source, "")))
    return found


def when(market: MarginMarket) -> str:
    """Say the time of a market."""
    if market.at_ns is None:
        return "no time stated"
    return f"{exact_time(market.at_ns, seconds=False)} UTC"


def require_time(market: MarginMarket, name: str) -> int:
    """Return the time of a market, which a dated contract needs.

    Raises
    ------
    DataError
    """
    if market.at_ns is None:
        raise DataError(
            "must be known to margin a contract that expires",
            found="marks without a time",
            field=f"time of the market, for {name}",
            remedy="state it with --at (UTC)",
        )
    return market.at_ns
