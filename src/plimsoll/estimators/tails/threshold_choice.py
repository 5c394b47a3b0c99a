"""Where a Pareto tail may begin: mean excess, stability of the shape, a stated choice.

Above a threshold that is high enough the mean excess is linear in the threshold, and the shape
``xi`` and the modified scale ``beta - xi * u`` are level (Coles, 2001, 4.3). The choice takes the
largest tail fraction whose shape agrees with that of every smaller one tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import EstimationError, InsufficientDataError, ParameterError
from plimsoll.estimators.observations import as_observations, read_only
from plimsoll.estimators.tails.likelihood_errors import ErrorKind
from plimsoll.estimators.tails.peaks_over_threshold import FittedTail, PeaksOverThreshold

Vector = NDArray[np.float64]
Index = NDArray[np.int64]

TAIL_FRACTIONS = (0.2, 0.175, 0.15, 0.125, 0.1, 0.085, 0.07, 0.06, 0.05, 0.04, 0.03, 0.025, 0.02)
_LEAST_VARIANCE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeanExcess:
    """Mean excess by threshold, with standard errors for independent exceedances."""

    thresholds: Vector
    means: Vector
    errors: Vector
    exceedances: Index


def mean_excess(
    losses: ArrayLike, *, thresholds: ArrayLike | None = None, minimum_exceedances: int = 10
) -> MeanExcess:
    """Mean of ``loss - u`` over the losses above u, for each threshold u.

    A rising line speaks for a heavy tail (slope ``xi / (1 - xi)``), a level one for an exponential
    tail.

    Parameters
    ----------
    losses : array of float, shape (n,)
        Positive = loss, finite.
    thresholds : array of float, optional
        By default 50 levels from the median to the highest with ``minimum_exceedances``.
    minimum_exceedances : int
        At least 2; thresholds with fewer exceedances are left out.

    Raises
    ------
    InsufficientDataError
        No threshold has enough exceedances.
    """
    ordered = np.sort(as_observations(losses, minimum=20, name="losses"))
    if minimum_exceedances < 2:
        raise ParameterError(
            "must be at least 2", found=minimum_exceedances, field="minimum_exceedances"
        )
    if thresholds is None:
        top = max(ordered.size - minimum_exceedances - 1, 0)
        levels = np.linspace(ordered[ordered.size // 2], ordered[top], 50)
    else:
        levels = np.unique(as_levels(thresholds))
    above = ordered.size - np.searchsorted(ordered, levels, side="right")
    levels, above = levels[above >= minimum_exceedances], above[above >= minimum_exceedances]
    if not levels.size:
        raise InsufficientDataError(
            f"at least {minimum_exceedances} exceedances are needed at some threshold",
            remedy="use lower thresholds or a longer history",
            field="thresholds",
        )
    tails = [ordered[-k:] - u for u, k in zip(levels, above, strict=True)]
    return MeanExcess(
        thresholds=read_only(levels),
        means=read_only(np.array([tail.mean() for tail in tails])),
        errors=read_only(np.array([tail.std(ddof=1) / np.sqrt(tail.size) for tail in tails])),
        exceedances=above,
    )


def as_levels(values: ArrayLike) -> Vector:
    """Finite numbers, at least one."""
    levels = np.atleast_1d(np.asarray(values, dtype=np.float64)).reshape(-1)
    if not (levels.size and np.isfinite(levels).all()):
        raise ParameterError("must be finite numbers", found=values, field="thresholds")
    return levels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThresholdStability:
    """Fits by tail fraction, from the largest down, as columns.

    ``modified_scale`` is ``beta - xi * u``, which like ``xi`` should be level where the tail has
    begun. Fractions that could not be fitted are absent and stand in ``refused`` with the reason.
    """

    tail_fractions: Vector
    thresholds: Vector
    exceedances: Index
    xi: Vector
    xi_errors: Vector
    modified_scale: Vector
    modified_scale_errors: Vector
    tails: tuple[FittedTail, ...]
    refused: tuple[tuple[float, str], ...]


def threshold_stability(
    losses: ArrayLike,
    *,
    tail_fractions: Sequence[float] = TAIL_FRACTIONS,
    model: PeaksOverThreshold | None = None,
    kind: ErrorKind = "information",
    block_length: int = 1,
    replicates: int = 200,
    seed: int = 0,
) -> ThresholdStability:
    """Shape and modified scale against the threshold, with standard errors.

    Parameters
    ----------
    losses : array of float, shape (n,)
        In time order, positive = loss.
    tail_fractions : sequence of float
        Shares above the threshold to try.
    model : PeaksOverThreshold, optional
        Whose other settings to use.
    kind, block_length, replicates, seed
        Of the errors; see :meth:`FittedTail.standard_errors`.

    Raises
    ------
    EstimationError
        No fraction could be fitted.
    """
    sample = as_observations(losses, minimum=20, name="losses")
    settings = model or PeaksOverThreshold()
    fractions: list[float] = []
    tails: list[FittedTail] = []
    covariances, refused = [], []
    for fraction in sorted(set(map(float, tail_fractions)), reverse=True):
        at = PeaksOverThreshold(
            tail_fraction=fraction,
            method=settings.method,
            minimum_exceedances=settings.minimum_exceedances,
            run_length=settings.run_length,
        )
        try:
            tail = at.fit(sample)
            covariance = tail.covariance(
                kind, block_length=block_length, replicates=replicates, seed=seed
            )
        except (EstimationError, InsufficientDataError) as error:
            refused.append((fraction, str(error)))
            continue
        fractions.append(fraction)
        tails.append(tail)
        covariances.append(covariance)
    if not tails:
        raise _nothing_fitted(refused)
    return _columns(fractions, tails, np.array(covariances), refused)


def _nothing_fitted(refused: Sequence[tuple[float, str]]) -> EstimationError:
    return EstimationError(
        "at least one tail fraction must be fitted",
        found=f"{len(refused)} refused, the first: {refused[0][1]}" if refused else "none given",
        remedy="use a longer history or larger tail fractions",
    )


def _columns(
    fractions: Sequence[float],
    tails: Sequence[FittedTail],
    covariances: NDArray[np.float64],
    refused: Sequence[tuple[float, str]],
) -> ThresholdStability:
    u = np.array([tail.threshold for tail in tails])
    xi = np.array([tail.xi for tail in tails])
    beta = np.array([tail.beta for tail in tails])
    var_xi, var_beta, cross = covariances[:, 0, 0], covariances[:, 1, 1], covariances[:, 0, 1]
    var_scale = var_beta + u * u * var_xi - 2.0 * u * cross
    return ThresholdStability(
        tail_fractions=read_only(np.array(fractions)),
        thresholds=read_only(u),
        exceedances=np.array([tail.exceedances for tail in tails]),
        xi=read_only(xi),
        xi_errors=read_only(np.sqrt(var_xi)),
        modified_scale=read_only(beta - xi * u),
        modified_scale_errors=read_only(np.sqrt(np.maximum(var_scale, 0.0))),
        tails=tuple(tails),
        refused=tuple(refused),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThresholdChoice:
    """A chosen tail, the table it was chosen from, and the largest contrast of each row.

    ``contrasts[i]`` is the largest ``|xi_j - xi_i|`` over smaller fractions j in its standard
    errors; a row is admissible below ``critical[i]``.
    """

    tail: FittedTail
    tail_fraction: float
    stability: ThresholdStability
    contrasts: Vector
    critical: Vector


def choose_threshold(
    losses: ArrayLike,
    *,
    tail_fractions: Sequence[float] = TAIL_FRACTIONS,
    level: float = 0.05,
    model: PeaksOverThreshold | None = None,
    kind: ErrorKind = "information",
    block_length: int = 1,
    replicates: int = 200,
    seed: int = 0,
) -> ThresholdChoice:
    """The largest tail fraction whose shape agrees with all smaller ones tried.

    Of nested samples the difference of two shapes has about the difference of their variances
    (Hausman, 1978), here at least a tenth of the larger. Each row is tested against the m rows
    below it at ``level / m`` (Bonferroni). The rule is meant to be looked at, not to be trusted
    blindly: few exceedances reject little.

    Raises
    ------
    ParameterError
        ``level`` outside (0, 1).
    EstimationError
        No fraction could be fitted.
    """
    if not 0.0 < level < 1.0:
        raise ParameterError("must lie in (0, 1)", found=level, field="level")
    table = threshold_stability(
        losses,
        tail_fractions=tail_fractions,
        model=model,
        kind=kind,
        block_length=block_length,
        replicates=replicates,
        seed=seed,
    )
    count = table.xi.size
    contrasts, critical = np.zeros(count), np.full(count, np.inf)
    for i in range(count - 1):
        variances = table.xi_errors[i + 1 :] ** 2
        spread = np.maximum(variances - table.xi_errors[i] ** 2, _LEAST_VARIANCE * variances)
        contrasts[i] = np.max(np.abs(table.xi[i + 1 :] - table.xi[i]) / np.sqrt(spread))
        critical[i] = -special.ndtri(0.5 * level / (count - 1 - i))
    chosen = int(np.argmax(contrasts <= critical))
    return ThresholdChoice(
        tail=table.tails[chosen],
        tail_fraction=float(table.tail_fractions[chosen]),
        stability=table,
        contrasts=read_only(contrasts),
        critical=read_only(critical),
    )
