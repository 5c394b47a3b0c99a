"""All tables of the next set together, against those in force: noise is frozen, rules hold.

Per table the joint programme of `calibration.structure` finds the least rates that cover the
needs, rise with size, keep the link and cover the reaction time, around the rates in force whose
change is noise. A tier that a bound of the venue cuts takes no part: it stands as it was fitted,
and the bound is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from plimsoll.calibration.assembly.ladders import Candidate
from plimsoll.calibration.assembly.order import TablePair, levels, overlaps
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import initial_rate_of, leverage_down
from plimsoll.calibration.structure.freezing import FrozenSet, solve_frozen
from plimsoll.calibration.structure.rules import LinearRule, Rule, Sense
from plimsoll.calibration.structure.solution import Weights
from plimsoll.calibration.structure.tier_rules import (
    link_rule,
    need_rule,
    reaction_rule,
    rising,
    tier_key,
    tier_step_maximum,
)
from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.calibration.tier_fit import FittedTier, initial_error, initial_floor, with_initial
from plimsoll.domain.parameters import Unit
from plimsoll.domain.tiers import Tier, TierTable

ERROR_DIGITS = Decimal("1e-12")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenTiers:
    """Tiers after freezing, with which rates are the incumbent's."""

    tiers: tuple[FittedTier, ...]
    maintenance_frozen: tuple[bool, ...]
    initial_frozen: tuple[bool, ...]

    @property
    def table(self) -> TierTable:
        """The tiers as published."""
        return TierTable(tuple(fitted.tier for fitted in self.tiers))


def as_fitted(tiers: tuple[FittedTier, ...]) -> FrozenTiers:
    """Return tiers of which nothing is frozen."""
    none = (False,) * len(tiers)
    return FrozenTiers(tiers=tiers, maintenance_frozen=none, initial_frozen=none)


def solve_tables(
    candidates: Sequence[Candidate],
    structure: Structure,
    *,
    standard_errors: float,
    coverage_rejected: bool,
    largest_step: Decimal | None = None,
    pairs: Sequence[TablePair] = (),
) -> dict[str, FrozenTiers]:
    """Return the tiers of every table by its key.

    Parameters
    ----------
    candidates : sequence of Candidate
        One with other caps than those in force is another structure, and freezes nothing.
    standard_errors : float
        How many of them a change must reach; 0 freezes nothing.
    coverage_rejected : bool
        The incumbent's pooled coverage is rejected: tightenings go through.
    largest_step : Decimal or None
        Largest rise of the maintenance rate from tier to tier.
    pairs : sequence of TablePair
        Tables of which one may nowhere have lower rates than the other: the safer come first, and
        what they get, frozen or not, is a floor of the riskier.
    """
    found = {c.need.key: as_fitted(c.tiers) for c in candidates}
    held = {c.need.key: c for c in candidates}
    for level in levels([*held], pairs):
        floors = {key: order_floors(key, pairs, held, found) for key in level}
        compared = [
            held[key]
            for key in level
            if floors[key] or (standard_errors and is_comparable(held[key]))
        ]
        variables = [v for c in compared for v in variables_of(c, structure)]
        if not variables:
            continue
        free = {v.key for v in variables}
        rules = [rule for c in compared for rule in rules_of(c, structure, largest_step)]
        rules += [r for c in compared for r in floors[c.need.key] if r.keys[0] in free]
        solved = solve_frozen(
            variables,
            rules,
            {},
            Weights(margin={v.key: 1.0 for v in variables}, distance=0.0),
            standard_errors=standard_errors,
            coverage_rejected=coverage_rejected,
        )
        found |= {c.need.key: _tiers_of(c, solved, structure) for c in compared}
    return found


def order_floors(
    key: str,
    pairs: Sequence[TablePair],
    held: Mapping[str, Candidate],
    found: Mapping[str, FrozenTiers],
) -> tuple[LinearRule, ...]:
    """Return the rates below which a table's tiers may not lie, for those of safer tables."""
    least: dict[str, Decimal] = {}
    for pair in pairs:
        if pair.riskier != key:
            continue
        for i, j in overlaps(_slices(held[pair.safer]), _slices(held[key])):
            safe = found[pair.safer].tiers[i].tier
            for name in ("maintenance_rate", "initial_rate"):
                place = tier_key(key, j, name)
                least[place] = max(least.get(place, Decimal(0)), getattr(safe, name))
    return tuple(
        LinearRule(
            name=f"{place}: not below safer tables",
            coefficients=((place, Decimal(1)),),
            sense=Sense.AT_LEAST,
            bound=floor,
            text=f"{place} is not below {floor:f}, the rate of a safer table",
        )
        for place, floor in least.items()
    )


def _slices(found: Candidate) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple(zip((Decimal(0), *found.caps_usd), found.caps_usd, strict=False))


def is_comparable(found: Candidate) -> bool:
    """Tell whether the table in force has the same caps."""
    old = found.need.incumbent
    return old is not None and [t.tier.cap_usd for t in found.tiers] == [
        t.cap_usd for t in old.tiers
    ]


def initial_choices(structure: Structure) -> tuple[Decimal, ...]:
    """Return the initial rates of the leverages that the venue offers, within its bound."""
    rates = (min(initial_rate_of(x), structure.maximum_rate) for x in structure.leverage_grid)
    return tuple(sorted(set(rates)))


