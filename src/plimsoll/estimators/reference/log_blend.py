r"""The default: log volatility blended over time scales, tails pooled over markets.

With :math:`v_k` the log volatility of an hour on scale k (clipped EWMA) and :math:`v_\infty` that
of the whole past,

.. math:: \ln s = v_\infty + \mathrm{clip}\Bigl(\sum_k a_k (v_k - v_\infty), l, u\Bigr)
    + \tfrac12 \ln h ,

and the weights a maximise the Student-t likelihood of all markets' past moves over h hours, less a
penalty on the variance of the blend: what moves least for the same likelihood. They are learnt
again twice a year from what was known then. Moves over s are counted in fading bins
(`plimsoll.maths.tail_counts`): a market's own level, shrunk to the pool's, times the tail of all
markets.

Sources: the blend in logarithms is the heterogeneous autoregression of Corsi (Journal of Financial
Econometrics 7, 2009) on volatilities of every market at once; the pooled tail of scaled moves is
filtered historical simulation (Barone-Adesi and others, 1999) over a cross-section.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.table import iso_minute
from plimsoll.errors import ParameterError
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.reference.fitted_log_blend import (
    FittedLogBlend,
    LearntBlend,
    losses_of_tails,
)
from plimsoll.estimators.reference.forecast import CONFIDENCE, ForecastPaths
from plimsoll.estimators.reference.log_scales import log_scale, moving
from plimsoll.estimators.reference.moves import panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel, check_panel
from plimsoll.estimators.reference.scale_weights import ScaleWeights, weights_in_force
from plimsoll.estimators.reference.steps import StepMoves, grid_steps, step_moves
from plimsoll.maths.blended_volatility import (
    EwmaRules,
    EwmaState,
    fresh_state,
    log_volatility_path,
)
from plimsoll.maths.tail_counts import WIDTH, TailCounts, TailRules, no_counts, tail_path

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBlend:
    """See the module text.

    Parameters
    ----------
    half_lives_hours : tuple of float
        Of the short scales.
    long_half_life_days : float
        Of the scale that the others are measured against; the default is nearly the whole past.
    clip : float
        A squared move counts for at most so many times the variance so far.
    warm_up_days : int
        Days of bars before a market has a number.
    longest_hole_hours : int
        After a longer one a market starts anew.
    calm : float
        Weight of the penalty on the variance of the blend; 0 for the likelihood alone.
    reach : (float, float)
        Lowest and highest log distance of the blend from the long volatility. What is between
        them bounds how far a margin swings about its level; calm alone would have to damp every
        move for the sake of the extremes.
    weights : ScaleWeights
        How the weights are learnt.
    step_hours : int
        Moves that are learnt from begin so often; divides 24.
    own_half_life_days, pool_half_life_days : float
        At which counts of a market, and of the pool, have faded to a half.
    level_tail : float
        Tail at which a market's own level is read.
    level_prior, pool_prior : float
        Moves that the pool weighs in a market's level, and in its far tail.
    least_pool_moves : float
        Fewest moves, faded, that the pool must hold before there is a number.
    tail_share : float
        Share of the tail probability that is used: what a tail estimated from finitely many days
        and shifting between them costs in coverage.
    confidence : float
        Level of the quantile.
    """

    name: str = "default"
    half_lives_hours: tuple[float, ...] = (3.0, 24.0, 264.0)
    long_half_life_days: float = 2000.0
    clip: float = 60.0
    warm_up_days: int = 20
    longest_hole_hours: int = 48
    calm: float = 0.15
    reach: tuple[float, float] = (-0.4, 0.3)
    weights: ScaleWeights = ScaleWeights()  # noqa: RUF009  frozen
    step_hours: int = 8
    own_half_life_days: float = 365.0
    pool_half_life_days: float = 90.0
    level_tail: float = 0.05
    level_prior: float = 300.0
    pool_prior: float = 1000.0
    least_pool_moves: float = 250.0
    tail_share: float = 0.9
    confidence: float = CONFIDENCE

    def __post_init__(self) -> None:
        spans = (*self.half_lives_hours, self.long_half_life_days)
        spans += (self.own_half_life_days, self.pool_half_life_days)
        if not self.half_lives_hours or min(spans) <= 0.0:
            raise ParameterError("must be positive", found=spans, field="half_lives_hours")
        if not 0.0 < self.tail_share <= 1.0:
            raise ParameterError("must lie in (0, 1]", found=self.tail_share, field="tail_share")
        if not 0.5 < self.confidence < 1.0:
            raise ParameterError("must lie in (0.5, 1)", found=self.confidence, field="confidence")
        if not 0.0 < self.level_tail < 0.5:
            raise ParameterError("must lie in (0, 0.5)", found=self.level_tail, field="level_tail")
        if self.step_hours < 1 or 24 % self.step_hours:
            raise ParameterError("must divide 24", found=self.step_hours, field="step_hours")
        if not self.reach[0] <= 0.0 <= self.reach[1] or self.reach[0] == self.reach[1]:
            raise ParameterError("must enclose 0", found=self.reach, field="reach")
        if min(self.calm, self.level_prior, self.pool_prior) < 0.0 or self.clip < 1.0:
            raise ParameterError("must not be negative", found=self.calm, field="calm")

    @property
    def title(self) -> str:
        """One line."""
        scales = "/".join(f"{h:g}" for h in self.half_lives_hours)
        return (
            f"Log blend of {scales} h volatility, {self.reach[0]:g} to {self.reach[1]:g} from the "
            f"long one, calm {self.calm:g}; "
            f"own level and pooled tail at {100.0 * self.tail:g} %; ES of it"
        )

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary.

        Raises
        ------
        UsageError
            For what is no panel.
        """
        check_panel(panel)
        bars = panel.bars_of(horizon_hours)
        steps = grid_steps(panel, self.step_hours)
        at_steps, at_boundaries, _ = self.log_volatilities(panel, steps)
        moves = step_moves(panel_moves(panel, horizon_hours), bars, steps)
        weights = weights_in_force(self.weights, at_steps, moves, steps.time_ns, self.calm)
        scale = log_scale(at_steps, weights, bars, self.reach)
        latest = np.searchsorted(steps.time_ns, panel.time_ns, side="right") - 1
        wanted, row = np.unique(latest, return_inverse=True)
        tails, _, _ = self.tails_at_steps(scale, moving(at_steps), moves, wanted)
        scale = log_scale(at_boundaries, weights[latest], bars, self.reach)
        value_at_risk, expected_shortfall = losses_of_tails(scale, tails[row])
        return ForecastPaths(
            time_ns=panel.time_ns,
            value_at_risk=value_at_risk,
            expected_shortfall=expected_shortfall,
        )

    def fit(self, panel: ReturnsPanel, horizon_hours: int) -> FittedLogBlend:
        """Return the model as it stands after all that the panel's last boundary knows.

        The panel must end at a step (a multiple of ``step_hours`` from midnight).

        Raises
        ------
        UsageError
            For what is no panel of `plimsoll.estimators.reference.panel.returns_panel`.
        ParameterError
        """
        check_panel(panel)
        if int(panel.time_ns[-1]) % (self.step_hours * HOUR_NS):
            raise ParameterError(
                f"must end at a multiple of {self.step_hours} h from midnight (UTC)",
                found=f"{iso_minute(int(panel.time_ns[-1]))} UTC",
                field="panel",
                remedy=f"set boundaries so: returns_panel(history, every_hours={self.step_hours})",
            )
        bars = panel.bars_of(horizon_hours)
        steps = grid_steps(panel, self.step_hours)
        at_steps, _, state = self.log_volatilities(panel, steps)
        moves = step_moves(panel_moves(panel, horizon_hours), bars, steps)
        weights = weights_in_force(self.weights, at_steps, moves, steps.time_ns, self.calm)
        scale = log_scale(at_steps, weights, bars, self.reach)
        learnable = moving(at_steps)
        _, counts, levels = self.tails_at_steps(scale, learnable, moves)
        learnt = LearntBlend(
            weights=weights,
            log_scale=scale,
            learnable=learnable,
            levels=levels,
            counts=counts,
            volatility=state,
        )
        return FittedLogBlend.at_last_step(self, panel, steps, moves, learnt)

    def decays(self, bars_per_day: int) -> FloatArray:
        """(K + 1,) weights left after a bar, the long scale last."""
        hours = np.array([*self.half_lives_hours, 24.0 * self.long_half_life_days])
        return np.asarray(0.5 ** (24.0 / (hours * bars_per_day)))

    def ewma_rules(self, bars_per_day: int) -> EwmaRules:
        """Rules of the volatilities, in bars."""
        hour = bars_per_day / 24.0
        return EwmaRules(
            clip=self.clip,
            clip_after=200.0 * hour,
            longest_fade=24.0 * hour,
            longest_hole=self.longest_hole_hours * hour,
            warm_up=self.warm_up_days * float(bars_per_day),
        )

    def tail_rules(self) -> TailRules:
        """Rules of the counts, by step."""
        per_day = 24.0 / self.step_hours
        return TailRules(
            own_fade=0.5 ** (1.0 / (per_day * self.own_half_life_days)),
            pool_fade=0.5 ** (1.0 / (per_day * self.pool_half_life_days)),
            level_tail=self.level_tail,
            level_prior=self.level_prior,
            pool_prior=self.pool_prior,
            least_pooled=self.least_pool_moves,
            least_own=50.0,
        )

    @property
    def tail(self) -> float:
        """Tail probability of the quantile."""
        return self.tail_share * (1.0 - self.confidence)

    def log_volatilities(
        self, panel: ReturnsPanel, steps: Boundaries
    ) -> tuple[FloatArray, FloatArray, EwmaState]:
        """(S, N, K + 1) at the steps, (D, N, K + 1) at the panel's boundaries, and what is left."""
        bars = np.union1d(steps.bars, panel.boundaries.bars)
        decays = self.decays(panel.bars_per_day)
        state = fresh_state(len(panel.markets), decays.size)
        rules = self.ewma_rules(panel.bars_per_day)
        price = np.array(panel.price, order="C")
        path = log_volatility_path(state, price, bars, decays, rules).transpose(1, 0, 2)
        at_steps = path[np.searchsorted(bars, steps.bars)]
        return at_steps, path[np.searchsorted(bars, panel.boundaries.bars)], state

    def tails_at_steps(
        self,
        scale: FloatArray,
        learnable: NDArray[np.bool_],
        moves: StepMoves,
        wanted: IntArray | None = None,
    ) -> tuple[FloatArray, TailCounts, FloatArray]:
        """Tails over the scale by step, the counts after the last of them, (S, N, 2) levels.

        Parameters
        ----------
        scale : (S, N) float64
            Logarithms.
        learnable : (S, N) bool
            Moves begun there are counted.
        moves : StepMoves
        wanted : (W,) int64, optional
            Steps whose tails are wanted, ascending; by default all. Nothing after them is read.

        Returns
        -------
        (W, N, 2, WIDTH) float64, TailCounts, (S, N, 2) float64
        """
        steps, markets = scale.shape
        rows = np.arange(steps, dtype=np.int64) if wanted is None else wanted.astype(np.int64)
        out, levels = np.empty((rows.size, markets * 2 * WIDTH)), np.zeros((steps, markets, 2))
        counts = no_counts(markets)
        scaled = np.where(learnable, moves.move / np.exp(scale), np.nan)
        tail_path(
            counts,
            self.tail_rules(),
            scaled,
            moves.known,
            moves.longest,
            self.tail,
            rows,
            0,
            levels,
            out,
        )
        return out.reshape(rows.size, markets, 2, WIDTH), counts, levels
