"""Each planted fault of a chain is found, counted and named; a sound chain has none of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_chains import AT_NS, DAY_NS, STRIKES, changed, made_chain, taken

from plimsoll.domain.option_chain import ChainFinding, ChainFindingKind, OptionChain
from plimsoll.domain.price_tick import PriceTicks
from plimsoll.errors import UsageError
from plimsoll.marketdata.chains import (
    ChainSettings,
    inferred_ticks,
    prepare_chain,
    wild_quote_findings,
)

FINE = PriceTicks((), (1e-9,))
"""A tick too fine to matter: prices of made chains stand on none."""

Kind = ChainFindingKind


def rounded(chain: OptionChain) -> OptionChain:
    """Return the chain with prices on the fine tick."""
    return replace(chain, bid=np.floor(chain.bid * 1e9) / 1e9, ask=np.ceil(chain.ask * 1e9) / 1e9)


def found(chain: OptionChain, kind: ChainFindingKind) -> list[ChainFinding]:
    """Return the findings of one kind."""
    findings = prepare_chain(rounded(chain), ticks=FINE).findings
    return [finding for finding in findings if finding.kind is kind]


def test_a_sound_chain_has_no_finding() -> None:
    assert prepare_chain(rounded(made_chain()), ticks=FINE).findings == ()


def test_a_snapshot_of_wide_quotes_is_broken() -> None:
    chain = made_chain(days=(30.0, 60.0))
    near = np.flatnonzero((np.abs(np.log(chain.strike / 85_000.0)) < 0.06) & (chain.bid < 0.1))
    few, many = near[:1], near[:8]
    assert found(changed(chain, few, ask=chain.ask[few] + 0.2), Kind.BROKEN_SNAPSHOT) == []
    (broken,) = found(changed(chain, many, ask=chain.ask[many] + 0.2), Kind.BROKEN_SNAPSHOT)
    assert broken.subject == "BTC"
    assert broken.value > 0.05 == broken.expected
    assert 0 < broken.rows <= 8


def test_wide_is_meant_relative_to_the_volatility_too() -> None:
    chain = made_chain(half_spread_vol=0.12)  # 24 points of about 45
    assert len(found(chain, Kind.BROKEN_SNAPSHOT)) == 1
    lenient = ChainSettings(wide_share=0.8)
    assert Kind.BROKEN_SNAPSHOT not in {
        finding.kind for finding in prepare_chain(chain, settings=lenient).findings
    }


def test_an_index_that_moves_within_the_snapshot() -> None:
    chain = made_chain()
    (finding,) = found(changed(chain, 3, index=chain.index[3] * 1.001), Kind.UNSYNCHRONISED_INDEX)
    assert finding.value == pytest.approx(10.0, rel=1e-9)
    assert found(changed(chain, 3, index=chain.index[3] * 1.0004), Kind.UNSYNCHRONISED_INDEX) == []


def test_forwards_that_drift_within_an_expiry() -> None:
    chain = made_chain()
    (finding,) = found(changed(chain, 3, forward=85_085.0), Kind.FORWARD_DRIFT)
    assert finding.value == pytest.approx(10.0, rel=1e-9)
    assert finding.subject == "BTC 2026-01-20"


def test_missing_forwards_say_what_stands_in() -> None:
    chain = made_chain()
    (part,) = found(changed(chain, [0, 1], forward=np.nan), Kind.MISSING_FORWARD)
    assert part.rows == 2
    assert "median" in part.detail
    whole = found(replace(chain, forward=np.full(len(chain), np.nan)), Kind.MISSING_FORWARD)
    assert [finding.rows for finding in whole] == [44, 44]
    assert all("parity" in finding.detail for finding in whole)


def test_marks_outside_bid_and_ask() -> None:
    chain = made_chain()
    above, below = [1, 2, 3], [7, 8]
    moved = changed(chain, above, mark=chain.ask[above] * 1.01)
    (finding,) = found(changed(moved, below, mark=chain.bid[below] * 0.99), Kind.STALE_MARK)
    assert finding.rows == 5
    assert "above the ask 3 times, below the bid 2 times" in finding.detail


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"bid": 0.0}, Kind.ONE_SIDED_QUOTE),
        ({"ask": np.nan}, Kind.ONE_SIDED_QUOTE),
        ({"bid": 0.5, "ask": 0.4}, Kind.CROSSED_QUOTE),
        ({"bid": -0.01}, Kind.IMPOSSIBLE_PRICE),
        ({"ask": 1.5}, Kind.IMPOSSIBLE_PRICE),
        ({"strike": np.nan}, Kind.UNREADABLE_NAME),
        ({"strike": 92_500.0}, Kind.DUPLICATED_STRIKE),
    ],
)
def test_faults_of_quotes_are_counted_and_named(
    cells: dict[str, float], kind: ChainFindingKind
) -> None:
    chain = made_chain()
    row = chain.names.index("7d-95000-C")
    (finding,) = found(changed(chain, row, **cells), kind)
    assert finding.rows == (2 if kind is Kind.DUPLICATED_STRIKE else 1)
    assert "7d-95000-C" in finding.detail


def test_an_offer_below_the_intrinsic_value_is_impossible() -> None:
    chain = made_chain()
    row = chain.names.index("7d-70000-C")
    intrinsic = 1.0 - 70_000.0 / 85_000.0
    given = changed(chain, row, bid=intrinsic * 0.98, ask=intrinsic * 0.99)
    assert len(found(given, Kind.IMPOSSIBLE_PRICE)) == 1
    usual = changed(chain, row, bid=intrinsic * 0.99)
    assert found(usual, Kind.IMPOSSIBLE_PRICE) == []


def test_prices_off_the_tick() -> None:
    chain = made_chain()
    ticks = PriceTicks((0.005,), (1e-4, 5e-4))
    steps = np.where(chain.bid < 0.005, 1e-4, 5e-4)
    on = replace(chain, bid=np.maximum(np.floor(chain.bid / steps) * steps, 1e-4))
    on = replace(on, ask=on.bid + np.where(on.bid < 0.00485, 1e-4, 5e-4))
    kinds = {finding.kind for finding in prepare_chain(on, ticks=ticks).findings}
    assert Kind.OFF_TICK_PRICE not in kinds
    off = prepare_chain(changed(on, 4, bid=on.bid[4] + 1e-5), ticks=ticks).findings
    assert [f.subject for f in off if f.kind is Kind.OFF_TICK_PRICE] == [chain.names[4]]


def test_a_pair_off_parity_is_two_rows() -> None:
    chain = made_chain()
    row = chain.names.index("30d-90000-C")
    dear = changed(chain, row, bid=2.0 * chain.bid[row], ask=2.0 * chain.ask[row])
    (finding,) = found(dear, Kind.PARITY_VIOLATION)
    assert finding.rows == 2
    assert finding.value > 1.0
    assert "30d-90000-C, 30d-90000-P" in finding.detail


def test_short_and_thin_expiries() -> None:
    chain = made_chain(days=(0.5, 7.0))
    (short,) = found(chain, Kind.SHORT_EXPIRY)
    assert short.value == pytest.approx(12.0)
    gone = replace(chain, at_ns=AT_NS + DAY_NS)
    assert "expired" in found(gone, Kind.SHORT_EXPIRY)[0].detail
    (thin,) = found(made_chain(days=(7.0,), strikes=STRIKES[:4]), Kind.THIN_SMILE)
    assert (thin.value, thin.expected, thin.rows) == (4.0, 5.0, 8)


def test_wild_quotes_make_one_finding() -> None:
    quotes = prepare_chain(made_chain())
    flags = np.zeros(len(quotes.chain), dtype=np.bool_)
    assert wild_quote_findings(quotes, flags) == ()
    flags[[2, 9]] = True
    (finding,) = wild_quote_findings(quotes, flags)
    assert (finding.kind, finding.rows) == (Kind.WILD_QUOTE, 2)


def test_findings_of_linear_options_name_the_settlement() -> None:
    chain = made_chain(linear=True)
    chain = changed(chain, [0, 1], bid=0.0)
    kinds = {f.kind: f.subject for f in prepare_chain(chain).findings}
    assert kinds[Kind.ONE_SIDED_QUOTE] == "BTC_USDC"


@pytest.mark.parametrize("tick", [1e-4, 5e-4, 0.01, 0.05, 0.5, 5.0, 10.0])
def test_ticks_are_inferred_from_prices(tick: float) -> None:
    prices = tick * np.random.default_rng(3).integers(1, 900, size=200)
    found_ticks = inferred_ticks(np.r_[prices, np.nan, 0.0])
    assert found_ticks is not None
    assert found_ticks.ticks[0] == pytest.approx(tick)


def test_ticks_of_too_few_or_ragged_prices_are_unknown() -> None:
    assert inferred_ticks(np.array([1.0, 2.0])) is None
    assert inferred_ticks(np.random.default_rng(3).uniform(0.01, 1.0, size=50)) is None


def test_thresholds_must_be_positive() -> None:
    with pytest.raises(UsageError, match=r"chains\.wide_vol"):
        ChainSettings(wide_vol=0.0)


def test_taking_rows_keeps_findings_of_the_rest() -> None:
    chain = changed(made_chain(), 3, bid=0.0)
    assert found(taken(chain, np.arange(10)), Kind.ONE_SIDED_QUOTE)