def variables_of(found: Candidate, structure: Structure) -> tuple[GovernedVariable, ...]:
    """Return the rates that may move: none of a tier that a bound cuts."""
    old = found.need.incumbent.tiers if found.need.incumbent and is_comparable(found) else None
    out = []
    for index, fitted in enumerate(found.tiers):
        if not fitted.maintenance_bound:
            out.append(
                GovernedVariable(
                    key=tier_key(found.need.key, index, "maintenance_rate"),
                    unit=Unit.FRACTION,
                    lower=structure.maintenance_rate_step,
                    upper=structure.maximum_rate,
                    step=structure.maintenance_rate_step,
                    current=old[index].maintenance_rate if old else None,
                    standard_error=_error(found.need.risk.price_error),
                )
            )
        if not fitted.initial_bound:
            out.append(
                GovernedVariable(
                    key=tier_key(found.need.key, index, "initial_rate"),
                    unit=Unit.FRACTION,
                    lower=Decimal(0),
                    upper=structure.maximum_rate,
                    values=initial_choices(structure),
                    current=old[index].initial_rate if old else None,
                    standard_error=_error(_initial_error(found, fitted, structure)),
                )
            )
    return tuple(out)


def rules_of(
    found: Candidate, structure: Structure, largest_step: Decimal | None
) -> tuple[Rule, ...]:
    """Return needs, order, link and reaction time of the rates that may move."""
    key, risk = found.need.key, found.need.risk
    rules: list[LinearRule] = []
    maintenance, initial = [], []
    for index, fitted in enumerate(found.tiers):
        mm, im = (tier_key(key, index, n) for n in ("maintenance_rate", "initial_rate"))
        if fitted.maintenance_bound:
            continue
        maintenance.append(mm)
        error = _error(risk.price_error)
        rules.append(need_rule(mm, fitted.tier.maintenance_rate, standard_error=error))
        if fitted.initial_bound:
            continue
        initial.append(im)
        rules.append(link_rule(mm, im, structure.maintenance_initial_link))
        both = _error(risk.price_error + risk.reaction_error)
        least = initial_floor(Decimal(0), fitted.reaction_risk)
        rules.append(replace(reaction_rule(mm, im, least), standard_error=both))
    rules += [*rising(maintenance), *rising(initial)]
    if largest_step is not None:
        rules += tier_step_maximum(maintenance, largest_step)
        rules += _step_to_the_cut(found, maintenance, largest_step)
    return tuple(rules)


def _step_to_the_cut(
    found: Candidate, maintenance: Sequence[str], largest: Decimal
) -> tuple[LinearRule, ...]:
    """Demand the largest step below the first tier that a bound cuts, which stands."""
    if not 0 < len(maintenance) < len(found.tiers):
        return ()
    last, least = maintenance[-1], found.tiers[len(maintenance)].tier.maintenance_rate - largest
    return (
        LinearRule(
            name=f"{last}: step to the bound",
            coefficients=((last, Decimal(1)),),
            sense=Sense.AT_LEAST,
            bound=least,
            text=f"{last} is at most {largest:f} below the tier that the bound cuts",
        ),
    )


def _tiers_of(found: Candidate, solved: FrozenSet, structure: Structure) -> FrozenTiers:
    values, key = solved.solved.values, found.need.key
    stands = {v.key for v in variables_of(found, structure) if _stands(v, solved)}
    tiers, maintenance_frozen, initial_frozen = [], [], []
    for index, fitted in enumerate(found.tiers):
        mm, im = (tier_key(key, index, n) for n in ("maintenance_rate", "initial_rate"))
        tiers.append(_tier_of(fitted, values.get(mm), values.get(im), structure))
        maintenance_frozen.append(mm in stands)
        initial_frozen.append(im in stands)
    return FrozenTiers(
        tiers=tuple(tiers),
        maintenance_frozen=tuple(maintenance_frozen),
        initial_frozen=tuple(initial_frozen),
    )


def _stands(variable: GovernedVariable, solved: FrozenSet) -> bool:
    """Tell whether the rate in force stays: frozen, or what is needed now too."""
    old = variable.current
    return old is not None and variable.holds(old) and solved.solved.values[variable.key] == old


def _tier_of(
    fitted: FittedTier, maintenance: Decimal | None, initial: Decimal | None, structure: Structure
) -> FittedTier:
    if maintenance is None:
        return fitted
    wanted = initial_floor(maintenance, fitted.reaction_risk)
    if initial is None:
        cap = fitted.tier.cap_usd
        return with_initial(maintenance, wanted, fitted.reaction_risk, cap, structure)
    return replace(
        fitted,
        tier=Tier(
            cap_usd=fitted.tier.cap_usd,
            maintenance_rate=maintenance,
            initial_rate=initial,
            max_leverage=leverage_down(initial, structure.leverage_grid),
        ),
        link_binds=maintenance / structure.maintenance_initial_link >= wanted,
    )


def _initial_error(found: Candidate, fitted: FittedTier, structure: Structure) -> float:
    risk = found.need.risk
    return initial_error(fitted, structure, risk.price_error, risk.reaction_error)


def _error(value: float) -> Decimal:
    return Decimal(f"{value:.12f}").quantize(ERROR_DIGITS)
