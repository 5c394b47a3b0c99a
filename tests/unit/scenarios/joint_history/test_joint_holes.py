"""Missing rows: drawn given the date, never zero, never at the cost of other markets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from joint_prices import prices_of, rows_of, t_returns
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.scenarios.joint_history import (
    FilteredPanel,
    HoleFilling,
    HoleRule,
    JointReason,
    PanelRules,
    PriceRows,
    RowOrigin,
    Simulation,
    VarianceRecursion,
    filtered_panel,
    joint_scenarios,
)

EWMA = VarianceRecursion.ewma(half_life_bars=40.0)
FILLED = [HoleRule.FACTOR, HoleRule.CLASS]


def with_holes(bars: int = 600, young_from: int = 450) -> PriceRows:
    """Six markets: the last is young, the one before was shut for ten bars."""
    prices = prices_of(t_returns(bars, 6))
    logs = prices.log_prices.copy()
    logs[:young_from, 5] = np.nan
    logs[301:310, 4] = np.nan
    return replace(prices, log_prices=logs)


def panel_of(prices: PriceRows, rule: HoleRule = HoleRule.FACTOR, **fields) -> FilteredPanel:
    return filtered_panel(prices, EWMA, PanelRules(filling=HoleFilling(rule=rule, **fields)))


@pytest.mark.parametrize("rule", FILLED)
def test_missing_rows_are_drawn_labelled_and_not_zero(rule: HoleRule) -> None:
    panel = panel_of(with_holes(), rule)
    assert panel.reasons == {}
    assert np.isfinite(panel.returns).all()
    assert np.isfinite(panel.volatility).all()
    young = panel.outcomes["C005"]
    assert (young.observed, young.bridged, young.drawn) == (150, 0, 450)
    assert young.filled_share == 0.75
    assert panel.outcomes["C004"].bridged == 10
    assert panel.outcomes["C000"].filled_share == 0.0
    drawn = panel.returns[panel.origin != RowOrigin.OBSERVED]
    assert np.all(drawn != 0.0)


@pytest.mark.parametrize("rule", FILLED)
def test_a_gap_adds_up_to_the_move_over_it(rule: HoleRule) -> None:
    prices = with_holes()
    panel = panel_of(prices, rule)
    move = prices.log_prices[310, 4] - prices.log_prices[300, 4]
    assert panel.returns[300:310, 4].sum() == pytest.approx(move, abs=1e-13)
    np.testing.assert_allclose(
        panel.returns, panel.residuals * panel.volatility, rtol=1e-12, atol=1e-16
    )


def test_others_are_as_without_the_market_that_has_holes() -> None:
    prices = with_holes()
    whole = filtered_panel(
        replace(
            prices,
            subjects=prices.subjects[:4],
            log_prices=prices.log_prices[:, :4],
            listed=prices.listed[:4],
        ),
        EWMA,
    )
    np.testing.assert_array_equal(panel_of(prices).residuals[:, :4], whole.residuals)


def test_drawn_residuals_have_the_loading_and_the_size_of_known_ones() -> None:
    """One factor with weight 0.6: correlation of two markets 0.6, of drawn rows likewise.

    600 rows of t5 residuals: the standard error of a correlation is about 0.04, the young coin's
    loading comes from 1,400 own rows; 0.12 is three of them.
    """
    panel = panel_of(with_holes(bars=2_000, young_from=600), leads=("C000",))
    before = panel.residuals[:600]
    late = panel.residuals[600:]
    for companion in range(4):
        old, new = (np.corrcoef(z[:, 5], z[:, companion])[0, 1] for z in (before, late))
        assert old == pytest.approx(new, abs=0.12)
    assert before[:, 5].std() == pytest.approx(late[:, 5].std(), rel=0.12)
    assert len(panel.outcomes["C005"].loadings) == 2


def test_a_young_market_leans_on_its_class() -> None:
    """With 25 rows and a prior of many, the loading is the class's; without one, its own."""
    returns = t_returns(600, 6)
    returns[575:, 5] *= -1.0  # its own few rows say the opposite
    logs = prices_of(returns).log_prices
    logs[:575, 5] = np.nan
    prices = rows_of(logs)
    own = panel_of(prices, prior_rows=0.0).outcomes["C005"].loadings[0]
    pooled = panel_of(prices, prior_rows=1e7).outcomes["C005"].loadings[0]
    middle = panel_of(prices, prior_rows=50.0).outcomes["C005"].loadings[0]
    assert own < 0.0 < pooled
    assert own < middle < pooled


def test_a_class_is_drawn_from_its_own_members() -> None:
    """With rule CLASS each drawn residual is that of a member on the same date."""
    classes = {"C005": "alt", "C001": "alt", "C002": "alt", "C003": "alt"}
    panel = panel_of(with_holes(), HoleRule.CLASS, classes=classes)
    members = panel.residuals[:450, 1:4]
    gaps = np.abs(panel.residuals[:450, 5:] - members).min(axis=1)
    assert gaps.max() < 1e-12
    chosen = np.abs(panel.residuals[:450, 5:] - members).argmin(axis=1)
    assert set(chosen.tolist()) == {0, 1, 2}


@pytest.mark.parametrize("rule", FILLED)
def test_draws_do_not_depend_on_the_order_of_markets_or_the_units_of_prices(rule) -> None:
    prices, order = with_holes(), [5, 3, 0, 4, 1, 2]
    turned = replace(
        prices,
        subjects=tuple(prices.subjects[j] for j in order),
        log_prices=prices.log_prices[:, order] + np.log(1e4),
    )
    np.testing.assert_allclose(
        panel_of(turned, rule).returns, panel_of(prices, rule).returns[:, order], atol=1e-11
    )


