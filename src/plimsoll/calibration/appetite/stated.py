"""The appetite of a calibration problem: what was stated, and the targets it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plimsoll.calibration.appetite.statement import RiskAppetite
from plimsoll.calibration.appetite.targets import TargetOrigin, Targets
from plimsoll.calibration.appetite.weights import ObjectiveWeights, objective_weights
from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedFund:
    """The fund that uncovered losses fall on.

    Parameters
    ----------
    available_usd : float
    open_interest_usd : mapping of str to float
        Of one side, by market or by risk class.
    """

    available_usd: float
    open_interest_usd: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refinement:
    """How the best policy's parameters are searched further.

    Parameters
    ----------
    evaluations : int
        Policies tried at every review, the designed one that the search starts from included.
    seed : int
    """

    evaluations: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.evaluations < 1:
            raise ParameterError(
                "must be at least 1", found=self.evaluations, field="appetite.refine.evaluations"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAppetite:
    """What a venue states, with its targets.

    Parameters
    ----------
    appetite : RiskAppetite
    targets : Targets
        After the limits below; see `with_limits`.
    raised : tuple of str
        What the rulebook changed of the venue's own file, in words.
    weights : ObjectiveWeights or None
        Of the objective's terms; None: those of profile and capital weight.
    largest_uncovered_loss : float or None
        Losses beyond maintenance margins, as a share of margins; None: the target's breach rate.
    fund : StatedFund or None
        None: none is stated, and uncovered losses are held against margins alone.
    refine : Refinement or None
    """

    appetite: RiskAppetite
    targets: Targets
    raised: tuple[str, ...] = ()
    weights: ObjectiveWeights | None = field(default=None, metadata={"stated_only": True})
    largest_uncovered_loss: float | None = field(default=None, metadata={"stated_only": True})
    fund: StatedFund | None = field(default=None, metadata={"stated_only": True})
    refine: Refinement | None = field(default=None, metadata={"stated_only": True})

    @property
    def objective(self) -> ObjectiveWeights:
        """Weights of the objective's terms."""
        if self.weights is not None:
            return self.weights
        capital = self.targets.figures.capital_weight
        return objective_weights(self.appetite.profile, capital)


def with_limits(
    targets: Targets,
    *,
    largest_peak_to_trough: float | None = None,
    largest_five_day_rise: float | None = None,
    freeze_standard_errors: float | None = None,
) -> Targets:
    """Return the targets with what a venue states of them outside its profile.

    Raises
    ------
    ParameterError
        A peak to trough of at most 1, or a rise that is not positive.
    """
    if largest_peak_to_trough is not None and not largest_peak_to_trough > 1.0:
        raise ParameterError(
            "must be above 1",
            found=largest_peak_to_trough,
            field="appetite.largest_peak_to_trough",
        )
    if largest_five_day_rise is not None and not largest_five_day_rise > 0.0:
        raise ParameterError(
            "must be positive", found=largest_five_day_rise, field="appetite.largest_five_day_rise"
        )
    of = targets.figures
    figures = replace(
        of,
        largest_peak_to_trough=_or(largest_peak_to_trough, of.largest_peak_to_trough),
        largest_five_day_rise=_or(largest_five_day_rise, of.largest_five_day_rise),
        freeze_standard_errors=_or(freeze_standard_errors, of.freeze_standard_errors),
    )
    given = {
        "largest_peak_to_trough": largest_peak_to_trough,
        "largest_five_day_rise": largest_five_day_rise,
        "freeze_standard_errors": freeze_standard_errors,
    }
    origins = tuple(
        (name, origin if given.get(name) is None else TargetOrigin.STATED)
        for name, origin in targets.origins
    )
    return replace(targets, figures=figures, origins=origins)


def _or(stated: float | None, otherwise: float) -> float:
    return otherwise if stated is None else stated
