r"""Taker and maker fees that rise with volatility, because what trading costs the fund does.

Margins follow volatility with a lag, so a position opened in a storm costs the fund more than one
opened in calm. The risk cost per dollar traded is measured against the volatility ratio
:math:`\sigma_t / \bar\sigma` (yesterday's forecast over its slow level), made monotone (isotonic
regression, weighted by volume), and charged on top of the venue's base fee in steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

from plimsoll.calibration.rounding import rate_up
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

FloatArray = NDArray[np.float64]

LEAST_DAYS_A_STEP = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRule:
    """What the venue sets.

    Parameters
    ----------
    base_taker, base_maker : Decimal
        Fees in calm; a maker's may be negative (a rebate).
    maker_share : Decimal
        Of the risk cost that makers bear; takers bear the rest, and both sides of a trade pay
        it once.
    steps : int
        Of the volatility ratio.
    grid : Decimal
        Fees are rounded up to it.
    largest : Decimal
        Fee at most.
    """

    base_taker: Decimal
    base_maker: Decimal
    maker_share: Decimal = Decimal(0)
    steps: int = 4
    grid: Decimal = Decimal("0.00001")
    largest: Decimal = Decimal("0.01")

    def __post_init__(self) -> None:
        if not Decimal(0) <= self.maker_share <= Decimal("0.5"):
            raise ParameterError(
                "must lie in [0, 0.5]", found=str(self.maker_share), field="fees.maker_share"
            )
        if self.steps < 1:
            raise ParameterError("must be at least 1", found=self.steps, field="fees.steps")
        if self.base_taker + self.base_maker < 0:
            raise ParameterError(
                "must not sum to less than nothing",
                found=str(self.base_taker + self.base_maker),
                field="fees.base_taker, fees.base_maker",
                remedy="a rebate must not exceed the taker's fee",
            )
        if not self.grid > 0:
            raise ParameterError("must be positive", found=str(self.grid), field="fees.grid")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeStep:
    """Fees while the volatility ratio is at least ``from_ratio``.

    Parameters
    ----------
    from_ratio : float
    risk_cost, risk_cost_error : float
        Of a dollar traded, measured, and its standard error.
    taker, maker : Decimal
        Published.
    bound : bool
        The largest fee binds: the step costs the fund more than it brings.
    days : int
    """

    from_ratio: float
    risk_cost: float
    risk_cost_error: float
    taker: Decimal
    maker: Decimal
    bound: bool
    days: int


def fee_steps(
    volatility_ratio: ArrayLike,
    fund_loss_usd: ArrayLike,
    volume_usd: ArrayLike,
    rule: FeeRule,
) -> tuple[FeeStep, ...]:
    """Return the fee schedule.

    Parameters
    ----------
    volatility_ratio : (D,) array_like
        Known before the day began; positive.
    fund_loss_usd, volume_usd : (D,) array_like
        What the day took from the fund, and what was traded.
    rule : FeeRule

    Raises
    ------
    InsufficientDataError
        For fewer than 30 days a step.
    UsageError
    """
    ratio, loss, volume = _checked(volatility_ratio, fund_loss_usd, volume_usd)
    if ratio.size < LEAST_DAYS_A_STEP * rule.steps:
        raise InsufficientDataError(
            f"must hold {LEAST_DAYS_A_STEP} days a step",
            found=ratio.size,
            field="volatility_ratio",
            remedy=f"take {max(1, ratio.size // LEAST_DAYS_A_STEP)} steps",
        )
    # More steps at the top: what is dear is rare.
    edges = np.quantile(ratio, 1.0 - 0.5 ** np.arange(rule.steps))
    edges[0] = 0.0
    step = np.searchsorted(edges, ratio, side="right") - 1
    members = [np.flatnonzero(step == k) for k in range(rule.steps)]
    members = [rows for rows in members if rows.size]
    cost = np.array([loss[rows].sum() / volume[rows].sum() for rows in members])
    weights = np.array([volume[rows].sum() for rows in members])
    error = [_error(loss[rows], volume[rows]) for rows in members]
    fitted = isotonic_regression(cost, weights=weights).x
    return tuple(
        _step(float(edges[step[rows[0]]]), float(c), e, int(rows.size), rule)
        for rows, c, e in zip(members, fitted, error, strict=True)
    )


def _step(ratio: float, cost: float, error: float, days: int, rule: FeeRule) -> FeeStep:
    share = float(rule.maker_share)
    wanted = rate_up(float(rule.base_taker) + (1.0 - share) * cost, rule.grid)
    # A rebate is rounded towards nothing as a fee is rounded up.
    maker = rule.base_maker + rate_up(share * cost, rule.grid)
    return FeeStep(
        from_ratio=ratio,
        risk_cost=cost,
        risk_cost_error=error,
        taker=min(wanted, rule.largest),
        maker=min(maker, rule.largest),
        bound=wanted > rule.largest or maker > rule.largest,
        days=days,
    )


def _error(loss: FloatArray, volume: FloatArray) -> float:
    """Standard error of a ratio of sums, by the delta method over days."""
    if loss.size < 2:
        return float("nan")
    rate = loss.sum() / volume.sum()
    return float(np.std(loss - rate * volume, ddof=1) * np.sqrt(loss.size) / volume.sum())


def _checked(
    ratio: ArrayLike, loss: ArrayLike, volume: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    found = [np.asarray(a, dtype=np.float64) for a in (ratio, loss, volume)]
    names = ("volatility_ratio", "fund_loss_usd", "volume_usd")
    for name, values in zip(names, found, strict=True):
        if values.ndim != 1 or values.shape != found[0].shape or not np.isfinite(values).all():
            raise UsageError("must be one finite number a day", found=values.shape, field=name)
        if (values < 0.0).any() or (name != "fund_loss_usd" and (values <= 0.0).any()):
            raise UsageError("must be positive", found=float(values.min()), field=name)
    return found[0], found[1], found[2]


def fee_at(steps: Sequence[FeeStep], volatility_ratio: float) -> FeeStep:
    """Return the step in force at a volatility ratio."""
    if not volatility_ratio >= 0.0:
        raise UsageError("must not be negative", found=volatility_ratio, field="volatility_ratio")
    return [one for one in steps if one.from_ratio <= volatility_ratio or one is steps[0]][-1]


def fee_table(steps: Sequence[FeeStep], market: str, label: str) -> Table:
    """The schedule of one market."""
    number = ColumnKind.NUMBER
    return Table(
        name="adaptive_fees",
        title=f"Fees by volatility, {market}",
        columns=(
            Column(name="from_ratio", title="From volatility ratio", kind=number),
            Column(name="cost", title="Risk cost", kind=number, unit="bps", digits=3),
            Column(name="cost_se", title="s.e.", kind=number, unit="bps", digits=3),
            Column(name="taker", title="Taker", kind=number, unit="bps"),
            Column(name="maker", title="Maker", kind=number, unit="bps"),
            Column(name="bound", title="Largest fee binds", kind=ColumnKind.FLAG),
            Column(name="days", title="Days", kind=ColumnKind.COUNT),
        ),
        rows=tuple(
            (
                s.from_ratio,
                s.risk_cost * 1e4,
                s.risk_cost_error * 1e4,
                float(s.taker) * 1e4,
                float(s.maker) * 1e4,
                s.bound,
                s.days,
            )
            for s in steps
        ),
        notes=(f"Losses of the fund: {label}.", "Risk cost is monotone in volatility."),
    )
