"""What is known of young markets besides their prices reaches their pool; the future does not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from listing_histories import history_of, listing_history
from plimsoll.domain.finding import Reason
from plimsoll.domain.market import HOUR_NS, MarketHistory
from plimsoll.estimators.nightly import (
    ErrorPart,
    MarketFlag,
    NightlyEstimate,
    NightlySettings,
    nightly_estimate,
)
from plimsoll.estimators.nightly.market_covariates import daily_turnover, market_covariates
from plimsoll.estimators.pooling.young_market import YoungMarketModel

SETTINGS = NightlySettings(copula_replicates=2, young=YoungMarketModel(settled_rows=300))
YOUNG = "NEW9"


@cache
def history() -> MarketHistory:
    """Ten old and ten listed markets, the last of them on day 195 of 202; turnover by name."""
    found = listing_history(days=260).before(
        listing_history(days=260).time_ns[0] + 202 * 24 * HOUR_NS
    )
    shares = np.exp(np.random.default_rng(1).normal(10.0, 2.0, len(found.markets)))
    volume = np.where(np.isfinite(found.close), shares, np.nan) / found.close
    return replace(found, volume=volume)


@cache
def classes() -> tuple[tuple[str, str], ...]:
    return tuple((m, "meme" if i % 2 else "chain") for i, m in enumerate(history().markets))


@cache
def night() -> NightlyEstimate:
    return nightly_estimate(history(), SETTINGS, classes=dict(classes()))


def numbers(found: NightlyEstimate) -> tuple[float | None, ...]:
    risk = found.young[8][YOUNG]
    return (risk.long_margin, risk.short_margin, risk.volatility_per_bar, risk.own_weight)


def test_class_and_turnover_are_used_and_said() -> None:
    risk = night().young[8][YOUNG]
    assert risk.covariates == ("class", "listing or established", "daily_volume_usd")
    assert risk.pool_weight == pytest.approx(1.0 - risk.own_weight)
    plain = nightly_estimate(replace(history(), volume=None), SETTINGS)
    assert plain.young[8][YOUNG].covariates == ("listing or established",)
    assert numbers(plain) != numbers(night())
    caps = {m: 1e6 * (i + 1) for i, m in enumerate(history().markets)}
    capped = nightly_estimate(history(), SETTINGS, capitalisation_usd=caps)
    assert capped.young[8][YOUNG].covariates[-2:] == ("market_cap_usd", "daily_volume_usd")
    j = night().column(YOUNG)
    assert MarketFlag.YOUNG in night().flags[j]
    assert night().errors_of(YOUNG) == (ErrorPart.POOLED,)
    assert night().errors_of("OLD0") == (ErrorPart.OWN,)


def test_a_wild_class_makes_its_newcomer_wilder() -> None:
    """Listings of one class three times as wild: a newcomer of it gets more than of the other."""
    close = history().close.copy()
    wild = [f"NEW{j}" for j in range(0, 9, 2)]
    for name in wild:
        column = history().markets.index(name)
        logs = np.log(close[:, column])
        close[:, column] = np.exp(3.0 * (logs - np.nanmean(logs)))
    shaken = history_of(close, history().markets, history().active)
    volatility = []
    for name in ("wild", "calm"):
        kinds = {m: "wild" if m in wild else "calm" for m in history().markets} | {YOUNG: name}
        found = nightly_estimate(shaken, SETTINGS, classes=kinds)
        volatility.append(found.young[8][YOUNG].volatility_per_bar)
    assert volatility[0] > volatility[1]


def test_turnover_is_of_the_youth_and_of_nothing_later() -> None:
    found = daily_turnover(history())
    j = history().markets.index("NEW0")
    first = int(np.argmax(np.isfinite(history().close[:, j])))
    youth = slice(first, first + 90 * 24)
    money = history().volume[youth, j] * history().close[youth, j]
    assert found[j] == pytest.approx(24 * money.mean(), rel=1e-12)
    later = history().volume.copy()
    later[first + 90 * 24 :, j] *= 100.0
    np.testing.assert_array_equal(daily_turnover(replace(history(), volume=later)), found)
    none = daily_turnover(replace(history(), volume=None))
    assert np.isnan(none).all()
    known = market_covariates(replace(history(), volume=None), [""] * len(found))
    assert known.daily_volume_usd is None
    assert known.market_cap_usd is None


@pytest.mark.parametrize("seed", [0, 1])
def test_the_future_is_nowhere_in_it(seed: int) -> None:
    """A week after the midnight, of the coin itself and of all others, prices and volumes."""
    generator = np.random.default_rng(seed)
    bars = 17  # less than a day: the midnight stays
    shape = (bars, len(history().markets))
    tail = history().close[-1] * np.exp(0.2 * generator.standard_normal(shape).cumsum(axis=0))
    traded = np.exp(generator.normal(0.0, 5.0, shape))
    longer = history_of(
        np.concatenate([history().close, tail]),
        history().markets,
        np.concatenate([history().active, np.ones(shape, dtype=bool)]),
    )
    longer = replace(longer, volume=np.concatenate([history().volume, traded]))
    found = nightly_estimate(longer, SETTINGS, classes=dict(classes()))
    assert found.as_of_ns == night().as_of_ns
    assert numbers(found) == numbers(night())


def test_its_own_moves_are_not_in_its_tail() -> None:
    """A donor's own past is left out of its pool: a wild past changes only its volatility."""
    name = "NEW7"  # 37 days old: it gives to the pool of others
    close = history().close.copy()
    column = history().markets.index(name)
    rows = np.flatnonzero(np.isfinite(close[:, column]))[24 * 5 : 24 * 6]
    close[rows, column] *= np.where(np.arange(rows.size) % 2, 3.0, 1.0)
    wild = nightly_estimate(history_of(close, history().markets, history().active), SETTINGS)
    plain = nightly_estimate(replace(history(), volume=None), SETTINGS)
    multiples = []
    for found in (plain, wild):
        risk = found.young[8][name]
        multiples.append(-np.log1p(-risk.long_margin) / risk.volatility_per_bar)
    assert multiples[1] == pytest.approx(multiples[0], rel=0.02)  # the link is fitted anew


def test_delisted_listings_are_in_the_pool() -> None:
    """Without a dead listing the newcomer's prior is another; dead, it still speaks."""
    active, close = history().active.copy(), history().close.copy()
    column = history().markets.index("NEW3")
    dead = int(np.argmax(active[:, column])) + 24 * 40
    active[dead:, column] = False
    close[dead:, column] = np.nan
    died = replace(history(), active=active, close=close)
    found = nightly_estimate(died, SETTINGS)
    assert found.reasons[column] is Reason.DELISTED
    kept = [j for j in range(len(history().markets)) if j != column]
    never = replace(
        died,
        markets=tuple(history().markets[j] for j in kept),
        close=close[:, kept],
        active=active[:, kept],
        mask_from_ns=history().mask_from_ns[:, kept],
        volume=history().volume[:, kept],
    )
    assert numbers(found) != numbers(nightly_estimate(never, SETTINGS))
