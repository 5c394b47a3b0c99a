"""Real Deribit chains, December 2025 to August 2026: counts that the data's own notes state.

Sources: the README of the market data (faults left in) and ``baselines.md``, part B.1.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.adapters.chains import read_chains
from plimsoll.domain.option_chain import ChainFinding, ChainFindingKind, OptionChain
from plimsoll.domain.smile_quotes import ForwardSource, SmileQuotes
from plimsoll.marketdata.chains import (
    DERIBIT_INVERSE,
    ChainSettings,
    parity_residuals,
    prepare_chain,
    wild_quotes,
)
from plimsoll.marketdata.chains.quote_checks import marks_outside
from plimsoll.maths.implied_vol import implied_volatility

pytestmark = pytest.mark.reference

BROKEN = "2026-01-13T09:21"
YEAR_DAYS = 365.0


@pytest.fixture(scope="module")
def chains(market_data_dir: Path) -> list[OptionChain]:
    """All 426 chains."""
    return list(read_chains(market_data_dir / "options" / "deribit_chains_*.parquet"))


@pytest.fixture(scope="module")
def prepared(chains: list[OptionChain]) -> list[SmileQuotes]:
    """All chains prepared."""
    return [prepare_chain(chain) for chain in chains]


def minute(chain: OptionChain) -> str:
    """Return the minute of a chain."""
    return str(np.datetime64(chain.at_ns, "ns"))[:16]


def findings(prepared: list[SmileQuotes], kind: ChainFindingKind) -> list[ChainFinding]:
    """Return all findings of one kind."""
    return [f for quotes in prepared for f in quotes.findings if f.kind is kind]


def liquid_band(quotes: SmileQuotes) -> NDArray[np.bool_]:
    """Out-of-the-money rows of 5 to 95 % forward delta, quoted or not."""
    chain, delta = quotes.chain, np.abs(quotes.forward_delta)
    above = chain.strike >= quotes.forward
    out = np.where(chain.is_call, above, ~above)
    return out & (delta >= 0.05) & (delta <= 0.95)


def test_213_snapshots_of_two_coins_in_order(chains: list[OptionChain]) -> None:
    assert len(chains) == 426
    assert sum(map(len, chains)) == 336_264
    assert Counter(chain.pair.base for chain in chains) == {"BTC": 213, "ETH": 213}
    times = [chain.at_ns for chain in chains]
    assert times == sorted(times)
    assert len(set(times)) == 213


def test_names_agree_with_the_columns_everywhere(chains: list[OptionChain]) -> None:
    assert not any(np.isnan(chain.strike).any() for chain in chains)


def test_missing_prices_and_forwards(chains: list[OptionChain]) -> None:
    rows = sum(map(len, chains))
    missing = {
        name: sum(int(np.isnan(getattr(chain, name)).sum()) for chain in chains)
        for name in ("bid", "ask", "forward")
    }
    shares = {name: round(100.0 * count / rows, 1) for name, count in missing.items()}
    assert shares == {"bid": 6.7, "ask": 1.7, "forward": 4.0}
    months = {minute(chain)[:7] for chain in chains if np.isnan(chain.forward).any()}
    assert months == {"2026-04", "2026-07"}


def test_the_raw_files_hold_the_same_chains(
    market_data_dir: Path, chains: list[OptionChain]
) -> None:
    raw = list(read_chains(market_data_dir / "options" / "raw" / "*.csv"))
    assert [len(chain) for chain in raw] == [622, 658, 792, 872]
    known = {(chain.at_ns, chain.pair): chain for chain in chains}
    twins = [(chain, known[chain.at_ns, chain.pair]) for chain in raw if
             (chain.at_ns, chain.pair) in known]  # fmt: skip
    assert twins
    for left, right in twins:
        by_name = np.argsort(left.names), np.argsort(right.names)
        assert sorted(left.names) == sorted(right.names)
        for column in ("bid", "ask", "mark", "forward", "index", "mark_vol", "open_interest"):
            a, b = getattr(left, column)[by_name[0]], getattr(right, column)[by_name[1]]
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_marks_outside_bid_and_ask(prepared: list[SmileQuotes]) -> None:
    sides = [marks_outside(quotes, ChainSettings()) for quotes in prepared]
    assert sum(int(above.sum()) for above, _ in sides) == 5_494
    assert sum(int(below.sum()) for _, below in sides) == 1_227


def test_no_crossed_duplicated_or_unreadable_rows(prepared: list[SmileQuotes]) -> None:
    absent = ("crossed_quote", "duplicated_strike", "unreadable_name")
    assert all(findings(prepared, ChainFindingKind(kind)) == [] for kind in absent)


def test_one_price_of_all_stands_off_its_tick(prepared: list[SmileQuotes]) -> None:
    """A bid of 0.0051 on 2026-02: the note that ticks are exact overlooks it."""
    (finding,) = findings(prepared, ChainFindingKind.OFF_TICK_PRICE)
    assert (finding.subject, finding.rows) == ("BTC-20FEB26-67500-C", 1)
    prices = sum(
        int((quotes.chain.bid > 0).sum() + (quotes.chain.ask > 0).sum()) for quotes in prepared
    )
    assert prices == 644_251


def test_the_index_moves_within_a_snapshot(chains: list[OptionChain]) -> None:
    moves = [float(np.ptp(chain.index) / np.median(chain.index)) * 1e4 for chain in chains]
    assert np.median(moves) == pytest.approx(6.8, abs=0.1)
    assert max(moves) == pytest.approx(112.0, abs=0.5)


def test_forwards_move_within_an_expiry(prepared: list[SmileQuotes]) -> None:
    ranges = [e.forward_range_bps for quotes in prepared for e in quotes.expiries.values()]
    known = np.array(ranges)[np.isfinite(ranges)]
    assert np.percentile(known, 95) == pytest.approx(2.1, abs=0.1)
    assert known.max() == pytest.approx(44.0, abs=0.5)


def test_liquid_rows_are_two_sided(prepared: list[SmileQuotes]) -> None:
    """102,577 rows with the index as forward where there is none; parity moves a few of them."""
    band = [liquid_band(quotes) for quotes in prepared]
    two = [flags & (q.chain.bid > 0) & (q.chain.ask > 0) for flags, q in
           zip(band, prepared, strict=True)]  # fmt: skip
    rows = sum(int(flags.sum()) for flags in band)
    assert rows == pytest.approx(102_577, abs=50)
    assert sum(int(flags.sum()) for flags in two) / rows == pytest.approx(0.9984, abs=5e-5)
    usable = sum(int((f & q.usable).sum()) for f, q in zip(band, prepared, strict=True))
    assert usable == sum(int(flags.sum()) for flags in two)


def test_own_volatility_of_the_mark_is_the_venues(prepared: list[SmileQuotes]) -> None:
    """Median |e| in vol points by time to expiry, and the shares within 0.05 and 0.5 points.

    Where it shows no forward the venue prices from its index.
    """
    off, days = [], []
    for quotes in prepared:
        chain = quotes.chain
        rows = liquid_band(quotes)
        forward = np.where(np.isfinite(chain.forward), chain.forward, chain.index)
        own = implied_volatility(
            chain.mark, forward, chain.strike, quotes.tau_years, chain.is_call, inverse=True
        ).sigma
        off.append(100.0 * np.abs(own - chain.mark_vol)[rows])
        days.append(quotes.tau_years[rows] * YEAR_DAYS)
    error, tau = np.concatenate(off), np.concatenate(days)
    buckets = [(0, 2, 0.034), (2, 7, 0.011), (7, 30, 0.005), (30, 9_999, 0.003)]
    for low, high, expected in buckets:
        median = np.median(error[(tau >= low) & (tau < high)])
        assert median == pytest.approx(expected, abs=0.0006)
    assert np.mean(error <= 0.05) == pytest.approx(0.915, abs=0.001)
    assert np.mean(error <= 0.5) == pytest.approx(0.9967, abs=0.0002)


def test_the_broken_snapshot_is_recognised_and_no_other(prepared: list[SmileQuotes]) -> None:
    broken = {
        (minute(quotes.chain), finding.subject): finding.value
        for quotes in prepared
        for finding in quotes.findings
        if finding.kind is ChainFindingKind.BROKEN_SNAPSHOT
    }
    assert set(broken) == {(BROKEN, "BTC"), (BROKEN, "ETH")}
    # 30 % and 12 % of all liquid quotes; the rule looks at expiries of a day and more.
    assert broken[BROKEN, "BTC"] == pytest.approx(0.30, abs=0.02)
    assert broken[BROKEN, "ETH"] == pytest.approx(0.12, abs=0.02)


def test_expiries_without_a_forward_get_one(prepared: list[SmileQuotes]) -> None:
    sources = Counter(e.forward_source for q in prepared for e in q.expiries.values())
    assert set(sources) == {ForwardSource.ROW, ForwardSource.PARITY, ForwardSource.INDEX}
    assert sources[ForwardSource.PARITY] > 2 * sources[ForwardSource.INDEX]


def test_parity_finds_the_futures_price(prepared: list[SmileQuotes]) -> None:
    """Where the venue shows a forward, parity's is 2 bp off at the median; its error is honest."""
    pairs = [
        (e.parity_forward, e.forward, e.parity_error)
        for quotes in prepared
        if minute(quotes.chain) != BROKEN
        for e in quotes.expiries.values()
        if e.forward_source is ForwardSource.ROW and np.isfinite(e.parity_forward)
    ]
    parity, forward, error = np.array(pairs).T
    assert len(pairs) > 4_500
    assert np.median(np.abs(parity / forward - 1.0)) < 2.5e-4
    scores = (parity - forward) / error
    assert np.std(scores) == pytest.approx(1.0, abs=0.15)
    assert np.mean(np.abs(scores) > 3.0) < 0.015


