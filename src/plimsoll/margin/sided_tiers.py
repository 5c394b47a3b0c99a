"""The tier tables of a venue as its margin engine reads them: by market, side and expiry bucket.

A parameter set names tables by the prefix of their parameters. ``tier[i].*`` is a market's table;
where ``short.tier[i].*`` stands beside, it is that of longs, and the other that of shorts. Dated
futures are margined by the markets of their underlying's buckets (``BTCUSDT#30d``), each with its
longest time to expiry, ``expiry.up_to``, inclusive. Where a venue applies the reached tier's
maintenance rate to the whole notional, the set says so: ``tiers.marginal_share`` is 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plimsoll.domain.instrument import Future, Instrument, Pair, Payoff, Perpetual
from plimsoll.domain.parameters import Parameter, ParameterSet
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import ParameterError, UsageError

SHORT_PREFIX = "short."
"""Of the parameters of a table for shorts."""

UP_TO = "expiry.up_to"
"""Longest time to expiry of a bucket, in hours."""

MARGINAL_SHARE = "tiers.marginal_share"
"""1: a maintenance rate holds for its slice; 0: the reached tier's rate for the whole notional."""

NANOSECONDS_PER_HOUR = 3_600_000_000_000

_Terms = tuple[Pair, str, Payoff]


@dataclass(frozen=True, slots=True, kw_only=True)
class SidedTiers:
    """The tables of a market: one for longs, one for shorts.

    Parameters
    ----------
    long, short : TierTable
        The same table where the venue has one for both sides.
    marginal_maintenance : bool or None
        Whether a maintenance rate holds for its slice only; None: as the model's rule has it.
    name : str
        What the set calls it, where that is not the contract's own market.
    """

    long: TierTable
    short: TierTable
    marginal_maintenance: bool | None = None
    name: str = ""

    @property
    def by_side(self) -> tuple[TierTable, TierTable]:
        """Tables of longs and of shorts."""
        return self.long, self.short

    @property
    def apart(self) -> bool:
        """Whether the sides have tables of their own."""
        return self.short is not self.long


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTiers:
    """Every table of a venue, built when it is asked for.

    Parameters
    ----------
    tables : mapping of str to SidedTiers
        Stated as such, by market.
    stated : mapping of str to tuple of Parameter
        Those of a set, by market.
    source : ParameterSet or None
        The set.
    buckets : mapping of str to tuple of (int, str)
        By market of the underlying: longest time to expiry in ns, and the market of the bucket;
        rising.
    """

    tables: Mapping[str, SidedTiers] = field(default_factory=dict)
    stated: Mapping[str, tuple[Parameter, ...]] = field(default_factory=dict)
    source: ParameterSet | None = None
    buckets: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)

    def of(self, market: str, name: str = "") -> SidedTiers | None:
        """Return the tables of a market of the venue; None where it has none.

        Raises
        ------
        UsageError
            For caps that count no dollars, and a short table without one for longs.
        ParameterError
            For rates or caps out of order.
        """
        if market in self.tables:
            return self.tables[market]
        mine = self.stated.get(market)
        if mine is None or self.source is None:
            return None
        return _read(replace(self.source, parameters=mine), market, name)

    def margining(
        self,
        contracts: Mapping[str, Perpetual | Future],
        instruments: Mapping[str, Instrument],
        at_ns: int,
    ) -> list[SidedTiers | None]:
        """Return the tables that margin each contract at a time; None where the venue has none.

        A contract's own market comes first. A dated future without one takes the first bucket of
        the market that is on its pair, with its settlement and payoff, and reaches its expiry:
        with exactly so long to run it belongs to it. Beyond the last bucket there is no table.

        Raises
        ------
        UsageError
            As `of`, and where buckets of two markets would fit.
        """
        on = self._underlyings(instruments) if self.buckets else {}
        return [self._margining(market, c, on, at_ns) for market, c in contracts.items()]

    def _margining(
        self, market: str, contract: Perpetual | Future, on: Mapping[_Terms, str], at_ns: int
    ) -> SidedTiers | None:
        own = self.of(market)
        if own is not None or not isinstance(contract, Future):
            return own
        left, buckets = (
            contract.expiry_ns - at_ns,
            self.buckets.get(on.get(_terms(contract), ""), ()),
        )
        name = next((name for up_to, name in buckets if left <= up_to), None)
        return None if name is None else self.of(name, name)

    def _underlyings(self, instruments: Mapping[str, Instrument]) -> dict[_Terms, str]:
        """Markets with buckets, by the terms that their dated futures share."""
        found: dict[_Terms, str] = {}
        for market in self.buckets:
            instrument = instruments.get(market)
            if not isinstance(instrument, Perpetual | Future):
                continue
            first = found.setdefault(_terms(instrument), market)
            if first != market:
                raise UsageError(
                    "must have expiry buckets under one market",
                    found=f"{first} and {market}, which have the same terms",
                    field="expiry.up_to",
                    remedy="leave the instrument of one of them out",
                )
        return found


TierTables = (
    ParameterSet | Mapping[str, TierTable] | Mapping[str, TierTable | SidedTiers] | VenueTiers
)


def venue_tiers(parameters: TierTables) -> VenueTiers:
    """Return the tables of a set, or those stated by market."""
    if isinstance(parameters, VenueTiers):
        return parameters
    if not isinstance(parameters, ParameterSet):
        return VenueTiers(tables={market: _both(held) for market, held in parameters.items()})
    stated: dict[str, list[Parameter]] = {}
    buckets: dict[str, list[tuple[int, str]]] = {}
    for parameter in parameters:
        stated.setdefault(parameter.market, []).append(parameter)
        if parameter.name == UP_TO:
            reach = int(parameter.value * NANOSECONDS_PER_HOUR), parameter.market
            buckets.setdefault(parameter.market.rpartition("#")[0], []).append(reach)
    return VenueTiers(
        stated={market: tuple(held) for market, held in stated.items()},
        source=parameters,
        buckets={market: tuple(sorted(reaches)) for market, reaches in buckets.items()},
    )


def _both(held: TierTable | SidedTiers) -> SidedTiers:
    return SidedTiers(long=held, short=held) if isinstance(held, TierTable) else held


def _read(alone: ParameterSet, market: str, name: str) -> SidedTiers | None:
    """Build the tables of a set's only market; None where no tier is among its parameters."""
    held = alone.of(market)
    sides = {
        prefix: alone.tiers(market, prefix)
        for prefix in ("", SHORT_PREFIX)
        if any(other.startswith(f"{prefix}tier[") for other in held)
    }
    if not sides:
        return None
    if "" not in sides:
        raise UsageError(
            "must have a table for longs beside the one for shorts", found="none", field=market
        )
    return SidedTiers(
        long=sides[""],
        short=sides.get(SHORT_PREFIX, sides[""]),
        marginal_maintenance=_marginal(held.get(MARGINAL_SHARE)),
        name=name,
    )


def _marginal(share: Parameter | None) -> bool | None:
    if share is None:
        return None
    if share.value not in (0, 1):
        raise ParameterError(
            "must be 0 (rates hold for the whole notional) or 1 (for their slice)",
            found=str(share.value),
            field=share.key,
        )
    return share.value == 1


def _terms(contract: Perpetual | Future) -> _Terms:
    return contract.pair, contract.settle, contract.payoff
