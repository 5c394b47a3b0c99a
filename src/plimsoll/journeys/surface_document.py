"""Surfaces and their quality as plain values, for JSON: what is no number is null."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from plimsoll.domain.evidence import Check
from plimsoll.domain.option_chain import ChainFinding
from plimsoll.domain.surface_record import surface_record
from plimsoll.domain.table import iso_minute
from plimsoll.estimators.surface.arbitrage import ArbitrageReport
from plimsoll.estimators.surface.quality import FitMeasures, FitQuality, PooledQuality
from plimsoll.estimators.surface.quote_errors import Tenor
from plimsoll.journeys.fitted_chain import SurfaceRecord, worst_verdict
from plimsoll.journeys.surface_index import index_document
from plimsoll.journeys.surface_tables import VIOLATIONS


def record_document(record: SurfaceRecord, *, with_surface: bool = False) -> dict[str, Any]:
    """Return one judged surface; its parameters where they are wanted."""
    document: dict[str, Any] = {
        "chain": record.label,
        "at": iso_time(record.at_ns),
        "options": record.options,
        "prior": None if record.prior_ns is None else iso_time(record.prior_ns),
        "verdict": worst_verdict(record.checks).value,
        "checks": check_documents(record.checks),
        "reason": record.reason or None,
        "is_broken": record.is_broken,
        "is_clean": record.is_clean,
        "arbitrage": None if record.arbitrage is None else arbitrage_document(record.arbitrage),
        "fit": quality_document(record.quality),
        "dropped": record.dropped,
        "expiries_without_smile": {iso_time(e): r.value for e, r in record.reasons},
        "findings": [finding_document(finding) for finding in record.findings],
        "vol_index": index_document(record.index),
        "seconds": record.seconds,
        "fit_seconds": record.fit_seconds,
    }
    if with_surface:
        held = record.surface
        document["surface"] = None if held is None else surface_record(held)
    return document


def arbitrage_document(report: ArbitrageReport) -> dict[str, Any]:
    """Return the counts of violations by kind, and the nearest to one."""
    worst, order = report.worst_smile, report.worst_order
    return {
        "points": report.points,
        "bound": report.bound,
        **{kind: getattr(report, kind) for kind in VIOLATIONS},
        "least_g": {
            "value": _number(worst.least_g),
            "log_moneyness": worst.least_g_at,
            "expiry": iso_time(worst.expiry_ns),
            "place": worst.place.value,
        },
        "least_rise": None
        if order is None
        else {
            "value": _number(order.least_rise),
            "log_moneyness": order.least_rise_at,
            "early": iso_time(order.early_ns),
            "late": iso_time(order.late_ns),
        },
        "steepest_wing": _number(report.steepest_wing),
    }


def quality_document(quality: FitQuality) -> dict[str, Any]:
    """Return the measures of fit: judged ones, those below a day, and by time to expiry."""
    return {
        "judged": _measures(quality.judged),
        "under_1_day": _measures(quality.under_1_day),
        "by_tenor": {
            tenor.value: _measures(part)
            for tenor, part in zip(Tenor, quality.by_tenor, strict=True)
        },
        "more_than_mark": quality.more_than_mark,
    }


def pool_document(pool: PooledQuality) -> dict[str, Any]:
    """Return the measures of many surfaces together, and how they compare with the mark."""
    return {
        **quality_document(pool.quality),
        "surfaces": pool.surfaces,
        "more": pool.more,
        "equal": pool.equal,
        "fewer": pool.fewer,
        "equal_with_all_inside": pool.all_inside,
        "worst_median_half_spreads": _number(pool.worst_median),
    }


def check_documents(checks: tuple[Check, ...]) -> list[dict[str, str]]:
    """Return checks in plain form."""
    return [
        {"name": c.name, "verdict": c.verdict.value, "found": c.found, "demanded": c.demanded}
        for c in checks
    ]


def finding_document(finding: ChainFinding) -> dict[str, Any]:
    """Return a finding in plain form."""
    return {
        "kind": finding.kind.value,
        "subject": finding.subject,
        "rows": finding.rows,
        "value": _number(finding.value),
        "expected": _number(finding.expected),
        "detail": finding.detail,
    }


def iso_time(time_ns: int) -> str:
    """Return ISO 8601 of a UTC time, to the minute.

    >>> iso_time(1_640_995_200_000_000_000)
    '2022-01-01T00:00Z'
    """
    return iso_minute(time_ns).replace(" ", "T") + "Z"


def _measures(found: FitMeasures) -> dict[str, Any]:
    return {
        name: _number(value) if isinstance(value, float) else value
        for name, value in asdict(found).items()
    }


def _number(value: float) -> float | str | None:
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)
