"""What a short history says together with its peers: Bayesian learning and pooling.

Names stand in `catalogue`, imported on first use (PEP 562).

- `conjugate`: one market's mean and variance, learnt online in constant time.
- `covariates`, `hierarchy`: levels of many markets drawn from one population, fast.
- `student_posterior`: scale and tail of one market by likelihood and by Bayes, side by side.
- `young_market`, `young_assessment`: margins of listings, walking forward and at one instant.
- `activity`, `listing_panel`, `peer_admission`, `listing_level`, `volatility_link`,
  `scaled_moves`, `pooled_tail`: their parts.
- `chain_diagnostics`: whether Markov chains are fit to be used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.pooling.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.pooling.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
