"""From bars as delivered to the aligned history, by a policy, with every decision on record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from plimsoll.domain.finding import Action, Finding, FindingKind, FindingPolicy, Reason
from plimsoll.domain.market import Bars, MarketHistory
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.marketdata.alignment import (
    AlignedColumn,
    active_panel,
    close_panel,
    common_grid,
    inactive_panel,
    mask_panel,
    place,
    placeable,
    volume_panel,
)
from plimsoll.marketdata.checking import closed_by
from plimsoll.marketdata.panel import check_panel
from plimsoll.marketdata.policy import REFUSAL_REASONS, check_policy
from plimsoll.marketdata.series import holds_no_prices, possible_prices
from plimsoll.marketdata.settings import CheckSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a market was left out, and the finding that led to it where there is one."""

    reason: Reason
    finding: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The aligned history, and what was decided on the way.

    Parameters
    ----------
    history : MarketHistory
        All findings are in it, those on refused markets included.
    refused : mapping of str to Refusal
        Markets left out.
    sources : mapping of str to str
        Symbol in the source of each market of the history; they differ for the older parts of a
        market that was split (``"LUNAUSDT@2022-05-13"``, by the day of its last bar).
    """

    history: MarketHistory
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


def assemble(
    bars: Mapping[str, Bars] | Iterable[Bars],
    policy: FindingPolicy | None = None,
    settings: CheckSettings | None = None,
    until_ns: int | None = None,
) -> Assembly:
    """Check all markets, act by the policy, and align them on one grid.

    Parameters
    ----------
    bars : mapping of str to Bars, or iterable of Bars
        One interval and one kind of price. In a mapping the key is the market's name.
    policy : FindingPolicy, optional
        What each kind of finding does: ``keep`` the bars, ``mask`` them (from the moment the
        fault could be known; the value stays in the panel), ``split`` the market at a break, or
        ``refuse`` the market.
    settings : CheckSettings, optional
    until_ns : int, optional
        Bars that close later are left out.

    Returns
    -------
    Assembly
        Nothing is filled or altered. Bars in disorder are put in order. Of equal copies of a bar
        the first stands, of conflicting ones the first stands if they are kept and none if they
        are masked. Prices that are not finite and positive are NaN under any policy; a market
        whose closes are no prices (`plimsoll.marketdata.series.holds_no_prices`) is left out.

    Raises
    ------
    UsageError
        A market is named twice, or the policy names an action that the kind does not admit.
    DataFormatError
        Intervals, price kinds or clock phases differ.
    InsufficientDataError
        No market is left.
    """
    policy, settings = policy or FindingPolicy(), settings or CheckSettings()
    check_policy(policy)
    markets = _named(bars)
    findings = check_panel(markets, settings, until_ns=until_ns)
    if until_ns is not None:
        markets = [closed_by(one, until_ns) for one in markets]
    refused = _refusals(markets, findings, policy)
    kept = [one for one in markets if one.market not in refused]
    if not kept:
        raise InsufficientDataError(
            "must leave at least one market",
            found=_why_refused(refused, findings),
            field="bars",
            remedy="mend the data, or relax the policy on findings where it refuses",
        )
    return _aligned(kept, findings, policy, refused)


def _named(bars: Mapping[str, Bars] | Iterable[Bars]) -> list[Bars]:
    markets = list(bars.values()) if isinstance(bars, Mapping) else list(bars)
    names = list(bars) if isinstance(bars, Mapping) else [one.market for one in markets]
    for name, one in zip(names, markets, strict=True):
        if name != one.market or names.count(name) > 1:
            raise UsageError("must name each market once", found=one.market, field=f"bars.{name}")
    return markets


def _refusals(
    markets: Sequence[Bars], findings: Sequence[Finding], policy: FindingPolicy
) -> dict[str, Refusal]:
    refused: dict[str, Refusal] = {}
    for one in markets:
        if holds_no_prices(one):
            refused[one.market] = _impossible(one.market, findings)
        elif not possible_prices(one).any():
            refused[one.market] = Refusal(reason=Reason.NO_DATA)
    for f in findings:
        if policy.action(f.kind) is Action.REFUSE:
            reason = REFUSAL_REASONS.get(f.kind, Reason.REFUSED_BY_POLICY)
            refused.setdefault(f.market, Refusal(reason=reason, finding=f))
    return refused


def _impossible(market: str, findings: Sequence[Finding]) -> Refusal:
    kind = FindingKind.IMPOSSIBLE_PRICE
    first = next((f for f in findings if f.market == market and f.kind is kind), None)
    return Refusal(reason=Reason.IMPOSSIBLE_PRICES, finding=first)


def _why_refused(refused: Mapping[str, Refusal], findings: Sequence[Finding]) -> dict[str, str]:
    """Reason of each market, with the kinds of its findings that concern most bars."""
    told = {}
    for name, refusal in refused.items():
        bars: Counter[str] = Counter()
        for f in findings:
            if f.market == name:
                bars[f.kind.value] += f.bars
        kinds = ", ".join(f"{kind} on {count:,} bars" for kind, count in bars.most_common(3))
        told[name] = f"{refusal.reason.value} ({kinds})" if kinds else refusal.reason.value
    return told


def _aligned(
    kept: Sequence[Bars],
    findings: tuple[Finding, ...],
    policy: FindingPolicy,
    refused: Mapping[str, Refusal],
) -> Assembly:
    ordered = [placeable(one) for one in kept]
    grid = common_grid(ordered)
    columns: list[AlignedColumn] = []
    replaced: set[str] = set()
    for one in ordered:
        parts = _parts(one, findings, policy)
        columns += [place(name, part, grid) for name, part in parts]
        replaced.update(name for name, _ in parts[:-1])
    interval = kept[0].interval_ns
    active = active_panel(columns, grid, findings, frozenset(replaced))
    history = MarketHistory(
        time_ns=grid,
        interval_ns=interval,
        markets=tuple(column.name for column in columns),
        close=close_panel(columns, grid.size),
        active=active,
        inactive_known_ns=inactive_panel(columns, grid, interval, active, findings),
        mask_from_ns=mask_panel(columns, grid, interval, findings, policy),
        price_kind=kept[0].price_kind,
        volume=volume_panel(columns, grid.size),
        findings=findings,
    )
    sources = {column.name: column.source for column in columns}
    return Assembly(history=history, refused=refused, sources=sources)


def _parts(
    bars: Bars, findings: Sequence[Finding], policy: FindingPolicy
) -> list[tuple[str, Bars]]:
    """Return the stretches between the market's splits; the newest keeps the name."""
    cuts = sorted(
        {
            f.last_ns
            for f in findings
            if f.market == bars.market and policy.action(f.kind) is Action.SPLIT
        }
    )
    rows = [0, *np.searchsorted(bars.time_ns, cuts).tolist(), len(bars)]
    pieces = [bars.take(slice(a, b)) for a, b in pairwise(rows) if b > a]
    days = [str(np.datetime64(int(piece.time_ns[-1]), "ns"))[:10] for piece in pieces]
    names = [
        f"{bars.market}@{day}" + (f".{days[:n].count(day) + 1}" if day in days[:n] else "")
        for n, day in enumerate(days[:-1])
    ]
    return list(zip([*names, bars.market], pieces or [bars], strict=True))
