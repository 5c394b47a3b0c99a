"""What the saving of the study of scenario grids rests on: coins, crises, offsets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_backtest import LibraryBacktest, Sets
from plimsoll.calibration.grids.grid_family import GridFamily
from plimsoll.calibration.grids.grid_fit import GridFit
from plimsoll.domain.table import Cell, Column, Table

PUBLISHED, CALIBRATED = "published", "calibrated"
SAVING = 0.20
OFFSETS_KEPT, NO_MORE = "offsets as published", "no breach more than published"
ROLL_KEPT = "calibrated, roll shock as published"
OFFSET_GIVEN = "published, BTC's offset as ETH's"
_ROLL = ("annualised_move_risk", "min_annualised_move")
_Line = tuple[str, bool, str, str]


def sets_beside(family: GridFamily, fit: GridFit) -> Sets:
    """Sets that differ from the published or calibrated one in few constants; nothing is fitted.

    An offset counts up to a cap in dollars, which the published set of BTC puts at 0: it is given
    ETH's cap with ETH's offset.
    """
    published, found = family.published, dict(fit.family.parameters(fit.point))
    bitcoin, ether = published["BTC_USD"], published["ETH_USD"]
    given = replace(
        bitcoin,
        pnl_offset=ether.pnl_offset,
        max_offsetable_pnl_usd=ether.max_offsetable_pnl_usd,
    )
    for unit in ("BTC_USD", "ETH_USD"):
        kept = {name: getattr(published[unit], name) for name in _ROLL}
        found[unit] = replace(found[unit], **kept)
    return {
        OFFSET_GIVEN: (family, {**published, "BTC_USD": given}),
        ROLL_KEPT: (fit.family, found),
    }


def rests_table(
    judged: LibraryBacktest, crises: Mapping[str, LibraryBacktest], *notes: str
) -> Table:
    """One row a line that the claim does not state, but rests on."""
    lines = [*_coins(judged), *_kept_out(crises), *_savings(judged)]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, found, demanded, "yes" if met else "no") for name, met, found, demanded in lines
    )
    return Table(
        name="grids_rests",
        title="What the saving rests on",
        columns=(
            Column(name="line", title="Line"),
            Column(name="found", title="Found"),
            Column(name="asked", title="Asked"),
            Column(name="met", title="Met"),
        ),
        rows=rows,
        notes=(*notes, "Savings: mean margin of hedged portfolios, judged window."),
    )


def _coins(judged: LibraryBacktest) -> list[_Line]:
    """Saving of hedged portfolios by scope: each coin, and those in both."""
    found = []
    for scope in dict.fromkeys(judged.scope.tolist()):
        at = judged.hedged & (judged.scope == scope)
        if at.any():
            saved, told = _saving(judged, CALIBRATED, PUBLISHED, at)
            asked = f"at least {_percent(SAVING)}"
            found.append((f"Saving, hedged portfolios in {scope}", saved >= SAVING, told, asked))
    return found


def _kept_out(crises: Mapping[str, LibraryBacktest]) -> list[_Line]:
    """Coverage in the crises that were kept out, against the published set's."""
    found = []
    held = crises["kept out"]
    for group, at in (("hedged", held.hedged), ("directional", ~held.hedged)):
        mine, theirs = held.breach(CALIBRATED, at)[0], held.breach(PUBLISHED, at)[0]
        told = f"{_percent(1.0 - mine)} against {_percent(1.0 - theirs)}"
        name = f"Coverage in the crises kept out, {group}"
        found.append((name, mine <= theirs, told, "not below the published set's"))
    return found


def kept_out_note(held: LibraryBacktest) -> str:
    """Say what both sets cover in the crises kept out."""
    lines = "; ".join(
        f"{name.rsplit(', ')[1]} {told}" for name, _, told, _ in _kept_out({"kept out": held})
    )
    return f"Covered in those kept out, calibrated against published: {lines}."


def _savings(judged: LibraryBacktest) -> list[_Line]:
    """What is left of the saving with one thing as published, or published otherwise."""
    cases = (
        ("Saving given published offsets (fitted again)", OFFSETS_KEPT, PUBLISHED),
        (
            "Saving with no more reference breaches than published (fitted again)",
            NO_MORE,
            PUBLISHED,
        ),
        ("Saving with the published roll shock", ROLL_KEPT, PUBLISHED),
        ("Saving if the published BTC set had ETH's offset and cap", CALIBRATED, OFFSET_GIVEN),
    )
    asked = f"at least {_percent(SAVING)}"
    found = []
    for name, mine, theirs in cases:
        if mine in judged.margin and theirs in judged.margin:
            saved, told = _saving(judged, mine, theirs, judged.hedged)
            found.append((name, saved >= SAVING, told, asked))
    return found


def _saving(
    judged: LibraryBacktest, mine: str, theirs: str, at: NDArray[np.bool_]
) -> tuple[float, str]:
    saved, error = judged.saving(mine, theirs, at)
    return saved, f"{_percent(saved)} less (s.e. {_percent(error)})"


def _percent(value: float) -> str:
    return f"{100.0 * value:.2f} %"
