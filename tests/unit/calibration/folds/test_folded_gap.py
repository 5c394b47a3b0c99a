"""The gate on the gap: luck found by search is caught, what was chosen honestly passes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.calibration.folds.deflation import deflated_objective
from plimsoll.calibration.folds.folded_result import FoldedResult, FoldTerms, GapLimit
from plimsoll.calibration.folds.walk_forward import walk_forward_folds
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.market import DAY_NS
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

DAYS, EVERY, TRIALS = 900, 90, 200
FOLDS = walk_forward_folds(
    np.arange(DAYS) * DAY_NS, first_ns=180 * DAY_NS, every=EVERY * DAY_NS, embargo_ns=0, purge=0
)


def searched(values: NDArray[np.float64], fixed: int | None = None) -> FoldedResult:
    """Result of taking in each fold the configuration that was best in sample, or a fixed one.

    The reference is the mean over all that were tried.
    """
    terms = []
    for fold in FOLDS:
        inside, outside = values[fold.training_rows].mean(0), values[fold.test_rows].mean(0)
        chosen = int(np.argmin(inside)) if fixed is None else fixed
        terms.append(
            FoldTerms(
                fold=fold.name,
                in_sample={"margin": float(inside[chosen])},
                out_of_sample={"margin": float(outside[chosen])},
                reference_in_sample=float(inside.mean()),
                reference_out_of_sample=float(outside.mean()),
            )
        )
    return FoldedResult(folds=tuple(terms))


def noise(seed: int) -> NDArray[np.float64]:
    """(days, trials) equally good: one common shock a day, and luck of one's own."""
    rng = np.random.default_rng(seed)
    return 1.0 + 0.5 * rng.standard_normal((DAYS, 1)) + 0.5 * rng.standard_normal((DAYS, TRIALS))


def test_search_among_200_configurations_of_noise_is_caught() -> None:
    verdicts = [searched(noise(seed)).check().verdict for seed in range(20)]
    assert verdicts.count(Verdict.BREACH) >= 18
    assert Verdict.HOLDS not in verdicts


def test_a_configuration_chosen_beforehand_passes() -> None:
    """Noise of the periods is no over-fitting: at most one false alarm in twenty expected.

    Chance of three or more breaches at 4.3 % each (t law, 7 degrees, beyond 2 s.e.): 1.2 %.
    """
    verdicts = [searched(noise(seed), fixed=1).check().verdict for seed in range(20)]
    assert verdicts.count(Verdict.BREACH) <= 2


def test_a_search_that_finds_what_is_truly_better_passes() -> None:
    values = noise(3)
    values[:, 17] -= 0.4
    found = searched(values)
    assert abs(found.relative_gap) < 0.02
    # Two errors of eight windows of 90 days are wider than 2 %: nothing is shown of so little.
    assert found.noise > 0.02
    assert found.check().verdict is Verdict.NOT_PROVEN
    assert not found.has_power
    wide = FoldedResult(folds=found.folds, limit=GapLimit(relative=0.2))
    assert wide.has_power
    assert wide.check().verdict is Verdict.HOLDS


def of_gaps(*gaps: float) -> FoldedResult:
    """Folds at an in-sample objective of one."""
    return FoldedResult(
        folds=tuple(
            FoldTerms(fold=str(i), in_sample={"a": 1.0}, out_of_sample={"a": 1.0 - gap})
            for i, gap in enumerate(gaps)
        )
    )


def test_a_gap_holds_only_where_two_errors_fit_between_it_and_the_limit() -> None:
    """Standard errors by hand: gaps m - d, m, m + d have d / sqrt(3)."""
    d = 0.004 * np.sqrt(3.0)  # two errors: 0.8 %
    for mean, verdict in (
        (0.0, Verdict.HOLDS),
        (-0.0119, Verdict.HOLDS),
        (-0.0121, Verdict.NOT_PROVEN),
        (-0.0199, Verdict.NOT_PROVEN),
        (-0.0201, Verdict.BREACH),
    ):
        found = of_gaps(mean - d, mean, mean + d)
        assert found.noise == pytest.approx(0.008)
        assert found.has_power
        assert found.verdict is verdict, mean
    loud = of_gaps(-3.0 * d, 0.0, 3.0 * d)  # two errors: 2.4 %
    assert not loud.has_power
    assert loud.verdict is Verdict.NOT_PROVEN
    assert of_gaps(-0.05 - 3.0 * d, -0.05, -0.05 + 3.0 * d).verdict is Verdict.BREACH


