"""Moves of a surface against those of its quotes: closed forms, known laws, planted flips."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from sample_surface import AT, DAY, smile

from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import SmileSource, SviSmile, VolSurface
from plimsoll.estimators.surface.moves import (
    EQUIVALENT,
    STILL,
    Counterpart,
    Quantity,
    SmileMoves,
    move_measures,
    smile_moves,
)
from plimsoll.estimators.surface.quoted_smile import REACH, quoted_smile
from plimsoll.estimators.surface.standardised import (
    standardised,
    standardised_errors,
    standardised_jacobian,
    standardised_vols,
    vols_of_shape,
)
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.maths.svi import svi_total_variance
from plimsoll.sandbox.option_chain import SandboxChain, option_chain

ROOT = np.sqrt(np.diag([1e-6, 1e-4, 1e-3, 1e-5, 1e-4]))
COVARIANCE = ROOT @ (np.eye(5) + 0.3) @ ROOT


@cache
def made() -> tuple[SandboxChain, SandboxChain]:
    """Two generated chains with the same expiries and different laws."""
    return option_chain(5), option_chain(6)


@pytest.fixture(scope="module")
def quotes() -> tuple[SmileQuotes, SmileQuotes]:
    first, second = (prepare_chain(item.chain) for item in made())
    return first, second


@pytest.fixture(scope="module")
def truth() -> tuple[VolSurface, VolSurface]:
    """The laws that made them, the second called a day later."""
    first, second = (item.truth for item in made())
    return first, replace(second, at_ns=second.at_ns + DAY)


def rows(count: int, **columns: np.ndarray) -> SmileMoves:
    """Moves that are all nothing but for the columns given."""
    nothing = {
        "expiry_ns": np.full(count, AT, dtype=np.int64),
        "span_days": np.ones(count),
        "tau_days": np.full(count, 10.0),
        "parameters": np.zeros((count, 10)),
        "quotes": np.zeros((count, 5)),
        "noise": np.zeros((count, 5)),
        "raw_errors": np.ones((count, 3)),
        "shape": np.zeros(count),
        "lost_inside": np.zeros(count),
    }
    return SmileMoves(**{**nothing, **columns})


def test_standardised_is_free_of_level() -> None:
    """A smile with all volatilities doubled, in its own deviations, has the same shape."""
    own = smile(30, 100.0)
    # w2(k) = 4 w(k / 2): a, b, m, sigma scale by 4, 2, 2, 2.
    twice = replace(own, a=4 * own.a, b=2 * own.b, m=2 * own.m, sigma=2 * own.sigma)
    assert standardised(twice) == pytest.approx(standardised(own), rel=1e-13)
    grid = np.linspace(-2.0, 2.0, 9)
    assert standardised_vols(twice, grid) == pytest.approx(standardised_vols(own, grid), rel=1e-13)
    assert standardised_vols(own, np.zeros(1)) == pytest.approx([1.0], rel=1e-15)


def test_jacobian_of_the_standardised_form_by_differences() -> None:
    """Central differences: error of order step squared, 1e-12, over rounding of 1e-16 / 1e-6."""
    own = smile(30, 100.0)
    names = ("a", "b", "rho", "m", "sigma")
    for column, name in enumerate(names):
        step = 1e-6 * max(abs(getattr(own, name)), 1e-2)
        up, down = (replace(own, **{name: getattr(own, name) + s}) for s in (step, -step))
        slope = (standardised(up) - standardised(down)) / (2.0 * step)
        assert standardised_jacobian(own)[:, column] == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_standard_errors_of_the_standardised_form_by_drawing() -> None:
    """A normal law of the raw parameters, drawn 20,000 times: errors known to half a per cent."""
    own = smile(30, 100.0, 1e-4 * COVARIANCE)
    draws = np.random.default_rng(1).multivariate_normal(own.raw, own.covariance, 20_000)
    values = np.array([standardised(_with_raw(own, raw)) for raw in draws])
    assert standardised_errors(own) == pytest.approx(values.std(axis=0), rel=0.02)
    assert np.isnan(standardised_errors(smile(30, 100.0))).all()


def test_quoted_smile_is_that_of_the_mids(quotes: tuple[SmileQuotes, ...]) -> None:
    """The same by numpy's own interpolation of the usable mids."""
    held = quotes[0]
    for expiry in held.chain.expiries_ns[2:]:
        mine = np.flatnonzero(held.usable & (held.chain.expiry_ns == expiry))
        mine = mine[np.argsort(held.log_moneyness[mine])]
        k, mid = held.log_moneyness[mine], held.mid_vol[mine]
        level = np.interp(0.0, k, mid)
        x = REACH * level * np.sqrt(held.expiries[expiry].tau_years)
        low, high = np.interp([-x, x], k, mid)
        expected = (
            level,
            (high - low) / (2 * REACH),
            (high + low - 2 * level) / REACH**2,
        )
        assert quoted_smile(held, expiry).value == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_noise_of_the_quoted_smile_by_drawing(quotes: tuple[SmileQuotes, ...]) -> None:
    """Mids drawn evenly between bid and ask: 4,000 draws know a deviation to about 1 per cent."""
    held, expiry = quotes[0], quotes[0].chain.expiries_ns[4]
    rng = np.random.default_rng(2)
    values = []
    for _ in range(4_000):
        share = rng.uniform(size=len(held.chain))
        mid = held.bid_vol + share * (held.ask_vol - held.bid_vol)
        values.append(quoted_smile(replace(held, mid_vol=mid), expiry).value)
    spread = np.array(values).std(axis=0)
    # The deviation in which the wings are placed moves with the level: second order.
    assert quoted_smile(held, expiry).noise == pytest.approx(spread, rel=0.06)


