"""Historical, normal and Cornish-Fisher measures of a window of losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.tails.cornish_fisher import sample_moments
from plimsoll.maths.cornish_fisher import (
    cornish_fisher_expected_shortfall,
    cornish_fisher_value_at_risk,
)
from plimsoll.measures import Convention, expected_shortfall, value_at_risk

Vector = NDArray[np.float64]


def window_measures(losses: Vector, levels: Sequence[str]) -> Mapping[str, Any]:
    """All measures of ``losses`` (positive = loss) at each level, and the returns' moments."""
    moments = sample_moments(-losses)
    normal = (*moments[:2], 0.0, 0.0)  # of which Cornish-Fisher is the normal law itself
    names = ("mean", "sd_ddof0", "skew_biased", "exkurt_biased")
    found: dict[str, Any] = {"moments": dict(zip(names, moments, strict=True))}
    for level in levels:
        c = float(level)
        type7 = value_at_risk(losses, c, convention=Convention.TYPE7).value
        found[level] = {
            "hist_VaR_type7": type7,
            "hist_VaR_inverted_cdf": value_at_risk(losses, c).value,
            "hist_VaR_type8": value_at_risk(losses, c, convention=Convention.TYPE8).value,
            "hist_ES_acerbi": expected_shortfall(losses, c).value,
            "hist_ES_mean_ge_type7": losses[losses >= type7].mean(),
            "normal_VaR": cornish_fisher_value_at_risk(c, *normal),
            "normal_ES": cornish_fisher_expected_shortfall(c, *normal),
            "CF_VaR": cornish_fisher_value_at_risk(c, *moments),
            "CF_ES_integral": cornish_fisher_expected_shortfall(c, *moments),
        }
    return found
