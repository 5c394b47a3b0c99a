"""Rulebooks as data: one file each, every figure with where it stands."""

from __future__ import annotations

from importlib import resources

from plimsoll.calibration.appetite.regulation import ProductRule, RegulatoryProfile, Rule
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.errors import UsageError
from plimsoll.presets.reading import Node, built, parsed

_SUFFIX = ".yaml"
_HEAD = ("schema", "schema_version", "name", "title", "products", "rules")
_FIGURES = (
    "tools",
    "look_back_days",
    "stress_in_look_back",
    "largest_offset",
    "cover_members",
    "collateral_coverage",
)


def regulation_names() -> tuple[str, ...]:
    """Names of the rulebooks that come with Plimsoll."""
    folder = resources.files("plimsoll.presets") / "regulations"
    return tuple(
        sorted(f.name.removesuffix(_SUFFIX) for f in folder.iterdir() if f.name.endswith(_SUFFIX))
    )


def regulation(name: str) -> RegulatoryProfile:
    """Return a rulebook.

    Raises
    ------
    UsageError
        For an unknown name.

    >>> regulation("emir").product("otc")
    ProductRule(coverage=0.995, mpor_hours=120)
    """
    names = regulation_names()
    if name not in names:
        raise UsageError(
            "must be a rulebook",
            found=name,
            field="appetite.regulation",
            remedy=f"choose from {', '.join(names)}",
        )
    file = resources.files("plimsoll.presets") / "regulations" / f"{name}{_SUFFIX}"
    return read_regulation(file.read_text("utf-8"), file.name)


def read_regulation(text: str, source: str) -> RegulatoryProfile:
    """Read a rulebook from the text of its file.

    Raises
    ------
    DataFormatError
        Unknown or missing keys, values out of bounds: with file and path.
    """
    node = parsed(text, source).mapping(_HEAD, _FIGURES)
    for key, value in (("schema", "plimsoll.regulation"), ("schema_version", "1")):
        if str(node.value[key]) != value:
            node.under(key).refuse(f"must be {value}", remedy="this version reads no other")
    return RegulatoryProfile(
        name=node.under("name").text(),
        title=node.under("title").text(),
        products={
            kind: _product(row) for kind, row in node.under("products").mapping((), None).items()
        },
        tools=tuple(_tool(row) for row in _rows(node, "tools")),
        look_back_days=int(_number(node, "look_back_days", "days")),
        stress_in_look_back=bool(node.value.get("stress_in_look_back", False)),
        largest_offset=_number(node, "largest_offset", "fraction", 1.0),
        cover_members=int(_number(node, "cover_members", "members")),
        collateral_coverage=_number(node, "collateral_coverage", "fraction"),
        rules=tuple(_rule(row) for row in node.under("rules").rows()),
    )


def _product(node: Node) -> ProductRule:
    node.mapping(("coverage",), ("mpor_hours",))
    return built(
        node,
        ProductRule,
        coverage=_number(node, "coverage", "fraction"),
        mpor_hours=int(_number(node, "mpor_hours", "hours")),
    )


def _tool(node: Node) -> AntiProcyclicality:
    node.mapping((), ("buffer", "stress_weight", "long_floor"))
    return built(
        node,
        AntiProcyclicality,
        buffer=_number(node, "buffer", "fraction"),
        stress_weight=_number(node, "stress_weight", "fraction"),
        long_floor=bool(node.value.get("long_floor", False)),
    )


def _rule(node: Node) -> Rule:
    node.mapping(("subject", "demand", "source", "read_in_source"))
    known = node.under("read_in_source")
    if not isinstance(known.value, bool):
        known.refuse("must be true or false")
    return Rule(
        subject=node.under("subject").text(),
        demand=node.under("demand").text(),
        source=node.under("source").text(),
        read_in_source=known.value,
    )


def _rows(node: Node, key: str) -> list[Node]:
    return node.under(key).rows() if key in node.value else []


def _number(node: Node, key: str, unit: str, absent: float = 0.0) -> float:
    return float(node.under(key).decimal(unit)) if key in node.value else absent
