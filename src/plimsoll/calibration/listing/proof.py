"""The same rule on the first weeks of past listings, walk-forward: what it was worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.calibration.listing.young_risk import ListingRisk
from plimsoll.calibration.risk_paths import SIDES, loss_of_move, losses_of_moves
from plimsoll.domain.evidence import Check, CoverageSeries, Verdict
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS
from plimsoll.validation.pooled import PooledCoverage, pooled_coverage
from plimsoll.validation.walk_forward import at_starts, realised_moves

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingProof:
    """Margins of young markets against what came, over the coin's close-out horizon.

    Parameters
    ----------
    start_ns : (S,) int64
    margin, loss : (S, N, 2) float64
        NaN where a market was not young, or has no price.
    markets : tuple of N str
    own : int
        Column of the coin.
    horizon_ns : int
    """

    start_ns: NDArray[np.int64]
    margin: FloatArray
    loss: FloatArray
    markets: tuple[str, ...]
    own: int
    horizon_ns: int

    @property
    def scored(self) -> NDArray[np.bool_]:
        """(S, N, 2) margin and loss are known."""
        return np.isfinite(self.margin) & np.isfinite(self.loss)

    def pooled(self, target: float, *, own: bool = False) -> PooledCoverage | None:
        """Coverage of the past listings together, or of the coin's own days; None: no score."""
        scored = self.scored.copy()
        chosen = np.arange(len(self.markets)) == self.own
        scored[:, ~chosen if own else chosen] = False
        if not scored.any():
            return None
        broke = scored & (self.loss > self.margin)
        flat = (self.start_ns.size, -1)
        return pooled_coverage(
            broke.reshape(flat), scored.reshape(flat), self.start_ns, self.horizon_ns, target
        )

    def mean_margin(self, *, own: bool = False) -> float:
        """Mean margin over what was scored."""
        chosen = (np.arange(len(self.markets)) == self.own) == own
        held = self.margin[:, chosen][self.scored[:, chosen]]
        return float(held.mean()) if held.size else float("nan")

    def listings(self) -> int:
        """Past listings that were scored."""
        return int(self.scored.any(axis=(0, 2)).sum() - self.scored[:, self.own].any())

    def days(self) -> int:
        """Days on which past listings were scored."""
        rows = np.delete(self.scored, self.own, axis=1).any(axis=(1, 2))
        return int(np.unique(self.start_ns[rows] // DAY_NS).size)

    def series(self, horizon_hours: int) -> tuple[CoverageSeries, ...]:
        """Series of the coin and of every past listing."""
        found = []
        for column, market in enumerate(self.markets):
            for side, name in enumerate(SIDES):
                rows = np.flatnonzero(self.scored[:, column, side])
                if rows.size:
                    found.append(
                        CoverageSeries(
                            market=market,
                            side=name,
                            horizon=f"{horizon_hours} h",
                            time_ns=self.start_ns[rows],
                            margin=self.margin[rows, column, side],
                            loss=self.loss[rows, column, side],
                        )
                    )
        return tuple(found)


def listing_proof(request: ListingRequest, risk: ListingRisk) -> ListingProof:
    """Hold every young market's margin of each midnight against the moves of that day."""
    history, path = request.history, risk.path
    hours = request.risk_class.maintenance_horizon_hours
    moves = realised_moves(history, hours, int(path.time_ns[0]))
    payoffs = [request.payoff_of.get(market, Payoff.LINEAR) for market in history.markets]
    loss = np.stack(
        [
            loss_of_move(payoff, -moves.log_move[:, j], moves.log_move[:, j])
            for j, payoff in enumerate(payoffs)
        ],
        axis=1,
    )
    held, _ = losses_of_moves(
        path.log_move, np.zeros(path.log_move.shape), np.ones(path.volatility.shape), payoffs
    )
    return ListingProof(
        start_ns=moves.start_ns,
        margin=at_starts(held, path.time_ns, moves.start_ns),
        loss=loss,
        markets=history.markets,
        own=history.column(request.market),
        horizon_ns=moves.horizon_ns,
    )


def proof_check(request: ListingRequest, proof: ListingProof) -> Check:
    """Pooled coverage of past listings; too few days of them prove nothing."""
    gate, name = request.problem.gate, "Coverage of past listings, walk-forward"
    target = 1.0 - request.problem.maintenance_level
    demanded = (
        f"{target:.2%} breaches, not rejected at {gate.significance:.0%}, on "
        f"{gate.minimum_scored_days} days"
    )
    found = proof.pooled(target)
    if found is None:
        return Check(
            name=name, verdict=Verdict.NOT_PROVEN, found="no past listing scored", demanded=demanded
        )
    verdict = Verdict.HOLDS if found.p_too_many >= gate.significance else Verdict.BREACH
    if verdict is Verdict.HOLDS and proof.days() < gate.minimum_scored_days:
        verdict = Verdict.NOT_PROVEN
    return Check(
        name=name,
        verdict=verdict,
        found=f"{found.breach_rate:.2%} (s.e. {found.standard_error:.2%}) of "
        f"{found.observations:,} horizons of {proof.listings()} listings on {proof.days()} days, "
        f"p = {found.p_too_many:.3f}",
        demanded=demanded,
    )
