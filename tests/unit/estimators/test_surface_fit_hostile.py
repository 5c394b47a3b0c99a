"""Hostile chains: an arbitrage-free answer with its uncertainty, or a reason; never NaN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from surface_fit_chains import clean_quotes, generated, prices, rows_of

import plimsoll.estimators.surface.fit as fit_module
from plimsoll.domain.instrument import Pair
from plimsoll.domain.option_chain import ChainFindingKind, OptionChain
from plimsoll.domain.surface import SmileReason, SmileSource, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.arbitrage import arbitrage_report
from plimsoll.estimators.surface.essvi import essvi_surface
from plimsoll.estimators.surface.fit import fit_surface
from plimsoll.estimators.surface.fit_result import FitPath, SurfaceFit
from plimsoll.estimators.surface.safe import safe_surface
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.estimators.surface.stages import Solution, verified
from plimsoll.estimators.surface.starts import (
    FitInput,
    common_start,
    fit_input,
    set_priors,
    surface_problem,
    usable_rows,
)
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.maths.surface_fit_curve import raw_of_coordinates
from plimsoll.maths.surface_fit_problem import SurfaceProblem
from plimsoll.maths.svi import durrleman, svi_total_variance

HOUR_NS = 3_600 * 10**9


def fit(chain: OptionChain, previous: VolSurface | None = None) -> SurfaceFit:
    """Fit, and check what must hold of any answer."""
    found = fit_surface(prepare_chain(chain), previous=previous)
    expiries = set(chain.expiries_ns)
    smiles = () if found.surface is None else found.surface.smiles
    assert {smile.expiry_ns for smile in smiles} | set(found.reasons) == expiries
    assert not {smile.expiry_ns for smile in smiles} & set(found.reasons)
    if found.surface is not None:
        assert arbitrage_report(found.surface).is_clean
    for smile in smiles:
        assert np.all(np.isfinite(smile.raw))
        assert smile.covariance is not None
        scale = np.sqrt(np.diag(smile.covariance))
        assert np.linalg.eigvalsh(smile.covariance / np.outer(scale, scale)).min() > 0.0
    return found


def base() -> OptionChain:
    return generated()[0].chain


def first_of(expiry: int, count: int) -> OptionChain:
    """All other expiries, and the ``count`` quotes nearest the money of this one."""
    chain, quotes = base(), clean_quotes()
    own = np.flatnonzero((chain.expiry_ns == chain.expiries_ns[expiry]) & quotes.usable)
    own = own[np.argsort(np.abs(quotes.log_moneyness[own]), kind="stable")[:count]]
    rest = np.flatnonzero(chain.expiry_ns != chain.expiries_ns[expiry])
    return rows_of(chain, np.concatenate((rest, own)))


def spoilt(kind: str) -> OptionChain:
    chain, rng = base(), np.random.default_rng(1)
    n, nothing = len(chain), np.full(len(chain), np.nan)
    noise = np.exp(rng.normal(0.0, 0.5, n))
    levels = np.exp(rng.normal(0.0, 0.7, 11))[np.searchsorted(chain.expiries_ns, chain.expiry_ns)]
    changes: dict[str, Callable[[], OptionChain]] = {
        "noise": lambda: prices(chain, chain.bid * noise, chain.ask * noise),
        "levels that cross": lambda: prices(chain, chain.bid * levels, chain.ask * levels),
        "four times all": lambda: prices(chain, chain.bid * 4.0, chain.ask * 4.0),
        "locked": lambda: prices(chain, chain.ask, chain.ask),
        "wide": lambda: prices(chain, chain.bid * 0.1, np.full(n, 0.9)),
        "random": lambda: prices(chain, rng.uniform(0, 0.1, n), rng.uniform(0.1, 0.4, n)),
        "duplicates": lambda: rows_of(chain, rng.integers(0, n, n)),
        "an hour to expiry": lambda: replace(chain, at_ns=chain.expiries_ns[0] - HOUR_NS),
        "a minute to expiry": lambda: replace(chain, at_ns=chain.expiries_ns[0] - HOUR_NS // 60),
        "no forward": lambda: replace(chain, forward=nothing),
        "no forward, no index": lambda: replace(chain, forward=nothing, index=nothing),
        "no mark": lambda: replace(chain, mark=nothing, mark_vol=nothing),
        "strikes ten times": lambda: replace(chain, strike=chain.strike * 10.0),
        "one in forty": lambda: rows_of(chain, np.flatnonzero(rng.random(n) < 0.025)),
    }
    return changes[kind]()


KINDS = (
    "noise",
    "levels that cross",
    "four times all",
    "locked",
    "wide",
    "random",
    "duplicates",
    "an hour to expiry",
    "a minute to expiry",
    "no forward",
    "no forward, no index",
    "no mark",
    "strikes ten times",
    "one in forty",
)


@pytest.mark.parametrize("kind", KINDS)
def test_spoilt_chains_get_a_surface_free_of_arbitrage(kind: str) -> None:
    assert fit(spoilt(kind)).surface is not None


def test_zero_and_negative_quotes_have_reasons() -> None:
    chain = base()
    for factor in (0.0, -1.0):
        found = fit(prices(chain, factor * chain.bid, factor * chain.ask))
        assert found.surface is None
        assert found.path is FitPath.NONE
        assert set(found.reasons.values()) == {SmileReason.NO_QUOTES}


def test_empty_chain() -> None:
    found = fit(rows_of(base(), np.empty(0, dtype=np.int64)))
    assert (found.surface, found.smiles, dict(found.reasons)) == (None, (), {})


def test_expired_expiries_have_a_reason() -> None:
    chain = base()
    found = fit(replace(chain, at_ns=chain.expiries_ns[2]))
    assert [found.reasons[expiry] for expiry in chain.expiries_ns[:3]] == [SmileReason.EXPIRED] * 3
    assert found.surface is not None
    assert found.surface.expiries_ns == chain.expiries_ns[3:]


@pytest.mark.parametrize("left_ns", [1, 1_000, 59_999_999_999])
def test_less_than_a_minute_to_expiry_has_a_reason(left_ns: int) -> None:
    """A microsecond before expiry a tick is millions of volatility points; nor is it carried on."""
    chain = base()
    first, *others = chain.expiries_ns
    before = fit_surface(clean_quotes()).surface
    for previous in (None, before):
        found = fit(replace(chain, at_ns=first - left_ns), previous=previous)
        assert dict(found.reasons) == {first: SmileReason.UNDER_A_MINUTE}
        assert found.surface is not None
        assert list(found.surface.expiries_ns) == others
    later = fit(replace(chain, at_ns=first - 60 * 10**9))
    assert later.surface is not None
    assert later.surface.expiries_ns == chain.expiries_ns


def test_three_strikes_alone() -> None:
    chain, quotes = base(), clean_quotes()
    rows = np.flatnonzero(quotes.usable & (chain.expiry_ns == chain.expiries_ns[4]))
    rows = rows[np.argsort(np.abs(quotes.log_moneyness[rows]), kind="stable")[:3]]
    found = fit(rows_of(chain, rows))
    assert found.surface is not None
    (smile,) = found.surface.smiles
    assert smile.source is SmileSource.BORROWED
    vol = np.sqrt(svi_total_variance(smile.raw, quotes.log_moneyness[rows]) / smile.tau_years)
    assert np.all((vol >= quotes.bid_vol[rows]) & (vol <= quotes.ask_vol[rows]))


@pytest.mark.parametrize("count", [1, 2])
def test_few_quotes_borrow_their_shape(count: int) -> None:
    """The truth of the thin expiry is one of a smooth family: neighbours tell its shape."""
    found = fit(first_of(5, count))
    assert found.surface is not None
    smile, truth = found.surface.smiles[5], generated()[0].truth.smiles[5]
    assert smile.source is SmileSource.BORROWED
    kinds = {f.kind for f in found.findings if f.rows == count}
    assert ChainFindingKind.THIN_SMILE in kinds
    deviation = np.sqrt(float(svi_total_variance(truth.raw, 0.0)))
    k = deviation * np.linspace(-1.5, 1.5, 13)
    vol = np.sqrt(svi_total_variance(smile.raw, k) / smile.tau_years)
    expected = np.sqrt(svi_total_variance(truth.raw, k) / truth.tau_years)
    np.testing.assert_allclose(vol, expected, atol=0.01)


def test_no_quotes_are_carried_on_from_the_surface_before() -> None:
    """The second expiry of the second day is the third of the first."""
    chain, before = generated()[1].chain, fit_surface(clean_quotes()).surface
    assert before is not None
    expiry = before.expiries_ns[2]
    bid = np.where(chain.expiry_ns == expiry, np.nan, chain.bid)
    alone = fit(prices(chain, bid, chain.ask))
    assert dict(alone.reasons) == {expiry: SmileReason.NO_QUOTES}
    found = fit(prices(chain, bid, chain.ask), previous=before)
    assert found.surface is not None
    smile = found.surface.smile(expiry)
    assert (smile.source, smile.quotes) == (SmileSource.PRIOR, 0)
    vols = [
        np.sqrt(float(svi_total_variance(s.raw, 0.0)) / s.tau_years)
        for s in (smile, before.smile(expiry), found.surface.smiles[0], found.surface.smiles[2])
    ]
    assert min(vols[1:]) - 0.01 < vols[0] < max(vols[1:]) + 0.01


def test_previous_surface_hardly_moves_well_quoted_smiles() -> None:
    quotes = prepare_chain(generated()[1].chain)
    before = fit_surface(clean_quotes()).surface
    alone, told = fit_surface(quotes).surface, fit_surface(quotes, previous=before).surface
    assert alone is not None
    assert told is not None
    k = 0.1 * np.sqrt([[smile.tau_years] for smile in alone.smiles]) * np.linspace(-2, 2, 5)
    for i in range(len(alone.smiles)):
        one, other = (svi_total_variance(s.raw()[i], k[i]) for s in (alone, told))
        np.testing.assert_allclose(np.sqrt(other / one), 1.0, atol=0.01)


def test_a_surface_of_another_market_or_of_the_future_is_refused() -> None:
    quotes, later = clean_quotes(), prepare_chain(generated()[1].chain)
    before, after = fit_surface(quotes).surface, fit_surface(later).surface
    assert before is not None
    assert after is not None
    with pytest.raises(UsageError, match="not be later than the chain"):
        fit_surface(quotes, previous=after)
    for other in (
        replace(before, pair=Pair(base="OTHER", quote=before.pair.quote)),
        replace(before, settle="OTHER"),
    ):
        with pytest.raises(UsageError, match="pair and settlement"):
            fit_surface(later, previous=other)
    again = fit_surface(quotes, previous=before)  # of the same instant: as good as it gets
    assert again.surface is not None


def given_and_problem() -> tuple[FitInput, SurfaceProblem]:
    settings, quotes = SurfaceSettings(), clean_quotes()
    used = usable_rows(quotes, settings, np.zeros(len(quotes.chain), dtype=np.bool_))
    given = fit_input(quotes, settings, used, None)
    problem = surface_problem(quotes, settings, given)
    set_priors(problem, given, settings, common_start(given.years.size))
    return given, problem


def unclean(*args: Any) -> Solution:
    """What a stage of the fit may hand back at worst."""
    problem = args[0]
    theta = np.zeros((problem.years.size, 5))
    return replace(verified(problem, theta), clean=False)


def test_essvi_is_what_a_fit_falls_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """The joint fit and that from eSSVI fail: eSSVI itself, verified, near the quotes."""
    monkeypatch.setattr(fit_module, "solve", unclean)
    restored = fit(base())
    assert restored.path is FitPath.RESTORED
    monkeypatch.setattr(fit_module, "restore", unclean)
    found = fit(base())
    assert found.path is FitPath.SAFE
    assert found.surface is not None
    assert {smile.source for smile in found.surface.smiles} == {SmileSource.ESSVI}
    for smile, truth in zip(found.surface.smiles, generated()[0].truth.smiles, strict=True):
        deviation = np.sqrt(float(svi_total_variance(truth.raw, 0.0)))
        k = deviation * np.linspace(-1.0, 1.0, 9)
        ratio = svi_total_variance(smile.raw, k) / svi_total_variance(truth.raw, k)
        np.testing.assert_allclose(np.sqrt(ratio), 1.0, atol=0.05)


def test_last_resort_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_module, "solve", unclean)
    monkeypatch.setattr(fit_module, "essvi_surface", lambda *_: None)
    found = fit(base())
    assert found.path is FitPath.LAST_RESORT
    assert found.surface is not None
    assert {smile.source for smile in found.surface.smiles} == {SmileSource.SSVI}


def test_what_cannot_be_verified_is_not_handed_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """eSSVI and the last resort both come out crossed: no surface, and a reason for each expiry."""

    def crossed(*_: object) -> np.ndarray:
        given, _problem = given_and_problem()
        theta = common_start(given.years.size)
        theta[0, 0] = 5.0
        return theta

    monkeypatch.setattr(fit_module, "solve", unclean)
    monkeypatch.setattr(fit_module, "restore", unclean)
    monkeypatch.setattr(fit_module, "essvi_surface", crossed)
    monkeypatch.setattr(fit_module, "safe_surface", crossed)
    found = fit(base())
    assert found.surface is None
    assert found.path is FitPath.NONE
    assert dict(found.reasons) == dict.fromkeys(base().expiries_ns, SmileReason.FIT_FAILED)


def test_essvi_follows_the_surface_before_where_nothing_is_quoted() -> None:
    """No quotes at all but a previous surface: its levels and, within eSSVI, its smiles."""
    quotes, before = clean_quotes(), fit_surface(clean_quotes()).surface
    assert before is not None
    nothing = np.zeros(len(quotes.chain), dtype=np.bool_)
    given = fit_input(quotes, SurfaceSettings(), nothing, before)
    problem = surface_problem(quotes, SurfaceSettings(), given)
    theta = essvi_surface(problem, given)
    assert theta is not None
    assert verified(problem, theta).clean
    level = np.exp(0.5 * theta[:, 0]) * given.deviation / np.sqrt(given.years)
    at_zero = [np.sqrt(float(svi_total_variance(s.raw, 0.0)) / s.tau_years) for s in before.smiles]
    np.testing.assert_allclose(level, at_zero, rtol=0.02)


def test_last_resort_is_free_of_arbitrage_whatever_the_fit() -> None:
    given, problem = given_and_problem()
    k, rng = np.linspace(-3.0, 3.0, 4001), np.random.default_rng(2)
    for _ in range(20):
        theta = rng.normal(0.0, 1.5, (given.years.size, 5))
        safe = safe_surface(theta, given)
        raw = raw_of_coordinates(safe, given.deviation)
        assert verified(problem, safe).clean
        assert durrleman(raw, k).min() >= 0.0
        assert np.diff(svi_total_variance(raw, k), axis=0).min() >= 0.0
        assert np.max(raw[:, 1] * (1.0 + np.abs(raw[:, 2]))) <= 2.0


def test_dropped_quotes_make_one_finding() -> None:
    chain, quotes = base(), clean_quotes()
    bid, ask = np.array(chain.bid), np.array(chain.ask)
    rows = np.flatnonzero(quotes.usable & (chain.expiry_ns == chain.expiries_ns[4]))
    rows = rows[np.argsort(np.abs(quotes.log_moneyness[rows]))[[0, 4]]]
    bid[rows] *= 4.0
    ask[rows] *= 4.0
    found = fit(prices(chain, bid, ask))
    (finding,) = [f for f in found.findings if f.kind is ChainFindingKind.WILD_QUOTE]
    assert finding.rows == found.dropped.sum() >= 1
    assert found.dropped[rows].any()
    assert all(chain.names[row] in finding.detail for row in np.flatnonzero(found.dropped))
