"""Shifts that move an index or a mark: by hand, by brute force, by bisection; their cost."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from index_feeds import at, published, quotes, rule_of, run
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.marketdata.index import (
    BasisMark,
    IndexRule,
    IndexSource,
    LiveSources,
    MarkInputs,
    OracleMark,
    PremiumMark,
    Tick,
    breakdown,
    index_robustness,
    live_sources,
    mark_robustness,
    smallest_shift,
    start_mark,
)

FREE = {"least_sources": 1, "least_weight_share": 0.0, "least_agreement": 0.0}


def _sources(prices: list[float], weights: list[float] | None = None, **fields: Any) -> LiveSources:
    names = tuple("abcdefgh"[: len(prices)])
    weights = weights or [1.0] * len(prices)
    pairs = zip(names, weights, strict=True)
    rule = IndexRule(
        sources=tuple(IndexSource(name=n, weight=w) for n, w in pairs), **{**FREE, **fields}
    )
    return LiveSources(names=names, prices=tuple(prices), weights=tuple(weights), rule=rule)


def test_one_of_three_moves_the_median_to_its_neighbour_and_no_further() -> None:
    rows = index_robustness(_sources([99.9, 100.0, 100.2]))
    assert [row.up for row in rows] == [math.inf] * 3
    assert [row.down for row in rows] == [math.inf] * 3
    # The lowest, shifted up, lifts the median to 100.2; the highest, shifted down, to 99.9.
    assert rows[0].most_up == pytest.approx(0.002, rel=1e-9)
    assert rows[2].most_down == pytest.approx(0.001, rel=1e-9)
    assert rows[0].most_down == 0.0


def test_a_source_that_is_the_index_moves_it_one_for_one() -> None:
    (row,) = index_robustness(_sources([50.0]))
    assert [row.up, row.down] == pytest.approx([0.01, 0.01])
    assert math.isinf(row.most_up)
    assert row.most_down == pytest.approx(1.0)


def test_one_of_two_moves_half() -> None:
    """Weights tie: the median is the mean of both, so 2 % of one move it by 1 %."""
    first, second = index_robustness(_sources([100.0, 100.0]))
    assert first.up == pytest.approx(0.02, rel=1e-9)
    assert second.down == pytest.approx(0.02, rel=1e-9)
    asked = index_robustness(_sources([100.0, 100.0], least_agreement=0.5))[0]
    assert asked.can_freeze
    assert asked.most_up < 0.06  # beyond the bound of 5 % from their mean nobody agrees


def test_a_gap_between_sources_is_what_one_source_can_use() -> None:
    """Of 100, 100, 103: shifting one at 100 up lifts the median from 100 on, to 103 at most."""
    row = index_robustness(_sources([100.0, 100.0, 103.0]))[0]
    assert row.up == pytest.approx(0.01, rel=1e-9)
    assert row.most_up == pytest.approx(0.03, rel=1e-9)


def test_a_plain_mean_is_moved_by_n_times_the_target() -> None:
    mean: dict[str, Any] = {"aggregation": "mean", "outlier_rule": "keep"}
    rows = index_robustness(_sources([100.0] * 5, **mean))
    assert [row.up for row in rows] == pytest.approx([0.05] * 5, rel=1e-9)
    clamped: dict[str, Any] = {"aggregation": "mean", "outlier_rule": "clamp"}
    rows = index_robustness(_sources([100.0] * 5, **clamped))
    assert rows[0].most_up == pytest.approx(0.01, rel=1e-9)  # a fifth of the bound


def test_a_zero_weighted_mean_lets_a_source_work_up_to_the_bound() -> None:
    """Binance's older rule: one of three just inside 5 % moves a mean by 1.67 %."""
    rows = index_robustness(_sources([100.0] * 3, aggregation="mean", outlier_rule="zero_weight"))
    assert rows[0].up == pytest.approx(0.03, rel=1e-9)
    assert rows[0].most_up == pytest.approx(0.05 / 3.0, rel=1e-9)


