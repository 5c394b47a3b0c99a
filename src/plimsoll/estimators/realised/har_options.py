"""Choices of a heterogeneous autoregression, by name."""

from __future__ import annotations

from enum import StrEnum


class HarScale(StrEnum):
    """Scale on which the regression is linear.

    Averages are taken of variances and then transformed: the log of a mean, not the mean of logs.
    """

    VARIANCE = "variance"
    SQUARE_ROOT = "square_root"
    LOG = "log"


class HarRegressors(StrEnum):
    """What the regression looks at, each averaged over the days of ``lags_days``.

    ``plain``: RV (Corsi, 2009). ``jumps``: and the jump part of the last day (HAR-J).
    ``continuous_jumps``: continuous and jump part apart, each averaged (HAR-CJ; Andersen,
    Bollerslev and Diebold, 2007). ``semivariance``: of the last day, falls and rises apart (Patton
    and Sheppard, 2015).
    """

    PLAIN = "plain"
    JUMPS = "jumps"
    CONTINUOUS_JUMPS = "continuous_jumps"
    SEMIVARIANCE = "semivariance"


class HarWeights(StrEnum):
    """Weights of the squared errors.

    ``equal``: OLS. ``inverse_long``: WLS, one over the mean variance of the longest lag, known when
    the forecast is made: errors of variances grow with their level.
    """

    EQUAL = "equal"
    INVERSE_LONG = "inverse_long"


class BiasCorrection(StrEnum):
    """From the mean on the scale of the regression to the mean of the variance.

    ``normal``: ``exp(f + s^2 / 2)`` of logs with residual variance s^2 (exact for normal errors),
    ``f^2 + s^2`` of square roots (exact for any). ``smearing``: the mean over the residuals of what
    each would give (Duan, 1983). ``none``: the median of a symmetric law.
    """

    NORMAL = "normal"
    SMEARING = "smearing"
    NONE = "none"


class InsanityFilter(StrEnum):
    """What replaces a forecast outside the range of the targets it was estimated on.

    ``clip``: the nearer end. ``mean``: the mean target ("ignorance over insanity", Swanson and
    White, 1997). ``none``: nothing does, and a variance may be negative on its own scale.
    """

    CLIP = "clip"
    MEAN = "mean"
    NONE = "none"
