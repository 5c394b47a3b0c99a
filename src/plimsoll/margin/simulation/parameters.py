"""Governed parameters of the simulation margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.governed import check_bounds, from_set, governed
from plimsoll.margin.joint.loss_measure import LossMeasure

PORTFOLIO = "PORTFOLIO"
"""The risk unit of a model that nets everything a margin unit holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationParameters:
    """Levels and floors; what a model does not use is not read.

    Raises
    ------
    ParameterError
        For values outside their bounds, and for a maintenance level above the initial one.
    """

    initial_confidence: Decimal = governed(
        Unit.FRACTION, "0.5", "0.9999", grid="0.0001", default="0.99", about="of the initial margin"
    )
    maintenance_confidence: Decimal = governed(
        Unit.FRACTION,
        "0.5",
        "0.9999",
        grid="0.0001",
        default="0.975",
        about="of the maintenance margin; at most the initial one",
    )
    initial_aversion: Decimal = governed(
        Unit.FRACTION,
        "1",
        "1000",
        grid="1",
        default="100",
        about="k of the exponential spectrum, initial; the mean tail probability is about 1 / k",
    )
    maintenance_aversion: Decimal = governed(
        Unit.FRACTION,
        "1",
        "1000",
        grid="1",
        default="50",
        about="k of the exponential spectrum, maintenance; at most the initial one",
    )
    maintenance_to_initial: Decimal = governed(
        Unit.FRACTION,
        "0.1",
        "1",
        grid="0.01",
        default="1",
        about="maintenance margin is at most this share of the initial one",
    )
    standalone_floor: Decimal = governed(
        Unit.FRACTION,
        "0",
        "1",
        grid="0.01",
        default="0.2",
        about="least margin as a share of the sum of the positions' stand-alone margins: at 0.2 no "
        "offset takes more than 80 % of it (from EMIR RTS 153/2013, Article 27(4))",
    )
    dependence_break: Decimal = governed(
        Unit.FRACTION,
        "0",
        "1",
        grid="0.01",
        default="0",
        about="share of the parts' own margins, added, in the margin: of coins, or of positions, "
        "as the model's broken_between says; 0.2 between positions gives at most 80 % of the "
        "difference as offset (EMIR RTS 153/2013, Article 27(4))",
    )

    def __post_init__(self) -> None:
        check_bounds(self, PORTFOLIO)
        for name in ("confidence", "aversion"):
            initial = getattr(self, f"initial_{name}")
            maintenance = getattr(self, f"maintenance_{name}")
            if maintenance > initial:
                raise ParameterError(
                    f"must be at most initial_{name} ({initial})",
                    found=str(maintenance),
                    field=f"{PORTFOLIO}.maintenance_{name}",
                )

    def levels(self, measure: LossMeasure) -> tuple[float, float]:
        """Initial and maintenance level of ``measure``."""
        if measure is LossMeasure.SPECTRAL:
            return float(self.initial_aversion), float(self.maintenance_aversion)
        return float(self.initial_confidence), float(self.maintenance_confidence)


def simulation_parameters(
    given: ParameterSet | Mapping[str, SimulationParameters],
) -> SimulationParameters:
    """Read the parameters of `PORTFOLIO`.

    Raises
    ------
    UsageError
        Where they are missing.
    """
    if isinstance(given, ParameterSet):
        return from_set(SimulationParameters, given, PORTFOLIO)
    if PORTFOLIO not in given:
        raise UsageError(
            f"must have {PORTFOLIO}: the model nets everything a unit holds",
            found=sorted(given),
            field="parameters",
        )
    return given[PORTFOLIO]
