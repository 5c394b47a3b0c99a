"""A market without data takes the floor of its class, then of the venue, else nothing."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.assembly.class_default import Donor, class_default
from plimsoll.calibration.assembly.needs import SideRisk
from plimsoll.calibration.problem import ShortHistory


def donor(name: str, price: float) -> Donor:
    risk = SideRisk(
        price=price, price_error=price / 10, reaction=2 * price, reaction_error=price / 5
    )
    return Donor(risk_class=name, risk=risk, volatility_daily=price / 2)


BIG = [donor("big", p) for p in (0.01, 0.02, 0.04)]
SMALL = [donor("small", 0.30)]


def test_the_class_lends_its_highest() -> None:
    found = class_default([*BIG, *SMALL], "big", ShortHistory())
    assert found == donor("big", 0.04)


def test_the_stated_quantile_counts_and_errors_are_the_largest() -> None:
    found = class_default([*BIG, *SMALL], "big", ShortHistory(class_quantile=0.5))
    assert found is not None
    assert found.risk.price == pytest.approx(0.02)
    assert found.risk.reaction == pytest.approx(0.04)
    assert found.risk.price_error == pytest.approx(0.004)


def test_too_few_donors_of_a_class_leave_it_to_the_venue() -> None:
    found = class_default([*BIG, *SMALL], "small", ShortHistory(class_quantile=0.5))
    assert found is not None
    assert found.risk.price == pytest.approx(np.quantile([0.01, 0.02, 0.04, 0.30], 0.5))
    alone = class_default(BIG, "none", ShortHistory())
    assert alone is not None
    assert alone.risk.price == pytest.approx(0.04)


def test_nobody_to_lend_is_no_number() -> None:
    assert class_default([], "big", ShortHistory()) is None
