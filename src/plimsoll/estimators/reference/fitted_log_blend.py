"""The default model as it stands at an instant: the risk of all markets, and the next bar."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.field_summary import field_summary, first_names
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataFormatError
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.reference.forecast import CONFIDENCE
from plimsoll.estimators.reference.log_scales import log_scale, moving
from plimsoll.estimators.reference.moves import wait_bars
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.reference.steps import StepMoves
from plimsoll.maths.blended_volatility import EwmaRules, EwmaState, log_volatilities, take_bar
from plimsoll.maths.tail_counts import (
    SHARES,
    WIDTH,
    TailCounts,
    TailRules,
    count_moves,
    faded,
    refresh_levels,
    write_tails,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenMoves:
    """Moves of all markets begun at one step, and what ended of them since the last step.

    Parameters
    ----------
    age_bars : int
        Bars since it began.
    price : (N,) float64
        Log print at the start; NaN where there is no open move (any more).
    log_scale : (N,) float64
    level : (N, 2) float64
        In force at the start.
    ended : (N,) float64
        Log print at the end; NaN while it is open.
    """

    age_bars: int
    price: FloatArray
    log_scale: FloatArray
    level: FloatArray
    ended: FloatArray

    __repr__ = field_summary


class BlendRules(Protocol):
    """What a fitted blend keeps of its model (`plimsoll.estimators.reference.log_blend`)."""

    @property
    def step_hours(self) -> int: ...

    @property
    def tail(self) -> float: ...

    @property
    def confidence(self) -> float: ...

    @property
    def reach(self) -> tuple[float, float]: ...

    def decays(self, bars_per_day: int) -> FloatArray: ...

    def ewma_rules(self, bars_per_day: int) -> EwmaRules: ...

    def tail_rules(self) -> TailRules: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntBlend:
    """What was learnt of a panel up to its last step.

    Parameters
    ----------
    weights : (S, K) float64
        In force at each step.
    log_scale : (S, N) float64
    learnable : (S, N) bool
        Moves begun there are counted.
    levels : (S, N, 2) float64
    counts : TailCounts
        After the last step.
    volatility : EwmaState
        After the last bar.
    """

    weights: FloatArray
    log_scale: FloatArray
    learnable: NDArray[np.bool_]
    levels: FloatArray
    counts: TailCounts
    volatility: EwmaState

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedLogBlend:
    """Result of `plimsoll.estimators.reference.log_blend.LogBlend.fit`; frozen.

    `update` takes one bar and returns the next state; as many bars as a panel has more give what a
    fit to that panel gives, to the last bit, as long as no new learning of ``weights`` falls
    between: those are learnt by the nightly fit.

    Parameters
    ----------
    markets : tuple of N str
    horizon_bars, wait_bars, bars_per_day, step_bars : int
    tail : float
        Probability beyond the quantile.
    decays, ewma_rules, tail_rules
        Of the model.
    weights : (K,) float64
        Of the short scales.
    reach : (float, float)
        Lowest and highest log distance of the blend from the long scale.
    time_ns : int
        When the last bar became known.
    volatility : EwmaState
    counts : TailCounts
    pending : tuple of OpenMoves
        Oldest first.
    confidence : float
        Level that ``tail`` is the used share of.
    """

    markets: tuple[str, ...]
    horizon_bars: int
    wait_bars: int
    bars_per_day: int
    step_bars: int
    tail: float
    decays: FloatArray
    ewma_rules: EwmaRules
    tail_rules: TailRules
    weights: FloatArray
    reach: tuple[float, float]
    time_ns: int
    volatility: EwmaState
    counts: TailCounts
    pending: tuple[OpenMoves, ...]
    confidence: float = CONFIDENCE

    @classmethod
    def at_last_step(
        cls,
        model: BlendRules,
        panel: ReturnsPanel,
        steps: Boundaries,
        moves: StepMoves,
        learnt: LearntBlend,
    ) -> Self:
        """Return the state after a panel that ends at a step of the model."""
        wait = wait_bars(panel)
        pending = open_moves(
            panel.price, steps, moves, learnt.log_scale, learnt.learnable, learnt.levels, wait
        )
        return cls(
            markets=panel.markets,
            horizon_bars=moves.horizon_bars,
            wait_bars=wait,
            bars_per_day=panel.bars_per_day,
            step_bars=model.step_hours * panel.bars_per_day // 24,
            tail=model.tail,
            decays=read_only(model.decays(panel.bars_per_day)),
            ewma_rules=model.ewma_rules(panel.bars_per_day),
            tail_rules=model.tail_rules(),
            weights=read_only(learnt.weights[-1]),
            reach=model.reach,
            time_ns=int(panel.time_ns[-1]),
            volatility=learnt.volatility,
            counts=learnt.counts,
            pending=pending,
            confidence=model.confidence,
        )

    def __repr__(self) -> str:
        hours = 24.0 * self.horizon_bars / self.bars_per_day
        return (
            f"<FittedLogBlend of {len(self.markets)} markets ({first_names(self.markets)}) over "
            f"{hours:g} h, as of {iso_minute(self.time_ns)} UTC>"
        )

    @property
    def log_scale(self) -> FloatArray:
        """(N,) log volatility of a move over the horizon.

        NaN before a market is warm, two days after its last print, and where it never moved.
        """
        return self.log_scale_of(self.horizon_bars)

    def log_scale_of(self, bars: int) -> FloatArray:
        """(N,) as `log_scale`, of a move over so many bars."""
        now = log_volatilities(self.volatility, self.ewma_rules)
        return np.asarray(log_scale(now[None], self.weights[None], bars, self.reach)[0])

    def risk(self) -> tuple[FloatArray, FloatArray]:
        """(N, 2) value-at-risk and expected shortfall: shares of notional of a long and a short.

        NaN where `log_scale` is, or where too few moves are known.
        """
        tails = np.empty((len(self.markets), 2, WIDTH))
        write_tails(self.counts, self.tail_rules, self.tail, tails)
        value_at_risk, shortfall = losses_of_tails(self.log_scale[None], tails[None])
        return value_at_risk[0], shortfall[0]

    def update(self, log_price: ArrayLike) -> Self:
        """Take the next bar.

        Parameters
        ----------
        log_price : (N,) array
            Log closes, funding compounded in; NaN where a market did not print.

        Raises
        ------
        DataFormatError
            Where it is of another length, or infinite.
        """
        price = _checked_bar(log_price, len(self.markets))
        volatility = EwmaState(*(a.copy() for a in self.volatility))
        take_bar(volatility, price, np.array(self.decays), self.ewma_rules)
        aged = tuple(_aged(m, price, self.horizon_bars, self.wait_bars) for m in self.pending)
        time_ns = self.time_ns + DAY_NS // self.bars_per_day
        following = replace(self, time_ns=time_ns, volatility=volatility, pending=aged)
        if time_ns % (self.step_bars * (DAY_NS // self.bars_per_day)):
            return following
        return following._step(price)

    def _step(self, price: FloatArray) -> Self:
        """Count what ended, read the levels, and begin the moves of this step."""
        counts = faded(self.counts, self.tail_rules)
        _count(counts, self.pending)
        longest = self.horizon_bars + self.wait_bars
        still = (_still_open(m) for m in self.pending if m.age_bars < longest)
        refresh_levels(counts, self.tail_rules)
        now = log_volatilities(self.volatility, self.ewma_rules)
        begun = OpenMoves(
            age_bars=0,
            price=np.where(moving(now[None])[0], price, np.nan),
            log_scale=self.log_scale,
            level=counts.level.copy(),
            ended=np.full(price.size, np.nan),
        )
        return replace(self, counts=counts, pending=(*(m for m in still if m is not None), begun))


def _checked_bar(log_price: ArrayLike, markets: int) -> FloatArray:
    """(N,) log prices of the next bar, a copy."""
    price = np.array(log_price, dtype=np.float64)
    infinite = int(np.isinf(price).sum())
    if price.shape == (markets,) and not infinite:
        return price
    wrong_shape = price.shape != (markets,)
    raise DataFormatError(
        f"must hold {markets} log prices, NaN without a print",
        found=f"shape {price.shape}" if wrong_shape else f"{infinite} infinite",
        field="log_price",
        remedy="bring one number for each market, in the order of `markets`",
    )


def _count(counts: TailCounts, pending: tuple[OpenMoves, ...]) -> None:
    """Count what ended of the moves, in one pass."""
    done = [moves for moves in pending if np.isfinite(moves.ended).any()]
    if done:
        scaled = [(moves.ended - moves.price) / np.exp(moves.log_scale) for moves in done]
        count_moves(counts, np.array(scaled), np.array([moves.level for moves in done]))


def _still_open(moves: OpenMoves) -> OpenMoves | None:
    """What has not ended of the moves; None where all have."""
    ended = np.isfinite(moves.ended)
    if not ended.any():
        return moves if np.isfinite(moves.price).any() else None
    left = np.where(ended, np.nan, moves.price)
    still = replace(moves, price=left, ended=np.full(left.size, np.nan))
    return still if np.isfinite(left).any() else None


def losses_of_tails(scale: FloatArray, tails: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(S, N, 2) value-at-risk and shortfall from (S, N) log scales and (S, N, 2, WIDTH) tails.

    Losses bend where log moves are large, so their mean is taken stratum by stratum.
    """
    sizes = np.exp(scale)[:, :, None, None] * tails
    fall, rise = -np.expm1(-sizes[:, :, 0]), np.expm1(sizes[:, :, 1])
    return (
        np.stack([fall[..., 0], rise[..., 0]], axis=-1),
        np.stack([fall[..., 2:] @ SHARES, rise[..., 2:] @ SHARES], axis=-1),
    )


