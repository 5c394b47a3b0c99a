"""How a fit is judged: which quotes count, what counts as inside, and who wins against the mark."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from plimsoll.domain.evidence import Verdict
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import SviSmile, VolSurface
from plimsoll.estimators.surface.fit_bounds import (
    INSIDE,
    SURFACE_MEDIAN_HALF_SPREADS,
    arbitrage_check,
    pooled_checks,
    surface_checks,
)
from plimsoll.estimators.surface.quality import (
    FitQuality,
    _root_mean_square,
    fit_quality,
    measures,
    pooled,
)
from plimsoll.estimators.surface.quote_errors import QuoteErrors, Tenor
from plimsoll.marketdata.chains import prepare_chain
from plimsoll.sandbox.option_chain import SandboxChain, option_chain, option_chains

YEAR_S = 365 * 86_400


def flat(vol: float, truth: VolSurface) -> VolSurface:
    """A surface of one volatility at every strike and expiry of another."""
    smiles = tuple(
        SviSmile(
            expiry_ns=s.expiry_ns,
            tau_years=s.tau_years,
            variance_years=s.variance_years,
            forward=s.forward,
            a=vol * vol * s.tau_years,
            b=0.0,
            rho=0.0,
            m=0.0,
            sigma=0.1,
        )
        for s in truth.smiles
    )
    return replace(truth, smiles=smiles)


@pytest.fixture(scope="module")
def made() -> SandboxChain:
    return option_chain(2)


@pytest.fixture(scope="module")
def quotes(made: SandboxChain) -> SmileQuotes:
    return prepare_chain(made.chain)


@pytest.fixture(scope="module")
def truth_quality(made: SandboxChain, quotes: SmileQuotes) -> FitQuality:
    return fit_quality(quotes, made.truth)


def normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def black_in_coin(k: float, deviation: float, call: bool) -> float:
    d1 = -k / deviation + 0.5 * deviation
    d2 = d1 - deviation
    if call:
        return normal(d1) - math.exp(k) * normal(d2)
    return math.exp(k) * normal(-d2) - normal(-d1)


def counted(made: SandboxChain) -> dict[str, int]:
    """The issue's denominators, row by row from the chain itself, in plain Python."""
    chain = made.chain
    out = {"judged": 0, "under": 0, "wings": 0}
    for i in range(len(chain)):
        seconds = (int(chain.expiry_ns[i]) - chain.at_ns) / 1e9
        k = math.log(chain.strike[i] / chain.forward[i])
        deviation = chain.mark_vol[i] * math.sqrt(seconds / YEAR_S)
        call = bool(chain.is_call[i])
        delta = abs(normal((1 if call else -1) * (-k / deviation + deviation / 2)))
        two_sided = chain.bid[i] > 0 and chain.ask[i] > 0
        if (k >= 0) is not call or not two_sided:
            continue
        if 0.02 <= delta < 0.05 and seconds >= 86_400:
            out["wings"] += 1
        if 0.05 <= delta <= 0.95:
            out["judged" if seconds >= 86_400 else "under"] += 1
    return out


def test_every_quote_of_the_denominator_counts(
    made: SandboxChain, truth_quality: FitQuality
) -> None:
    expected = counted(made)
    assert expected["judged"] > 100
    assert truth_quality.judged.quotes == expected["judged"]
    assert truth_quality.under_1_day.quotes == expected["under"] > 0
    assert truth_quality.judged.wing_quotes == expected["wings"]
    assert sum(m.quotes for m in truth_quality.by_tenor) == expected["judged"] + expected["under"]


def test_the_law_behind_the_quotes_lies_inside_all_of_them(truth_quality: FitQuality) -> None:
    """The generator puts the true price between bid and ask, so the truth scores 100 per cent."""
    for found in (truth_quality.judged, truth_quality.under_1_day, *truth_quality.by_tenor):
        if found.quotes:
            assert found.inside == found.within_tick == 1.0
            assert found.unfitted == 0
    assert truth_quality.judged.wings_inside == 1.0
    assert truth_quality.all_inside