def test_a_harder_period_is_not_taken_for_fitting() -> None:
    """All configurations cost twice as much in the last folds: the reference shows it."""
    values = 0.02 * noise(4) + 1.0
    values[500:] *= 2.0
    with_reference = searched(values, fixed=1)
    assert with_reference.check().verdict is Verdict.HOLDS
    bare = FoldedResult(
        folds=tuple(
            FoldTerms(fold=f.fold, in_sample=f.in_sample, out_of_sample=f.out_of_sample)
            for f in with_reference.folds
        )
    )
    assert bare.relative_gap < -0.2
    assert bare.check().verdict is not Verdict.HOLDS


def test_arithmetic_by_hand() -> None:
    folds = tuple(
        FoldTerms(fold=str(i), in_sample={"a": 1.0, "b": 1.0}, out_of_sample={"a": 1.0, "b": b})
        for i, b in enumerate((1.5, 1.3, 1.4, 1.4))
    )
    result = FoldedResult(folds=folds)
    assert result.gap == pytest.approx(-0.4)
    assert result.relative_gap == pytest.approx(-0.2)
    # Standard deviation of .5, .3, .4, .4 is sqrt(.02 / 3), over the root of four.
    assert result.gap_standard_error == pytest.approx(np.sqrt(0.02 / 3) / 2)
    assert result.check().verdict is Verdict.BREACH
    assert FoldedResult(folds=folds, limit=GapLimit(relative=0.3)).check().verdict is Verdict.HOLDS
    assert FoldedResult(folds=folds[:2]).check().verdict is Verdict.NOT_PROVEN
    cells = result.table().rows[0]
    assert cells == ("0", 1.0, 1.0, 1.0, 1.5, 2.0, 2.5, -0.5)


def test_deflation_takes_the_luck_off() -> None:
    """Deflated, the best of noise is no better than the mean of all (within four of its errors)."""
    off = []
    for seed in range(20):
        values = noise(seed)
        found = deflated_objective(values)
        assert found.found < values.mean() < found.deflated + 4 * found.standard_error
        off.append((found.deflated - values.mean()) / found.standard_error)
    # The maximum of 200 normals has a standard deviation of .44: mean of 20 within .3.
    assert abs(np.mean(off)) < 0.3
    assert 180.0 <= found.effective_trials <= 200.0


def test_faults() -> None:
    with pytest.raises(UsageError, match="same terms in and out"):
        FoldTerms(fold="x", in_sample={"a": 1.0}, out_of_sample={"b": 1.0})
    with pytest.raises(UsageError, match="finite"):
        FoldTerms(fold="x", in_sample={"a": np.nan}, out_of_sample={"a": 1.0})
    with pytest.raises(UsageError, match="reference in and out"):
        FoldTerms(fold="x", in_sample={"a": 1.0}, out_of_sample={"a": 1.0}, reference_in_sample=1.0)
    with pytest.raises(InsufficientDataError):
        FoldedResult(folds=())
    with pytest.raises(ParameterError):
        GapLimit(relative=0.0)
    with pytest.raises(UsageError, match="finite"):
        deflated_objective(np.full((20, 3), np.nan))
    with pytest.raises(InsufficientDataError):
        deflated_objective(np.ones((5, 3)))


def test_equal_configurations_have_no_luck() -> None:
    column = np.random.default_rng(0).standard_normal(50)
    found = deflated_objective(np.column_stack([column] * 4))
    assert found.luck == pytest.approx(0.0, abs=1e-12)
    assert found.effective_trials == 1.0
    assert deflated_objective(column[:, None]).luck == 0.0
