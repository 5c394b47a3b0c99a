"""Which action makes sense for which kind of finding, and when a bar is masked by one."""

from __future__ import annotations

from collections.abc import Mapping

from plimsoll.domain.finding import Action, FindingKind, FindingPolicy, Reason
from plimsoll.errors import UsageError

_BREAK = frozenset({Action.KEEP, Action.SPLIT, Action.REFUSE})
_WHOLE = frozenset({Action.KEEP, Action.REFUSE})
_BARS = frozenset({Action.KEEP, Action.MASK, Action.REFUSE})

ALLOWED_ACTIONS: Mapping[FindingKind, frozenset[Action]] = {
    **dict.fromkeys(FindingKind, _BARS),
    FindingKind.GAP: _BREAK,
    FindingKind.REUSED_TICKER: _BREAK,
    FindingKind.REDENOMINATION: _BREAK,
    FindingKind.RELISTING: _BREAK,
    FindingKind.DELISTING: _WHOLE,
    FindingKind.SHORT_HISTORY: _WHOLE,
    FindingKind.TOKEN_MIGRATION: _WHOLE,
    FindingKind.OFF_GRID_TIME: frozenset({Action.MASK, Action.REFUSE}),
    FindingKind.COMMON_OUTAGE: frozenset({Action.KEEP}),
}
"""Bars can be masked, breaks in a series can split it, statements about a whole series can refuse
it. A bar off the grid has no place in a panel, so it cannot be kept."""

REFUSAL_REASONS: Mapping[FindingKind, Reason] = {
    FindingKind.SHORT_HISTORY: Reason.TOO_SHORT_HISTORY,
    FindingKind.DELISTING: Reason.DELISTED,
}
"""Reasons of refusals; any other kind gives ``REFUSED_BY_POLICY``."""


def check_policy(policy: FindingPolicy) -> None:
    """Raise if the policy names an action that a kind of finding does not admit.

    Raises
    ------
    UsageError
    """
    for kind in FindingKind:
        action = policy.action(kind)
        if action not in ALLOWED_ACTIONS[kind]:
            raise UsageError(
                "must be one of " + ", ".join(sorted(a.value for a in ALLOWED_ACTIONS[kind])),
                found=action.value,
                field=f"findings.{kind.value}",
            )
