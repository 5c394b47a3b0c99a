"""Size-tier add-on: a tier table beside a model that does not see how large a position is.

For a position of notional ``x``, of an owner who holds ``X`` on that side of the market, ``X`` in
tier ``i`` with maintenance rate ``m_i`` and deduction ``D_i``::

    add-on = x m_i - D_i x / X

the same charge as the tier model's maintenance margin, added to
what a scenario model asks. Tables whose first tiers have small rates charge large positions only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.tiers import TierTable
from plimsoll.margin.add_ons.exposed import Charge, Charged, ExposedBook, charge_of
from plimsoll.margin.add_ons.markets import AddOnMarkets
from plimsoll.maths.size_charges import SizeTerms, size_charges, tier_terms

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeTierAddOn:
    """Charge positions by tier tables.

    Parameters
    ----------
    tables : mapping of str to TierTable
        By market, caps in dollars of notional; positions in another market have the reason
        NO_TIERS, those beyond the last cap BEYOND_LAST_TIER.
    charged : Charged
    """

    tables: Mapping[str, TierTable]
    charged: Charged = Charged.BOTH

    def __post_init__(self) -> None:
        object.__setattr__(self, "charged", chosen(Charged, self.charged, "charged"))

    def prepare(self, markets: AddOnMarkets) -> PreparedSizeTiers:
        """Lay tables out by market; caps and deductions in the numeraire."""
        tables = [self.tables.get(market) for market in markets.rows.markets]
        rows = [_rows(table) for table in (*tables, None)]
        cap, rate, deduction = np.array([row for table in rows for row in table]).T.copy()
        offsets = np.cumsum([0, *(len(table) for table in rows)], dtype=np.int64)
        dollar = markets.dollar
        return PreparedSizeTiers(
            add_on=self,
            lacks=np.array([*(table is None for table in tables), True], dtype=np.bool_),
            terms=tier_terms(
                np.nan_to_num(markets.gross), offsets, cap * dollar, rate, deduction * dollar
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedSizeTiers:
    """Tiers by market; ``lacks`` (N + 1,) where there is no table."""

    add_on: SizeTierAddOn
    lacks: NDArray[np.bool_]
    terms: SizeTerms

    def charge(self, exposed: ExposedBook, inner: Requirements) -> Charge:
        """Charge each position at the tier of its owner's size."""
        del inner
        held = exposed.held
        tiers = size_charges(held.by_unit, self.terms, linked=held.linked_by_unit).tiers
        reason = exposed.lacking(self.lacks, MarginReason.NO_TIERS, exposed.size_reason)
        if np.isnan(tiers).any():
            reason = self._with_largest(reason, exposed)
        return charge_of(
            "size_tiers",
            "Size tiers",
            tiers,
            self.add_on.charged,
            reason,
            "rates of the tier that the owner's size reaches, less what lower tiers leave",
        )

    def _with_largest(self, reason: IntArray, exposed: ExposedBook) -> IntArray:
        """(P,) ``reason``, and BEYOND_LAST_TIER where that is none and no tier is large enough."""
        highest = self.terms.cap[self.terms.tier_offsets[1:] - 1]
        beyond = (reason == 0) & (exposed.owned > highest[exposed.row])
        return np.where(beyond, int(MarginReason.BEYOND_LAST_TIER), reason).astype(np.int64)


def _rows(table: TierTable | None) -> list[tuple[float, float, float]]:
    """Cap, rate and deduction of each tier; of no table one that charges nothing."""
    if table is None:
        return [(np.inf, 0.0, 0.0)]
    return [
        (
            np.inf if tier.cap_usd is None else float(tier.cap_usd),
            float(tier.maintenance_rate),
            float(deduction),
        )
        for tier, deduction in zip(table.tiers, table.deductions_usd, strict=True)
    ]
