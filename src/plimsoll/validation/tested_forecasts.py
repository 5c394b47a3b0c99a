"""What every test of forecasts returns, and the table of many of them.

A p-value without its power says little: "not rejected" by a test that cannot reject is no proof.
So each result knows what it would have found: `ForecastTest.power` is computed when asked for,
against an alternative stated in words, and costs nothing before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import ParameterError

SIGNIFICANCE = 0.05
"""Level of every power, unless said otherwise."""


Choice = TypeVar("Choice", bound=StrEnum)


def chosen(kind: type[Choice], value: Choice | str) -> Choice:
    """Return the member of ``kind`` that ``value`` names.

    >>> chosen(Direction, "two_sided")
    <Direction.TWO_SIDED: 'two_sided'>
    """
    names = [str(member) for member in kind]
    if str(value) not in names:
        raise ParameterError(f"must be one of {names}", found=str(value), field=kind.__name__)
    return kind(str(value))


class Direction(StrEnum):
    """What a test looks for: a forecast that differs, or risk that is under- or overstated."""

    TWO_SIDED = "two_sided"
    UNDERSTATED = "understated"
    OVERSTATED = "overstated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Chance that a test rejects at 5 %: under a stated alternative, and under its own null.

    Parameters
    ----------
    value : float
        Probability of rejection if ``alternative`` is true.
    size : float
        Probability of rejection if the forecast is right; far from 5 % the p-value is not to be
        trusted. NaN where it is 5 % by construction (a simulated null law), or not known (normal
        approximations: `docs/forecast-tests.md` has what simulations found).
    standard_error : float
        Monte-Carlo error of ``value``; 0 where it is exact.
    alternative : str
    method : str
        ``exact``, ``normal approximation`` or how many paths were simulated.
    """

    value: float
    size: float
    standard_error: float
    alternative: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastTest:
    """One test of one series (or panel) of forecasts.

    Parameters
    ----------
    name : str
        Stable identifier, such as ``kupiec_pof``.
    statistic, p_value : float
    reference_law : str
        Law of the statistic under the null: ``chi2(1)``, ``t(15)``, ``20000 simulated paths``.
    null, alternative : str
        What is tested against what, in words.
    observations : int
        Horizons the statistic was made of.
    convention : str
        The named choices that decide the digits.
    standard_error : float
        Monte-Carlo error of ``p_value``; 0 where the law is known.
    critical_value : float, optional
        5 % point of the statistic where its law is simulated.
    power_of : callable
        Makes `power`; computed anew each time it is asked for.
    """

    name: str
    statistic: float
    p_value: float
    reference_law: str
    null: str
    alternative: str
    observations: int
    convention: str = ""
    standard_error: float = 0.0
    critical_value: float | None = None
    power_of: Callable[[], Power] = field(repr=False, compare=False)

    @property
    def power(self) -> Power:
        """Power against the stated alternative, computed now."""
        return self.power_of()

    @property
    def rejected(self) -> bool:
        """Whether the null is rejected at 5 %."""
        return self.p_value < SIGNIFICANCE


def simulated_power(
    rejected: NDArray[np.bool_], rejected_if_right: NDArray[np.bool_] | None, alternative: str
) -> Power:
    """Power from simulated decisions, with its binomial standard error."""
    paths = rejected.size
    value = float(rejected.mean())
    return Power(
        value=value,
        size=float("nan") if rejected_if_right is None else float(rejected_if_right.mean()),
        standard_error=math.sqrt(max(value * (1.0 - value), 1.0 / paths) / paths),
        alternative=alternative,
        method=f"{paths} simulated paths",
    )


def simulated_p_value(at_least_as_extreme: int, paths: int) -> tuple[float, float]:
    """Share of paths at least as extreme, and its binomial standard error."""
    p = at_least_as_extreme / paths
    return p, math.sqrt(max(p * (1.0 - p), 1.0 / paths) / paths)


def check_paths(paths: int, field_name: str = "paths") -> None:
    """Refuse fewer than 100 simulated paths: their p-values would have no second digit."""
    if paths < 100:
        raise ParameterError("must be at least 100", found=paths, field=field_name)


_COLUMNS = (
    Column(name="test", title="Test"),
    Column(name="statistic", title="Statistic", kind=ColumnKind.NUMBER, digits=3),
    Column(name="law", title="Law under the null"),
    Column(name="p_value", title="p", kind=ColumnKind.NUMBER, digits=4),
    Column(
        name="power",
        title="Power at 5 %",
        kind=ColumnKind.NUMBER,
        digits=3,
        about="chance of rejection if the stated alternative is true",
    ),
    Column(name="power_error", title="± s.e.", kind=ColumnKind.NUMBER, digits=3),
    Column(
        name="size",
        title="True size",
        kind=ColumnKind.NUMBER,
        digits=3,
        about="chance of rejection at a nominal 5 % if the forecast is right",
    ),
    Column(name="power_against", title="Power against"),
    Column(name="observations", title="n", kind=ColumnKind.COUNT),
    Column(name="convention", title="Convention"),
)


def test_table(
    results: Iterable[ForecastTest],
    *,
    name: str = "forecast_tests",  # noqa: PT028
    title: str = "Tests of forecasts",  # noqa: PT028
    notes: tuple[str, ...] = (),  # noqa: PT028
) -> Table:
    """Table of results, each p-value beside its power; the powers are computed here.

    >>> len(test_table([]))
    0
    """
    rows = tuple(_row(result) for result in results)
    return Table(name=name, title=title, columns=_COLUMNS, rows=rows, notes=notes)


def _row(result: ForecastTest) -> tuple[Cell, ...]:
    power = result.power
    return (
        result.name,
        result.statistic,
        result.reference_law,
        result.p_value,
        power.value,
        power.standard_error,
        power.size,
        f"{power.alternative} ({power.method})",
        result.observations,
        result.convention,
    )
