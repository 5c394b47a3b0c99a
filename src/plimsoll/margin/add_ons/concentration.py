"""Concentration add-on: margin that grows with the root of size beyond a threshold.

    add-on = base x (max(1, sqrt(Q / T)) - 1)

so that base and add-on together are ``IM max(1, sqrt(N / (phi ADV h)))`` for the threshold
``T = phi ADV h`` (ISDA SIMM has the same root). Open interest sets a second threshold, a share
of it; the smaller holds. The SIMM form has a threshold in dollars and the net delta of an
underlying as size: ``CR = max(1, sqrt(|sum of deltas| / T))``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.add_ons.exposed import Charge, Charged, ExposedBook, charge_of
from plimsoll.margin.add_ons.markets import AddOnMarkets, unit_column
from plimsoll.margin.add_ons.unknown_figures import check_default, with_default
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.underlying import parameters_by_unit
from plimsoll.maths.size_charges import concentration_terms, excesses_of_root, size_charges

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class ConcentrationForm(StrEnum):
    """Which size is held against which threshold."""

    TURNOVER = "turnover"  # each position against turnover and open interest of its market
    SIMM = "simm"  # the net delta of an underlying against a threshold in dollars


class ConcentrationBase(StrEnum):
    """What the factor multiplies."""

    RATE = "rate"  # the parameter ``margin_rate`` times notional (SIMM: times absolute net delta)
    MARGIN = "margin"  # what the model asks: of the position, else the unit's by gross notional


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentrationParameters:
    """One underlying's thresholds.

    Raises
    ------
    ParameterError
        For a value out of its bounds.
    """

    participation: Decimal = governed(
        Unit.FRACTION, "0.001", 1, about="share of turnover that closing may be", default="0.1"
    )
    horizon_hours: Decimal = governed(Unit.HOURS, "0.01", 240, about="time to close in", default=1)
    open_interest_share: Decimal = governed(
        Unit.FRACTION,
        "0.0001",
        1,
        about="share of open interest that is no concentration",
        default="0.05",
    )
    margin_rate: Decimal = governed(
        Unit.FRACTION, 0, 1, about="margin of a small position, of its notional", default="0.05"
    )
    threshold_usd: Decimal = governed(
        Unit.USD,
        1,
        "1e12",
        about="net delta that is no concentration, SIMM form",
        default=100_000_000,
    )

    def __post_init__(self) -> None:
        check_bounds(self, "ConcentrationParameters")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcentrationAddOn:
    """Charge for size that the market cannot take.

    Parameters
    ----------
    parameters : ParameterSet or mapping of str to ConcentrationParameters
        By underlying.
    form : ConcentrationForm
    base : ConcentrationBase
    charged : Charged
    volume_when_unknown_usd : Decimal or None
        What stands in for a missing turnover; None: the market has a reason.
    open_interest_when_unknown_usd : Decimal or None
        The same for open interest; None: turnover alone sets the threshold.
    """

    parameters: ParameterSet | Mapping[str, ConcentrationParameters]
    form: ConcentrationForm = ConcentrationForm.TURNOVER
    base: ConcentrationBase = ConcentrationBase.RATE
    charged: Charged = Charged.BOTH
    volume_when_unknown_usd: Decimal | None = None
    open_interest_when_unknown_usd: Decimal | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "form", chosen(ConcentrationForm, self.form, "form"))
        object.__setattr__(self, "base", chosen(ConcentrationBase, self.base, "base"))
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))
        check_default(self.volume_when_unknown_usd, "volume_when_unknown_usd")
        check_default(self.open_interest_when_unknown_usd, "open_interest_when_unknown_usd")

    def prepare(self, markets: AddOnMarkets) -> PreparedConcentration:
        """Lay thresholds into columns."""
        units = markets.groups.units
        held = parameters_by_unit(ConcentrationParameters, self.parameters, units)

        def column(name: str) -> FloatArray:
            return unit_column(held, units, lambda p: float(getattr(p, name)))

        volume = with_default(markets.quoted("volume_24h_usd"), self.volume_when_unknown_usd)
        interest = with_default(
            markets.quoted("open_interest_usd"), self.open_interest_when_unknown_usd
        )
        days = markets.by_row(column("horizon_hours")) / 24.0
        by_turnover = markets.by_row(column("participation")) * volume * days
        by_interest = markets.by_row(column("open_interest_share")) * interest
        # fmin: what is known decides; where neither is, there is no threshold and so a reason.
        threshold = np.where(np.isnan(volume), np.nan, np.fmin(by_turnover, by_interest))
        return PreparedConcentration(
            add_on=self,
            known=unit_column(held, units, lambda _: 1.0),
            margin_rate=column("margin_rate"),
            market_threshold=threshold * markets.dollar,
            unit_threshold=column("threshold_usd") * markets.dollar,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedConcentration:
    """Thresholds by market (N + 1,) and by underlying (R,), in the numeraire."""

    add_on: ConcentrationAddOn
    known: FloatArray
    margin_rate: FloatArray
    market_threshold: FloatArray
    unit_threshold: FloatArray

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge positions, or underlyings in the SIMM form."""
        if self.add_on.form is ConcentrationForm.SIMM:
            return self._of_underlyings(exposed, inner)
        reason = exposed.lacking_parameters(self.known, exposed.size_reason)
        lacks = np.isnan(self.market_threshold)
        reason = exposed.lacking(lacks, MarginReason.NO_LIQUIDITY, reason)
        about = "size against turnover and open interest"
        return self._charge(self._of_positions(exposed, inner), reason, about)

    def _of_positions(self, exposed: ExposedBook, inner: Requirements) -> FloatArray:
        if self.add_on.base is ConcentrationBase.MARGIN:
            extra = excess_factor(exposed.owned, self.market_threshold[exposed.row])
            return exposed.unit_sums(self._base(exposed, inner, exposed.gross) * extra)
        held, markets = exposed.held, exposed.markets
        charges = size_charges(
            held.by_unit,
            concentration_terms(
                np.nan_to_num(markets.gross),
                self.market_threshold,
                np.nan_to_num(markets.by_row(self.margin_rate)),
            ),
            linked=held.linked_by_unit,
        )
        return charges.concentration

    def _of_underlyings(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        sums, units = exposed.sums, exposed.cells.risk_unit
        net = np.abs(sums.by_cell(exposed.markets.delta))
        if self.add_on.base is ConcentrationBase.RATE:
            base = self.margin_rate[units] * net
        else:
            each = self._base(exposed, inner, exposed.gross)[exposed.cells.order]
            base = np.bincount(sums.cell_of_position, each, sums.cells).astype(np.float64)
        amount = exposed.of_cells(base * excess_factor(net, self.unit_threshold[units]))
        reason = exposed.lacking_parameters(self.known, exposed.delta_reason)
        return self._charge(amount, reason, "net delta of each underlying against its threshold")

    def _base(self, exposed: ExposedBook, inner: Requirements, gross: FloatArray) -> FloatArray:
        """(P,) the model's own initial margin, the unit's by share of gross notional where none."""
        own, unit = inner.parts.initial, exposed.unit
        total = exposed.unit_sums(gross)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(gross > 0.0, gross / total[unit], 0.0)
        shared = np.maximum(inner.initial, 0.0)[unit] * share
        return np.where(np.isnan(own), shared, own)

    def _charge(self, amount: FloatArray, reason: IntArray, about: str) -> Charge:
        return charge_of(
            "concentration", "Concentration", amount, self.add_on.charged, reason, about
        )


def excess_factor(size: FloatArray, threshold: FloatArray) -> FloatArray:
    """``max(1, sqrt(size / threshold)) - 1``, infinite where the threshold is nothing.

    >>> excess_factor(np.array([50.0, 400.0]), np.array([100.0, 100.0])).tolist()
    [0.0, 1.0]
    """
    out = np.empty(size.size)
    excesses_of_root(np.array(size), np.array(threshold), out)
    return out
