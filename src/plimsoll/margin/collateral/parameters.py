"""Parameters of collateral: haircuts that rise with size, caps, pegs, redemption, debts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.governed import check_bounds, governed

_HOURS_A_YEAR = 8760.0
_LARGEST_USD = "1e15"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralParameters:
    """One currency's parameters.

    The marginal haircut of a holding worth ``v`` dollars is ``haircut + chain_haircut`` up to
    ``free_usd`` and rises by ``slope_per_million`` for each million beyond, up to
    ``largest_haircut``.

    Raises
    ------
    ParameterError
        For a value out of its bounds, and haircuts above the largest one.
    """

    haircut: Decimal = governed(
        Unit.FRACTION, 0, 1, about="taken of the first dollar", default="0.05"
    )
    chain_haircut: Decimal = governed(
        Unit.FRACTION, 0, 1, about="added for chain and bridge", default=0
    )
    slope_per_million: Decimal = governed(
        Unit.FRACTION, 0, 1, about="added per million beyond free_usd", default="0.001"
    )
    free_usd: Decimal = governed(
        Unit.USD,
        0,
        _LARGEST_USD,
        about="size at which the haircut starts to rise",
        default=1_000_000,
    )
    largest_haircut: Decimal = governed(
        Unit.FRACTION, 0, 1, about="the haircut does not rise above", default=1
    )
    initial_extra: Decimal = governed(
        Unit.FRACTION, 0, 1, about="of what counts, not counted for new risk", default=0
    )
    account_cap_usd: Decimal = governed(
        Unit.USD, 0, _LARGEST_USD, about="counted of one account at most", default=_LARGEST_USD
    )
    account_share: Decimal = governed(
        Unit.FRACTION, 0, 1, about="of an account's collateral at most", default=1
    )
    venue_cap_usd: Decimal = governed(
        Unit.USD, 1, _LARGEST_USD, about="counted of all accounts at most", default=_LARGEST_USD
    )
    redemption_discount: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        about="of the redemption value, for delay and slashing",
        default="0.01",
    )
    lowest_peg: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        about="market over redemption value below which nothing counts",
        default=0,
    )
    liability_weight: Decimal = governed(
        Unit.FRACTION, 1, 3, about="what a debt of one counts", default="1.05"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "CollateralParameters")
        if self.haircut > self.largest_haircut:
            raise ParameterError(
                f"must not exceed largest_haircut {self.largest_haircut}",
                found=str(self.haircut),
                field="CollateralParameters.haircut",
            )

    @property
    def first_haircut(self) -> float:
        """Haircut of the first dollar with chain and bridge, at most the largest one."""
        return min(float(self.haircut + self.chain_haircut), float(self.largest_haircut))


@dataclass(frozen=True, slots=True, kw_only=True)
class Redemption:
    """What one unit of a staked or stable coin can be redeemed for.

    Parameters
    ----------
    currency : str
        E.g. ``ETH`` for a staked ether, ``USD`` for a dollar coin.
    amount : float
        Positive; e.g. 1.18 for a wrapped staked ether.

    Raises
    ------
    UsageError
    """

    currency: str
    amount: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.amount) and self.amount > 0.0):
            raise UsageError("must be positive and finite", found=self.amount, field="amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralRules:
    """How a venue counts what is deposited with it.

    Parameters
    ----------
    parameters : ParameterSet or mapping of str to CollateralParameters
        By currency; units that hold another one have the reason NO_PARAMETERS.
    redemption : mapping of str to Redemption
        Currencies worth at most what they are redeemed for, less ``redemption_discount``.
    own_tokens : frozenset of str
        The venue's or an issuer's own tokens: they count for nothing whatever the parameters say,
        since they fall with the one who asks for margin.
    deposits_usd : mapping of str to float
        Deposits of the whole venue, where ``venue_cap_usd`` binds below its largest value; a
        currency with such a cap and no figure here has no number.
    """

    parameters: ParameterSet | Mapping[str, CollateralParameters]
    redemption: Mapping[str, Redemption] = field(default_factory=dict)
    own_tokens: frozenset[str] = frozenset()
    deposits_usd: Mapping[str, float] = field(default_factory=dict)


def bridge_haircut(
    *, hazard_annual: float, loss_given_failure: float, horizon_hours: float
) -> float:
    """Return the expected share lost to a bridge or chain over a horizon.

    ``loss x (1 - exp(-hazard x years))``: to be rounded up and
    written into ``chain_haircut``.

    Raises
    ------
    UsageError
        For a negative hazard or horizon, and a loss outside [0, 1].

    >>> round(bridge_haircut(hazard_annual=0.05, loss_given_failure=0.8, horizon_hours=8760.0), 6)
    0.039016
    """
    for name, value in (("hazard_annual", hazard_annual), ("horizon_hours", horizon_hours)):
        if not value >= 0.0:
            raise UsageError("must not be negative", found=value, field=name)
    if not 0.0 <= loss_given_failure <= 1.0:
        raise UsageError("must lie in [0, 1]", found=loss_given_failure, field="loss_given_failure")
    return loss_given_failure * -math.expm1(-hazard_annual * horizon_hours / _HOURS_A_YEAR)
