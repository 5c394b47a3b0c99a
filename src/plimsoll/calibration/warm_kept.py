"""From a finished calibration to the state kept warm, and from bars to the days after it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.blend_risk import MarketLegs
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.panel_paths import Leg
from plimsoll.calibration.warm_panel import WarmPanel, check_warm, fitted_legs, last_day
from plimsoll.calibration.warm_panel_losses import DailyVolatilities
from plimsoll.calibration.warm_policy import (
    MarketDays,
    WarmPolicy,
    daily_losses,
    kept_policy,
    policy_leg,
)
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.domain.ports import SILENT, Executor, Progress
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel

FloatArray = NDArray[np.float64]


def kept_warm(
    proof: Proof,
    lent: MarketHistory | None,
    sources: dict[str, str],
    policy: str | None,
    executor: Executor,
    progress: Progress = SILENT,
) -> WarmPanel:
    """Return the state that a calibration leaves.

    Parameters
    ----------
    proof : Proof
    lent : MarketHistory or None
        All markets that inform the forecaster, where there are more than are calibrated.
    sources : dict of str to str
        Ticker of each calibrated column.
    policy : str or None
        Name of the margin policy in force; None where no appetite is stated.

    Raises
    ------
    ParameterError
        Where the model, a correction, a tool or the policy needs more of the past.
    """
    problem = proof.problem
    by_symbol = {spec.symbol: spec for spec in problem.markets}
    markets = proof.paths.markets
    check_warm(problem, policy)
    legs = MarketLegs.of(markets, problem, proof.class_of)
    panel = returns_panel(lent or proof.history)
    return WarmPanel(
        problem=problem,
        specs={market: by_symbol[sources.get(market, market)] for market in markets},
        legs=legs,
        policy=None if policy is None else _policy(proof, policy, panel, legs),
        fitted=fitted_legs(panel, legs.all, executor, progress),
        paths=last_day(proof.paths),
        outages=proof.outages,
    )


def _policy(proof: Proof, name: str, panel: ReturnsPanel, legs: MarketLegs) -> WarmPolicy | None:
    policy, chosen = kept_policy(name, 1.0 - proof.problem.maintenance_level), proof.chosen
    if policy is None or chosen is None:
        return None
    columns = [panel.markets.index(market) for market in proof.paths.markets]
    losses = daily_losses(panel, [leg.horizon_hours for leg in legs.all])

    def past(mine: tuple[Leg, ...]) -> tuple[NDArray[np.int64], FloatArray]:
        hours = [leg.horizon_hours for leg in mine]
        return np.array(hours, dtype=np.int64), np.stack(
            [losses[h][:, j] for h, j in zip(hours, columns, strict=True)], axis=1
        )

    before, after = chosen.before, proof.paths
    hours, loss = past(legs.maintenance)
    reaction = None
    if not np.array_equal(before.reaction[-1], after.reaction[-1], equal_nan=True):
        reaction_hours, reaction_loss = past(legs.reaction)
        reaction = policy_leg(
            policy, reaction_hours, before.reaction, after.reaction, reaction_loss
        )
    return WarmPolicy(
        policy=policy,
        maintenance=policy_leg(policy, hours, before.maintenance, after.maintenance, loss),
        reaction=reaction,
    )


def taken(
    state: WarmPanel, panel: ReturnsPanel, market: str
) -> tuple[WarmPanel, MarketDays, DailyVolatilities]:
    """Take the bars of a panel that follow the state, one by one.

    Parameters
    ----------
    panel : ReturnsPanel
        Of the pool's markets, in their order; begins before the state stands, far enough for the
        longest move, and ends at a midnight.
    market : str
        Whose midnights are gathered. Only its own horizons are taken further, and the close-outs
        of all, which say how volatile each market is: the state that comes back is that market's.
    """
    available = panel.records[0].available_ns
    column, place = state.paths.markets.index(market), panel.markets.index(market)
    legs = (state.legs.maintenance[column], state.legs.reaction[column])
    hours = [leg.horizon_hours for leg in legs]
    needed = dict.fromkeys((*legs, *state.legs.maintenance))
    state = replace(state, fitted={leg: state.fitted[leg] for leg in needed})
    # Only a policy asks for past losses.
    losses = {} if state.policy is None else daily_losses(panel, hours)
    rows: list[FloatArray] = []
    midnights, volatilities = [int(state.paths.time_ns[-1])], [state.paths.volatility_daily[-1]]
    for bar in np.flatnonzero(available > state.time_ns).tolist():
        state = state.update(panel.price[:, bar])
        if state.time_ns % DAY_NS:
            continue
        midnights.append(state.time_ns)
        volatilities.append(state.volatilities())
        if state.policy is not None:
            row = int(np.searchsorted(panel.time_ns, state.time_ns))
            known = np.array([losses[h][row, place] for h in hours])
            rows.append(np.stack([state.forecast(column), known], axis=1))
    gathered = np.array(rows).reshape(-1, 2, 2, 2)
    return (
        state,
        MarketDays(maintenance=gathered[:, 0], reaction=gathered[:, 1]),
        DailyVolatilities(
            time_ns=np.array(midnights, dtype=np.int64), daily=np.array(volatilities)
        ),
    )
