"""Faults of data (findings), reasons for missing numbers, and what to do about either."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FindingKind(StrEnum):
    """What is wrong, or merely suspicious, about a stretch of data."""

    GAP = "gap"
    DUPLICATE_BAR = "duplicate_bar"
    CONFLICTING_DUPLICATE = "conflicting_duplicate"
    UNORDERED_BAR = "unordered_bar"
    OFF_GRID_TIME = "off_grid_time"
    STALE_RUN = "stale_run"
    IMPOSSIBLE_PRICE = "impossible_price"
    UNIT_SLIP = "unit_slip"
    REVERTING_SPIKE = "reverting_spike"
    SUSPICIOUS_MOVE = "suspicious_move"
    REUSED_TICKER = "reused_ticker"
    REDENOMINATION = "redenomination"
    DELISTING = "delisting"
    RELISTING = "relisting"
    FLAT_OUTAGE = "flat_outage"
    PARTIAL_LAST_BAR = "partial_last_bar"
    SHORT_HISTORY = "short_history"
    COMMON_OUTAGE = "common_outage"
    UNTRADED_PRICE = "untraded_price"
    TOKEN_MIGRATION = "token_migration"
    TWIN_DIVERGENCE = "twin_divergence"


class Action(StrEnum):
    """What a policy does with the bars of a finding.

    ``keep``: used as they are. ``mask``: not used (no price), and never filled. ``split``: the
    bars before and after are different instruments. ``refuse``: the market gets no number.
    """

    KEEP = "keep"
    MASK = "mask"
    SPLIT = "split"
    REFUSE = "refuse"


DEFAULT_ACTIONS: Mapping[FindingKind, Action] = {
    FindingKind.GAP: Action.KEEP,
    FindingKind.DUPLICATE_BAR: Action.MASK,
    FindingKind.CONFLICTING_DUPLICATE: Action.MASK,
    FindingKind.UNORDERED_BAR: Action.KEEP,
    FindingKind.OFF_GRID_TIME: Action.MASK,
    FindingKind.STALE_RUN: Action.MASK,
    FindingKind.IMPOSSIBLE_PRICE: Action.MASK,
    FindingKind.UNIT_SLIP: Action.MASK,
    FindingKind.REVERTING_SPIKE: Action.MASK,
    FindingKind.SUSPICIOUS_MOVE: Action.KEEP,
    FindingKind.REUSED_TICKER: Action.SPLIT,
    FindingKind.REDENOMINATION: Action.SPLIT,
    FindingKind.DELISTING: Action.KEEP,
    FindingKind.RELISTING: Action.KEEP,
    FindingKind.FLAT_OUTAGE: Action.MASK,
    FindingKind.PARTIAL_LAST_BAR: Action.MASK,
    FindingKind.SHORT_HISTORY: Action.KEEP,
    FindingKind.COMMON_OUTAGE: Action.KEEP,
    FindingKind.UNTRADED_PRICE: Action.KEEP,
    FindingKind.TOKEN_MIGRATION: Action.KEEP,
    FindingKind.TWIN_DIVERGENCE: Action.KEEP,
}
"""Policy used where the venue file names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding on one market.

    Parameters
    ----------
    kind : FindingKind
    market : str
        Symbol as it stands in the source.
    first_ns, last_ns : int
        First and last bar concerned (UTC, ns, inclusive). For a gap: the last bar before and the
        first bar after.
    known_at_ns : int
        Open time of the bar with which the fault could first be known; a fold that ends earlier
        must not act on it.
    bars : int
        Number of bars concerned.
    value, expected : float
        What was found and what would have been usual (price, return, factor; by kind); NaN where
        it does not apply.
    detail : str
        One sentence for people.
    """

    kind: FindingKind
    market: str
    first_ns: int
    last_ns: int
    known_at_ns: int
    bars: int
    value: float = float("nan")
    expected: float = float("nan")
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingPolicy:
    """Action per kind of finding; what is not named follows ``DEFAULT_ACTIONS``."""

    actions: Mapping[FindingKind, Action] = field(default_factory=dict)

    def action(self, kind: FindingKind) -> Action:
        """Return the action for ``kind``."""
        return self.actions.get(kind, DEFAULT_ACTIONS[kind])


class Reason(StrEnum):
    """Why a row has no number, or not its own (closed enumeration)."""

    NOT_LISTED = "not_listed"
    DELISTED = "delisted"
    TOO_SHORT_HISTORY = "too_short_history"
    REFUSED_BY_POLICY = "refused_by_policy"
    NO_DATA = "no_data"
    IMPOSSIBLE_PRICES = "impossible_prices"
    UNREADABLE_DATA = "unreadable_data"
    CONSTANT_PRICE = "constant_price"
    FIT_FAILED = "fit_failed"
    NO_INCUMBENT = "no_incumbent"
    INCUMBENT_AFTER_DATA = "incumbent_after_data"
    NOT_SCORED = "not_scored"
