"""The adaptive conformal correction of a venue's daily margins, and what it promises, as a table.

All starts of a day are outcomes of its row: they are laid beside each other as if they were further
markets, so that the miss rate that moves the level is that of all starts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.conformal.margins import ConformalMargins, conformal_margins
from plimsoll.calibration.conformal.rule import ConformalRule
from plimsoll.calibration.published import DailyLosses
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import InsufficientDataError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalCorrection:
    """A `plimsoll.calibration.correction.PathCorrection` that can explain itself.

    Parameters
    ----------
    rule : ConformalRule
        Its target is the venue's, whatever stands here.
    """

    rule: ConformalRule = ConformalRule()  # noqa: RUF009  frozen

    def __call__(self, margin: FloatArray, losses: DailyLosses, level: float) -> FloatArray:
        """Return margins times the factor of each day: never below what they were."""
        factor = self._found(margin, losses, level).factor[:, 0]
        return np.asarray(margin * factor[:, None, None])

    def tables(self, margin: FloatArray, losses: DailyLosses, level: float) -> tuple[Table, ...]:
        """Guarantee, what was found, and how often each bound held the correction."""
        return (_table(self._found(margin, losses, level)),)

    def _found(self, margin: FloatArray, losses: DailyLosses, level: float) -> ConformalMargins:
        days = losses.loss.shape[0]
        used = np.isfinite(losses.loss).any(axis=(0, 2, 3))
        kept = losses.loss[:, used] if used.any() else losses.loss[:, :1]
        wide = np.repeat(margin[:, None], kept.shape[1], axis=1)
        return conformal_margins(
            wide.reshape(days, -1, 2),
            kept.reshape(days, -1, 2),
            lag_rows=losses.lag_days,
            rule=replace(self.rule, target=1.0 - level, market_weight=0.0),
        )


def _table(found: ConformalMargins) -> Table:
    rule = found.rule
    factor = found.factor[:, 0]
    rows: list[tuple[Cell, ...]] = [
        ("mean multiple of the forecast", float(factor.mean())),
        ("largest multiple", float(factor.max())),
        ("last multiple", float(factor[-1])),
    ]
    try:
        promise = found.guarantee()
    except InsufficientDataError:
        note = "No outcome has reached the level yet."
    else:
        rows += [
            ("mean miss rate, by day", promise.mean_miss),
            ("target", promise.target),
            ("drift of the level", promise.drift),
            ("forgiven by the lower clip", promise.lower_clip),
            ("taken off by the upper clip", promise.upper_clip),
        ]
        bound = (
            f"The mean miss rate of {promise.rows} days is at most {promise.upper:.3%}, whatever "
            "the losses do"
            if math.isfinite(promise.upper)
            else "With a lower clip or a ceiling no bound holds whatever the losses do"
        )
        note = (
            f"{bound}; exactly: mean miss = target + drift + lower clip - upper clip. Misses are "
            "those of the corrected margin."
        )
    rows += [(f"days held by: {name}", share) for name, share in found.binding_shares().items()]
    return Table(
        name="coverage_conformal",
        title="Conformal correction",
        columns=(
            Column(name="figure", title="Figure"),
            Column(name="value", title="Value", kind=ColumnKind.NUMBER, digits=5),
        ),
        rows=tuple(rows),
        notes=(
            note,
            f"One-sided: never below {rule.floor_factor:g} times the forecast, never above "
            f"{rule.ceiling_factor:g}; level within {rule.lowest_share:g} and "
            f"{rule.highest_share:g} of the target, {rule.gain:g} a step; one level for all "
            f"markets. An outcome counts from {found.lag_rows} days later on.",
        ),
    )
