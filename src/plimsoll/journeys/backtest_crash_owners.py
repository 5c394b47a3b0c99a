"""The largest owners in a crash: what their margins leave to the fund, as Cover-k counts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.parts.fund_replay import StatedPopulation
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.backtest_crash_parts import HOURS, absorbed, closing_cost, margin_layers
from plimsoll.journeys.backtest_crash_set import EveSet
from plimsoll.validation.replay.accounts import TYPICAL
from plimsoll.validation.replay.markets import MarkPaths

FloatArray = NDArray[np.float64]

SHARES = StatedPopulation(law=TYPICAL, open_interest_usd={}).holder_shares
"""Of each contract's open interest: the owners that the fund's Cover counts."""
COVERS = (2, 5)
_PARTS = ("base", "stressed", "add_ons", "fee")


class Event(Protocol):
    """What a table says of its event."""

    @property
    def key(self) -> str:
        """Of the table's name."""

    @property
    def title(self) -> str:
        """In words."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorstTogether:
    """The worst eight hours of one side of everything: where it began and stood deepest."""

    bar: int
    moves: FloatArray


def worst_together(
    marks: MarkPaths, weight: FloatArray, side: int, first: int, last: int
) -> WorstTogether:
    """Search the starts ``first`` to ``last - 1`` for the deepest loss of all contracts at once.

    Parameters
    ----------
    weight : (M,) float64
        Dollars in each contract.
    side : int
        0 long, 1 short.
    """
    extreme = (marks.low, marks.high)[side]
    ends = marks.close if extreme is None else extreme
    bars = marks.bars_of(HOURS[-1])
    deepest, found = -np.inf, WorstTogether(bar=first, moves=np.zeros(weight.size))
    for start in range(first, min(last, marks.time_ns.size - bars)):
        moves = ends[start + 1 : start + 1 + bars] / marks.close[start] - 1.0
        moves = np.nan_to_num(moves if side else -moves, nan=0.0)
        losses = moves @ weight
        row = int(np.argmax(losses))
        if losses[row] > deepest:
            deepest = float(losses[row])
            found = WorstTogether(bar=start + 1 + row, moves=moves[row])
    return found


def owner_table(
    event: Event, eve: EveSet, marks: MarkPaths, span: tuple[int, int], accounts_usd: float
) -> Table:
    """Losses of the largest owners, margin by part, and what the fund leaves of their defaults.

    Parameters
    ----------
    span : tuple of int
        First bar of the starts, and the one after their last.
    accounts_usd : float
        What the replayed accounts asked of the fund's stock.
    """
    rows: list[tuple[Cell, ...]] = []
    for side, name in enumerate(("long", "short")):
        worst = worst_together(marks, eve.interest_usd, side, *span)
        parts = np.array([_owner(eve, marks, share, worst) for share in SHARES])
        rows += [
            (f"owner {k} {name} ({share:.0%})", *_millions(parts[k - 1]), None, None)
            for k, share in enumerate(SHARES, start=1)
        ]
        rows += [_cover_row(f"largest {k} {name}", parts[:k].sum(axis=0), eve) for k in COVERS]
        beyond = [float(parts[:k, -1].sum()) + accounts_usd for k in COVERS]
        rows += [
            (f"largest {k} {name}, and the accounts above", *(None,) * 5, *_of_fund(usd, eve))
            for k, usd in zip(COVERS, beyond, strict=True)
        ]
    titles = (
        ("loss", "Loss"), ("base", "Base"), ("stressed", "Stressed leg"), ("add_ons", "Add-ons"),
        ("fee", "Fee"), ("beyond", "Beyond margin"), ("fund", "Fund"), ("left", "Left for ADL"),
    )  # fmt: skip
    return Table(
        name=f"crash_owners_{event.key}",
        title=f"{event.title}: the largest owners, as the fund's Cover counts them",
        columns=(
            Column(name="owner", title="Owner (share of open interest)"),
            *(
                Column(name=n, title=t, kind=ColumnKind.MONEY, unit="million USD", digits=1)
                for n, t in titles
            ),
        ),
        rows=tuple(rows),
        notes=(
            "One owner long, or short, of the same share of every contract, with the set's margin "
            "at that size, at most the whole notional, and nothing beside it, over the worst eight "
            "hours of all contracts together, lows and highs taken at once; cost of closing at a "
            "fifth of the usual depth, at most the whole position. Shares are "
            "stated, not observed.",
            "Beyond margin: what the fund would bear if the owner defaulted; the rows of the "
            "largest tell what its target of the eve leaves for ADL.",
        ),
    )


def _owner(eve: EveSet, marks: MarkPaths, share: float, worst: WorstTogether) -> FloatArray:
    """(6,) loss, the margin's parts of it, and the rest; one account, all contracts."""
    size = share * eve.interest_usd
    cost = np.minimum(1.0, closing_cost(marks, worst.bar, size))
    loss = float(np.sum(size * (worst.moves + cost)))
    layers = [margin_layers(eve, float(one)) for one in size]
    held = [
        np.array([sum(s * float(getattr(at, name)[m])
                      for m, (s, at) in enumerate(zip(size.tolist(), layers, strict=True)))])
        for name in _PARTS
    ]  # fmt: skip
    found = absorbed(np.array([max(loss, 0.0)]), held)
    return np.array([loss, *(float(part[0]) for part in found)])


def _millions(parts: FloatArray) -> tuple[float, ...]:
    return tuple(float(one) / 1e6 for one in parts)


def _cover_row(name: str, parts: FloatArray, eve: EveSet) -> tuple[Cell, ...]:
    return (name, *_millions(parts[:-1]), *_of_fund(float(parts[-1]), eve))


def _of_fund(beyond_usd: float, eve: EveSet) -> tuple[float, float, float]:
    """Millions beyond margin, borne by the fund's target, and left for ADL."""
    target = 0.0 if eve.fund is None else float(eve.fund.target_usd)
    paid = min(beyond_usd, target)
    return beyond_usd / 1e6, paid / 1e6, (beyond_usd - paid) / 1e6
