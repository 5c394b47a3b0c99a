"""What an examination of a margin model finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plimsoll.domain.account import Account
from plimsoll.testing.margin_properties import MarginProperty


class Verdict(StrEnum):
    """What became of one statement."""

    FAILED = "failed"
    NOT_PROMISED = "not promised"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginFinding:
    """One statement that does not hold, is not promised, or could not be tried.

    Parameters
    ----------
    property : MarginProperty
    verdict : Verdict
    detail : str
        What was compared, and where.
    expected, found : float
        NaN where the finding is not about two numbers.
    account : Account or None
        The account concerned, with all it holds.
    """

    property: MarginProperty
    verdict: Verdict
    detail: str = ""
    expected: float = float("nan")
    found: float = float("nan")
    account: Account | None = None

    def __str__(self) -> str:
        held = "" if self.account is None else f"; {_told(self.account)}"
        numbers = f" (expected {self.expected!r}, found {self.found!r})"
        return (
            f"{self.property.value} {self.verdict.value}: {self.detail or self.property.about}"
            f"{numbers if self.expected == self.expected or self.found == self.found else ''}{held}"
        )


def failed(
    about: MarginProperty,
    detail: str,
    *,
    expected: float = float("nan"),
    found: float = float("nan"),
    account: Account | None = None,
) -> MarginFinding:
    """Return a statement that does not hold."""
    return MarginFinding(
        property=about,
        verdict=Verdict.FAILED,
        detail=detail,
        expected=expected,
        found=found,
        account=account,
    )


def _told(account: Account) -> str:
    held = [
        f"{p.quantity!r} {p.market}" + ("" if p.isolated_margin is None else " isolated")
        for p in account.positions
    ]
    asked = [f"order {o.quantity!r} {o.market} at {o.price}" for o in account.orders]
    return f"{account.name}: " + ", ".join(
        [*held, *asked, *(f"{amount!r} {c}" for c, amount in account.collateral.items())]
    )
