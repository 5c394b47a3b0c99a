"""Parts of the problem that no rule connects: each is solved alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plimsoll.calibration.structure.rules import Rule
from plimsoll.calibration.structure.variables import GovernedVariable


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """Variables that rules connect, and those rules, both in order of their names."""

    variables: tuple[GovernedVariable, ...]
    rules: tuple[Rule, ...]


def components(
    variables: Mapping[str, GovernedVariable], rules: Sequence[Rule]
) -> tuple[Component, ...]:
    """Split a problem into its connected components, ordered by their first key."""
    leader = {key: key for key in variables}

    def root(key: str) -> str:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for rule in rules:
        first = root(rule.keys[0])
        for key in rule.keys[1:]:
            leader[root(key)] = first
    held: dict[str, tuple[list[GovernedVariable], list[Rule]]] = {}
    for key, variable in variables.items():
        held.setdefault(root(key), ([], []))[0].append(variable)
    for rule in rules:
        held[root(rule.keys[0])][1].append(rule)
    return tuple(Component(variables=tuple(v), rules=tuple(r)) for v, r in held.values())
