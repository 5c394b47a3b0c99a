"""Jump flags of Lee and Mykland (2008) for one market, many markets, or a stream of bars."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, ParameterError
from plimsoll.estimators.observations import finite_observation, read_only
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.jump_flags import (
    lee_mykland_run,
    lee_mykland_state,
    lee_mykland_step,
    lee_mykland_table,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]
Scaling = Literal["bipower_mean", "variance"]
Zeros = Literal["keep", "skip"]

MEAN_ABSOLUTE_NORMAL = math.sqrt(2.0 / math.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class JumpThreshold:
    """Constants of the law of the largest statistic among ``comparisons`` without jumps."""

    centre: float
    scale: float
    beta: float

    @property
    def critical(self) -> float:
        """Size of the statistic above which a return is a jump."""
        return self.centre + self.scale * self.beta


def jump_threshold(
    comparisons: int, alpha: float, *, scaling: Scaling = "bipower_mean"
) -> JumpThreshold:
    """``C_n``, ``S_n`` and the Gumbel quantile ``-ln(-ln(1 - alpha))`` (Lee and Mykland, Lemma 1).

    Parameters
    ----------
    comparisons : int
        n of the maximum, at least 2.
    alpha : float
        Chance of one false flag or more among them, in (0, 1).
    scaling : {"bipower_mean", "variance"}
        As in :class:`LeeMykland`: c is ``sqrt(2 / pi)`` or 1.

    Examples
    --------
    >>> round(jump_threshold(288, 0.01).critical, 2)
    5.4
    """
    check_choice(scaling, Scaling, field="scaling")
    if comparisons < 2:
        raise ParameterError("must be at least 2", found=comparisons, field="comparisons")
    if not 0.0 < alpha < 1.0:
        raise ParameterError("must lie strictly between 0 and 1", found=alpha, field="alpha")
    c = MEAN_ABSOLUTE_NORMAL if scaling == "bipower_mean" else 1.0
    log_n = math.log(comparisons)
    root = math.sqrt(2.0 * log_n)
    return JumpThreshold(
        centre=root / c - (math.log(math.pi) + math.log(log_n)) / (2.0 * c * root),
        scale=1.0 / (c * root),
        beta=-math.log(-math.log1p(-alpha)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeeMykland:
    """Each return over the bipower volatility of the bars before it.

    Parameters
    ----------
    window : int
        K: bars before a return that its volatility comes from (K - 2 products); the first
        statistic is that of the return after K others. At least the root of the bars in a year:
        270 for 5 minutes, 16 for days.
    alpha : float
        Chance of a false flag among ``comparisons``.
    comparisons : int or None
        n of ``C_n`` and ``S_n``; None takes the length of the series (vectors' ``n_all``), 288
        with 5-minute bars tests each day (``n_288_per_day``).
    scaling : {"bipower_mean", "variance"}
        Local variance as the plain mean of the products, with ``c = sqrt(2 / pi)`` in the
        constants (the paper's), or times ``pi / 2`` with c = 1: statistics are then standard
        normal without jumps. The flags are the same.
    zeros : {"keep", "skip"}
        Zero returns count (the paper's), or are passed over, neither tested nor part of a window.
        Stale bars make products zero and ordinary moves after them look like jumps: skip them
        wherever the market is not traded in every bar.
    """

    window: int = 270
    alpha: float = 0.01
    comparisons: int | None = None
    scaling: Scaling = "bipower_mean"
    zeros: Zeros = "keep"

    def __post_init__(self) -> None:
        check_choice(self.scaling, Scaling, field="scaling")
        check_choice(self.zeros, Zeros, field="zeros")
        if self.window < 3:
            raise ParameterError("must be at least 3", found=self.window, field="window")
        jump_threshold(self.comparisons or 2, self.alpha)

    def fit(self, returns: ArrayLike, *, seasonal_factors: ArrayLike | None = None) -> JumpFlags:
        """Test every return of one market.

        Parameters
        ----------
        returns : array_like, shape (n,)
            Log returns in time order, any unit; NaN where there is no bar: passed over.
        seasonal_factors : array_like, shape (n,), optional
            Volatility of each bar relative to the usual; returns are divided by it.

        Raises
        ------
        DataFormatError
            Not one-dimensional or infinite somewhere; factors that are not positive.
        """
        values = _deseasonalised(_returns(returns, 1), seasonal_factors)
        statistic, state = np.empty_like(values), lee_mykland_state(self.window)
        lee_mykland_run(values, self.zeros == "skip", state, statistic)
        return self._flags(values, self._scaled(statistic), state)

    def table(self, returns: ArrayLike, *, seasonal_factors: ArrayLike | None = None) -> Matrix:
        """Statistics of many markets, shape (markets, bars) in and out; NaN where there is none."""
        values = _deseasonalised(_returns(returns, 2), seasonal_factors)
        return self._scaled(lee_mykland_table(values, self.window, self.zeros == "skip"))

    def threshold(self, length: int) -> JumpThreshold:
        """Constants for a series of ``length`` bars."""
        return jump_threshold(self.comparisons or max(length, 2), self.alpha, scaling=self.scaling)

    def _scaled(self, statistic: Vector) -> Vector:
        return statistic * MEAN_ABSOLUTE_NORMAL if self.scaling == "variance" else statistic

    def _flags(self, values: Vector, statistic: Vector, state: Vector) -> JumpFlags:
        limits = self.threshold(values.size)
        flag = np.abs(statistic) > limits.critical
        flag.setflags(write=False)
        observed = int(np.isfinite(values).sum())
        return JumpFlags(
            method=self,
            statistic=read_only(statistic),
            threshold=limits,
            flag=flag,
            tested=int(np.isfinite(statistic).sum()),
            stale_share=float(np.sum(values == 0.0) / max(observed, 1)),
            state=read_only(state),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JumpFlags:
    """Result of :class:`LeeMykland`.

    Parameters
    ----------
    statistic : ndarray of float, shape (n,)
        Signed; NaN before the first window is full, in holes, and where the window has no moves.
    flag : ndarray of bool, shape (n,)
    tested : int
        Returns with a statistic.
    stale_share : float
        Share of zero returns among those seen. Above a few per cent use ``zeros="skip"``.
    """

    method: LeeMykland
    statistic: Vector
    threshold: JumpThreshold
    flag: Flags
    tested: int
    stale_share: float
    state: Vector = field(repr=False)

    @property
    def rows(self) -> Index:
        """0-based rows of the flagged returns."""
        return np.flatnonzero(self.flag).astype(np.int64)

    def stream(self) -> JumpStream:
        """State after the last bar, to go on from."""
        return JumpStream(method=self.method, critical=self.threshold.critical, state=self.state)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JumpStream:
    """Statistics bar by bar, to the bit those of :meth:`LeeMykland.fit` on the longer series.

    The threshold stays what it was, because the number of comparisons of a stream is a choice.
    """

    method: LeeMykland
    critical: float
    state: Vector = field(repr=False)
    statistic: float = math.nan

    @property
    def flag(self) -> bool:
        """Whether the last return was a jump."""
        return abs(self.statistic) > self.critical

    def update(self, value: float, *, seasonal_factor: float = 1.0) -> Self:
        """The stream after one more return.

        Raises
        ------
        DataFormatError
            Where it is not finite, or the factor is not positive.
        """
        number = np.array([finite_observation(value, name="value")])
        scaled = float(_deseasonalised(number, [seasonal_factor])[0])
        if self.method.zeros == "skip" and scaled == 0.0:
            return replace(self, statistic=math.nan)
        state = np.array(self.state)
        found = float(lee_mykland_step(state, scaled))
        if self.method.scaling == "variance":
            found *= MEAN_ABSOLUTE_NORMAL
        return replace(self, state=read_only(state), statistic=found)


def _returns(values: ArrayLike, dimensions: int) -> Vector:
    array = np.array(values, dtype=np.float64, order="C")
    if array.ndim != dimensions or np.isinf(array).any():
        raise DataFormatError(
            f"must have {dimensions} dimension(s) and no infinite return",
            found=f"shape {array.shape}, {int(np.isinf(array).sum())} infinite",
            remedy="pass NaN where there is no bar",
            field="returns",
        )
    return array


def _deseasonalised(values: Vector, factors: ArrayLike | None) -> Vector:
    if factors is None:
        return values
    scale = np.asarray(factors, dtype=np.float64)
    if scale.shape not in (values.shape, values.shape[-1:]):
        raise DataFormatError(
            f"must have one factor per bar, {values.shape[-1]}",
            found=f"shape {scale.shape}",
            field="seasonal_factors",
        )
    if not (np.isfinite(scale).all() and np.all(scale > 0.0)):
        raise DataFormatError("must be finite and positive", field="seasonal_factors")
    return np.ascontiguousarray(values / scale)
