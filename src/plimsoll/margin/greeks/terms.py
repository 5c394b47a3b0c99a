"""Terms of the Greeks margin: the parts of the binding loss, and the lift to the floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.requirement import RequirementTerm, total_of
from plimsoll.margin.joint.lifts import lift_to

FloatArray = NDArray[np.float64]

PART_TITLES = {
    "delta": "Delta",
    "gamma": "Gamma",
    "vega": "Vega",
    "vanna": "Vanna",
    "volga": "Volga",
    "theta": "Theta",
    "cross_gamma": "Cross-gamma",
}
"""In the order of the kernel's parts."""


def greeks_terms(
    parts: FloatArray, kept: FloatArray, floor: FloatArray, kept_floor: FloatArray
) -> tuple[RequirementTerm, ...]:
    """Return the terms of U units, but for open orders.

    Parameters
    ----------
    parts : (U, 7) float64
        Of the binding loss.
    kept : (U, 7) float64
        Of that of exposures times their maintenance factors.
    floor, kept_floor : (U,) float64
        Least initial and maintenance margin. Initial margin is lifted to maintenance margin too.
    """
    terms = tuple(
        RequirementTerm(
            name=name,
            title=title,
            initial=parts[:, column],
            maintenance=kept[:, column],
        )
        for column, (name, title) in enumerate(PART_TITLES.items())
    )
    initial, maintenance = total_of(terms, floor.size)
    lift = lift_to(maintenance, np.maximum(kept_floor, 0.0))
    least = np.maximum(floor, maintenance + lift)
    return (
        *terms,
        RequirementTerm(
            name="floor",
            title="Lift to the floor",
            initial=lift_to(initial, least),
            maintenance=lift,
        ),
    )
