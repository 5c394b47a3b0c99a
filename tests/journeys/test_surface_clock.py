"""The clock of a run's chains: known laws, its proof, and weights as users write them."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.surface import CALENDAR, VarianceClock
from plimsoll.errors import UsageError
from plimsoll.estimators.implied.term_structure import TermStructure
from plimsoll.journeys.surface_clock import clock_evidence, left_out_errors
from plimsoll.journeys.surface_clock_tables import clock_document, clock_tables, rounded_weights
from plimsoll.journeys.surface_day_weights import clock_of_text, settings_on
from plimsoll.maths.variance_clock import DAY_NS, variance_years

WEIGHTS = (1.2, 1.0, 1.3, 1.0, 1.5, 0.25, 0.75)
MONDAY = 4 * DAY_NS + 9 * DAY_NS // 24  # 5 January 1970, 09:00


def structure(weights: tuple[float, ...], start: int = 0) -> TermStructure:
    """Daily expiries at 08:00 whose variance flows evenly on a clock."""
    at = MONDAY + start * DAY_NS
    maturity = at - DAY_NS // 24 + DAY_NS * np.arange(1, 6)
    return TermStructure(
        at_ns=at,
        maturity_ns=maturity,
        total_variance=0.25 * variance_years(weights, at, maturity),
    )


def test_on_its_own_clock_a_left_out_expiry_is_found_exactly() -> None:
    history = [structure(WEIGHTS, start) for start in range(7)]
    own = left_out_errors(history, VarianceClock(day_weights=WEIGHTS))
    assert own.size == 7 * 3
    assert own == pytest.approx(0.0, abs=1e-12)
    assert np.abs(left_out_errors(history, CALENDAR)).max() > 0.01


def test_expiries_without_near_neighbours_are_not_left_out() -> None:
    at = MONDAY
    maturity = at + DAY_NS * np.array([1, 2, 5, 6, 7, 21])
    sparse = TermStructure(at_ns=at, maturity_ns=maturity, total_variance=0.01 * np.arange(1.0, 7))
    assert left_out_errors([sparse], CALENDAR).size == 1  # the sixth day alone
    assert left_out_errors([], CALENDAR).size == 0


@pytest.mark.parametrize("seed", range(20))
def test_rounded_weights_pass_back_with_a_mean_of_one(seed: int) -> None:
    drawn = np.random.default_rng(seed).uniform(0.2, 2.0, 7)
    clock = VarianceClock(day_weights=tuple(float(w) for w in drawn / drawn.mean()))
    weights = rounded_weights(clock)
    assert sum(weights) == pytest.approx(7.0, abs=1e-12)
    assert weights == pytest.approx(clock.day_weights, abs=1e-3)
    text = ",".join(f"{weight:.3f}" for weight in weights)
    assert clock_of_text(text).day_weights == pytest.approx(weights, abs=1e-12)


def test_too_few_chains_say_so() -> None:
    evidence = clock_evidence([])
    assert evidence.estimate is None
    assert clock_tables(evidence) == ()
    document = clock_document(evidence)
    assert document["day_weights"] is None
    assert "weekday" in document["reason"]


@pytest.mark.parametrize(
    "text",
    [
        "1,1,1",
        "1,1,1,1,1,1,1,1",
        "1,1,1,1,1,1,one",
        "1,1,1,1,1,1,",
        "2,1,1,1,1,1,1",
        "0,1,1,1,1,1,2",
        "-1,3,1,1,1,1,1",
        "nan,1,1,1,1,1,1",
        "inf,1,1,1,1,1,1",
        "",
    ],
)
def test_other_weights_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--day-weights: must be seven positive numbers of mean 1"):
        clock_of_text(text)


def test_weights_of_two_decimals_are_scaled_to_a_mean_of_one() -> None:
    weights = clock_of_text("1.2, 1.05, 1.25, 0.98, 1.5, 0.26, 0.76").day_weights
    assert sum(weights) / 7 == pytest.approx(1.0, abs=1e-12)
    assert settings_on(None).clock == CALENDAR
    assert settings_on("1,1,1,1,1.5,0.5,1").clock.day_weights[4] == 1.5
