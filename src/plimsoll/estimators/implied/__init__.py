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

from importlib import import_module
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

_MODULES = {
    "delta_strikes": (
        "absolute_delta",
        "log_moneyness_at_delta",
    ),
    "features": (
        "FeatureReason",
        "SurfaceFeatures",
        "expiry_features",
        "surface_features",
    ),
    "realised": (
        "PricePath",
        "RealisedVariance",
        "following_variance",
        "realised_variance",
        "trailing_variance",
    ),
    "risk_premium": (
        "PremiumSummary",
        "VarianceRiskPremium",
        "summarise_premium",
        "variance_risk_premium",
    ),
    "smile_strip": ("smile_strip_variance",),
    "term_structure": (
        "TermStructure",
        "constant_maturity_term_structure",
        "expiry_term_structure",
        "term_slope",
    ),
    "variance_strip": (
        "StripReason",
        "StripVariance",
        "Truncation",
        "flat_vol_tail",
        "strip_variance",
    ),
    "vol_index": (
        "IndexReason",
        "VolIndex",
        "expiry_strip",
        "surface_vol_index",
    ),
}

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

_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
