"""What a preset does not see of what accounts state: orders, owners, modes. Said, never dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from plimsoll.adapters.files.account_forms import StatedAccounts
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.protocol import Prepared
from plimsoll.presets import Preset

_MOST_NAMED = 6


def account_notes(
    accounts: StatedAccounts, preset: Preset, runs: Iterable[tuple[Prepared, Requirements]]
) -> Iterator[str]:
    """Yield a note for each thing stated that changes no number under the preset."""
    apart = [name for name, flag in accounts.portfolio.items() if not flag]
    if apart:
        yield (
            f"Preset {preset.name} knows one mode: {_some(apart)} margined by it all the same, "
            "though not under portfolio margin."
        )
    listed = list(runs)
    if accounts.orders and not any(_orders_ask(prepared, found) for prepared, found in listed):
        yield f"Open orders ask nothing here under preset {preset.name}."
    shared = len(set(accounts.owner.values())) < len(accounts.owner) or any(
        owner in accounts.names for owner in accounts.owner.values()
    )
    if shared and not any(_owners_count(prepared, found) for prepared, found in listed):
        yield (
            f"That accounts have one owner changes nothing here under preset {preset.name}: "
            "no size is added up over them."
        )


def _orders_ask(prepared: Prepared, found: Requirements) -> bool:
    if found.book.orders is None or not len(found.book.orders):
        return False
    return _differs(found, prepared.requirements(replace(found.book, orders=None)))


def _owners_count(prepared: Prepared, found: Requirements) -> bool:
    if found.book.owner is None:
        return False
    return _differs(found, prepared.requirements(replace(found.book, owner=None)))


def _differs(one: Requirements, other: Requirements) -> bool:
    return not all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in ("initial", "maintenance", "unrealised", "collateral")
    )


def _some(names: list[str]) -> str:
    left = len(names) - _MOST_NAMED
    listed = ", ".join(names[:_MOST_NAMED]) + (f" and {left} more" if left > 0 else "")
    return f"{listed} {'is' if len(names) == 1 else 'are'}"
