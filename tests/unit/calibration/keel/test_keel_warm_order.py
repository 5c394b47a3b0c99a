"""An order of which no two tables can be compared proves nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from plimsoll.calibration.set_plan import OrderPlan
from plimsoll.calibration.solve import MarketSolution
from plimsoll.calibration.warm_panel_order import merged_order
from plimsoll.domain.evidence import Verdict


def test_no_pairs_are_no_proof() -> None:
    alone = cast(MarketSolution, SimpleNamespace(spec=SimpleNamespace(symbol="A"), tables=()))
    others: tuple[Any, ...] = ()
    check = merged_order(alone, others, OrderPlan(classes=("large", "thin")))
    assert check.verdict is Verdict.NOT_PROVEN
