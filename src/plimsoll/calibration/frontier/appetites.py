"""The appetites whose points the study follows: from calm to lean, and one for crises."""

from __future__ import annotations

from plimsoll.calibration.frontier.choice import FrontierAppetite
from plimsoll.calibration.frontier.grid import BASE, CALM, STRESS_MEMORY
from plimsoll.calibration.frontier.level import LevelRule

CALM_SHARE = 0.75
"""Of the yardstick's (PT - 1): the line itself."""

CALM_POINT = FrontierAppetite(name="calm", first_policy=CALM.name, of_yardstick=CALM_SHARE)
BUFFER_POINT = FrontierAppetite(
    name="as calm as the buffer", first_policy="mixed -0.13 to 0.08", of_yardstick=1.0
)
MODERATE_POINT = FrontierAppetite(name="moderate", first_policy=BASE.name, peak_to_trough=1.75)
LEAN_POINT = FrontierAppetite(name="lean", first_policy="mixed -0.4 to 0.3", peak_to_trough=2.2)
CRISIS_POINT = FrontierAppetite(
    name="crisis",
    first_policy=STRESS_MEMORY.name,
    stress_share=1.0,
    peak_to_trough=2.2,
    level=LevelRule(prior_days=30.0),
)
"""No more breaches than the yardstick on the worst days of the record, and a level that follows the
yardstick's own record after a month."""

APPETITES = (CALM_POINT, BUFFER_POINT, MODERATE_POINT, LEAN_POINT, CRISIS_POINT)
