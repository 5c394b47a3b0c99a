r"""What each market costs the fund: the price of carrying it.

A market takes from the fund what it is expected to lose, and it ties up means that somebody wants
a return on. With the fund's loss :math:`L = \sum_m L_m` split by market, Euler's allocation of its
expected shortfall is :math:`C_m = E[L_m \mid L \ge q]`; they add up to it. The price of a year is

.. math:: p_m = E[L_m]\,365 + r\,C_m,

spread over the open interest (a rate of carry) or over the volume (a fee on trades).

Source: Tasche, "Capital allocation to business units: the Euler principle" (2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.calibration.rounding import rate_up
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import ParameterError, UsageError

FloatArray = NDArray[np.float64]

YEAR_DAYS = 365
FEE_STEP = Decimal("0.000001")
"""A hundredth of a basis point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPrice:
    """One market's price of risk.

    Parameters
    ----------
    market : str
    expected_loss_annual_usd : float
        Taken from the fund.
    capital_usd, capital_error_usd : float
        Its share of the fund's expected shortfall, and the standard error by days.
    price_annual_usd : float
    carry_rate_annual : Decimal
        Of open interest; rounded up to a hundredth of a basis point.
    trade_fee : Decimal
        Of traded notional; rounded up likewise.
    """

    market: str
    expected_loss_annual_usd: float
    capital_usd: float
    capital_error_usd: float
    price_annual_usd: float
    carry_rate_annual: Decimal
    trade_fee: Decimal


def risk_prices(
    daily_losses_usd: ArrayLike,
    markets: Sequence[str],
    *,
    open_interest_usd: ArrayLike,
    daily_volume_usd: ArrayLike,
    level: float = 0.99,
    hurdle_annual: float = 0.15,
) -> tuple[RiskPrice, ...]:
    """Return the price of every market.

    Parameters
    ----------
    daily_losses_usd : (D, M) array_like
        What each market took from the fund on each day, not negative.
    markets : sequence of M str
    open_interest_usd, daily_volume_usd : (M,) array_like
        Positive.
    level : float
        Of the expected shortfall of the sum.
    hurdle_annual : float
        Return asked of the means that are tied up.

    Raises
    ------
    UsageError, ParameterError
    """
    losses = np.asarray(daily_losses_usd, dtype=np.float64)
    interest, volume = (
        np.asarray(a, dtype=np.float64) for a in (open_interest_usd, daily_volume_usd)
    )
    _check(losses, markets, interest, volume, level, hurdle_annual)
    total = losses.sum(axis=1)
    count = max(1, int(np.ceil((1.0 - level) * total.size - 1e-9)))
    worst = np.argsort(-total, kind="stable")[:count]
    capital, expected = losses[worst].mean(axis=0), losses.mean(axis=0) * YEAR_DAYS
    error = (
        losses[worst].std(axis=0, ddof=1) / np.sqrt(count)
        if count > 1
        else np.full(len(markets), np.nan)
    )
    price = expected + hurdle_annual * capital
    return tuple(
        RiskPrice(
            market=market,
            expected_loss_annual_usd=float(expected[j]),
            capital_usd=float(capital[j]),
            capital_error_usd=float(error[j]),
            price_annual_usd=float(price[j]),
            carry_rate_annual=rate_up(float(price[j] / interest[j]), FEE_STEP),
            trade_fee=rate_up(float(price[j] / (volume[j] * YEAR_DAYS)), FEE_STEP),
        )
        for j, market in enumerate(markets)
    )


def _check(
    losses: FloatArray,
    markets: Sequence[str],
    interest: FloatArray,
    volume: FloatArray,
    level: float,
    hurdle: float,
) -> None:
    shape = (len(markets),)
    if losses.ndim != 2 or losses.shape[1:] != shape or not losses.size:
        raise UsageError(
            "must be (days, markets), neither empty", found=losses.shape, field="daily_losses_usd"
        )
    if not np.isfinite(losses).all() or (losses < 0.0).any():
        raise UsageError("must be finite, not negative", field="daily_losses_usd")
    for name, values in (("open_interest_usd", interest), ("daily_volume_usd", volume)):
        if values.shape != shape or not (np.isfinite(values) & (values > 0.0)).all():
            raise UsageError("must be one positive amount a market", found=values, field=name)
    if not 0.5 < level < 1.0:
        raise ParameterError("must lie in (0.5, 1)", found=level, field="level")
    if not hurdle >= 0.0:
        raise ParameterError("must not be negative", found=hurdle, field="hurdle_annual")


def risk_price_table(prices: Sequence[RiskPrice], label: str) -> Table:
    """What each market costs the fund."""
    money = ColumnKind.MONEY
    return Table(
        name="risk_prices",
        title="What each market costs the fund",
        columns=(
            Column(name="market", title="Market"),
            Column(name="expected", title="Expected loss a year", kind=money, unit="USD", digits=0),
            Column(name="capital", title="Share of the fund", kind=money, unit="USD", digits=0),
            Column(name="capital_se", title="s.e.", kind=money, unit="USD", digits=0),
            Column(name="price", title="Price a year", kind=money, unit="USD", digits=0),
            Column(
                name="carry", title="Of open interest a year", kind=ColumnKind.NUMBER, unit="bps"
            ),
            Column(name="fee", title="Of traded notional", kind=ColumnKind.NUMBER, unit="bps"),
        ),
        rows=tuple(
            (
                p.market,
                p.expected_loss_annual_usd,
                p.capital_usd,
                p.capital_error_usd,
                p.price_annual_usd,
                float(p.carry_rate_annual) * 1e4,
                float(p.trade_fee) * 1e4,
            )
            for p in prices
        ),
        notes=(f"Losses beyond margin: {label}.", "Carry or fee pays the price once, not both."),
    )
