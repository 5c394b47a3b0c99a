"""Standard errors of multipliers against the spread over samples drawn anew."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.add_ons.counterparty import Counterparty, counterparty_margin
from plimsoll.calibration.add_ons.multiplier_errors import (
    counterparty_multiplier_error,
    dated_losses,
    drawn_day_counts,
    outage_multiplier_error,
)
from plimsoll.calibration.add_ons.outage import mixture_quantile

DAYS, A_DAY = 400, 24
DAY = np.repeat(np.arange(DAYS), A_DAY)
SHARES = (0.9, 0.1)


def _sample(draw: np.random.Generator, scale: float = 0.01) -> np.ndarray:
    return scale * draw.standard_t(4, DAYS * A_DAY)


def test_every_day_is_drawn_as_often_as_any() -> None:
    drawn = drawn_day_counts(50, replicates=2000)
    assert (drawn.sum(axis=1) == 50).all()
    # Mean 1 a day; the error of 2,000 draws in blocks is about 0.02.
    np.testing.assert_allclose(drawn.mean(axis=0), 1.0, atol=0.1)


def test_the_error_of_an_outage_multiplier_is_its_spread_over_new_samples() -> None:
    draw = np.random.default_rng(7)

    def pair() -> list[np.ndarray]:
        return [_sample(draw), _sample(draw, 0.02)]

    def ratio(samples: list[np.ndarray]) -> float:
        weight = np.repeat(SHARES, DAYS * A_DAY) / (DAYS * A_DAY)
        even = np.full(DAYS * A_DAY, 1.0 / (DAYS * A_DAY))
        mixed = mixture_quantile(np.concatenate(samples), weight, 0.99)
        return mixed / mixture_quantile(samples[0], even, 0.99)

    anew = float(np.std([ratio(pair()) for _ in range(200)]))
    drawn = drawn_day_counts(DAYS)
    found = [
        outage_multiplier_error(
            [dated_losses(one, DAY, DAYS, 0.99) for one in pair()], SHARES, 0.99, drawn
        )
        for _ in range(5)
    ]
    # Two spreads of 200 draws, one averaged over five samples: about a tenth apart.
    assert float(np.mean(found)) == pytest.approx(anew, rel=0.3)


def test_the_error_of_a_counterparty_multiplier_is_its_spread_over_new_samples() -> None:
    draw = np.random.default_rng(8)
    who, budget = Counterparty(default_probability_annual=0.05), 5e-6

    def ratio(one: np.ndarray) -> float:
        base = float(np.quantile(one, 0.99))
        return counterparty_margin(one, who, base_margin=base, budget=budget).multiplier

    ratios = [ratio(_sample(draw)) for _ in range(200)]
    assert min(ratios) > 1.0
    drawn = drawn_day_counts(DAYS)
    found = [
        counterparty_multiplier_error(
            dated_losses(_sample(draw), DAY, DAYS, 0.99), who.severity, budget, 0.99, drawn
        )
        for _ in range(5)
    ]
    assert float(np.mean(found)) == pytest.approx(float(np.std(ratios)), rel=0.4)


def test_days_that_are_all_alike_leave_no_error() -> None:
    alike = np.tile(np.linspace(-0.01, 0.02, A_DAY), DAYS)
    sample = dated_losses(alike, DAY, DAYS, 0.99)
    drawn = drawn_day_counts(DAYS)
    assert outage_multiplier_error([sample], (1.0,), 0.99, drawn) == 0.0
    assert counterparty_multiplier_error(sample, 0.3, 1e-6, 0.99, drawn) < 1e-12
