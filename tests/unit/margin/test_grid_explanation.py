"""Explanations of grid models: a small table by hand, and sums to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import RequirementTerm
from plimsoll.errors import UsageError
from plimsoll.margin.grids.grid_explanation import GridExplainer, adding_up
from plimsoll.margin.grids.grid_parts import GridPart, RiskUnitGrid, part_of_cell
from plimsoll.margin.units.cells import cells_of, unit_layout
from plimsoll.margin.units.market_rows import BookValues
from plimsoll.maths.grouped_losses import GroupRules, neutral_rules
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove

GRID = RiskGrid(
    names=("down", "still", "up"),
    price_moves=np.array([-0.1, 0.0, 0.1]),
    vol_moves=(VolMove.UP, VolMove.NONE, VolMove.UP),
    fraction=np.ones(3),
)
# Profit of one long contract of markets A, B (one group) and C (another).
PROFIT = np.array([[-10.0, 0.0, 8.0], [4.0, 0.0, -6.0], [-3.0, 0.0, 3.0]])
VALUE = np.array([100.0, 20.0, 0.0])
GROUP = np.array([0, 0, 1])


def part(quantity: list[float], rules: GroupRules | None = None) -> GridPart:
    count = len(quantity)
    return GridPart(
        positions=np.arange(count),
        row=np.arange(count),
        group=GROUP[:count].copy(),
        quantity=np.array(quantity),
        profit=PROFIT,
        value=VALUE,
        rules=rules or neutral_rules(2, 3),
    )


def test_without_rules_shares_are_marginal_losses() -> None:
    # down: -20 + 4 - 3 = -19
    held = part([2.0, 1.0, 1.0])
    unit = RiskUnitGrid(name="X", grid=GRID, parts=(held,))
    assert unit.losses() == pytest.approx([19.0, 0.0, -13.0])
    assert held.shares(0) == pytest.approx([20.0, -4.0, 3.0])
    assert held.standalone() == pytest.approx([20.0, 6.0, 3.0])


def test_dampened_groups_share_what_is_left() -> None:
    # Group one loses 16, group two 3; a dampener of 4 leaves 12 and nothing.
    rules = neutral_rules(2, 3)._replace(dampener=np.array([4.0, 0.0, 0.0]))
    held = part([2.0, 1.0, 1.0], rules)
    assert RiskUnitGrid(name="X", grid=GRID, parts=(held,)).losses()[0] == pytest.approx(12.0)
    assert held.shares(0) == pytest.approx([20 * 12 / 16, -4 * 12 / 16, 0.0])


def test_discounted_values_share_by_position() -> None:
    # Shocked values: A 2 x 90, B 24: 204, counted at 0.9: 183.6, less 220 now: a loss of 36.4.
    # A: 0.9 x 180 - 200 = -38; B: 0.9 x 24 - 20 = 1.6.
    rules = neutral_rules(2, 3)._replace(long_factor=np.array([0.9, 1.0]))
    held = part([2.0, 1.0], rules)
    assert RiskUnitGrid(name="X", grid=GRID, parts=(held,)).losses()[0] == pytest.approx(36.4)
    assert held.shares(0) == pytest.approx([38.0, -1.6])


def test_gains_cut_by_their_share_and_cap() -> None:
    # down: group one loses 16, group two (short) gains 30, of which half, at most 10.
    rules = neutral_rules(2, 3)._replace(
        gain_share=np.array([1.0, 0.5]), gain_cap=np.array([np.inf, 10.0])
    )
    held = part([2.0, 1.0, -10.0], rules)
    assert held.shares(0) == pytest.approx([20.0, -4.0, -10.0])


@given(
    quantity=arrays(np.float64, 3, elements=st.floats(-50, 50).filter(lambda q: abs(q) > 1e-3)),
    damp=st.floats(0, 20),
    share=st.floats(0, 1),
    discount=st.floats(0.5, 1.0),
)
def test_shares_add_up_to_the_loss_whatever_the_rules(
    quantity: np.ndarray, damp: float, share: float, discount: float
) -> None:
    rules = neutral_rules(2, 3)._replace(
        dampener=np.full(3, damp),
        gain_share=np.full(2, share),
        long_factor=np.full(2, discount),
    )
    held = part(quantity.tolist(), rules)
    losses = RiskUnitGrid(name="X", grid=GRID, parts=(held,)).losses()
    for scenario in range(3):
        assert held.shares(scenario).sum() == pytest.approx(losses[scenario], rel=1e-9, abs=1e-9)


@given(
    arrays(np.float64, st.integers(1, 12), elements=st.floats(-1e6, 1e6)),
    st.floats(-1e-9, 1e-9),
)
def test_adding_up_meets_the_total(shares: np.ndarray, noise: float) -> None:
    total = float(np.sum(shares)) + noise
    found = adding_up(shares, total)
    left_to_right = 0.0
    for value in found.tolist():
        left_to_right += value
    # Exact, or off by the rounding of a partial sum where no number fits.
    largest = float(np.abs(np.cumsum(np.abs(shares))).max())
    assert left_to_right == pytest.approx(total, rel=0, abs=2.3e-16 * largest)
    assert found == pytest.approx(shares, abs=1e-8 + 1e-12 * largest)


def test_shares_of_one_sign_add_up_exactly() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        shares = rng.lognormal(0.0, 2.0, 7)
        total = float(np.sum(shares[::-1]))
        left_to_right = 0.0
        for value in adding_up(shares, total).tolist():
            left_to_right += value
        assert left_to_right == total


def explained(quantity: dict[str, float]) -> GridExplainer:
    positions = tuple(Position(market=m, quantity=q, entry_price=1.0) for m, q in quantity.items())
    book = Book.from_accounts([Account(name="first"), Account(name="a", positions=positions)])
    layout = unit_layout(book)
    rows = np.array(["ABC".index(m) for m in book.markets], dtype=np.int64)
    cells = cells_of(
        book, layout, row_of_market=rows, group_of_row=GROUP, risk_unit_of_group=np.zeros(2, int)
    )
    rules = neutral_rules(2, 3)

    def grids(unit: int) -> tuple[RiskUnitGrid, ...]:
        return tuple(
            RiskUnitGrid(
                name="X",
                grid=GRID,
                parts=(part_of_cell(cells, cell, PROFIT, VALUE, rules),),
                maintenance_scale=0.5,
            )
            for cell in cells.of_unit(unit)
        )

    worst = np.zeros(len(layout))
    for unit in range(len(layout)):
        for grid in grids(unit):
            worst[unit] = max(grid.losses().max(), 0.0)
    term = RequirementTerm(
        name="scenario_loss", title="Worst", initial=worst, maintenance=0.5 * worst
    )
    count = book.market.size
    return GridExplainer(
        book=book,
        layout=layout,
        values=BookValues(
            unrealised=np.ones(count),
            reason=np.zeros(count, dtype=np.int64),
            collateral=np.array([7.0, 11.0]),
            unit_reason=np.zeros(len(layout), dtype=np.int64),
        ),
        terms=(term,),
        numeraire="USD",
        grids_of_unit=grids,
        about=(("scenario_loss", "largest loss"),),
    )


def test_a_unit_is_unfolded() -> None:
    found = explained({"C": 1.0, "A": 2.0, "B": 1.0}).explanation(1)
    assert (found.account, found.unit, found.numeraire) == ("a", "cross", "USD")
    assert (found.initial, found.maintenance, found.equity) == (19.0, 9.5, 14.0)
    scenarios = found.scenarios[0]
    assert (scenarios.binding, scenarios.runner_up) == (0, 1)
    assert found.binding == "X: scenario down"
    # A alone: down loses 10 q - 1, up 3 - 8 q; they cross at q = 4 / 18, so 2 - 2 / 9 are sold.
    assert found.would_change == (
        "X: still binds if the book loses 19 USD more there than in down, "
        "or -1.77778 A makes up bind"
    )
    runner_up, *trades = found.changes
    assert (runner_up.then, runner_up.gap, runner_up.market) == ("still", 19.0, "")
    sizes = {t.market: (t.contracts, t.then) for t in trades}
    # B: down 23 - 4 b, up 6 b - 19; C: down 16 + 3 c, up - 10 - 3 c.
    assert sizes["A"][0] == pytest.approx(-2.0 + 4.0 / 18.0, rel=1e-6)
    assert sizes["B"][0] == pytest.approx((23.0 + 19.0) / 10.0 - 1.0, rel=1e-6)
    assert sizes["C"][0] == pytest.approx(-26.0 / 6.0 - 1.0, rel=1e-6)
    assert [c.market for c in found.contributions] == ["C", "A", "B"]
    assert [c.contribution for c in found.contributions] == pytest.approx([1.5, 10.0, -2.0])
    assert [c.initial for c in found.contributions] == pytest.approx([3.0, 20.0, -4.0])
    assert sum(c.initial for c in found.contributions) == found.terms[0].initial
    assert [c.standalone for c in found.contributions] == pytest.approx([1.5, 10.0, 3.0])
    assert [c.value for c in found.contributions] == pytest.approx([0.0, 200.0, 20.0])
    assert sum(c.contribution for c in found.contributions) == found.terms[0].maintenance
    assert found.terms[0].about == "largest loss"


def test_a_unit_without_positions_or_losses_says_so() -> None:
    nothing = explained({"A": 1.0}).explanation(0)
    assert (nothing.scenarios, nothing.contributions, nothing.binding) == ((), (), "")
    # A and C against each other: no scenario loses more than nothing.
    flat = explained({"A": 0.0}).explanation(1)
    assert flat.binding == "X: no scenario loses"
    assert flat.would_change == ""
    assert [c.contribution for c in flat.contributions] == [0.0]


def test_a_unit_with_a_reason_has_no_numbers_but_the_reason() -> None:
    held = explained({"A": 1.0, "B": 1.0})
    held.values.reason[1] = int(MarginReason.NO_MARK)
    found = held.explanation(1)
    assert np.isnan([found.initial, found.maintenance, found.equity]).all()
    assert found.scenarios == ()
    assert found.reasons == ("B: no mark",)


def test_units_that_are_not_there_are_refused() -> None:
    with pytest.raises(UsageError, match="unit"):
        explained({"A": 1.0}).explanation(2)
    with pytest.raises(UsageError, match="fall"):
        GridPart(
            positions=np.arange(2),
            row=np.arange(2),
            group=np.array([1, 0]),
            quantity=np.ones(2),
            profit=PROFIT,
            value=VALUE,
            rules=neutral_rules(2, 3),
        )
