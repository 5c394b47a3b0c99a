"""What a Pareto tail of shape xi cannot answer, refused in one wording."""

from __future__ import annotations

from plimsoll.errors import EstimationError, ParameterError


def check_mean_exists(xi: float) -> None:
    """Refuse an expected shortfall where the tail has no mean.

    Raises
    ------
    EstimationError
        ``xi >= 1``.
    """
    if xi >= 1.0:
        raise EstimationError(
            "expected shortfall needs a tail shape xi below 1",
            found=xi,
            remedy="use value-at-risk with a stress scenario",
        )


def check_within_tail(confidence: float, share: float, *, start: str, wider: str) -> None:
    """Refuse a confidence below the tail, where it says nothing, or not below 1.

    Parameters
    ----------
    confidence : float
    share : float
        Of the observations, in the tail.
    start : str
        What the tail begins at.
    wider : str
        How to have more of it.

    Raises
    ------
    ParameterError
    """
    if not 1.0 - share <= confidence < 1.0:
        raise ParameterError(
            f"must lie in [{1.0 - share:.6g}, 1), beyond the {start}",
            found=confidence,
            remedy=f"ask the empirical distribution, or {wider}",
            field="confidence",
        )
