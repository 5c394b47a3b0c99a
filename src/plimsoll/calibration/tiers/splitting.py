r"""What an owner saves by splitting a position over accounts, and what closes it.

Marginal rates rise with size, so that :math:`n\,MM(N / n) \le MM(N)`: parts are cheaper than the
whole, and a ladder on accounts is no bound on owners (incident E24: 3 million over 19 accounts).
Two things close it. Tiers on the aggregate of a beneficial owner: each account pays its share of
the owner's MM(N), so that splitting saves nothing, whatever the accounts. And margin scaled by open
interest, which counts all accounts whoever owns them: it needs no knowledge of owners, and bounds
the saving from below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.tiers.ladder import Ladder
from plimsoll.calibration.tiers.open_interest import OpenInterestScaling
from plimsoll.errors import ParameterError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitGain:
    """Saving of one owner's position over ``accounts`` equal accounts.

    Parameters
    ----------
    notional_usd : float
    accounts : int
    whole_usd, split_usd : float
        MM of the position in one account, and over the accounts, each on its own tier.
    aggregated_usd : float
        Over the accounts where tiers count what the owner holds in all.
    """

    notional_usd: float
    accounts: int
    whole_usd: float
    split_usd: float
    aggregated_usd: float

    @property
    def gain(self) -> float:
        """Share of margin saved without aggregation."""
        return 1.0 - self.split_usd / self.whole_usd

    @property
    def gain_aggregated(self) -> float:
        """Share saved with it: 0 but for rounding."""
        return 1.0 - self.aggregated_usd / self.whole_usd


def split_gain(ladder: Ladder, notional_usd: float, accounts: int) -> SplitGain:
    """Return what splitting a position evenly saves; even is the cheapest split of convex tiers.

    Raises
    ------
    ParameterError
    """
    if accounts < 1 or not 0.0 < notional_usd <= float(ladder.caps_usd[-1]):
        raise ParameterError(
            "must be at least one account, and a size within the ladder",
            found=(accounts, notional_usd),
            field="accounts",
        )
    part = notional_usd / accounts
    whole = float(ladder.maintenance_usd(notional_usd))
    share = part / notional_usd
    return SplitGain(
        notional_usd=notional_usd,
        accounts=accounts,
        whole_usd=whole,
        split_usd=accounts * float(ladder.maintenance_usd(part)),
        aggregated_usd=sum([whole * share] * accounts),
    )


def split_gains(ladder: Ladder, *, accounts: Sequence[int] = (2, 5, 20)) -> tuple[SplitGain, ...]:
    """Return the savings at the largest position, where they are largest in dollars."""
    top = float(ladder.caps_usd[-1])
    return tuple(split_gain(ladder, top, count) for count in accounts)


def is_aggregation_needed(ladder: Ladder, *, accounts: int = 20, tolerance: float = 0.05) -> bool:
    """Whether splitting saves more than ``tolerance`` of margin at some cap of the ladder."""
    gains = [split_gain(ladder, float(cap), accounts).gain for cap in ladder.caps_usd]
    return max(gains) > tolerance


def closing_scaling_gain(
    ladder: Ladder,
    scaling: OpenInterestScaling,
    *,
    notional_usd: float,
    accounts: int,
    other_usd: float,
    link: float = 0.5,
) -> float:
    """Return the share of initial margin that splitting saves where open interest scales it.

    Parameters
    ----------
    notional_usd : float
        Owner's position, part of open interest in any case.
    other_usd : float
        Open interest of everybody else.
    link : float
        Base initial rate is the maintenance rate over this.
    """
    gain = split_gain(ladder, notional_usd, accounts)
    base = np.minimum(np.array([gain.whole_usd, gain.split_usd]) / notional_usd / link, 1.0)
    whole, split = scaling.initial_rate(base, other_usd + notional_usd)
    return float(1.0 - split / whole)
