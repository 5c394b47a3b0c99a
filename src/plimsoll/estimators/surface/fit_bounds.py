"""What a surface must do to be used, and whether it does: no arbitrage, and a close fit.

Shares are statements about many quotes. They are judged over all surfaces of a run; a single
surface is judged by what must hold on each: no arbitrage, and a median error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.estimators.surface.quality import FitQuality, PooledQuality
from plimsoll.estimators.surface.quote_errors import Tenor

INSIDE = 0.98
"""Least share of judged quotes at or between bid and ask."""
WITHIN_TICK = 0.995
"""Least share of judged quotes within bid less a tick and ask plus a tick."""
MORE_THAN_MARK = 0.95
"""Least share of surfaces with more quotes inside than the venue's mark, or with all inside."""
MEDIAN_HALF_SPREADS = 0.20
"""Largest median absolute error over half the spread, of all judged quotes."""
SURFACE_MEDIAN_HALF_SPREADS = 0.45
"""The same on each surface."""
RMSE_VOL_POINTS = 0.25
"""Largest root mean square error in volatility points, the worst 0.1 per cent left out."""
SHORT_RMSE_VOL_POINTS = 0.50
"""The same for expiries of one to two days, and for all under two days."""
WINGS_INSIDE = 0.95
"""Least share of 2 to 5 and 95 to 98 delta quotes at or between bid and ask."""


def surface_checks(clean: bool | None, quality: FitQuality) -> tuple[Check, ...]:
    """Judge one surface.

    Parameters
    ----------
    clean : bool or None
        Whether it is free of arbitrage; None where the chain got no surface.
    quality : FitQuality
    """
    return (
        arbitrage_check([clean]),
        _at_most(
            "median error over half-spread",
            quality.judged.median_half_spreads,
            SURFACE_MEDIAN_HALF_SPREADS,
        ),
    )


def pooled_checks(
    clean: Sequence[bool | None], pool: PooledQuality, names: Sequence[str] = ()
) -> tuple[Check, ...]:
    """Judge many surfaces together.

    Parameters
    ----------
    clean : sequence of bool or None
        By surface, as in `surface_checks`.
    pool : PooledQuality
    names : sequence of str, optional
        By surface: the worst is told by its name.
    """
    judged, next_day = pool.quality.judged, list(Tenor).index(Tenor.FROM_1_DAY)
    short, shortest = pool.quality.by_tenor[next_day], pool.quality.under_2_days()
    return (
        arbitrage_check(clean),
        _at_least("inside bid-ask", judged.inside, INSIDE),
        _mark_check(pool),
        _at_least("within one tick", judged.within_tick, WITHIN_TICK, digits=2),
        _at_most("median error over half-spread", judged.median_half_spreads, MEDIAN_HALF_SPREADS),
        _worst_check(pool, names),
        _at_most("RMSE [vol points]", judged.rmse_vol_points, RMSE_VOL_POINTS),
        _at_most("RMSE, 1 to 2 days [vol points]", short.rmse_vol_points, SHORT_RMSE_VOL_POINTS),
        _at_most(
            "RMSE, all under 2 days [vol points]", shortest.rmse_vol_points, SHORT_RMSE_VOL_POINTS
        ),
        _at_least("2 to 5 delta wings inside", judged.wings_inside, WINGS_INSIDE),
    )


def arbitrage_check(clean: Sequence[bool | None]) -> Check:
    """Every surface is free of arbitrage; not proven where a chain has none."""
    free, missing = sum(c is True for c in clean), sum(c is None for c in clean)
    told = f"; {missing:,} without a surface" if missing else ""
    return Check(
        name="free of arbitrage",
        verdict=_arbitrage_verdict(clean),
        found=f"{free:,} of {len(clean):,} surface{'' if len(clean) == 1 else 's'}{told}",
        demanded="all",
    )


def _arbitrage_verdict(clean: Sequence[bool | None]) -> Verdict:
    if False in clean:
        return Verdict.BREACH
    return Verdict.HOLDS if clean and None not in clean else Verdict.NOT_PROVEN


def _worst_check(pool: PooledQuality, names: Sequence[str]) -> Check:
    check = _at_most("the same, worst surface", pool.worst_median, SURFACE_MEDIAN_HALF_SPREADS)
    if not names or np.isnan(pool.worst_median):
        return check
    name = names[pool.median_half_spreads.index(pool.worst_median)]
    return replace(check, found=f"{check.found} ({name})")


def _mark_check(pool: PooledQuality) -> Check:
    name = "more, or all, inside against the venue's mark"
    if not pool.surfaces:
        found, verdict = "no mark volatilities", Verdict.NOT_PROVEN
    else:
        found = (
            f"{100.0 * pool.more_or_all_share:.1f} % ({pool.more:,} more, {pool.all_inside:,} "
            f"as many and all, {pool.equal - pool.all_inside:,} as many, {pool.fewer:,} fewer)"
        )
        verdict = _verdict(pool.more_or_all_share >= MORE_THAN_MARK)
    demanded = f"more, or all, on at least {100.0 * MORE_THAN_MARK:g} % of surfaces"
    return Check(name=name, verdict=verdict, found=found, demanded=demanded)


def _at_least(name: str, share: float, bound: float, digits: int = 1) -> Check:
    return Check(
        name=name,
        verdict=_known_verdict(share, share >= bound),
        found="no quotes" if np.isnan(share) else f"{_rounded_down(100.0 * share, digits)} %",
        demanded=f"at least {100.0 * bound:g} %",
    )


def _at_most(name: str, value: float, bound: float) -> Check:
    return Check(
        name=name,
        verdict=_known_verdict(value, value <= bound),
        found="no quotes" if np.isnan(value) else _rounded_up(value),
        demanded=f"at most {bound:.2f}",
    )


def _rounded_down(percent: float, digits: int) -> str:
    """Print a share so that it never reaches a bound by rounding."""
    scale = 10**digits
    return f"{np.floor(percent * scale + 1e-9) / scale:.{digits}f}"


def _rounded_up(value: float) -> str:
    return f"{np.ceil(value * 1000.0 - 1e-9) / 1000.0:.3f}"


def _known_verdict(value: float, holds: bool) -> Verdict:
    return Verdict.NOT_PROVEN if np.isnan(value) else _verdict(holds)


def _verdict(holds: bool) -> Verdict:
    return Verdict.HOLDS if holds else Verdict.BREACH
