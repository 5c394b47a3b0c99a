"""Smoothness on the real chains: ratios near one, raw parameters below the baselines, no flips.

Baselines: `reference/baselines.md`, B.2, constrained SVI at 7 to 30 days.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from real_chains import surfaces_of_all_chains

from plimsoll.estimators.surface.moves import Quantity, SmileMoves, move_measures
from plimsoll.journeys.surface_batch import SurfacesResult
from worked_out_once import Once


@pytest.fixture(scope="module")
def result(market_data_dir: Path, once: Once) -> SurfacesResult:
    return surfaces_of_all_chains(market_data_dir / "options", once)


@pytest.fixture(scope="module")
def moves(result: SurfacesResult) -> SmileMoves:
    assert result.moves is not None
    return result.moves


@pytest.mark.slow
@pytest.mark.parametrize("tenor", range(1, 6))
def test_level_and_skew_move_as_their_quotes_do(moves: SmileMoves, tenor: int) -> None:
    """Medians and 99 % quantiles within a tenth of those of the mids, which hold their noise."""
    part = moves.where(moves.tenor() == tenor)
    assert len(part) > 300
    for quantity in (Quantity.ATM_VOL, Quantity.SKEW):
        found = move_measures(part, quantity)
        assert 0.9 < found.ratio < 1.1
        assert 0.9 < found.worst_ratio < 1.1


@pytest.mark.slow
@pytest.mark.parametrize("tenor", range(1, 6))
def test_curvature_moves_less_than_its_quotes(moves: SmileMoves, tenor: int) -> None:
    """Three mids know curvature badly: most of their move is the spread's noise.

    In the middle well below it, in the tail no more than the quotes themselves.
    """
    found = move_measures(moves.where(moves.tenor() == tenor), Quantity.CURVATURE)
    assert found.quote_median < found.noise_median
    assert found.ratio < 0.6
    assert found.worst_ratio < 1.0


@pytest.mark.slow
def test_raw_parameters_move_less_than_the_baseline(moves: SmileMoves) -> None:
    """Median daily move at 7 to 30 days of the plain fit with a prior: 0.10 and 0.44."""
    daily = moves.where((moves.span_days > 0.75) & (moves.tau_days >= 7.0) & (moves.tau_days < 30))
    assert len(daily) > 500
    assert np.median(np.abs(daily.moved(Quantity.ATANH_RHO))) < 0.10
    assert np.median(np.abs(daily.moved(Quantity.CENTRE))) < 0.44


@pytest.mark.slow
def test_no_smile_flips(moves: SmileMoves) -> None:
    assert moves.still.sum() > 2_000
    # Three raw parameters beyond three standard errors: as rare as normal errors make it.
    assert moves.far.sum() <= 3 * 0.0027 * moves.still.sum()
    assert moves.flipped.sum() == 0


@pytest.mark.slow
def test_the_clock_of_earlier_chains_halves_the_error_of_a_left_out_expiry(
    result: SurfacesResult,
) -> None:
    """Root mean square over the second half, weights from the first: 1.0 against 1.8 points."""
    found = result.clock.left_out
    assert found is not None
    assert found.clock.size > 400
    rms = [float(np.sqrt(np.mean(errors**2))) for errors in (found.clock, found.calendar)]
    assert rms[0] < 0.65 * rms[1]
    medians = [float(np.median(np.abs(errors))) for errors in (found.clock, found.calendar)]
    assert medians[0] < 0.8 * medians[1]


@pytest.mark.slow
def test_both_indices_agree_but_for_the_wings(result: SurfacesResult) -> None:
    """Against `docs/vol-shocks.md`: the surface's lies above by 0.6 to 0.9 points on average."""
    pairs = [
        (r.index.quotes.value, r.index.surface.value)
        for r in result.records
        if r.index.surface is not None and not r.is_broken
    ]
    known = np.array([pair for pair in pairs if np.isfinite(pair).all()])
    assert len(known) >= 420
    assert 0.4 < np.median(known[:, 1] - known[:, 0]) < 1.1
    assert np.corrcoef(known.T)[0, 1] > 0.99
    without = [r for r in result.records if r.index.quotes.reason is not None]
    assert {r.name for r in without} == {"BTC 2026-01-13 09:21"}
