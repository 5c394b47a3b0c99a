"""A coin of twenty days on a SYNTHETIC venue: what is published, and what it rests on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from listing_cases import CLASS, DAYS, END_NS, PROBLEM, RECORD, bars, peers, request

from plimsoll.calibration.listing.listing import Listing, list_market
from plimsoll.calibration.listing.request import (
    DepthCurve,
    DepthFigures,
    ListingRequest,
    ListingRules,
)
from plimsoll.calibration.listing.young_risk import times
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.finding import Reason
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, Bars
from plimsoll.domain.parameters import Origin, parameter_set_from_document
from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.pooling import assess_young_market

COIN = bars("NEWUSDT", DAYS - 20, 1_000)


@pytest.fixture(scope="module")
def others() -> list[Bars]:
    return peers()


@pytest.fixture(scope="module")
def asked(others: list[Bars]) -> ListingRequest:
    return request(COIN, others)


@pytest.fixture(scope="module")
def listing(asked: ListingRequest) -> Listing:
    return list_market(asked, RECORD)


def test_risk_is_that_of_the_young_market_model(asked: ListingRequest, listing: Listing) -> None:
    """Times what past listings needed at its age."""
    own = assess_young_market(asked.history, "NEWUSDT", horizon_hours=8, confidence=0.99)
    risk, factor = listing.figures.risk, listing.figures.learnt.factor
    assert own.long_margin is not None
    assert own.short_margin is not None
    assert factor >= 1.0
    assert risk.maintenance.loss == pytest.approx(
        [factor * own.long_margin, factor * own.short_margin], rel=1e-12
    )
    assert risk.own_weight == own.own_weight
    assert listing.reviews[0].at_ns == own.review_at_ns


def test_published_tiers_cover_risk_fee_and_cost_by_hand(listing: Listing) -> None:
    """MM(N) of the published table against N (q + f + c0 + Y sigma sqrt(N / V)), 1e-9 of N."""
    risk, table = listing.figures.risk, listing.parameters.tiers("NEWUSDT")
    adv = listing.figures.depth.adv_usd
    # A thousandth: bars that the checks mask as spikes do not count.
    assert adv == pytest.approx(np.mean(COIN.close) * 1_000.0 * 24.0, rel=1e-3)
    top = float(table.tiers[-1].cap_usd or 0)
    for size in np.geomspace(1_000.0, top, 50):
        held, below = 0.0, 0.0
        for tier in table.tiers:
            cap = float(tier.cap_usd or 0)
            held += float(tier.maintenance_rate) * max(0.0, min(size, cap) - below)
            below = cap
        impact = risk.volatility_daily * np.sqrt(size / adv)
        rate = float(risk.maintenance.loss.max()) + 0.002 + 0.001 + impact
        assert held >= size * (rate - 1e-9)
        # Not more than a tenth above: the ladder is the cheapest of few tiers.
        assert held <= size * (1.1 * rate + 0.0005)


def test_initial_covers_the_reaction_and_the_link(listing: Listing) -> None:
    reaction = listing.figures.risk.reaction.binding
    for tier in listing.parameters.tiers("NEWUSDT").tiers:
        assert float(tier.initial_rate) >= float(tier.maintenance_rate) + reaction
        assert tier.initial_rate >= 2 * tier.maintenance_rate


def test_limits_count_turnover_at_the_weight_of_own_history(listing: Listing) -> None:
    figures = listing.figures
    believed = figures.risk.own_weight * figures.depth.adv_usd
    assert figures.limits.candidates_usd["days to close a position"] == pytest.approx(
        0.25 * 0.1 * believed
    )
    assert float(figures.limits.position_usd) <= 0.025 * believed
    assert float(figures.limits.open_interest_usd) <= 0.5 * believed


def test_the_band_holds_the_rate_and_widens_with_the_error(listing: Listing) -> None:
    tiers = listing.figures.tiers
    row = next(iter(listing.evidence.table("parameters")))
    assert (tiers.low < tiers.high).all()
    assert row["low"] <= row["maintenance_rate"] <= row["high"]  # type: ignore[operator]
    error = float(tiers.requirement.price_error[0])
    assert tiers.high[0] - tiers.low[0] >= 2.0 * error


def test_a_young_coin_is_no_collateral_and_the_rules_say_why(listing: Listing) -> None:
    made = listing.figures.haircut
    assert not made.admitted
    assert 0.0 < made.indicative < 1.0
    assert any("history: 20 d" in reason for reason in made.asset.admission.reasons)
    assert not any(p.name == "haircut" for p in listing.parameters)


def test_what_nobody_gave_is_said(listing: Listing) -> None:
    assert listing.figures.depth.reason is Reason.NO_DATA
    assert any("No depth was given" in limit for limit in listing.evidence.limits)
    names = {p.name for p in listing.parameters}
    assert {"price_risk.maintenance", "tier[0].initial_rate", "limit.position_usd"} <= names
    assert {"liquidity.impact", "gap.share", "wrong_way.move"} <= names


def test_set_and_evidence_belong_together_and_come_back(listing: Listing) -> None:
    assert listing.evidence.parameter_set_id == listing.parameters.id
    assert listing.parameters.markets == ("NEWUSDT",)
    assert parameter_set_from_document(listing.parameters.document()) == listing.parameters


def test_the_future_changes_nothing(others: list[Bars]) -> None:
    """Listed as of day 390 with data to 400, the last ten days drawn anew: the same bytes."""
    at = END_NS - 10 * DAY_NS
    young = bars("NEWUSDT", DAYS - 30, 1_000)
    chance = np.random.default_rng(0)

    def scrambled(one: Bars) -> Bars:
        later = one.time_ns >= at
        close = one.close.copy()
        close[later] *= np.exp(chance.normal(0.0, 0.3, int(later.sum())))
        return replace(one, close=close)

    plain = list_market(request(young, others, as_of_ns=at), RECORD)
    other = [scrambled(one) for one in others]
    again = list_market(request(scrambled(young), other, as_of_ns=at), RECORD)
    assert again.parameters.canonical() == plain.parameters.canonical()
    assert [table.rows for table in again.evidence.tables] == [
        table.rows for table in plain.evidence.tables
    ]


def test_a_coin_of_two_days_rests_on_its_peers(others: list[Bars], listing: Listing) -> None:
    found = list_market(request(bars("NEWUSDT", DAYS - 2, 1_000), others), RECORD)
    risk = found.figures.risk
    assert risk.reason is Reason.TOO_SHORT_HISTORY
    assert risk.own_weight < 0.5 < listing.figures.risk.own_weight
    assert risk.maintenance.binding_error / risk.maintenance.binding > (
        listing.figures.risk.maintenance.binding_error / listing.figures.risk.maintenance.binding
    )
    assert found.evidence.verdict is not Verdict.HOLDS
    assert any("opening" in limit for limit in found.evidence.limits)


@pytest.mark.parametrize(
    ("days", "error", "words"),
    [(0, InsufficientDataError, "wait"), (120, UsageError, "plimsoll calibrate")],
)
def test_too_young_and_too_old_are_refused(
    others: list[Bars], days: int, error: type[Exception], words: str
) -> None:
    coin = bars("NEWUSDT", DAYS - max(days, 1), 1_000)
    if not days:
        coin = coin.take(slice(12, None))
    with pytest.raises(error, match=words):
        list_market(request(coin, others), RECORD)


def test_few_peers_lend_their_largest_quantile() -> None:
    """Three peers of 400 days are no pool: the largest one-year quantile of any, type 7."""
    few = [bars(f"OLD{i}USDT", 0, i, size=0.004 * (i + 1)) for i in range(3)]
    found = list_market(request(COIN, few), RECORD)
    risk = found.figures.risk
    assert not risk.modelled
    assert risk.reason is Reason.TOO_SHORT_HISTORY
    moves = np.log(few[2].close[-365 * 24 :])
    moves = moves[8:] - moves[:-8]
    largest = [-np.expm1(-np.quantile(-moves, 0.99)), np.expm1(np.quantile(moves, 0.99))]
    # 1e-4: a bar that is masked as a spike takes its moves along.
    assert risk.maintenance.loss == pytest.approx(largest, rel=1e-4)
    origins = {p.origin for p in found.parameters if p.name == "price_risk.maintenance"}
    assert origins == {Origin.CLASS_FLOOR}
    assert found.evidence.verdict is Verdict.NOT_PROVEN


def test_a_coin_without_peers_is_refused() -> None:
    young = bars("OTHERUSDT", DAYS - 30, 3)
    with pytest.raises(InsufficientDataError, match="peer"):
        list_market(request(COIN, [young]), RECORD)


def test_a_constant_price_is_an_answer_of_the_peers(others: list[Bars]) -> None:
    flat = replace(COIN, close=np.full(len(COIN), 2.0))
    found = list_market(request(flat, others), RECORD)
    assert found.figures.risk.maintenance.binding > 0.0
    assert len(found.evidence.table("findings")) > 0


def test_depth_curves_and_figures_are_taken(asked: ListingRequest, listing: Listing) -> None:
    """A dear curve by hand; figures: half the spread within three tenths of depth."""
    size = np.array([1e3, 1e5, 1e6])
    dear = replace(asked, depth=DepthCurve(notional_usd=size, cost=np.array([0.01, 0.02, 0.05])))
    found = list_market(dear, RECORD)
    assert found.figures.depth.reason is None
    first = float(found.figures.tiers.fitted.ladder.rates[0])
    plain = float(listing.figures.tiers.fitted.ladder.rates[0])
    assert first > plain + 0.008
    figures = replace(asked, depth=DepthFigures(depth_usd=1e5, relative_spread=0.002))
    depth = list_market(figures, RECORD).figures.depth
    assert depth.cost(np.array([20_000.0]))[0] == pytest.approx(0.001, rel=1e-9)
    assert depth.depth_usd == 1e5


def test_depth_bounds_the_position(asked: ListingRequest) -> None:
    thin = replace(asked, depth=DepthFigures(depth_usd=500.0, relative_spread=0.002))
    limits = list_market(thin, RECORD).figures.limits
    assert limits.position_bound == "depth"
    assert float(limits.position_usd) <= 20.0 * 0.3 * 500.0


def test_the_number_of_tiers_is_heeded(asked: ListingRequest) -> None:
    one = list_market(replace(asked, tiers=1), RECORD)
    assert len(one.parameters.tiers("NEWUSDT").tiers) == 1


def test_wrong_requests_are_refused(asked: ListingRequest) -> None:
    with pytest.raises(ParameterError, match="adv_usd"):
        replace(asked, adv_usd=-1.0)
    with pytest.raises(ParameterError, match="tiers"):
        replace(asked, tiers=0)
    with pytest.raises(DataFormatError, match="cost_bps"):
        DepthCurve(notional_usd=np.array([1.0, 2.0]), cost=np.array([0.1, np.nan]))
    with pytest.raises(ParameterError, match="relative_spread"):
        DepthFigures(depth_usd=1.0, relative_spread=0.0)


def test_rules_may_admit(asked: ListingRequest) -> None:
    """Where the venue's own rules ask little, the haircut is published."""
    plain = asked.rules.admission
    easy = replace(plain, least_history_days=10.0, least_adv_usd=1e3, least_depth_usd=1.0)
    easy = replace(easy, least_venues=0, largest_volatility_annual=9.0)
    rules = ListingRules(admission=easy)
    found = list_market(
        replace(asked, rules=rules, depth=DepthFigures(depth_usd=1e5, relative_spread=0.002)),
        RECORD,
    )
    unknown = [line.rule for line in found.figures.haircut.asset.admission.lines if not line.passed]
    assert unknown == ["venues"], "nobody counts venues here: what is unknown does not pass"
    assert CLASS.name == "alt"
    assert PROBLEM.maintenance_level == 0.99


@pytest.mark.parametrize("payoff", [Payoff.LINEAR, Payoff.INVERSE])
def test_a_factor_multiplies_losses_whatever_the_payoff(listing: Listing, payoff: Payoff) -> None:
    """Of a fall of ln 1.25 and a rise of ln 1.25: linear 0.2 and 0.25, inverse the other way."""
    x = float(np.log(1.25))
    losses = np.array([0.2, 0.25] if payoff is Payoff.LINEAR else [0.25, 0.2])
    leg = replace(listing.figures.risk.sale, log_move=np.array([x, x]), loss=losses)
    risk = replace(listing.figures.risk, maintenance=leg, reaction=leg, sale=leg)
    found = times(risk, 3.0, 0.1, payoff).sale
    assert found.loss == pytest.approx(3.0 * losses, rel=1e-12)
    side = 0 if payoff is Payoff.LINEAR else 1
    assert np.exp(-found.log_move[side]) == pytest.approx(0.4)
    assert times(risk, 9.0, 0.1, payoff).sale.loss[side] < 1.0
    assert times(risk, 1.0, 0.0, payoff) is risk
