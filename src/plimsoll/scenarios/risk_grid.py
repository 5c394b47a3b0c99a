"""Risk grids: scenarios of price and volatility as venues publish them.

A grid moves every price of a risk unit by one amount and every implied volatility by a rule that
depends on its time to expiry. That is less general than a `ScenarioSet` of factor shocks and what
venues' portfolio margins are written in.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError, UsageError

FloatArray = NDArray[np.float64]


class VolMove(StrEnum):
    """What a scenario does to implied volatility."""

    UP = "up"
    NONE = "none"
    DOWN = "down"
    SKEW_LINEAR = "skew_linear"  # one wing up, the other down
    SKEW_ABS = "skew_abs"  # both wings up


@dataclass(frozen=True, slots=True, kw_only=True)
class VolRule:
    """How far volatility moves, by days to expiry ``d``.

    ``up = 1 + range_up (reference_days / max(d, floor_days)) ^ p`` and
    ``down = max(0, 1 - range_down (...) ^ p)``, relative, with ``p = short_power`` for expiries up
    to ``reference_days`` and ``long_power`` beyond.

    Parameters
    ----------
    range_up, range_down : float
        Relative, at ``reference_days``.
    short_power, long_power : float
    reference_days, floor_days : float
    minimum_vol_up : float
        Floor of the volatility in UP scenarios, annual; 0: none.

    Raises
    ------
    ParameterError
    """

    range_up: float
    range_down: float
    short_power: float = 0.30
    long_power: float = 0.13
    reference_days: float = 30.0
    floor_days: float = 1.0
    minimum_vol_up: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            least = 0.0 if name not in ("reference_days",) else np.nextafter(0.0, 1.0)
            if not (np.isfinite(value) and value >= least):
                raise ParameterError("must be finite and not negative", found=value, field=name)

    def multipliers(self, days: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the factors ``up`` and ``down`` (E,) of volatilities ``days`` (E,) from expiry.

        Examples
        --------
        >>> rule = VolRule(range_up=0.5, range_down=0.25)
        >>> up, down = rule.multipliers(np.array([30.0, 1.0, 365.0]))
        >>> up.round(4).tolist(), down.round(4).tolist()
        ([1.5, 2.3871, 1.3613], [0.75, 0.3065, 0.8193])
        """
        days = np.asarray(days, dtype=np.float64)
        power = np.where(days <= self.reference_days, self.short_power, self.long_power)
        with np.errstate(divide="ignore"):  # a floor of zero days: an infinite move on the last
            stretch = (self.reference_days / np.maximum(days, self.floor_days)) ** power
        return 1.0 + self.range_up * stretch, np.maximum(1.0 - self.range_down * stretch, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskGrid:
    """S scenarios of one risk unit.

    Parameters
    ----------
    names : tuple of S str
    price_moves : (S,) float64
        Simple return of the underlying, above -1.
    vol_moves : tuple of S VolMove
    fraction : (S,) float64
        Share of a scenario's profit or loss that counts, in [0, 1].
    delta_one_moves : (S,) float64 or None
        Where perpetuals and futures are held at another move than options (Deribit's extended
        table holds them at the edge of the range); None: at ``price_moves``.

    Raises
    ------
    UsageError
    """

    names: tuple[str, ...]
    price_moves: FloatArray
    vol_moves: tuple[VolMove, ...]
    fraction: FloatArray
    delta_one_moves: FloatArray | None = None

    def __post_init__(self) -> None:
        count = len(self.names)
        if not count or len(set(self.names)) != count:
            raise UsageError("must be at least one, each once", found=count, field="names")
        columns = {"price_moves": self.price_moves, "fraction": self.fraction}
        if self.delta_one_moves is not None:
            columns["delta_one_moves"] = self.delta_one_moves
        for name, column in columns.items():
            if column.shape != (count,) or not bool(np.all(np.isfinite(column))):
                raise UsageError(f"must be {count} finite numbers", found=column, field=name)
            column.setflags(write=False)
        if len(self.vol_moves) != count:
            raise UsageError(f"must be {count}", found=len(self.vol_moves), field="vol_moves")
        if bool(np.any(self.price_moves <= -1.0)):
            raise UsageError("must be above -1", found=float(self.price_moves.min()))
        if bool(np.any((self.fraction < 0.0) | (self.fraction > 1.0))):
            raise UsageError("must lie in [0, 1]", found=self.fraction, field="fraction")

    def __len__(self) -> int:
        return len(self.names)
