"""Which assets a venue may take: every rule with what it found, passed or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFacts:
    """What is known of an asset; None: nobody knows, and the rule is not met.

    Parameters
    ----------
    history_days : float
    adv_usd, depth_usd : float or None
        Turnover a day, wash taken out; depth within two per cent.
    venues : int or None
        On which it trades with turnover of its own.
    peg_deviation : float or None
        Largest share below the peg in the last year; None for assets without one.
    volatility_annual : float
    top_holder_share : float or None
        Of the supply, or of what is lodged with the venue.
    pegged, own_token : bool
    """

    history_days: float
    adv_usd: float | None
    depth_usd: float | None
    venues: int | None
    volatility_annual: float
    top_holder_share: float | None = None
    peg_deviation: float | None = None
    pegged: bool = False
    own_token: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRules:
    """Bounds of the venue; defaults are ours."""

    least_history_days: float = 365.0
    least_adv_usd: float = 10e6
    least_depth_usd: float = 250_000.0
    least_venues: int = 3
    largest_peg_deviation: float = 0.05
    largest_volatility_annual: float = 1.5
    largest_top_holder_share: float = 0.35
    largest_haircut: float = 0.6
    largest_daily_fall: float = 0.6

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not getattr(self, name) >= 0:
                raise ParameterError(
                    "must not be negative",
                    found=getattr(self, name),
                    field=f"AdmissionRules.{name}",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionLine:
    """One rule: what was demanded, what was found."""

    rule: str
    passed: bool
    demanded: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """All rules of one asset."""

    asset: str
    lines: tuple[AdmissionLine, ...]

    @property
    def admitted(self) -> bool:
        """Every rule is met."""
        return all(line.passed for line in self.lines)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is not met, in words."""
        return tuple(
            f"{line.rule}: {line.found}, {line.demanded} demanded"
            for line in self.lines
            if not line.passed
        )


def admission(
    asset: str, facts: AssetFacts, rules: AdmissionRules, *, haircut: float, daily_fall: float
) -> Admission:
    """Hold an asset against every rule; nothing that is unknown passes.

    Parameters
    ----------
    haircut : float
        Of its first dollar, before caps.
    daily_fall : float
        Largest simple loss over a day on record: a law fitted to the rest says little of its like.
    """
    return Admission(asset=asset, lines=tuple(_lines(facts, rules, haircut, daily_fall)))


def _lines(
    facts: AssetFacts, rules: AdmissionRules, haircut: float, daily_fall: float
) -> Iterator[AdmissionLine]:
    yield _at_least("history", facts.history_days, rules.least_history_days, "{:,.0f} d")
    yield _at_least("turnover a day", facts.adv_usd, rules.least_adv_usd, "{:,.0f} USD")
    yield _at_least("depth", facts.depth_usd, rules.least_depth_usd, "{:,.0f} USD")
    yield _at_least("venues", facts.venues, rules.least_venues, "{:.0f}")
    if facts.pegged:
        yield _at_most("below peg", facts.peg_deviation, rules.largest_peg_deviation, "{:.2%}")
    volatility = facts.volatility_annual
    yield _at_most("volatility a year", volatility, rules.largest_volatility_annual, "{:.0%}")
    top = facts.top_holder_share
    if top is not None:
        yield _at_most("largest holder", top, rules.largest_top_holder_share, "{:.1%}")
    yield _at_most("haircut", haircut, rules.largest_haircut, "{:.1%}")
    yield _at_most("worst fall in a day", daily_fall, rules.largest_daily_fall, "{:.1%}")
    own = facts.own_token
    yield AdmissionLine(
        rule="own token",
        passed=not own,
        demanded="none of the venue's",
        found="own" if own else "no",
    )


def _at_least(rule: str, found: float | None, bound: float, form: str) -> AdmissionLine:
    return AdmissionLine(
        rule=rule,
        passed=found is not None and found >= bound,
        demanded=f"at least {form.format(bound)}",
        found="unknown" if found is None else form.format(found),
    )


def _at_most(rule: str, found: float | None, bound: float, form: str) -> AdmissionLine:
    return AdmissionLine(
        rule=rule,
        passed=found is not None and found <= bound,
        demanded=f"at most {form.format(bound)}",
        found="unknown" if found is None else form.format(found),
    )
