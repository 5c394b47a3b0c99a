"""List a coin: the whole answer, as a set with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from plimsoll.calibration.evidence import Calibration
from plimsoll.calibration.identity import problem_digest
from plimsoll.calibration.listing.add_on_figures import listing_add_ons
from plimsoll.calibration.listing.depth import listing_depth
from plimsoll.calibration.listing.haircut import listing_haircut
from plimsoll.calibration.listing.proof import (
    OPENING_DAYS,
    LearntFactor,
    ListingProof,
    factor_of,
    listing_proof,
    proof_check,
    with_factors,
)
from plimsoll.calibration.listing.publication import ListingFigures, listing_parts
from plimsoll.calibration.listing.request import ListingRequest
from plimsoll.calibration.listing.review import Review, checkpoints, reviews
from plimsoll.calibration.listing.size_limits import listing_limits, listing_tiers
from plimsoll.calibration.listing.tables import (
    coverage_table,
    findings_table,
    haircut_table,
    limits_table,
    review_table,
    risk_table,
    tiers_table,
)
from plimsoll.calibration.listing.young_risk import ListingRisk, enough_days, listing_risk, times
from plimsoll.calibration.part import CalibratedPart, parameters_of
from plimsoll.calibration.run import iso_instant
from plimsoll.domain.evidence import Check, Evidence, Verdict
from plimsoll.domain.finding import FindingPolicy
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.parameters import Origin, ParameterSet, parameter_set
from plimsoll.domain.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRecord:
    """What makes the same set again.

    Parameters
    ----------
    data_digest, code_version, command : str
    policy : FindingPolicy
        What was done about findings.
    notes : tuple of str
        Further limits: what the prices are, who is missing.
    provenance : mapping of str to str
    """

    data_digest: str
    code_version: str
    command: str
    policy: FindingPolicy
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listing:
    """A coin ready to be listed.

    Parameters
    ----------
    figures : ListingFigures
        Risk, depth, limits, tiers, haircut, add-ons, unrounded where they are not published.
    parts : tuple of CalibratedPart
    reviews : tuple of Review
    proof : ListingProof
    calibration : Calibration
        Parameter set and evidence.
    """

    figures: ListingFigures
    parts: tuple[CalibratedPart, ...]
    reviews: tuple[Review, ...]
    proof: ListingProof
    calibration: Calibration

    @property
    def parameters(self) -> ParameterSet:
        """The set, of one market."""
        return self.calibration.parameters

    @property
    def evidence(self) -> Evidence:
        """What stands behind it."""
        return self.calibration.evidence


def list_market(request: ListingRequest, record: ListingRecord) -> Listing:
    """Return tiers, limits, haircut, add-ons, their uncertainty and the reviews of a young coin.

    Raises
    ------
    InsufficientDataError
        A coin of less than a day, or no peer with two months of prices.
    UsageError
        A coin that is no longer young: `calibrate` is for it.
    EstimationError
        No ladder on the venue's grid covers what the coin needs.
    """
    plain = listing_risk(request)
    proof, learnt = _proven(request, plain)
    figures = _figures(request, times(plain, learnt.factor, learnt.error, request.payoff), learnt)
    parts = listing_parts(request, figures)
    dates = reviews(
        request.as_of_ns, figures.risk.age_days, float(request.problem.short_history.minimum_days)
    )
    parameters = _set(request, record, parts)
    evidence = Evidence(
        parameter_set_id=parameters.id,
        label=request.problem.label,
        checks=(
            proof_check(request, proof),
            _age_check(request, figures.risk),
            _cover_check(figures),
            _bound_check(parameters),
        ),
        tables=_tables(request, record, figures, parts, proof, dates, parameters),
        series=proof.series(request.risk_class.maintenance_horizon_hours),
        limits=(*_limits(request, figures), *record.notes),
        provenance={
            "as_of": iso_instant(request.as_of_ns),
            "command": record.command,
            **(record.provenance or {}),
        },
    )
    return Listing(
        figures=figures,
        parts=parts,
        reviews=dates,
        proof=proof,
        calibration=Calibration(parameters=parameters, evidence=evidence),
    )


def _proven(request: ListingRequest, risk: ListingRisk) -> tuple[ListingProof, LearntFactor]:
    """The rule on past listings, and what they teach."""
    proof, level = listing_proof(request, risk), request.problem.maintenance_level
    if not risk.modelled:
        return proof, LearntFactor()
    learnt = factor_of(proof, level, request.problem.seed)
    return with_factors(proof, level), learnt


def _figures(request: ListingRequest, risk: ListingRisk, learnt: LearntFactor) -> ListingFigures:
    depth = listing_depth(request, risk.volatility_daily)
    limits = listing_limits(request, risk, depth)
    tiers = listing_tiers(request, risk, depth, limits)
    rate = float(tiers.fitted.ladder.rates[0])
    return ListingFigures(
        risk=risk,
        learnt=learnt,
        depth=depth,
        limits=limits,
        tiers=tiers,
        haircut=listing_haircut(request, risk, depth),
        add_ons=listing_add_ons(request, risk, depth, rate),
    )


def _set(
    request: ListingRequest, record: ListingRecord, parts: tuple[CalibratedPart, ...]
) -> ParameterSet:
    problem = request.problem
    return parameter_set(
        venue=problem.venue,
        valid_from=iso_instant(request.as_of_ns),
        parameters=parameters_of(parts),
        seed=problem.seed,
        data_digest=record.data_digest,
        problem_digest=problem_digest(
            problem, record.policy, request.market, request.risk_class.name, request.rules
        ),
        code_version=record.code_version,
        label=problem.label,
    )


def _tables(
    request: ListingRequest,
    record: ListingRecord,
    figures: ListingFigures,
    parts: tuple[CalibratedPart, ...],
    proof: ListingProof,
    dates: tuple[Review, ...],
    parameters: ParameterSet,
) -> tuple[Table, ...]:
    days = max(1, (dates[0].at_ns - request.as_of_ns) // DAY_NS)
    hours = request.risk_class.maintenance_horizon_hours
    counts = checkpoints(int(days), hours, 1.0 - request.problem.maintenance_level)
    return (
        tiers_table(request, figures, parameters.of(request.market)),
        limits_table(request, figures),
        haircut_table(request, figures),
        risk_table(request, figures),
        review_table(request, dates, counts),
        coverage_table(request, proof),
        findings_table(request.history.findings, record.policy, request.market),
        *(table for part in parts for table in part.tables),
    )


def _age_check(request: ListingRequest, risk: ListingRisk) -> Check:
    enough, old = request.rules.enough_days, enough_days(request, risk.age_days)
    return Check(
        name="Own history",
        verdict=Verdict.HOLDS if old and risk.modelled else Verdict.NOT_PROVEN,
        found=f"{risk.age_days:.1f} days" + ("" if risk.modelled else "; numbers of its class"),
        demanded=f"at least {enough:g} days begun, and peers enough for a pool",
    )


def _cover_check(figures: ListingFigures) -> Check:
    """The ladder against R(N) at sizes that the search did not use."""
    needed, ladder = figures.tiers.requirement, figures.tiers.fitted.ladder
    size = np.geomspace(needed.notional_usd[0], needed.notional_usd[-1], 997)
    short = float(np.max((needed.at(size) - ladder.maintenance_usd(size)) / size))
    holds = short <= 1e-12
    return Check(
        name="Tiers cover risk, fee and cost",
        verdict=Verdict.HOLDS if holds else Verdict.BREACH,
        found="at every size" if holds else f"short by {short:.4%}",
        demanded="MM(N) at least R(N) up to the position limit",
    )


def _bound_check(parameters: ParameterSet) -> Check:
    bound = sorted(p.name for p in parameters if p.origin is Origin.BOUND and "tier[" in p.name)
    return Check(
        name="Bounds of the venue",
        verdict=Verdict.BREACH if bound else Verdict.HOLDS,
        found=f"binding for {', '.join(bound)}" if bound else "none binds",
        demanded="no rate is cut by a bound",
    )


def _limits(request: ListingRequest, figures: ListingFigures) -> tuple[str, ...]:
    risk, depth = figures.risk, figures.depth
    stated = [
        f"Prices are {request.problem.label}. Between two closes nothing is seen.",
        "Turnover, spread and depth of a listing fall off within weeks more often than not; "
        "limits count them at the weight of its own history only.",
        "Who holds the coin, its unlocks and its venues are not known here.",
    ]
    if risk.age_days < OPENING_DAYS or figures.learnt.factor > 1.0:
        stated.append(_learnt_words(figures.learnt))
    if not risk.modelled:
        stated.append(
            "The peers are too few for a pool of moves: risk is the largest one-year quantile of "
            f"{risk.source.removeprefix('largest of ')}."
        )
    if depth.reason is not None:
        stated.append(
            f"No depth was given: cost is that of {depth.cost_source}, an assumption of the venue."
        )
    if depth.adv_source.startswith("class"):
        stated.append(
            f"No turnover was given: {depth.adv_source} lends its own, which a listing may never "
            "reach."
        )
    return tuple(stated)


def _learnt_words(learnt: LearntFactor) -> str:
    if not learnt.listings:
        return (
            "Moves of the first three days break the margin about six times as often as the "
            "target, and past listings are too few to say how far: ask an opening add-on, or wait."
        )
    return (
        f"Every risk is multiplied by {learnt.factor:.2f} (s.e. {learnt.error:.2f}): what "
        f"{learnt.listings} past listings needed {learnt.ages}."
    )
