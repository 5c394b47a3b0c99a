"""The same rule on the first weeks of past listings, walk-forward: what it was worth.

Past listings are judged from the age that the coin has now to the end of youth. Their opening is
not like their weeks: on the first three days one move in sixteen of true listings breaks a 99 %
margin (27 listings, any horizon up to 8 h). A coin therefore bears a factor, never below 1: the
quantile of loss over margin of past listings at its age, each of these judged by the others'.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.tail_moves import upper_quantile
from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.calibration.listing.young_risk import ListingRisk
from plimsoll.calibration.risk_paths import SIDES, loss_of_move, losses_of_moves
from plimsoll.domain.evidence import Check, CoverageSeries, Verdict
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS
from plimsoll.validation.pooled import PooledCoverage, pooled_coverage
from plimsoll.validation.walk_forward import at_starts, realised_moves

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

OPENING_DAYS = 3.0
"""Younger than this, a coin's moves are not like its weeks."""
LEAST_LISTINGS = 5
BLOCK_DAYS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListingProof:
    """Margins of young markets against what came, over the coin's close-out horizon.

    Parameters
    ----------
    start_ns : (S,) int64
    age_days : (S, N) float64
    from_age : float
        Past listings are judged from this age on.
    margin, loss : (S, N, 2) float64
        NaN where a market was not young, or has no price.
    markets : tuple of N str
    own : int
        Column of the coin.
    horizon_ns : int
    """

    start_ns: NDArray[np.int64]
    age_days: FloatArray
    from_age: float
    margin: FloatArray
    loss: FloatArray
    markets: tuple[str, ...]
    own: int
    horizon_ns: int

    @property
    def scored(self) -> BoolArray:
        """(S, N, 2) margin and loss are known, at an age that counts; all ages of the coin."""
        known = np.isfinite(self.margin) & np.isfinite(self.loss)
        old = self.age_days >= self.from_age
        old[:, self.own] = True
        return np.asarray(known & old[:, :, None])

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
        age_days=at_starts(path.age_days, path.time_ns, moves.start_ns),
        from_age=risk.age_days,
        margin=at_starts(held, path.time_ns, moves.start_ns),
        loss=loss,
        markets=history.markets,
        own=history.column(request.market),
        horizon_ns=moves.horizon_ns,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearntFactor:
    """What every risk of a coin is multiplied by, never below 1.

    Parameters
    ----------
    factor, error : float
        1 where past listings needed no more, or are too few to say.
    listings : int
        Past listings behind it; 0: too few.
    ages : str
        Of theirs, in words.
    """

    factor: float = 1.0
    error: float = 0.0
    listings: int = 0
    ages: str = ""


def factor_of(proof: ListingProof, confidence: float, seed: int) -> LearntFactor:
    """Return the quantile of loss over margin of past listings at the ages that concern the coin.

    Its opening where it is in it, else from its age to the end of youth.
    """
    opening = proof.from_age < OPENING_DAYS
    ratios = _ratios(proof, opening=opening)
    if len(ratios) < LEAST_LISTINGS:
        return LearntFactor()
    block = 2 * BLOCK_DAYS * max(1, DAY_NS // proof.horizon_ns)
    pooled = np.concatenate(list(ratios.values()))
    found = upper_quantile(pooled, confidence, block=block, seed=seed)
    return LearntFactor(
        factor=max(found.value, 1.0),
        error=found.standard_error if found.value > 1.0 else 0.0,
        listings=len(ratios),
        ages="in their first three days" if opening else f"from {proof.from_age:.0f} days on",
    )


def with_factors(proof: ListingProof, confidence: float) -> ListingProof:
    """Return the proof with margins as they would be published: times the others' factors."""
    margin = proof.margin.copy()
    for opening in (True, False):
        ratios = _ratios(proof, opening=opening)
        if len(ratios) < LEAST_LISTINGS:
            continue
        for column in range(len(proof.markets)):
            others = [r for other, r in ratios.items() if other != column]
            factor = max(float(np.quantile(np.concatenate(others), confidence)), 1.0)
            margin[_ages(proof, opening)[:, column], column] *= factor
    return replace(proof, margin=margin)


def _ages(proof: ListingProof, opening: bool) -> BoolArray:
    """(S, N) ages of the opening, or those after it from the coin's own on."""
    if opening:
        return np.asarray((proof.age_days >= 0.0) & (proof.age_days < OPENING_DAYS))
    return np.asarray(proof.age_days >= max(proof.from_age, OPENING_DAYS))


def _ratios(proof: ListingProof, *, opening: bool) -> dict[int, FloatArray]:
    """Loss over margin of each past listing at those ages, by column, in time order."""
    ages = _ages(proof, opening)
    ratio = np.where(ages[:, :, None], proof.loss / proof.margin, np.nan)
    found = {}
    for column in range(len(proof.markets)):
        known = ratio[:, column][np.isfinite(ratio[:, column])]
        if known.size and column != proof.own:
            found[column] = known
    return found


def proof_check(request: ListingRequest, proof: ListingProof) -> Check:
    """Pooled coverage of past listings; too few of them, or of their days, prove nothing."""
    gate, name = request.problem.gate, "Coverage of past listings, walk-forward"
    target = 1.0 - request.problem.maintenance_level
    demanded = (
        f"{target:.2%} breaches at ages of {proof.from_age:.0f} days and more, not rejected at "
        f"{gate.significance:.0%}; {LEAST_LISTINGS} listings, {gate.minimum_scored_days} days"
    )
    found = proof.pooled(target)
    if found is None:
        return Check(
            name=name, verdict=Verdict.NOT_PROVEN, found="no past listing scored", demanded=demanded
        )
    verdict = Verdict.HOLDS if found.p_too_many >= gate.significance else Verdict.BREACH
    short = verdict is Verdict.HOLDS and proof.days() < gate.minimum_scored_days
    if short or proof.listings() < LEAST_LISTINGS:
        verdict = Verdict.NOT_PROVEN
    return Check(
        name=name,
        verdict=verdict,
        found=f"{found.breach_rate:.2%} (s.e. {found.standard_error:.2%}) of "
        f"{found.observations:,} horizons of {proof.listings()} listings on {proof.days()} days, "
        f"p = {found.p_too_many:.3f}",
        demanded=demanded,
    )
