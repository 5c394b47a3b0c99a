r"""A margin policy: how volatility, an own history and a pooled tail make a margin, and its tools.

.. math:: \ln s = v_\infty + \mathrm{clip}\Bigl(r + \sum_k a_k \bigl[(1 - c)(v_k - v_\infty)
    + c\,\overline{(v_k - v_\infty)}\bigr], l, u\Bigr) + \tfrac12 \ln h

with :math:`v_k` the log volatility on time scale k, :math:`v_\infty` the long one, the bar a mean
over all markets, r the rest position and (l, u) the reach. The reach bounds how far a margin swings
within a cycle, so it is what a limit on peak to trough buys. The margin is s times the pooled tail
at the market's own level, and, with a history weight w, ``m^(1 - w) m_history^w``: the market's own
simulated past as a memory of its last stress. The tools follow in the order of the fields.
"""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.errors import ParameterError

HALF_LIVES_HOURS = (3.0, 24.0, 72.0, 264.0, 720.0)
LONG_HALF_LIFE_DAYS = 2000.0
NOMINAL_TAIL = 0.01 * 1.25**-3
"""What a 25 % buffer makes of a 1 % tail whose index is 3, the cubic law of returns: 0.512 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginPolicy:
    """See the module text; nothing is on by default but the long volatility and the pooled tail.

    Parameters
    ----------
    name : str
    weights : tuple of float
        a of each of `HALF_LIVES_HOURS`, in [0, 1].
    rest : float
        Log distance that the blend keeps where all scales agree with the long one.
    reach : (float, float)
        Lowest and highest log distance from the long volatility.
    common_share : float
        c: share of the market-wide distance.
    anchor : float
        Share of the long volatility that the margin follows; without it (0) a market's constant
        level takes its place.
    tail : float
        Tail probability before the level is set.
    own_half_life_days, pool_half_life_days : float
    level_tail, level_prior, pool_prior : float
        As in `plimsoll.estimators.reference.log_blend.LogBlend`.
    history_weight, history_buffer : float
        w, and the buffer on the 365-day historical simulation that it weighs.
    stress_weight : float
        Of the worst 90 days so far of the policy's own margin.
    buffer : float
        Used up in stress (`plimsoll.calibration.anti_procyclicality.buffered`).
    long_floor : float
        Share of the long historical simulation that a margin is never below.
    long_floor_years : int
        That the simulation looks back over, of what there is: for tables.
    cap_and_floor : (float, float) or None
        Quantiles of its own past that a margin is held within; the cap falls on a breach.
    rise_limit, fall_limit : float
        Largest change a day; infinite and 1 for none.
    breach_gap : float
        A loss of so much more than the margin, as a share of it, lifts the limit on the rise for
        the day; the limit on the fall stays.
    """

    name: str
    weights: tuple[float, ...] = (0.0,) * len(HALF_LIVES_HOURS)
    rest: float = 0.0
    reach: tuple[float, float] = (-0.3, 0.3)
    common_share: float = 0.0
    anchor: float = 1.0
    tail: float = NOMINAL_TAIL
    own_half_life_days: float = 1000.0
    pool_half_life_days: float = 1000.0
    level_tail: float = 0.05
    level_prior: float = 1000.0
    pool_prior: float = 1e6
    history_weight: float = 0.0
    history_buffer: float = 0.25
    stress_weight: float = 0.0
    buffer: float = 0.0
    long_floor: float = 0.0
    long_floor_years: int = 3
    cap_and_floor: tuple[float, float] | None = None
    rise_limit: float = float("inf")
    fall_limit: float = 1.0
    breach_gap: float = 0.25

    def __post_init__(self) -> None:
        if len(self.weights) != len(HALF_LIVES_HOURS):
            raise ParameterError(
                f"must hold {len(HALF_LIVES_HOURS)} weights", found=self.weights, field="weights"
            )
        for name in ("common_share", "anchor", "history_weight", "stress_weight", "fall_limit"):
            _within(name, getattr(self, name), 0.0, 1.0)
        for weight in self.weights:
            _within("weights", weight, 0.0, 1.0)
        for name in ("buffer", "history_buffer", "long_floor", "rise_limit", "breach_gap"):
            _within(name, getattr(self, name), 0.0, float("inf"))
        if not self.reach[0] <= self.reach[1]:
            raise ParameterError("must ascend", found=self.reach, field="reach")
        if not 0.0 < self.tail < 0.5 or not 0.0 < self.level_tail < 0.5:
            raise ParameterError("must lie in (0, 0.5)", found=self.tail, field="tail")
        if min(self.own_half_life_days, self.pool_half_life_days) <= 0.0:
            raise ParameterError("must be positive", found=self.own_half_life_days, field="days")
        if self.cap_and_floor is not None and not (
            0.0 <= self.cap_and_floor[0] < self.cap_and_floor[1] <= 1.0
        ):
            raise ParameterError(
                "must be quantiles that ascend", found=self.cap_and_floor, field="cap_and_floor"
            )

    @property
    def tools(self) -> str:
        """Tools in force, for tables."""
        capped = self.cap_and_floor
        named = (
            f"history {self.history_weight:.0%}, its buffer {self.history_buffer:.0%}"
            if self.history_weight
            else "",
            f"stress weight {self.stress_weight:.0%}" if self.stress_weight else "",
            f"buffer {self.buffer:.0%}" if self.buffer else "",
            f"{self.long_floor:.0%} of the {self.long_floor_years}-year margin as floor"
            if self.long_floor
            else "",
            f"held within its {capped[0]:.0%} to {capped[1]:.0%} quantiles" if capped else "",
            self._speed_limit,
        )
        return ", ".join(filter(None, named)) or "none"

    @property
    def _speed_limit(self) -> str:
        if not self.is_limited:
            return ""
        if self.rise_limit == float("inf"):
            return f"-{self.fall_limit:.0%} a day"
        return (
            f"+{self.rise_limit:.0%}/-{self.fall_limit:.0%} a day, the rise free on a day whose "
            f"loss exceeds the margin by {self.breach_gap:.0%}"
        )

    @property
    def is_limited(self) -> bool:
        """Whether a speed limit is on."""
        return self.rise_limit < float("inf") or self.fall_limit < 1.0


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ParameterError(f"must lie in [{low:g}, {high:g}]", found=value, field=name)
