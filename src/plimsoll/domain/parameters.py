"""Parameter and ParameterSet: what is calibrated, published, and never edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from plimsoll.domain.canonical import Json, canonical_json, content_id, decimal_text
from plimsoll.domain.schema import Migration, migrated
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import DataFormatError, ParameterError, UsageError

SCHEMA = "plimsoll.parameter-set"
SCHEMA_VERSION = 1


class Unit(StrEnum):
    """Unit of a parameter's value."""

    FRACTION = "fraction"
    USD = "usd"
    LEVERAGE = "x"
    HOURS = "hours"
    CONTRACTS = "contracts"
    COINS = "coins"


class Origin(StrEnum):
    """How a value came about."""

    CALIBRATED = "calibrated"
    FROZEN = "frozen"  # change was insignificant, the incumbent's value stands
    CLASS_FLOOR = "class_floor"  # own history too short
    BOUND = "bound"  # a bound of the venue binds
    VENUE = "venue"  # structure given by the venue file


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One governed number.

    Parameters
    ----------
    market : str
    name : str
        For instance ``tier[0].maintenance_rate``.
    value, lower, upper : Decimal
        Value and hard bounds, in ``unit``.
    unit : Unit
    grid : Decimal or None
        Step on which the value lies; None where the grid is a list (leverages).
    owner : str
        Who may change it.
    origin : Origin
    standard_error : Decimal or None
        None for structure, which is not estimated.
    """

    market: str
    name: str
    value: Decimal
    unit: Unit
    lower: Decimal
    upper: Decimal
    owner: str
    origin: Origin
    grid: Decimal | None = None
    standard_error: Decimal | None = None

    def __post_init__(self) -> None:
        if not self.lower <= self.value <= self.upper:
            raise ParameterError(
                f"must lie in [{self.lower}, {self.upper}]", found=str(self.value), field=self.key
            )
        if self.grid is not None and self.value % self.grid != 0:
            raise ParameterError(
                f"must be a multiple of {self.grid}", found=str(self.value), field=self.key
            )

    @property
    def key(self) -> str:
        """Identity within a set."""
        return f"{self.market}/{self.name}"

    def document(self) -> dict[str, Json]:
        """Plain form for canonical JSON."""

        def text(value: Decimal | None) -> str | None:
            return None if value is None else decimal_text(value)

        return {
            "market": self.market,
            "name": self.name,
            "value": text(self.value),
            "unit": self.unit.value,
            "lower": text(self.lower),
            "upper": text(self.upper),
            "grid": text(self.grid),
            "owner": self.owner,
            "origin": self.origin.value,
            "standard_error": text(self.standard_error),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSet:
    """A versioned, content-hashed set of parameters.

    The id is the SHA-256 of the canonical JSON; creation time is not part of it. A set is never
    edited, only superseded by one that names it as ``parent``.

    Parameters
    ----------
    venue : str
    valid_from : str
        ISO date-time (UTC) from which the set is meant to hold.
    parameters : tuple of Parameter
        Ordered by key; each key once.
    parent : str or None
        Id of the set it supersedes.
    seed : int
    data_digest : str
        SHA-256 of the data it was calibrated on.
    problem_digest : str
        SHA-256 of the calibration problem (venue file as understood).
    code_version : str
    label : str
        Price source and, for generated data, the word SYNTHETIC.
    """

    venue: str
    valid_from: str
    parameters: tuple[Parameter, ...]
    seed: int
    data_digest: str
    problem_digest: str
    code_version: str
    label: str
    parent: str | None = None

    def __post_init__(self) -> None:
        keys = [p.key for p in self.parameters]
        if keys != sorted(set(keys)):
            raise ParameterError(
                "must be ordered by key, each key once",
                field="parameters",
                remedy="build sets with parameter_set(...)",
            )

    def document(self) -> dict[str, Json]:
        """Plain form for canonical JSON."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "venue": self.venue,
            "valid_from": self.valid_from,
            "parent": self.parent,
            "seed": self.seed,
            "data_digest": self.data_digest,
            "problem_digest": self.problem_digest,
            "code_version": self.code_version,
            "label": self.label,
            "parameters": [p.document() for p in self.parameters],
        }

    def canonical(self) -> bytes:
        """RFC 8785 bytes: what is hashed, and what is stored."""
        return canonical_json(self.document())

    @property
    def id(self) -> str:
        """SHA-256 of the canonical JSON."""
        return content_id(self.document())

    @property
    def markets(self) -> tuple[str, ...]:
        """Markets that have parameters."""
        return tuple(dict.fromkeys(p.market for p in self.parameters))

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def of(self, market: str) -> Mapping[str, Parameter]:
        """Parameters of one market by name."""
        return {p.name: p for p in self.parameters if p.market == market}

    def get(self, market: str, name: str) -> Parameter:
        """Return one parameter."""
        found = self.of(market).get(name)
        if found is None:
            raise UsageError("must be in the set", found=f"{market}/{name}", field="parameter")
        return found

    def tiers(self, market: str, prefix: str = "") -> TierTable:
        """Tier table of a market, built from its ``tier[i].*`` parameters.

        ``prefix`` is that of another table of the market: ``short.`` for ``short.tier[i].*``.
        """
        start = len(prefix)
        mine = {n[start:]: p for n, p in self.of(market).items() if n.startswith(f"{prefix}tier[")}
        count = sum(1 for name in mine if name.endswith("].maintenance_rate"))
        if not count:
            raise UsageError("must have tiers in the set", found=market, field="market")
        counted = [name for name in mine if name.endswith(("].cap_contracts", "].cap_coins"))]
        if counted:
            raise UsageError(
                "must have caps in dollars", found=counted[0], field=f"tiers of {market}"
            )
        return TierTable(tuple(_tier(mine, index) for index in range(count)))


