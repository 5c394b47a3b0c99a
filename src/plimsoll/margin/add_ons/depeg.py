"""Depeg add-on: a hedge between dollars that are not the same dollar.

Long one leg and short another, in contracts worth different dollar coins, loses when one of them
leaves its peg. Within an underlying, with legs by the currency their value hangs on::

    hedged   H   = min(sum of long legs, sum of short legs)
    weak     A_k = min(H, sum of all legs at the peg of band k or a weaker one)
    add-on       = sum over bands k of charge_k(A_k) - charge_k(A_k+1)

``A_k`` is the most that can be hedged with a weak leg on one side at least: weak longs against
strong shorts, and weak shorts against strong longs. So every hedged dollar is charged once, at the
weaker peg of the two legs that it stands between; the weakest fill the brackets first.
A leg of one dollar moves one dollar to its band, and nothing jumps.

Bands and brackets follow the stablecoin charge of OKX (help centre, MR9), whose
model has it as MR9 (`plimsoll.margin.okx`). There legs are paired off one after the other, and each
pair goes through brackets that begin anew; here all go through one set, which asks no less. With
two legs both ask the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import ParameterError
from plimsoll.margin.add_ons.exposed import Charge, Charged, ExposedBook, charge_of
from plimsoll.margin.add_ons.markets import AddOnMarkets
from plimsoll.maths.progressive_brackets import progressive_charge

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PegBand:
    """Rates on hedged size that hold from a peg upwards.

    Parameters
    ----------
    peg_at_least : Decimal
        Price of the weakest coin in dollars.
    brackets : tuple of (Decimal or None, Decimal)
        Upper end of each slice in dollars (None: open) and its rate.

    Raises
    ------
    ParameterError
        For caps that do not rise to an open end, rates outside [0, 1] or falling with size.
    """

    peg_at_least: Decimal
    brackets: tuple[tuple[Decimal | None, Decimal], ...]

    def __post_init__(self) -> None:
        caps = [cap for cap, _ in self.brackets[:-1] if cap is not None]
        rises = all(low < high for low, high in pairwise([Decimal(0), *caps]))
        if not self.brackets or self.brackets[-1][0] is not None or not rises:
            raise ParameterError("caps must rise to an open end", found=caps, field="brackets")
        if len(caps) != len(self.brackets) - 1:
            raise ParameterError("only the last cap may be open", found=caps, field="brackets")
        rates = [rate for _, rate in self.brackets]
        falls = any(later < earlier for earlier, later in pairwise(rates))
        if falls or not all(0 <= rate <= 1 for rate in rates):
            raise ParameterError(
                "rates must lie in [0, 1] and not fall with size", found=rates, field="brackets"
            )

    def charge(self, size_usd: FloatArray) -> FloatArray:
        """Charge each slice of ``size_usd`` at its own rate."""
        caps = [np.inf if cap is None else float(cap) for cap, _ in self.brackets]
        return progressive_charge(size_usd, caps, [float(rate) for _, rate in self.brackets])


@dataclass(frozen=True, slots=True, kw_only=True)
class DepegAddOn:
    """Charge on dollars hedged with other dollars.

    Parameters
    ----------
    bands : tuple of PegBand
        From the strongest peg down to 0.
    charged : Charged

    Raises
    ------
    ParameterError
        For bands that do not fall to a peg of 0, or where some slice is charged less as the peg
        falls.
    """

    bands: tuple[PegBand, ...]
    charged: Charged = Charged.BOTH

    def __post_init__(self) -> None:
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))
        pegs = [band.peg_at_least for band in self.bands]
        if not pegs or pegs[-1] != 0 or any(not a > b for a, b in pairwise(pegs)):
            raise ParameterError("pegs must fall down to 0", found=pegs, field="bands")
        sizes = [c for band in self.bands for c, _ in band.brackets if c is not None]
        # Charges are linear between caps: compared slice by slice, and beyond the last.
        ends = {*(float(c) for c in sizes), 2.0 * float(max([*sizes, Decimal(1)]))}
        points = np.array(sorted(ends))
        for strong, weak in pairwise(self.bands):
            more = weak.charge(points) - strong.charge(points)
            steeper = np.diff(more, prepend=0.0) >= -1e-12 * points
            if not steeper.all() or weak.brackets[-1][1] < strong.brackets[-1][1]:
                raise ParameterError(
                    "charges must not fall as the peg falls, slice by slice",
                    found=(str(strong.peg_at_least), str(weak.peg_at_least)),
                    field="bands",
                )

    def charge_of(self, weak_usd: FloatArray) -> FloatArray:
        """Charge (C,) dollars hedged at the peg of each band (B, C) or a weaker one.

        Of 100 dollars 30 hang on a weak peg: 70 at 1 %, 10 at 10 % and 20 at 50 %.

        >>> weak = peg_band("0", ("10", "0.1"), (None, "0.5"))
        >>> add_on = DepegAddOn(bands=(peg_band("0.99", (None, "0.01")), weak))
        >>> add_on.charge_of(np.array([[100.0], [30.0]])).tolist()
        [11.7]
        """
        weaker = np.concatenate([weak_usd[1:], np.zeros((1, weak_usd.shape[1]))])
        total = np.zeros(weak_usd.shape[1])
        for band, more, less in zip(self.bands, weak_usd, weaker, strict=True):
            total = total + (band.charge(more) - band.charge(less))
        return total

    def prepare(self, markets: AddOnMarkets) -> PreparedDepeg:
        """Look up the band of every leg."""
        peg = np.array([_peg(markets, leg) for leg in markets.legs], dtype=np.float64)
        lowest = np.array([float(b.peg_at_least) for b in self.bands])
        # The first band whose peg is reached; the last starts at 0.
        band = np.array([int(np.argmax(lowest <= p)) if p >= 0.0 else -1 for p in peg])
        return PreparedDepeg(add_on=self, band_of_leg=band.astype(np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedDepeg:
    """Band (L,) of every leg; -1 where its peg is not known."""

    add_on: DepegAddOn
    band_of_leg: NDArray[np.int64]

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge each underlying of a unit."""
        del inner
        sums, markets = exposed.sums, exposed.markets
        long, short = np.zeros(sums.cells), np.zeros(sums.cells)
        gross = np.zeros((len(self.add_on.bands), sums.cells))
        for leg, band in enumerate(self.band_of_leg.tolist()):
            net = sums.by_cell(np.where(markets.leg == leg, markets.delta, 0.0)) / markets.dollar
            long, short = long + np.maximum(net, 0.0), short + np.maximum(-net, 0.0)
            gross[: band + 1] += np.abs(net)
        amount = self.add_on.charge_of(np.minimum(gross, np.minimum(long, short)))
        unknown = np.append(self.band_of_leg < 0, False)[markets.leg]
        reason = exposed.delta_reason
        if unknown[exposed.held.rows].any():
            lacks = (reason == 0) & unknown[exposed.row]
            reason = np.where(lacks, int(MarginReason.NO_CURRENCY_PRICE), reason).astype(np.int64)
        return charge_of(
            "depeg",
            "Stablecoin depeg",
            exposed.of_cells(amount * markets.dollar),
            self.add_on.charged,
            reason,
            "size hedged between dollars, at the brackets of the weaker peg of the two",
        )


def peg_band(peg_at_least: str, *brackets: tuple[str | None, str]) -> PegBand:
    """Write a band in text, so that no number is rounded.

    The worked example of OKX's notice (10 million hedged):

    >>> band = peg_band("0", ("1e6", "0.0075"), ("5e6", "0.0175"), ("10e6", "0.025"), (None, "0.4"))
    >>> band.charge(np.array([10e6])).tolist()
    [202500.0]
    """
    return PegBand(
        peg_at_least=Decimal(peg_at_least),
        brackets=tuple((None if c is None else Decimal(c), Decimal(r)) for c, r in brackets),
    )


def _peg(markets: AddOnMarkets, leg: str) -> float:
    """Price of a leg's currency in dollars; NaN where it has none. The dollar itself is at 1."""
    if leg == "USD":
        return 1.0
    return float(markets.snapshot.stable_price_usd.get(leg, np.nan))
