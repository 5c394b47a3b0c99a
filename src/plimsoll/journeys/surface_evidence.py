"""What is told of a judged surface: a missing surface proves nothing, and one fault is told once.

A chain without usable quotes is no evidence for or against the fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.option_chain import ChainFinding, ChainFindingKind
from plimsoll.journeys.fitted_chain import SurfaceRecord

_ARBITRAGE = "free of arbitrage"


def record_checks(record: SurfaceRecord) -> tuple[Check, ...]:
    """Return what must hold on a surface; not proven where there is none."""
    return without_missing(record.checks, [record.is_clean])


def without_missing(checks: Iterable[Check], clean: Sequence[bool | None]) -> tuple[Check, ...]:
    """Return checks in which a missing surface is not proven, instead of a breach.

    Parameters
    ----------
    checks : iterable of Check
    clean : sequence of bool or None
        By chain, whether its surface is free of arbitrage; None without a surface.
    """
    if None not in clean or False in clean:
        return tuple(checks)
    return tuple(
        replace(check, verdict=Verdict.NOT_PROVEN) if check.name == _ARBITRAGE else check
        for check in checks
    )


def record_findings(record: SurfaceRecord) -> tuple[ChainFinding, ...]:
    """Return the findings on a chain, of each thin smile one.

    The preparation counts usable quotes, the fit the quotes that it used and what followed for
    the smile. Where both found an expiry thin, the fit's count is the one that mattered.
    """
    thin: dict[str, int] = {}
    for place, finding in enumerate(record.findings):
        if finding.kind is ChainFindingKind.THIN_SMILE:
            thin[_day(finding)] = place  # those of the fit stand behind
    return tuple(
        finding
        for place, finding in enumerate(record.findings)
        if finding.kind is not ChainFindingKind.THIN_SMILE or thin[_day(finding)] == place
    )


def _day(finding: ChainFinding) -> str:
    """Return the expiry of a subject such as ``BTC_USDC 2026-01-16``, however named."""
    return finding.subject.rsplit(" ", 1)[-1]
