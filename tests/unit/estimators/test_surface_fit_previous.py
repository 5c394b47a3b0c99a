"""How much a fit believes the surface before: less where an expiry has quotes of its own."""

from __future__ import annotations

import numpy as np

from plimsoll.estimators.surface.previous import faded_scales
from plimsoll.estimators.surface.settings import SurfaceSettings

SETTINGS = SurfaceSettings(least_quotes=5, previous_quotes=15.0)


def faded(quotes: int, days: float) -> float:
    scales = faded_scales(
        np.full((1, 5), 0.2), SETTINGS, np.array([quotes]), np.array([days / 365])
    )
    assert np.ptp(scales) == 0.0
    return float(scales[0, 0] / 0.2)


def test_scales_grow_with_the_quotes_to_spare() -> None:
    np.testing.assert_allclose([faded(n, 9.0) for n in (0, 5, 20, 50)], [1.0, 1.0, 2.0, 4.0])


def test_below_a_day_the_prior_stays_and_fades_in_until_two() -> None:
    found = [faded(20, days) for days in (0.1, 1.0, 1.5, 2.0, 300.0)]
    np.testing.assert_allclose(found, [1.0, 1.0, 1.5, 2.0, 2.0], rtol=1e-12)
