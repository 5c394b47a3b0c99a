"""Arguments of the Black-76 functions: broadcast, checked, laid out for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.maths.black76_kernels import LARGEST, LARGEST_PRICE, SMALLEST_PRICE

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]
Index = NDArray[np.int64]

_Item = TypeVar("_Item", bound=np.generic)

PAYOFFS = ("linear", "inverse")

_BOUNDS = {
    "forward": (SMALLEST_PRICE, LARGEST_PRICE, "positive and finite", "give the price in money"),
    "strike": (SMALLEST_PRICE, LARGEST_PRICE, "positive and finite", "give the price in money"),
    "tau_years": (0.0, LARGEST, "zero or positive, and finite", "leave out expired options"),
    "sigma": (0.0, LARGEST, "zero or positive, and finite", "give annual volatility, 0.5 for 50 %"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionColumns:
    """Arguments as contiguous writeable vectors of one length, and the shape they came in."""

    forward: Vector
    strike: Vector
    tau_years: Vector
    sigma: Vector
    is_call: Flags
    shape: tuple[int, ...]

    @property
    def columns(self) -> tuple[Vector, Vector, Vector, Vector, Flags]:
        """In the order of the kernels' arguments."""
        return self.forward, self.strike, self.tau_years, self.sigma, self.is_call


def option_columns(
    forward: ArrayLike,
    strike: ArrayLike,
    tau_years: ArrayLike,
    sigma: ArrayLike,
    is_call: ArrayLike,
) -> OptionColumns:
    """Broadcast the arguments against each other; their domain is left to the kernels.

    Raises
    ------
    UsageError
        Where something is not a number, ``is_call`` not boolean, or the shapes do not fit.
    """
    given = {"forward": forward, "strike": strike, "tau_years": tau_years, "sigma": sigma}
    numbers = {name: real_array(name, value) for name, value in given.items()}
    flags = np.asarray(is_call)
    if flags.dtype != np.bool_:
        raise UsageError("must be boolean, True for calls", found=str(flags.dtype), field="is_call")
    shape = common_shape({**numbers, "is_call": flags})
    return OptionColumns(
        **{name: _column(value, shape) for name, value in numbers.items()},
        is_call=_column(flags, shape),
        shape=shape,
    )


def real_array(name: str, value: ArrayLike) -> Vector:
    """Float64 array of integers or floats; anything else is refused, never converted."""
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise UsageError("must be numbers", found=str(array.dtype), field=name)
    return array.astype(np.float64, copy=False)


def common_shape(arrays: dict[str, NDArray[np.generic]]) -> tuple[int, ...]:
    """Shape the arrays broadcast to."""
    try:
        return np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = {name: array.shape for name, array in arrays.items()}
        raise UsageError("must broadcast against each other", found=shapes) from None


def _column(array: NDArray[_Item], shape: tuple[int, ...]) -> NDArray[_Item]:
    """One value per option; copied only where the kernels could not read it as it lies."""
    spread = np.broadcast_to(array, shape) if array.shape != shape else array
    fits = spread.flags.c_contiguous and spread.flags.writeable
    return (spread if fits else np.array(spread)).reshape(-1)


def column_to_fill(name: str, out: Vector | None, options: OptionColumns) -> Vector:
    """Vector for one result per option: new, or a flat view of ``out``.

    Raises
    ------
    UsageError
        Where ``out`` has another shape or type, or cannot be written as it lies.
    """
    if out is None:
        return np.empty(options.forward.size)
    fits = out.shape == options.shape and out.dtype == np.float64
    if not (fits and out.flags.c_contiguous and out.flags.writeable):
        raise UsageError(
            f"must be a contiguous writeable float64 array of shape {options.shape}",
            found=f"{out.dtype} {out.shape}",
            field=name,
        )
    return out.reshape(-1)


def refuse_row(options: OptionColumns, row: int) -> None:
    """Say which argument of ``row`` is outside the domain of the formula.

    Raises
    ------
    UsageError
    """
    for name, (low, high, must, remedy) in _BOUNDS.items():
        value = float(getattr(options, name)[row])
        if not low <= value <= high:
            raise UsageError(f"must be {must}", found=value, remedy=remedy, field=name, row=row)


def is_inverse(payoff: str) -> bool:
    """Whether the payoff settles in coin.

    Raises
    ------
    UsageError
        For a quanto or unknown payoff.
    """
    if payoff in PAYOFFS:
        return payoff == "inverse"
    remedy = "a quanto needs the correlation of underlying and settlement coin, and has no formula"
    raise UsageError(
        "must be linear or inverse",
        found=str(payoff),
        remedy=remedy if payoff == "quanto" else "",
        field="payoff",
    )


def rate_array(rate: ArrayLike, shape: tuple[int, ...]) -> Vector | None:
    """Discount rate per option, broadcast; None where it is 0 everywhere.

    Raises
    ------
    UsageError
    """
    array = real_array("rate", rate)
    if not np.all(np.isfinite(array)):
        row = int(np.argmin(np.isfinite(array)))
        found = float(array.flat[row])
        remedy = "give a fraction per year, 0 for none"
        raise UsageError("must be finite", found=found, remedy=remedy, field="rate", row=row)
    if not np.any(array):
        return None
    if common_shape({"options": np.empty(shape), "rate": array}) != shape:
        raise UsageError("must broadcast to the options", found=array.shape, field="rate")
    return np.broadcast_to(array, shape).reshape(-1)


def index_column(name: str, value: ArrayLike, count: int, limit: int) -> Index:
    """``count`` indices in 0 .. ``limit - 1``; one number holds for all.

    Raises
    ------
    UsageError
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iu" or array.shape not in ((), (count,)):
        found = f"{array.dtype} {array.shape}"
        raise UsageError(f"must be {count} integers", found=found, field=name)
    indices = np.array(np.broadcast_to(array, (count,)), dtype=np.int64)
    bad = (indices < 0) | (indices >= limit)
    if bad.any():
        row = int(np.argmax(bad))
        must = f"must be in 0 .. {limit - 1}"
        raise UsageError(must, found=int(indices[row]), field=name, row=row)
    return indices
