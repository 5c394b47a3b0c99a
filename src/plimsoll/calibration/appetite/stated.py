"""The appetite of a calibration problem: what was stated, and the targets it means."""

from __future__ import annotations

from dataclasses import dataclass, replace

from plimsoll.calibration.appetite.statement import RiskAppetite
from plimsoll.calibration.appetite.targets import TargetOrigin, Targets
from plimsoll.errors import ParameterError


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
    """

    appetite: RiskAppetite
    targets: Targets
    raised: tuple[str, ...] = ()


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
