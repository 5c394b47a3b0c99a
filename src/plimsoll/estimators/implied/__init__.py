"""What implied volatility says: features of surfaces, a model-free index, risk premia.

Names are imported on first use (PEP 562).

- `features`: level, skew, curvature, risk reversals and butterflies at constant maturity.
- `term_structure`: levels, slopes, forward variance between expiries.
- `variance_strip`, `smile_strip`, `vol_index`: model-free variance by strip, and the index. The
  function `vol_index` shares its module's name: import it from there.
- `realised`, `risk_premium`: realised volatility, and what implied paid over it.
- `delta_strikes`: strikes at deltas, of many smiles at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.implied.delta_strikes import absolute_delta, log_moneyness_at_delta
    from plimsoll.estimators.implied.features import (
        FeatureReason,
        SurfaceFeatures,
        expiry_features,
        surface_features,
    )
    from plimsoll.estimators.implied.realised import (
        PricePath,
        RealisedVariance,
        following_variance,
        realised_variance,
        trailing_variance,
    )
    from plimsoll.estimators.implied.risk_premium import (
        PremiumSummary,
        VarianceRiskPremium,
        summarise_premium,
        variance_risk_premium,
    )
    from plimsoll.estimators.implied.smile_strip import smile_strip_variance
    from plimsoll.estimators.implied.term_structure import (
        TermStructure,
        constant_maturity_term_structure,
        expiry_term_structure,
        term_slope,
    )
    from plimsoll.estimators.implied.variance_strip import (
        StripReason,
        StripVariance,
        Truncation,
        flat_vol_tail,
        strip_variance,
    )
    from plimsoll.estimators.implied.vol_index import (
        IndexReason,
        VolIndex,
        expiry_strip,
        surface_vol_index,
    )

__all__ = [
    "FeatureReason",
    "IndexReason",
    "PremiumSummary",
    "PricePath",
    "RealisedVariance",
    "StripReason",
    "StripVariance",
    "SurfaceFeatures",
    "TermStructure",
    "Truncation",
    "VarianceRiskPremium",
    "VolIndex",
    "absolute_delta",
    "constant_maturity_term_structure",
    "expiry_features",
    "expiry_strip",
    "expiry_term_structure",
    "flat_vol_tail",
    "following_variance",
    "log_moneyness_at_delta",
    "realised_variance",
    "smile_strip_variance",
    "strip_variance",
    "summarise_premium",
    "surface_features",
    "surface_vol_index",
    "term_slope",
    "trailing_variance",
    "variance_risk_premium",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from plimsoll.estimators.implied import catalogue

    return getattr(catalogue, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
