"""What a forecaster must not exceed before its score counts."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from plimsoll.errors import ParameterError
from plimsoll.validation.comparison.forecast_figures import ForecastFigures
from plimsoll.validation.comparison.method_score import Rate

LEAST_YEAR_SHARE = 0.1
"""A calendar year with less of all scored pairs is too short to be held to a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceLines:
    """Highest figures of a 99 % forecaster that a review accepts, the same for every method.

    Breach rates are judged ``spare_errors`` standard errors above what was found, so that luck in
    the past does not ship a margin that is too low. Too few breaches endanger nobody: what such a
    margin costs, its score says.

    Parameters
    ----------
    pooled, side, year : float
        Breach rate of all pairs, of longs or shorts, of a calendar year.
    worst_quartile : float
        Mean breach rate of the quarter of the markets that break most; it is given the pooled
        rate's standard error.
    kupiec_share : float
        Share of market-sides that Kupiec's test rejects at 5 %.
    peak_to_trough : float
        Ratio of the largest to the smallest margin of a trailing year.
    spare_errors : float
    """

    pooled: float = 0.0115
    side: float = 0.0120
    year: float = 0.0130
    worst_quartile: float = 0.0120
    kupiec_share: float = 0.08
    peak_to_trough: float = 2.5
    spare_errors: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0.0 and not (field.name == "spare_errors" and value == 0.0):
                raise ParameterError("must be positive", found=value, field=field.name)

    def excesses(self, figures: ForecastFigures, peak_to_trough: float) -> dict[str, float]:
        """By how much of itself each line is exceeded; 0 where it holds.

        A peak-to-trough that is NaN, because no trailing year is whole yet, exceeds nothing.
        """
        spare = self.spare_errors * figures.pooled.standard_error
        least = LEAST_YEAR_SHARE * figures.pooled.pairs
        years = [one for one in figures.years.values() if one.pairs >= least]
        cycle = 0.0 if math.isnan(peak_to_trough) else peak_to_trough
        return {
            "pooled": above(self._judged(figures.pooled), self.pooled),
            "side": above(max(map(self._judged, (figures.long, figures.short))), self.side),
            "year": above(max(map(self._judged, years), default=0.0), self.year),
            "worst_quartile": above(figures.worst_quartile + spare, self.worst_quartile),
            "kupiec": above(figures.kupiec.share, self.kupiec_share),
            "peak_to_trough": above(cycle, self.peak_to_trough),
        }

    def __str__(self) -> str:
        rates = (self.pooled, self.side, self.year, self.worst_quartile)
        pooled, side, year, quartile = (f"{100.0 * rate:.2f} %" for rate in rates)
        return (
            f"breach rates {self.spare_errors:g} standard errors above what is shown, at most "
            f"{pooled} pooled, {side} a side, {year} a year, {quartile} in the worst quartile; "
            f"Kupiec {100.0 * self.kupiec_share:g} %; PT {self.peak_to_trough:g}"
        )

    def _judged(self, rate: Rate) -> float:
        return rate.rate + self.spare_errors * rate.standard_error


def above(found: float, highest: float) -> float:
    """Excess over a line, as a share of it.

    >>> round(above(0.0150, 0.0120), 3), above(0.0110, 0.0120)
    (0.25, 0.0)
    """
    return max(0.0, found / highest - 1.0)
