"""The venue's statement of risk appetite: ``appetite:`` of the venue file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from plimsoll.config.fields import Level, Section, Seed, Share, Text

RuinProbability = Annotated[float, Field(gt=0.0, lt=0.5, allow_inf_nan=False)]
PeakToTrough = Annotated[float, Field(gt=1.0, le=100.0, allow_inf_nan=False)]
Rise = Annotated[float, Field(gt=0.0, le=100.0, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]
UncoveredShare = Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]


class WeightsSection(Section):
    """Weights of the objective's terms; what is left out follows profile and capital weight."""

    capital: Share | None = None
    peak_to_trough: Weight | None = None
    five_day_call: Weight | None = None
    churn: Weight | None = None
    solvent_liquidations: Weight | None = None


class RefineSection(Section):
    """A search of the best policy's parameters, at every review."""

    evaluations: Annotated[int, Field(ge=1, le=10_000)]
    seed: Seed = 0


class AppetiteSection(Section):
    """What the venue states; what it leaves out, its profile says."""

    profile: Literal["conservative", "moderate", "aggressive"] = "moderate"
    coverage: Level | None = None
    reaction_coverage: Level | None = None
    ruin_probability_annual: RuinProbability | None = None
    capital_weight: Share | None = None
    regulation: Text | None = None
    product: Text = "listed"
    largest_peak_to_trough: PeakToTrough | None = None
    largest_five_day_rise: Rise | None = None
    largest_uncovered_loss: UncoveredShare | None = None
    weights: WeightsSection | None = None
    refine: RefineSection | None = None
