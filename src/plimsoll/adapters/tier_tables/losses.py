"""What a venue's schema cannot carry: each parameter named, and refused unless that is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field

from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A parameter that a file would not hold, or would hold otherwise."""

    market: str
    name: str
    value: str
    why: str

    def __str__(self) -> str:
        return f"{self.market} {self.name} {self.value}: {self.why}"

    @property
    def place(self) -> str:
        """Market and parameter."""
        return f"{self.market} {self.name}"

    def document(self) -> dict[str, str]:
        """Plain form for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


class LossyExportError(UsageError):
    """An export that would drop something, all of it in ``losses``."""

    def __init__(self, schema: str, losses: tuple[Loss, ...]) -> None:
        self.schema, self.losses = schema, losses
        shown = "; ".join(map(str, losses[:10]))
        more = f"; and {len(losses) - 10} more" if len(losses) > 10 else ""
        super().__init__(
            f"schema {schema} must carry every parameter of the set",
            found=f"{len(losses)} it cannot: {shown}{more}",
            field="parameters",
            remedy="choose another schema, or drop them by name with --lossy",
        )


@dataclass(slots=True)
class LossLog:
    """Collects losses while a file is written."""

    losses: list[Loss] = field(default_factory=list)

    def add(self, market: str, name: str, value: object, why: str) -> None:
        """Note one loss."""
        self.losses.append(Loss(market=market, name=name, value=str(value), why=why))
