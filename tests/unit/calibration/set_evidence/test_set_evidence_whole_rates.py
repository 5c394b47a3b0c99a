"""What is in force with rates for the whole position is held against the set as such."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from plimsoll.calibration.set_evidence.ladder_table import means_against
from plimsoll.calibration.tiers.fit import FittedLadder
from plimsoll.calibration.tiers.ladder import Ladder, RateKind
from plimsoll.domain.parameters import Origin, Parameter, Unit, parameter_set
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.journeys.incumbent import whole_tables


def table(*rows: tuple[int, str]) -> TierTable:
    return TierTable(
        tuple(
            Tier(
                cap_usd=Decimal(cap),
                maintenance_rate=Decimal(rate),
                initial_rate=2 * Decimal(rate),
                max_leverage=1 / (2 * Decimal(rate)),
            )
            for cap, rate in rows
        )
    )


HELD = table((10_000, "0.01"), (100_000, "0.02"))


def fitted(kind: RateKind) -> FittedLadder:
    ladder = Ladder.of_table(HELD, kind)
    return FittedLadder(ladder=ladder, mean=0.0, lower_bound=0.0, rate_errors=np.zeros(2))


def test_the_mean_in_force_is_that_of_its_own_kind_of_rates() -> None:
    """Of sizes log-uniform from 1,000 to 100,000 half lie below 10,000: 1 % and 2 %, 1.5 %.

    Marginal: the upper half keeps 2 % less 100 dollars, whose mean over ln 10 of ln size is
    100 (1/1e4 - 1/1e5) / ln 10 of the size. Tolerance 1 %: sizes stand on a grid.
    """
    _, whole, change = means_against(fitted(RateKind.WHOLE), HELD, RateKind.WHOLE)
    assert whole == pytest.approx(0.015, rel=0.01)
    assert change == 0.0
    _, marginal, _ = means_against(fitted(RateKind.WHOLE), HELD)
    less = 100.0 * (1e-4 - 1e-5) / np.log(10.0)
    assert marginal == pytest.approx(0.015 - less / 2.0, rel=0.01)


def test_a_set_says_which_of_its_tables_are_whole() -> None:
    made = parameter_set(
        venue="v", valid_from="2025-01-01T00:00:00Z", seed=1, data_digest="d",
        problem_digest="p", code_version="c", label="",
        parameters=tuple(
            Parameter(
                market=market, name="tiers.marginal_share", value=Decimal(value),
                unit=Unit.FRACTION, lower=Decimal(0), upper=Decimal(1), owner="risk",
                origin=Origin.VENUE,
            )
            for market, value in (("A", "0"), ("A#30d", "0"), ("B", "1"))
        ),
    )  # fmt: skip
    keys = ("A", "A/short.", "A#30d/short.", "B", "B/short.", "C")
    assert whole_tables(made, keys) == {"A", "A/short.", "A#30d/short."}
