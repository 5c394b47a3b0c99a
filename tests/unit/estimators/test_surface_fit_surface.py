"""The joint fit of generated chains: truth, freedom from arbitrage, determinism, wild quotes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from surface_fit_chains import clean_quotes, generated, rows_of, scaled

from plimsoll.domain.surface import SmileSource, VarianceClock, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.arbitrage import arbitrage_report
from plimsoll.estimators.surface.fit import fit_surface, fit_surfaces
from plimsoll.estimators.surface.fit_result import FitPath
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.maths.svi import svi_total_variance

WEEKENDS = VarianceClock(day_weights=(1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5))


def at_the_money(surface: VolSurface) -> np.ndarray:
    return np.array(
        [np.sqrt(float(svi_total_variance(s.raw, 0.0)) / s.tau_years) for s in surface.smiles]
    )


def fitted(seed: int = 0) -> VolSurface:
    surface = fit_surface(prepare_chain(generated()[seed].chain)).surface
    assert surface is not None
    return surface


@pytest.mark.parametrize("snapshot", range(3))
def test_generated_surface_is_found_again(snapshot: int) -> None:
    """Quotes are off centre by up to 0.3 half-spreads and rounded to ticks, so that the truth can
    be told to a fraction of the half-spread, 0.35 to 1.3 vol points: half a point at the money."""
    found, truth = fitted(snapshot), generated()[snapshot].truth
    assert found.expiries_ns == truth.expiries_ns
    np.testing.assert_allclose(at_the_money(found), at_the_money(truth), atol=0.005)
    assert arbitrage_report(found).is_clean
    assert all(smile.source is SmileSource.SVI for smile in found.smiles)


def test_quotes_lie_inside() -> None:
    quotes = clean_quotes()
    fit = fit_surface(quotes)
    inside, count = sum(s.inside for s in fit.smiles), sum(s.quotes for s in fit.smiles)
    assert fit.path is FitPath.JOINT
    assert count == int(fit.used.sum())
    # The truth has all quotes inside; a fit of the middle may lose a few.
    assert inside >= 0.99 * count
    assert all(0.0 <= smile.median_half_spreads < 0.5 for smile in fit.smiles)
    assert not np.any(fit.used & ~quotes.usable)


def test_order_of_the_rows_does_not_matter() -> None:
    chain = generated()[0].chain
    mixed = rows_of(chain, np.random.default_rng(0).permutation(len(chain)))
    one, other = fitted(), fit_surface(prepare_chain(mixed)).surface
    assert other is not None
    np.testing.assert_array_equal(one.raw(), other.raw())


def test_same_quotes_same_bits() -> None:
    one, other = fit_surface(clean_quotes()), fit_surface(clean_quotes())
    assert one.surface is not None
    assert other.surface is not None
    np.testing.assert_array_equal(one.surface.raw(), other.surface.raw())
    assert (one.objective, one.iterations) == (other.objective, other.iterations)


def test_many_at_once_are_the_same() -> None:
    chains = [prepare_chain(each.chain) for each in generated()]
    for fit, seed in zip(fit_surfaces(chains), range(3), strict=True):
        assert fit.surface is not None
        np.testing.assert_array_equal(fit.surface.raw(), fitted(seed).raw())


def test_free_of_arbitrage_on_another_clock() -> None:
    """Between expiries variance flows by the clock: both kinds of midpoint are checked."""
    fit = fit_surface(clean_quotes(), settings=SurfaceSettings(clock=WEEKENDS))
    assert fit.surface is not None
    assert fit.surface.clock == WEEKENDS
    assert arbitrage_report(fit.surface).is_clean
    weighted = [smile.variance_years / smile.tau_years for smile in fit.surface.smiles]
    assert max(weighted) > 1.02


@pytest.mark.parametrize("factor", [0.5, 4.0])
@pytest.mark.parametrize("drop_wild", [True, False])
def test_one_wild_quote_moves_nothing(factor: float, drop_wild: bool) -> None:
    """The quote nearest the money of every expiry in turn, with and without the filter: the loss
    alone holds expiries of three days and more, and those below by the issue's one point."""
    settings, chain = SurfaceSettings(drop_wild=drop_wild), generated()[0].chain
    base = at_the_money(fitted())
    for i, expiry in enumerate(chain.expiries_ns):
        rows = np.flatnonzero(clean_quotes().usable & (chain.expiry_ns == expiry))
        row = rows[np.argmin(np.abs(clean_quotes().log_moneyness[rows]))]
        fit = fit_surface(prepare_chain(scaled(chain, int(row), factor)), settings=settings)
        assert fit.surface is not None
        moved = np.abs(at_the_money(fit.surface) - base)
        assert moved[i] < 0.01
        assert np.delete(moved, i).max() < 0.002
        assert arbitrage_report(fit.surface).is_clean


def test_settings_are_checked() -> None:
    for wrong in ({"wing_weight": 0.0}, {"core_delta": 0.01}, {"least_quotes": 0}):
        with pytest.raises(UsageError):
            SurfaceSettings(**wrong)


def test_wings_beyond_two_delta_are_not_fitted() -> None:
    quotes = clean_quotes()
    used = fit_surface(quotes).used
    assert np.abs(quotes.forward_delta[used]).min() >= 0.02
    wider = fit_surface(quotes, settings=replace(SurfaceSettings(), wing_delta=0.005)).used
    assert wider.sum() > used.sum()
