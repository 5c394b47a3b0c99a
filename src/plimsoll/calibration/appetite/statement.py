"""One statement of risk appetite: a profile, and what is said beside it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from plimsoll.calibration.appetite.regulation import RegulatoryProfile
from plimsoll.errors import ParameterError


class Profile(StrEnum):
    """How a venue sees the balance of safety, capital and calm."""

    CONSERVATIVE = "conservative"
    MODERATE = "moderate"
    AGGRESSIVE = "aggressive"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAppetite:
    """What a venue states; what it leaves out, its profile says.

    Parameters
    ----------
    profile : Profile
    coverage : float or None
        Of the maintenance margin over the close-out horizon.
    reaction_coverage : float or None
        Of what initial margin adds, over the user's reaction time.
    ruin_probability_annual : float or None
        That the fund is exhausted within a year.
    capital_weight : float or None
        In [0, 1]: weight of the mean margin against how far margins swing. At 1 the cheapest
        margin within the limits is chosen, at 0 the calmest.
    regulation : RegulatoryProfile or None
    product : str
        Kind of product in the rulebook.
    """

    profile: Profile = Profile.MODERATE
    coverage: float | None = None
    reaction_coverage: float | None = None
    ruin_probability_annual: float | None = None
    capital_weight: float | None = None
    regulation: RegulatoryProfile | None = None
    product: str = "listed"

    def __post_init__(self) -> None:
        for name in ("coverage", "reaction_coverage"):
            value = getattr(self, name)
            if value is not None and not 0.5 < value < 1.0:
                raise ParameterError("must lie in (0.5, 1)", found=value, field=f"appetite.{name}")
        ruin, weight = self.ruin_probability_annual, self.capital_weight
        if ruin is not None and not 0.0 < ruin < 0.5:
            raise ParameterError(
                "must lie in (0, 0.5)", found=ruin, field="appetite.ruin_probability_annual"
            )
        if weight is not None and not 0.0 <= weight <= 1.0:
            raise ParameterError(
                "must lie in [0, 1]", found=weight, field="appetite.capital_weight"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileTargets:
    """What a profile stands for.

    Parameters
    ----------
    coverage, reaction_coverage, collateral_coverage : float
    ruin_probability_annual : float
    capital_weight : float
    largest_peak_to_trough : float
        Of a margin within a trailing year.
    largest_five_day_rise : float
    cover_members : int
        Largest beneficial owners whose default the fund must bear together.
    freeze_standard_errors : float
        Changes below are noise.
    """

    coverage: float
    reaction_coverage: float
    collateral_coverage: float
    ruin_probability_annual: float
    capital_weight: float
    largest_peak_to_trough: float
    largest_five_day_rise: float
    cover_members: int
    freeze_standard_errors: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the figures, in order."""
        return tuple(field.name for field in fields(self))


PROFILES = {
    Profile.CONSERVATIVE: ProfileTargets(
        coverage=0.995,
        reaction_coverage=0.975,
        collateral_coverage=0.995,
        ruin_probability_annual=0.0005,
        capital_weight=0.25,
        largest_peak_to_trough=1.35,
        largest_five_day_rise=0.15,
        cover_members=5,
        freeze_standard_errors=1.5,
    ),
    Profile.MODERATE: ProfileTargets(
        coverage=0.99,
        reaction_coverage=0.95,
        collateral_coverage=0.99,
        ruin_probability_annual=0.001,
        capital_weight=0.5,
        largest_peak_to_trough=1.8,
        largest_five_day_rise=0.4,
        cover_members=2,
        freeze_standard_errors=1.5,
    ),
    Profile.AGGRESSIVE: ProfileTargets(
        coverage=0.985,
        reaction_coverage=0.9,
        collateral_coverage=0.99,
        ruin_probability_annual=0.005,
        capital_weight=0.8,
        largest_peak_to_trough=2.5,
        largest_five_day_rise=1.0,
        cover_members=2,
        freeze_standard_errors=1.0,
    ),
}
"""Ours, and open to argument: no rulebook names them. 99 % and Cover-2 are those of the PFMI; the
peaks to troughs are where the frontier of `docs/results.md` bends; 0.1 % a year is the ruin
probability of the methodology."""
