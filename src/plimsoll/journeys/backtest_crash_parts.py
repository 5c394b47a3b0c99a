"""Layers of a published margin against a crash, and the worst paths that they are held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.parts.fund_scenarios import initial_rate_at
from plimsoll.domain.field_summary import field_summary
from plimsoll.journeys.backtest_crash_set import EveSet
from plimsoll.margin.add_ons.concentration import ConcentrationParameters
from plimsoll.margin.add_ons.liquidity import LiquidityParameters
from plimsoll.validation.replay.markets import MarkPaths

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STRESSED_DEPTH = 0.2
STATED_SIZE_USD = 1e5
HOURS = (1, 8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginLayers:
    """What a position of one size puts up, (M,) shares of notional; together the requirement.

    At most the whole notional, as the replay of accounts asks: add-ons end there.

    Parameters
    ----------
    base : (M,) float64
        Initial rate of the ladder without the stressed leg, less the fee in it.
    stressed : (M,) float64
        What the ladder with the stressed leg asks more.
    liquidity, concentration : (M,) float64
        Add-ons at the size.
    fee : (M,) float64
        Liquidation fee that stands in the ladder: nobody earns it from a bankrupt account.
    """

    base: FloatArray
    stressed: FloatArray
    liquidity: FloatArray
    concentration: FloatArray
    fee: FloatArray

    __repr__ = field_summary

    @property
    def asked(self) -> FloatArray:
        """(M,) the requirement."""
        return self.base + self.stressed + self.liquidity + self.concentration + self.fee

    @property
    def add_ons(self) -> FloatArray:
        """(M,) liquidity and concentration."""
        return self.liquidity + self.concentration


def margin_layers(eve: EveSet, size_usd: float) -> MarginLayers:
    """Return what the eve's set asks of a position of a size, layer by layer."""
    bare, whole = (
        np.array([initial_rate_at(tiers, size_usd) for tiers in ladders])
        for ladders in (eve.base, eve.stressed)
    )
    coins = [market.removesuffix("USDT") for market in eve.markets]
    turnover, interest = eve.turnover_usd.tolist(), eve.interest_usd.tolist()
    liquidity = np.array(
        [
            liquidity_rate(eve.liquidity[c], size_usd, adv)
            for c, adv in zip(coins, turnover, strict=True)
        ]
    )
    concentration = np.array(
        [concentration_rate(eve.concentration[c], size_usd, adv, held)
         for c, adv, held in zip(coins, turnover, interest, strict=True)]
    )  # fmt: skip
    liquidity, concentration, _ = absorbed(
        np.maximum(0.0, 1.0 - np.maximum(bare, whole)), [liquidity, concentration]
    )
    return MarginLayers(
        base=bare - eve.fee,
        # Rates are rounded to the leverages offered: more risk never asks for less.
        stressed=np.maximum(whole - bare, 0.0),
        liquidity=liquidity,
        concentration=concentration,
        fee=eve.fee,
    )


def liquidity_rate(parameters: LiquidityParameters, size_usd: float, adv_usd: float) -> float:
    """Return half the spread and the square-root impact of closing a size, no depth displayed.

    As `plimsoll.margin.add_ons.liquidity` charges it.
    """
    half_spread = float(parameters.relative_spread) / 2.0
    impact = float(parameters.impact) * float(parameters.daily_volatility)
    return half_spread + impact * float(np.sqrt(size_usd / adv_usd))


def concentration_rate(
    parameters: ConcentrationParameters, size_usd: float, adv_usd: float, interest_usd: float
) -> float:
    """Return ``rate (max(1, sqrt(Q / T)) - 1)``, T of turnover or of open interest.

    As `plimsoll.margin.add_ons.concentration` charges it.
    """
    by_turnover = float(parameters.participation * parameters.horizon_hours) / 24.0 * adv_usd
    threshold = min(by_turnover, float(parameters.open_interest_share) * interest_usd)
    excess = max(1.0, float(np.sqrt(size_usd / threshold))) - 1.0
    return float(parameters.margin_rate) * excess


def closing_cost(marks: MarkPaths, bar: int, size_usd: FloatArray) -> FloatArray:
    """(M,) share of notional that closing a size costs at a bar."""
    out: FloatArray = marks.half_spread[bar] + marks.impact[bar] * np.sqrt(size_usd)
    return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WorstPaths:
    """Worst loss on the path after any bar of a window, (M, 2, 2) as in `CrashParts`.

    ``start`` and ``end`` are bars: where the worst began, and where it stood deepest.
    """

    loss: FloatArray
    start: IntArray
    end: IntArray


def worst_paths(marks: MarkPaths, first: int, last: int) -> WorstPaths:
    """Search the starts ``first`` to ``last - 1``: from a close to the extreme of what follows."""
    low = marks.close if marks.low is None else marks.low
    high = marks.close if marks.high is None else marks.high
    shape = (len(marks.markets), 2, len(HOURS))
    found = WorstPaths(
        loss=np.zeros(shape), start=np.zeros(shape, np.int64), end=np.zeros(shape, np.int64)
    )
    for h, hours in enumerate(HOURS):
        bars = marks.bars_of(hours)
        for start in range(first, min(last, marks.time_ns.size - bars)):
            ahead = slice(start + 1, start + 1 + bars)
            for side, loss in (
                (0, 1.0 - low[ahead] / marks.close[start]),
                (1, high[ahead] / marks.close[start] - 1.0),
            ):
                _keep_worse(found, np.nan_to_num(loss, nan=-1.0), start, side, h)
    return found


def _keep_worse(found: WorstPaths, loss: FloatArray, start: int, side: int, h: int) -> None:
    worst = loss.max(axis=0)
    rows = np.flatnonzero(worst > found.loss[:, side, h])
    found.loss[rows, side, h] = worst[rows]
    found.start[rows, side, h] = start
    found.end[rows, side, h] = start + 1 + loss.argmax(axis=0)[rows]


def absorbed(loss: FloatArray, layers: Sequence[FloatArray]) -> list[FloatArray]:
    """Split losses over layers in order; the last part is what is left, so that all add up.

    >>> [part.tolist() for part in absorbed(np.array([0.5, 0.1]), [np.array([0.2, 0.2])])]
    [[0.2, 0.1], [0.3, 0.0]]
    """
    parts, rest = [], loss
    for layer in layers:
        part = np.minimum(rest, layer)
        parts.append(part)
        rest = rest - part
    return [*parts, rest]
