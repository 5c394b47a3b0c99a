"""What the checks found in every market's data, and how long closing takes in it; as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind, FindingPolicy, Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.liquidity.margin_figures import UnwindRule, liquidation_horizon
from plimsoll.estimators.liquidity.open_interest import concentration, days_to_liquidate
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.journeys.estimate_open_interest import OpenInterest

K = ColumnKind
SIZES_USD = (1e5, 1e6, 1e7)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCount:
    """Findings of one kind on one market: stretches, their bars, and what was done with these."""

    stretches: int
    bars: int
    action: str


Counts = Mapping[str, Mapping[FindingKind, FindingCount]]


def finding_counts(findings: Sequence[Finding]) -> dict[str, dict[FindingKind, FindingCount]]:
    """Count findings by market and kind, under the default policy, kinds in their fixed order."""
    policy = FindingPolicy()
    found: dict[str, dict[FindingKind, FindingCount]] = {}
    for kind in FindingKind:
        for one in findings:
            if one.kind is not kind:
                continue
            counts = found.setdefault(one.market, {})
            before = counts.get(kind, FindingCount(stretches=0, bars=0, action=""))
            counts[kind] = FindingCount(
                stretches=before.stretches + 1,
                bars=before.bars + one.bars,
                action=policy.action(kind).value,
            )
    return found


def findings_table(markets: Sequence[str], counts: Counts) -> Table:
    """Return a row for every market with its findings, those of refused markets too."""
    named = [*markets, *(m for m in counts if m not in markets)]
    return Table(
        name="findings",
        title="What the checks found in the data",
        columns=(
            Column(name="market", title="Market"),
            Column(name="findings", title="Findings", kind=K.COUNT),
            Column(name="bars", title="Bars", kind=K.COUNT),
            Column(name="masked_bars", title="Masked", kind=K.COUNT, unit="bars"),
            Column(
                name="kinds",
                title="Kinds",
                about="Code, times found, bars, and what was done with them.",
            ),
        ),
        rows=tuple(_findings(market, counts.get(market, {})) for market in named),
        notes=(
            "As known at the night, by the default policy. mask: the bars are not used. The parts "
            "of a split market share the findings of their source.",
        ),
    )


def _findings(market: str, counts: Mapping[FindingKind, FindingCount]) -> tuple[Cell, ...]:
    kinds = "; ".join(
        f"{kind.value} {c.stretches:,} ({c.bars:,} bars, {c.action})" for kind, c in counts.items()
    )
    return (
        market,
        sum(c.stretches for c in counts.values()),
        sum(c.bars for c in counts.values()),
        sum(c.bars for c in counts.values() if c.action == "mask"),
        kinds or None,
    )


def findings_document(counts: Mapping[FindingKind, FindingCount]) -> dict[str, Any]:
    """Return the findings of one market as plain values."""
    return {
        kind.value: {"stretches": c.stretches, "bars": c.bars, "action": c.action}
        for kind, c in counts.items()
    }


def liquidation_table(
    found: NightlyEstimate, held: Mapping[str, OpenInterest] | None = None
) -> Table:
    """Return cheapest unwinds by size, days to liquidate the open interest, and who holds it."""
    rule = UnwindRule()
    sizes = tuple(_short(size) for size in SIZES_USD)
    return Table(
        name="liquidation",
        title="How long closing takes",
        columns=(
            Column(name="market", title="Market"),
            Column(name="source", title="From", about="books, bars or the class."),
            Column(name="turnover_usd", title="Turnover", kind=K.MONEY, unit="USD/d", digits=0),
            *(
                Column(
                    name=f"horizon_{size}_hours", title=f"h* {size}", kind=K.NUMBER, unit="h",
                    about="Cheapest time of an even unwind of so many dollars.",
                )
                for size in sizes
            ),
            *(
                Column(
                    name=f"add_on_{size}_bps", title=f"Add-on {size}", kind=K.NUMBER, unit="bps",
                    digits=1, about="Its cost beyond the price risk that the margin covers.",
                )
                for size in sizes
            ),
            Column(
                name="open_interest_usd", title="Open interest", kind=K.MONEY, unit="USD", digits=0
            ),
            Column(
                name="days_to_liquidate", title="To liquidate", kind=K.NUMBER, unit="d", digits=3
            ),
            Column(name="effective_longs", title="Effective longs", kind=K.NUMBER, digits=1),
            Column(name="effective_shorts", title="Effective shorts", kind=K.NUMBER, digits=1),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(_liquidation(found, m, (held or {}).get(m), rule) for m in found.markets),
        notes=(
            f"h*: half the spread, impact \u03b7 {rule.impact:g} of an even unwind and its price "
            f"risk at {rule.quantile:g} s.d., at {100.0 * rule.participation:g} % of turnover at "
            f"most and not below {rule.covered_hours:g} h; days to liquidate at the same share.",
            "Open interest comes from --open-interest; effective holders, one over the sum of "
            "squared shares, need positions by holder.",
        ),
    )  # fmt: skip


def _liquidation(
    found: NightlyEstimate, market: str, held: OpenInterest | None, rule: UnwindRule
) -> tuple[Cell, ...]:
    liquidity = found.liquidity.estimates.get(market)
    reasons: list[str] = []
    blank: tuple[Cell, ...] = (None,) * (2 * len(SIZES_USD))
    turnover: Cell = None
    days: Cell = None
    if liquidity is None or not liquidity.daily_volume_usd * liquidity.daily_volatility > 0.0:
        reasons.append((found.liquidity.reasons.get(market) or Reason.NO_DATA).value)
    else:
        turnover = liquidity.daily_volume_usd
        unwind = liquidation_horizon(liquidity, SIZES_USD, rule)
        hours, add_on = 24.0 * np.asarray(unwind.horizon_days), 1e4 * np.asarray(unwind.add_on)
        blank = (*(_finite(v) for v in hours), *(_finite(v) for v in add_on))
        if held is not None:
            share = rule.participation
            days = days_to_liquidate(
                held.total_usd, liquidity.daily_volume_usd, participation=share
            )
    if held is None:
        reasons.append(f"open interest: {Reason.NO_DATA.value}")
    holders = (None, None) if held is None else (held.longs, held.shorts)
    return (
        market,
        None if liquidity is None else liquidity.source.value,
        turnover,
        *blank,
        None if held is None else held.total_usd,
        days,
        *(concentration(np.array(s)).effective_holders if s and any(s) else None for s in holders),
        ", ".join(reasons) or None,
    )


def _finite(value: float) -> Cell:
    return float(value) if np.isfinite(value) else None


def _short(size: float) -> str:
    return f"{size / 1e6:g}M" if size >= 1e6 else f"{size / 1e3:g}k"
