"""The gate fails what it should: thin margins, one bad market, bounds, too few days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from gate_proofs import in_set, made

from plimsoll.calibration.evidence.engine_check import engine_check
from plimsoll.calibration.evidence.gate import checks, holm_rejected
from plimsoll.calibration.evidence.proof import Incumbent, Proof
from plimsoll.calibration.problem import CalibrationProblem, Gate
from plimsoll.calibration.solve import MarketSolution
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.finding import Reason
from plimsoll.domain.parameters import Origin, ParameterSet
from plimsoll.domain.tiers import TierTable


def verdicts(proof: Proof) -> dict[str, Check]:
    return {check.name: check for check in checks(proof, made()[1])}


def scaled(proof: Proof, factor: float, market: int | None = None) -> Proof:
    """The same margins, thinner by a factor: of all markets or of one."""
    maintenance = proof.paths.maintenance.copy()
    chosen = slice(None) if market is None else slice(market, market + 1)
    maintenance[:, chosen] *= factor
    return replace(proof, paths=replace(proof.paths, maintenance=maintenance))


def test_honest_margins_hold() -> None:
    proof, _ = made()
    found = verdicts(proof)
    assert found["Maintenance coverage, model"].verdict is Verdict.HOLDS
    assert found["Maintenance coverage, market by market"].verdict is Verdict.HOLDS


def test_margins_a_fifth_too_thin_are_a_breach() -> None:
    found = verdicts(scaled(made()[0], 0.8))
    assert found["Maintenance coverage, model"].verdict is Verdict.BREACH


def test_one_bad_market_is_found_though_the_pool_holds() -> None:
    proof, _ = made()
    found = verdicts(scaled(proof, 0.55, proof.markets.index("SPAR/USDT:USDT")))
    one_by_one = found["Maintenance coverage, market by market"]
    assert one_by_one.verdict is Verdict.BREACH
    assert "SPAR/USDT:USDT" in one_by_one.found


def test_thin_published_rates_and_reaction_margins_are_breaches() -> None:
    proof, _ = made()
    thin = replace(proof, published=replace(proof.published, rate=0.7 * proof.published.rate))
    assert verdicts(thin)["Maintenance coverage, as published"].verdict is Verdict.BREACH
    quick = replace(proof, paths=replace(proof.paths, reaction=0.7 * proof.paths.reaction))
    assert verdicts(quick)["Reaction-time coverage (IM - MM)"].verdict is Verdict.BREACH


def test_too_few_days_prove_nothing() -> None:
    proof, parameters = made()
    problem: CalibrationProblem = replace(proof.problem, gate=Gate(minimum_scored_days=10_000))
    found = {c.name: c for c in checks(replace(proof, problem=problem), parameters)}
    assert found["Length of the walk-forward"].verdict is Verdict.NOT_PROVEN


def test_nothing_scored_proves_nothing() -> None:
    proof, _ = made()
    silent = replace(
        proof,
        maintenance=replace(proof.maintenance, loss=np.full_like(proof.maintenance.loss, np.nan)),
    )
    found = verdicts(silent)
    assert found["Maintenance coverage, model"].verdict is Verdict.NOT_PROVEN
    assert found["Maintenance coverage, market by market"].verdict is Verdict.NOT_PROVEN


def test_a_bound_that_cuts_a_rate_is_a_breach() -> None:
    proof, _ = made()
    structure = replace(proof.problem.structure, leverage_grid=(Decimal(50), Decimal(100)))
    tight = replace(proof, problem=replace(proof.problem, structure=structure))
    from plimsoll.calibration.publication import publish
    from plimsoll.calibration.solve import solve

    solutions = solve(
        tight.problem,
        tight.paths,
        {
            m.symbol: s.reason
            for m, s in zip(proof.problem.markets, proof.solutions, strict=True)
            if s.frozen is None and s.reason
        },
        {},
        coverage_rejected=False,
    )
    cut = publish(
        tight.problem,
        solutions,
        valid_from="",
        data_digest="",
        problem_digest="",
        code_version="",
        parent=None,
    )
    found = {c.name: c for c in checks(replace(tight, solutions=solutions), cut)}
    assert found["Bounds of the venue"].verdict is Verdict.BREACH
    told = found["Bounds of the venue"].found
    assert "the rate of 50x, the lowest leverage offered" in told
    assert "offer 7x for BUOY/USDT:USDT/tier[0].initial_rate, which needs 0.129267" in told
    # Leverages of 50 and more leave 2 % of IM: less than twice MM.
    assert found["Structure of the tiers"].verdict is Verdict.BREACH
    assert "MM / IM above 0.5" in found["Structure of the tiers"].found


def test_a_rate_that_falls_tenfold_against_those_in_force_is_a_breach_without_a_plan() -> None:
    proof, _ = made()
    assert "Size of changes" not in verdicts(proof)

    def in_force(solution: MarketSolution, times: int) -> MarketSolution:
        tables = []
        for table in solution.tables:
            tiers = [
                replace(
                    t,
                    maintenance_rate=times * t.maintenance_rate,
                    initial_rate=times * t.initial_rate,
                )
                for t in table.tiers.table.tiers
            ]
            need = replace(table.need, incumbent=TierTable(tuple(tiers)))
            tables.append(replace(table, found=replace(table.found, need=need)))
        return replace(solution, tables=tuple(tables))

    for times, verdict in ((2, Verdict.HOLDS), (11, Verdict.BREACH)):
        solutions = tuple(in_force(s, times) for s in proof.solutions)
        standing = Incumbent(name="old", tiers={}, valid_from_ns=0)
        found = verdicts(replace(proof, solutions=solutions, incumbent=standing))
        assert found["Size of changes"].verdict is verdict


def test_the_engine_is_asked_and_a_rate_too_low_is_found() -> None:
    proof, parameters = made()
    assert engine_check(proof, parameters).verdict is Verdict.HOLDS
    low = [
        replace(p, value=p.value - p.grid)
        if p.key == "SPAR/USDT:USDT/tier[0].maintenance_rate" and p.grid is not None
        else p
        for p in parameters
    ]
    found = engine_check(proof, replace(parameters, parameters=tuple(low)))
    assert found.verdict is Verdict.BREACH
    assert found.found == "short of it: SPAR/USDT:USDT"


Made = tuple[Proof, ParameterSet]


def _published(proof: Proof, **changed: np.ndarray) -> Proof:
    return replace(proof, published=replace(proof.published, **changed))


def _without_number() -> Made:
    """A market that ought to have a number, and has none."""
    proof, parameters = made()
    first, *others = proof.solutions
    lost = replace(first, tables=(), reason=Reason.FIT_FAILED)
    return replace(proof, solutions=(lost, *others)), parameters


def _cut_by_a_bound() -> Made:
    proof, parameters = made()
    first, *others = parameters
    bound = replace(first, origin=Origin.BOUND)
    return proof, replace(parameters, parameters=(bound, *others))


def _of_sides(longs: float, shorts: float) -> Made:
    proof, parameters = made()
    path = proof.paths.maintenance * np.array([longs, shorts])
    return replace(proof, paths=replace(proof.paths, maintenance=path)), parameters


def _thick_year() -> Made:
    """Margins of the scored year are two fifths thicker."""
    proof, parameters = made()
    path = proof.paths.maintenance.copy()
    path[proof.paths.time_ns >= SCORED_YEAR_NS] *= 1.4
    return replace(proof, paths=replace(proof.paths, maintenance=path)), parameters


SCORED_YEAR_NS = int(np.datetime64("2023-01-01", "ns").astype(np.int64))
FAILING: dict[str, Callable[[], Made]] = {
    "Length of the walk-forward": lambda: (
        replace(made()[0], problem=replace(made()[0].problem, gate=Gate(minimum_scored_days=9999))),
        made()[1],
    ),
    "Maintenance coverage, model": lambda: _of_sides(0.8, 0.8),
    "Maintenance coverage, as published": lambda: (
        _published(made()[0], rate=0.7 * made()[0].published.rate),
        made()[1],
    ),
    "Reaction-time coverage (IM - MM)": lambda: (
        replace(made()[0], paths=replace(made()[0].paths, reaction=0.7 * made()[0].paths.reaction)),
        made()[1],
    ),
    "Maintenance coverage, market by market": lambda: (scaled(made()[0], 0.5, 0), made()[1]),
    "Coverage line, pooled": lambda: _of_sides(1.4, 1.4),
    "Coverage line, each side": lambda: _of_sides(0.75, 1.5),
    "Coverage line, each year": _thick_year,
    "Snapping never under-covers": lambda: (
        _published(made()[0], snapped=made()[0].published.snapped - 0.0005),
        made()[1],
    ),
    "Markets with a number": _without_number,
    "Bounds of the venue": _cut_by_a_bound,
    "Structure of the tiers": lambda: in_set("tier[0].initial_rate", Decimal("0.011")),
    "Margin engine on probe positions": lambda: in_set(
        "tier[0].maintenance_rate", Decimal("0.001")
    ),
}
"""What each line of the verdict must not let pass."""
WITHOUT_PROOF = ("Length of the walk-forward", "Markets with a number")


@pytest.mark.parametrize("name", FAILING)
def test_every_line_of_the_gate_fails_what_it_is_there_for(name: str) -> None:
    proof, parameters = FAILING[name]()
    found = {check.name: check for check in checks(proof, parameters)}
    wanted = Verdict.NOT_PROVEN if name in WITHOUT_PROOF else Verdict.BREACH
    assert found[name].verdict is wanted, found[name].found
    assert verdicts(made()[0])[name].verdict is not wanted


def test_no_line_of_the_gate_is_without_a_case_that_it_fails() -> None:
    assert {check.name for check in checks(*made())} == set(FAILING)


def test_holm_controls_the_family() -> None:
    """Against the textbook: sorted p times (m - rank) below the level, stop at the first not."""
    assert holm_rejected({"a": 0.01, "b": 0.04, "c": 0.03}, 0.05) == ["a"]
    assert holm_rejected({"a": 0.01, "b": 0.02, "c": 0.049}, 0.05) == ["a", "b", "c"]
    assert holm_rejected({"a": 0.02, "b": 0.001}, 0.05) == ["b", "a"]
    assert holm_rejected({}, 0.05) == []
