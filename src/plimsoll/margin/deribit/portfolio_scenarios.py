"""The scenarios of Deribit's risk matrix, and what of them counts.

Standard: price moves from ``-R`` to ``R`` in 2 x ``buckets`` steps, each with volatility up, the
same, and down. Extended: far moves ``x`` with volatility up, of which the share
``f R / |x|`` of the profit *in dollars* counts. A coin account keeps its profit in coin, at the
coin's price at the edge of the matrix, so the share of its profit in coin is

    f R / |x| (1 + x) / (1 + e),   e = sign(x) min(R, |x|).

For perpetuals and futures that is, linear or inverse, exactly their profit at the edge: what
both published responses of the venue show (``docs/models/deribit-portfolio.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import UsageError
from plimsoll.margin.deribit.portfolio_parameters import DeribitPair
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

FloatArray = NDArray[np.float64]

EXTENDED_MOVES = (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
BUCKETS = 4
_VOLATILITY = (VolMove.UP, VolMove.NONE, VolMove.DOWN)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MatrixScenarios:
    """The scenarios of one pair.

    Parameters
    ----------
    grid : RiskGrid
    rule : VolRule
    coin_share : (S,) float64
        Of a profit in coin that counts; of one in dollars, ``grid.fraction`` does.
    beyond : (S,) float64
        How many price ranges beyond the matrix: what the dampener is multiplied by.
    edge : (S,) float64
        The move at which coin is turned into dollars.
    """

    grid: RiskGrid
    rule: VolRule
    coin_share: FloatArray
    beyond: FloatArray
    edge: FloatArray


def matrix_scenarios(
    pair: DeribitPair,
    buckets: int = BUCKETS,
    extended_moves: tuple[float, ...] = EXTENDED_MOVES,
) -> MatrixScenarios:
    """Build the scenarios of a pair: standard first, then extended.

    Raises
    ------
    UsageError
        For no bucket, and extended moves that are zero or not above -1.
    """
    if buckets < 1 or any(move <= -1.0 or move == 0.0 for move in extended_moves):
        raise UsageError(
            "must be at least one bucket, and moves above -1 that are not zero",
            found=(buckets, extended_moves),
            field="buckets, extended_moves",
        )
    reach, factor = float(pair.price_range), float(pair.extended_table_factor)
    steps = [reach * step / buckets for step in range(-buckets, buckets + 1)]
    standard = [(move, vol) for move in steps for vol in _VOLATILITY]
    far = np.array(extended_moves, dtype=np.float64)
    moves = np.concatenate([[move for move, _ in standard], far])
    edge = np.clip(moves, -reach, reach)
    fraction = np.ones(moves.size)
    fraction[len(standard) :] = np.minimum(factor * reach / np.abs(far), 1.0)
    volatility = (*(vol for _, vol in standard), *([VolMove.UP] * far.size))
    return MatrixScenarios(
        grid=RiskGrid(
            names=_names(standard, buckets, extended_moves),
            price_moves=moves,
            vol_moves=volatility,
            fraction=fraction,
        ),
        rule=_vol_rule(pair),
        coin_share=fraction * ((1.0 + moves) / (1.0 + edge)),
        beyond=np.maximum(np.abs(moves) / reach, 1.0) - 1.0,
        edge=edge,
    )


def _names(
    standard: list[tuple[float, VolMove]], buckets: int, extended_moves: tuple[float, ...]
) -> tuple[str, ...]:
    """By bucket, so that pairs of different ranges have the same names."""
    places = [place for place in range(-buckets, buckets + 1) for _ in _VOLATILITY]
    near = [
        f"bucket {place:+d} of {buckets}, vol {vol.value}"
        for place, (_, vol) in zip(places, standard, strict=True)
    ]
    return (*near, *(f"extended {move:+.0%}, vol up" for move in extended_moves))


def _vol_rule(pair: DeribitPair) -> VolRule:
    return VolRule(
        range_up=float(pair.volatility_range_up),
        range_down=float(pair.volatility_range_down),
        short_power=float(pair.short_vega_power),
        long_power=float(pair.long_vega_power),
        floor_days=float(pair.vega_floor_hours) / 24.0,
        minimum_vol_up=float(pair.minimum_vol_up),
    )