def test_inside_and_tick_by_prices_row_by_row(made: SandboxChain, quotes: SmileQuotes) -> None:
    """A flat surface, judged by its prices in coin, computed here from erfc."""
    surface = flat(0.49, made.truth)
    errors = fit_quality(quotes, surface).errors
    chain, inside, within = made.chain, [], []
    for row in errors.row.tolist():
        deviation = 0.49 * math.sqrt((int(chain.expiry_ns[row]) - chain.at_ns) / 1e9 / YEAR_S)
        k = math.log(chain.strike[row] / chain.forward[row])
        price = black_in_coin(k, deviation, bool(chain.is_call[row]))
        bid, ask = float(chain.bid[row]), float(chain.ask[row])
        # The tick of the pair is the smaller one: 0.0001 where either side is below 0.005 coin.
        tick = 1e-4 if bid < 0.005 - 1e-9 else 5e-4
        inside.append(bid <= price <= ask)
        within.append(bid - tick <= price <= ask + tick)
    assert errors.inside.tolist() == inside
    assert errors.within_tick.tolist() == within
    assert 0.05 < np.mean(inside) < np.mean(within) < 1.0


def test_measures_are_what_they_say(made: SandboxChain, quotes: SmileQuotes) -> None:
    errors = fit_quality(quotes, flat(0.49, made.truth)).errors
    core = errors.where(~errors.wing)
    ratio = sorted(abs(0.49 - m) / ((a - b) / 2) for m, a, b in vols(quotes, core.row))
    found = measures(errors)
    middle = len(ratio) // 2
    median = ratio[middle] if len(ratio) % 2 else (ratio[middle - 1] + ratio[middle]) / 2
    # The surface's volatility is a root of a square of 0.49: relative 1e-12 covers its rounding.
    assert found.median_half_spreads == pytest.approx(median, rel=1e-10)
    squares = sorted((100 * (0.49 - m)) ** 2 for m, _, _ in vols(quotes, core.row))
    kept = squares[: len(squares) - len(squares) // 1000]  # a tenth of a per cent, rounded down
    assert found.rmse_vol_points == pytest.approx(math.sqrt(sum(kept) / len(kept)), rel=1e-10)


def vols(quotes: SmileQuotes, rows: np.ndarray) -> list[tuple[float, float, float]]:
    columns = (quotes.mid_vol[rows], quotes.ask_vol[rows], quotes.bid_vol[rows])
    return list(zip(*(c.tolist() for c in columns), strict=True))


def test_an_expiry_without_a_smile_misses_all_its_quotes(
    made: SandboxChain, quotes: SmileQuotes, truth_quality: FitQuality
) -> None:
    gone = made.truth.smiles[5]
    partial = replace(made.truth, smiles=made.truth.smiles[:5] + made.truth.smiles[6:])
    found = fit_quality(quotes, partial)
    mine = quotes.chain.expiry_ns[truth_quality.errors.row] == gone.expiry_ns
    missed = int((mine & ~truth_quality.errors.wing).sum())
    assert missed > 0
    assert found.judged.quotes == truth_quality.judged.quotes
    assert found.judged.unfitted == missed
    assert found.judged.inside == pytest.approx(1.0 - missed / found.judged.quotes, abs=1e-12)


def test_no_surface_misses_everything(quotes: SmileQuotes) -> None:
    found = fit_quality(quotes, None)
    judged = found.judged
    assert judged.unfitted == judged.quotes > 0
    assert judged.inside == judged.within_tick == judged.wings_inside == 0.0
    assert judged.median_half_spreads == math.inf
    assert math.isnan(judged.rmse_vol_points)
    assert judged.mark_inside > 0.5
    arbitrage, median = surface_checks(None, found)
    assert (arbitrage.verdict, median.verdict) == (Verdict.NOT_PROVEN, Verdict.BREACH)


def test_the_mark_is_judged_like_the_surface(made: SandboxChain, quotes: SmileQuotes) -> None:
    """A venue whose mark is the mid is inside everywhere; one far off nowhere."""
    mids = np.where(np.isfinite(quotes.mid_vol), quotes.mid_vol, made.chain.mark_vol)
    for vol, share in ((mids, 1.0), (made.chain.mark_vol + 2.0, 0.0)):
        chain = replace(made.chain, mark_vol=np.array(vol))
        given = replace(quotes, chain=chain)
        found = fit_quality(given, made.truth)
        assert found.judged.mark_quotes == found.judged.quotes
        assert found.judged.mark_inside == share
        assert found.more_than_mark == round((1.0 - share) * found.judged.quotes)


def test_without_marks_there_is_nothing_to_compare(made: SandboxChain, quotes: SmileQuotes) -> None:
    chain = replace(made.chain, mark_vol=np.full(len(made.chain), np.nan))
    found = fit_quality(replace(quotes, chain=chain), made.truth)
    assert found.judged.mark_quotes == 0
    assert math.isnan(found.judged.mark_inside)
    pool = pooled([found])
    assert pool.surfaces == 0
    mark = next(c for c in pooled_checks([True], pool) if "mark" in c.name)
    assert (mark.verdict, mark.found) == (Verdict.NOT_PROVEN, "no mark volatilities")


def test_pooling_counts_each_quote_alike() -> None:
    items = list(option_chains(4, 3))
    qualities = [
        fit_quality(prepare_chain(items[0].chain), items[0].truth),
        fit_quality(prepare_chain(items[1].chain), flat(0.3, items[1].truth)),
        fit_quality(prepare_chain(items[2].chain), None),
    ]
    pool = pooled(qualities)
    judged = [q.judged for q in qualities]
    total = sum(m.quotes for m in judged)
    assert pool.quality.judged.quotes == total
    weighted = sum(m.inside * m.quotes for m in judged) / total
    assert pool.quality.judged.inside == pytest.approx(weighted, abs=1e-12)
    signs = [q.more_than_mark for q in qualities]
    assert signs[0] > 0 > max(signs[1:])
    assert (pool.more, pool.equal, pool.fewer, pool.all_inside) == (1, 0, 2, 0)
    assert pool.more_or_all_share == pytest.approx(1 / 3)
    assert pool.worst_median == math.inf
    assert pool.median_half_spreads == tuple(m.median_half_spreads for m in judged)


def test_the_worst_surface_is_named() -> None:
    items = list(option_chains(4, 3))
    surfaces = [items[0].truth, flat(0.3, items[1].truth), items[2].truth]
    pool = pooled(
        [fit_quality(prepare_chain(i.chain), s) for i, s in zip(items, surfaces, strict=True)]
    )
    check = pooled_checks([True] * 3, pool, ["first", "second", "third"])[5]
    assert check.verdict is Verdict.BREACH
    assert check.found.endswith(" (second)")


def test_equal_and_all_inside_is_as_good_as_more(made: SandboxChain, quotes: SmileQuotes) -> None:
    mids = np.where(np.isfinite(quotes.mid_vol), quotes.mid_vol, made.chain.mark_vol)
    given = replace(quotes, chain=replace(made.chain, mark_vol=mids))
    pool = pooled([fit_quality(given, made.truth)])
    assert (pool.more, pool.equal, pool.all_inside) == (0, 1, 1)
    assert (pool.more_share, pool.more_or_all_share) == (0.0, 1.0)


def test_bounds_hold_at_the_bound_and_break_beyond(truth_quality: FitQuality) -> None:
    def judged(**changes: Any) -> FitQuality:
        return replace(truth_quality, judged=replace(truth_quality.judged, **changes))

    at = judged(median_half_spreads=SURFACE_MEDIAN_HALF_SPREADS)
    beyond = judged(median_half_spreads=SURFACE_MEDIAN_HALF_SPREADS + 1e-6)
    assert [c.verdict for c in surface_checks(True, at)] == [Verdict.HOLDS] * 2
    broken = surface_checks(True, beyond)[1]
    # What is printed never looks as if it held.
    assert (broken.verdict, broken.found, broken.demanded) == (
        Verdict.BREACH,
        "0.451",
        "at most 0.45",
    )
    assert surface_checks(True, judged(median_half_spreads=math.nan))[1].verdict is (
        Verdict.NOT_PROVEN
    )
    pool = pooled([truth_quality])
    for share, verdict, text in ((INSIDE, "holds", "98.0 %"), (0.97999, "breach", "97.9 %")):
        quality = judged(inside=share)
        check = pooled_checks([True], replace(pool, quality=quality))[1]
        assert (check.verdict.value, check.found) == (verdict, text)


def test_the_verdict_on_arbitrage_counts_every_chain() -> None:
    assert arbitrage_check([True, True]).verdict is Verdict.HOLDS
    broken = arbitrage_check([True, False, None])
    assert broken.verdict is Verdict.BREACH
    assert broken.found == "1 of 3 surfaces; 1 without a surface"
    assert arbitrage_check([]).verdict is Verdict.NOT_PROVEN


def test_an_expiry_of_exactly_a_day_is_judged(made: SandboxChain) -> None:
    """24 hours to the second belong to the expiries of a day and more."""
    first = made.chain.expiries_ns[0]
    day = prepare_chain(replace(made.chain, at_ns=first - 86_400 * 10**9))
    second_less = prepare_chain(replace(made.chain, at_ns=first - 86_399 * 10**9))
    tenors = list(Tenor)
    for given, tenor in ((day, Tenor.FROM_1_DAY), (second_less, Tenor.UNDER_1_DAY)):
        errors = fit_quality(given, None).errors
        mine = given.chain.expiry_ns[errors.row] == first
        assert mine.any()
        assert set(errors.tenor()[mine].tolist()) == {tenors.index(tenor)}


def test_a_locked_quote_off_the_surface_is_infinitely_many_half_spreads_away() -> None:
    one = np.ones(3)
    errors = QuoteErrors(
        row=np.arange(3),
        tau_days=one,
        log_moneyness=one,
        wing=one < 0.0,
        error_vol=np.array([-0.01, 0.01, 0.0]),
        half_spread_vol=0.0 * one,
        **dict.fromkeys(
            ("inside", "within_tick", "mark_known", "mark_inside", "mark_within_tick"), one < 0.0
        ),
    )
    assert errors.errors_in_half_spreads.tolist() == [-math.inf, math.inf, 0.0]


def test_a_small_sample_keeps_its_worst_quote() -> None:
    """A tenth of a per cent of ten quotes is none."""
    values = np.array([0.1] * 9 + [5.0])
    assert _root_mean_square(values) == pytest.approx(math.sqrt((9 * 0.01 + 25.0) / 10), rel=1e-12)
    many = np.concatenate([np.full(999, 0.1), [5.0]])
    assert _root_mean_square(many) == pytest.approx(0.1, rel=1e-12)


IMPOSSIBLE = {
    "negative bid": (-1.0, 1.0),
    "negative ask": (1.0, -1.0),
    "both negative": (-1.0, -1.0),
    "infinite ask": (1.0, math.inf),
    "infinite bid": (math.inf, 1.0),
    "bid of minus infinity": (-math.inf, 1.0),
}
"""Factors of bid and ask."""


@pytest.mark.parametrize("wrong", sorted(IMPOSSIBLE))
def test_a_price_that_no_option_can_have_is_missed_and_never_left_out(
    made: SandboxChain, truth_quality: FitQuality, wrong: str
) -> None:
    """Every 7th judged quote spoiled: as many are judged as before, and those are missed."""
    whole = truth_quality.errors
    bad = whole.row[~whole.wing & (whole.tau_days >= 1.0)][::7]
    bid, ask = made.chain.bid.copy(), made.chain.ask.copy()
    bid[bad] *= IMPOSSIBLE[wrong][0]
    ask[bad] *= IMPOSSIBLE[wrong][1]
    found = fit_quality(prepare_chain(replace(made.chain, bid=bid, ask=ask)), made.truth)
    assert found.errors.row.tolist() == whole.row.tolist()
    spoiled = np.isin(found.errors.row, bad)
    for flags in (found.errors.inside, found.errors.within_tick):
        assert flags.tolist() == (~spoiled).tolist()  # the truth is inside all others
    for flags in (found.errors.mark_inside, found.errors.mark_within_tick):
        assert not flags[spoiled].any()
    assert np.isinf(found.errors.errors_in_half_spreads[spoiled]).all()
    assert found.judged.quotes == truth_quality.judged.quotes
    assert found.judged.unfitted == bad.size
    missed = bad.size / found.judged.quotes
    assert found.judged.inside == pytest.approx(1.0 - missed, abs=1e-12)
    assert found.judged.rmse_vol_points < 1.0  # the mid of an impossible price is no volatility


def test_an_impossible_price_without_a_mark_has_no_delta(made: SandboxChain) -> None:
    """Its mid says nothing, so nothing tells whether it would be judged."""
    chain = replace(made.chain, mark_vol=np.full(len(made.chain), np.nan))
    before = fit_quality(prepare_chain(chain), made.truth).errors.row
    bid = chain.bid.copy()
    bid[before[::7]] *= -1.0
    after = fit_quality(prepare_chain(replace(chain, bid=bid)), made.truth).errors.row
    assert after.tolist() == [row for row in before.tolist() if row not in before[::7]]


def test_one_side_alone_is_not_judged_whatever_it_says(
    made: SandboxChain, truth_quality: FitQuality
) -> None:
    """Nothing on the other side (0 or null): one-sided, as any such quote."""
    row = truth_quality.errors.row[::5]
    for nothing in (0.0, math.nan):
        bid, ask = made.chain.bid.copy(), made.chain.ask.copy()
        bid[row], ask[row] = -bid[row], nothing
        found = fit_quality(prepare_chain(replace(made.chain, bid=bid, ask=ask)), made.truth)
        assert not np.isin(found.errors.row, row).any()
