"""In sample against out of sample, fold by fold, with a gate on the gap between them.

The objective is minimised, so over-fitting makes it look lower where it was chosen than where it is
used: the gap ``in - out`` is negative. Periods differ too: a calm past and a crisis after it give a
gap without any fitting. Where each fold also carries the objective of a reference that was not
chosen on its data, the reference's own gap is taken off, and what remains is what the choice owes
to luck. The mean over all configurations that were tried is the sharpest reference; the incumbent
or a fixed setting serve, with more noise of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

Vector = NDArray[np.float64]
LEAST_FOLDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GapLimit:
    """A gap is a breach when it is beyond both limits: more than noise, and more than a trifle.

    It is within only where ``standard_errors`` of them still fit between it and the relative limit.

    Parameters
    ----------
    standard_errors : float
    relative : float
        Share of the in-sample objective.
    """

    standard_errors: float = 2.0
    relative: float = 0.02

    def __post_init__(self) -> None:
        for name in ("standard_errors", "relative"):
            if not getattr(self, name) > 0.0:
                raise ParameterError("must be positive", found=getattr(self, name), field=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldTerms:
    """Terms of the objective of what one fold chose; their sum is the objective.

    Parameters
    ----------
    fold : str
    in_sample, out_of_sample : mapping of str to float
        By term, weights included, the same terms in both; lower is better.
    reference_in_sample, reference_out_of_sample : float or None
        Objective of the reference on the same rows.
    """

    fold: str
    in_sample: Mapping[str, float]
    out_of_sample: Mapping[str, float]
    reference_in_sample: float | None = None
    reference_out_of_sample: float | None = None

    def __post_init__(self) -> None:
        if not self.in_sample or set(self.in_sample) != set(self.out_of_sample):
            raise UsageError(
                "must hold the same terms in and out of sample",
                found=f"{sorted(self.in_sample)} and {sorted(self.out_of_sample)}",
                field=self.fold,
            )
        if (self.reference_in_sample is None) != (self.reference_out_of_sample is None):
            raise UsageError("must have a reference in and out of sample", field=self.fold)
        values = [*self.in_sample.values(), *self.out_of_sample.values()]
        references = (self.reference_in_sample, self.reference_out_of_sample)
        values += [x for x in references if x is not None]
        if not all(math.isfinite(x) for x in values):
            raise UsageError("terms must be finite", found=values, field=self.fold)

    @property
    def objective_in(self) -> float:
        """Sum of the terms where they were chosen."""
        return math.fsum(self.in_sample.values())

    @property
    def objective_out(self) -> float:
        """Sum of the terms where they are used."""
        return math.fsum(self.out_of_sample.values())

    @property
    def gap(self) -> float:
        """In sample minus out of sample, less that of the reference; negative: over-fitted."""
        raw = self.objective_in - self.objective_out
        if self.reference_in_sample is None or self.reference_out_of_sample is None:
            return raw
        return raw - (self.reference_in_sample - self.reference_out_of_sample)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedResult:
    """What the folds found.

    Parameters
    ----------
    folds : tuple of FoldTerms
    limit : GapLimit
    """

    folds: tuple[FoldTerms, ...]
    limit: GapLimit = field(default_factory=GapLimit)

    def __post_init__(self) -> None:
        if not self.folds:
            raise InsufficientDataError("must have a fold", found=0, field="folds")
        if len({frozenset(fold.in_sample) for fold in self.folds}) != 1:
            raise UsageError("must have the same terms in every fold", field="folds")
        if len({fold.reference_in_sample is None for fold in self.folds}) != 1:
            raise UsageError("must have a reference in all folds or in none", field="folds")

    @property
    def gap(self) -> float:
        """Mean over folds of in sample minus out of sample; negative: over-fitted."""
        return float(np.mean(self._gaps()))

    @property
    def gap_standard_error(self) -> float:
        """Of the mean gap, from its spread over folds; NaN with fewer than two.

        Test windows do not overlap, training does: the spread is nearly all that of the tests.
        """
        gaps = self._gaps()
        return float(gaps.std(ddof=1) / math.sqrt(gaps.size)) if gaps.size > 1 else math.nan

    @property
    def relative_gap(self) -> float:
        """Gap over the size of the mean in-sample objective."""
        scale = abs(float(np.mean([fold.objective_in for fold in self.folds])))
        if scale == 0.0:
            return 0.0 if self.gap == 0.0 else math.copysign(math.inf, self.gap)
        return self.gap / scale

    @property
    def noise(self) -> float:
        """Standard errors of the limit, as a share of the mean in-sample objective; NaN of one."""
        scale = abs(float(np.mean([fold.objective_in for fold in self.folds])))
        width = self.limit.standard_errors * self.gap_standard_error
        if scale == 0.0:
            return 0.0 if width == 0.0 else math.inf
        return width / scale

    @property
    def has_power(self) -> bool:
        """Whether these folds could show a gap of nothing to be within the limit."""
        return len(self.folds) >= LEAST_FOLDS and self.noise <= self.limit.relative

    @property
    def verdict(self) -> Verdict:
        """Breach beyond both limits, holds only where the gap is shown to be within."""
        if len(self.folds) < LEAST_FOLDS:
            return Verdict.NOT_PROVEN
        found, least = self.relative_gap, -self.limit.relative
        if found < min(least, -self.noise):
            return Verdict.BREACH
        shown = self.has_power and found - self.noise >= least
        return Verdict.HOLDS if shown else Verdict.NOT_PROVEN

    def check(self) -> Check:
        """Gate: breach where the gap is beyond both limits on the side of over-fitting.

        Holds where it is within the relative limit by the limit's standard errors. Between the
        two, and where the folds are too few or too noisy to tell, nothing is proven.
        """
        error = self.gap_standard_error
        return Check(
            name="in-sample minus out-of-sample gap",
            verdict=self.verdict,
            found=(
                f"{self.gap:.4g} ({100.0 * self.relative_gap:.1f} %), s.e. {error:.2g}, "
                f"{len(self.folds)} folds"
            ),
            demanded=(
                f"not below -{100.0 * self.limit.relative:g} %, by "
                f"{self.limit.standard_errors:g} standard errors, {LEAST_FOLDS} folds or more"
            ),
        )

    def table(self) -> Table:
        """Every term of every fold, in and out of sample."""
        terms = tuple(self.folds[0].in_sample)
        number = ColumnKind.NUMBER
        columns = [Column(name="fold", title="Fold")]
        for term in (*terms, "objective"):
            columns.append(Column(name=f"{term}_in", title=f"{term}, in", kind=number, digits=5))
            columns.append(Column(name=f"{term}_out", title=f"{term}, out", kind=number, digits=5))
        columns.append(Column(name="gap", title="Gap", kind=number, digits=5))
        check = self.check()
        return Table(
            name="folded_objective",
            title="Objective in and out of sample",
            columns=tuple(columns),
            rows=tuple(_row(fold, terms) for fold in self.folds),
            notes=(
                f"Gap: in sample minus out of sample, lower objective is better; {check.found}; "
                f"demanded {check.demanded}: {check.verdict.value}.",
                *self._reference_note(),
            ),
        )

    def _gaps(self) -> Vector:
        return np.array([fold.gap for fold in self.folds])

    def _reference_note(self) -> tuple[str, ...]:
        if self.folds[0].reference_in_sample is None:
            return ("No reference: differences between the periods are in the gap.",)
        return ("The gap of a reference on the same rows is taken off.",)


def _row(fold: FoldTerms, terms: tuple[str, ...]) -> tuple[str | float, ...]:
    cells: list[str | float] = [fold.fold]
    for term in terms:
        cells += [fold.in_sample[term], fold.out_of_sample[term]]
    return (*cells, fold.objective_in, fold.objective_out, fold.gap)
