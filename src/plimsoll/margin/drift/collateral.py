"""What Drift v2 does not count of deposits, and asks for debts over their value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.margin.drift.parameters import CollateralRules
from plimsoll.margin.drift.size_formulas import (
    asset_weight,
    liability_weight,
    scaled_initial_weight,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyPrices:
    """Prices of one currency in the numeraire, and deposits of it in the whole market.

    Parameters
    ----------
    spot : float
    average : float
        Five-minute average; NaN: spot is all there is.
    deposits_usd : float
        NaN where nobody knows.
    """

    spot: float
    average: float
    deposits_usd: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CollateralCharges:
    """(A,) what weights take, initial and maintenance, and why an account has no number."""

    initial: FloatArray
    maintenance: FloatArray
    reason: IntArray


def collateral_charges(
    book: Book, rules: Mapping[str, CollateralRules], prices: Mapping[str, CurrencyPrices]
) -> CollateralCharges:
    """Charge deposits and debts; equity counts both at spot.

    To open, a deposit is worth its lower price of spot and average times its initial weight, and a
    debt its higher price times its initial weight; to keep, spot and maintenance weights hold.
    Weights depend on the size of the account's own deposit or debt.
    """
    initial, maintenance = np.zeros(len(book)), np.zeros(len(book))
    reason = np.zeros(len(book), dtype=np.int64)
    for column, currency in enumerate(book.currencies):
        held, rule, price = book.collateral[:, column], rules.get(currency), prices[currency]
        weight = _initial_weight(rule, price)
        if rule is None or np.isnan(weight):
            reason[held != 0.0] = int(MarginReason.NO_PARAMETERS)
            continue
        opened, kept = _charges(held, rule, price, weight)
        initial, maintenance = initial + opened, maintenance + kept
    return CollateralCharges(initial=initial, maintenance=maintenance, reason=reason)


def _charges(
    held: FloatArray, rule: CollateralRules, price: CurrencyPrices, weight: float
) -> tuple[FloatArray, FloatArray]:
    size, factor = np.abs(held), np.full(held.size, float(rule.size_factor))
    low, high = np.fmin(price.spot, price.average), np.fmax(price.spot, price.average)

    def column(value: float) -> FloatArray:
        return np.full(held.size, value)

    opened = _charge(
        held,
        price.spot,
        low * asset_weight(size, factor, column(weight)),
        high * liability_weight(size, factor, column(float(rule.initial_liability_weight))),
    )
    kept = _charge(
        held,
        price.spot,
        price.spot * asset_weight(size, factor, column(float(rule.maintenance_asset_weight))),
        price.spot
        * liability_weight(size, factor, column(float(rule.maintenance_liability_weight))),
    )
    return opened, kept


def _charge(held: FloatArray, spot: float, as_asset: FloatArray, as_debt: FloatArray) -> FloatArray:
    per_unit = np.where(held > 0.0, spot - as_asset, as_debt - spot)
    return np.where(held == 0.0, 0.0, np.abs(held) * per_unit)


def _initial_weight(rule: CollateralRules | None, price: CurrencyPrices) -> float:
    if rule is None:
        return float("nan")
    if rule.scale_start_usd > 0 and np.isnan(price.deposits_usd):
        return float("nan")
    return scaled_initial_weight(
        float(rule.initial_asset_weight), float(rule.scale_start_usd), price.deposits_usd
    )
