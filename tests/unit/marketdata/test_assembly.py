"""Policy and alignment: what is masked from when, split, refused; and that nothing is altered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.finding import Action, FindingKind, FindingPolicy, Reason
from plimsoll.domain.market import HOUR_NS, NEVER_MASKED, Bars, PriceKind
from plimsoll.errors import DataFormatError, InsufficientDataError, UsageError
from plimsoll.marketdata import CheckSettings, assemble

Make = Callable[..., Bars]
AT = 1500
K = FindingKind
SET = CheckSettings(closed_bars_only=True)


def scaled(bars: Bars, rows: slice, factor: float) -> Bars:
    close = bars.close.copy()
    close[rows] *= factor
    return replace(bars, close=close)


def dropped(bars: Bars, rows: slice) -> Bars:
    return bars.take(np.delete(np.arange(len(bars)), rows))


def policy(**actions: Action) -> FindingPolicy:
    return FindingPolicy(actions={K(name): action for name, action in actions.items()})


def test_clean_markets_pass_through_unchanged(calm: Make) -> None:
    one, two = calm(market="A"), calm(market="B", seed=8).take(slice(700, 4000))
    history = assemble([one, two], settings=SET).history
    assert history.markets == ("A", "B")
    np.testing.assert_array_equal(history.close[:, 0], one.close)
    np.testing.assert_array_equal(history.close[700:4000, 1], two.close)
    assert np.isnan(history.close[:700, 1]).all()
    assert history.active[:, 0].all()
    assert not history.active[:700, 1].any()
    assert (history.mask_from_ns == NEVER_MASKED).all()


def test_the_grid_is_exact_over_years() -> None:
    count = 60_000
    bars = Bars(
        market="A",
        time_ns=1_577_836_800_000_000_000 + HOUR_NS * np.arange(count),
        close=np.full(count, 5.0) + np.arange(count) % 7,
        interval_ns=HOUR_NS,
        price_kind=PriceKind.MARK,
    )
    history = assemble([bars], settings=SET).history
    np.testing.assert_array_equal(history.time_ns, bars.time_ns)


def test_a_spike_is_masked_only_once_it_is_known(calm: Make) -> None:
    bars = scaled(calm(), slice(AT, AT + 1), 1.5)
    history = assemble([bars], settings=SET).history
    back_closed = int(bars.time_ns[AT + 1]) + HOUR_NS
    assert history.mask_from_ns[AT, 0] == back_closed
    assert history.close[AT, 0] == bars.close[AT]
    before = history.before(back_closed - HOUR_NS)
    assert before.usable_close()[AT, 0] == bars.close[AT]
    assert K.REVERTING_SPIKE not in {f.kind for f in before.findings}
    after = history.before(back_closed)
    assert np.isnan(after.usable_close()[AT, 0])
    assert K.REVERTING_SPIKE in {f.kind for f in after.findings}
    assert int(np.isnan(history.usable_close()).sum()) == 1


def test_a_stale_run_is_masked_from_its_discovery_bar_by_bar(calm: Make) -> None:
    bars = calm()
    close = bars.close.copy()
    close[AT : AT + 30] = close[AT - 1]
    history = assemble([replace(bars, close=close)], settings=SET).history
    known = int(bars.time_ns[AT + SET.stale_min_bars - 1]) + HOUR_NS
    own = bars.time_ns[AT : AT + 30] + HOUR_NS
    np.testing.assert_array_equal(history.mask_from_ns[AT : AT + 30, 0], np.maximum(known, own))
    assert history.mask_from_ns[AT - 1, 0] == NEVER_MASKED


def test_keep_leaves_a_finding_without_a_mask(calm: Make) -> None:
    bars = scaled(calm(), slice(AT, AT + 1), 1.5)
    history = assemble([bars], policy(reverting_spike=Action.KEEP), SET).history
    assert (history.mask_from_ns == NEVER_MASKED).all()
    assert K.REVERTING_SPIKE in {f.kind for f in history.findings}


def test_a_split_makes_two_markets_of_one_ticker(calm: Make) -> None:
    bars = dropped(scaled(calm(market="LUNAUSDT"), slice(AT, None), 9000.0), slice(AT, AT + 400))
    other = calm(market="B", seed=3)
    assembly = assemble([bars, other], settings=SET)
    day = str(np.datetime64(int(bars.time_ns[AT - 1]), "ns"))[:10]
    history = assembly.history
    assert history.markets == (f"LUNAUSDT@{day}", "LUNAUSDT", "B")
    assert assembly.sources[f"LUNAUSDT@{day}"] == "LUNAUSDT"
    np.testing.assert_array_equal(history.active[:, 0], np.arange(5000) < AT)
    np.testing.assert_array_equal(history.active[:, 1], np.arange(5000) >= AT + 400)
    np.testing.assert_array_equal(history.close[:AT, 0], bars.close[:AT])
    np.testing.assert_array_equal(history.close[AT + 400 :, 1], bars.close[AT:])
    assert np.isnan(history.close[AT:, 0]).all()


def test_split_can_be_declined(calm: Make) -> None:
    bars = dropped(scaled(calm(), slice(AT, None), 9000.0), slice(AT, AT + 400))
    history = assemble([bars], policy(reused_ticker=Action.KEEP), SET).history
    assert history.markets == ("AUSDT",)
    assert history.active.all()


def test_two_splits_on_one_day_have_names_of_their_own(calm: Make) -> None:
    bars = dropped(dropped(calm(), slice(AT + 8, AT + 9)), slice(AT + 3, AT + 4))
    history = assemble([bars], policy(gap=Action.SPLIT), SET).history
    day = str(np.datetime64(int(bars.time_ns[AT]), "ns"))[:10]
    assert history.markets == (f"AUSDT@{day}", f"AUSDT@{day}.2", "AUSDT")


def test_a_delisted_market_is_inactive_after_its_last_bar(calm: Make) -> None:
    gone = calm(market="A").take(slice(0, 5000 - 24 * 40))
    late = calm(market="C", seed=4).take(slice(0, 5000 - 24 * 5))
    history = assemble([gone, calm(market="B", seed=3), late], settings=SET).history
    np.testing.assert_array_equal(history.active[:, 0], np.arange(5000) < 5000 - 24 * 40)
    assert history.active[:, 2].all(), "a series that ends days early may be a late delivery"


def test_the_hole_before_a_relisting_is_inactive(calm: Make) -> None:
    bars = dropped(calm(), slice(AT, AT + 24 * 40))
    active = assemble([bars], settings=SET).history.active[:, 0]
    assert not active[AT : AT + 24 * 40].any()
    assert int((~active).sum()) == 24 * 40


def test_copies_of_a_bar(calm: Make) -> None:
    bars = calm()
    twice = bars.take(np.insert(np.arange(len(bars)), [AT + 1, AT + 9], [AT, AT + 8]))
    close = twice.close.copy()
    close[AT + 10] = 1.0
    spoiled = replace(twice, close=close)
    masked = assemble([spoiled], settings=SET).history
    np.testing.assert_array_equal(masked.close[:, 0], bars.close)
    assert masked.mask_from_ns[AT, 0] == NEVER_MASKED, "equal copies leave nothing in doubt"
    assert masked.mask_from_ns[AT + 8, 0] == bars.time_ns[AT + 8] + HOUR_NS
    kept = assemble([spoiled], policy(conflicting_duplicate=Action.KEEP), SET).history
    assert kept.usable_close()[AT + 8, 0] == bars.close[AT + 8]


def test_disorder_is_put_in_order_and_reported(calm: Make) -> None:
    bars = calm()
    shuffled = bars.take(np.random.default_rng(0).permutation(len(bars)))
    history = assemble([shuffled], settings=SET).history
    np.testing.assert_array_equal(history.close[:, 0], bars.close)
    assert K.UNORDERED_BAR in {f.kind for f in history.findings}


def test_a_bar_off_the_grid_has_no_place(calm: Make) -> None:
    bars = calm()
    time_ns = bars.time_ns.copy()
    time_ns[AT] += 1
    history = assemble([replace(bars, time_ns=time_ns)], settings=SET).history
    assert np.flatnonzero(np.isnan(history.close[:, 0])).tolist() == [AT]


def test_impossible_prices_are_never_in_the_panel(calm: Make) -> None:
    bars = calm()
    close = bars.close.copy()
    close[AT : AT + 4] = [0.0, -1.0, np.inf, np.nan]
    for action in (Action.MASK, Action.KEEP):
        history = assemble(
            [replace(bars, close=close)], policy(impossible_price=action), SET
        ).history
        assert np.flatnonzero(np.isnan(history.usable_close()[:, 0])).tolist() == list(
            range(AT, AT + 4)
        )


def test_refusals_are_listed_with_their_reason(calm: Make) -> None:
    short = calm(market="S", count=100)
    spoiled = scaled(calm(market="X", seed=5), slice(AT, AT + 1), 1.5)
    none = calm(market="N").take(slice(0, 0))
    rule = policy(short_history=Action.REFUSE, reverting_spike=Action.REFUSE)
    assembly = assemble([short, spoiled, none, calm(market="B")], rule, SET)
    assert assembly.history.markets == ("B",)
    assert {name: r.reason for name, r in assembly.refused.items()} == {
        "S": Reason.TOO_SHORT_HISTORY,
        "X": Reason.REFUSED_BY_POLICY,
        "N": Reason.NO_DATA,
    }
    finding = assembly.refused["X"].finding
    assert finding is not None
    assert finding.kind is K.REVERTING_SPIKE
    assert finding in assembly.history.findings


def test_until_leaves_out_what_had_not_closed(calm: Make) -> None:
    bars = calm()
    cut = int(bars.time_ns[4000])
    history = assemble([bars], settings=SET, until_ns=cut + HOUR_NS - 1).history
    assert len(history) == 4000
    assert len(assemble([bars], settings=SET, until_ns=cut + HOUR_NS).history) == 4001


def test_the_partial_last_bar_is_masked_unless_proven(calm: Make) -> None:
    bars = calm()
    history = assemble([bars], settings=CheckSettings()).history
    assert np.isnan(history.usable_close()[-1, 0])
    cut = assemble([bars], settings=CheckSettings(), until_ns=int(bars.time_ns[4000])).history
    assert np.isfinite(cut.usable_close()).all()


def test_volumes_come_along(calm: Make) -> None:
    with_volume, without = calm(market="A", candles=True), calm(market="B", seed=3)
    history = assemble([with_volume, without], settings=SET).history
    assert history.volume is not None
    np.testing.assert_array_equal(history.volume[:, 0], with_volume.volume)
    assert np.isnan(history.volume[:, 1]).all()
    assert assemble([without], settings=SET).history.volume is None


def test_wrong_use_is_refused(calm: Make) -> None:
    bars = calm()
    with pytest.raises(UsageError, match="name each market once"):
        assemble([bars, bars], settings=SET)
    with pytest.raises(UsageError, match="name each market once"):
        assemble({"OTHER": bars}, settings=SET)
    with pytest.raises(UsageError, match=r"findings\.gap: must be one of keep, refuse, split"):
        assemble([bars], policy(gap=Action.MASK), SET)
    daily = replace(calm(market="D"), interval_ns=24 * HOUR_NS)
    with pytest.raises(DataFormatError, match=r"D\.interval_ns: must be the same"):
        assemble([bars, daily], settings=SET)
    mark = replace(calm(market="D"), price_kind=PriceKind.MARK)
    with pytest.raises(DataFormatError, match=r"D\.price_kind: must be the same"):
        assemble([bars, mark], settings=SET)
    shifted = replace(calm(market="D"), time_ns=bars.time_ns + 1)
    with pytest.raises(DataFormatError, match=r"D\.time_ns modulo interval: must be the same"):
        assemble([bars, shifted], settings=SET)
    with pytest.raises(InsufficientDataError, match="at least one market"):
        assemble([bars.take(slice(0, 0))], settings=SET)
    with pytest.raises(InsufficientDataError, match="at least one market"):
        assemble([], settings=SET)
