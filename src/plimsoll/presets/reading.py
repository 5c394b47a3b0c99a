"""Strict reading of preset files: every key known, every constant there, every unit right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar

import yaml

from plimsoll.errors import DataFormatError, PlimsollError
from plimsoll.margin.governed import governance

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value of the file with the path to it, for messages."""

    source: str
    path: str
    value: Any

    def refuse(self, must: str, found: object = None, remedy: str = "") -> NoReturn:
        """Raise the error for this value."""
        shown = self.value if found is None else found
        place = f"{self.source}: {self.path}" if self.path else self.source
        raise DataFormatError(must, found=shown, field=place, remedy=remedy)

    def under(self, key: str | int) -> Node:
        """Return the value under a key or place."""
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if self.path else str(key)
        return Node(source=self.source, path=f"{self.path}{step}", value=self.value[key])

    def mapping(self, required: Iterable[str] = (), optional: Iterable[str] | None = ()) -> Node:
        """Return itself after checking that it is an object with these keys and no others.

        ``optional`` None: any other keys may stand in it.
        """
        if not isinstance(self.value, Mapping):
            self.refuse("must be an object")
        strange = [key for key in self.value if not isinstance(key, str)]
        if strange:
            self.refuse("must have keys of text", found=strange[0], remedy="put it in quotes")
        must = list(required)
        missing = [key for key in must if key not in self.value]
        if missing:
            self.refuse("must state every constant", found=f"no {', '.join(missing)}")
        if optional is not None:
            known = {*must, *optional}
            foreign = [key for key in self.value if key not in known]
            if foreign:
                self.refuse(
                    "must have known keys only",
                    found=foreign[0],
                    remedy=f"the keys are {', '.join(sorted(known))}",
                )
        return self

    def items(self) -> list[tuple[str, Node]]:
        """Keys and values of an object, in order."""
        return [(key, self.under(key)) for key in self.value]

    def rows(self) -> list[Node]:
        """Elements of a list."""
        if not isinstance(self.value, list):
            self.refuse("must be a list")
        return [self.under(place) for place in range(len(self.value))]

    def text(self) -> str:
        """Return a text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.refuse("must be text", remedy="put it in quotes")
        return " ".join(self.value.split())

    def decimal(self, unit: str) -> Decimal:
        """Return a number written as text with its unit: ``"0.16 fraction"``."""
        number, _, stated = self.text().partition(" ")
        if stated != unit:
            self.refuse(f"must be a number in {unit}", remedy=f'write "{number} {unit}"')
        try:
            value = Decimal(number)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.refuse("must be a decimal number")
        return value


def parsed(text: str, source: str) -> Node:
    """Read YAML in which a key may stand once.

    Raises
    ------
    DataFormatError
    """
    try:
        document = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise DataFormatError("must be YAML", found=str(error), field=source) from None
    return Node(source=source, path="", value=document)


def constants(kind: type[T], node: Node, **tables: Any) -> T:
    """Return model parameters of which every governed field is stated.

    Parameters
    ----------
    kind : type
        A parameter class of `plimsoll.margin`.
    node : Node
        Its constants; keys of ``tables`` may stand beside them.
    tables : objects
        Fields that are no single numbers.

    Raises
    ------
    DataFormatError
        Unknown key, missing constant, wrong unit, value out of bounds: with file and path.
    """
    rules = governance(kind)
    node.mapping(rules, tables)
    values = {name: node.under(name).decimal(rule.unit.value) for name, rule in rules.items()}
    return built(node, kind, **values, **tables)


def built(node: Node, kind: type[T], **values: Any) -> T:
    """Make an object; what it refuses is told with file and path."""
    try:
        return kind(**values)
    except PlimsollError as error:
        place = f"{node.source}: {node.path}"
        raise DataFormatError(
            f"{error.field}: {error.must}", found=error.found, field=place, remedy=error.remedy
        ) from None


class _Loader(yaml.SafeLoader):
    """YAML without doubled keys."""


def _once(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs = loader.construct_pairs(node, deep=True)
    found: dict[Any, Any] = {}
    for key, value in pairs:
        if key in found:
            raise yaml.constructor.ConstructorError(
                None, None, f"key {key!r} stands twice", node.start_mark
            )
        found[key] = value
    return found


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _once)
