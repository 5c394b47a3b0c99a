"""What bars within the day say: realised variance, its season by hour, its autoregression.

Names stand in `catalogue`, imported on first use (PEP 562).

- `blocks`, `measures`, `noise_robust`: RV, bipower, MedRV, MinRV, quarticity, jumps, semivariances
  by day or other block; subsampled variance and a realised kernel for minutes.
- `seasonality`, `seasonal_factors`: factors of variance by hour of the week.
- `har`, `fitted_har`, `har_forecasts`, `variance_record`: heterogeneous autoregression.
- `forecast_evaluation`: QLIKE, squared error, Mincer-Zarnowitz.
- `trading_hours`, `session_volatility`: assets with closed hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plimsoll.estimators.realised.catalogue import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        if name == "__all__" or not name.startswith("__"):
            import plimsoll.estimators.realised.catalogue as names

            if name == "__all__" or name in names.__all__:
                return getattr(names, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
