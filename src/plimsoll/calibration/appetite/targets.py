"""From the statement to the targets of every part of a calibration, and where each came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plimsoll.calibration.appetite.regulation import RegulatoryProfile
from plimsoll.calibration.appetite.statement import PROFILES, ProfileTargets, RiskAppetite
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import UsageError


class TargetOrigin(StrEnum):
    """Who set a target."""

    STATED = "stated"
    PROFILE = "profile"
    REGULATION = "regulation"  # the profile's was below what the rulebook demands


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What every part of a calibration aims at.

    Parameters
    ----------
    figures : ProfileTargets
        After the statement and the rulebook.
    origins : tuple of (str, TargetOrigin)
        Who set each figure, in the order of ``figures.names``.
    least_mpor_hours : int
        Close-out horizons must not be shorter.
    tools : AntiProcyclicality
    least_look_back_days : int
    stress_in_look_back : bool
    largest_offset : float
    """

    figures: ProfileTargets
    origins: tuple[tuple[str, TargetOrigin], ...]
    least_mpor_hours: int = 0
    tools: AntiProcyclicality = AntiProcyclicality()  # noqa: RUF009  frozen
    least_look_back_days: int = 0
    stress_in_look_back: bool = False
    largest_offset: float = 1.0

    def close_out_hours(self, hours: int) -> int:
        """Return a close-out horizon, not below what the rulebook demands."""
        return max(hours, self.least_mpor_hours)


_STATED = ("coverage", "reaction_coverage", "ruin_probability_annual", "capital_weight")


def targets_of(appetite: RiskAppetite, tools: AntiProcyclicality | None = None) -> Targets:
    """Return the targets that a statement means.

    A profile's figure that the rulebook does not allow is raised to the rulebook's, and says so.

    Parameters
    ----------
    appetite : RiskAppetite
    tools : AntiProcyclicality, optional
        Chosen by the venue; by default the first that the rulebook allows, or none.

    Raises
    ------
    UsageError
        Where a stated figure, or the tools, fall short of the rulebook: what somebody wrote down
        is not changed behind his back.
    """
    profile, rulebook = PROFILES[appetite.profile], appetite.regulation
    values = {name: getattr(profile, name) for name in profile.names}
    origins = dict.fromkeys(profile.names, TargetOrigin.PROFILE)
    for name in _STATED:
        stated = getattr(appetite, name)
        if stated is not None:
            values[name], origins[name] = stated, TargetOrigin.STATED
    if rulebook is None:
        return Targets(
            figures=ProfileTargets(**values),
            origins=tuple(origins.items()),
            tools=tools or AntiProcyclicality(),
        )
    product = rulebook.product(appetite.product)
    for name, least in (
        ("coverage", product.coverage),
        ("collateral_coverage", rulebook.collateral_coverage),
        ("cover_members", rulebook.cover_members),
    ):
        if values[name] >= least:
            continue
        if origins[name] is TargetOrigin.STATED:
            raise UsageError(
                f"must be at least {least:g} under {rulebook.title}",
                found=values[name],
                field=f"appetite.{name}",
                remedy=f"state {least:g} or more, or leave it out",
            )
        values[name], origins[name] = least, TargetOrigin.REGULATION
    return Targets(
        figures=ProfileTargets(**values),
        origins=tuple(origins.items()),
        least_mpor_hours=product.mpor_hours,
        tools=_tools(rulebook, tools),
        least_look_back_days=rulebook.look_back_days,
        stress_in_look_back=rulebook.stress_in_look_back,
        largest_offset=rulebook.largest_offset,
    )


def _tools(rulebook: RegulatoryProfile, chosen: AntiProcyclicality | None) -> AntiProcyclicality:
    """The venue's tools if one that the rulebook asks for is among them, else its first."""
    if chosen is None or chosen == AntiProcyclicality():
        return rulebook.tools[0] if rulebook.tools else AntiProcyclicality()
    if not rulebook.tools or any(_meets(chosen, asked) for asked in rulebook.tools):
        return chosen
    raise UsageError(
        f"must hold one of the tools of {rulebook.title}",
        found=chosen.names,
        field="anti_procyclicality",
        remedy=f"choose {' or '.join(tool.names for tool in rulebook.tools)}",
    )


def _meets(chosen: AntiProcyclicality, asked: AntiProcyclicality) -> bool:
    return (
        chosen.buffer >= asked.buffer
        and chosen.stress_weight >= asked.stress_weight
        and chosen.long_floor >= asked.long_floor
    )


_ABOUT = {
    "coverage": "maintenance margin over the close-out horizon",
    "reaction_coverage": "what initial margin adds, over the user's reaction time",
    "collateral_coverage": "haircuts over the time to sell",
    "ruin_probability_annual": "fund exhausted within a year",
    "capital_weight": "weight of mean margin against swings of margin",
    "largest_peak_to_trough": "largest over smallest margin within a year",
    "largest_five_day_rise": "largest rise of a margin over five days",
    "cover_members": "largest owners whose default the fund bears",
    "freeze_standard_errors": "changes below are noise",
}


def target_table(appetite: RiskAppetite, targets: Targets) -> Table:
    """Every target, its profile's value, and who set it."""
    profile = PROFILES[appetite.profile]
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            float(getattr(targets.figures, name)),
            float(getattr(profile, name)),
            origin.value,
            _ABOUT[name],
        )
        for name, origin in targets.origins
    ]
    rulebook = appetite.regulation
    return Table(
        name="targets",
        title=f"Risk appetite: {appetite.profile.value}",
        columns=(
            Column(name="target", title="Target"),
            Column(name="value", title="Value", kind=ColumnKind.NUMBER, digits=4),
            Column(name="profile", title="Of the profile", kind=ColumnKind.NUMBER, digits=4),
            Column(name="origin", title="Set by"),
            Column(name="about", title="About"),
        ),
        rows=tuple(rows),
        notes=(
            f"Rulebook: {rulebook.title if rulebook else 'none'}.",
            f"Anti-procyclicality tools: {targets.tools.names}.",
            *(
                (
                    f"Close-out horizons at least {targets.least_mpor_hours} h, look-back at least "
                    f"{targets.least_look_back_days} days, offsets up to "
                    f"{targets.largest_offset:.0%}.",
                )
                if rulebook
                else ()
            ),
            *(
                f"{rule.subject}: {rule.demand} ({rule.source}"
                f"{'' if rule.read_in_source else '; from memory, verify'})."
                for rule in (rulebook.rules if rulebook else ())
            ),
        ),
    )