def test_volatility_before_the_first_price_follows_the_others() -> None:
    returns = t_returns(600, 6)
    returns[:200] *= 3.0
    logs = prices_of(returns).log_prices
    logs[:400, 5] = np.nan
    panel = panel_of(rows_of(logs))
    ratio = np.median(panel.volatility[150, :5] / np.sqrt(panel.variance_next[:5]))
    assert panel.volatility[150, 5] == pytest.approx(
        ratio * np.sqrt(panel.variance_next[5]), rel=1e-12
    )
    # Three times as much, less what a half-life of 40 bars keeps of it after 200 bars.
    assert 2.0 < panel.volatility[150, 5] / panel.volatility[399, 5] < 4.0


def test_a_refusal_is_a_reason() -> None:
    panel = panel_of(with_holes(), HoleRule.REFUSE)
    assert panel.reasons == {"C004": JointReason.HOLES, "C005": JointReason.HOLES}
    assert panel.subjects == ("C000", "C001", "C002", "C003")
    late = filtered_panel(
        with_holes(), EWMA, PanelRules(window_bars=140, filling=HoleFilling(rule=HoleRule.REFUSE))
    )
    assert late.reasons == {}
    assert len(late) == 140


def degenerate() -> tuple[PriceRows, dict[str, JointReason]]:
    """Two good twins among markets that have no number."""
    returns = t_returns(400, 8)
    returns[:, 1] = returns[:, 0]
    returns[:, 2] = 0.0
    logs = prices_of(returns).log_prices
    logs[:385, 3] = np.nan
    logs[:, 4] = np.nan
    logs[300:, 5] = np.nan
    logs[:, 6] = np.log(100.0) + np.where(np.arange(401) == 200, 3.0, 0.0)
    prices = rows_of(logs, ("A", "TWIN", "FLAT", "YOUNG", "NEVER", "SILENT", "SPIKE", "GONE"))
    listed = prices.listed.copy()
    listed[7] = False
    return replace(prices, listed=listed), {
        "FLAT": JointReason.NO_MOVEMENT,
        "YOUNG": JointReason.TOO_FEW_RETURNS,
        "NEVER": JointReason.TOO_FEW_RETURNS,
        "SILENT": JointReason.NO_RECENT_PRINT,
        "SPIKE": JointReason.NO_MOVEMENT,
        "GONE": JointReason.NOT_LISTED,
    }


@pytest.mark.parametrize("method", ["recursion", "overlap"])
def test_markets_without_a_number_have_a_reason_and_the_others_theirs(method: str) -> None:
    prices, reasons = degenerate()
    found = joint_scenarios(
        filtered_panel(prices, EWMA),
        Simulation(horizon_bars=8, count=100, method=method),
    )
    assert found.reasons == reasons
    assert [f.subject for f in found.scenarios.factors] == ["A", "TWIN"]
    np.testing.assert_array_equal(found.scenarios.shocks[:, 0], found.scenarios.shocks[:, 1])


def test_a_spike_in_a_feed_that_hardly_moved_is_finite() -> None:
    """One spike of e^3 and a floor taken from the smallest volatility above zero."""
    returns = 1e-6 * t_returns(400, 2)
    returns[200, 0], returns[201, 0] = 3.0, -3.0
    found = joint_scenarios(
        filtered_panel(prices_of(returns), EWMA),
        Simulation(horizon_bars=24, method="recursion", count=400),
    )
    assert found.reasons == {}
    assert np.isfinite(found.scenarios.shocks).all()


def test_one_market_with_a_gap_is_filled_from_its_own_past() -> None:
    logs = prices_of(t_returns(200, 1)).log_prices
    logs[50:60] = np.nan
    for rule in FILLED:
        panel = panel_of(rows_of(logs), rule)
        assert panel.outcomes["C000"].bridged == 11
        assert np.isfinite(panel.residuals).all()


def test_no_market_left_is_an_error_with_the_reasons() -> None:
    with pytest.raises(InsufficientDataError, match="stood still"):
        filtered_panel(rows_of(np.zeros((100, 2))), EWMA)


def test_300_markets_of_which_60_have_holes() -> None:
    rng = np.random.default_rng(5)
    logs = prices_of(t_returns(500, 300)).log_prices
    for j in range(60):
        first = rng.integers(1, 440) if j % 2 else 0
        logs[: int(first), j] = np.nan
        logs[rng.choice(500, 30, replace=False), j] = np.nan
    panel = filtered_panel(rows_of(logs), EWMA)
    for method in ("recursion", "overlap"):
        given = Simulation(horizon_bars=24, count=200, method=method)
        shocks = joint_scenarios(panel, given).scenarios.shocks
        assert shocks.shape == (200, 300 - len(panel.reasons))
        assert np.isfinite(shocks).all()
    assert sum(o.filled_share > 0.0 for o in panel.outcomes.values()) >= 58


def test_what_prices_cannot_be_is_refused() -> None:
    good = prices_of(t_returns(50, 2))
    for change in (
        {"subjects": ("A", "A")},
        {"log_prices": good.log_prices[1:]},
        {"log_prices": np.where(good.log_prices > 4.6, np.inf, 0.0)},
        {"close_ns": good.close_ns[::-1].copy()},
    ):
        with pytest.raises(UsageError):
            replace(good, **change)
    with pytest.raises(ParameterError):
        HoleFilling(prior_rows=-1.0)
    with pytest.raises(UsageError):
        HoleFilling(rule="guess")
