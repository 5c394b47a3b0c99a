"""From stated assets and prices to the histories that haircuts are set from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.admission import AssetFacts
from plimsoll.calibration.collateral.assets import AssetHistory, Bridge
from plimsoll.calibration.collateral.haircut import log_falls, log_risk_of
from plimsoll.calibration.collateral.liquidation_cost import AssetLiquidity
from plimsoll.calibration.collateral.pegged import PegKind
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
TURNOVER_DAYS = 90
YEAR_DAYS = 365


class AssetKind(StrEnum):
    """What an asset is."""

    COIN = "coin"
    STABLE = "stable"
    STAKED = "staked"
    GOLD = "gold"
    OWN = "own"  # the venue's own token


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedAsset:
    """One asset as the venue file has it.

    Parameters
    ----------
    asset, asset_class, symbol : str
        ``symbol`` as in the price source, quoted in dollars.
    kind : AssetKind
    adv_usd, spread : float
        Turnover a day, and the bid-ask spread of mid under stress.
    depth_usd : float or None
    venues : int or None
    top_holder_share : float or None
    synthetic : bool
        A stable coin that rests on a hedge or an algorithm.
    redeems_into : str
        Of a staked coin.
    bridge : Bridge or None
    """

    asset: str
    asset_class: str
    symbol: str
    kind: AssetKind
    adv_usd: float
    spread: float
    depth_usd: float | None = None
    venues: int | None = None
    top_holder_share: float | None = None
    synthetic: bool = False
    redeems_into: str = ""
    bridge: Bridge | None = None

    @property
    def peg(self) -> PegKind | None:
        """What holds it to its peg."""
        if self.kind is AssetKind.STAKED:
            return PegKind.STAKED
        if self.kind is AssetKind.STABLE:
            return PegKind.SYNTHETIC if self.synthetic else PegKind.RESERVES
        return None


def asset_histories(
    stated: Sequence[StatedAsset],
    dollar_price: Mapping[str, FloatArray],
    value_at_risk: Mapping[str, tuple[float, float]],
    bars_per_day: int,
) -> tuple[AssetHistory, ...]:
    """Return the histories, in the order stated.

    Parameters
    ----------
    dollar_price : mapping of str to (T,) float64
        Log price by asset, of what was known at the instant of the set.
    value_at_risk : mapping of str to (float, float)
        Loss of a long and of a short over the sale, simple, by the default forecaster; assets
        that are not in it are measured by their own history.
    """
    return tuple(_history(one, dollar_price, value_at_risk, bars_per_day) for one in stated)


def _history(
    one: StatedAsset,
    prices: Mapping[str, FloatArray],
    risk: Mapping[str, tuple[float, float]],
    per_day: int,
) -> AssetHistory:
    price = prices[one.asset]
    own = price
    if one.redeems_into:
        if one.redeems_into not in prices:
            raise UsageError(
                "must be one of the assets",
                found=one.redeems_into,
                field=f"collateral.{one.asset}.redeems_into",
            )
        own = price - prices[one.redeems_into]
    daily = _volatility(price, per_day)
    fall, rise = risk.get(one.asset, (math.nan, math.nan))
    return AssetHistory(
        asset=one.asset,
        asset_class=one.asset_class,
        log_price=own,
        facts=AssetFacts(
            history_days=float(np.isfinite(own).sum()) / per_day,
            adv_usd=one.adv_usd,
            depth_usd=one.depth_usd,
            venues=one.venues,
            volatility_annual=daily * math.sqrt(YEAR_DAYS),
            top_holder_share=one.top_holder_share,
            peg_deviation=_below_peg(own, one, per_day),
            pegged=one.peg is not None,
            own_token=one.kind is AssetKind.OWN,
        ),
        liquidity=AssetLiquidity(
            adv_usd=one.adv_usd, daily_volatility=daily, relative_spread=one.spread
        ),
        log_risk=float(log_risk_of(fall)) if 0.0 < fall < 1.0 else None,
        log_rise=math.log1p(rise) if rise > 0.0 else None,
        peg=one.peg,
        redeems_into=one.redeems_into,
        bridge=one.bridge,
    )


def _volatility(price: FloatArray, per_day: int) -> float:
    moves = log_falls(price, per_day)[-TURNOVER_DAYS * per_day :]
    return float(np.std(moves)) if moves.size else 0.0


def _below_peg(own: FloatArray, one: StatedAsset, per_day: int) -> float | None:
    """Largest share below the peg in the last year; of a staked coin below its own high."""
    if one.peg is None:
        return None
    year = own[-YEAR_DAYS * per_day :]
    year = year[np.isfinite(year)]
    if not year.size:
        return None
    peg = np.maximum.accumulate(year) if one.kind is AssetKind.STAKED else np.zeros(year.size)
    return max(0.0, -math.expm1(float(np.min(year - peg))))
