"""A coin that goes on under another name, perhaps in another unit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings


def token_migrations(
    series: Sequence[Series], findings: Sequence[Finding], settings: CheckSettings
) -> list[Finding]:
    """Find markets that begin soon after another ended, at its last price times a round factor.

    Agreement of two prices may be chance: the finding asks to look, and splices nothing.
    """
    by_name = {s.bars.market: s for s in series}
    ended = [f for f in findings if f.kind is FindingKind.DELISTING and f.market in by_name]
    return [
        _finding(by_name[end.market], new, end, factor)
        for end in ended
        for new in series
        if new.bars.market != end.market
        and (factor := _factor(by_name[end.market], new, end.first_ns, settings))
    ]


def _factor(old: Series, new: Series, end_ns: int, settings: CheckSettings) -> float:
    """Factor of the new unit, 0 if ``new`` does not continue ``old``."""
    if not len(new):
        return 0.0
    pause = int(new.time_ns[0]) - end_ns
    if not 0 < pause <= settings.migration_max_gap_days * DAY_NS:
        return 0.0
    row = int(np.searchsorted(old.time_ns, end_ns))
    ratio = float(new.log_close[0] - old.log_close[row])
    logs = np.log([1.0, *settings.redenomination_factors])
    logs = np.concatenate([-logs[:0:-1], logs])
    nearest = int(np.argmin(np.abs(logs - ratio)))
    far = abs(logs[nearest] - ratio) > settings.migration_tolerance_log
    return 0.0 if far else float(np.exp(logs[nearest]))


def _finding(old: Series, new: Series, end: Finding, factor: float) -> Finding:
    begin = int(new.time_ns[0])
    return Finding(
        kind=FindingKind.TOKEN_MIGRATION,
        market=new.bars.market,
        first_ns=end.first_ns,
        last_ns=begin,
        known_at_ns=max(begin, end.known_at_ns),
        bars=1,
        value=float(new.bars.close[0]),
        expected=float(np.exp(old.log_close[np.searchsorted(old.time_ns, end.first_ns)]) * factor),
        detail=f"begins where {old.bars.market} ended, at {factor:.6g} times its price",
    )
