"""From the statement of appetite to its targets, and what of it cannot be meant."""

from __future__ import annotations

from dataclasses import replace

from plimsoll.calibration.appetite.stated import (
    Refinement,
    StatedAppetite,
    StatedFund,
    with_limits,
)
from plimsoll.calibration.appetite.statement import Profile, RiskAppetite
from plimsoll.calibration.appetite.targets import Targets, targets_of
from plimsoll.calibration.appetite.weights import objective_weights
from plimsoll.calibration.problem import CalibrationProblem, VolatilityModel
from plimsoll.config.appetite_section import AppetiteSection
from plimsoll.config.data_section import INTERVAL_MINUTES
from plimsoll.config.document import Document, path_text
from plimsoll.config.explain import found_text
from plimsoll.config.venue import VenueConfig
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.errors import Fault, ParameterError, UsageError
from plimsoll.presets.regulation import regulation

LEVELS = {"coverage": "maintenance_level", "reaction_coverage": "reaction_level"}
"""Names in the appetite, and in ``target``."""
_STEP_MINUTES = 8 * 60


def stated_appetite(venue: VenueConfig) -> StatedAppetite | None:
    """Return what the venue states of risk with its targets; None where it states nothing.

    What ``target``, ``freeze`` and ``anti_procyclicality`` state stands; the rest is the profile's
    and the rulebook's.

    Raises
    ------
    UsageError, ParameterError
        For what falls short of the rulebook; `appetite_faults` finds it in a file first.
    """
    section = venue.appetite
    if section is None:
        return None
    levels = {name: _level(venue, section, name) for name in LEVELS}
    appetite = RiskAppetite(
        profile=Profile(section.profile),
        coverage=levels["coverage"],
        reaction_coverage=levels["reaction_coverage"],
        ruin_probability_annual=section.ruin_probability_annual,
        capital_weight=_capital(section),
        regulation=None if section.regulation is None else regulation(section.regulation),
        product=section.product,
    )
    chosen = AntiProcyclicality(**dict(venue.anti_procyclicality))
    targets = with_limits(
        targets_of(appetite, None if chosen == AntiProcyclicality() else chosen),
        largest_peak_to_trough=section.largest_peak_to_trough,
        largest_five_day_rise=section.largest_five_day_rise,
        freeze_standard_errors=_freeze(venue),
    )
    weights = section.weights.model_dump(exclude_none=True) if section.weights else {}
    capital = targets.figures.capital_weight
    return StatedAppetite(
        appetite=appetite,
        targets=targets,
        raised=tuple(_raised(venue, targets)),
        weights=objective_weights(appetite.profile, capital, weights),
        largest_uncovered_loss=section.largest_uncovered_loss,
        fund=_fund(venue),
        refine=None if section.refine is None else Refinement(**dict(section.refine)),
    )


def aimed(problem: CalibrationProblem, stated: StatedAppetite) -> CalibrationProblem:
    """Return the problem with the targets of an appetite."""
    figures, targets = stated.targets.figures, stated.targets
    return replace(
        problem,
        appetite=stated,
        maintenance_level=figures.coverage,
        reaction_level=figures.reaction_coverage,
        freeze_standard_errors=figures.freeze_standard_errors,
        anti_procyclicality=targets.tools,
        classes={
            name: replace(
                one,
                maintenance_horizon_hours=targets.close_out_hours(one.maintenance_horizon_hours),
            )
            for name, one in problem.classes.items()
        },
    )


def _level(venue: VenueConfig, section: AppetiteSection, name: str) -> float | None:
    stated: float | None = getattr(section, name)
    if stated is None and LEVELS[name] in venue.target.model_fields_set:
        return float(getattr(venue.target, LEVELS[name]))
    return stated


def _capital(section: AppetiteSection) -> float | None:
    """The weight of capital, wherever it is stated; `appetite_faults` finds it stated twice."""
    weighed = None if section.weights is None else section.weights.capital
    return section.capital_weight if weighed is None else weighed


def _fund(venue: VenueConfig) -> StatedFund | None:
    fund = venue.fund
    if fund is None or fund.available_usd is None:
        return None
    return StatedFund(
        available_usd=fund.available_usd,
        open_interest_usd=dict(fund.population.open_interest_usd),
    )


def _freeze(venue: VenueConfig) -> float | None:
    stated = "standard_errors" in venue.freeze.model_fields_set
    return venue.freeze.standard_errors if stated else None


def _raised(venue: VenueConfig, targets: Targets) -> list[str]:
    """What the rulebook changes of the file's own figures."""
    told = []
    for name, one in venue.classes.items():
        hours = one.maintenance_horizon_hours
        if targets.close_out_hours(hours) != hours:
            told.append(
                f"Close-out horizon of class {name} raised from {hours} h to the rulebook's "
                f"{targets.least_mpor_hours} h."
            )
    chosen = AntiProcyclicality(**dict(venue.anti_procyclicality))
    if targets.tools != chosen:
        told.append(f"Anti-procyclicality tools set by the rulebook: {targets.tools.names}.")
    return told


def appetite_faults(venue: VenueConfig, document: Document) -> list[Fault]:
    """Faults of the appetite: two levels for one thing, and what the rulebook does not allow."""
    section = venue.appetite
    if section is None:
        return []
    found = []
    for name, other in LEVELS.items():
        stated, target = getattr(section, name), getattr(venue.target, other)
        both = stated is not None and other in venue.target.model_fields_set
        if both and stated != target:
            found.append(
                _fault(
                    document,
                    ("appetite", name),
                    f"must be target.{other} where both are stated ({target:g})",
                    "state it once",
                )
            )
    weighed = None if section.weights is None else section.weights.capital
    if None not in (weighed, section.capital_weight) and weighed != section.capital_weight:
        found.append(
            _fault(
                document,
                ("appetite", "weights", "capital"),
                f"must be appetite.capital_weight where both are stated "
                f"({section.capital_weight:g})",
                "state it once",
            )
        )
    if venue.model.volatility is not VolatilityModel.LOG_BLEND:
        found.append(
            _fault(
                document,
                ("model", "volatility"),
                "must be log_blend where an appetite chooses among margin policies",
                "delete the line, or the appetite",
            )
        )
    if _STEP_MINUTES % INTERVAL_MINUTES[venue.data.prices.interval]:
        found.append(
            _fault(
                document,
                ("data", "prices", "interval"),
                "must divide 8 h where an appetite chooses among margin policies",
                "bring finer bars, or delete the appetite",
            )
        )
    try:
        stated_appetite(venue)
    except (UsageError, ParameterError) as error:
        path = tuple((error.field or "appetite").split("."))
        found.append(_fault(document, path, error.must, error.remedy, str(error.found)))
    return found


def _fault(
    document: Document, path: tuple[str, ...], problem: str, remedy: str, found: str | None = None
) -> Fault:
    return Fault(
        path=path_text(path),
        problem=problem,
        found=found_text(document, path) if found is None else found,
        remedy=remedy,
        line=document.line(path) or document.line(path[:1]),
    )