def test_quotes_keep_parity_with_the_rows_own_forwards(prepared: list[SmileQuotes]) -> None:
    residuals = np.concatenate([parity_residuals(quotes)[quotes.usable] for quotes in prepared])
    known = np.abs(residuals[np.isfinite(residuals)])
    assert len(known) / len(residuals) > 0.97
    assert np.mean(known > 1.0) < 2e-4


def test_clean_quotes_are_rarely_called_wild(prepared: list[SmileQuotes]) -> None:
    flags = [wild_quotes(quotes) for quotes in prepared]
    usable = sum(int(quotes.usable.sum()) for quotes in prepared)
    liquid = [liquid_band(quotes) & quotes.usable for quotes in prepared]
    assert sum(int(wild.sum()) for wild in flags) <= 1e-3 * usable
    dropped = sum(int((wild & band).sum()) for wild, band in zip(flags, liquid, strict=True))
    assert dropped <= 2e-4 * sum(int(band.sum()) for band in liquid)


def _hit(quotes: SmileQuotes, row: int, factor: float) -> SmileQuotes:
    chain = quotes.chain
    bid, ask = np.array(chain.bid), np.array(chain.ask)
    bid[row] *= factor
    ask[row] *= factor
    return prepare_chain(replace(chain, bid=bid, ask=ask), ticks=DERIBIT_INVERSE)


