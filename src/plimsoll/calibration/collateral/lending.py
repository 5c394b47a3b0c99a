"""Lending against collateral: loan to value, liquidation threshold, bonus, and why there is none.

A liquidator who is paid a bonus ``b`` must find the collateral worth the debt with it, after the
latency of a liquidation and the slippage of the sale; the borrower must not stand at the threshold
an hour after borrowing; the liquidator must earn his costs::

    b >= slippage + gas + liquidator's risk
    LT (1 + b) <= 1 - q99(drop over the latency) - slippage(size)
    LTV <= LT (1 - q95(drop over the user's time))
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.haircut import LEAST_FALLS, log_falls, tail_of_falls
from plimsoll.errors import InsufficientDataError, ParameterError

FloatArray = NDArray[np.float64]
STEP = Decimal("0.005")


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingRisk:
    """What decides the terms of one asset; shares of its value.

    Parameters
    ----------
    latency_drop : float
        Exceeded with 1 % over the liquidation latency. For assets of one correlated mode: drop of
        the ratio to the borrowed asset.
    user_drop : float
        Exceeded with 5 % over the time a borrower has (an hour by default).
    liquidator_risk : float
        Exceeded with 5 % while the liquidator holds the collateral.
    slippage : float
        Of selling the largest position that is liquidated at once.
    gas : float
        Of the smallest one.
    """

    latency_drop: float
    user_drop: float
    liquidator_risk: float
    slippage: float
    gas: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ParameterError("must lie in [0, 1)", found=getattr(self, name), field=name)


def stressed_lending_risk(
    log_price: FloatArray,
    *,
    stressed_loss: float,
    latency_bars: int,
    user_bars: int,
    slippage: float,
    gas: float = 0.0,
    confidence: float = 0.99,
    user_confidence: float = 0.95,
) -> LendingRisk:
    """Return the risk of one asset, its drop not below a stress that terms must live with.

    Terms of loans stand for months, so that the drop of a quiet year is no bound: it is raised to
    ``stressed_loss``, the share of the class's worst move that is the floor of its haircut.

    Parameters
    ----------
    log_price : (T,) float64
        In dollars.
    stressed_loss : float
        Share of value.
    latency_bars, user_bars : int
        From breach to sale, and the time that a borrower has.
    slippage, gas : float
        Shares of value.

    Raises
    ------
    InsufficientDataError
        For fewer than a hundred moves.
    """
    latency, user = (log_falls(log_price, bars) for bars in (latency_bars, user_bars))
    if min(latency.size, user.size) < LEAST_FALLS:
        raise InsufficientDataError(
            f"must have at least {LEAST_FALLS} moves", found=int(user.size), field="log_price"
        )

    def drop(falls: FloatArray, share: float) -> float:
        return -math.expm1(-max(0.0, float(np.quantile(falls, share))))

    return LendingRisk(
        latency_drop=max(drop(latency, confidence), stressed_loss),
        user_drop=drop(user, user_confidence),
        liquidator_risk=drop(latency, user_confidence),
        slippage=slippage,
        gas=gas,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingTerms:
    """Loan to value, liquidation threshold and bonus, on the grid."""

    loan_to_value: Decimal
    liquidation_threshold: Decimal
    bonus: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LendingErrors:
    """Standard errors of the terms before the grid; 0 of what a stated stress decides."""

    loan_to_value: float
    liquidation_threshold: float
    bonus: float


def lending_errors(
    log_price: FloatArray,
    risk: LendingRisk,
    terms: LendingTerms,
    *,
    stressed_loss: float,
    latency_bars: int,
    user_bars: int,
    bars_per_day: int,
    confidence: float = 0.99,
    user_confidence: float = 0.95,
    seed: int = 0,
) -> LendingErrors:
    """Return errors of the quantiles by blocks of days, carried through the terms.

    Parameters
    ----------
    log_price, stressed_loss, latency_bars, user_bars, confidence, user_confidence
        As `stressed_lending_risk` had them; of a drop that the stress decides there is no error.
    risk : LendingRisk
        Its result.
    terms : LendingTerms
    """
    falls = {bars: log_falls(log_price, bars) for bars in {latency_bars, user_bars}}

    def error(bars: int, share: float, value: float) -> float:
        found = tail_of_falls(falls[bars], share, bars_per_day=bars_per_day, seed=seed)
        return (1.0 - value) * found.standard_error

    stressed = risk.latency_drop <= stressed_loss
    drop = 0.0 if stressed else error(latency_bars, confidence, risk.latency_drop)
    bonus = error(latency_bars, user_confidence, risk.liquidator_risk)
    user = error(user_bars, user_confidence, risk.user_drop)
    threshold, room = float(terms.liquidation_threshold), 1.0 + float(terms.bonus)
    of_threshold = math.hypot(drop, threshold * bonus) / room
    return LendingErrors(
        loan_to_value=math.hypot((1.0 - risk.user_drop) * of_threshold, threshold * user),
        liquidation_threshold=of_threshold,
        bonus=bonus,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotLendable:
    """Why an asset backs no loan, and by how much the constraints miss each other.

    Parameters
    ----------
    reason : str
    conflict : tuple of str
        The constraints that cannot hold together.
    relaxation : float
        The least by which drop or slippage would have to fall (share of value).
    """

    reason: str
    conflict: tuple[str, ...]
    relaxation: float


def lending_terms(
    risk: LendingRisk, *, least_loan_to_value: float = 0.1, step: Decimal = STEP
) -> LendingTerms | NotLendable:
    """Return the most generous terms on the grid; bonus up, threshold and loan down.

    Parameters
    ----------
    least_loan_to_value : float
        Below which a loan is not worth having.
    """
    bonus = _up(risk.slippage + risk.gas + risk.liquidator_risk, step)
    room = 1.0 - risk.latency_drop - risk.slippage
    threshold = _down(max(room, 0.0) / (1.0 + float(bonus)), step)
    loan = min(_down(float(threshold) * (1.0 - risk.user_drop), step), threshold - step)
    if float(loan) >= least_loan_to_value:
        return LendingTerms(loan_to_value=loan, liquidation_threshold=threshold, bonus=bonus)
    # The least room with which the same bonus and the same hour leave the least loan.
    least = _up(least_loan_to_value, step)
    by_hour = _up(float(least) / (1.0 - risk.user_drop), step)
    wanted = float(max(by_hour, least + step)) * (1.0 + float(bonus))
    return NotLendable(
        reason=f"a loan of {max(float(loan), 0.0):.1%}, {least_loan_to_value:.1%} demanded",
        conflict=(
            f"threshold x (1 + bonus {float(bonus):.1%}) <= 1 - drop {risk.latency_drop:.1%}"
            f" - slippage {risk.slippage:.1%}",
            f"loan <= threshold x (1 - {risk.user_drop:.1%})",
            f"loan >= {least_loan_to_value:.1%}",
        ),
        relaxation=max(0.0, wanted - room),
    )


def _up(value: float, step: Decimal) -> Decimal:
    return (Decimal(f"{value:.12f}") / step).to_integral_value(ROUND_CEILING) * step


def _down(value: float, step: Decimal) -> Decimal:
    return (Decimal(f"{value:.12f}") / step).to_integral_value(ROUND_FLOOR) * step


def supply_cap(
    market_depth_usd: float, threshold: float, share: float = 0.5
) -> tuple[float, float]:
    """Return supply and borrow caps: what can be sold within the slippage, and what it backs.

    Parameters
    ----------
    market_depth_usd : float
        Sold at the slippage that the bonus covers.
    threshold : float
        Liquidation threshold.
    share : float
        Of the supply that is liquidated at once in a bad moment.
    """
    if not (market_depth_usd >= 0.0 and 0.0 < share <= 1.0 and 0.0 <= threshold <= 1.0):
        raise ParameterError(
            "must be not negative, shares in (0, 1]", found=(market_depth_usd, threshold, share)
        )
    supply = market_depth_usd / share
    return supply, supply * threshold
