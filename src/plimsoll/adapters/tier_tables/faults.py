"""What is wrong with a venue's parameter file: all of it at once, each fault with its remedy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from plimsoll.adapters.tier_tables.told_lines import told_lines
from plimsoll.errors import DataFormatError


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFault:
    """One fault.

    Parameters
    ----------
    market : str
        As the file names it; empty where the fault is of the whole file.
    tier : int or None
        1-based, as people count.
    field : str
        Key in the file.
    value : str
        What stands there.
    problem, remedy : str
    """

    market: str
    tier: int | None
    field: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem} (found {self.value}): {self.remedy}"

    @property
    def place(self) -> str:
        """Market, tier and key."""
        tier = "" if self.tier is None else f" tier {self.tier}"
        return f"{self.market}{tier} {self.field}".strip()

    @property
    def cause(self) -> str:
        """What many faults may have in common."""
        return f"{self.problem} ({self.remedy})"

    def document(self) -> dict[str, str | int | None]:
        """Plain form for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


class VenueSchemaError(DataFormatError):
    """A venue's file with faults, all of them in ``faults``."""

    def __init__(self, source: str, schema: str, faults: tuple[SchemaFault, ...]) -> None:
        self.source, self.schema, self.faults = source, schema, faults
        plural = "fault" if len(faults) == 1 else "faults"
        super().__init__(
            f"must be a sound file of schema {schema}, {len(faults)} {plural} found",
            field=source,
            remedy="; ".join(told_lines(faults, lambda f: f.cause, lambda f: f.place)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands."""

    market: str = ""
    tier: int | None = None


@dataclass(slots=True)
class FaultLog:
    """Collects faults while a file is read."""

    faults: list[SchemaFault] = field(default_factory=list)

    def add(self, place: Place, name: str, value: object, problem: str, remedy: str) -> None:
        """Note one fault."""
        self.faults.append(
            SchemaFault(
                market=place.market,
                tier=place.tier,
                field=name,
                value=shown(value),
                problem=problem,
                remedy=remedy,
            )
        )

    def check(self, source: str, schema: str) -> None:
        """Refuse the file where anything was noted.

        Raises
        ------
        VenueSchemaError
        """
        if self.faults:
            raise VenueSchemaError(source, schema, tuple(self.faults))


def shown(value: object) -> str:
    """Print a value as the file spells it, cut where it is long."""
    text = "nothing" if value is None else str(value)
    if isinstance(value, dict | list):
        text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
