"""Forecast laws of the loss, one per horizon, from which tests simulate their null.

A law gives the chance of a loss above a level, and the loss exceeded with a chance, row by row.
Only breaches are ever drawn: a path of uniform numbers breaks where its number is under the
forecast's own chance of a breach, and only there is a quantile computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import ParameterError, UsageError
from plimsoll.measures.sample import check_confidence

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]

Sampler = Callable[[np.random.Generator, int], Matrix]
"""Draws (paths, n) losses from the forecasts; for laws that have no formula."""

UNDERSTATEMENT = 0.20
"""Share by which risk is too small in the stated alternative of the shortfall tests."""

_CELLS = 2_000_000


class ForecastLaw(Protocol):
    """Laws of the loss of n horizons, as forecast."""

    @property
    def horizons(self) -> int:
        """Number n of horizons."""

    def exceedance(self, level: Vector) -> Vector:
        """(n,) chance of a loss above ``level``, row by row."""

    def quantile(self, chance: Vector, row: Index) -> Vector:
        """(k,) loss exceeded with ``chance`` in horizon ``row``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudentLaw:
    """Student-t (or normal) returns: mean, standard deviation and degrees of freedom.

    Parameters
    ----------
    mean : (n,) float64
        Of the return, in the unit of the losses.
    sigma : (n,) float64
        Standard deviation.
    degrees_of_freedom : (n,) float64
        Above 2; infinite for the normal law.
    """

    mean: Vector
    sigma: Vector
    degrees_of_freedom: Vector

    def __post_init__(self) -> None:
        for name in ("mean", "sigma", "degrees_of_freedom"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        one_length = self.mean.shape == self.sigma.shape == self.degrees_of_freedom.shape
        if self.mean.ndim != 1 or not one_length:
            raise UsageError(
                "mean, sigma and degrees_of_freedom must be arrays of one length, a row a horizon"
            )
        if not bool(np.all(self.degrees_of_freedom > 2.0)) or not bool(np.all(self.sigma > 0.0)):
            raise ParameterError(
                "must be above 2, and sigma positive",
                found=float(np.min(self.degrees_of_freedom)),
                field="degrees_of_freedom",
            )

    @property
    def horizons(self) -> int:
        """Number of horizons."""
        return int(self.mean.size)

    @property
    def _scale(self) -> Vector:
        nu = self.degrees_of_freedom
        out: Vector = self.sigma * np.sqrt(1.0 - 2.0 / nu)
        return out

    def exceedance(self, level: Vector) -> Vector:
        """(n,) chance of a loss above ``level``."""
        return _lower_tail(-(level + self.mean) / self._scale, self.degrees_of_freedom)

    def quantile(self, chance: Vector, row: Index) -> Vector:
        """(k,) loss exceeded with ``chance`` in horizon ``row``."""
        z = _lower_quantile(chance, self.degrees_of_freedom[row])
        out: Vector = -self.mean[row] - self._scale[row] * z
        return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TailLaw:
    """The law that value-at-risk and shortfall leave open, closed in a stated way.

    Below the value-at-risk a normal law through it; above, a generalised Pareto tail of ``shape``
    whose mean is the shortfall. Used for powers where no law was forecast.
    """

    value_at_risk: Vector
    expected_shortfall: Vector
    confidence: float
    shape: float = 0.25

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if not bool(np.all(self.value_at_risk > 0.0)):
            raise UsageError("must be positive", field="value_at_risk")
        if not 0.0 < self.shape < 1.0:
            raise ParameterError("must lie in (0, 1)", found=self.shape, field="shape")

    @property
    def horizons(self) -> int:
        """Number of horizons."""
        return int(self.value_at_risk.size)

    @property
    def _beta(self) -> Vector:
        out: Vector = (self.expected_shortfall - self.value_at_risk) * (1.0 - self.shape)
        return out

    def exceedance(self, level: Vector) -> Vector:
        """(n,) chance of a loss above ``level``."""
        tail = 1.0 - self.confidence
        excess = np.maximum(level - self.value_at_risk, 0.0)
        scaled = excess / np.maximum(self._beta, np.finfo(np.float64).tiny)
        beyond = tail * (1.0 + self.shape * scaled) ** (-1.0 / self.shape)
        normal = special.ndtr(special.ndtri(tail) * level / self.value_at_risk)
        out: Vector = np.where(level > self.value_at_risk, beyond, normal)
        return out

    def quantile(self, chance: Vector, row: Index) -> Vector:
        """(k,) loss exceeded with ``chance`` in horizon ``row``."""
        tail = 1.0 - self.confidence
        level = self.value_at_risk[row]
        ratio = np.minimum(chance / tail, 1.0)
        beyond = level + self._beta[row] * (ratio**-self.shape - 1.0) / self.shape
        body = level * special.ndtri(chance) / special.ndtri(tail)
        out: Vector = np.where(chance < tail, beyond, body)
        return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScaledLaw:
    """Another law with every loss multiplied by ``factor``."""

    law: ForecastLaw
    factor: float

    @property
    def horizons(self) -> int:
        """Number of horizons."""
        return self.law.horizons

    def exceedance(self, level: Vector) -> Vector:
        """(n,) chance of a loss above ``level``."""
        return self.law.exceedance(level / self.factor)

    def quantile(self, chance: Vector, row: Index) -> Vector:
        """(k,) loss exceeded with ``chance`` in horizon ``row``."""
        out: Vector = self.factor * self.law.quantile(chance, row)
        return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnBreaches:
    """Breaches of simulated paths: which path (counted within the draw), horizon and loss."""

    paths: int
    path: Index
    row: Index
    loss: Vector


def larger_losses(understatement: float = UNDERSTATEMENT) -> float:
    """Factor on losses that makes a right forecast too small by ``understatement``."""
    if not 0.0 <= understatement < 1.0:
        raise ParameterError("must lie in [0, 1)", found=understatement, field="understatement")
    return 1.0 / (1.0 - understatement)


def excess_stretch(
    value_at_risk: Vector, expected_shortfall: Vector, understatement: float
) -> Vector:
    """Factor on excesses over the value-at-risk that makes the shortfall alone too small.

    Where shortfall equals value-at-risk nothing exceeds it, and the factor is 1.
    """
    needed = larger_losses(understatement) * expected_shortfall - value_at_risk
    held = expected_shortfall - value_at_risk
    return np.divide(needed, held, out=np.ones_like(held), where=held > 0.0)


def understated_label(understatement: float) -> str:
    """The alternative of `excess_stretch` in words."""
    return f"shortfall understated by {understatement:.0%}, breach rate right"


def scaled_label(understatement: float) -> str:
    """The alternative of `larger_losses` in words."""
    return f"all losses larger: value-at-risk and shortfall understated by {understatement:.0%}"


def student_draws(mean: Vector, sigma: Vector, degrees_of_freedom: Vector) -> Sampler:
    """Sampler of Student-t returns by numpy's own generator, path after path.

    Slower than `StudentLaw`, and draws other numbers; with a seed it gives the very digits of
    programs that draw ``standard_t(nu, size=(paths, n))`` from PCG64.
    """
    law = StudentLaw(mean=mean, sigma=sigma, degrees_of_freedom=degrees_of_freedom)
    scale = sigma * np.sqrt((degrees_of_freedom - 2.0) / degrees_of_freedom)

    def draw(generator: np.random.Generator, paths: int) -> Matrix:
        drawn = generator.standard_t(degrees_of_freedom, size=(paths, law.horizons))
        out: Matrix = -(mean + scale * drawn)
        return out

    return draw


def draw_breaches(
    law: ForecastLaw | Sampler,
    level: Vector,
    *,
    paths: int,
    seed: int,
    progress: Progress = SILENT,
) -> Iterator[DrawnBreaches]:
    """Losses above ``level`` on ``paths`` paths of the law.

    Drawn in pieces of fixed size from one generator, so that the seed alone decides.
    """
    generator = np.random.default_rng(seed)
    chunk = max(1, _CELLS // max(level.size, 1))
    progress.start("forecast paths", paths)
    try:
        for first in range(0, paths, chunk):
            count = min(chunk, paths - first)
            yield _drawn(law, level, count, generator)
            progress.advance(count)
    finally:
        progress.finish()


def _drawn(
    law: ForecastLaw | Sampler,
    level: Vector,
    count: int,
    generator: np.random.Generator,
) -> DrawnBreaches:
    if callable(law):
        losses = np.asarray(law(generator, count), dtype=np.float64)
        if losses.shape != (count, level.size):
            raise UsageError(
                f"must draw losses of shape {(count, level.size)}",
                found=losses.shape,
                field="law",
            )
        path, row = np.nonzero(losses > level)
        return DrawnBreaches(paths=count, path=path, row=row, loss=losses[path, row])
    chance = law.exceedance(level)
    uniform = generator.random((count, level.size))
    path, row = np.nonzero(uniform < chance)
    drawn = law.quantile(uniform[path, row], row)
    return DrawnBreaches(paths=count, path=path, row=row, loss=drawn)


def _lower_tail(x: Vector, degrees_of_freedom: Vector) -> Vector:
    normal = np.isinf(degrees_of_freedom)
    if not normal.any():
        student: Vector = special.stdtr(degrees_of_freedom, x)
        return student
    safe = np.where(normal, 3.0, degrees_of_freedom)
    out: Vector = np.where(normal, special.ndtr(x), special.stdtr(safe, x))
    return out


def _lower_quantile(chance: Vector, degrees_of_freedom: Vector) -> Vector:
    normal = np.isinf(degrees_of_freedom)
    if normal.all():
        out: Vector = special.ndtri(chance)
        return out
    safe = np.where(normal, 3.0, degrees_of_freedom)
    student: Vector = special.stdtrit(safe, chance)
    return np.where(normal, special.ndtri(chance), student)
