"""A row with a Reason has no number, and a peg among the markets sinks no other row."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from listing_histories import history_of, listing_history
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import MarketHistory
from plimsoll.estimators.nightly import NightlyEstimate, NightlySettings, nightly_estimate
from plimsoll.estimators.pooling.young_market import YoungMarketModel

SETTINGS = NightlySettings(copula_replicates=2, young=YoungMarketModel(settled_rows=300))
YOUNG, DAYS = "YOUNG", 200


def venue(**odd: np.ndarray) -> MarketHistory:
    """Ten old markets, five listings, one of five days, and odd ones."""
    made = listing_history(days=DAYS, established=10, listings=5)
    young = np.exp(np.cumsum(0.01 * np.random.default_rng(8).standard_t(4, 24 * DAYS)))
    young[: -24 * 5] = np.nan
    odd = {YOUNG: young, **odd}
    extra = [made.close, *(column[:, None] for column in odd.values())]
    close = np.concatenate(extra, axis=1)
    listed = np.logical_or.accumulate(np.isfinite(close), axis=0)
    return history_of(close, (*made.markets, *odd), listed)


def steps() -> np.ndarray:
    return np.random.default_rng(3).standard_t(4, 24 * DAYS)


@cache
def without() -> NightlyEstimate:
    return nightly_estimate(venue(), SETTINGS)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (1.0 + 1e-4 * np.round(steps()), None),
        (np.exp(np.cumsum(1e-6 * steps())), Reason.CONSTANT_PRICE),
        (np.exp(np.cumsum(1e-7 * steps())), Reason.CONSTANT_PRICE),
    ],
)
def test_a_peg_leaves_the_young_as_they_were(column: np.ndarray, reason: Reason | None) -> None:
    """To 2 %, as in the pool; any warning would be an error."""
    found = nightly_estimate(venue(PEG=column), SETTINGS)
    assert found.reasons[found.column("PEG")] is reason
    row = found.column(YOUNG)
    assert found.reasons[row] is None
    for mine, theirs in zip(found.horizons, without().horizons, strict=True):
        np.testing.assert_allclose(
            mine.value_at_risk[row], theirs.value_at_risk[without().column(YOUNG)], rtol=0.02
        )


def flips(hours: int) -> np.ndarray:
    """Up and down by a factor of 1e4 each hour, for so many hours."""
    found = np.where(np.arange(24 * DAYS) % 2, 1e4, 1.0)
    found[:-hours] = np.nan
    return found


def published(found: NightlyEstimate, row: int) -> np.ndarray:
    return np.concatenate(
        [
            numbers[row]
            for risk in found.horizons
            for numbers in (
                risk.value_at_risk,
                risk.expected_shortfall,
                risk.value_at_risk_log_error,
                risk.expected_shortfall_log_error,
            )
        ]
    )


def test_a_row_with_a_reason_has_no_number_now_or_later() -> None:
    constant = np.exp(np.cumsum(1e-7 * steps()))
    history = venue(PEG=constant, FLIPS=flips(24 * 12))
    found = nightly_estimate(history, SETTINGS)
    later = found.update(np.log(history.close[-1] * 1.01))
    assert found.young[8]["FLIPS"].reason is Reason.FIT_FAILED
    assert found.reasons[found.column("FLIPS")] is Reason.FIT_FAILED
    for night in (found, later):
        for row, reason in enumerate(night.reasons):
            if reason is not None:
                assert np.isnan(published(night, row)).all()
                assert np.isnan(night.volatility_annual[row])
                assert not any(risk.own[row] for risk in night.horizons)
            else:
                assert np.isfinite(published(night, row)).all()


def test_a_number_over_one_horizon_only_is_not_published() -> None:
    """One market alone, 8 h and ninety days, of which 160 days hold too few moves."""
    settings = NightlySettings(copula_replicates=2, horizons_hours=(8, 24 * 90))
    alone = walk_alone(160)
    found = nightly_estimate(alone, settings)
    assert np.isfinite(found.horizon(8).fitted.risk()[0]).all()
    assert found.reasons == (Reason.FIT_FAILED,)
    for night in (found, found.update(np.log(alone.close[-1]))):
        assert np.isnan(published(night, 0)).all()
        assert np.isnan(night.volatility_annual).all()


def walk_alone(days: int) -> MarketHistory:
    close = 100.0 * np.exp(np.cumsum(0.01 * np.random.default_rng(4).standard_t(4, 24 * days)))
    return history_of(close[:, None], ("ALONE",))