def _target(quotes: SmileQuotes, kind: int, rng: np.random.Generator) -> int:
    """Return the row at the money, of 25 delta, or any liquid one, of a random expiry."""
    expiries = [e.expiry_ns for e in quotes.expiries.values() if e.usable >= 3]
    own = quotes.chain.expiry_ns == rng.choice(expiries)
    rows = np.flatnonzero(own & quotes.usable)
    if kind == 2:
        liquid = np.flatnonzero(own & quotes.usable & liquid_band(quotes))
        return int(rng.choice(liquid if len(liquid) else rows))
    delta = np.abs(quotes.forward_delta[rows])
    nearness = np.abs(quotes.log_moneyness[rows]) if kind == 0 else np.abs(delta - 0.25)
    return int(rows[np.argmin(nearness)])


@pytest.mark.parametrize(("factor", "least"), [(0.5, 0.98), (4.0, 0.99)])
def test_wild_quotes_are_caught(prepared: list[SmileQuotes], factor: float, least: float) -> None:
    """500 seeded hits a factor; baselines: 64-94 % of halved and 97-100 % of fourfold ones."""
    rng = np.random.default_rng(20260113)
    caught, charged = 0, 0
    for draw in range(500):
        quotes = prepared[int(rng.integers(len(prepared)))]
        row = _target(quotes, draw % 3, rng)
        after = _hit(quotes, row, factor)
        wild = wild_quotes(after)
        caught += bool(wild[row]) or not bool(after.usable[row])
        charged += int((wild & ~wild_quotes(quotes)).sum() - wild[row])
    assert caught >= least * 500
    assert charged <= 5  # of some 150,000 clean neighbours


def test_deribit_tickers_of_2021(market_data_dir: Path) -> None:
    """Recorded frames: bid and ask volatilities beside the greeks are the venue's own."""
    path = market_data_dir / "books" / "cryptofeed" / "DERIBIT.ws.1.0.gz"
    btc, eth = read_chains(path)
    assert (btc.pair.base, len(btc), eth.pair.base, len(eth)) == ("BTC", 7, "ETH", 3)
    quotes = prepare_chain(btc)
    row = btc.names.index("BTC-25MAR22-30000-C")
    assert quotes.mid_vol[row] == pytest.approx(btc.mark_vol[row], abs=0.05)
    silent = eth.names.index("ETH-27AUG21-4000-P")
    assert np.isnan(eth.bid[silent])
    assert np.isnan(eth.ask[silent])