def open_moves(
    price: FloatArray,
    steps: Boundaries,
    moves: StepMoves,
    scale: FloatArray,
    learnable: NDArray[np.bool_],
    levels: FloatArray,
    wait_bars: int,
) -> tuple[OpenMoves, ...]:
    """Moves that the last step does not know yet and may still come to know, oldest first."""
    last_bar = int(steps.bars[-1])
    found = []
    for s in range(len(steps)):
        age = last_bar - int(steps.bars[s])
        if age >= moves.horizon_bars + wait_bars:
            continue
        start = price[:, steps.bars[s] - 1]
        still_open = (moves.known[s] == len(steps)) & learnable[s]
        found.append(
            OpenMoves(
                age_bars=age,
                price=np.where(still_open, start, np.nan),
                log_scale=scale[s],
                level=levels[s],
                ended=np.full(start.size, np.nan),
            )
        )
    return tuple(found)


def _aged(moves: OpenMoves, price: FloatArray, horizon_bars: int, wait_bars: int) -> OpenMoves:
    """The moves a bar older; a first print at or after the horizon ends one."""
    age = moves.age_bars + 1
    ended = moves.ended
    if horizon_bars <= age <= horizon_bars + wait_bars:
        ended = np.where(np.isfinite(ended), ended, price)
    return replace(moves, age_bars=age, ended=ended)
