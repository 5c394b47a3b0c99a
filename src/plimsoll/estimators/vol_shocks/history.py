"""Features of one pair's surfaces over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError, UsageError
from plimsoll.estimators.implied.features import SurfaceFeatures

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeatureHistory:
    """Spot and surface features of N instants at T constant maturities.

    Parameters
    ----------
    subject : str
        The coin.
    at_ns : (N,) int64
        UTC, rising.
    tenors_days : (T,) float64
        Rising, positive.
    spot : (N,) float64
        Quote currency, positive.
    atm_vol, skew, curvature : (N, T) float64
        As in `SurfaceFeatures`: sigma, d sigma/dk, d2 sigma/dk2 at the money forward; NaN where a
        maturity had none.

    Raises
    ------
    DataFormatError
        For columns that do not fit, times or tenors that do not rise, or a spot or volatility
        that is not positive.
    """

    subject: str
    at_ns: IntArray
    tenors_days: FloatArray
    spot: FloatArray
    atm_vol: FloatArray
    skew: FloatArray
    curvature: FloatArray

    def __post_init__(self) -> None:
        shape = (self.at_ns.size, self.tenors_days.size)
        for name in ("atm_vol", "skew", "curvature"):
            if getattr(self, name).shape != shape:
                raise DataFormatError(
                    f"must be (times, tenors) = {shape}",
                    found=getattr(self, name).shape,
                    field=name,
                )
        for name in ("at_ns", "tenors_days"):
            if not bool(np.all(np.diff(getattr(self, name)) > 0)):
                raise DataFormatError("must rise", found="values that do not", field=name)
        if self.spot.shape != self.at_ns.shape or not bool(np.all(self.spot > 0.0)):
            raise DataFormatError(
                f"must be {self.at_ns.size} positive prices", found=self.spot.shape, field="spot"
            )
        if bool(np.any(self.tenors_days <= 0.0)) or bool(np.any(self.atm_vol <= 0.0)):
            raise DataFormatError("tenors and volatilities must be positive", found="others")
        for name in ("at_ns", "tenors_days", "spot", "atm_vol", "skew", "curvature"):
            getattr(self, name).setflags(write=False)

    def __len__(self) -> int:
        return int(self.at_ns.size)

    def take(self, rows: IntArray | NDArray[np.bool_]) -> FeatureHistory:
        """Return the instants at ``rows``."""
        return replace(
            self,
            at_ns=self.at_ns[rows],
            spot=self.spot[rows],
            atm_vol=self.atm_vol[rows],
            skew=self.skew[rows],
            curvature=self.curvature[rows],
        )

    def before(self, time_ns: int) -> FeatureHistory:
        """What was seen strictly before ``time_ns``: the only window a decision then may use."""
        return self.take(self.at_ns < time_ns)


def feature_history(subject: str, features: Sequence[SurfaceFeatures]) -> FeatureHistory:
    """Stack features of one pair, all at the same tenors, in time order.

    Raises
    ------
    UsageError
        For no features, or features at different tenors.
    DataFormatError
        As `FeatureHistory`.
    """
    if not features:
        raise UsageError("must be at least one", found=0, field="features")
    days = [f.tau_years * 365.0 for f in features]
    if any(a.shape != b.shape or not np.allclose(a, b, rtol=1e-9) for a, b in pairwise(days)):
        raise UsageError(
            "must be at the same constant tenors", found="different ones", field="features"
        )
    return FeatureHistory(
        subject=subject,
        at_ns=np.array([f.at_ns for f in features], dtype=np.int64),
        tenors_days=np.round(days[0], 9),
        spot=np.array([f.index for f in features]),
        atm_vol=np.array([f.atm_vol for f in features]),
        skew=np.array([f.skew for f in features]),
        curvature=np.array([f.curvature for f in features]),
    )
