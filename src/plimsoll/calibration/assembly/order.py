"""Orders between tables: where a venue asks it, the riskier nowhere has lower rates.

Riskier are the markets of a later class, and dated futures of the same underlying with more time to
expiry. Tables are compared at equal sizes, tier by tier where two tiers overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, pairwise, product

from plimsoll.calibration.assembly.needs import TableNeed
from plimsoll.calibration.set_plan import OrderPlan
from plimsoll.calibration.structure.market_rules import ordered_pair
from plimsoll.calibration.structure.rules import LinearRule
from plimsoll.calibration.structure.tier_rules import tier_key

Slices = Sequence[tuple[Decimal, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePair:
    """Two tables by key: the safer's rates are not above the riskier's at any size of both."""

    safer: str
    riskier: str


def table_pairs(plan: OrderPlan, needs: Sequence[TableNeed]) -> tuple[TablePair, ...]:
    """Return the pairs that a plan orders; sides and buckets are compared with their like."""
    return (*(_by_expiry(needs) if plan.expiries else ()), *_by_class(plan.classes, needs))


def _by_expiry(needs: Sequence[TableNeed]) -> Iterator[TablePair]:
    alike: dict[tuple[str, str], list[TableNeed]] = {}
    for need in needs:
        alike.setdefault((_underlying(need), need.prefix), []).append(need)
    for listed in alike.values():
        for safe, risky in pairwise(sorted(listed, key=_days)):
            yield TablePair(safer=safe.key, riskier=risky.key)


def _by_class(classes: Sequence[str], needs: Sequence[TableNeed]) -> Iterator[TablePair]:
    """Yield the pairs of neighbouring classes, and of others at sizes beyond those between."""
    alike: dict[tuple[int, str], list[TableNeed]] = {}
    for need in needs:
        alike.setdefault((_days(need), need.prefix), []).append(need)
    for listed in alike.values():
        ranked = [[n for n in listed if n.risk_class == name] for name in classes]
        for (i, first), (j, then) in combinations(enumerate(ranked), 2):
            between = [n.caps_usd[-1] for part in ranked[i + 1 : j] for n in part]
            for safe, risky in product(first, then):
                if not between or max(between) < min(safe.caps_usd[-1], risky.caps_usd[-1]):
                    yield TablePair(safer=safe.key, riskier=risky.key)


def order_rules(slices: Mapping[str, Slices], pairs: Sequence[TablePair]) -> tuple[LinearRule, ...]:
    """Return the rules of pairs whose tiers, from a lower to an upper end, overlap."""
    return tuple(
        ordered_pair(tier_key(pair.safer, i, name), tier_key(pair.riskier, j, name))
        for pair in pairs
        for i, j in overlaps(slices[pair.safer], slices[pair.riskier])
        for name in ("maintenance_rate", "initial_rate")
    )


def overlaps(safer: Slices, riskier: Slices) -> Iterator[tuple[int, int]]:
    """Yield the places of tiers that have sizes in common.

    >>> cap = Decimal
    >>> list(overlaps([(cap(0), cap(5))], [(cap(0), cap(2)), (cap(2), cap(9)), (cap(9), cap(20))]))
    [(0, 0), (0, 1)]
    """
    for i, (low, high) in enumerate(safer):
        for j, (lower, upper) in enumerate(riskier):
            if low < upper and lower < high:
                yield i, j


def pairs_among(pairs: Sequence[TablePair], keys: Sequence[str]) -> tuple[TablePair, ...]:
    """Return the pairs of which both tables are listed."""
    listed = set(keys)
    return tuple(pair for pair in pairs if {pair.safer, pair.riskier} <= listed)


def levels(keys: Sequence[str], pairs: Sequence[TablePair]) -> tuple[tuple[str, ...], ...]:
    """Return the tables in levels: each table after all that are safer.

    >>> levels(["c", "a", "b"], [TablePair(safer="a", riskier="b")])
    (('c', 'a'), ('b',))
    """
    out: list[tuple[str, ...]] = []
    left = list(keys)
    while left:
        waiting = {pair.riskier for pair in pairs_among(pairs, left)}
        out.append(tuple(key for key in left if key not in waiting))
        left = [key for key in left if key in waiting]
    return tuple(out)


def connected_tables(
    keys: Sequence[str], pairs: Sequence[TablePair]
) -> tuple[tuple[str, ...], ...]:
    """Return the tables in groups that no pair connects, in their order."""
    group = {key: {key} for key in keys}
    for pair in pairs_among(pairs, keys):
        joined = group[pair.safer] | group[pair.riskier]
        for key in joined:
            group[key] = joined
    held = dict.fromkeys(tuple(k for k in keys if k in group[key]) for key in keys)
    return tuple(held)


def _underlying(need: TableNeed) -> str:
    return need.market if need.bucket is None else need.market.removesuffix(need.bucket.label)


def _days(need: TableNeed) -> int:
    return 0 if need.bucket is None else need.bucket.up_to_days
