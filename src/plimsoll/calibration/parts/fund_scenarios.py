"""Cover-k: owners of a stated concentration in the worst days seen and in ladder moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.fund.cover import CoverRequirement, cover_requirement, with_error
from plimsoll.calibration.parts.fund_replay import StatedPopulation
from plimsoll.calibration.parts.market_moves import as_of_ns, known_prices
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import iso_minute
from plimsoll.domain.tiers import TierTable
from plimsoll.margin.sided_tiers import SidedTiers

FloatArray = NDArray[np.float64]
LADDER_MOVES = 2
"""Scenarios that are stated: every market's fall, and every market's rise; they come last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderMove:
    """Shares that the price of a class falls and rises in an incident; stated."""

    fall: float
    rise: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverBook:
    """Positions of the largest owners, all markets of the set.

    Parameters
    ----------
    markets, classes : tuples of M str
    interest_usd, cost : (M,) float64
        One side's open interest, and share lost in closing.
    tiers : tuple of M SidedTiers
    shares : tuple of float
        Of each owner; each share stands once long and once short of everything.
    """

    markets: tuple[str, ...]
    classes: tuple[str, ...]
    interest_usd: FloatArray
    cost: FloatArray
    tiers: tuple[SidedTiers, ...]
    shares: tuple[float, ...]


def cover_book(proof: Proof, population: StatedPopulation) -> CoverBook:
    """Return the owners' book on the set's own tiers, of the markets that have prices."""
    known = set(proof.history.markets)
    held = [s for s in proof.solutions if s.tiers is not None and s.spec.symbol in known]
    classes = [proof.problem.risk_class(s.spec) for s in held]
    return CoverBook(
        markets=tuple(s.spec.symbol for s in held),
        classes=tuple(c.name for c in classes),
        interest_usd=np.array(
            [population.interest(s.spec.symbol, c.name) for s, c in zip(held, classes, strict=True)]
        ),
        cost=np.array([c.liquidation_cost for c in classes]),
        tiers=tuple(s.sided for s in held if s.sided is not None),
        shares=population.holder_shares,
    )


def cover_requirements(
    proof: Proof, book: CoverBook, ladder: Mapping[str, LadderMove], members: Sequence[int]
) -> tuple[CoverRequirement, ...]:
    """Return Cover-k over every day of the history and the moves of the ladder.

    An owner has put up initial margin on each market's position at his size, by the table of his
    side; gains of one market pay for losses of another, as all stand in one account.
    """
    names, moves = _scenarios(proof, book, ladder)
    gain = np.expm1(moves)
    owners, uncovered = [], []
    for rank, share in enumerate(book.shares, start=1):
        notional = share * book.interest_usd
        closing = float(notional @ book.cost)
        for place, (side, sign) in enumerate((("long", 1.0), ("short", -1.0))):
            margin = sum(
                size * initial_rate_at(tiers.by_side[place], size)
                for size, tiers in zip(notional.tolist(), book.tiers, strict=True)
            )
            owners.append(f"owner {rank} {side} ({share:.0%})")
            loss = -sign * (gain @ notional) + closing
            uncovered.append(np.maximum(loss - margin, 0.0))
    columns = np.column_stack(uncovered)
    return tuple(
        with_error(
            cover_requirement(columns, owners, names, k),
            columns,
            stated=LADDER_MOVES,
            seed=proof.problem.seed,
        )
        for k in members
    )


def initial_rate_at(tiers: TierTable, size_usd: float) -> float:
    """Return the initial rate of a tier's size; beyond the last cap the last tier's."""
    for tier in tiers.tiers:
        if tier.cap_usd is None or size_usd <= float(tier.cap_usd):
            return float(tier.initial_rate)
    return float(tiers.tiers[-1].initial_rate)


def _scenarios(
    proof: Proof, book: CoverBook, ladder: Mapping[str, LadderMove]
) -> tuple[tuple[str, ...], FloatArray]:
    """(S, M) log moves: days of the history from midnight to midnight, then the ladder's."""
    names, rows = _days(proof, book)
    worst = _worst_seen(rows, book.classes)
    for title, member in (("fall", 0), ("rise", 1)):
        moves = []
        for name in book.classes:
            stated = ladder.get(name)
            seen = worst[name][member]
            if stated is None:
                moves.append(seen)
            else:
                moves.append(np.log1p(-stated.fall) if member == 0 else np.log1p(stated.rise))
        names.append(f"ladder: every market's {title}")
        rows = np.vstack([rows, moves])
    return tuple(names), rows


def _days(proof: Proof, book: CoverBook) -> tuple[list[str], FloatArray]:
    available, price = known_prices(proof)
    columns = [proof.history.markets.index(m) for m in book.markets]
    last = as_of_ns(proof)
    midnights = np.arange(int(available[0]) // DAY_NS + 1, last // DAY_NS + 1) * DAY_NS
    row = np.searchsorted(available, midnights, side="right") - 1
    moves = np.diff(price[row][:, columns], axis=0)
    classes = np.array(book.classes)
    for name in dict.fromkeys(book.classes):
        inside = classes == name
        known = np.isfinite(moves[:, inside])
        count = np.maximum(known.sum(axis=1), 1)
        mean = np.where(known, moves[:, inside], 0.0).sum(axis=1) / count
        moves[:, inside] = np.where(known, moves[:, inside], mean[:, None])
    return [iso_minute(int(at))[:10] for at in midnights[:-1]], moves


def _worst_seen(moves: FloatArray, classes: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Largest fall and rise of a day of any market of each class."""
    places = np.array(classes)
    return {
        name: (
            min(0.0, float(moves[:, places == name].min(initial=0.0))),
            max(0.0, float(moves[:, places == name].max(initial=0.0))),
        )
        for name in dict.fromkeys(classes)
    }
