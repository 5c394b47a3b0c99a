"""The exposure profile of a netting set: expected and potential exposure over time.

With E(t) the exposure at t on a path (`plimsoll.maths.exposure_paths`):

    EE(t)  = mean of E(t)                    expected exposure
    EPE    = time average of EE              expected positive exposure
    EEE(t) = largest EE up to t              effective expected exposure
    PFE(t) = quantile of E(t)                potential future exposure

each without collateral, E = max(V, 0), and under the agreement (Basel Committee, CRE 50; Pykhtin,
2010, for thresholds and the margin period).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.exposure.agreement import MarginAgreement
from plimsoll.margin.exposure.netting_set import CoinDynamics, NettingSet
from plimsoll.maths.exposure_paths import (
    CollateralTerms,
    ExposurePaths,
    exposure_paths,
    exposure_paths_parallel,
)
from plimsoll.measures import value_at_risk

FloatArray = NDArray[np.float64]

HOURS_A_YEAR = 365.0 * 24.0
LARGEST = 50_000_000
"""Most paths times steps: both matrices then take 800 MB."""

_PARALLEL_FROM = 200_000
_WHOLE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposureStatistics:
    """Profiles over (T,) times.

    Parameters
    ----------
    expected, expected_error : (T,) float64
        EE and its standard error.
    effective : (T,) float64
        EEE.
    potential, potential_error : (Q, T) float64
        PFE by confidence, an order statistic, and its standard error.
    expected_positive : float
        EPE: the trapezoidal time average of EE.
    effective_expected_positive : float
        The same of EEE.
    """

    expected: FloatArray
    expected_error: FloatArray
    effective: FloatArray
    potential: FloatArray
    potential_error: FloatArray
    expected_positive: float
    effective_expected_positive: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposureProfile:
    """Exposure of one netting set, in dollars.

    Parameters
    ----------
    times_years : (T,) float64
        From 0.
    confidences : tuple of Q float
    without_collateral, with_collateral : ExposureStatistics
    expected_value : (T,) float64
        Mean of V.
    paths, seed : int
    """

    times_years: FloatArray
    confidences: tuple[float, ...]
    without_collateral: ExposureStatistics
    with_collateral: ExposureStatistics
    expected_value: FloatArray
    paths: int
    seed: int

    def table(self) -> Table:
        """Return the profile with one row per time."""
        sides = {"without": self.without_collateral, "with": self.with_collateral}
        columns = [Column(name="days", title="Days", kind=ColumnKind.NUMBER, digits=3)]
        values = [self.times_years * 365.0]
        for side, found in sides.items():
            columns.append(_money(f"expected_{side}", f"EE {side} collateral"))
            values.append(found.expected)
            for row, confidence in enumerate(self.confidences):
                label = f"{100 * confidence:g}"
                columns.append(_money(f"potential_{label}_{side}", f"PFE {label} % {side}"))
                values.append(found.potential[row])
        return Table(
            name="exposure_profile",
            title="Exposure profile",
            columns=tuple(columns),
            rows=tuple(zip(*(v.tolist() for v in values), strict=True)),
            notes=(f"{self.paths} paths, seed {self.seed}; geometric Brownian motion.",),
        )


def exposure_profile(
    netting_set: NettingSet,
    dynamics: CoinDynamics,
    agreement: MarginAgreement,
    *,
    times_years: Sequence[float] | FloatArray,
    paths: int,
    seed: int,
    confidences: Sequence[float] = (0.95, 0.99),
) -> ExposureProfile:
    """Simulate a netting set and measure its exposure at every time.

    Parameters
    ----------
    netting_set : NettingSet
        Seen by the party that measures: its exposure is the set's positive value.
    dynamics : CoinDynamics
    agreement : MarginAgreement
        Collateral is called at every time of the grid, and at 0.
    times_years : (T,) array_like
        Rising, from 0. Equal steps where the margin period is not 0.
    paths, seed : int
        A path is the same whatever the number of paths.
    confidences : sequence of float

    Raises
    ------
    UsageError
        For times that do not rise from 0, or unequal steps with a margin period, one that is no
        whole number of them, and for coins without dynamics.
    ParameterError
        For too few or too many paths, and confidences outside (0, 1).

    Examples
    --------
    >>> from plimsoll.margin.exposure import Trade
    >>> forward = Trade(kind="forward", coin="BTC", quantity=1.0, strike=100.0)
    >>> profile = exposure_profile(
    ...     NettingSet(trades=(forward,)),
    ...     CoinDynamics(coins=("BTC",), spot=np.array([100.0]), vol_annual=np.array([0.0])),
    ...     MarginAgreement(),
    ...     times_years=[0.0, 1 / 365],
    ...     paths=2,
    ...     seed=1,
    ... )
    >>> profile.with_collateral.expected.tolist()
    [0.0, 0.0]
    """
    times = _checked_times(times_years)
    if not 2 <= paths <= LARGEST // times.size:
        raise ParameterError(
            f"must lie in 2 to {LARGEST // times.size} for {times.size} times",
            found=paths,
            field="paths",
        )
    run, _ = simulated_exposure(
        netting_set, dynamics, agreement, times_years=times, paths=paths, seed=seed
    )
    levels = tuple(float(c) for c in confidences)
    return ExposureProfile(
        times_years=times,
        confidences=levels,
        without_collateral=_statistics(np.maximum(run.value, 0.0), times, levels),
        with_collateral=_statistics(run.exposure, times, levels),
        expected_value=run.value.mean(axis=1),
        paths=paths,
        seed=seed,
    )


def simulated_exposure(
    netting_set: NettingSet,
    dynamics: CoinDynamics,
    agreement: MarginAgreement,
    *,
    times_years: Sequence[float] | FloatArray,
    paths: int,
    seed: int,
) -> tuple[ExposurePaths, CollateralTerms]:
    """Paths (T, paths) of value and exposure, and the agreement in steps of the grid.

    Raises
    ------
    UsageError
        As `exposure_profile`.
    """
    times = _checked_times(times_years)
    terms, trades = _terms(agreement, dynamics, times), netting_set.columns(dynamics.coins)
    out = ExposurePaths(np.empty((times.size, paths)), np.empty((times.size, paths)))
    many = times.size * paths * len(dynamics.coins) >= _PARALLEL_FROM
    kernel = exposure_paths_parallel if many else exposure_paths
    kernel(times, seed, dynamics.paths(), trades, terms, out)
    return out, terms


def _terms(
    agreement: MarginAgreement, dynamics: CoinDynamics, times: FloatArray
) -> CollateralTerms:
    strangers = sorted(set(agreement.initial_coins) - set(dynamics.coins))
    if strangers:
        raise UsageError("must have dynamics", found=strangers, field="agreement.initial_coins")
    own = agreement.own_threshold_usd
    return CollateralTerms(
        float(agreement.threshold_usd),
        float("inf") if own is None else float(own),
        float(agreement.minimum_transfer_usd),
        _lag_steps(float(agreement.margin_period_hours) / HOURS_A_YEAR, times),
        float(agreement.initial_amount_usd),
        np.array([agreement.initial_coins.get(coin, 0.0) for coin in dynamics.coins]),
    )


def _lag_steps(years: float, times: FloatArray) -> int:
    """How many steps of the grid the margin period lasts."""
    if years == 0.0:
        return 0
    steps = np.diff(times)
    lag = years / steps[0]
    equal = np.allclose(steps, steps[0], rtol=_WHOLE, atol=0.0)
    if not equal or abs(lag - round(lag)) > _WHOLE * max(lag, 1.0):
        raise UsageError(
            "must have equal steps, a whole number of them in the margin period",
            found=f"{lag:g} steps" if equal else "unequal steps",
            field="times_years",
        )
    return round(float(lag))


def _checked_times(given: Sequence[float] | FloatArray) -> FloatArray:
    times = np.array(given, dtype=np.float64)
    rising = times.ndim == 1 and times.size > 1 and bool(np.all(np.diff(times) > 0.0))
    if not rising or times[0] != 0.0 or not np.isfinite(times[-1]):
        raise UsageError("must rise from 0", found=times.tolist(), field="times_years")
    return times


def _statistics(
    exposure: FloatArray, times: FloatArray, confidences: tuple[float, ...]
) -> ExposureStatistics:
    """Measures of exposures (T, paths)."""
    expected = exposure.mean(axis=1)
    error = exposure.std(axis=1, ddof=1) / np.sqrt(exposure.shape[1])
    found = [[value_at_risk(row, c) for row in exposure] for c in confidences]
    effective = np.maximum.accumulate(expected)
    return ExposureStatistics(
        expected=expected,
        expected_error=error,
        effective=effective,
        potential=np.array([[m.value for m in row] for row in found]),
        potential_error=np.array([[m.standard_error for m in row] for row in found]),
        expected_positive=_time_average(expected, times),
        effective_expected_positive=_time_average(effective, times),
    )


def _time_average(values: FloatArray, times: FloatArray) -> float:
    return float(np.sum(0.5 * (values[1:] + values[:-1]) * np.diff(times)) / times[-1])


def _money(name: str, title: str) -> Column:
    return Column(name=name, title=title, kind=ColumnKind.MONEY, unit="USD")
