r"""Panel HAR: log realised variance of all markets on its last day, week and month.

With :math:`v_k` the log of the mean square hourly return over the last k days, and m a market's own
mean of :math:`v_1` so far,

.. math:: \ln \bar r^2_{t..t+h} - m = b_0 + \sum_k b_k (v_k - m) + e ,

one set of coefficients for all markets, least squares on what was known, learnt again every so many
days. Moves over the volatility it gives have the tail of all markets (`blends.pooled_paths`), or of
their own, which also takes up what a logarithm's mean leaves of a variance's.

Sources: Corsi (2009); pooled over a panel with own means ("panel HAR", centred): Bollerslev, Hood,
Huss and Pedersen, "Risk everywhere", Review of Financial Studies 31 (2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.blends import pooled_paths
from plimsoll.estimators.reference.forecast import ForecastPaths
from plimsoll.estimators.reference.moves import panel_moves, tail_paths
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.maths.realised_regression import solve_sums

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEAST_PIVOT = 1e-8
LEAST_VARIANCE = 1e-14
"""Mean square of an hour below which a market did not move: it has no logarithm worth learning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelHar:
    """See the module text.

    Parameters
    ----------
    lags_days : tuple of int
        Rising.
    refit_days : int
        Learnt first after twice so many days, again every so many; until then every coefficient
        is an equal share of ``before``.
    before : float
        Sum of the coefficients until then.
    share : float
        Share, in (0, 1], of the forecast's distance from a market's own mean (in logs) that is
        used: less moves the margin less, at some cost in score. The tail is that of the moves over
        the volatility so calmed.
    least_rows : int
        With fewer market-days the coefficients stay as they are.
    window_days : int
        Look-back of a market's own tail; 0 for the tail pooled over all markets.
    """

    name: str = "har_pooled"
    lags_days: tuple[int, ...] = (1, 7, 30)
    refit_days: int = 91
    before: float = 0.75
    share: float = 1.0
    least_rows: int = 1_000
    window_days: int = 0

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.lags_days, self.lags_days[1:], strict=False))
        if not self.lags_days or self.lags_days[0] < 1 or not rising:
            raise ParameterError(
                "must rise from at least 1", found=self.lags_days, field="lags_days"
            )
        if not 0.0 < self.share <= 1.0:
            raise ParameterError("must lie in (0, 1]", found=self.share, field="share")
        if self.refit_days < 1 or self.least_rows < 100 or self.window_days < 0:
            raise ParameterError(
                "must be at least 1 day and 100 rows, and not negative",
                found=(self.refit_days, self.least_rows, self.window_days),
                field="refit_days",
            )

    @property
    def title(self) -> str:
        """One line."""
        lags = "/".join(str(days) for days in self.lags_days)
        tail = f"own tail {self.window_days} d" if self.window_days else "pooled tail"
        calmed = f", {self.share:g} of it" if self.share < 1.0 else ""
        return f"Panel HAR of log variance over {lags} d{calmed}, {tail}; ES of the tail"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary."""
        moves = panel_moves(panel, horizon_hours)
        volatility = self.volatility(panel, horizon_hours)
        if self.window_days:
            return tail_paths(panel, moves, volatility, window_days=self.window_days)
        return pooled_paths(panel, moves, volatility)

    def volatility(self, panel: ReturnsPanel, horizon_hours: int) -> FloatArray:
        """(N, D) median volatility of the move over the horizon; NaN before a market is warm."""
        squares = _Squares.of(panel)
        bars, day = panel.boundaries.bars, panel.bars_per_day
        lagged = [squares.log_mean(bars - k * day, bars) for k in self.lags_days]
        own = _mean_so_far(lagged[0])
        design = np.stack([np.ones_like(own), *(v - own for v in lagged)], axis=2)
        horizon = panel.bars_of(horizon_hours)
        target = squares.log_mean(bars, bars + horizon) - own
        ended = np.searchsorted(bars, bars + horizon, side="left")
        coefficients = self._in_force(design, target, ended, panel.time_ns)
        line = own + self.share * np.einsum("dnk,dk->dn", design, coefficients)
        return np.ascontiguousarray(np.exp(0.5 * (line + np.log(horizon))).T)

    def _in_force(
        self, design: FloatArray, target: FloatArray, ended: IntArray, time_ns: IntArray
    ) -> FloatArray:
        """(D, K + 1) coefficients at every boundary, from targets that had ended by it."""
        k = design.shape[2]
        usable = np.isfinite(target) & np.isfinite(design).all(axis=2)
        x = np.where(usable[:, :, None], design, 0.0)
        y = np.where(usable, target, 0.0)
        cross = np.cumsum(np.einsum("dni,dnj->dij", x, x), axis=0)
        product = np.cumsum(np.einsum("dni,dn->di", x, y), axis=0)
        rows = np.cumsum(usable.sum(axis=1))
        out = np.full((time_ns.size, k), self.before / (k - 1))
        out[:, 0] = 0.0
        step = self.refit_days * DAY_NS
        for at_ns in range(int(time_ns[0]) + 2 * step, int(time_ns[-1]) + 1, step):
            boundary = int(np.searchsorted(time_ns, at_ns))
            # Boundaries whose horizon had ended: ends rise with starts.
            last = int(np.searchsorted(ended, boundary, side="right")) - 1
            if last < 0 or rows[last] < self.least_rows:
                continue
            found, solved = solve_sums(cross[last].copy(), product[last].copy(), LEAST_PIVOT)
            if solved:
                out[boundary:] = found
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Squares:
    """Running sums (T + 1, N) of squared returns of consecutive bars, and of their number."""

    total: FloatArray
    count: FloatArray

    @classmethod
    def of(cls, panel: ReturnsPanel) -> _Squares:
        price = panel.log_price
        squares = np.diff(price, axis=0) ** 2
        known = np.isfinite(squares)
        empty = np.zeros((2, price.shape[1]))
        return cls(
            total=np.concatenate([empty, np.cumsum(np.where(known, squares, 0.0), axis=0)]),
            count=np.concatenate([empty, np.cumsum(known, axis=0)]),
        )

    def log_mean(self, first: IntArray, until: IntArray) -> FloatArray:
        """(D, N) log mean square of bars ``first`` to ``until - 1``; NaN with less than half."""
        inside = (first >= 0) & (until < self.total.shape[0])
        a, b = np.where(inside, first, 0), np.where(inside, until, 0)
        total, count = self.total[b] - self.total[a], self.count[b] - self.count[a]
        enough = 2.0 * count >= np.maximum(until - first, 1)[:, None]
        mean = total / np.maximum(count, 1.0)
        usable = inside[:, None] & enough & (mean > LEAST_VARIANCE)
        return np.where(usable, np.log(np.where(usable, mean, 1.0)), np.nan)


def _mean_so_far(values: FloatArray) -> FloatArray:
    """(D, N) mean of all that is known of a column up to each row; NaN without any."""
    known = np.isfinite(values)
    count = np.cumsum(known, axis=0)
    total = np.cumsum(np.where(known, values, 0.0), axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
