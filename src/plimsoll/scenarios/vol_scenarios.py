"""Scenarios of spot and implied volatility together, from moves that happened.

Each joint move of a history is one scenario: the spot return, and the level, skew and curvature
of every tenor, as they came together. Nothing is sampled and nothing assumed about how they
depend on each other; several coins share scenarios of the same dates.

Units are those of `plimsoll.domain.scenario.Factor`. `shocked_vol` applies the shocks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.scenario import Factor, FactorKind, ScenarioSet, equal_weights
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves

FloatArray = NDArray[np.float64]

_VOL_KINDS = (
    FactorKind.IMPLIED_VOL_LEVEL,
    FactorKind.IMPLIED_VOL_SKEW,
    FactorKind.IMPLIED_VOL_CURVATURE,
)


def vol_factors(subject: str, tenors_days: Sequence[float]) -> tuple[Factor, ...]:
    """Price, then level, skew and curvature of each tenor: 1 + 3 T factors of one coin."""
    vols = (
        Factor(subject=subject, kind=kind, tenor_days=float(day))
        for kind in _VOL_KINDS
        for day in tenors_days
    )
    return (Factor(subject=subject), *vols)


def historical_vol_scenarios(
    moves: Sequence[SurfaceMoves],
    *,
    before_ns: int | None = None,
    half_life_moves: float | None = None,
) -> ScenarioSet:
    """Return the joint history of one or several coins as scenarios.

    Parameters
    ----------
    moves : sequence of SurfaceMoves
        One per coin, each complete (`SurfaceMoves.complete`) as far as it is used. Of several
        coins the dates that all of them have are used: a start and end in common.
    before_ns : int, optional
        Use only moves that had ended strictly before this time: what a margin set then may know.
    half_life_moves : float, optional
        Weights fall by half every so many scenarios back from the latest; None: equal weights.

    Raises
    ------
    UsageError
        For no coin, a coin twice, or moves used with something missing.
    ParameterError
        For a half-life that is not positive.
    InsufficientDataError
        Where no date is left.
    """
    subjects = [m.subject for m in moves]
    if not subjects or len(set(subjects)) != len(subjects):
        raise UsageError("must be at least one coin, each once", found=subjects, field="moves")
    seen = [m if before_ns is None else m.before(before_ns) for m in moves]
    for m in seen:  # what comes after the cut must not even raise
        _check_complete(m)
    common = set.intersection(*(set(_dates(m)) for m in seen))
    if not common:
        raise InsufficientDataError(
            "at least one move must be common to all coins",
            found=[len(m) for m in seen],
            remedy="use a longer history of the same snapshots",
        )
    rows = [_at_dates(m, common) for m in seen]
    return ScenarioSet(
        names=tuple(_names(rows[0])),
        factors=tuple(f for m in rows for f in vol_factors(m.subject, m.tenors_days.tolist())),
        shocks=np.column_stack([_shocks(m) for m in rows]),
        weights=_weights(len(rows[0]), half_life_moves),
    )


def vol_multiplier(
    days: ArrayLike,
    *,
    up: float,
    down: float,
    p_short: float = 0.30,
    p_long: float = 0.13,
    knot_days: float = 30.0,
    shortest_days: float = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """Factors on volatility of the up and down scenarios of a price-and-volatility grid.

        x = (knot / max(days, shortest))^p,   p = p_short below the knot, p_long from it on
        (1 + up x,  max(1 - down x, 0))

    The published form of Deribit's and like engines, with the published exponents;
    `vega_power_law` with `MoveScale.SIMPLE` says what a history would have.

    Parameters
    ----------
    days : array_like
        Days to expiry, not negative.
    up, down : float
        Shocks at the knot, simple changes; not negative.
    p_short, p_long : float
    knot_days, shortest_days : float
        Positive.

    Returns
    -------
    up, down : ndarray
        Shaped as ``days``.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> vol_multiplier([1, 7, 30, 90, 180], up=0.5, down=0.25)[0].round(2).tolist()
    [2.39, 1.77, 1.5, 1.43, 1.4]
    """
    time = np.asarray(days, dtype=np.float64)
    for name, value in (("up", up), ("down", down), ("days", float(np.min(time, initial=0.0)))):
        if not 0.0 <= value < np.inf:
            raise ParameterError("must not be negative", found=value, field=name)
    for name, value in (("knot_days", knot_days), ("shortest_days", shortest_days)):
        if not 0.0 < value < np.inf:
            raise ParameterError("must be positive", found=value, field=name)
    ratio = knot_days / np.maximum(time, shortest_days)
    shape = ratio ** np.where(time < knot_days, p_short, p_long)
    return 1.0 + up * shape, np.maximum(1.0 - down * shape, 0.0)


def multiplied_vol(
    vol: ArrayLike, multipliers: tuple[FloatArray, FloatArray], *, minimum_up_vol: float
) -> tuple[FloatArray, FloatArray]:
    """Volatilities of the up and down scenarios; the up one is at least ``minimum_up_vol``.

    Raises
    ------
    ParameterError
        For a minimum that is negative.
    """
    if not 0.0 <= minimum_up_vol < np.inf:
        raise ParameterError("must not be negative", found=minimum_up_vol, field="minimum_up_vol")
    base = np.asarray(vol, dtype=np.float64)
    up, down = multipliers
    return np.maximum(base * up, minimum_up_vol), base * down


def shocked_vol(
    vol: ArrayLike,
    log_moneyness: ArrayLike,
    tau_years: ArrayLike,
    level: ArrayLike,
    skew: ArrayLike = 0.0,
    curvature: ArrayLike = 0.0,
    *,
    reach: float = 2.0,
    lowest_ratio: float = 0.1,
) -> FloatArray:
    """Volatility after shocks of level, skew and curvature; all arguments broadcast.

        sigma e^level + skew z + curvature z^2 / 2,     z = k / sqrt(T)

    The parabola belongs to the middle of the smile. Beyond ``reach`` standard deviations of the
    unshocked volatility, |z| > reach * sigma, it is held at its value there, and the result is
    never below ``lowest_ratio`` of sigma e^level. A shocked smile is not promised to be free of
    arbitrage: it values options in a scenario, it is no quote.

    Raises
    ------
    ParameterError
        For a reach or ratio that is not positive.
    """
    for name, value in (("reach", reach), ("lowest_ratio", lowest_ratio)):
        if not value > 0.0:
            raise ParameterError("must be positive", found=value, field=name)
    base = np.asarray(vol, dtype=np.float64)
    edge = reach * base
    z = np.clip(np.asarray(log_moneyness) / np.sqrt(np.asarray(tau_years)), -edge, edge)
    moved = base * np.exp(np.asarray(level, dtype=np.float64))
    shape = np.asarray(skew) * z + 0.5 * np.asarray(curvature) * z**2
    return np.asarray(np.maximum(moved + shape, lowest_ratio * moved), dtype=np.float64)


def _check_complete(moves: SurfaceMoves) -> None:
    if not bool(np.all(moves.complete)):
        raise UsageError(
            "moves must be complete",
            found=f"{int(np.sum(~moves.complete))} of {len(moves)} of {moves.subject} are not",
            field="moves",
            remedy="take(moves.complete), or fewer tenors, and report how many were left out",
        )


def _dates(moves: SurfaceMoves) -> list[tuple[int, int]]:
    return list(zip(moves.start_ns.tolist(), moves.end_ns.tolist(), strict=True))


def _at_dates(moves: SurfaceMoves, common: set[tuple[int, int]]) -> SurfaceMoves:
    return moves.take(np.array([date in common for date in _dates(moves)], dtype=np.bool_))


def _names(moves: SurfaceMoves) -> list[str]:
    starts = moves.start_ns.astype("datetime64[ns]").astype("datetime64[m]").astype(str)
    ends = moves.end_ns.astype("datetime64[ns]").astype("datetime64[m]").astype(str)
    return [f"{start}Z/{end}Z" for start, end in zip(starts, ends, strict=True)]


def _shocks(moves: SurfaceMoves) -> FloatArray:
    """(M, 1 + 3 T); spot turns from a log return into the simple one of price factors."""
    return np.column_stack((np.expm1(moves.spot), moves.level, moves.skew, moves.curvature))


def _weights(count: int, half_life_moves: float | None) -> FloatArray:
    if half_life_moves is None:
        return equal_weights(count)
    if not 0.0 < half_life_moves < np.inf:
        raise ParameterError("must be positive", found=half_life_moves, field="half_life_moves")
    weights = 0.5 ** (np.arange(count)[::-1] / half_life_moves)
    normalised: FloatArray = weights / weights.sum()
    return normalised