OPTIONS = [
    {"outlier_rule": "keep"},
    {"outlier_rule": "clamp"},
    {"outlier_rule": "zero_weight"},
    {"aggregation": "mean", "outlier_rule": "keep"},
    {"aggregation": "mean", "outlier_rule": "clamp"},
    {"aggregation": "mean", "outlier_rule": "zero_weight"},
    {"aggregation": "mean", "outlier_rule": "zero_weight", "median_from_outliers": 2},
    {"outlier_rule": "clamp", "least_agreement": 0.5},
    {"outlier_rule": "zero_weight", "least_agreement": 0.6},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("size", [1, 2])
def test_exact_shifts_against_a_fine_grid(options: dict[str, Any], size: int) -> None:
    """The first grid shift that moves the price by the target lies one step past the exact one."""
    rng = np.random.default_rng(size)
    prices = list(100.0 * np.exp(0.01 * rng.standard_normal(5)))
    sources = _sources(prices, [3.0, 2.0, 2.0, 1.0, 1.0], outlier_bound=0.03, **options)
    steps = np.linspace(0.0, 0.3, 151)
    for row in index_robustness(sources, size=size):
        for up, exact, most in ((True, row.up, row.most_up), (False, row.down, row.most_down)):
            moves = np.array([_move(sources, row.members, s if up else -s) for s in steps])
            reached = np.flatnonzero(moves >= 0.01)
            if reached.size:
                assert steps[reached[0]] - 2.01e-3 <= exact <= steps[reached[0]] * (1 + 1e-9)
            else:
                assert exact > 0.3 or _is_narrow(sources, row.members, exact, up)
            assert moves.max() <= most * (1 + 1e-9) + 1e-12


def _move(sources: LiveSources, members: tuple[str, ...], shift: float) -> float:
    start = sources.price
    for name in members:
        sources = sources.shifted(name, shift)
    return 0.0 if math.isnan(sources.price) else abs(sources.price / start - 1.0)


def _is_narrow(sources: LiveSources, members: tuple[str, ...], exact: float, up: bool) -> bool:
    """A reach between two steps of the grid: just past it the price has moved by the target."""
    past = exact + 1e-7
    return _move(sources, members, past if up else -past) >= 0.01 * (1 - 1e-4)


@pytest.mark.parametrize("options", OPTIONS[:2])
def test_bisection_agrees_with_the_pieces(options: dict[str, Any]) -> None:
    sources = _sources([100.0, 100.1, 99.8, 101.5, 98.0], [1.0, 1.0, 2.0, 2.0, 1.0], **options)
    for row in index_robustness(sources, size=2):

        def price(shift: float, members: tuple[str, ...] = row.members) -> float:
            moved = sources
            for name in members:
                moved = moved.shifted(name, shift)
            return moved.price

        for up, exact in ((True, row.up), (False, row.down)):
            found = smallest_shift(price, target=0.01, up=up)
            assert found == pytest.approx(exact, rel=1e-6)


def test_moving_together_is_the_worst_of_moving_apart() -> None:
    """No two shifts of at most s each move a median more than s for both: a grid of pairs."""
    sources = _sources([100.0, 100.3, 99.5, 101.0, 98.7])
    together = index_robustness(sources, size=2)
    for row in together:
        if math.isinf(row.up):
            continue
        inside = np.linspace(-0.999 * row.up, 0.999 * row.up, 21)
        for one, other in itertools.product(inside, inside):
            moved = sources.shifted(row.members[0], one).shifted(row.members[1], other)
            assert moved.price / sources.price - 1.0 < 0.01


def test_breakdown_points() -> None:
    for count, fewest in ((3, 2), (4, 2), (5, 3), (6, 3), (7, 4)):
        assert breakdown(_sources([100.0] * count)).sources == fewest
    # Asking for agreement, exactly half of the sources freeze the index instead of dragging it.
    assert breakdown(_sources([100.0] * 4, least_agreement=0.5)).sources == 3
    # Weights 3, 2, 2, 1, 1, 1, 1, 1: half of 12 drags the median half the way; 3 + 2 + 1 = 6.
    oracle = _sources([100.0] * 8, [3.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    assert breakdown(oracle).sources == 3
    assert breakdown(oracle).weight_share == 0.5
    # A heavy source is the index.
    assert breakdown(_sources([100.0] * 3, [3.0, 1.0, 1.0])).members == ("a",)
    # A plain mean follows anyone.
    mean: dict[str, Any] = {"aggregation": "mean", "outlier_rule": "keep"}
    assert breakdown(_sources([100.0] * 7, **mean)).sources == 1
    with pytest.raises(ParameterError, match="at most 2"):
        breakdown(oracle, most_sources=2)


def test_costs_are_summed_over_the_coalition_and_signed() -> None:
    """Linear books: a per cent costs a million, down twice that; the thin one cannot be pushed."""

    def cost(name: str, shift: float) -> float:
        if name == "c":
            return math.nan
        return 1e8 * shift if shift > 0 else -2e8 * shift

    sources = _sources([100.0, 100.0, 100.0])
    rows = {row.members: row for row in index_robustness(sources, size=2, cost_of_shift=cost)}
    pair = rows["a", "b"]
    assert [pair.cost_up_usd, pair.cost_down_usd] == pytest.approx([2e6, 4e6])
    assert pair.cheapest_usd == pair.cost_up_usd
    assert pair.smallest == pytest.approx(0.01)
    assert math.isinf(rows["a", "c"].cheapest_usd)
    (single, *_) = index_robustness(sources, cost_of_shift=cost)
    assert math.isinf(single.cost_up_usd)  # nothing a single source does is enough
    assert math.isnan(index_robustness(sources)[0].cost_up_usd)


def test_live_sources_of_a_publication() -> None:
    rule = rule_of(4)
    prices = {"a": 100.0, "b": 101.0, "c": 102.0}
    sources = live_sources(published(rule, prices), rule)
    assert (sources.names, sources.prices) == (("a", "b", "c"), (100.0, 101.0, 102.0))
    assert sources.price == 101.0
    frozen = run(rule, quotes({"a": 1.0}), Tick(at_ns=at(0))).value
    assert frozen is not None
    with pytest.raises(InsufficientDataError, match="live"):
        live_sources(frozen, rule)
    with pytest.raises(UsageError, match="live source"):
        sources.shifted("d", 0.1)


@pytest.mark.parametrize("target", [0.0, 1.0, math.nan])
def test_targets_that_cannot_be_are_refused(target: float) -> None:
    with pytest.raises(ParameterError):
        index_robustness(_sources([1.0]), target=target)


def test_sources_that_do_not_agree_have_no_index_to_move() -> None:
    with pytest.raises(InsufficientDataError, match="agree"):
        index_robustness(_sources([100.0, 200.0], least_agreement=0.5))
    with pytest.raises(ParameterError, match=r"1 \.\. 2"):
        index_robustness(_sources([1.0, 1.0]), size=3)


def _warm(rule: Any, perps: float = 100.0) -> tuple[Any, MarkInputs]:
    """A mark after ten minutes at 100, and its next inputs."""

    def inputs(second: int) -> MarkInputs:
        return MarkInputs(
            at_ns=at(second),
            index=100.0,
            perps=perps,
            bid=99.99,
            ask=100.01,
            last=100.0,
            next_funding_ns=at(3600),
        )

    state = start_mark(rule)
    for second in range(600):
        state = state.update(inputs(second))
    return state, inputs(600)


def test_marks_over_a_median_are_not_moved_by_one_source() -> None:
    """A source each of index and perps: whichever is shifted, two of three inputs stay."""
    state, inputs = _warm(OracleMark())
    index, perps = _sources([100.0] * 3), _sources([100.0] * 3)
    rows = mark_robustness(state, inputs, index=index, perps=perps)
    assert [row.members for row in rows] == [
        ("a",), ("b",), ("c",), ("own book",), ("own last",), ("own market",),
    ]  # fmt: skip
    by_name = {row.members[0]: row for row in rows}
    assert by_name["a"].smallest == math.inf
    assert by_name["own last"].smallest == math.inf
    # The own market drags the premium at once by the weight of a second in 150: only where it is
    # moved by a per cent over that weight does the lower of oracle and own leave the perps' 100.
    weight = 1.0 / sum(math.exp(-k / 150.0) for k in range(600))
    assert by_name["own market"].up == pytest.approx(0.01 / weight, rel=1e-9)
    assert by_name["own market"].down == math.inf
    assert by_name["own book"].up == pytest.approx(0.01 / weight, rel=1e-9)


@pytest.mark.parametrize("hold", [0, 30])
def test_a_shift_that_is_held_needs_to_be_smaller(hold: int) -> None:
    """Held for n seconds the own market has n + 1 of the newest weights of the mean premium."""
    state, inputs = _warm(PremiumMark())
    rows = mark_robustness(state, inputs, index=_sources([100.0] * 3), hold_seconds=hold)
    total = sum(math.exp(-k / 150.0) for k in range(600 + hold))
    share = sum(math.exp(-k / 150.0) for k in range(hold + 1)) / total
    market = {row.members[0]: row for row in rows}["own market"]
    assert market.up == pytest.approx(0.01 / share, rel=1e-9)


def test_a_mark_on_one_index_source_is_that_source() -> None:
    for rule in (PremiumMark(), BasisMark()):
        state, inputs = _warm(rule)
        rows = mark_robustness(state, inputs, index=_sources([100.0]))
        by_name = {row.members[0]: row for row in rows}
        if isinstance(rule, PremiumMark):
            # index + (1 - w) EMA + w (mid - index): the premium takes back its newest weight.
            weight = 1.0 / sum(math.exp(-k / 150.0) for k in range(600))
            assert by_name["a"].up == pytest.approx(0.01 / (1.0 - weight), rel=1e-9)
        else:
            # P1 moves with the index, P2 by 29/30 of it, last not: the median is P2.
            assert by_name["a"].up == pytest.approx(0.01 * 30.0 / 29.0, rel=1e-9)
        assert by_name["own last"].smallest == math.inf


def test_one_book_of_a_basis_mark_moves_it_no_further_than_funding_and_last_allow() -> None:
    state, inputs = _warm(BasisMark())
    rows = mark_robustness(state, inputs, index=_sources([100.0] * 3))
    by_name = {row.members[0]: row for row in rows}
    assert by_name["own book"].most_up == pytest.approx(0.0, abs=1e-12)
    # Book and last together: P2 carries a thirtieth of the shift, P1 stays: median is P2.
    assert by_name["own market"].up == pytest.approx(0.3, rel=1e-9)


def test_a_mark_that_is_not_live_has_no_robustness() -> None:
    state = start_mark(PremiumMark())
    frozen = _sources([100.0, 200.0], least_agreement=0.5)
    with pytest.raises(InsufficientDataError, match="live to be moved"):
        mark_robustness(state, MarkInputs(at_ns=at(0)), index=frozen)
