"""Prices of many options under many scenarios: the table that scenario margin sums.

Volatility is the option's own (`flat_grid_prices`) or looked up on the raw SVI smile of its expiry
for every cell (`surface_grid_prices`). Time does not pass between now and the scenario, and nothing
is discounted. A cell is wrong by less than 3e-15 of the larger of shocked forward and strike, for
sigma sqrt(tau) up to 10: ``tests/oracles/test_black76_grid_prices.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import UsageError
from plimsoll.maths.black76_grid_kernels import (
    flat_grid,
    flat_grid_parallel,
    surface_grid,
    surface_grid_parallel,
)
from plimsoll.maths.black76_inputs import (
    OptionColumns,
    index_column,
    is_inverse,
    option_columns,
    real_array,
    refuse_row,
)
from plimsoll.maths.black76_kernels import first_outside

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

PARALLEL_CELLS = 200_000
"""Cells from which threads are worth starting: about a millisecond of work."""

STICKINESS = {"sticky_moneyness": 1.0, "sticky_strike": 0.0}
"""How far the smile travels with the forward, by the name of the dynamics."""

_LARGEST_SHOCK = 1e6


@dataclass(frozen=True, slots=True, init=False, eq=False)
class ScenarioShocks:
    """Shocks of S scenarios for G groups of options (underlyings or expiries), each (G, S).

    A row (S,) is one group. A cell's forward is ``forward * (1 + forward_returns)``, its volatility
    ``max(sigma * vol_scale + vol_shift, 0)``.

    Parameters
    ----------
    forward_returns : (S,) or (G, S) array_like
        Simple relative moves, above -1.
    vol_scale : broadcastable to it
        Relative shocks of volatility: 1.25 raises it by a quarter; not negative.
    vol_shift : broadcastable to it
        Absolute shocks of volatility: 0.10 raises it by ten points.

    Raises
    ------
    UsageError
    """

    forward_returns: Matrix
    vol_scale: Matrix
    vol_shift: Matrix

    def __init__(
        self,
        *,
        forward_returns: ArrayLike,
        vol_scale: ArrayLike = 1.0,
        vol_shift: ArrayLike = 0.0,
    ) -> None:
        given = {
            "forward_returns": forward_returns,
            "vol_scale": vol_scale,
            "vol_shift": vol_shift,
        }
        numbers = {name: real_array(name, value) for name, value in given.items()}
        shape = _shape_of_shocks(numbers)
        for name, value in numbers.items():
            object.__setattr__(self, name, np.array(np.broadcast_to(value, shape)))
        _require("forward_returns", self.forward_returns, self.forward_returns > -1.0, "above -1")
        _require("vol_scale", self.vol_scale, self.vol_scale >= 0.0, "at least 0")
        _require("vol_shift", self.vol_shift, np.isfinite(self.vol_shift), "finite")

    @property
    def shape(self) -> tuple[int, int]:
        """Groups and scenarios."""
        groups, scenarios = self.forward_returns.shape
        return groups, scenarios

    @property
    def arguments(self) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        """Logarithmic moves, factors, scales and shifts, as the kernels take them."""
        returns = self.forward_returns
        return np.log1p(returns), 1.0 + returns, self.vol_scale, self.vol_shift


def flat_grid_prices(
    forward: ArrayLike,
    strike: ArrayLike,
    tau_years: ArrayLike,
    sigma: ArrayLike,
    is_call: ArrayLike,
    *,
    shocks: ScenarioShocks,
    group: ArrayLike | None = None,
    payoff: str = "linear",
    out: Matrix | None = None,
) -> Matrix:
    """Prices of N options under S scenarios, each at its own shocked volatility.

    Parameters
    ----------
    forward, strike, tau_years, sigma, is_call : array_like
        As in `plimsoll.maths.black76.price`; they broadcast to (N,).
    shocks : ScenarioShocks
    group : (N,) array_like of int, optional
        Row of the shocks that holds for each option; needed where there are several.
    payoff : {"linear", "inverse"}
        Inverse prices are in coin: divided by the shocked forward.
    out : (N, S) float64, optional
        Where to write; contiguous.

    Returns
    -------
    (N, S) float64

    Raises
    ------
    UsageError
    """
    inverse = is_inverse(payoff)
    options = _checked(option_columns(forward, strike, tau_years, sigma, is_call))
    f, k, tau, volatility, call = options.columns
    option = (f, k, np.sqrt(tau), volatility, call, inverse, _groups(group, f.size, shocks))
    table = _table(out, f.size, shocks)
    kernel = flat_grid_parallel if table.size >= PARALLEL_CELLS else flat_grid
    kernel(*option, *shocks.arguments, table)
    return table


def surface_grid_prices(
    forward: ArrayLike,
    strike: ArrayLike,
    tau_years: ArrayLike,
    is_call: ArrayLike,
    *,
    smiles: ArrayLike,
    smile_of: ArrayLike,
    shocks: ScenarioShocks,
    group: ArrayLike | None = None,
    dynamics: str = "sticky_moneyness",
    payoff: str = "linear",
    out: Matrix | None = None,
) -> Matrix:
    """Prices of N options under S scenarios, volatility looked up on a surface for every cell.

    Arguments not named here are those of `flat_grid_prices`.

    Parameters
    ----------
    smiles : (E, 5) array_like
        Raw SVI (a, b, rho, m, sigma) of each expiry's total variance. A slice that is negative
        somewhere counts as 0 there.
    smile_of : (N,) array_like of int
        Row of ``smiles`` for each option.
    dynamics : {"sticky_moneyness", "sticky_strike"}
        Whether the smile travels with the forward, or each strike keeps its volatility.

    Returns
    -------
    (N, S) float64

    Raises
    ------
    UsageError
    """
    inverse = is_inverse(payoff)
    options = _checked(option_columns(forward, strike, tau_years, 0.0, is_call))
    f, k, tau, _, call = options.columns
    slices = _slices(smiles)
    of = index_column("smile_of", smile_of, f.size, len(slices))
    look_up = (f, k, np.sqrt(tau), slices, of, _stickiness(dynamics))
    table = _table(out, f.size, shocks)
    kernel = surface_grid_parallel if table.size >= PARALLEL_CELLS else surface_grid
    groups = _groups(group, f.size, shocks)
    kernel(*look_up, call, inverse, groups, *shocks.arguments, table)
    return table


def _checked(options: OptionColumns) -> OptionColumns:
    """The options, where each is in the domain of the formula."""
    row = first_outside(*options.columns[:4], 0)
    if row >= 0:
        refuse_row(options, row)
    return options


def _shape_of_shocks(numbers: dict[str, Vector]) -> tuple[int, int]:
    """Groups and scenarios of what was given."""
    try:
        shape = np.broadcast_shapes(*(value.shape for value in numbers.values()))
    except ValueError:
        shape = (0, 0, 0)
    if not 1 <= len(shape) <= 2:
        shapes = {name: value.shape for name, value in numbers.items()}
        raise UsageError("must broadcast to (scenarios,) or (groups, scenarios)", found=shapes)
    return (1, shape[0]) if len(shape) == 1 else (shape[0], shape[1])


def _require(name: str, values: Matrix, good: NDArray[np.bool_], must: str) -> None:
    """Refuse the first shock that is out of bounds; ``good`` is False for NaN."""
    good = good & (np.abs(values) <= _LARGEST_SHOCK)
    if not good.all():
        row, scenario = (int(at[0]) for at in np.nonzero(~good))
        raise UsageError(
            f"must be {must} and at most {_LARGEST_SHOCK:g} (scenario {scenario})",
            found=float(values[row, scenario]),
            remedy="returns are simple, scales factors, shifts fractions",
            field=name,
            row=row,
        )


def _groups(group: ArrayLike | None, options: int, shocks: ScenarioShocks) -> Index:
    """Row of the shocks per option."""
    groups = shocks.shape[0]
    if group is None and groups != 1:
        remedy = "say which row of the shocks holds for each option"
        raise UsageError("must be given", found=f"{groups} groups", remedy=remedy, field="group")
    return index_column("group", 0 if group is None else group, options, groups)


def _slices(smiles: ArrayLike) -> Matrix:
    """Raw SVI parameters as a matrix."""
    slices = np.array(real_array("smiles", smiles), order="C")
    if slices.ndim != 2 or slices.shape[1] != 5:
        raise UsageError("must be (expiries, 5)", found=slices.shape, field="smiles")
    bad = ~np.isfinite(slices).all(axis=1)
    if bad.any():
        row = int(np.argmax(bad))
        remedy = "leave out options whose expiry has no smile"
        raise UsageError(
            "must be finite", found=slices[row].tolist(), remedy=remedy, field="smiles", row=row
        )
    return slices


def _stickiness(dynamics: str) -> float:
    """How far the smile travels with the forward."""
    if dynamics not in STICKINESS:
        raise UsageError(
            f"must be one of {', '.join(STICKINESS)}", found=str(dynamics), field="dynamics"
        )
    return STICKINESS[dynamics]


def _table(out: Matrix | None, options: int, shocks: ScenarioShocks) -> Matrix:
    """The table to fill."""
    shape = (options, shocks.shape[1])
    if out is None:
        return np.empty(shape)
    fits = out.shape == shape and out.dtype == np.float64
    if not (fits and out.flags.c_contiguous and out.flags.writeable):
        raise UsageError(
            f"must be a contiguous writeable float64 array of shape {shape}",
            found=f"{out.dtype} {out.shape}",
            field="out",
        )
    return out