def parameter_set(
    *,
    venue: str,
    valid_from: str,
    parameters: tuple[Parameter, ...],
    seed: int,
    data_digest: str,
    problem_digest: str,
    code_version: str,
    label: str,
    parent: str | None = None,
) -> ParameterSet:
    """Build a set, ordering its parameters; a key that occurs twice is refused."""
    return ParameterSet(
        venue=venue,
        valid_from=valid_from,
        parameters=tuple(sorted(parameters, key=lambda p: p.key)),
        seed=seed,
        data_digest=data_digest,
        problem_digest=problem_digest,
        code_version=code_version,
        label=label,
        parent=parent,
    )


MIGRATIONS: Mapping[int, Migration] = {}
"""``MIGRATIONS[n]`` turns a stored set of version n into one of version n + 1; 1 is the first."""


def parameter_set_from_document(
    stored: Mapping[str, object], *, migrations: Mapping[int, Migration] = MIGRATIONS
) -> ParameterSet:
    """Read a set from its plain form, carrying an older schema version forward.

    Raises
    ------
    DataFormatError
        For another schema, a version without a way up, missing or foreign keys, or numbers that
        are not decimals written as strings.
    """
    document = migrated(dict(stored), schema=SCHEMA, current=SCHEMA_VERSION, migrations=migrations)
    expected = {*ParameterSet.__dataclass_fields__, "schema", "schema_version"}
    unknown = sorted(set(document) ^ expected)
    if unknown:
        raise DataFormatError(
            "must have exactly the keys of a parameter set", found=unknown, field="parameter set"
        )
    items = document["parameters"]
    if not isinstance(items, list):
        raise DataFormatError("must be a list", found=type(items).__name__, field="parameters")
    fields = {k: document[k] for k in ParameterSet.__dataclass_fields__ if k != "parameters"}
    return ParameterSet(
        parameters=tuple(_parameter(item, row) for row, item in enumerate(items)),
        **fields,
    )


def _parameter(item: Mapping[str, str | None], row: int) -> Parameter:
    def number(name: str) -> Decimal:
        value = item[name]
        if not isinstance(value, str):
            raise DataFormatError(
                "must be a decimal written as a string", found=value, field=name, row=row
            )
        return Decimal(value)

    return Parameter(
        market=str(item["market"]),
        name=str(item["name"]),
        value=number("value"),
        unit=Unit(str(item["unit"])),
        lower=number("lower"),
        upper=number("upper"),
        grid=None if item["grid"] is None else number("grid"),
        owner=str(item["owner"]),
        origin=Origin(str(item["origin"])),
        standard_error=None if item["standard_error"] is None else number("standard_error"),
    )


def _tier(mine: Mapping[str, Parameter], index: int) -> Tier:
    cap = mine.get(f"tier[{index}].cap_usd")
    return Tier(
        cap_usd=None if cap is None else cap.value,
        maintenance_rate=mine[f"tier[{index}].maintenance_rate"].value,
        initial_rate=mine[f"tier[{index}].initial_rate"].value,
        max_leverage=mine[f"tier[{index}].max_leverage"].value,
    )
