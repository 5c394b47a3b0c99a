"""Prices in another unit: slips that come back, and redenominations that stay."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS
from plimsoll.marketdata.scale import NORMAL_CONSISTENCY
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings
from plimsoll.marketdata.wording import counted


def unit_changes(series: Series, settings: CheckSettings) -> list[Finding]:
    """Find moves by a round factor: unit slips, known when back, and redenominations, known late.

    Which of the two it is shows only later: a slip when the old level is back within
    ``slip_max_bars``, a redenomination when it is not back by then and the market is as calm as
    it was before. Until then it is a suspicious move.
    """
    least = 0.9 * np.log(min(settings.slip_factors + settings.redenomination_factors))
    found: list[Finding] = []
    returns: set[int] = set()
    rows = np.flatnonzero(np.abs(series.move) >= least)
    for row in map(int, rows):
        if row in returns:
            continue
        back = _back(series, row, settings)
        if back and _is_slip(series, row, settings):
            found.append(_slip(series, row, back))
            returns.add(back)
        elif not back and is_redenomination(series, row, settings):
            found.append(_redenomination(series, row, settings))
    return found


def redenomination_factor(series: Series, row: int, settings: CheckSettings) -> float:
    """Return the round factor of the move at ``row`` (below one for a fall), 0 if there is none.

    A crash can come near a small factor, and another coin's price near any, so that the move must
    agree with the factor within what this market may have moved meanwhile, and closely.
    """
    move, logs = float(series.move[row]), np.log(settings.redenomination_factors)
    nearest = int(np.argmin(np.abs(logs - abs(move))))
    factor = settings.redenomination_factors[nearest]
    small = factor <= settings.small_factor
    most = settings.small_factor_tolerance_log if small else settings.factor_tolerance_log
    grown = series.slow_scale[row] * np.sqrt(series.steps[row])
    near = np.fmin(most, np.fmax(0.05, settings.factor_tolerance_scales * grown))
    if abs(logs[nearest] - abs(move)) > near:
        return 0.0
    return factor if move > 0 else 1.0 / factor


def _is_slip(series: Series, row: int, settings: CheckSettings) -> bool:
    """Return whether the move is near a factor of slips; that it came back proves the rest."""
    distance = np.abs(np.log(settings.slip_factors) - abs(series.move[row]))
    return bool(distance.min() <= settings.slip_tolerance_log)


def is_redenomination(series: Series, row: int, settings: CheckSettings) -> bool:
    """Return whether the round move at ``row`` stays, in a market as calm as before."""
    confirmed = row + settings.slip_max_bars
    halt = series.steps[row] * series.bars.interval_ns
    if confirmed >= len(series) or halt > settings.redenomination_max_halt_days * DAY_NS:
        return False
    if not redenomination_factor(series, row, settings):
        return False
    after = NORMAL_CONSISTENCY * np.median(np.abs(series.move[row + 1 : confirmed + 1]))
    calm = settings.redenomination_calm_ratio * series.slow_scale[row]
    return bool(after <= calm) or bool(np.isnan(calm))


def _back(series: Series, row: int, settings: CheckSettings) -> int:
    """Row at which the old level is nearer again than the new one; 0 if not within the limit."""
    until = row + settings.slip_max_bars + 1
    away = (series.log_close[row:until] - series.log_close[row - 1]) / series.move[row]
    returned = np.flatnonzero(away < 0.5)
    return row + int(returned[0]) if returned.size else 0


def _slip(series: Series, row: int, back: int) -> Finding:
    time_ns, ratio = series.time_ns, float(np.exp(series.move[row]))
    return Finding(
        kind=FindingKind.UNIT_SLIP,
        market=series.bars.market,
        first_ns=int(time_ns[row]),
        last_ns=int(time_ns[back - 1]),
        known_at_ns=int(time_ns[back]),
        bars=back - row,
        value=float(series.bars.close[row]),
        expected=float(series.bars.close[row - 1]),
        detail=f"{counted(back - row, 'bar')} at {_times(ratio)} the level before and after",
    )


def _redenomination(series: Series, row: int, settings: CheckSettings) -> Finding:
    time_ns, ratio = series.time_ns, float(np.exp(series.move[row]))
    factor = redenomination_factor(series, row, settings)
    return Finding(
        kind=FindingKind.REDENOMINATION,
        market=series.bars.market,
        first_ns=int(time_ns[row - 1]),
        last_ns=int(time_ns[row]),
        known_at_ns=int(time_ns[row + settings.slip_max_bars]),
        bars=max(1, round(series.steps[row]) - 1),
        value=ratio,
        expected=factor,
        detail=f"from one bar to the next {_times(ratio)} the level before, and it stays",
    )


def _times(ratio: float) -> str:
    return f"{ratio:.4g} times" if ratio >= 1 else f"1/{1 / ratio:.4g} of"
