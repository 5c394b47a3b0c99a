"""What happens to all accounts alike: marks, funding, and what closing costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import ParameterError, UsageError
from plimsoll.maths.payoffs import INVERSE, LINEAR

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarkPaths:
    """Marks of M markets over T bars of one length, and the cost of closing in them.

    Parameters
    ----------
    markets : tuple of M str
    time_ns : (T,) int64
        OPEN times of the bars, one interval apart.
    close : (T, M) float64
        NaN where nothing was printed: such a bar is passed over.
    low, high : (T, M) float64, optional
        Worst prices within the bar for longs and shorts; by default the closes.
    funding : (T, M) float64, optional
        Rate paid by longs over the bar, a fraction; by default none is paid.
    half_spread : (T, M) float64
        Fraction of notional.
    impact : (T, M) float64
        k of ``half_spread + k sqrt(Q)``, Q in quote currency: Y sigma_d / sqrt(V_d) of the
        square-root law with the volatility and turnover that were known before the bar.
    inverse : bool
        Margin and profit are in coin, and amounts are contract values; then there is one market.
    call_hours : int
        Margin calls fall on multiples of it from midnight (UTC): for `solvent_users`.

    Raises
    ------
    UsageError, ParameterError
    """

    markets: tuple[str, ...]
    time_ns: IntArray
    close: FloatArray
    half_spread: FloatArray
    impact: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None
    funding: FloatArray | None = None
    inverse: bool = False
    call_hours: int = 8

    __repr__ = field_summary

    def __post_init__(self) -> None:
        shape = (self.time_ns.size, len(self.markets))
        for name in ("close", "half_spread", "impact", "low", "high", "funding"):
            column = getattr(self, name)
            if column is not None and column.shape != shape:
                raise UsageError(
                    f"must have the shape (bars, markets) = {shape}",
                    found=column.shape,
                    field=name,
                )
        steps = np.unique(np.diff(self.time_ns))
        if self.time_ns.size < 2 or steps.size != 1 or steps[0] <= 0:
            raise UsageError("must rise by one interval", found=steps[:3], field="time_ns")
        if self.inverse and len(self.markets) != 1:
            raise UsageError(
                "must be one market where margin is in coin",
                found=len(self.markets),
                field="markets",
                remedy="replay each coin by itself: coins do not add up",
            )
        self._check_values()

    def _check_values(self) -> None:
        printed = self.close[~np.isnan(self.close)]
        if not bool(np.all((printed > 0.0) & np.isfinite(printed))):
            raise ParameterError("must be positive", found=float(printed.min()), field="close")
        for name in ("half_spread", "impact"):
            column = getattr(self, name)
            if not bool(np.all(np.isfinite(column) & (column >= 0.0))):
                raise ParameterError("must be finite and not negative", field=name)
        if self.funding is not None and not bool(np.all(np.isfinite(self.funding))):
            raise ParameterError("must be finite", field="funding", remedy="0 where none is paid")
        if self.call_hours < 1 or 24 % self.call_hours:
            raise ParameterError("must divide 24", found=self.call_hours, field="call_hours")

    @property
    def interval_ns(self) -> int:
        """Length of a bar."""
        return int(self.time_ns[1] - self.time_ns[0])

    @property
    def payoff(self) -> int:
        """Code of `plimsoll.maths.payoffs`."""
        return INVERSE if self.inverse else LINEAR

    def next_call(self) -> IntArray:
        """(T,) bar that closes at the first margin call after each bar's close; -1: none.

        >>> from plimsoll.domain.market import HOUR_NS
        >>> nothing = np.zeros((6, 1))
        >>> MarkPaths(
        ...     markets=("A",), time_ns=np.arange(6) * 4 * HOUR_NS, close=nothing + 1.0,
        ...     half_spread=nothing, impact=nothing,
        ... ).next_call().tolist()
        [1, 3, 3, 5, 5, -1]
        """
        step = self.call_hours * 3_600_000_000_000
        closed = self.time_ns + self.interval_ns
        due = (closed // step + 1) * step
        bar = np.searchsorted(closed, due).astype(np.int64)
        return np.where(bar < closed.size, bar, -1)

    def bars_of(self, hours: float) -> int:
        """Return a span in bars, at least one."""
        return max(1, round(hours * 3.6e12 / self.interval_ns))
