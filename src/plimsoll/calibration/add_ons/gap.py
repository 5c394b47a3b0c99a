"""Gap add-on: how far an underlying jumps, what the margin covers of it, and the share asked.

``gap_move`` is the worst move over the close-out, own or of the class; ``covered_move`` the
margin's quantile. The share is such that margin and charge of an outright position together cover
a far quantile: ``covered + share (gap - covered) = q_far``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.calibrated import AddOnName, CalibratedAddOn, class_default
from plimsoll.calibration.add_ons.grid_steps import bounded, down, up
from plimsoll.calibration.add_ons.tail_moves import LEAST_MOVES, upper_quantile
from plimsoll.domain.finding import Reason
from plimsoll.errors import ParameterError
from plimsoll.margin.add_ons.gap import GapParameters
from plimsoll.margin.add_ons.wrong_way import WrongWayParameters

FloatArray = NDArray[np.float64]


def calibrate_gap(
    underlying: str,
    moves: FloatArray,
    *,
    covered_move: float,
    class_worst_move: float = 0.0,
    far_confidence: float = 0.999,
    block: int = 24,
    seed: int = 0,
    default: GapParameters | None = None,
) -> CalibratedAddOn:
    """Return the jump's parameters from absolute simple moves over the close-out.

    Parameters
    ----------
    moves : (n,) float64
        Absolute, simple, in time order.
    covered_move : float
        What the margin covers; rounded down here, since what is taken as covered is not charged.
    class_worst_move : float
        Worst move of the class: a jump that has not come yet.
    """
    if not 0.0 < covered_move < 1.0:
        raise ParameterError("must lie in (0, 1)", found=covered_move, field="covered_move")
    known = np.abs(moves[np.isfinite(moves)])
    if known.size < LEAST_MOVES:
        held = default or GapParameters()
        return class_default(underlying, AddOnName.GAP, held, Reason.TOO_SHORT_HISTORY)
    far = upper_quantile(known, far_confidence, block=block, seed=seed)
    covered = bounded(GapParameters, "covered_move", down(covered_move))
    worst = max(float(known.max()), class_worst_move, float(covered))
    gap = max(bounded(GapParameters, "gap_move", up(worst)), covered)
    apart = float(gap - covered)
    wanted = max(0.0, far.value - float(covered))
    share = up(min(1.0, wanted / apart)) if apart > 0.0 else up(0.0)
    return CalibratedAddOn(
        underlying=underlying,
        add_on=AddOnName.GAP,
        parameters=GapParameters(gap_move=gap, covered_move=covered, share=share),
        standard_error={"share": far.standard_error / apart if apart > 0.0 else 0.0},
        about=f"{far.observations:,} moves; {far_confidence:.1%} quantile {far.value:.2%}",
    )


def calibrate_wrong_way(
    underlying: str,
    falls: FloatArray,
    *,
    confidence: float = 0.99,
    block: int = 24,
    seed: int = 0,
    forecast_move: float | None = None,
    default: WrongWayParameters | None = None,
) -> CalibratedAddOn:
    """Return the move under which positions and coins are held together.

    Parameters
    ----------
    falls : (n,) float64
        Simple losses of a holder of the coin over the close-out, in time order.
    forecast_move : float, optional
        By the default forecaster; the larger of it and the history's quantile is published.
    """
    known = falls[np.isfinite(falls)]
    if known.size < LEAST_MOVES:
        held = default or WrongWayParameters()
        return class_default(underlying, AddOnName.WRONG_WAY, held, Reason.TOO_SHORT_HISTORY)
    found = upper_quantile(known, confidence, block=block, seed=seed)
    move = up(max(found.value, forecast_move or 0.0, 0.0))
    return CalibratedAddOn(
        underlying=underlying,
        add_on=AddOnName.WRONG_WAY,
        parameters=WrongWayParameters(move=bounded(WrongWayParameters, "move", move)),
        standard_error={"move": found.standard_error},
        about=f"{found.observations:,} falls",
    )
