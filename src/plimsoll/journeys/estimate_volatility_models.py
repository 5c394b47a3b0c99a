"""Named alternatives of one market's volatility: GARCH-t, GJR-t, EGARCH-t and two regimes."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import PlimsollError
from plimsoll.estimators.regimes.fitted_switching import FittedSwitching
from plimsoll.estimators.regimes.switching import SwitchingVolatility
from plimsoll.estimators.volatility.egarch import Egarch
from plimsoll.estimators.volatility.fitted_egarch import FittedEgarch
from plimsoll.estimators.volatility.fitted_garch import FittedGarch
from plimsoll.estimators.volatility.garch import Garch, GjrGarch
from plimsoll.journeys.estimate_replayed_moves import replayed_moves
from plimsoll.journeys.estimate_returns import RecentReturns, failure

K = ColumnKind
CONFIDENCE = 0.99
Model = FittedGarch | FittedEgarch | FittedSwitching
_ESTIMATORS: dict[str, Garch | GjrGarch | Egarch | SwitchingVolatility] = {
    "garch_t": Garch(innovations="t"),
    "gjr_t": GjrGarch(innovations="t"),
    "egarch_t": Egarch(innovations="t"),
    "two_regimes_t": SwitchingVolatility(innovations="t"),
}
_PARAMETERS = (
    "omega", "alpha", "gamma", "beta", "calm_volatility", "storm_volatility", "stay_calm",
    "stay_storm", "degrees_of_freedom",
)  # fmt: skip
_UNITS = {
    "omega": (1e4, "%\u00b2"),
    "calm_volatility": (100.0, "% a bar"),
    "storm_volatility": (100.0, "% a bar"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The product's own number, first row of the comparison.

    Parameters
    ----------
    horizon_hours : int
    title : str
        Name of the forecaster.
    volatility_annual, long, short : float or None
        Volatility as a fraction; losses as shares of notional.
    """

    horizon_hours: int
    title: str
    volatility_annual: float | None
    long: float | None
    short: float | None


def model_tables(recent: RecentReturns, reference: Reference) -> tuple[Table, Table]:
    """Return the models side by side with the reference, and their parameters with errors."""
    notes: list[str] = []
    fitted: dict[str, Model | Reason] = {}
    for name, estimator in _ESTIMATORS.items():
        if recent.reason is not None:
            fitted[name] = recent.reason
            continue
        try:
            fitted[name] = estimator.fit(recent.known)
        except PlimsollError as error:
            notes.append(failure(name, error))
            fitted[name] = Reason.FIT_FAILED
    return _comparison(recent, reference, fitted, notes), _parameters(fitted)


def _comparison(
    recent: RecentReturns,
    reference: Reference,
    fitted: dict[str, Model | Reason],
    notes: list[str],
) -> Table:
    hours = reference.horizon_hours
    own: tuple[Cell, ...] = ("reference", None, None, None, reference.volatility_annual)
    own = (*own, reference.long, reference.short, None, None, _why(recent))
    return Table(
        name="volatility_models",
        title=f"Volatility of {recent.market} by named alternatives",
        columns=(
            Column(name="model", title="Model"),
            _number("persistence", "Persistence", "Of the variance; of regimes p + q \u2212 1."),
            _number("half_life_hours", "Half-life", "Of a shock to the variance.", "h", 1),
            _number("log_likelihood", "Log-likelihood", "Of the same returns.", digits=1),
            _share("volatility_annual", "Vol a year", "Of the next bar, times the root of bars."),
            _share("var_long", f"VaR {hours} h long", "99 %, share of notional, linear."),
            _share("var_short", f"VaR {hours} h short", "99 %, share of notional, linear."),
            Column(name="rule", title="Boundary rule", about="Upper limit of persistence."),
            Column(name="binding", title="Binds", about="Constraints at the optimum."),
            Column(name="reason", title="Reason"),
        ),
        rows=(own, *(_row(name, one, recent, hours, notes) for name, one in fitted.items())),
        notes=(
            f"{recent.span}. The reference ({reference.title}) is the product's number; the others "
            "are alternatives for comparison and set nothing.",
            "GARCH family: past residuals replayed in their order from today's volatility over the "
            "horizon; regimes: the exact mixture over stormy bars. Log-likelihoods compare the "
            "alternatives only.",
            *notes,
        ),
    )