def test_no_quotes_no_number(quotes: tuple[SmileQuotes, ...]) -> None:
    held = quotes[0]
    none = replace(held, status=np.full(len(held.chain), 2, dtype=np.int8))
    found = quoted_smile(none, held.chain.expiries_ns[0])
    assert np.isnan(found.value).all()
    assert np.isnan(found.noise).all()


def test_moves_of_known_laws(
    truth: tuple[VolSurface, VolSurface], quotes: tuple[SmileQuotes, SmileQuotes]
) -> None:
    """The laws' own moves come back; those of the quotes agree within their noise."""
    moves = smile_moves(truth[0], quotes[0], truth[1], quotes[1])
    assert len(moves) >= 6
    assert (moves.tau_days >= 1.0).all()
    assert moves.span_days == pytest.approx(1.0)
    for i, expiry in enumerate(moves.expiry_ns):
        old, new = (s.smile(int(expiry)) for s in truth)
        vols = [np.sqrt(svi_total_variance(s.raw, 0.0) / s.tau_years) for s in (old, new)]
        assert moves.moved(Quantity.ATM_VOL)[i] == pytest.approx(vols[1] - vols[0], abs=1e-14)
        # Skew per deviation by a central difference of the smile itself.
        skews = [_skew_by_difference(s) for s in (old, new)]
        assert moves.moved(Quantity.SKEW)[i] == pytest.approx(skews[1] - skews[0], abs=1e-7)
        assert moves.raw[i] == pytest.approx(standardised(new) - standardised(old), abs=1e-14)
    level, noise = moves.held_against(Quantity.ATM_VOL)
    gap = np.abs(moves.moved(Quantity.ATM_VOL) - level)
    assert (gap <= 4.0 * noise + 1e-3).all()  # strikes a step apart: interpolation, 0.1 point


def test_nothing_moves_where_nothing_changed(
    truth: tuple[VolSurface, ...], quotes: tuple[SmileQuotes, ...]
) -> None:
    moves = smile_moves(truth[0], quotes[0], truth[0], quotes[0])
    assert (moves.parameters == 0.0).all()
    assert (moves.shape == 0.0).all()
    assert moves.still.all()
    assert not moves.flipped.any()
    assert np.isnan(move_measures(moves, Quantity.SKEW).ratio)


def test_only_expiries_fitted_on_both_sides_are_followed(
    truth: tuple[VolSurface, ...], quotes: tuple[SmileQuotes, ...]
) -> None:
    borrowed = truth[1].smiles[4]
    smiles = tuple(
        replace(s, source=SmileSource.BORROWED) if s is borrowed else s for s in truth[1].smiles
    )
    after = replace(truth[1], smiles=smiles)
    everything = smile_moves(truth[0], quotes[0], truth[1], quotes[1])
    fewer = smile_moves(truth[0], quotes[0], after, quotes[1])
    assert set(everything.expiry_ns) - set(fewer.expiry_ns) == {borrowed.expiry_ns}
    none = replace(truth[0], smiles=truth[0].smiles[:1])
    assert len(smile_moves(none, quotes[0], truth[1], quotes[1])) == 0


