"""Faults between the sections beside the ratios, and between them and the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from plimsoll.config.document import Document, Path
from plimsoll.config.explain import choose
from plimsoll.errors import Fault

FaultAt = Callable[[Document, Path, str, str], Fault]
_TARGETS = (
    (("fund", "ruin_probability_annual"), "ruin probability"),
    (("fund", "cover_members"), "members that are covered"),
    (("collateral", "coverage"), "coverage of collateral"),
)


def parts_faults(document: Document, fault_at: FaultAt) -> Iterator[Fault]:
    """Yield every fault between sections, each at the key that must change."""
    yield from _said_twice(document, fault_at)
    yield from _fees_without_fund(document, fault_at)
    yield from _open_interest(document, fault_at)
    yield from _incident_classes(document, fault_at)
    yield from _assets(document, fault_at)
    yield from _institutions(document, fault_at)
    yield from _owners(document, fault_at)


def _keys(document: Document, *path: str | int) -> list[str]:
    value = document.get(*path)
    return [str(key) for key in value] if isinstance(value, dict) else []


def _count(document: Document, *path: str | int) -> int:
    value = document.get(*path)
    return len(value) if isinstance(value, list) else 0


def _said_twice(document: Document, fault_at: FaultAt) -> Iterator[Fault]:
    if document.get("appetite") is None:
        return
    for path, what in _TARGETS:
        if document.get(*path) is not None:
            yield fault_at(
                document,
                path,
                f"must be left out beside appetite, which says the {what}",
                "delete it here, or state it under appetite",
            )


def _fees_without_fund(document: Document, fault_at: FaultAt) -> Iterator[Fault]:
    if document.get("fees") is not None and document.get("fund") is None:
        yield fault_at(
            document,
            ("fees",),
            "must stand with a fund: fees rest on the losses of its population",
            "add fund with its population, or leave fees out",
        )


def _open_interest(document: Document, fault_at: FaultAt) -> Iterator[Fault]:
    place: Path = ("fund", "population", "open_interest_usd")
    stated = _keys(document, *place)
    classes = _keys(document, "classes")
    markets = [
        document.get("markets", index, "symbol") for index in range(_count(document, "markets"))
    ]
    known = [*classes, *(name for name in markets if isinstance(name, str))]
    if not stated or not classes:
        return
    for name in stated:
        if name not in known:
            yield fault_at(
                document, (*place, name), "must be a class or a market", choose(name, known)
            )
    for name in classes:
        if name not in stated:
            yield fault_at(
                document,
                place,
                f"must hold the class {name}: it speaks for its markets without their own",
                f"add {name}: <open interest of one side of a market, in dollars>",
            )


def _incident_classes(document: Document, fault_at: FaultAt) -> Iterator[Fault]:
    classes = _keys(document, "classes")
    for name in _keys(document, "fund", "incidents"):
        if classes and name not in classes:
            path = ("fund", "incidents", name)
            yield fault_at(document, path, "must be defined under classes", choose(name, classes))


def _assets(document: Document, fault_at: FaultAt) -> Iterator[Fault]:
    count = _count(document, "collateral", "assets")
    names = [document.get("collateral", "assets", index, "name") for index in range(count)]
    for index, name in enumerate(names):
        here: Path = ("collateral", "assets", index)
        if isinstance(name, str) and name in names[:index]:
            yield fault_at(
                document, (*here, "name"), "must differ: an asset stands once", "delete one"
            )
        kind = document.get(*here, "kind")
        base = document.get(*here, "redeems_into")
        if kind == "staked" and base is None:
            yield fault_at(
                document,
                here,
                "must say what it redeems into, as it is staked",
                "add redeems_into: <name of the coin among the assets>",
            )
        if isinstance(base, str):
            yield from _base(document, fault_at, (*here, "redeems_into"), kind, base, names)


def _base(
    document: Document,
    fault_at: FaultAt,
    path: Path,
    kind: object,
    base: str,
    names: Sequence[object],
) -> Iterator[Fault]:
    if kind != "staked":
        yield fault_at(document, path, "must be left out: only staked coins redeem", "delete it")
        return
    if base not in names:
        known = [name for name in names if isinstance(name, str)]
        yield fault_at(document, path, "must be one of the assets", choose(base, known))
        return
    place = names.index(base)
    if document.get("collateral", "assets", place, "redeems_into") is not None:
        yield fault_at(
            document, path, "must redeem into nothing itself", "name the coin at the end"
        )


def _institutions(document: Document, fault_at: FaultAt) -> Iterator[Fault]:
    place = ("counterparties", "institutions")
    names = [document.get(*place, i, "name") for i in range(_count(document, *place))]
    for index, name in enumerate(names):
        if isinstance(name, str) and name in names[:index]:
            path = (*place, index, "name")
            yield fault_at(document, path, "must differ: each stands once", "delete one")


def _owners(document: Document, fault_at: FaultAt) -> Iterator[Fault]:
    place = ("fund", "population", "top_owner_shares")
    values = document.get(*place)
    if not isinstance(values, list):
        return
    shares = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if sum(shares) > 1.0 + 1e-9:
        yield fault_at(document, place, "must sum to at most 1", "they are shares of one side")
    if any(later > earlier for earlier, later in pairwise(shares)):
        yield fault_at(document, place, "must not rise", "write the largest owner first")
