"""One-step volatility and risk forecasts on a rolling window, for many markets at once.

Row d is made from returns ``d .. d + window - 1`` and forecasts return ``d + window``; the last
row is for the return after the sample. Nothing later than the window is ever read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError
from plimsoll.estimators.volatility.ewma import decay_of_half_life
from plimsoll.estimators.volatility.garch import MINIMUM_OBSERVATIONS, Garch, GjrGarch
from plimsoll.estimators.volatility.garch_options import START_CODES, persistence_limit
from plimsoll.maths import rolling

Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

# The vectors fit with 500 days; a search over all starts every tenth refit finds the optimum of
# an independent fit on 97 to 100 in a hundred days, see `search_every`.
DEFAULT_SEARCH_EVERY = 10
_TASKS_PER_WORKER = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RollingForecasts:
    """Forecasts, shape (markets, days) each, days = n - window + 1; risks (markets, days, k).

    ``volatility`` is of the next return; ``value_at_risk`` (type 7) and ``expected_shortfall``
    (tail mean) are losses, positive, by filtered historical simulation on the window's residuals.
    Parameters are NaN for an EWMA; all is NaN where a window does not vary, or holds more zeros
    than the fit of one window accepts (`plimsoll.estimators.volatility.usable_returns`).
    ``log_likelihood`` is that of the last refit's window.
    """

    confidences: tuple[float, ...]
    window: int
    volatility: Matrix
    value_at_risk: Cube
    expected_shortfall: Cube
    mean: Matrix
    omega: Matrix
    alpha: Matrix
    gamma: Matrix
    beta: Matrix
    degrees_of_freedom: Matrix
    log_likelihood: Matrix


def rolling_garch_forecast(
    returns: ArrayLike,
    *,
    window: int,
    model: Garch | GjrGarch | None = None,
    refit_every: int = 1,
    search_every: int = DEFAULT_SEARCH_EVERY,
    confidences: tuple[float, ...] = (0.975, 0.99),
    workers: int = 1,
) -> RollingForecasts:
    """Rolling GARCH forecasts of one or many markets.

    Parameters
    ----------
    returns : array, shape (n,) or (markets, n)
        Finite, in time order.
    window : int
        Returns in each fit, at least 50.
    model : Garch or GjrGarch, optional
        Default :class:`Garch` with its defaults.
    refit_every : int
        Forecasts between refits; in between the parameters are kept and the window refiltered.
    search_every : int
        Every so many refits all starting points are tried, as an independent fit does; the other
        refits climb from the previous optimum. 1 gives the independent fits throughout. With
        more, where the likelihood of a window has several optima, a refit may stay on another one
        than an independent fit finds, either higher or lower.
    confidences : tuple of float
    workers : int
        Threads; the result does not depend on it.
    """
    table = _as_table(returns, window, minimum=MINIMUM_OBSERVATIONS)
    _check_counts(refit_every=refit_every, search_every=search_every, workers=workers)
    chosen = model or Garch()
    levels = _levels(confidences)
    _check_rolling(chosen)
    limit = persistence_limit(chosen.persistence_rule, chosen.persistence_cap)
    days = table.shape[1] - window + 1
    out = np.empty((table.shape[0], days, rolling.ROLL_RISKS + 2 * levels.size))

    with _threads(workers):
        rolling.rolling_garch_table(
            table,
            _parts(table.shape[0], workers),
            window,
            refit_every,
            search_every,
            isinstance(chosen, GjrGarch),
            chosen.innovations == "t",
            chosen.mean == "constant",
            START_CODES[chosen.variance_start],
            limit,
            levels,
            out,
        )
    return _forecasts(out, rolling.ROLL_VOLATILITY, rolling.ROLL_RISKS, window, confidences)


def rolling_ewma_forecast(
    returns: ArrayLike,
    *,
    window: int,
    half_life: float,
    confidences: tuple[float, ...] = (0.975, 0.99),
    workers: int = 1,
) -> RollingForecasts:
    """Rolling EWMA forecasts; ``window`` residuals make the filtered historical simulation.

    The recursion runs through the whole series from the mean square of the first window.
    """
    table = _as_table(returns, window, minimum=20)
    _check_counts(workers=workers)
    levels = _levels(confidences)
    decay = decay_of_half_life(half_life)
    out = np.empty((table.shape[0], table.shape[1] - window + 1, 1 + 2 * levels.size))

    with _threads(workers):
        rolling.rolling_ewma_table(
            table, _parts(table.shape[0], workers), window, decay, levels, out
        )
    return _forecasts(out, 0, 1, window, confidences)


def _forecasts(
    out: Cube, volatility: int, risks: int, window: int, confidences: tuple[float, ...]
) -> RollingForecasts:
    missing = np.full(out.shape[:2], np.nan)
    fitted = volatility == rolling.ROLL_VOLATILITY

    def column(index: int) -> Matrix:
        return out[:, :, index] if fitted else missing

    return RollingForecasts(
        confidences=confidences,
        window=window,
        volatility=out[:, :, volatility],
        value_at_risk=out[:, :, risks::2],
        expected_shortfall=out[:, :, risks + 1 :: 2],
        mean=column(rolling.ROLL_MEAN),
        omega=column(rolling.ROLL_OMEGA),
        alpha=column(rolling.ROLL_ALPHA),
        gamma=column(rolling.ROLL_GAMMA),
        beta=column(rolling.ROLL_BETA),
        degrees_of_freedom=column(rolling.ROLL_NU),
        log_likelihood=column(rolling.ROLL_LOG_LIKELIHOOD),
    )


def _as_table(returns: ArrayLike, window: int, *, minimum: int) -> Matrix:
    table = np.array(np.atleast_2d(np.asarray(returns, dtype=np.float64)), order="C")
    if table.ndim != 2:
        raise DataFormatError(
            "returns must be one- or two-dimensional", found=table.shape, field="returns"
        )
    bad = np.argwhere(~np.isfinite(table))
    if bad.size:
        market, row = (int(i) for i in bad[0])
        raise DataFormatError(
            "returns must be finite",
            found=f"{table[market, row]} in market {market}",
            field="returns",
            row=row,
        )
    if window < minimum:
        raise ParameterError(f"must be at least {minimum}", found=window, field="window")
    if table.shape[1] < window:
        raise InsufficientDataError(
            f"at least one window of {window} returns is needed",
            found=table.shape[1],
            field="returns",
        )
    return table


def _levels(confidences: tuple[float, ...]) -> NDArray[np.float64]:
    levels = np.array(confidences, dtype=np.float64)
    if levels.size == 0 or not np.all((levels > 0.5) & (levels < 1.0)):
        raise ParameterError("must lie in (0.5, 1)", found=confidences, field="confidences")
    return levels


def _check_counts(**counts: int) -> None:
    for field, count in counts.items():
        if count < 1:
            raise ParameterError("must be at least 1", found=count, field=field)


def _parts(markets: int, workers: int) -> NDArray[np.int64]:
    """Edges of consecutive parts of the markets; parts share nothing."""
    count = 1 if workers == 1 else min(markets, _TASKS_PER_WORKER * workers)
    return np.linspace(0, markets, count + 1).astype(np.int64)


@contextmanager
def _threads(workers: int) -> Iterator[None]:
    """Let the compiled loops use so many threads, as far as the machine has them."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(workers, before))
    try:
        yield
    finally:
        numba.set_num_threads(before)


def _check_rolling(model: Garch | GjrGarch) -> None:
    """Refuse what the rolling kernel does not fit, rather than fit something else."""
    if model.innovations not in ("normal", "t"):
        raise ParameterError(
            "must be normal or t in rolling forecasts",
            found=model.innovations,
            field="innovations",
            remedy="walk forward with `GarchPath(skewed=True)`",
        )
    if model.variance_start not in START_CODES:
        raise ParameterError(
            f"must be one of {sorted(START_CODES)} in rolling forecasts",
            found=model.variance_start,
            field="variance_start",
        )
