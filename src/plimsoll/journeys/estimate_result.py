"""What an estimate returns: forecast and tail of one market, shown as tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from plimsoll.calibration.problem import ModelSettings, VolatilityModel
from plimsoll.calibration.risk_paths import loss_of_move
from plimsoll.domain.finding import Finding
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import PriceKind
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.horizon.horizon_risk import HorizonRisk, SideRisk

DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EstimateResult:
    """Risk of one market over a horizon; shows itself as a table.

    Parameters
    ----------
    market : str
    horizon_hours : int
    confidence : float
    model : VolatilityModel
    settings : ModelSettings
    payoff : Payoff
    price_kind : PriceKind
    risk : HorizonRisk
        Log moves, positive; volatilities as fractions.
    findings : tuple of Finding
        On the market's data.
    """

    market: str
    horizon_hours: int
    confidence: float
    model: VolatilityModel
    settings: ModelSettings
    payoff: Payoff
    price_kind: PriceKind
    risk: HorizonRisk
    findings: tuple[Finding, ...] = ()

    @property
    def loss(self) -> tuple[float, float]:
        """Value-at-risk as a share of notional: of a long in a fall, of a short in a rise."""
        fall, rise = (np.array(s.value_at_risk) for s in (self.risk.fall, self.risk.rise))
        long, short = loss_of_move(self.payoff, fall, rise).tolist()
        return float(long), float(short)

    def volatility_table(self) -> Table:
        """The volatility forecast."""
        daily = self.risk.volatility_daily
        return Table(
            name="volatility",
            title=f"Volatility of {self.market}",
            columns=(
                Column(name="as_of", title="As of (UTC)", kind=ColumnKind.TIME),
                Column(name="model", title="Model"),
                _fraction("daily", "Per day"),
                _fraction("annual", "Per year"),
            ),
            rows=(
                (
                    self.risk.time_ns,
                    self.model.value,
                    daily,
                    daily * float(np.sqrt(DAYS_PER_YEAR)),
                ),
            ),
        )

    def table(self) -> Table:
        """Tail, value-at-risk and expected shortfall of both sides."""
        return Table(
            name="estimate",
            title=f"{self.market} over {self.horizon_hours} h at {self.confidence:g}",
            columns=(
                Column(name="side", title="Side"),
                _number("xi", "Tail shape"),
                _number("threshold", "Threshold", "volatilities"),
                Column(name="exceedances", title="Exceedances", kind=ColumnKind.COUNT),
                Column(name="observations", title="Moves", kind=ColumnKind.COUNT),
                _fraction("value_at_risk", "VaR"),
                _fraction("value_at_risk_error", "Standard error"),
                _fraction("expected_shortfall", "ES"),
                _fraction("expected_shortfall_error", "Standard error"),
                _fraction("loss", f"VaR of notional, {self.payoff.value}"),
            ),
            rows=(
                ("long", *self._side(self.risk.fall), self.loss[0]),
                ("short", *self._side(self.risk.rise), self.loss[1]),
            ),
            notes=self._notes(),
        )

    def _side(self, side: SideRisk) -> tuple[Cell, ...]:
        bars_per_horizon = self.risk.volatility / self.risk.volatility_daily
        scale = bars_per_horizon * float(np.sqrt(24.0 / self.horizon_hours))
        return (
            side.tail.xi,
            side.tail.threshold * scale,
            side.tail.exceedances,
            self.risk.observations,
            side.value_at_risk,
            side.value_at_risk_error,
            side.expected_shortfall,
            side.expected_shortfall_error,
        )

    def _notes(self) -> tuple[str, ...]:
        counts = Counter(finding.kind.value for finding in self.findings)
        found = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        return (
            f"{self.price_kind.label.capitalize()}; no funding. Positive log moves against the "
            "position; errors are those of the tail given the volatility.",
            "Threshold in volatilities of the horizon (daily volatility times the root of time). "
            "The mean loss of the unbounded side beyond a Pareto tail does not exist, so ES is "
            "of the log move.",
            f"Findings on the data: {found or 'none'}.",
        )

    def _repr_html_(self) -> str:
        return self.volatility_table()._repr_html_() + self.table()._repr_html_()

    def __str__(self) -> str:
        return f"{self.volatility_table()}\n\n{self.table()}"


def _fraction(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.FRACTION, digits=3)


def _number(name: str, title: str, unit: str = "") -> Column:
    return Column(name=name, title=title, kind=ColumnKind.NUMBER, digits=3, unit=unit)
