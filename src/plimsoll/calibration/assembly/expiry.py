"""Which bucket a dated future is margined by."""

from __future__ import annotations

from plimsoll.calibration.set_plan import ExpiryBucket
from plimsoll.domain.parameters import ParameterSet
from plimsoll.errors import UsageError
from plimsoll.margin.add_ons.hedged import BasisParameters


def expiry_market(parameters: ParameterSet, underlying: str, days_to_expiry: float) -> str:
    """Return the market of a set that margins a dated future of an underlying.

    Raises
    ------
    UsageError
        Where the set has no bucket that reaches so far.
    """
    reach = {
        parameter.value / 24: parameter.market
        for parameter in parameters
        if parameter.name == "expiry.up_to" and parameter.market.startswith(f"{underlying}#")
    }
    enough = [days for days in reach if float(days) >= days_to_expiry]
    if not enough or days_to_expiry < 0.0:
        raise UsageError(
            "must lie within an expiry bucket of the set",
            found=f"{days_to_expiry:g} days; buckets up to {[f'{d:g}' for d in sorted(reach)]}",
            field=underlying,
            remedy="add a bucket under classes.<class>.expiry_buckets",
        )
    return reach[min(enough)]


def buckets_of_line(line: BasisParameters, up_to_days: tuple[int, ...]) -> tuple[ExpiryBucket, ...]:
    """Return buckets charged by a calibrated basis add-on, each at its longest time to expiry.

    The perpetual or spot that carries the price risk expires at once, so that the distance between
    expiries is the time to expiry.
    """
    return tuple(
        ExpiryBucket(up_to_days=days, basis_rate=line.least_move + line.annual_move * days / 365)
        for days in up_to_days
    )
