"""From the grid section of a venue file to the core's own nouns."""

from __future__ import annotations

from plimsoll.calibration.grids.grid_objective import GridTarget
from plimsoll.calibration.grids.grid_problem import GridProblem
from plimsoll.calibration.grids.held_out import Window
from plimsoll.calibration.grids.portfolios import PortfolioFamily
from plimsoll.calibration.grids.reference_scenarios import ScenarioSettings
from plimsoll.config.fields import exact_ns, instant_ns
from plimsoll.config.grid_section import CrisisEntry, GridTargetSection, GridVenueConfig
from plimsoll.domain.market import PriceKind

_DIGITS = 12


def to_grid_problem(venue: GridVenueConfig) -> GridProblem:
    """Return what is to be calibrated, toward which target, against which crises."""
    grid, stress = venue.grid, venue.grid.stress
    weights = {name.family: weight for name, weight in grid.portfolios.items()}
    return GridProblem(
        venue=venue.venue.name,
        label=grid_label(venue),
        model=grid.model,
        preset=grid.preset,
        coins=grid.underlyings,
        target=_target(grid.target, {f: w for f, w in weights.items() if w > 0.0}),
        strictness=grid.target.strictness,
        stressed=tuple(_window(entry) for entry in stress.crises),
        held_out=tuple(_window(entry) for entry in stress.held_out),
        settings=ScenarioSettings(
            filter_share=grid.filter_share,
            stressed_weight=stress.weight if stress.crises else 0.0,
            stressed_every_hours=stress.every_hours,
            basis_stress=stress.basis_factor,
            seed=venue.seed,
        ),
        without=tuple(family for family, weight in weights.items() if weight == 0.0),
        snapshots=grid.snapshots,
        volatility_levels=grid.volatility_levels,
        replicates=grid.replicates,
        calibrate_until_ns=instant_ns(grid.calibrate_until),
        judged_from_ns=instant_ns(grid.judged_from),
        seed=venue.seed,
        owner=venue.owner,
    )


def grid_label(venue: GridVenueConfig) -> str:
    """Label of every table: what the prices are, which a remark may add to but never hide."""
    kinds = dict.fromkeys(PriceKind(f.price_kind).label for f in venue.grid.spot)
    label = f"marks of option chains; {', '.join(kinds)}"
    return f"{label}; {venue.venue.label}" if venue.venue.label else label


def _target(section: GridTargetSection, weights: dict[PortfolioFamily, float]) -> GridTarget:
    stressed, group = section.family_stressed_coverage, section.stressed_coverage
    return GridTarget(
        breach=_rest(section.coverage),
        confidence=section.confidence,
        portfolio_breach=_rest(section.portfolio_coverage),
        settling_breach=_rest(section.settling_portfolio_coverage),
        stressed_breach=None if stressed is None else _rest(stressed),
        stressed_group_breach=None if group is None else _rest(group),
        weights=weights,
    )


def _rest(coverage: float) -> float:
    """Breach rate of a coverage, without the last binary digits of a subtraction."""
    return round(1.0 - coverage, _DIGITS)


def _window(entry: CrisisEntry) -> Window:
    return exact_ns(entry.from_), exact_ns(entry.to)
