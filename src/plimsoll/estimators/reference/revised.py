"""A forecaster whose constants were revised at dates: each revision holds until the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.forecast import Forecaster, ForecastPaths
from plimsoll.estimators.reference.panel import ReturnsPanel


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A model and the instant from which it is in force."""

    from_ns: int
    model: Forecaster


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """Forecasts of the revision in force at each boundary; of the first one before it too.

    Parameters
    ----------
    name : str
    revisions : tuple of Revision
        Ascending in time.
    """

    name: str
    revisions: tuple[Revision, ...]

    def __post_init__(self) -> None:
        times = [one.from_ns for one in self.revisions]
        if not times or sorted(set(times)) != times:
            raise ParameterError("must ascend, each once", found=times, field="revisions")

    @property
    def title(self) -> str:
        """Of the last revision, and how many there were."""
        return f"{self.revisions[-1].model.title}; revision {len(self.revisions)}"

    def paths(self, panel: ReturnsPanel, horizon_hours: int) -> ForecastPaths:
        """Forecast at every boundary; a model that is never in force is not run."""
        starts = np.array([one.from_ns for one in self.revisions])
        latest = np.maximum(np.searchsorted(starts, panel.time_ns, side="right") - 1, 0)
        shape = (panel.time_ns.size, len(panel.markets), 2)
        at_risk, shortfall = np.full(shape, np.nan), np.full(shape, np.nan)
        models: dict[Forecaster, list[int]] = {}
        for k in np.unique(latest):
            models.setdefault(self.revisions[int(k)].model, []).append(int(k))
        for model, in_force in models.items():
            found, rows = model.paths(panel, horizon_hours), np.isin(latest, in_force)
            at_risk[rows] = found.value_at_risk[rows]
            shortfall[rows] = found.expected_shortfall[rows]
        return ForecastPaths(
            time_ns=panel.time_ns, value_at_risk=at_risk, expected_shortfall=shortfall
        )
