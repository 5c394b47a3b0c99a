"""Option chains from wherever they are: files, frames, JSON, or chains in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from plimsoll.adapters.chains import ChainFormat, read_chains
from plimsoll.domain.option_chain import OptionChain
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataError, UsageError

Snapshots = dict[str, tuple[OptionChain, ...]]
"""Chains by label, each in order of time."""


def read_snapshots(
    source: Any,
    *,
    at: str | None = None,
    currency: str | None = None,
    format: ChainFormat | str | None = None,
    max_age_s: float | None = None,
) -> Snapshots:
    """Return the chains of a source by label: the base coin, with the settlement where it differs.

    Parameters
    ----------
    source : OptionChain, list of them, or what `read_chains` reads
    at : str, optional
        ISO 8601, UTC: of each label the last chain at or before it.
    currency : str, optional
        Base coin.
    format : ChainFormat or str, optional
    max_age_s : float, optional
        Oldest snapshot or update that still counts at ``at``; see `read_chains`.

    Raises
    ------
    DataError, DataFormatError, UsageError
    """
    held = _in_memory(source)
    if held is not None and at is not None:
        raise UsageError("must not be given with chains in memory", found=at, field="at")
    wanted = None if currency is None else currency.strip().upper()
    chains = (
        held
        if held is not None
        else list(read_chains(source, format=format, at=at, max_age_s=max_age_s))
    )
    found: dict[str, list[OptionChain]] = {}
    for chain in sorted(chains, key=lambda chain: chain.at_ns):
        found.setdefault(_label(chain), []).append(chain)
    if not found:
        raise DataError("must hold at least one option chain", found="none", field=_title(source))
    return {
        label: tuple(mine)
        for label, mine in sorted(found.items())
        if wanted is None or mine[0].pair.base == wanted
    } or _refuse(wanted, found, source)


def latest(snapshots: Snapshots) -> dict[str, OptionChain]:
    """Return the last chain of each label."""
    return {label: chains[-1] for label, chains in snapshots.items()}


def source_label(source: Any) -> str:
    """Say where chains in memory are from, as it stands under every picture."""
    held = _in_memory(source)
    if held is not None:
        return ", ".join(dict.fromkeys(chain.source for chain in held))
    return "option chains in memory"


def spans(snapshots: Snapshots) -> str:
    """Say which chains a source holds, for messages."""
    return "; ".join(
        f"{label} {iso_minute(chains[0].at_ns)} to {iso_minute(chains[-1].at_ns)} ({len(chains)})"
        for label, chains in snapshots.items()
    )


def _refuse(wanted: str | None, found: Mapping[str, Sequence[OptionChain]], source: Any) -> Any:
    held = {label: tuple(chains) for label, chains in found.items()}
    known = ", ".join(sorted({chains[0].pair.base for chains in held.values()}))
    raise UsageError(
        f"must be one of {known}, the coins of {_title(source)}",
        found=wanted,
        field="currency",
        remedy=f"it holds {spans(held)}",
    )


def _label(chain: OptionChain) -> str:
    base = chain.pair.base
    plain = chain.settle == base or chain.pair.quote == chain.settle == "USD"
    return base if plain else f"{base}/{chain.settle}"


def _in_memory(source: Any) -> list[OptionChain] | None:
    if isinstance(source, OptionChain):
        return [source]
    if isinstance(source, list | tuple) and source and isinstance(source[0], OptionChain):
        return list(source)
    return None


def named_paths(source: Any) -> list[str]:
    """Return the paths and patterns that a source names; none where it is no file."""
    if isinstance(source, str | os.PathLike):
        return [os.fspath(source)]
    if isinstance(source, list | tuple) and all(isinstance(s, str | os.PathLike) for s in source):
        return [os.fspath(path) for path in source]
    return []


def _title(source: Any) -> str:
    return ", ".join(named_paths(source)) or "the chains"
