"""Cards without pictures: words in place of frames, and what a young market rests on."""

from __future__ import annotations

from functools import cache

import numpy as np

from listing_histories import listing_history
from plimsoll.domain.market import DAY_NS
from plimsoll.estimators.nightly import NightlyEstimate, NightlySettings, nightly_estimate
from plimsoll.estimators.nightly.market_reasons import MarketFlag
from plimsoll.estimators.pooling.young_market import YoungMarketModel
from plimsoll.report.estimate_absences import without_forecasts, without_tails
from plimsoll.report.estimate_page import estimate_page
from synthetic_panel import closes, history_of


@cache
def night() -> NightlyEstimate:
    close = closes(130, 6)
    close[:, 1] = 5.0
    close[: -24 * 40, 2] = np.nan
    return nightly_estimate(history_of(close), NightlySettings(copula_replicates=2))


def test_words_say_why() -> None:
    found = night()
    assert without_forecasts(found, 0) is None
    assert without_tails(found.tails[0]) is None
    assert without_forecasts(found, 1) == "No forecast: constant price."
    assert "No tail of its own" in str(without_tails(found.tails[1]))


def test_a_card_without_numbers_has_no_empty_frame() -> None:
    page = estimate_page(night(), (), {}, label="SYNTHETIC marks", shown=("M1",))
    assert 'class="absent"' in page
    card = page[page.index('<details class="market"') :]
    assert "<svg" not in card
    assert "No cost curve: neither turnover" in card


def test_a_young_card_says_what_it_rests_on() -> None:
    history = listing_history(days=260)
    known = history.before(int(history.time_ns[0]) + 202 * DAY_NS)
    settings = NightlySettings(copula_replicates=2, young=YoungMarketModel(settled_rows=300))
    found = nightly_estimate(known, settings)
    assert MarketFlag.YOUNG in found.flags[found.column("NEW9")]
    young = found.young[8]["NEW9"]
    page = estimate_page(found, (), {}, label="SYNTHETIC marks", shown=("NEW9",))
    card = page[page.index('<details class="market"') :]
    assert "No forecasts of its own yet" in card
    assert f"own weight <b>{100 * young.own_weight:.0f} %</b>" in card
    assert f"pool weight <b>{100 * young.pool_weight:.0f} %</b>" in card
    review = np.datetime64(young.review_at_ns // DAY_NS, "D")
    assert f"review <b>{review}</b>" in card
