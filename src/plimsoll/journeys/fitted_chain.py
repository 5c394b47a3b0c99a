"""One chain from its quotes to a judged surface."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.option_chain import BoolArray, ChainFinding, ChainFindingKind, OptionChain
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import SmileReason, VolSurface
from plimsoll.domain.table import iso_minute
from plimsoll.estimators.surface.arbitrage import ArbitrageReport, arbitrage_report
from plimsoll.estimators.surface.fit import fit_surface
from plimsoll.estimators.surface.fit_bounds import surface_checks
from plimsoll.estimators.surface.moves import SmileMoves
from plimsoll.estimators.surface.published import PublishedSmile, published_smile
from plimsoll.estimators.surface.quality import FitQuality, fit_quality
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.journeys.surface_index import ChainIndex, chain_index
from plimsoll.marketdata.chains import prepare_chain


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceRecord:
    """What is kept of a fitted chain when there are many: no quotes.

    Parameters
    ----------
    label : str
        Of the chain, ``BTC``.
    at_ns : int
        UTC, ns.
    options : int
        Rows of the chain.
    surface : VolSurface or None
    reason : str
        Why there is no surface; empty where there is one.
    arbitrage : ArbitrageReport or None
        What was found on the surface; None without one.
    quality : FitQuality
    dropped : int
        Quotes that a filter kept out of the fit.
    reasons : tuple of (expiry_ns, SmileReason)
        Expiries without a smile.
    findings : tuple of ChainFinding
    index : ChainIndex
        Of 30 days.
    seconds, fit_seconds : float
        Wall-clock of preparing, fitting and judging, and of fitting alone; no evidence.
    prior_ns : int or None
        Time of the surface before that was a weak prior of the fit; None where there was none.
    moves : SmileMoves or None
        From the snapshot before; None without one near enough.
    """

    label: str
    at_ns: int
    options: int
    surface: VolSurface | None
    reason: str
    arbitrage: ArbitrageReport | None
    quality: FitQuality
    dropped: int
    reasons: tuple[tuple[int, SmileReason], ...]
    findings: tuple[ChainFinding, ...]
    index: ChainIndex
    seconds: float
    fit_seconds: float
    prior_ns: int | None = None
    moves: SmileMoves | None = None

    @property
    def name(self) -> str:
        """Chain and time, for people."""
        return f"{self.label} {iso_minute(self.at_ns)}"

    @property
    def is_clean(self) -> bool | None:
        """Free of arbitrage; None without a surface."""
        return None if self.arbitrage is None else self.arbitrage.is_clean

    @property
    def is_broken(self) -> bool:
        """Whether the snapshot itself was found to be broken."""
        return any(f.kind is ChainFindingKind.BROKEN_SNAPSHOT for f in self.findings)

    @property
    def checks(self) -> tuple[Check, ...]:
        """What must hold on each surface."""
        return surface_checks(self.is_clean, self.quality)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedChain:
    """A chain with its surface and every quote of it.

    Parameters
    ----------
    record : SurfaceRecord
    quotes : SmileQuotes
    used, dropped : (N,) bool
        Rows fitted; rows that a filter kept out of the fit.
    """

    record: SurfaceRecord
    quotes: SmileQuotes
    used: BoolArray
    dropped: BoolArray

    @property
    def label(self) -> str:
        """Of the chain, ``BTC``."""
        return self.record.label

    @property
    def surface(self) -> VolSurface | None:
        """The surface; None where the record has a reason instead."""
        return self.record.surface

    @property
    def published(self) -> tuple[PublishedSmile, ...]:
        """Published parameters by expiry; none without a surface."""
        smiles = () if self.surface is None else self.surface.smiles
        return tuple(published_smile(smile, self.quotes) for smile in smiles)


def fit_chain(
    chain: OptionChain, label: str, settings: SurfaceSettings, previous: VolSurface | None = None
) -> FittedChain:
    """Prepare, fit and judge one chain; ``previous`` is a weak prior of the fit."""
    began = time.perf_counter()
    quotes = prepare_chain(chain)
    prepared = time.perf_counter()
    fit = fit_surface(quotes, settings=settings, previous=previous)
    fit_seconds = time.perf_counter() - prepared
    arbitrage = None if fit.surface is None else arbitrage_report(fit.surface)
    quality = fit_quality(quotes, fit.surface)
    seconds = time.perf_counter() - began
    record = SurfaceRecord(
        label=label,
        at_ns=chain.at_ns,
        options=len(chain),
        surface=fit.surface,
        reason="" if fit.surface is not None else _reason(chain, dict(fit.reasons)),
        arbitrage=arbitrage,
        quality=quality,
        dropped=int(np.count_nonzero(fit.dropped)),
        reasons=tuple(sorted(fit.reasons.items())),
        findings=fit.findings,
        index=chain_index(quotes, fit.surface),
        seconds=seconds,
        fit_seconds=fit_seconds,
        prior_ns=None if previous is None else previous.at_ns,
    )
    return FittedChain(record=record, quotes=quotes, used=fit.used, dropped=fit.dropped)


def worst_verdict(checks: tuple[Check, ...]) -> Verdict:
    """Breach if any check is breached, else not proven if any is not, else holds."""
    verdicts = {check.verdict for check in checks}
    for worst in (Verdict.BREACH, Verdict.NOT_PROVEN):
        if worst in verdicts:
            return worst
    return Verdict.HOLDS if checks else Verdict.NOT_PROVEN


def _reason(chain: OptionChain, reasons: dict[int, SmileReason]) -> str:
    if not len(chain):
        return "the chain is empty"
    told = sorted({reason.value.replace("_", " ") for reason in reasons.values()})
    return f"no expiry can be fitted: {', '.join(told) or 'no usable quotes'}"
