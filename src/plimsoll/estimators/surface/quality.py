"""How well a surface fits its quotes, in the measures that are judged; by expiry and pooled.

Expiries below a day stand apart: `FitQuality.judged` holds those of a day and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.option_chain import BoolArray, FloatArray
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import VolSurface
from plimsoll.estimators.surface.quote_errors import QuoteErrors, Tenor, quote_errors

WORST_LEFT_OUT = 0.001
"""Share of the largest errors that the root mean square leaves out."""
_NEXT_DAY = list(Tenor).index(Tenor.FROM_1_DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitMeasures:
    """Shares and errors of some quotes; shares are NaN where there is nothing to count.

    Parameters
    ----------
    quotes, unfitted : int
        Judged quotes, and those of them whose expiry has no smile or whose bid or ask is
        impossible (missed by every measure).
    inside, within_tick : float
        Shares of the judged quotes.
    median_half_spreads : float
        Median absolute error over half the spread.
    rmse_vol_points : float
        Root mean square error of the mid's volatility in points (hundredths), the largest 0.1 per
        cent of errors left out, unfitted quotes left out.
    wing_quotes : int
    wings_inside, wings_within_tick : float
        Shares of the 2 to 5 and 95 to 98 delta quotes.
    mark_quotes : int
        Judged quotes that have a mark volatility.
    mark_inside, mark_within_tick : float
    """

    quotes: int
    unfitted: int
    inside: float
    within_tick: float
    median_half_spreads: float
    rmse_vol_points: float
    wing_quotes: int
    wings_inside: float
    wings_within_tick: float
    mark_quotes: int
    mark_inside: float
    mark_within_tick: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitQuality:
    """Quality of the fit of one surface.

    Parameters
    ----------
    errors : QuoteErrors
        Judged quotes and wings of all expiries.
    judged : FitMeasures
        Expiries of a day and more.
    under_1_day : FitMeasures
    by_tenor : tuple of FitMeasures
        In the order of `Tenor`.
    more_than_mark : int
        Judged quotes (a day and more, with a mark volatility) inside by the surface, less those
        inside by the mark.
    """

    errors: QuoteErrors
    judged: FitMeasures
    under_1_day: FitMeasures
    by_tenor: tuple[FitMeasures, ...]
    more_than_mark: int

    @property
    def all_inside(self) -> bool:
        """Whether no judged quote is missed: nothing can have more inside."""
        return self.judged.inside == 1.0

    def under_2_days(self) -> FitMeasures:
        """Measure the quotes of all expiries under two days, those below a day among them."""
        return measures(self.errors.where(self.errors.tenor() <= _NEXT_DAY))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledQuality:
    """Quality of the fits of many surfaces.

    Parameters
    ----------
    surfaces : int
        With at least one judged quote that has a mark volatility.
    quality : FitQuality
        Of all their quotes together.
    more, equal, fewer : int
        Surfaces that have more, as many and fewer quotes inside bid-ask than the venue's mark.
    all_inside : int
        Of the equal ones, those with every judged quote inside: no surface could have more.
    median_half_spreads : tuple of float
        Median absolute error over half the spread, by surface (in order); NaN without a quote.
    """

    surfaces: int
    quality: FitQuality
    more: int
    equal: int
    fewer: int
    all_inside: int
    median_half_spreads: tuple[float, ...]

    @property
    def more_share(self) -> float:
        """Share of surfaces with more quotes inside than the mark."""
        return self.more / self.surfaces if self.surfaces else float("nan")

    @property
    def more_or_all_share(self) -> float:
        """Share of surfaces with more quotes inside than the mark, or with all of them."""
        return (self.more + self.all_inside) / self.surfaces if self.surfaces else float("nan")

    @property
    def worst_median(self) -> float:
        """Largest of the surfaces' median errors, over half the spread."""
        known = [value for value in self.median_half_spreads if not np.isnan(value)]
        return max(known, default=float("nan"))


def fit_quality(quotes: SmileQuotes, surface: VolSurface | None) -> FitQuality:
    """Judge the fit of one surface.

    Parameters
    ----------
    quotes : SmileQuotes
        All quotes of the chain, before any filter.
    surface : VolSurface or None
        None: the chain got no surface, every quote is missed.
    """
    return quality_of(quote_errors(quotes, surface))


def quality_of(errors: QuoteErrors) -> FitQuality:
    """Measure quotes of one surface, or of many joined."""
    tenor = errors.tenor()
    long = tenor > 0
    known = long & ~errors.wing & errors.mark_known
    return FitQuality(
        errors=errors,
        judged=measures(errors.where(long)),
        under_1_day=measures(errors.where(~long)),
        by_tenor=tuple(measures(errors.where(tenor == i)) for i in range(len(Tenor))),
        more_than_mark=int(errors.inside[known].sum()) - int(errors.mark_inside[known].sum()),
    )


def pooled(qualities: Sequence[FitQuality]) -> PooledQuality:
    """Put the quotes of many surfaces together, each quote counting alike."""
    compared = [q for q in qualities if q.judged.mark_quotes]
    signs = [int(np.sign(q.more_than_mark)) for q in compared]
    at_best = [q.more_than_mark == 0 and q.all_inside for q in compared]
    return PooledQuality(
        surfaces=len(compared),
        quality=quality_of(QuoteErrors.joined([q.errors for q in qualities])),
        more=signs.count(1),
        equal=signs.count(0),
        fewer=signs.count(-1),
        all_inside=sum(at_best),
        median_half_spreads=tuple(q.judged.median_half_spreads for q in qualities),
    )


def measures(errors: QuoteErrors) -> FitMeasures:
    """Shares and errors of the quotes given."""
    core, wings = errors.where(~errors.wing), errors.where(errors.wing)
    known = core.where(core.mark_known)
    ratios = np.abs(core.errors_in_half_spreads)
    return FitMeasures(
        quotes=len(core),
        unfitted=int(np.isnan(core.error_vol).sum()),
        inside=_share(core.inside),
        within_tick=_share(core.within_tick),
        median_half_spreads=float(np.median(ratios)) if len(core) else float("nan"),
        rmse_vol_points=_root_mean_square(100.0 * core.error_vol),
        wing_quotes=len(wings),
        wings_inside=_share(wings.inside),
        wings_within_tick=_share(wings.within_tick),
        mark_quotes=len(known),
        mark_inside=_share(known.mark_inside),
        mark_within_tick=_share(known.mark_within_tick),
    )


def _share(flags: BoolArray) -> float:
    return float(flags.mean()) if flags.size else float("nan")


def _root_mean_square(values: FloatArray) -> float:
    known = np.sort(np.abs(values[np.isfinite(values)]))
    kept = known[: known.size - int(WORST_LEFT_OUT * known.size)]
    return float(np.sqrt(np.mean(kept**2))) if kept.size else float("nan")
