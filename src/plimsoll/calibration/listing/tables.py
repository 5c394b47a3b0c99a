"""A listing as tables: numbers with their errors, tiers with bands, limits, haircut, review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plimsoll.calibration.listing.proof import LearntFactor, ListingProof
from plimsoll.calibration.listing.publication import ListingFigures
from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.calibration.listing.review import BET, ONE_LOOK, Checkpoint, Review
from plimsoll.calibration.listing.young_risk import ListingRisk, RiskLeg
from plimsoll.calibration.rounding import rate_up
from plimsoll.domain.finding import Finding, FindingPolicy
from plimsoll.domain.parameters import Parameter
from plimsoll.domain.table import Cell, Column, ColumnKind, Table

K = ColumnKind
SIDES = ("long", "short")


def risk_table(request: ListingRequest, figures: ListingFigures) -> Table:
    """Every estimated number with its standard error, and one of them to either side."""
    risk, depth, learnt = figures.risk, figures.depth, figures.learnt
    legs = (
        ("maintenance", risk.maintenance),
        ("reaction", risk.reaction),
        ("sale of collateral", risk.sale),
    )
    rows: list[tuple[Cell, ...]] = [
        _risk_row(name, side, leg, risk.source) for name, leg in legs for side in range(len(SIDES))
    ]
    middle = depth.estimate.impact
    spread = 0.25 * (depth.estimate.impact_high - depth.estimate.impact_low)
    rows.append(
        ("impact Y", "", None, None, middle, spread, middle - spread, middle + spread,
         depth.cost_source)
    )  # fmt: skip
    number = K.NUMBER
    return Table(
        name="uncertainty",
        title=f"{request.market}: what is estimated, and how surely",
        columns=(
            Column(name="figure", title="Figure"),
            Column(name="side", title="Side"),
            Column(name="horizon", title="Horizon", kind=number, unit="h", digits=0),
            Column(name="level", title="Level", kind=K.FRACTION, digits=1),
            Column(name="value", title="Value", kind=number, digits=4),
            Column(name="standard_error", title="s.e.", kind=number, digits=4),
            Column(name="low", title="Low", kind=number, digits=4),
            Column(name="high", title="High", kind=number, digits=4),
            Column(name="source", title="Rests on"),
        ),
        rows=tuple(rows),
        notes=(
            "Shares of notional. Published is the value itself: a predictive quantile, in which "
            "what is not known of the coin is already charged; low and high are one standard "
            "error away.",
            _weights(risk),
            *_learnt(learnt),
        ),
    )


def _risk_row(name: str, side: int, leg: RiskLeg, source: str) -> tuple[Cell, ...]:
    value, error = float(leg.loss[side]), float(leg.error[side])
    return (
        name, SIDES[side], leg.horizon_hours, leg.confidence, value, error,
        max(value - error, 0.0), value + error, source,
    )  # fmt: skip


def _learnt(learnt: LearntFactor) -> tuple[str, ...]:
    if learnt.factor == 1.0:
        return ()
    return (
        f"A factor of {learnt.factor:.3f} (s.e. {learnt.error:.3f}) is in all of them: what "
        f"{learnt.listings} past listings needed {learnt.ages}.",
    )


def _weights(risk: ListingRisk) -> str:
    reason = "" if risk.reason is None else f" Reason: {risk.reason.value}."
    return (
        f"Age {risk.age_days:.1f} days; own activity weighs {risk.own_weight:.2f}; "
        f"{risk.listings:.1f} past listings and {risk.peers:.1f} established markets behind it."
        + reason
    )


def tiers_table(
    request: ListingRequest, figures: ListingFigures, parameters: Mapping[str, Parameter]
) -> Table:
    """Published tiers, with the rates that one standard error lower or higher would need."""
    step, made = request.problem.structure.maintenance_rate_step, figures.tiers
    rows = []
    for index, cap in enumerate(made.fitted.ladder.caps_usd):
        held = parameters[f"tier[{index}].maintenance_rate"]
        initial = parameters[f"tier[{index}].initial_rate"]
        rows.append(
            (
                request.market,
                index + 1,
                float(cap),
                float(held.value),
                float(made.fitted.rate_errors[index]),
                float(rate_up(float(made.low[index]), step)),
                float(rate_up(float(made.high[index]), step)),
                float(initial.value),
                float(parameters[f"tier[{index}].max_leverage"].value),
                held.origin.value,
            )
        )
    rate = K.FRACTION
    return Table(
        name="parameters",
        title=f"{request.market}: tiers",
        columns=(
            Column(name="market", title="Market"),
            Column(name="tier", title="Tier", kind=K.COUNT),
            Column(name="cap", title="Up to", kind=K.MONEY, unit="USD", digits=0),
            Column(name="maintenance_rate", title="Maintenance", kind=rate),
            Column(name="standard_error", title="s.e.", kind=rate),
            Column(name="low", title="Low", kind=rate),
            Column(name="high", title="High", kind=rate),
            Column(name="initial_rate", title="Initial", kind=rate),
            Column(name="leverage", title="Leverage", kind=K.NUMBER, unit="x", digits=0),
            Column(name="origin", title="Origin"),
        ),
        rows=tuple(rows),
        notes=(
            "Marginal rates, up to the position limit. Low and high: the rates between the same "
            "caps were risk and cost both one standard error lower or higher, rounded up.",
            f"Cost of closing: {figures.depth.cost_source}; fee "
            f"{request.risk_class.liquidation_fee:.2%}."
            + (f" Reason: {figures.depth.reason.value}." if figures.depth.reason else ""),
        ),
    )


def limits_table(request: ListingRequest, figures: ListingFigures) -> Table:
    """Limits, what set each, and every bound that did not."""
    limits, depth, risk = figures.limits, figures.depth, figures.risk
    chosen = (
        ("position of one owner", float(limits.position_usd), limits.position_bound),
        ("open interest of a side", float(limits.open_interest_usd), limits.open_interest_bound),
        ("base margin up to", float(limits.scaling.lower_cap_usd), "open-interest scaling"),
        ("margin of 1 from", float(limits.scaling.upper_cap_usd), "open-interest scaling"),
    )
    bounds = ((f"bound: {name}", usd, "") for name, usd in limits.candidates_usd.items())
    return Table(
        name="limits",
        title=f"{request.market}: limits",
        columns=(
            Column(name="limit", title="Limit"),
            Column(name="usd", title="Amount", kind=K.MONEY, unit="USD", digits=0),
            Column(name="set_by", title="Set by"),
        ),
        rows=(*chosen, *bounds),
        notes=(
            f"Turnover {depth.adv_usd:,.0f} USD a day ({depth.adv_source}), believed at the "
            f"weight of own history, {risk.own_weight:.2f}. Limits are rounded down, and count "
            "what a beneficial owner holds in all.",
            "cost of moving the index: what it takes to move the price by what maintenance "
            "covers; larger open interest would pay for it.",
        ),
    )


def haircut_table(request: ListingRequest, figures: ListingFigures) -> Table:
    """The coin as collateral, with every admission rule."""
    made = figures.haircut
    rows: list[tuple[Cell, ...]] = [
        ("haircut of the first dollar", f"{made.indicative:.1%}", f"s.e. {made.error:.1%}"),
        ("admitted", "yes" if made.admitted else "no: it counts for nothing", ""),
    ]
    rows += [
        (f"{line.rule}: {'met' if line.passed else 'not met'}", line.found, line.demanded)
        for line in made.asset.admission.lines
    ]
    return Table(
        name="haircut",
        title=f"{request.asset} as collateral",
        columns=(
            Column(name="rule", title="Item"),
            Column(name="found", title="Found"),
            Column(name="demanded", title="Demanded"),
        ),
        rows=tuple(rows),
        notes=(
            f"Risk over a sale of {request.rules.sale.horizon_hours:g} h with its cost, not below "
            "half of the worst fall of its class. What nobody knows does not pass.",
        ),
    )


def review_table(
    request: ListingRequest, reviews: Sequence[Review], counts: Sequence[Checkpoint]
) -> Table:
    """Dates of review, and the breach counts to hold until the first."""
    rows: list[tuple[Cell, ...]] = [
        ("review", one.at_ns, f"age {one.age_days:.0f} d", None, None, None, one.reason)
        for one in reviews
    ]
    for count in counts:
        at_ns = request.as_of_ns + count.days * 86_400_000_000_000
        rows.append(
            ("breaches by", at_ns, f"{count.horizons:,} horizons", count.expected, count.act_at,
             count.one_look, "of a side: act at once at so many")
        )  # fmt: skip
    return Table(
        name="review",
        title=f"{request.market}: when to look again",
        columns=(
            Column(name="kind", title="What"),
            Column(name="at", title="When", kind=K.TIME, unit="UTC"),
            Column(name="after", title="After"),
            Column(name="expected", title="Expected", kind=K.NUMBER, digits=1),
            Column(name="act_at", title="Act at", kind=K.COUNT),
            Column(name="one_look", title="One look", kind=K.COUNT),
            Column(name="about", title="About"),
        ),
        rows=tuple(rows),
        notes=(
            "Losses above price_risk.maintenance over its horizon, horizons that do not overlap, "
            "longs and shorts apart.",
            f"Act at: a bet on {BET:g} times the target has won 20-fold; may be looked at after "
            f"every horizon, wrong in 1 of 20 at most. One look: too many at {ONE_LOOK:.0%} where "
            "nobody looked before.",
            "At a review: age and own weight; turnover and depth against those of this listing; "
            "open interest and the largest owner against the limits; breaches; any number that "
            "has moved by more than 1.5 standard errors.",
        ),
    )


def coverage_table(request: ListingRequest, proof: ListingProof) -> Table:
    """Walk-forward coverage of past listings, and of the coin's own first days."""
    target = 1.0 - request.problem.maintenance_level
    rows: list[tuple[Cell, ...]] = []
    for scope, own in (("maintenance, past listings", False), ("the coin itself", True)):
        found = proof.pooled(target, own=own)
        if found is not None:
            rows.append(
                (scope, found.observations, found.breaches, found.breach_rate,
                 found.standard_error, target, proof.mean_margin(own=own), found.p_too_many)
            )  # fmt: skip
    return Table(
        name="coverage_pooled",
        title="The same rule on first weeks, walk-forward",
        columns=(
            Column(name="scope", title="Scope"),
            Column(name="horizons", title="Horizons", kind=K.COUNT),
            Column(name="breaches", title="Breaches", kind=K.COUNT),
            Column(name="breach_rate", title="Breach rate", kind=K.FRACTION),
            Column(name="standard_error", title="s.e.", kind=K.FRACTION),
            Column(name="target", title="Target", kind=K.FRACTION),
            Column(name="mean_margin", title="Mean margin", kind=K.FRACTION),
            Column(name="p_too_many", title="p, too many", kind=K.NUMBER, digits=3),
        ),
        rows=tuple(rows),
        notes=(
            "Each midnight's price risk, set from what was known then, against the moves after "
            f"it: past listings at {proof.from_age:.1f} days and more, to the end of youth; the "
            "coin on all its days, its opening among them; each with the factor that other past "
            "listings teach. Errors clustered by day.",
            f"Loss = price move on {request.problem.label}; "
            + ("no funding." if request.history.funding is None else "funding in it."),
        ),
    )


def findings_table(findings: Sequence[Finding], policy: FindingPolicy, market: str) -> Table:
    """Findings on the coin's own data, and what was done."""
    own = [f for f in findings if f.market.partition("@")[0] == market]
    return Table(
        name="findings",
        title=f"{market}: data findings",
        columns=(
            Column(name="kind", title="Kind"),
            Column(name="first", title="First", kind=K.TIME, unit="UTC"),
            Column(name="last", title="Last", kind=K.TIME, unit="UTC"),
            Column(name="bars", title="Bars", kind=K.COUNT),
            Column(name="detail", title="Detail"),
            Column(name="action", title="Action"),
        ),
        rows=tuple(
            (f.kind.value.replace("_", " "), f.first_ns, f.last_ns, f.bars, f.detail,
             policy.action(f.kind).value)
            for f in sorted(own, key=lambda f: (f.first_ns, f.kind.value))
        ),
        notes=("mask: not used, and never filled. Nothing is repaired.",),
    )  # fmt: skip
