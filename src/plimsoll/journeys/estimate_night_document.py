"""What the night found besides risk and tails, in plain form, for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plimsoll.domain.finding import FindingKind
from plimsoll.domain.table import iso_minute
from plimsoll.estimators.nightly.closed_hours import MarketSessions
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.pooling.young_assessment import YoungMarketRisk
from plimsoll.journeys.estimate_night_data import FindingCount, findings_document
from plimsoll.journeys.estimate_tables import known


def add_night(
    document: dict[str, Any],
    found: NightlyEstimate,
    counts: Mapping[str, Mapping[FindingKind, FindingCount]],
) -> None:
    """Put closed hours, young markets, both fits and findings beside each market's numbers."""
    for j, market in enumerate(found.markets):
        hours = found.sessions.get(market)
        document["markets"][market] |= {
            "errors_of": [part.value for part in found.errors_of(market)],
            "closed_hours": None if hours is None else _sessions(hours),
            "young": _young(found, market),
            "parameter_fits": _fits(found, j),
            "findings": findings_document(counts.get(market, {})),
        }
    document["pooled_with"] = {fit.parameter: list(fit.pooled_with) for fit in found.fits}


def _sessions(found: MarketSessions) -> dict[str, Any]:
    return {
        "schedule": found.hours.sentence(),
        "open_hours_of_week": [int(v) for v in found.hours.open],
        "closed_ratio": known(found.closed_ratio[0]),
        "closed_ratio_error": known(found.closed_ratio[1]),
        "gap_ratio": known(found.gap_ratio[0]),
        "gap_ratio_error": known(found.gap_ratio[1]),
        "reopening_ratios": [known(ratio) for ratio in found.reopening_ratios],
        "closeouts": {
            f"{hours}h": {
                "standard_deviation": risk.next_day,
                "standard_deviation_log_error": risk.log_error,
                "from_now": risk.from_now,
                "worst_of_week": risk.week,
                "lasts_hours": risk.next_day_hours,
                "reopenings": risk.reopenings,
            }
            for hours, risk in found.risks.items()
        },
        "reason": None if found.reason is None else found.reason.value,
    }


def _young(found: NightlyEstimate, market: str) -> dict[str, Any] | None:
    risks = {hours: by[market] for hours, by in found.young.items() if market in by}
    if not risks:
        return None
    first: YoungMarketRisk = next(iter(risks.values()))
    return {
        "own_weight": first.own_weight,
        "pool_weight": first.pool_weight,
        "past_listings": first.listings,
        "established_markets": first.peers,
        "volatility_per_bar": first.volatility_per_bar,
        "pooled_with": list(first.covariates),
        "review_at": iso_minute(first.review_at_ns).replace(" ", "T") + "Z",
        "margins": {
            f"{hours}h": {
                "long": risk.long_margin,
                "long_error": risk.long_error,
                "short": risk.short_margin,
                "short_error": risk.short_error,
            }
            for hours, risk in risks.items()
        },
        "reason": None if first.reason is None else first.reason.value,
    }


def _fits(found: NightlyEstimate, j: int) -> dict[str, Any]:
    return {
        fit.parameter: {
            "mle": known(fit.mle[j]),
            "mle_error": known(fit.mle_error[j]),
            "bayes": known(fit.bayes[j]),
            "bayes_sd": known(fit.bayes_sd[j]),
            "difference_in_errors": known(fit.difference[j]),
            "used": None if fit.used[j] is None else str(fit.used[j]),
            "reason": None if fit.reason is None else fit.reason.value,
        }
        for fit in found.fits
    }
