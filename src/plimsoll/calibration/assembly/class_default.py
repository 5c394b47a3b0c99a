"""What a market without data takes: its class's floor over the mature markets' risks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from plimsoll.calibration.assembly.needs import SideRisk
from plimsoll.calibration.problem import ShortHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Donor:
    """The risks of a market that may lend them.

    Parameters
    ----------
    risk_class : str
    risk : SideRisk
        The larger of both sides.
    volatility_daily : float
    """

    risk_class: str
    risk: SideRisk
    volatility_daily: float


def class_default(donors: Sequence[Donor], risk_class: str, rule: ShortHistory) -> Donor | None:
    """Return the quantile of the class's mature risks, as young markets have it.

    Where too few of the class have a number, all mature markets of the venue lend; None where
    nobody can. Standard errors are the donors' largest.
    """
    own = [donor for donor in donors if donor.risk_class == risk_class]
    lenders = own if len(own) >= rule.minimum_donors else donors
    if not lenders:
        return None

    def floor(figure: Callable[[Donor], float], quantile: float) -> float:
        return float(np.quantile([figure(donor) for donor in lenders], quantile))

    quantile = rule.class_quantile
    return Donor(
        risk_class=risk_class,
        risk=SideRisk(
            price=floor(lambda d: d.risk.price, quantile),
            price_error=floor(lambda d: d.risk.price_error, 1.0),
            reaction=floor(lambda d: d.risk.reaction, quantile),
            reaction_error=floor(lambda d: d.risk.reaction_error, 1.0),
        ),
        volatility_daily=floor(lambda d: d.volatility_daily, quantile),
    )
