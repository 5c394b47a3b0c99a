"""Joint scenarios of spot, volatility surface and basis over the margin period.

    spot        daily moves of history, half filtered to today's volatility; in the stressed leg
                the moves of named crises as they were, from every few hours; with the way there
                by the hour, for what settles within the period
    level       log move of 30-day volatility: that of the same day where the index is known, else
                drift + slopes of the spot move (each way) + a residual drawn from the days that
                are known; another coin's answer is per standard deviation of its spot
    surface     cell = level (30 d / days)^p + a day's residual surface, of all coins together
    basis       a day's moves of forward over index, of all coins together; larger under stress

All of it from data before the cut-off. Weights: each leg's scenarios share the leg's weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.held_out import Window, starts_within, touches
from plimsoll.calibration.grids.spot_history import (
    SpotHistory,
    SpotMoves,
    blended_moves,
    spot_moves,
)
from plimsoll.calibration.grids.surface_cells import DAY_NS, TENOR_CENTRES_DAYS, SurfaceCells
from plimsoll.calibration.grids.vol_response import VolIndexHistory, VolResponse, vol_response
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_LARGEST_MOVE = 2.5
_WEEK_NS = 7 * DAY_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioSettings:
    """How the reference scenarios are made.

    Parameters
    ----------
    filter_share : float
        How far history is brought to today's volatility, in logs.
    stressed_weight : float
        Of the stressed leg; a quarter as in Article 28 (b) of the European standards (153/2013).
    stressed_every_hours : int
    basis_stress : float
        Factor of basis moves in the stressed leg: the chains are of calm months.
    seed : int
    """

    filter_share: float = 0.5
    stressed_weight: float = 0.25
    stressed_every_hours: int = 3
    basis_stress: float = 3.0
    seed: int = 20_260_208


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceScenarios:
    """S scenarios of C coins; all moves in logs.

    Parameters
    ----------
    coins : tuple of C str
    spot : (C, S) float64
    volatility : (C, S, T, K) float64
    basis : (C, S, T) float64
    weight : (S,) float64
        Sums to 1.
    cluster : (S,) int64
        Week of the start: what is drawn together in a bootstrap.
    stressed : (S,) bool
    path : (C, S, H + 1) float64 or None
        Spot from the start to each full hour of the period. None: what settles within the period
        does so at its end.
    """

    coins: tuple[str, ...]
    spot: FloatArray
    volatility: FloatArray
    basis: FloatArray
    weight: FloatArray
    cluster: IntArray
    stressed: BoolArray
    path: FloatArray | None = None

    def __len__(self) -> int:
        return int(self.weight.size)

    def only(self, chosen: BoolArray) -> ReferenceScenarios:
        """Some of the scenarios, their weights brought to 1."""
        return ReferenceScenarios(
            coins=self.coins,
            spot=self.spot[:, chosen],
            volatility=self.volatility[:, chosen],
            basis=self.basis[:, chosen],
            weight=self.weight[chosen] / self.weight[chosen].sum(),
            cluster=self.cluster[chosen],
            stressed=self.stressed[chosen],
            path=None if self.path is None else self.path[:, chosen],
        )


def reference_scenarios(
    history: SpotHistory,
    index: VolIndexHistory,
    surfaces: Sequence[SurfaceCells],
    *,
    stressed: Sequence[Window],
    held_out: Sequence[Window] = (),
    settings: ScenarioSettings | None = None,
) -> ReferenceScenarios:
    """Build the scenarios.

    Parameters
    ----------
    history : SpotHistory
        Up to the cut-off.
    index : VolIndexHistory
        Of the first coin.
    surfaces : sequence of SurfaceCells
        One a coin, in the order of the history's.
    stressed : sequence of Window
        Crises of the stressed leg; none: it has no weight.
    held_out : sequence of Window
        Crises kept for judging: in no leg, and in neither the regression nor today's volatility.
        The surfaces are to be without them too.
    settings : ScenarioSettings, optional

    Raises
    ------
    UsageError
        For surfaces of other coins, and crises that hold no move.
    """
    if tuple(s.coin for s in surfaces) != history.coins:
        raise UsageError("must be of the coins of the history", found=[s.coin for s in surfaces])
    rules = settings or ScenarioSettings()
    known = _known_days(history, held_out)
    base = blended_moves(known, rules.filter_share)
    response = vol_response(known, index, surfaces, seed=rules.seed)
    legs = [(base, False)]
    if stressed and rules.stressed_weight > 0.0:
        legs.append((crisis_moves(history, stressed, rules.stressed_every_hours), True))
    return _joined(legs, response, surfaces, index, rules, history.coins)


def crisis_scenarios(
    history: SpotHistory,
    index: VolIndexHistory,
    surfaces: Sequence[SurfaceCells],
    windows: Sequence[Window],
    *,
    held_out: Sequence[Window] = (),
    settings: ScenarioSettings | None = None,
) -> ReferenceScenarios:
    """Scenarios of crises alone, to judge by; the answer of volatility is that of other days."""
    rules = settings or ScenarioSettings()
    known = _known_days(history, held_out)
    response = vol_response(known, index, surfaces, seed=rules.seed)
    legs = [(crisis_moves(history, windows, rules.stressed_every_hours), True)]
    return _joined(legs, response, surfaces, index, rules, history.coins)


def crisis_moves(history: SpotHistory, windows: Sequence[Window], every_hours: int) -> SpotMoves:
    """Moves that start within some windows."""
    moves = spot_moves(history, every_hours=every_hours)
    inside = starts_within(moves.start_ns, windows)
    if not inside.any():
        raise UsageError("must hold a move of the history", found="none", field="windows")
    return moves.only(inside)


def _known_days(history: SpotHistory, held_out: Sequence[Window]) -> SpotMoves:
    """Daily moves that touch no crisis kept out."""
    daily = spot_moves(history)
    return daily.only(~touches(daily.start_ns, daily.start_ns + DAY_NS, held_out))


def _joined(
    legs: Sequence[tuple[SpotMoves, bool]],
    response: VolResponse,
    surfaces: Sequence[SurfaceCells],
    index: VolIndexHistory,
    rules: ScenarioSettings,
    coins: tuple[str, ...],
) -> ReferenceScenarios:
    """Put legs together and give each scenario a day's residual surface."""
    start = np.concatenate([moves.start_ns for moves, _ in legs])
    move = np.concatenate([moves.move for moves, _ in legs])
    stressed = np.concatenate([np.full(m.start_ns.size, flag) for m, flag in legs])
    draw = np.random.default_rng(rules.seed)
    level = response.levels(move, index.moves_from(start), draw)
    day = draw.integers(0, len(response.residual[0]), size=start.size)
    shape = np.array(TENOR_CENTRES_DAYS)
    with_level = [level[:, c, None] * (30.0 / shape) ** response.power for c in range(len(coins))]
    cells = [
        np.clip(
            with_level[c][:, :, None] + response.residual[c][day], -_LARGEST_MOVE, _LARGEST_MOVE
        )
        for c in range(len(coins))
    ]
    paths = [moves.path for moves, _ in legs if moves.path is not None]
    whole = np.concatenate(paths) if len(paths) == len(legs) else None
    swing = np.where(stressed, rules.basis_stress, 1.0)[:, None]
    basis = [np.nan_to_num(s.basis)[day] * swing for s in surfaces]
    return ReferenceScenarios(
        coins=coins,
        spot=np.ascontiguousarray(move.T),
        volatility=np.array(cells),
        basis=np.array(basis),
        weight=_weights(stressed, rules.stressed_weight),
        cluster=(start // _WEEK_NS).astype(np.int64),
        stressed=stressed,
        path=None if whole is None else np.ascontiguousarray(np.moveaxis(whole, 2, 0)),
    )


def _weights(stressed: BoolArray, share: float) -> FloatArray:
    """Each leg's weight in equal parts; all of it where there is one leg."""
    if stressed.all() or not stressed.any():
        return np.full(stressed.size, 1.0 / stressed.size)
    each = np.where(stressed, share / stressed.sum(), (1.0 - share) / (~stressed).sum())
    return np.asarray(each, dtype=np.float64)
