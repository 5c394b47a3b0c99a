"""Measures: worked small samples, standard errors against simulation, and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.measures import (
    BlockBootstrap,
    Convention,
    Spectrum,
    expected_shortfall,
    expected_shortfall_columns,
    exponential_spectrum,
    power_spectrum,
    shortfall_mixture_spectrum,
    spectral,
    spectrum_from_density,
    value_at_risk,
    value_at_risk_columns,
)

TEN = [-2.1, 0.4, 3.3, -0.7, 5.9, 1.2, -1.5, 2.2, 7.4, 0.1]
EPS = 1e-12


class TestWorkedExamples:
    def test_tail_mean_counts_the_fraction_of_the_boundary_loss(self) -> None:
        # n a = 10 * 0.25 = 2.5: (7.4 + 5.9 + 0.5 * 3.3) / 2.5
        assert expected_shortfall(TEN, 0.75).value == pytest.approx(14.95 / 2.5, rel=EPS)

    def test_less_than_one_observation_of_tail_is_the_largest_loss(self) -> None:
        assert expected_shortfall(TEN, 0.99).value == pytest.approx(7.4, rel=EPS)
        assert value_at_risk(TEN, 0.99).value == 7.4

    def test_order_statistic_is_the_ceiling_rank(self) -> None:
        for confidence in (0.05, 0.1, 0.3, 0.55, 0.7, 0.9, 0.91):
            expected = sorted(TEN)[math.ceil(round(10 * confidence, 9)) - 1]
            assert value_at_risk(TEN, confidence).value == expected

    def test_rank_survives_rounding_of_the_confidence(self) -> None:
        # 1 - 0.99 is 0.010000000000000009: the 990th of 1,000, not the 991st nor the 989th.
        for size in (100, 700, 1_000, 29_000):
            losses = np.arange(1.0, size + 1.0)
            for confidence in (0.99, 0.95, 0.9, 0.7):
                expected = round(size * confidence)
                assert value_at_risk(losses, confidence).value == expected

    @pytest.mark.parametrize(
        ("convention", "method"),
        [(Convention.TYPE7, "linear"), (Convention.TYPE8, "median_unbiased")],
    )
    def test_interpolated_quantiles_are_numpys(self, convention: Convention, method: str) -> None:
        for confidence in (0.001, 0.01, 0.5, 0.9, 0.975, 0.99, 0.9999):
            found = value_at_risk(TEN, confidence, convention=convention).value
            expected = np.quantile(TEN, confidence, method=method)
            assert found == pytest.approx(expected, abs=1e-12)

    def test_one_observation(self) -> None:
        assert value_at_risk([2.5], 0.99).value == 2.5
        result = expected_shortfall([2.5], 0.99)
        assert result.value == pytest.approx(2.5, rel=EPS)
        assert result.standard_error == 0.0

    def test_relative_standard_error(self) -> None:
        result = value_at_risk([-2.0, 2.0, 4.0], 0.9)
        assert result.relative_standard_error == result.standard_error / 4.0
        assert math.isnan(value_at_risk([0.0, 0.0], 0.9).relative_standard_error)

    def test_tail_count(self) -> None:
        assert expected_shortfall(np.arange(500.0), 0.975).tail_count == pytest.approx(12.5)
        doubled = expected_shortfall(np.arange(500.0), 0.975, weights=np.full(500, 3.0))
        assert doubled.tail_count == pytest.approx(12.5)

    def test_unequal_weights_leave_fewer_effective_tail_observations(self) -> None:
        # One heavy loss holds the whole tail of 20 % of 10: mass 2 at weight 6 is 2^2 / (2 * 6).
        weights = [0.5] * 8 + [6.0, 0.0]
        result = expected_shortfall(np.append(np.arange(9.0), 99.0), 0.8, weights=weights)
        assert result.value == pytest.approx(8.0, rel=EPS)
        assert result.tail_count == pytest.approx(4.0 / 12.0, rel=EPS)

    def test_a_loss_of_zero_weight_does_not_count(self) -> None:
        weights = [1.0] * 10 + [0.0]
        for confidence in (0.5, 0.8, 0.9, 0.99):
            plain, padded = (
                (
                    value_at_risk(x, confidence, weights=w),
                    expected_shortfall(x, confidence, weights=w),
                )
                for x, w in ((TEN, None), ([*TEN, 100.0], weights))
            )
            assert padded[0].value == plain[0].value
            assert padded[1].value == pytest.approx(plain[1].value, rel=EPS)


class TestStandardErrors:
    def test_value_at_risk_error_is_that_of_the_exact_bootstrap(self) -> None:
        # Maritz-Jarrett is the limit of infinitely many iid resamples; 20,000 of them carry
        # a relative error of about 1 / sqrt(2 * 20,000) = 0.5 %, so 2.5 % is five of them.
        losses = np.random.default_rng(1).standard_t(4, 300)
        boot = BlockBootstrap(block_length=1, seed=2, replications=20_000)
        exact = value_at_risk(losses, 0.95).standard_error
        assert value_at_risk(losses, 0.95, bootstrap=boot).standard_error == pytest.approx(
            exact, rel=0.025
        )

    @pytest.mark.parametrize(
        ("law", "size", "published"),
        [
            (stats.t(3), 1000, 0.115),
            (stats.t(4), 1000, 0.095),
            (stats.t(6), 1000, 0.077),
            (stats.norm(), 1000, 0.050),
            (stats.t(3), 500, 0.167),
            (stats.t(6), 500, 0.108),
        ],
    )
    def test_relative_error_of_the_one_percent_quantile_is_the_published_one(
        self, law: stats.rv_continuous, size: int, published: float
    ) -> None:
        # Published: the sampling spread relative to the true quantile, to three digits. The median
        # of the estimated errors must meet it (their mean is higher: with 5 to 10 tail
        # observations they are skewed). 1,000 samples know a spread to 2.2 % and this median to
        # about 3 %: 8 % is under three standard errors with the rounding.
        generator = np.random.default_rng(7)
        truth = law.ppf(0.99)
        results = [value_at_risk(law.rvs(size, random_state=generator), 0.99) for _ in range(1_000)]
        assert np.std([r.value for r in results]) / truth == pytest.approx(published, rel=0.08)
        median = np.median([r.standard_error for r in results]) / truth
        assert median == pytest.approx(published, rel=0.08)

    def test_shortfall_error_is_the_sampling_spread(self) -> None:
        # 2,000 samples of 2,000: the spread is known to 1.6 %; the influence function is
        # asymptotic with 50 tail points, so 5 %.
        generator = np.random.default_rng(3)
        results = [expected_shortfall(generator.standard_t(6, 2_000), 0.975) for _ in range(2_000)]
        spread = np.std([r.value for r in results])
        assert np.mean([r.standard_error for r in results]) == pytest.approx(spread, rel=0.05)

    def test_spectral_error_is_the_sampling_spread(self) -> None:
        generator = np.random.default_rng(4)
        spectrum = exponential_spectrum(20.0)
        results = [spectral(generator.normal(size=500), spectrum) for _ in range(1_500)]
        spread = np.std([r.value for r in results])
        assert np.mean([r.standard_error for r in results]) == pytest.approx(spread, rel=0.06)

    def test_spectral_error_of_a_step_is_the_shortfalls(self) -> None:
        losses = np.random.default_rng(5).normal(size=777)
        step = spectral(losses, shortfall_mixture_spectrum([0.975], [1.0]))
        direct = expected_shortfall(losses, 0.975)
        assert step.value == pytest.approx(direct.value, rel=EPS)
        assert step.standard_error == pytest.approx(direct.standard_error, rel=1e-9)

    def test_blocks_see_dependence_that_independent_errors_miss(self) -> None:
        # Each loss repeated 5 times: 200 independent values among 1,000, so the true error is
        # sqrt(5) times the iid one.
        losses = np.repeat(np.random.default_rng(6).normal(size=400), 5)
        iid = expected_shortfall(losses, 0.95)
        block = expected_shortfall(
            losses, 0.95, bootstrap=BlockBootstrap(block_length=25, seed=1, replications=2_000)
        )
        assert block.standard_error / iid.standard_error == pytest.approx(math.sqrt(5.0), rel=0.25)

    def test_bootstrap_agrees_with_a_plain_resampling_loop(self) -> None:
        generator = np.random.default_rng(8)
        losses, weights = generator.normal(size=61), generator.uniform(0.5, 2.0, 61)
        boot = BlockBootstrap(block_length=7, seed=11, replications=40)
        starts = np.random.Generator(np.random.PCG64(11)).integers(0, 61, size=(40, 9))
        spectrum = exponential_spectrum(4.0)
        rows = [np.concatenate([(s + np.arange(7)) % 61 for s in row])[:61] for row in starts]
        for measure in (
            lambda x, w, **k: value_at_risk(x, 0.9, weights=w, **k),
            lambda x, w, **k: expected_shortfall(x, 0.9, weights=w, **k),
            lambda x, w, **k: spectral(x, spectrum, weights=w, **k),
        ):
            loop = [measure(losses[r], weights[r]).value for r in rows]
            found = measure(losses, weights, bootstrap=boot).standard_error
            assert found == pytest.approx(np.std(loop, ddof=1), rel=1e-9)

    def test_same_seed_same_bytes(self) -> None:
        losses = np.random.default_rng(9).normal(size=200)
        first, again, other = (
            expected_shortfall(losses, 0.9, bootstrap=BlockBootstrap(block_length=5, seed=s))
            for s in (1, 1, 2)
        )
        assert first == again
        assert first.standard_error != other.standard_error


class TestSpectra:
    def test_any_density_integrated_numerically_gives_the_closed_form(self) -> None:
        k = 7.0
        numeric = spectrum_from_density(
            "numeric", lambda u: k * np.exp(-k * u) / (1.0 - math.exp(-k))
        )
        closed = exponential_spectrum(k)
        assert spectral(TEN, numeric).value == pytest.approx(spectral(TEN, closed).value, rel=EPS)

    def test_exponential_measure_of_a_large_uniform_sample_is_its_integral(self) -> None:
        # Losses U(0, 1): the measure is the integral of phi(u) (1 - u); sample on the midpoints.
        losses = (np.arange(100_000) + 0.5) / 100_000
        k = 9.0
        expected, _ = integrate.quad(
            lambda u: k * math.exp(-k * u) / (1 - math.exp(-k)) * (1 - u), 0, 1
        )
        assert spectral(losses, exponential_spectrum(k)).value == pytest.approx(expected, rel=1e-7)

    @pytest.mark.parametrize(
        ("density", "must"),
        [
            (lambda u: 2.0 * u, "decreasing"),
            (lambda u: np.full_like(u, 0.9), "integrate to one"),
            (lambda u: 4.0 - 6.0 * u, "negative"),
        ],
    )
    def test_inadmissible_densities_are_refused(self, density, must: str) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(ParameterError, match=must):
            spectrum_from_density("bad", density)

    def test_a_density_that_is_not_the_derivative_is_refused(self) -> None:
        with pytest.raises(ParameterError, match="integral of the density"):
            Spectrum(
                name="mixed",
                density=exponential_spectrum(2.0).density,
                cumulative=exponential_spectrum(6.0).cumulative,
            )

    @pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, math.nan])
    def test_aversion_must_be_positive(self, bad: float) -> None:
        with pytest.raises(ParameterError):
            exponential_spectrum(bad)

    def test_mixture_shares_must_add_up(self) -> None:
        with pytest.raises(ParameterError, match="adding up to 1"):
            shortfall_mixture_spectrum([0.9, 0.99], [0.5, 0.6])
        with pytest.raises(ParameterError, match="at least 1"):
            power_spectrum(0.5)


class TestRefusals:
    @pytest.mark.parametrize("confidence", [0.0, 1.0, 99.0, -0.1, math.nan])
    def test_confidence_outside_its_range(self, confidence: float) -> None:
        for measure in (value_at_risk, expected_shortfall):
            with pytest.raises(ParameterError, match=r"write 99 % as 0\.99"):
                measure(TEN, confidence)

    def test_nan_is_named_with_its_row(self) -> None:
        with pytest.raises(UsageError, match="must be finite") as caught:
            value_at_risk([1.0, math.nan], 0.9)
        assert caught.value.row == 1

    def test_empty_and_weightless_samples(self) -> None:
        with pytest.raises(InsufficientDataError):
            value_at_risk([], 0.9)
        with pytest.raises(InsufficientDataError):
            value_at_risk([1.0, 2.0], 0.9, weights=[0.0, 0.0])

    def test_weights_of_another_length_or_sign(self) -> None:
        with pytest.raises(UsageError, match="one weight per loss"):
            expected_shortfall([1.0, 2.0], 0.9, weights=[1.0])
        with pytest.raises(UsageError, match="not be negative"):
            expected_shortfall([1.0, 2.0], 0.9, weights=[1.0, -1.0])

    def test_a_quantile_has_no_tail_mean_convention(self) -> None:
        with pytest.raises(UsageError, match="quantile's convention"):
            value_at_risk(TEN, 0.9, convention=Convention.TAIL_MEAN)
        with pytest.raises(UsageError, match="order_statistic, type7 or type8"):
            value_at_risk_columns(np.ones((3, 1)), 0.9, convention=Convention.SPECTRUM)

    def test_bootstrap_settings(self) -> None:
        with pytest.raises(ParameterError, match="at least 1"):
            BlockBootstrap(block_length=0, seed=1)
        with pytest.raises(ParameterError, match="at least 2"):
            BlockBootstrap(block_length=1, seed=1, replications=1)


class TestColumns:
    @pytest.mark.parametrize("weighted", [False, True])
    def test_columns_equal_one_sample_at_a_time(self, weighted: bool) -> None:
        generator = np.random.default_rng(10)
        losses = generator.standard_t(3, (257, 9))
        weights = 0.99 ** np.arange(257)[::-1] if weighted else None
        for convention in (Convention.ORDER_STATISTIC, Convention.TYPE7, Convention.TYPE8):
            found = value_at_risk_columns(losses, 0.99, weights=weights, convention=convention)
            each = [
                value_at_risk(x, 0.99, weights=weights, convention=convention).value
                for x in losses.T
            ]
            np.testing.assert_allclose(found, each, rtol=1e-12)
        each = [expected_shortfall(x, 0.99, weights=weights).value for x in losses.T]
        found = expected_shortfall_columns(losses, 0.99, weights=weights)
        np.testing.assert_allclose(found, each, rtol=1e-12)

    def test_a_column_with_a_hole_has_no_number_and_others_keep_theirs(self) -> None:
        losses = np.array([[1.0, 5.0], [2.0, math.nan]])
        assert expected_shortfall_columns(losses, 0.5)[0] == 2.0
        assert np.isnan(expected_shortfall_columns(losses, 0.5)[1])

    def test_shapes_are_checked(self) -> None:
        with pytest.raises(UsageError, match="scenarios, columns"):
            value_at_risk_columns([1.0, 2.0], 0.9)
        with pytest.raises(UsageError, match="weights"):
            value_at_risk_columns([[1.0], [2.0]], 0.9, weights=[1.0])


def test_compiled_kernels_equal_their_python_source() -> None:
    from plimsoll.measures import tail

    generator = np.random.default_rng(12)
    ordered, mass = np.sort(generator.normal(size=50)), generator.uniform(0.1, 1.0, 50)
    total = float(mass.sum())
    for confidence in (0.01, 0.5, 0.93, 0.999):
        for kernel in (tail.tail_mean, tail.tail_count):
            arguments = (ordered, mass) if kernel is tail.tail_mean else (mass,)
            assert kernel(*arguments, total, confidence) == pytest.approx(
                kernel.py_func(*arguments, total, confidence), rel=1e-13
            )
