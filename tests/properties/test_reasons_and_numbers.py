"""A unit has no requirement exactly where it has a reason, at both levels, in every model.

Every kind of bad input of `plimsoll.testing.margin_faults`, beside good accounts, is put to every
model; then each margin unit of the book is looked at.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.domain.account import Account, Order
from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.testing.generated_books import position, sized
from plimsoll.testing.margin_faults import prepared_faults
from plimsoll.testing.subject import Subject, subject
from sandbox_models import MODELS


@cache
def examined(name: str) -> Subject:
    held = MODELS[name]
    return subject(held.case, promises=held.promises)


def has_reason(found: Requirements) -> NDArray[np.bool_]:
    told = np.zeros(len(found), dtype=np.bool_)
    if found.unit_reason is not None:
        told |= found.unit_reason != 0
    told[found.parts.unit[found.parts.reason != 0]] = True
    return told


def good(tried: Subject) -> Account:
    markets = tried.markets[:2]
    held = tuple(position(tried.case, m, sized(tried.case, m, 1_000.0)) for m in markets)
    return Account(name="good", positions=held, collateral={"USDC": 1_000.0})


@pytest.mark.parametrize("name", [n for n in MODELS if n != "deribit X:PM with minimum"])
def test_no_number_exactly_where_there_is_a_reason(name: str) -> None:
    tried = examined(name)
    pricing: Any = getattr(tried.case.model, "pricing", None)
    spoilt = {*MODELS[name].pricing_markets, *getattr(pricing, "pricing_markets", {}).values()}
    tried_some = False
    for one in prepared_faults(tried, frozenset(spoilt)):
        fault = one.fault
        assert not isinstance(one.prepared, Exception), fault.name
        found = one.prepared.requirements(Book.from_accounts([good(tried), fault.account]))
        told = has_reason(found)
        for level in ("initial", "maintenance"):
            np.testing.assert_array_equal(np.isnan(getattr(found, level)), told, fault.name)
        assert not np.any(np.isnan(found.equity) & ~told), fault.name
        np.testing.assert_array_equal(found.unknown, told, fault.name)
        tried_some |= bool(told.any())
    assert tried_some


@pytest.mark.parametrize("name", list(MODELS))
def test_a_lost_order_is_said_in_the_explanation(name: str) -> None:
    """The row of the unit says why, for none of its positions does."""
    tried = examined(name)
    lost = Order(market="UNKNOWN-1", quantity=1.0)
    account = Account(name="a", positions=good(tried).positions, orders=(lost,))
    found = tried.prepared.requirements(Book.from_accounts([account]))
    table = found.explain("a")
    reasons = {row[1]: row[-1] for row in table.rows}
    assert reasons["total"] == LOST.get(name, MarginReason.UNKNOWN_INSTRUMENT).text
    assert {reasons[m] for m in tried.markets[:2]} == {""}
    assert bool(np.isnan(found.initial[0])) == bool(np.isnan(found.maintenance[0]))
    assert bool(np.isnan(found.initial[0])) == (reasons["total"] != "")


LOST = {
    "exposure": MarginReason.NOT_MARGINED,  # as any order
    # The venue asks for orders when they fill.
    "derive PMRM_2": MarginReason.NONE,
    "derive PMRM": MarginReason.NONE,
    "derive SRM": MarginReason.NONE,
}
