"""Netting sets and the dynamics of what they depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.errors import ParameterError, UsageError
from plimsoll.maths.exposure_paths import CALL, FORWARD, PUT, CoinPaths, NettedTrades

FloatArray = NDArray[np.float64]


class TradeKind(StrEnum):
    """What a trade pays."""

    FORWARD = "forward"  # spot less the agreed price: forwards, futures, perpetuals, spot
    CALL = "call"
    PUT = "put"

    @property
    def code(self) -> int:
        """Of the kernels in `plimsoll.maths.exposure_paths`."""
        return {TradeKind.FORWARD: FORWARD, TradeKind.CALL: CALL, TradeKind.PUT: PUT}[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One trade, seen by the party that measures its exposure.

    Parameters
    ----------
    kind : TradeKind
    coin : str
    quantity : float
        Coins, signed; positive: the measuring party is long.
    strike : float
        Agreed price or strike, in dollars; not negative, positive for options.
    expiry_years : float
        When it is settled and leaves the set; infinite for perpetuals and spot.
    carry_annual : float
        Growth of the forward over spot, continuously compounded.
    vol_annual : float
        At which an option is valued along the paths.

    Raises
    ------
    UsageError
    """

    kind: TradeKind
    coin: str
    quantity: float
    strike: float
    expiry_years: float = float("inf")
    carry_annual: float = 0.0
    vol_annual: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", chosen(TradeKind, self.kind, "kind"))
        option = self.kind is not TradeKind.FORWARD
        dated = np.isfinite(self.expiry_years)
        self._require("quantity", bool(np.isfinite(self.quantity)), "finite")
        least = np.nextafter(0.0, 1.0) if option else 0.0
        self._require("strike", least <= self.strike < np.inf, "positive, or 0 for a forward")
        self._require("expiry_years", self.expiry_years > 0.0, "positive")
        self._require("expiry_years", dated or not option, "finite for an option")
        self._require("vol_annual", 0.0 <= self.vol_annual < np.inf, "finite and not negative")
        self._require("carry_annual", bool(np.isfinite(self.carry_annual)), "finite")
        self._require(
            "carry_annual", dated or self.carry_annual == 0.0, "0 for what is never settled"
        )

    def _require(self, name: str, good: bool, must: str) -> None:
        if not good:
            raise UsageError(f"must be {must}", found=getattr(self, name), field=f"Trade.{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NettingSet:
    """Trades that net against each other at close-out.

    Parameters
    ----------
    trades : tuple of Trade
    cash_usd : float
        Owed to the measuring party whatever happens; negative: owed by it.
    payoffs_stay : bool
        Whether what a settled trade paid stays in the value, as it does in an account's equity, or
        leaves with it, as where it is paid out.
    """

    trades: tuple[Trade, ...]
    cash_usd: float = 0.0
    payoffs_stay: bool = False

    def columns(self, coins: Sequence[str]) -> NettedTrades:
        """Return the trades as kernels take them.

        Raises
        ------
        UsageError
            For a coin that the dynamics do not have.
        """
        missing = sorted({t.coin for t in self.trades} - set(coins))
        if missing:
            raise UsageError("must have dynamics", found=missing, field="coins")
        held = self.trades
        return NettedTrades(
            np.array([t.kind.code for t in held], dtype=np.int64),
            np.array([coins.index(t.coin) for t in held], dtype=np.int64),
            np.array([t.quantity for t in held], dtype=np.float64),
            np.array([t.strike for t in held], dtype=np.float64),
            np.array([t.expiry_years for t in held], dtype=np.float64),
            np.array([t.carry_annual for t in held], dtype=np.float64),
            np.array([t.vol_annual for t in held], dtype=np.float64),
            float(self.cash_usd),
            self.payoffs_stay,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoinDynamics:
    """Correlated geometric Brownian motions of J coins.

    Parameters
    ----------
    coins : tuple of J str
    spot, vol_annual : (J,) float64
    drift_annual : (J,) float64, optional
        Default: none.
    correlation : (J, J) float64, optional
        Default: the identity, for one coin only.

    Raises
    ------
    ParameterError
        For spots that are not positive, negative volatilities, and a matrix that is no correlation
        matrix or missing where there are several coins.
    """

    coins: tuple[str, ...]
    spot: FloatArray
    vol_annual: FloatArray
    drift_annual: FloatArray | None = None
    correlation: FloatArray | None = None

    def __post_init__(self) -> None:
        count = len(self.coins)
        drift = np.zeros(count) if self.drift_annual is None else self.drift_annual
        object.__setattr__(self, "drift_annual", np.asarray(drift, dtype=np.float64))
        if self.correlation is None and count > 1:
            raise ParameterError("must be given for several coins", field="correlation")
        matrix = np.eye(count) if self.correlation is None else self.correlation
        object.__setattr__(self, "correlation", np.asarray(matrix, dtype=np.float64))
        self._check(count)

    def paths(self) -> CoinPaths:
        """Return the dynamics as kernels take them."""
        assert self.drift_annual is not None
        assert self.correlation is not None
        return CoinPaths(
            np.array(self.spot, dtype=np.float64),
            np.array(self.drift_annual),
            np.array(self.vol_annual, dtype=np.float64),
            _lower_root(self.correlation),
        )

    def _check(self, count: int) -> None:
        for name in ("spot", "vol_annual", "drift_annual"):
            column = np.asarray(getattr(self, name), dtype=np.float64)
            if np.shape(column) != (count,) or not bool(np.all(np.isfinite(column))):
                raise ParameterError(f"must be {count} finite numbers", found=column, field=name)
        if bool(np.any(self.spot <= 0.0)) or bool(np.any(self.vol_annual < 0.0)):
            raise ParameterError("must be positive", found=self.spot.tolist(), field="spot, vol")
        matrix = np.asarray(self.correlation)
        square = matrix.shape == (count, count)
        if not square or bool(np.any(matrix != matrix.T)) or bool(np.any(np.diag(matrix) != 1.0)):
            raise ParameterError(
                "must be symmetric with ones on the diagonal", found=matrix, field="correlation"
            )


def _lower_root(correlation: FloatArray) -> FloatArray:
    """Lower triangle L with L L' = correlation, of any rank.

    Raises
    ------
    ParameterError
        For a negative eigenvalue.
    """
    values, vectors = np.linalg.eigh(correlation)
    if values.min(initial=0.0) < -1e-10 * len(values):
        raise ParameterError(
            "must not have a negative eigenvalue", found=float(values.min()), field="correlation"
        )
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    upper = np.asarray(np.linalg.qr(root.T, mode="r"), dtype=np.float64)
    signs = np.where(np.diag(upper) < 0.0, -1.0, 1.0)
    out: FloatArray = np.ascontiguousarray(upper.T * signs)
    return out
