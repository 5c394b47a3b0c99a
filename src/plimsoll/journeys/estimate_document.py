"""The reference distribution in plain form: what ``--json`` and the written document hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.table import Cell, ColumnKind, Table, iso_minute
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate
from plimsoll.estimators.nightly.dependence import DependenceEstimate
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.nightly.market_tails import SideTail
from plimsoll.estimators.reference.default_model import DefaultRevision
from plimsoll.estimators.tails.threshold_choice import ThresholdStability
from plimsoll.journeys.estimate_tables import known

SCHEMA, SCHEMA_VERSION = "plimsoll.reference_distribution", 1
_CORRELATION_DIGITS = 6
Stability = Mapping[str, tuple[ThresholdStability | None, ThresholdStability | None]]


def estimates_document(
    found: NightlyEstimate,
    tables: Sequence[Table],
    stability: Stability,
    excluded: Sequence[str],
    studies: Mapping[str, Sequence[Table]] | None = None,
) -> dict[str, Any]:
    """Return everything as plain values; a number that there is none of is null."""
    studied = studies or {}
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "as_of": iso_minute(found.as_of_ns).replace(" ", "T") + "Z",
        "price_source": found.price_kind.label,
        "forecaster": found.settings.blend.title,
        "forecaster_revision": None if found.revision is None else _revision(found.revision),
        "confidence": 0.99,
        "recent_days": found.settings.recent_days,
        "excluded": list(excluded),
        "markets": {
            m: {
                **_market(found, j, stability),
                "studies": {table.name: _rows(table) for table in studied.get(m, ())},
            }
            for j, m in enumerate(found.markets)
        },
        "dependence": _dependence(found.dependence),
        "tables": {table.name: _rows(table) for table in tables},
    }


def _revision(found: DefaultRevision) -> dict[str, Any]:
    return {"name": found.model.name, "from": iso_minute(found.from_ns)[:10]}


def _rows(table: Table) -> list[dict[str, Any]]:
    times = {column.name for column in table.columns if column.kind is ColumnKind.TIME}
    return [
        {name: _instant(cell) if name in times else cell for name, cell in row.items()}
        for row in table
    ]


def _instant(cell: Cell) -> Cell:
    return iso_minute(cell).replace(" ", "T") + "Z" if isinstance(cell, int) else cell


def _market(found: NightlyEstimate, j: int, stability: Stability) -> dict[str, Any]:
    market, reason, tails = found.markets[j], found.reasons[j], found.tails[j]
    liquidity = found.liquidity.estimates.get(market)
    both = stability.get(market, (None, None))
    return {
        "class": found.classes[j] or None,
        "age_days": known(found.age_days[j]),
        "reason": None if reason is None else reason.value,
        "flags": [flag.value for flag in found.flags[j]],
        "volatility_annual": known(found.volatility_annual[j]),
        "volatility_log_error": known(found.volatility_log_error[j]),
        "risk": {
            f"{risk.horizon_hours}h": {
                side: {
                    "value_at_risk": known(risk.value_at_risk[j, s]),
                    "value_at_risk_error": known(risk.value_at_risk_error[j, s]),
                    "expected_shortfall": known(risk.expected_shortfall[j, s]),
                    "expected_shortfall_error": known(risk.expected_shortfall_error[j, s]),
                }
                for s, side in enumerate(("long", "short"))
            }
            for risk in found.horizons
        },
        "tails": {"falls": _tail(tails.falls), "rises": _tail(tails.rises)},
        "threshold_stability": {
            side: None if table is None else _stability(table)
            for side, table in zip(("falls", "rises"), both, strict=True)
        },
        "liquidity": None if liquidity is None else _liquidity(liquidity),
        "liquidity_reason": None
        if market not in found.liquidity.reasons
        else found.liquidity.reasons[market].value,
    }


def _tail(side: SideTail) -> dict[str, Any]:
    if side.tail is None:
        return {"reason": str(side.reason)}
    tail = side.tail
    return {
        "reason": None,
        "xi": tail.xi,
        "xi_error": known(side.xi_error),
        "beta": tail.beta,
        "beta_error": known(side.beta_error),
        "threshold": tail.threshold,
        "exceedances": tail.exceedances,
        "observations": tail.observations,
        "extremal_index": known(side.extremal_index),
        "flags": [flag.value for flag in side.flags],
    }


def _stability(table: ThresholdStability) -> dict[str, Any]:
    names = (
        "tail_fractions", "thresholds", "exceedances", "xi", "xi_errors",
        "modified_scale", "modified_scale_errors",
    )  # fmt: skip
    return {name: _list(np.asarray(getattr(table, name), dtype=np.float64)) for name in names}


def _liquidity(found: LiquidityEstimate) -> dict[str, Any]:
    names = (
        "relative_spread", "spread_low", "spread_high", "daily_volatility", "daily_volume_usd",
        "impact", "impact_low", "impact_high", "depth_usd",
    )  # fmt: skip
    curves = ("notional_usd", "cost", "cost_low", "cost_high", "cost_worst", "extrapolated")
    return {
        "source": found.source.value,
        "observations": found.observations,
        **{name: known(getattr(found, name)) for name in names},
        **{name: _list(getattr(found, name)) for name in curves},
    }


def _dependence(found: DependenceEstimate) -> dict[str, Any]:
    estimate, copula, extremes = found.estimate, found.copula, found.extremes
    return {
        "markets": list(found.markets),
        "half_life_days": found.half_life_days,
        "average_correlation": known(estimate.average),
        "shrinkage": estimate.shrinkage,
        "effective_rows": known(estimate.effective_rows),
        "sparse_pairs": estimate.sparse_pairs,
        "repaired": estimate.repaired,
        "correlation": np.round(estimate.matrix, _CORRELATION_DIGITS).tolist(),
        "stress": found.stress,
        "break": found.break_,
        "copula": {
            "degrees_of_freedom": known(copula.degrees_of_freedom),
            "inverse_error": known(copula.inverse_error),
            "markets": len(copula.columns),
            "rows": copula.rows,
            "average_tail_dependence": known(copula.average_tail_dependence),
            "reason": None if copula.reason is None else copula.reason.value,
        },
        "shared_extremes": {
            "tail_share": extremes.tail_share,
            "falls": known(extremes.falls),
            "falls_error": known(extremes.falls_error),
            "rises": known(extremes.rises),
            "rises_error": known(extremes.rises_error),
        },
    }


def _list(values: NDArray[np.float64]) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