def _row(
    name: str, fitted: Model | Reason, recent: RecentReturns, hours: int, notes: list[str]
) -> tuple[Cell, ...]:
    if isinstance(fitted, Reason):
        return (name, *(None,) * 8, fitted.value)
    steps = max(1, round(hours * recent.bars_per_day / 24.0))
    annual = math.sqrt(365.0 * recent.bars_per_day)
    try:
        long, short = _losses(fitted, steps)
        why = None
    except PlimsollError as error:
        notes.append(failure(name, error))
        long, short, why = None, None, Reason.FIT_FAILED.value
    if isinstance(fitted, FittedSwitching):
        persistence = fitted.stay_calm + fitted.stay_storm - 1.0
        now, rule = fitted.volatility, "free"
        binding = ", ".join(fitted.bounds_reached)
    else:
        persistence, now = fitted.parameters.persistence, math.sqrt(fitted.variance_next)
        rule = f"{fitted.persistence_rule} at {fitted.persistence_limit:g}"
        binding = ", ".join(fitted.status)
    return (
        name,
        persistence,
        _half_life(persistence, recent),
        fitted.log_likelihood,
        now * annual,
        long,
        short,
        rule,
        binding or "none",
        why,
    )


def _losses(fitted: Model, steps: int) -> tuple[float, float]:
    """Loss of a long and of a short, shares of notional of a linear contract."""
    if isinstance(fitted, FittedSwitching):
        law = fitted.forecast(steps)
        # One mean for both regimes and a symmetric law: the two quantiles mirror each other.
        fall = law.value_at_risk(CONFIDENCE)
        rise = fall + 2.0 * law.mean
    else:
        moves = replayed_moves(fitted, steps)
        low, high = np.quantile(moves, (1.0 - CONFIDENCE, CONFIDENCE))
        fall, rise = -float(low), float(high)
    return -math.expm1(-fall), math.expm1(rise)


def _half_life(persistence: float, recent: RecentReturns) -> float | None:
    """Hours until half of a shock to the variance is gone; none where it never goes."""
    if not 0.0 < persistence < 1.0:
        return None
    return math.log(0.5) / math.log(persistence) * 24.0 / recent.bars_per_day


def _parameters(fitted: dict[str, Model | Reason]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    notes = [
        "Errors by sandwich (Bollerslev and Wooldridge); nominal "
        "where a constraint binds. EGARCH: alpha is the size term, gamma the sign term; negative "
        "gamma: falls raise volatility."
    ]
    for name, one in fitted.items():
        if isinstance(one, Reason):
            rows.append((name, None, None, None, None, one.value))
            continue
        values, errors, why = _estimates(one)
        if why:
            notes.append(f"{name}: no standard errors; {why}")
        rows += [
            (name, key, *_scaled(one, key, values[key], errors.get(key)), None)
            for key in _PARAMETERS
            if key in values
        ]
    return Table(
        name="volatility_parameters",
        title="Parameters of the alternatives",
        columns=(
            Column(name="model", title="Model"),
            Column(name="parameter", title="Parameter"),
            _number("value", "Value", "In the unit that follows.", digits=4),
            _number("se", "s.e.", "By sandwich.", digits=4),
            Column(name="unit", title="Unit", about="Of returns of a bar; empty: none."),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _scaled(
    fitted: Model, name: str, value: float, error: float | None
) -> tuple[float, float | None, str | None]:
    """Value, error and unit as printed: variances in per cent squared, volatilities in per cent."""
    scale, unit = _UNITS.get(name, (1.0, None))
    if name == "omega" and isinstance(fitted, FittedEgarch):
        scale, unit = 1.0, "log variance"
    return scale * value, None if error is None else scale * error, unit


def _estimates(fitted: Model) -> tuple[dict[str, float], dict[str, float], str]:
    """Values and standard errors by name, and why there are none of the latter."""
    if isinstance(fitted, FittedSwitching):
        values = {k: float(v) for k, v in fitted.parameters().items()}
    else:
        values = {k: float(v) for k, v in asdict(fitted.parameters).items()}
    if isinstance(fitted, FittedGarch) and not fitted.asymmetric:
        del values["gamma"]
    try:
        if isinstance(fitted, FittedSwitching):
            return values, {k: float(v) for k, v in fitted.standard_errors().items()}, ""
        found = asdict(fitted.standard_errors())
    except PlimsollError as error:
        return values, {}, str(error)
    return values, {k: float(v) for k, v in found.items() if np.isfinite(v)}, ""


def _why(recent: RecentReturns) -> str | None:
    return None if recent.reason is None else recent.reason.value


def _share(name: str, title: str, about: str) -> Column:
    return Column(name=name, title=title, kind=K.FRACTION, about=about)


def _number(name: str, title: str, about: str, unit: str = "", digits: int = 3) -> Column:
    return Column(name=name, title=title, kind=K.NUMBER, unit=unit, digits=digits, about=about)