def test_a_shape_carried_on_loses_what_it_leaves_outside(
    truth: tuple[VolSurface, VolSurface], quotes: tuple[SmileQuotes, SmileQuotes]
) -> None:
    """The law itself loses nothing; a shape of twice the skew leaves many quotes outside."""
    before, held = truth[0], quotes[0]
    # At another level: all volatilities up by a tenth leave the shape as it is.
    lifted = tuple(
        replace(s, a=1.21 * s.a, b=1.1 * s.b, m=1.1 * s.m, sigma=1.1 * s.sigma)
        for s in before.smiles
    )
    same = smile_moves(replace(before, smiles=lifted), held, before, held)
    assert same.lost_inside == pytest.approx(0.0, abs=1e-12)
    leaning = tuple(replace(s, rho=2.0 * s.rho if abs(s.rho) < 0.5 else 0.0) for s in lifted)
    moved = smile_moves(replace(before, smiles=leaning), held, before, held)
    assert (moved.lost_inside > 0.1).all()
    one, other = before.smiles[3:5]
    k = np.array([-0.1, 0.0, 0.1])
    own = np.sqrt(svi_total_variance(one.raw, k) / one.tau_years)
    assert vols_of_shape(one, one, k) == pytest.approx(own, rel=1e-14)
    at_money = np.sqrt(svi_total_variance(other.raw, 0.0) / other.tau_years)
    assert vols_of_shape(one, other, k)[1] == pytest.approx(at_money, rel=1e-14)


def test_a_flip_is_a_far_raw_move_of_a_smile_that_stayed() -> None:
    far, near = 3.01, 2.99
    parameters = np.zeros((4, 10))
    parameters[:, 7] = (far, near, far, 0.0)  # atanh rho, in standard errors of 1
    parameters[3, 9] = -far  # ln(sigma / deviation): either sign, either parameter
    shape = np.array([0.9 * STILL, 0.9 * STILL, 1.1 * STILL, STILL])
    moves = rows(4, parameters=parameters, shape=shape)
    assert moves.flipped.tolist() == [True, False, False, True]
    # Quotes that the shape before would leave outside asked for the move.
    lost = np.array([0.9 * EQUIVALENT, 0.0, 0.0, 1.1 * EQUIVALENT])
    asked = replace(moves, lost_inside=lost)
    assert asked.far.tolist() == [True, False, False, True]
    assert asked.flipped.tolist() == [True, False, False, False]
    unknown = rows(1, parameters=parameters[:1], raw_errors=np.full((1, 3), np.nan))
    assert not unknown.flipped.any()


def test_measures_are_medians_and_quantiles_of_absolute_moves() -> None:
    parameters, quoted = np.zeros((101, 10)), np.zeros((101, 5))
    parameters[:, 0] = np.linspace(-1.0, 1.0, 101)
    quoted[:, 0] = 2.0 * parameters[:, 0]
    quoted[0, 0] = np.nan  # strikes that do not reach: the pair does not count
    moves = rows(101, parameters=parameters, quotes=quoted, noise=np.full((101, 5), 0.1))
    found = move_measures(moves, Quantity.ATM_VOL)
    known = np.abs(parameters[1:, 0])
    assert found.moves == 100
    assert found.median == pytest.approx(np.median(known))
    assert found.worst_percent == pytest.approx(np.quantile(known, 0.99))
    assert (found.ratio, found.worst_ratio) == pytest.approx((0.5, 0.5))
    assert found.noise_median == pytest.approx(0.1)


def test_joined_and_parted() -> None:
    one, two = rows(2), rows(3, tau_days=np.array([1.5, 20.0, 100.0]))
    joined = SmileMoves.joined([one, two])
    assert len(joined) == 5
    assert joined.tenor().tolist() == [3, 3, 1, 3, 5]
    assert len(joined.where(joined.tenor() == 3)) == 3
    assert joined.quotes.shape == (5, len(Counterpart))


def _with_raw(own: SviSmile, raw: np.ndarray) -> SviSmile:
    names = ("a", "b", "rho", "m", "sigma")
    return replace(own, **dict(zip(names, map(float, raw), strict=True)))


def _skew_by_difference(own: SviSmile) -> float:
    """Slope of volatility per deviation at the forward."""
    deviation = float(np.sqrt(svi_total_variance(own.raw, 0.0)))
    step = 1e-5 * deviation
    vols = np.sqrt(svi_total_variance(own.raw, np.array([-step, step])) / own.tau_years)
    return float((vols[1] - vols[0]) / (2.0 * step) * deviation)
