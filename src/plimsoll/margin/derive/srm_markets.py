"""What the standard margin prepares: markets, option terms, parameters by risk unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.derive.cash_pricing import CashPricing
from plimsoll.margin.derive.option_inputs import expiry_confidences
from plimsoll.margin.derive.risk_units import DeriveMarkets, options_of
from plimsoll.margin.derive.srm_options import OptionRates, OptionTerms
from plimsoll.margin.derive.srm_parameters import SrmParameters
from plimsoll.margin.units.instrument_columns import instrument_columns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SrmMarkets:
    """Market and parameters of R risk units with O options.

    Parameters
    ----------
    snapshot : MarketSnapshot
    pricing : CashPricing
    markets : DeriveMarkets
    parameters : mapping of str to SrmParameters
    options : OptionTerms
    group_of_option : (O,) int64
        Expiries of risk units, numbered.
    """

    snapshot: MarketSnapshot
    pricing: CashPricing
    markets: DeriveMarkets
    parameters: Mapping[str, SrmParameters]
    options: OptionTerms
    group_of_option: IntArray

    @property
    def spot(self) -> FloatArray:
        """(R,) spot prices."""
        return np.array([spot.price for spot in self.markets.spots])

    @property
    def spot_confidence(self) -> FloatArray:
        """(R,) confidences of the spot prices."""
        return np.array([spot.confidence for spot in self.markets.spots])

    @property
    def peg_charge(self) -> FloatArray:
        """(R,) what notional is charged while the cash is off its peg."""
        below = self.of("depeg_threshold") - self.pricing.stable_price(self.snapshot)
        return np.maximum(below, 0.0) * self.of("depeg_factor")

    def of(self, name: str) -> FloatArray:
        """(R,) a parameter of every risk unit."""
        return np.array([float(getattr(p, name)) for p in self.parameters.values()])

    def doubt(self, confidence: FloatArray, risk: IntArray, threshold: str) -> FloatArray:
        """Return the charge on notional for confidences below the named threshold; else 0."""
        low = confidence < self.of(threshold)[risk]
        return np.where(low, 1.0 - confidence, 0.0) * self.of("confidence_factor")[risk]

    def risk_of_option(self) -> IntArray:
        """(O,) risk unit of each option; -1 where it has none."""
        return self.markets.unit_of_row[self.markets.option_at >= 0]

    def coin_price(self, coin: str) -> float:
        """Return the price in cash at which a coin counts as equity."""
        rows = self.markets.rows
        known = dict(zip(rows.markets, rows.instruments, strict=True))
        return self.pricing.price(coin, self.snapshot, known)


def option_terms(
    markets: DeriveMarkets,
    parameters: Mapping[str, SrmParameters],
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
) -> OptionTerms:
    """Return what the standard margin asks of every option."""
    rows, held = markets.rows, markets.option_at >= 0
    risk = np.maximum(markets.unit_of_row[held], 0)  # others have a reason and are not held
    spot = np.array([s.price for s in markets.spots])[risk]
    trust = np.array([s.confidence for s in markets.spots])[risk]
    own = np.minimum(
        markets.confidence[held], expiry_confidences(snapshot, options_of(instruments))
    )
    rates = {
        name: np.array([float(getattr(p, name)) for p in parameters.values()])[risk]
        for name in OptionRates.__dataclass_fields__
    }
    return OptionTerms(
        value=rows.mark[held],
        strike=markets.options.strike,
        forward=markets.options.forward,
        spot=spot,
        units=rows.size[held],
        is_call=markets.options.is_call,
        confidence=np.minimum(own, trust),
        rates=OptionRates(**rates),
    )


def expiry_groups(markets: DeriveMarkets, instruments: Mapping[str, Instrument]) -> IntArray:
    """(O,) number of each option's expiry within its risk unit."""
    risk = markets.unit_of_row[markets.option_at >= 0]
    ends = instrument_columns(options_of(instruments)).expiry_ns
    keys, first, number = np.unique(
        np.stack([risk, ends]), axis=1, return_index=True, return_inverse=True
    )
    order = np.empty(keys.shape[1], dtype=np.int64)  # numbered in order of first appearance
    order[np.argsort(first)] = np.arange(first.size)
    return order[number.reshape(-1)]
