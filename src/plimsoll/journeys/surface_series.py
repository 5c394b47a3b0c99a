"""The chains of one coin in order of time: each fitted with the surface before as a weak prior."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from plimsoll.domain.option_chain import OptionChain
from plimsoll.estimators.surface.moves import SmileMoves, smile_moves
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.journeys.fitted_chain import FittedChain, SurfaceRecord, fit_chain
from plimsoll.journeys.surface_moves import LONGEST_SPAN_DAYS

_DAY_NS = 86_400 * 10**9


def fit_series(
    label: str, chains: Sequence[OptionChain], settings: SurfaceSettings
) -> Iterator[SurfaceRecord]:
    """Yield the judged surfaces with their moves from the last that was not broken."""
    last: FittedChain | None = None
    for chain in chains:
        fitted = fit_chain(chain, label, settings, None if last is None else last.surface)
        yield replace(fitted.record, moves=_moves(last, fitted))
        if fitted.surface is not None and not fitted.record.is_broken:
            last = fitted  # nonsense must not be the prior of what follows


def _moves(last: FittedChain | None, fitted: FittedChain) -> SmileMoves | None:
    if last is None or last.surface is None or fitted.surface is None or fitted.record.is_broken:
        return None
    if fitted.surface.at_ns - last.surface.at_ns > LONGEST_SPAN_DAYS * _DAY_NS:
        return None
    return smile_moves(last.surface, last.quotes, fitted.surface, fitted.quotes)
