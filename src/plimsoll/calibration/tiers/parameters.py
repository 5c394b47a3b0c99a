"""Fitted ladders and limits as governed parameters, and as tables for the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from plimsoll.calibration.problem import Structure
from plimsoll.calibration.tier_fit import FittedTier, initial_error
from plimsoll.calibration.tiers.fit import FittedLadder
from plimsoll.calibration.tiers.open_interest import MarketLimits
from plimsoll.calibration.tiers.splitting import split_gains
from plimsoll.domain.parameters import Origin, Parameter, Unit
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

ERROR_DIGITS = Decimal("1e-9")


def tier_parameters(
    market: str,
    fitted: FittedLadder,
    *,
    reaction_risk: float,
    reaction_error: float = 0.0,
    structure: Structure,
    owner: str = "risk",
) -> tuple[Parameter, ...]:
    """Return ``tier[i].cap_usd``, ``.maintenance_rate``, ``.initial_rate``, ``.max_leverage``.

    Parameters
    ----------
    market : str
    fitted : FittedLadder
        Of marginal rates: `plimsoll.domain.parameters.ParameterSet.tiers` reads them so.
    reaction_risk, reaction_error : float
        What initial margin adds at least, and its standard error.
    structure : Structure
        Leverage grid, link and largest rate.
    """
    tiers = fitted.ladder.with_initial(reaction_risk, structure)
    return tuple(
        parameter
        for index, (tier, error) in enumerate(zip(tiers, fitted.rate_errors, strict=True))
        for parameter in _tier(market, index, tier, float(error), reaction_error, structure, owner)
    )


def _tier(
    market: str,
    index: int,
    fitted: FittedTier,
    error: float,
    reaction_error: float,
    structure: Structure,
    owner: str,
) -> tuple[Parameter, ...]:
    tier, initial = fitted.tier, initial_error(fitted, structure, error, reaction_error)
    leverages = structure.leverage_grid
    rows = (
        ("cap_usd", tier.cap_usd or Decimal(0), Unit.USD, Decimal(0), Decimal("1e15"), None, True),
        ("maintenance_rate", tier.maintenance_rate, Unit.FRACTION, Decimal(0),
         structure.maximum_rate, error, fitted.maintenance_bound),
        ("initial_rate", tier.initial_rate, Unit.FRACTION, Decimal(0), structure.maximum_rate,
         initial, fitted.initial_bound),
        ("max_leverage", tier.max_leverage, Unit.LEVERAGE, min(leverages), max(leverages), None,
         fitted.initial_bound),
    )  # fmt: skip
    return tuple(
        Parameter(
            market=market,
            name=f"tier[{index}].{name}",
            value=value,
            unit=unit,
            lower=lower,
            upper=upper,
            owner=owner,
            origin=Origin.BOUND if bound and name != "cap_usd" else Origin.CALIBRATED,
            standard_error=None if spread is None else Decimal(spread).quantize(ERROR_DIGITS),
        )
        for name, value, unit, lower, upper, spread, bound in rows
    )


def limit_parameters(
    market: str, limits: MarketLimits, *, owner: str = "risk"
) -> tuple[Parameter, ...]:
    """Return the caps of the open-interest scaling, and the limits of positions and of all."""
    values = {
        "open_interest.lower_cap_usd": limits.scaling.lower_cap_usd,
        "open_interest.upper_cap_usd": limits.scaling.upper_cap_usd,
        "limit.position_usd": limits.position_usd,
        "limit.open_interest_usd": limits.open_interest_usd,
    }
    return tuple(
        Parameter(
            market=market,
            name=name,
            value=value,
            unit=Unit.USD,
            lower=Decimal(0),
            upper=Decimal("1e15"),
            owner=owner,
            origin=Origin.CALIBRATED,
        )
        for name, value in values.items()
    )


def tier_tables(
    fitted: Mapping[str, FittedLadder],
    limits: Mapping[str, MarketLimits],
    *,
    accounts: Sequence[int] = (2, 5, 20),
) -> tuple[Table, ...]:
    """Return tiers with standard errors, limits with what binds, and what splitting would save."""
    return (_ladders(fitted), _limits(limits), _splits(fitted, accounts))


def _ladders(fitted: Mapping[str, FittedLadder]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for market, one in fitted.items():
        columns = (one.ladder.caps_usd, one.ladder.rates, one.rate_errors)
        for index, (cap, rate, error) in enumerate(zip(*columns, strict=True)):
            rows.append((market, index + 1, float(cap), float(rate), float(error)))
    return Table(
        name="tiers",
        title="Tiers",
        columns=(
            Column(name="market", title="Market"),
            Column(name="tier", title="Tier", kind=ColumnKind.COUNT),
            Column(name="cap", title="Up to", kind=ColumnKind.MONEY, unit="USD", digits=0),
            Column(name="rate", title="Maintenance", kind=ColumnKind.FRACTION),
            Column(name="error", title="Standard error", kind=ColumnKind.FRACTION, digits=3),
        ),
        rows=tuple(rows),
        notes=("Cheapest on the venue's grid that covers R(N) at every size, rounded up.",),
    )


def _limits(limits: Mapping[str, MarketLimits]) -> Table:
    def money(name: str, title: str) -> Column:
        return Column(name=name, title=title, kind=ColumnKind.MONEY, unit="USD", digits=0)

    return Table(
        name="tier_limits",
        title="Open interest and positions",
        columns=(
            Column(name="market", title="Market"),
            money("lower", "Base margin up to"),
            money("upper", "Open interest"),
            Column(name="upper_bound", title="Set by"),
            money("position", "Position of one owner"),
            Column(name="position_bound", title="Set by"),
        ),
        rows=tuple(
            (market, float(one.scaling.lower_cap_usd), float(one.open_interest_usd),
             one.open_interest_bound, float(one.position_usd), one.position_bound)
            for market, one in limits.items()
        ),
        notes=("Limits are rounded down. Positions are counted by beneficial owner.",),
    )  # fmt: skip


def _splits(fitted: Mapping[str, FittedLadder], accounts: Sequence[int]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for market, one in fitted.items():
        gains = split_gains(one.ladder, accounts=accounts)
        closed = max(abs(gain.gain_aggregated) for gain in gains)
        rows.append((market, *(gain.gain for gain in gains), closed))
    return Table(
        name="tier_splits",
        title="What splitting the largest position over accounts would save",
        columns=(
            Column(name="market", title="Market"),
            *(
                Column(name=f"split_{n}", title=f"{n} accounts", kind=ColumnKind.FRACTION, digits=1)
                for n in accounts
            ),
            Column(name="aggregated", title="By owner", kind=ColumnKind.FRACTION, digits=1),
        ),
        rows=tuple(rows),
        notes=(
            "By account, tiers leave this share of maintenance to be saved; on the aggregate of "
            "a beneficial owner (last column, any number of accounts) nothing.",
        ),
    )
