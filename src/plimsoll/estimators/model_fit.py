"""Fit Heston, Bates, Merton or Kou to one chain's out-of-the-money implied volatilities.

For stress paths and for comparing models with each other; marks come from the surface, which fits
several times closer. Least squares in vol points from fixed starts, so the same quotes give the
same parameters.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from plimsoll.domain.stochastic_volatility import HestonParameters, ModelParameters
from plimsoll.errors import EstimationError, InsufficientDataError, UsageError
from plimsoll.estimators.model_coordinates import (
    COORDINATES,
    OptionModel,
    box,
    coordinates_of,
    parameters_at,
    slopes,
    starts,
    with_jumps,
)
from plimsoll.estimators.return_laws import model_implied_vols

Vector = NDArray[np.float64]
Index = NDArray[np.int64]

_SHORT_RUN = 6
_LONG_RUN = 50
_STARTERS = 4
_FINALISTS = 2
_REFUSED = 1e3
_AT_END = 1e-3
_WEAK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class VolQuotes:
    """Out-of-the-money implied volatilities of one chain.

    Parameters
    ----------
    forward, tau : ndarray of float, shape (e,)
        Forward price and years to expiry (ACT/365, above 0), per expiry.
    expiry : ndarray of int, shape (n,)
        Row of ``forward`` and ``tau`` each quote belongs to.
    strike : ndarray of float, shape (n,)
        In the currency of the forward.
    implied_vol : ndarray of float, shape (n,)
        Annual mid implied volatility as a fraction.
    weight : ndarray of float, shape (n,)
        Weight of a squared residual, above 0; only ratios matter.

    Raises
    ------
    UsageError
        Where shapes differ or a number is not finite and positive.
    """

    forward: Vector
    tau: Vector
    expiry: Index
    strike: Vector
    implied_vol: Vector
    weight: Vector

    def __post_init__(self) -> None:
        for name in ("forward", "tau", "strike", "implied_vol", "weight"):
            values = getattr(self, name)
            bad = ~(np.isfinite(values) & (values > 0.0))
            if bad.any():
                row = int(np.argmax(bad))
                raise UsageError(
                    "must be finite and positive", found=float(values[row]), field=name, row=row
                )
        shapes = {getattr(self, n).shape for n in ("expiry", "strike", "implied_vol", "weight")}
        if len(shapes) != 1 or self.strike.ndim != 1 or self.forward.shape != self.tau.shape:
            raise UsageError("must have one value per quote", found=shapes, field="strike")
        if self.expiry.size and not 0 <= self.expiry.min() <= self.expiry.max() < self.tau.size:
            raise UsageError(f"must be rows of the {self.tau.size} expiries", field="expiry")

    @property
    def log_moneyness(self) -> Vector:
        """``ln(K / F)`` of each quote."""
        moneyness: Vector = np.log(self.strike / self.forward[self.expiry])
        return moneyness


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedModel:
    """A model fitted to one chain.

    Parameters
    ----------
    model : OptionModel
    parameters : HestonParameters, BatesParameters, MertonParameters or KouParameters
    standard_errors : tuple of float
        In the order of the parameters, from the Jacobian and the residual variance; NaN where a
        parameter ends at an end of its box, infinite where the quotes do not determine it.
    at_end : tuple of str
        Parameters at an end of their box.
    rmse_vol_points : float
        Root of the weighted mean squared residual, in vol points.
    worst_vol_points : float
        Largest absolute residual, unweighted.
    residual : ndarray of float, shape (n,)
        Model less mid, annual volatility as a fraction.
    quote_count : int
    cost : float
        Weighted sum of squared residuals (vol points), weights of mean 1.
    """

    model: OptionModel
    parameters: ModelParameters
    standard_errors: tuple[float, ...]
    at_end: tuple[str, ...]
    rmse_vol_points: float
    worst_vol_points: float
    residual: Vector
    quote_count: int
    cost: float

    @property
    def parameter_count(self) -> int:
        """How many parameters were fitted."""
        return len(self.standard_errors)

    @property
    def information_criterion(self) -> float:
        """Schwarz's criterion under normal residuals, ``n ln(cost / n) + p ln n``; less is better.

        Quotes of one chain are not independent, so it flatters parameters.
        """
        n = self.quote_count
        return n * math.log(max(self.cost / n, 1e-300)) + self.parameter_count * math.log(n)


def fit_models(quotes: VolQuotes) -> tuple[FittedModel, ...]:
    """Fit all models to the same quotes, in the order of :class:`OptionModel`; for comparison."""
    heston = fit_model(quotes, OptionModel.HESTON)
    others = [model for model in OptionModel if model is not OptionModel.HESTON]
    return heston, *(fit_model(quotes, model, heston=heston) for model in others)


def fit_model(
    quotes: VolQuotes, model: OptionModel, *, heston: FittedModel | None = None
) -> FittedModel:
    """Fit one model by weighted least squares on implied volatility.

    The best four starts are run a few steps, the best two of these to the end. Bates also starts
    from the fitted Heston, so that it does not fit worse.

    Parameters
    ----------
    quotes : VolQuotes
    model : OptionModel
    heston : FittedModel, optional
        Heston fitted to the same quotes, where it is at hand; only Bates uses it.

    Raises
    ------
    InsufficientDataError
        With no more quotes than parameters.
    EstimationError
        Where no start has a price.
    """
    needed = len(COORDINATES[model]) + 1
    if quotes.strike.size < needed:
        raise InsufficientDataError(
            f"must have at least {needed} quotes for {model}",
            found=quotes.strike.size,
            field="strike",
        )
    tried = list(starts(model, *_level(quotes)))
    if model is OptionModel.BATES:
        tried += _from_heston(heston or fit_model(quotes, OptionModel.HESTON))
    begun = [_run(quotes, model, coordinates_of(model, p), 1) for p in tried]
    begun.sort(key=lambda run: float(run.cost))
    short = [_run(quotes, model, run.x, _SHORT_RUN) for run in begun[:_STARTERS]]
    short.sort(key=lambda run: float(run.cost))
    best = min(
        (_run(quotes, model, run.x, _LONG_RUN) for run in short[:_FINALISTS]),
        key=lambda run: float(run.cost),
    )
    if best.cost >= 0.5 * quotes.strike.size * _REFUSED**2:
        raise EstimationError(
            "must have a start with prices",
            found=f"none of {len(tried)}",
            remedy="check the units of tau and implied_vol",
            field=str(model),
        )
    return _fitted(quotes, model, best)


def _from_heston(fitted: FittedModel) -> list[ModelParameters]:
    """Bates at the fitted Heston with hardly any jumps, and with some."""
    heston = fitted.parameters
    if not isinstance(heston, HestonParameters):
        raise UsageError("must be a fitted Heston", found=str(fitted.model), field="heston")
    return [with_jumps(heston, 2e-3, -0.01, 0.05), with_jumps(heston, 2.0, -0.05, 0.1)]


def _level(quotes: VolQuotes) -> tuple[float, float]:
    """Implied volatility nearest the money at the first and the last expiry quoted."""
    order = np.argsort(quotes.tau[quotes.expiry], kind="stable")
    first, last = quotes.expiry[order[0]], quotes.expiry[order[-1]]
    distance = np.abs(quotes.log_moneyness)
    near, far = (
        float(quotes.implied_vol[np.argmin(np.where(quotes.expiry == e, distance, np.inf))])
        for e in (first, last)
    )
    return near, far


def _implied(quotes: VolQuotes, parameters: ModelParameters) -> Vector:
    """Model volatility of each quote."""
    k = quotes.log_moneyness
    implied = np.empty_like(k)
    for row, tau in enumerate(quotes.tau):
        own = quotes.expiry == row
        if own.any():
            implied[own] = model_implied_vols(parameters, float(tau), k[own])
    return implied


def _run(quotes: VolQuotes, model: OptionModel, start: Vector, evaluations: int) -> Any:
    """Trust-region least squares inside the box."""
    root_weight = np.sqrt(quotes.weight / quotes.weight.mean())

    def residuals(x: Vector) -> Vector:
        try:
            implied = _implied(quotes, parameters_at(model, x))
        except EstimationError:
            return np.full(quotes.strike.size, _REFUSED)
        weighted: Vector = 100.0 * root_weight * (implied - quotes.implied_vol)
        return weighted

    low, high = box(model)
    start = np.clip(start, low + 1e-9, high - 1e-9)
    return least_squares(
        residuals,
        start,
        bounds=(low, high),
        x_scale=1.0,
        diff_step=np.full(start.size, 1e-5),
        ftol=1e-8,
        xtol=1e-8,
        gtol=1e-8,
        max_nfev=evaluations,
    )


def _fitted(quotes: VolQuotes, model: OptionModel, run: Any) -> FittedModel:
    parameters = parameters_at(model, run.x)
    low, high = box(model)
    ends = np.minimum(run.x - low, high - run.x) < _AT_END
    residual = _implied(quotes, parameters) - quotes.implied_vol
    n, cost = quotes.strike.size, 2.0 * float(run.cost)
    errors = _standard_errors(np.asarray(run.jac), ends, cost) * slopes(model, parameters)
    return FittedModel(
        model=model,
        parameters=parameters,
        standard_errors=tuple(float(e) for e in errors),
        at_end=tuple(name for name, end in zip(asdict(parameters), ends, strict=True) if end),
        rmse_vol_points=math.sqrt(cost / n),
        worst_vol_points=100.0 * float(np.abs(residual).max()),
        residual=residual,
        quote_count=n,
        cost=cost,
    )


def _standard_errors(jacobian: NDArray[np.float64], ends: NDArray[np.bool_], cost: float) -> Vector:
    """Square roots of the diagonal of ``s^2 (J'J)^-1`` over the parameters off their ends."""
    n, p = jacobian.shape
    errors = np.full(p, np.nan)
    free = jacobian[:, ~ends]
    _, singular, rows = np.linalg.svd(free, full_matrices=False)
    weak = singular <= _WEAK * singular.max()
    inverse = np.where(weak, 0.0, 1.0 / np.where(weak, 1.0, singular))
    found = math.sqrt(cost / (n - free.shape[1])) * np.sqrt(((rows.T * inverse) ** 2).sum(axis=1))
    undetermined = (np.abs(rows[weak]) > 0.1).any(axis=0)
    errors[~ends] = np.where(undetermined, np.inf, found)
    return errors
