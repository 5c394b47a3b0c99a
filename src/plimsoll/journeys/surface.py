"""``surface``: an implied-volatility surface free of arbitrage of each chain, and how it fits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from plimsoll.adapters.chains import ChainFormat
from plimsoll.adapters.executor import ThreadPool
from plimsoll.domain.option_chain import OptionChain
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.settings import DEFAULTS, SurfaceSettings
from plimsoll.journeys.chain_reading import latest, read_snapshots
from plimsoll.journeys.fitted_chain import SurfaceRecord, fit_chain
from plimsoll.journeys.surface_batch import SurfacesResult
from plimsoll.journeys.surface_clock import ClockEvidence, clock_evidence
from plimsoll.journeys.surface_result import SurfaceResult
from plimsoll.journeys.surface_series import fit_series
from plimsoll.journeys.surface_source import chain_source

WORKERS = 2


def surface(
    chains: Any,
    *,
    at: str | None = None,
    currency: str | None = None,
    format: ChainFormat | str | None = None,
    settings: SurfaceSettings = DEFAULTS,
) -> SurfaceResult:
    """Fit the surface of each coin's chain at one time, by itself: no surface before is a prior.

    Parameters
    ----------
    chains : path, pattern, list of paths, frame, JSON, OptionChain or list of them
        As `plimsoll.adapters.chains.read_chains` reads them.
    at : str, optional
        ISO 8601, UTC: the last chain at or before it, a date counting to its end, a minute to
        its end. By default the last chain.
    currency : str, optional
        Base coin; by default all.
    format : ChainFormat or str, optional
        By default seen from how the file begins.
    settings : SurfaceSettings

    Returns
    -------
    SurfaceResult
        A chain that cannot be fitted has a reason instead of a surface.

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    snapshots = read_snapshots(chains, at=at, currency=currency, format=format)
    fitted = tuple(fit_chain(chain, label, settings) for label, chain in latest(snapshots).items())
    source = chain_source(chains)
    return SurfaceResult(chains=fitted, source=source.label, files=source.files)


def surfaces(
    chains: Any,
    *,
    currency: str | None = None,
    format: ChainFormat | str | None = None,
    settings: SurfaceSettings = DEFAULTS,
    workers: int = WORKERS,
    progress: Progress = SILENT,
) -> SurfacesResult:
    """Fit every chain of a source, each coin's in order of time, and judge them together.

    The surface before, unless its snapshot was broken, is a weak prior of the next, so a surface
    may differ a little from the one that `surface` fits by itself.

    Parameters
    ----------
    chains, currency, format, settings
        As in `surface`.
    workers : int
        Coins worked on at a time, in threads; the results do not depend on it.
    progress : Progress
    """
    if workers < 1:
        raise UsageError("must be at least 1", found=workers, field="workers")
    progress.start("read")
    snapshots = read_snapshots(chains, currency=currency, format=format)
    progress.finish()
    records = _fit_all(tuple(snapshots.items()), settings, workers, progress)
    ordered = sorted(records, key=lambda record: (record.at_ns, record.label))
    source = chain_source(chains)
    return SurfacesResult(
        records=tuple(ordered), clock=_clock(ordered), source=source.label, files=source.files
    )


def _clock(records: Sequence[SurfaceRecord]) -> ClockEvidence:
    sound = [record.surface for record in records if not record.is_broken]
    return clock_evidence([surface for surface in sound if surface is not None])


def _fit_all(
    series: Sequence[tuple[str, tuple[OptionChain, ...]]],
    settings: SurfaceSettings,
    workers: int,
    progress: Progress,
) -> list[SurfaceRecord]:
    stop, lock = threading.Event(), threading.Lock()

    def walk(item: tuple[str, tuple[OptionChain, ...]]) -> list[SurfaceRecord]:
        found: list[SurfaceRecord] = []
        for record in fit_series(*item, settings):
            found.append(record)
            with lock:
                progress.advance()
            if stop.is_set():
                break
        return found

    progress.start("fit", sum(len(chains) for _, chains in series))
    try:
        parts = ThreadPool(workers).map(walk, series, names=[label for label, _ in series])
    finally:
        stop.set()
        progress.finish()
    return [record for part in parts for record in part]
