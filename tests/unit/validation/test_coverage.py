"""Coverage of one series and of panels: refusals, missing days, agreement of the two."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from plimsoll.errors import ParameterError, UsageError
from plimsoll.validation.coverage import (
    ConditionalCoverage,
    breaches_of,
    christoffersen_independence,
    conditional_coverage,
    count_transitions,
    exact_binomial_p,
    kupiec_acceptance,
    kupiec_pof,
    kupiec_tuff,
)
from plimsoll.validation.newey_west import daily_sums, variance_of_sum
from plimsoll.validation.panel import panel_coverage, scored_pairs
from plimsoll.validation.traffic_light import basel_plus_factor, traffic_light, zone_table

DAY = 86_400_000_000_000


def _panel(seed: int = 1) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    generator = np.random.default_rng(seed)
    margin = np.full((600, 5), 0.1) * np.exp(generator.normal(0.0, 0.2, (600, 5)))
    loss = 0.05 * generator.standard_t(4, (600, 5))
    margin[:350, 1] = np.nan  # listed late
    loss[100:120, 2] = np.nan  # prints missing
    margin[:, 3] = 9.0  # never breached
    margin[:, 4] = np.nan  # no number at all
    return margin, loss


class TestOneSeries:
    def test_a_loss_equal_to_the_margin_is_covered(self) -> None:
        assert list(breaches_of([0.1, 0.1], [0.1, 0.1000001])) == [False, True]

    @pytest.mark.parametrize("rate", [0.0, 0.5, 0.99, -0.01])
    def test_a_confidence_in_place_of_a_rate_is_refused(self, rate: float) -> None:
        for call in (
            lambda: kupiec_pof(1, 250, rate),
            lambda: kupiec_tuff([True], rate),
            lambda: conditional_coverage([True, False], rate),
            lambda: exact_binomial_p(1, 250, rate),
            lambda: kupiec_acceptance(250, rate),
            lambda: traffic_light(1, 250, rate),
        ):
            with pytest.raises(ParameterError, match="1 - confidence"):
                call()

    @pytest.mark.parametrize(("x", "n"), [(-1, 250), (251, 250), (0, 0)])
    def test_impossible_counts_are_refused(self, x: int, n: int) -> None:
        with pytest.raises(UsageError, match="breaches <= observations"):
            kupiec_pof(x, n, 0.01)

    def test_series_must_be_flags(self) -> None:
        with pytest.raises(UsageError, match="True/False or 0/1"):
            christoffersen_independence([0.0, 2.0])
        with pytest.raises(UsageError, match="at least one horizon"):
            count_transitions([])
        assert count_transitions([0.0, 1.0]).n01 == 1

    def test_one_horizon_has_no_pairs(self) -> None:
        assert christoffersen_independence([True]).statistic == 0.0
        assert christoffersen_independence([True]).p_value == 1.0

    def test_settings(self) -> None:
        with pytest.raises(ParameterError):
            kupiec_acceptance(250, 0.01, significance=1.0)
        with pytest.raises(ParameterError):
            basel_plus_factor(-1)
        assert len(zone_table(3, 0.01, up_to=12)) == 4


class TestPanel:
    @pytest.mark.parametrize("definition", list(ConditionalCoverage))
    def test_columns_without_holes_equal_the_series_tests(
        self, definition: ConditionalCoverage
    ) -> None:
        margin, loss = _panel()
        found = panel_coverage(margin, loss, np.arange(600) * DAY, 0.01, definition=definition)
        # Column 1 is whole from row 350 on, 0 and 3 from the start.
        for column, first in ((0, 0), (1, 350), (3, 0)):
            flags = breaches_of(margin[first:, column], loss[first:, column])
            count = int(flags.sum())
            assert (found.observations[column], found.breaches[column]) == (flags.size, count)
            for name, test in (
                ("pof", kupiec_pof(count, flags.size, 0.01)),
                ("tuff", kupiec_tuff(flags, 0.01)),
                ("independence", christoffersen_independence(flags)),
                ("conditional", conditional_coverage(flags, 0.01, definition)),
            ):
                statistic = getattr(found, f"{name}_statistic")[column]
                p_value = getattr(found, f"{name}_p")[column]
                np.testing.assert_allclose(statistic, test.statistic, rtol=1e-12)
                np.testing.assert_allclose(p_value, test.p_value, rtol=1e-12)
            assert found.exact_p[column] == exact_binomial_p(count, flags.size, 0.01)
            assert found.zones[column] is traffic_light(count, flags.size, 0.01)

    def test_a_hole_breaks_the_pair_across_it(self) -> None:
        # Breach, hole, breach: no pair at all; and the second scored row is the third row.
        margin, loss = np.full((4, 1), 0.1), np.array([[0.0], [np.nan], [0.2], [0.2]])
        found = panel_coverage(margin, loss, np.arange(4) * DAY, 0.01)
        assert (found.observations[0], found.breaches[0]) == (3, 2)
        assert found.independence_statistic[0] == 0.0  # one pair only: breach after breach
        tuff = kupiec_tuff([False, True, True], 0.01)
        assert found.tuff_statistic[0] == pytest.approx(tuff.statistic, rel=1e-14)

    def test_no_pair_is_no_test(self) -> None:
        # Scored in every second row only: breaches enough, but nothing follows anything.
        loss = np.where(np.arange(40) % 2, np.nan, np.arange(40) % 3 * 0.1)[:, None]
        margin = np.full((40, 1), 0.15)
        for definition in ConditionalCoverage:
            found = panel_coverage(margin, loss, np.arange(40) * DAY, 0.01, definition=definition)
            assert found.breaches[0] == 7
            assert np.isfinite(found.pof_p[0])
            assert np.isnan(found.independence_p[0])
            assert np.isnan(found.conditional_p[0])

    def test_a_market_without_a_number_has_none(self) -> None:
        margin, loss = _panel()
        found = panel_coverage(margin, loss, np.arange(600) * DAY, 0.01)
        assert found.observations[4] == 0
        assert found.zones[4] is None
        for name in (
            "breach_rate",
            "standard_error",
            "pof_p",
            "tuff_p",
            "independence_p",
            "conditional_p",
            "exact_p",
            "mean_excess",
            "mean_margin",
        ):
            assert np.isnan(getattr(found, name)[4]), name

    def test_exceedances(self) -> None:
        margin = np.array([[0.1], [0.2], [0.1], [np.nan]])
        loss = np.array([[0.15], [0.27], [0.05], [0.9]])
        found = panel_coverage(margin, loss, np.arange(4) * DAY, 0.01)
        assert found.worst[0] == pytest.approx(0.07)
        assert found.worst_share[0] == pytest.approx(0.5)
        assert found.mean_excess[0] == pytest.approx(0.06)
        assert found.mean_margin[0] == pytest.approx(0.4 / 3.0)

    def test_standard_error_of_independent_days_is_the_binomial_one(self) -> None:
        generator = np.random.default_rng(2)
        loss = (generator.random((20_000, 2)) < 0.02).astype(float)
        margin = np.full_like(loss, 0.5)
        found = panel_coverage(margin, loss, np.arange(20_000) * DAY, 0.01)
        rate = found.breach_rate
        np.testing.assert_allclose(
            found.standard_error, np.sqrt(rate * (1 - rate) / 20_000), rtol=0.06
        )

    def test_shapes_are_checked(self) -> None:
        with pytest.raises(UsageError, match="one shape"):
            scored_pairs(np.ones(3), np.ones(3))


HOURS = np.array([1, 2, 4, 7, 24])


def _several_horizons(seed: int = 3) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(T, 5) losses on hourly rows, each column at its own horizon, its breaches in clusters."""
    generator = np.random.default_rng(seed)
    row = np.arange(24 * 400)
    loss = np.full((row.size, HOURS.size), np.nan)
    for column, hours in enumerate(HOURS):
        own = np.flatnonzero(row % hours == 0)
        calm = generator.random(own.size) < 0.02
        loss[own, column] = np.where(calm | (np.roll(calm, 1) & (own % 5 > 1)), 0.2, 0.0)
    return loss, row * (DAY // 24)


class TestPanelOfSeveralHorizons:
    @pytest.mark.parametrize("definition", list(ConditionalCoverage))
    def test_each_column_equals_the_series_of_its_own_starts(
        self, definition: ConditionalCoverage
    ) -> None:
        loss, times = _several_horizons()
        found = panel_coverage(
            np.full_like(loss, 0.1),
            loss,
            times,
            0.01,
            definition=definition,
            horizon_ns=HOURS * (DAY // 24),
        )
        for column in range(HOURS.size):
            own = loss[:, column]
            flags = own[np.isfinite(own)] > 0.1
            independence = christoffersen_independence(flags)
            assert independence.statistic > 5.0  # clusters that the test must see
            assert found.independence_statistic[column] == pytest.approx(
                independence.statistic, rel=1e-12
            )
            assert found.independence_p[column] == pytest.approx(independence.p_value, rel=1e-9)
            joint = conditional_coverage(flags, 0.01, definition)
            assert found.conditional_p[column] == pytest.approx(joint.p_value, rel=1e-9)

    def test_a_hole_breaks_the_pair_and_nothing_else(self) -> None:
        loss, times = _several_horizons()
        loss[np.random.default_rng(4).random(loss.shape) < 0.1] = np.nan
        found = panel_coverage(
            np.full_like(loss, 0.1), loss, times, 0.01, horizon_ns=HOURS * (DAY // 24)
        )
        for column, hours in enumerate(HOURS):
            state = {t: x > 0.1 for t, x in enumerate(loss[:, column]) if np.isfinite(x)}
            pairs = [(state[t - hours], state[t]) for t in state if t - hours in state]
            after = {s: [b for a, b in pairs if a == s] for s in (False, True)}
            # The combinatorial terms of the binomial law cancel against those of rate 1/2.
            apart = sum(_peak(sum(b), len(b)) for b in after.values())
            pooled = _peak(sum(b for _, b in pairs), len(pairs))
            assert 0 < len(pairs) < len(state) - 1
            assert found.independence_statistic[column] == pytest.approx(
                2.0 * (apart - pooled), rel=1e-9
            )

    def test_a_market_of_the_finest_grid_is_as_without_horizons(self) -> None:
        margin, loss = _panel()
        plain = panel_coverage(margin, loss, np.arange(600) * DAY, 0.01)
        given = panel_coverage(margin, loss, np.arange(600) * DAY, 0.01, horizon_ns=np.full(5, DAY))
        np.testing.assert_array_equal(given.independence_p, plain.independence_p)
        np.testing.assert_array_equal(given.conditional_p, plain.conditional_p)

    @pytest.mark.parametrize("horizon", [np.array([DAY]), np.array([DAY, 0])])
    def test_one_positive_horizon_per_column(self, horizon: NDArray[np.int64]) -> None:
        with pytest.raises(UsageError, match="one positive number of ns per column") as caught:
            panel_coverage(
                np.ones((3, 2)), np.ones((3, 2)), np.arange(3) * DAY, 0.01, horizon_ns=horizon
            )
        assert caught.value.field == "horizon_ns"


def _peak(count: int, total: int) -> float:
    """Largest log-likelihood of ``count`` in ``total``, over any rate."""
    if not total:
        return 0.0
    law = stats.binom.logpmf(count, total, [count / total, 0.5])
    return float(law[0] - law[1] - total * np.log(2.0))


class TestDailySums:
    def test_days_without_a_row_are_rows_of_zeros(self) -> None:
        time_ns = np.array([0, DAY // 3, 2 * DAY, 4 * DAY + 5])
        found = daily_sums(np.array([1.0, 2.0, 4.0, 8.0]), time_ns)
        np.testing.assert_array_equal(found, [3.0, 0.0, 4.0, 0.0, 8.0])

    def test_times_must_rise(self) -> None:
        with pytest.raises(UsageError, match="must rise") as caught:
            daily_sums(np.ones(3), np.array([0, DAY, DAY]))
        assert caught.value.row == 2

    def test_newey_west_by_hand(self) -> None:
        # s = 1, 2, -3: g0 = 14, g1 = 2 - 6 = -4, g2 = -3; L = 1: 14 - 2 * 0.5 * 4 = 10;
        # L = 2: 14 - 2 * (2/3) * 4 - 2 * (1/3) * 3 = 20/3.
        assert variance_of_sum([1.0, 2.0, -3.0], 0) == pytest.approx(14.0)
        assert variance_of_sum([1.0, 2.0, -3.0], 1) == pytest.approx(10.0)
        assert variance_of_sum([1.0, 2.0, -3.0], 2) == pytest.approx(20.0 / 3.0)
        with pytest.raises(ParameterError):
            variance_of_sum([1.0], -1)
