"""How markets move together: covariances, DCC, copulas, factors, stress.

Names stand in `catalogue`, imported on first use (PEP 562).

- `covariance`, `ewma_covariance`, `pairwise_covariance`: sample, Ledoit-Wolf, OAS; exponentially
  weighted, batch and stream; panels with holes, and the nearest correlation.
- `dcc`, `fitted_dcc`: correlations that move, by two steps; likelihood of pairs for hundreds.
- `t_copula`, `gaussian_copula`, `rank_correlation`, `tail_dependence`: dependence of ranks.
- `factor_model`: a few factors and what is left, for hundreds of markets, young ones included.
- `correlation_stress`: moved to one and to nothing, and collateral against positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.dependence.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.dependence.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
