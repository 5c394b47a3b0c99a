"""The appetite's choice: levels, constraints, relaxations, and nothing from the future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from venue_frontier_cases import (
    CALM_ONLY,
    CANDIDATES,
    DAYS,
    FIRST_NS,
    MARKETS,
    STARTS,
    losses,
    margins,
    paths,
    record,
    run,
)

from plimsoll.adapters.executor import SerialExecutor
from plimsoll.calibration.appetite.statement import Profile
from plimsoll.calibration.appetite.weights import TERM_NAMES, objective_weights
from plimsoll.calibration.folds.folded_result import FoldedResult, FoldTerms
from plimsoll.calibration.forecast import LONG_WINDOW_DAYS
from plimsoll.calibration.problem import Gate
from plimsoll.calibration.risk_paths import loss_of_move
from plimsoll.calibration.venue_frontier.assessed import with_demanded_tools
from plimsoll.calibration.venue_frontier.candidates import DEFAULT, venue_candidates
from plimsoll.calibration.venue_frontier.constraints import (
    FUND,
    PEAK,
    PEAK_INITIAL,
    REACTION,
    RISE_INITIAL,
    UNCOVERED,
    YEARS,
    FrontierLimits,
    Shortfall,
    infeasibility,
    shortfalls,
)
from plimsoll.calibration.venue_frontier.frontier import (
    new_year_rows,
)
from plimsoll.calibration.venue_frontier.honesty import coins_left_out, folded_result, many_tried
from plimsoll.calibration.venue_frontier.level import levels_at, levels_in_force, loss_ratios
from plimsoll.calibration.venue_frontier.margins import LegMargins, MarginLeg, venue_margins
from plimsoll.calibration.venue_frontier.part import appetite_part
from plimsoll.calibration.venue_frontier.prepared_legs import prepared_legs
from plimsoll.calibration.venue_frontier.record import daily_counts
from plimsoll.calibration.venue_frontier.terms import PolicyTerms, Swings
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.evidence import Verdict
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import HOUR_NS, NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.errors import UsageError
from plimsoll.estimators.reference.methods import METHODS
from plimsoll.estimators.reference.panel import returns_panel

FloatArray = NDArray[np.float64]

GATE = Gate()


@pytest.fixture
def unsimulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the impulse responses, which take longest and are asked of another test."""
    monkeypatch.setattr("plimsoll.calibration.venue_frontier.part.responses_of", lambda _: ())


def test_a_level_gives_the_share_of_the_target_on_the_days_it_is_set_from() -> None:
    held = record(losses())
    margin = margins()[1]
    ratio = loss_ratios(held, margin)
    days = held.known(held.reviews[1])
    assert int(days.sum()) == held.reviews[1] - 3 + 1, "losses are known three rows later"
    levels = levels_at(held, ratio, days, 0.9)
    assert levels[0] == levels[2] != levels[3] == levels[5], "one level a horizon"
    for mine in (slice(0, 3), slice(3, 6)):
        broke = (held.losses.loss > (margin * levels[:, None])[:, None])[days][:, :, mine]
        # The scale is one of the ratios: the rate is the target's but for one start.
        assert broke.mean() == pytest.approx(0.009, abs=1.0 / broke.size)


@pytest.mark.parametrize("review", [2, 3])
def test_levels_choices_and_margins_do_not_know_the_future(review: int) -> None:
    """Losses not known at a review are scrambled: nothing that holds before the next changes."""
    honest, spoiled = losses(), losses()
    row = record(honest).reviews[review]
    rng = np.random.default_rng(review)
    later = slice(row - 3 + 1, None)
    spoiled[later] = 5.0 * rng.permutation(spoiled[later])
    one, two = run(honest, weight=0.0), run(spoiled, weight=0.0)
    until = record(honest).reviews[review + 1]
    for leg in ("maintenance", "reaction"):
        np.testing.assert_array_equal(
            getattr(one.path, leg)[:until], getattr(two.path, leg)[:until]
        )
    for a, b in zip(one.choices[: review + 1], two.choices[: review + 1], strict=True):
        assert (a.policy, a.preferred, a.statement) == (b.policy, b.preferred, b.statement)
        assert {k: repr(v) for k, v in a.terms.items()} == {k: repr(v) for k, v in b.terms.items()}
    for candidate, margin in zip(CANDIDATES, margins(), strict=True):
        if not candidate.is_default:
            first, second = (
                levels_in_force(r, loss_ratios(r, margin)) for r in (one.record, two.record)
            )
            np.testing.assert_array_equal(first[:until], second[:until])
            assert (first[until:] != second[until:]).any(), "the scrambling is felt later"


def test_a_shorter_history_chooses_the_same() -> None:
    """What a run that ends earlier put in force is what the longer one did then."""
    days = new_year_rows(record(losses()).time_ns)[3] + 40
    short, long = run(losses(), days, weight=0.0), run(losses(), weight=0.0)
    assert long.choices[3].policy != DEFAULT
    np.testing.assert_array_equal(short.path.maintenance, long.path.maintenance[:days])
    np.testing.assert_array_equal(short.path.reaction, long.path.reaction[:days])


def test_at_weight_0_the_calmest_that_holds_is_preferred_and_at_1_the_cheapest() -> None:
    for weights, term in (
        (CALM_ONLY, "peak_to_trough"),
        (objective_weights(Profile.MODERATE, 1.0), "capital"),
    ):
        now = run(losses(), weights=weights).now
        holding = [policy for policy, broken in now.broken.items() if not broken]
        assert len(holding) > 1
        assert now.preferred == min(holding, key=lambda policy: now.terms[policy].measured[term])


def test_the_default_is_in_force_until_three_years_are_known() -> None:
    found = run(losses())
    assert [choice.policy for choice in found.choices[:3]] == [DEFAULT] * 3
    assert found.choices[3].policy == found.choices[3].preferred
    np.testing.assert_array_equal(
        found.path.maintenance[: found.choices[3].row], paths().maintenance[: found.choices[3].row]
    )


def test_where_nothing_holds_the_least_excess_is_taken_and_the_relaxation_named(
    unsimulated: None,
) -> None:
    found = run(losses(), peak=1.000001)
    chosen = found.now
    assert chosen.holding == 0
    excess = {name: sum(s.excess for s in broken) for name, broken in chosen.broken.items()}
    assert chosen.preferred == min(excess, key=lambda name: excess[name])
    assert "No policy of 4 holds every constraint" in chosen.statement
    check = appetite_part(found, "note").checks[-1]
    assert check.verdict.value == "breach"
    assert "Smallest relaxation" in check.found


LIMITS = FrontierLimits(
    target=0.01,
    gate=GATE,
    peak_to_trough=1.8,
    five_day_rise=0.4,
    uncovered=0.01,
    reaction_target=0.05,
    fund_usd=1e6,
)
CALM_LEG = Swings(peak_to_trough=1.7, call_5=0.3, call_20=0.5, churn=0.02)
TERMS = PolicyTerms(
    cost=0.9,
    maintenance=CALM_LEG,
    initial=replace(CALM_LEG, peak_to_trough=1.6),
    pooled=0.0101,
    worst_quartile=0.0115,
    sides=(0.0105, 0.0097),
    years={2022: 0.0100, 2023: 0.0075},
    uncovered=0.005,
    reaction=0.05,
    solvent_liquidations=0.1,
    fund_draw_usd=9e5,
)


def test_each_constraint_is_broken_at_its_bound() -> None:
    assert shortfalls(TERMS, LIMITS) == ()
    for change, kind in (
        ({"maintenance": replace(CALM_LEG, peak_to_trough=1.81)}, PEAK),
        ({"initial": replace(CALM_LEG, peak_to_trough=1.81)}, PEAK_INITIAL),
        ({"initial": replace(CALM_LEG, call_5=0.41)}, RISE_INITIAL),
        ({"reaction": 0.0576}, REACTION),
        ({"uncovered": 0.0101}, UNCOVERED),
        ({"fund_draw_usd": 1.01e6}, FUND),
        ({"years": {2022: 0.0131}}, YEARS),
        ({"years": {2022: 0.0069}}, YEARS),
    ):
        (broken,) = shortfalls(replace(TERMS, **change), LIMITS)
        assert broken.kind == kind
        assert broken.excess > 0.0
    raised = replace(LIMITS, lower_bounds=False)
    assert shortfalls(replace(TERMS, years={2022: 0.0069}), raised) == ()
    assert (
        shortfalls(replace(TERMS, worst_quartile=0.0125), replace(LIMITS, ask_quartile=False)) == ()
    )


def test_the_smallest_relaxation_is_of_the_fewest_kinds() -> None:
    peak = Shortfall(kind=PEAK, found=2.05, limit=1.8, excess=0.31)
    year = Shortfall(kind=YEARS, found=0.014, limit=0.013, excess=0.08)
    told = infeasibility(
        {"a": (peak,), "b": (peak, year), "c": (replace(peak, found=2.5, excess=0.9),)}
    )
    assert told == (
        "No policy of 3 holds every constraint. Smallest relaxation: peak to trough of at most "
        "1.8: 2.05 would do (a), with all other constraints held."
    )
    assert infeasibility({"a": (peak,), "b": ()}) == ""
    assert "peak to trough of at most 1.8: 2.05 would do and" in infeasibility({"b": (peak, year)})


def test_demanded_tools_never_lower_a_margin_below_the_floor_and_keep_holes() -> None:
    held = np.full((400, 2, 2), 0.05)
    held[10, 0, 0] = np.nan
    floor = np.full(held.shape, 0.06)
    raised = with_demanded_tools(held, AntiProcyclicality(long_floor=True), floor)
    assert np.isnan(raised[10, 0, 0])
    assert np.nanmin(raised) == 0.06
    buffered = with_demanded_tools(held, AntiProcyclicality(buffer=0.25), floor)
    assert buffered[20, 1, 1] == pytest.approx(0.0625)
    stressed = with_demanded_tools(
        held * np.linspace(2, 1, 400)[:, None, None], AntiProcyclicality(stress_weight=0.5), floor
    )
    assert stressed[-1, 0, 0] > 0.06 > 0.05, "half of the worst median so far"


def test_honest_tables_hold_every_policy_and_the_gap_is_gated() -> None:
    found = run(losses())
    part = appetite_part(found, "note")
    names = [table.name for table in part.tables]
    assert names[:4] == ["targets", "policy_frontier", "policy_objective", "policy_choices"]
    frontier, objective = part.tables[1:3]
    for row in objective:
        added = [float(str(row[name])) for name in TERM_NAMES]
        assert sum(added) == pytest.approx(float(str(row["objective"])), rel=1e-12)
        measured = [float(str(row[f"{name}_measured"])) for name in TERM_NAMES]
        weights = found.weights.by_term.values()
        wanted = [weight * value for weight, value in zip(weights, measured, strict=True)]
        assert added == pytest.approx(wanted, rel=1e-12)
    (response,) = [t for t in part.tables if t.name == "policy_impulse"]
    assert [row["policy"] for row in response if row["in_force"] == "yes"] == [found.in_force]
    assert all(1.0 < float(str(row["maintenance_60"])) < 2.1 for row in response)
    assert [row["policy"] for row in frontier] == [c.name for c in CANDIDATES]
    assert sum(row["in_force"] == "yes" for row in frontier) == 1
    assert any(row["pareto"] == "yes" for row in frontier)
    folded, tried, coins = folded_result(found), many_tried(found), coins_left_out(found)
    assert folded is not None
    assert tried is not None
    assert coins is not None
    assert len(folded.folds) == 3, "years after a first judged one, the last too short"
    assert tried.deflated.trials == len(CANDIDATES)
    assert coins.same + sum(n for _, n in coins.others) == coins.families == MARKETS
    told = [limit for limit in part.limits if "cannot prove that the choice" in limit]
    gated = [c for c in part.checks if c.name == "in-sample minus out-of-sample gap"]
    assert [check.verdict for check in gated] == ([] if told else [folded.verdict])
    assert bool(told) == (folded.verdict is Verdict.NOT_PROVEN and not folded.has_power)
    crises = next(t for t in part.tables if t.name == "policy_without_crisis")
    assert {row["state"] for row in crises} == {"judged", "NOT COVERED: outside the data"}


def test_folds_without_power_are_a_limit_and_a_clear_gap_stays_a_check(
    monkeypatch: pytest.MonkeyPatch, unsimulated: None
) -> None:
    found = run(losses())

    def of(*gaps: float) -> tuple[list[str], list[Verdict]]:
        folds = tuple(
            FoldTerms(fold=str(k), in_sample={"a": 1.0}, out_of_sample={"a": 1.0 - gap})
            for k, gap in enumerate(gaps)
        )
        monkeypatch.setattr(
            "plimsoll.calibration.venue_frontier.part.folded_result",
            lambda _: FoldedResult(folds=folds),
        )
        part = appetite_part(found, "note")
        limits = [one for one in part.limits if "cannot prove" in one]
        return limits, [c.verdict for c in part.checks if "gap" in c.name]

    (told,), checks = of(-0.1, 0.0, 0.1)
    assert told.startswith("3 folds cannot prove")
    assert checks == []
    assert of(-0.3, -0.2, -0.25) == ([], [Verdict.BREACH])
    assert of(-0.001, 0.0, 0.001) == ([], [Verdict.HOLDS])
    assert of(-0.018, -0.017, -0.019) == ([], [Verdict.HOLDS])
    assert of(-0.0198, -0.0188, -0.0208) == ([], [Verdict.NOT_PROVEN]), "power, and still no proof"


def test_every_policy_in_force_is_told_with_its_tools_and_its_first_day() -> None:
    found = run(losses(), weight=0.0)
    first = next(choice for choice in found.choices if choice.policy != DEFAULT)
    assert found.since_ns == found.record.time_ns[first.row]
    assert found.told.startswith("log_blend (tools: none) from the start; ")
    assert f"{first.policy} (tools: none) from 2026-01-01" in found.told
    assert run(losses(), days=300).since_ns is None


def test_the_floor_of_a_policy_looks_back_as_far_as_the_venues_own() -> None:
    (floored,) = [c.policy for c in venue_candidates(0.01) if c.policy.long_floor]
    assert floored.long_floor_years * 365 == LONG_WINDOW_DAYS
    assert floored.tools == "80% of the 10-year margin as floor"


def test_errors_keep_their_share_of_the_margin() -> None:
    found = run(losses(), weight=0.0)
    moved = found.with_chosen(paths())
    np.testing.assert_allclose(moved.maintenance_error, 0.1 * moved.maintenance, rtol=1e-12)
    assert (moved.maintenance != paths().maintenance).any()
    np.testing.assert_allclose(moved.reaction_error, moved.reaction / 12.0, rtol=1e-12)
    assert (moved.reaction != paths().reaction).any(), "the policy acts on both legs"


def test_counts_are_of_starts_that_count() -> None:
    held = record(losses())
    held.usable[:100, 0] = False
    counts = daily_counts(held, margins()[0])
    assert counts.starts[:100, 0].sum() == 0
    assert counts.starts[100, 0, 0] == STARTS
    everyone = np.ones(DAYS, dtype=np.bool_)
    assert 0.0 < counts.rate(everyone) < 0.05
    assert counts.mean_margin(everyone) == pytest.approx(0.034, rel=0.1)


def test_margins_of_every_policy_on_a_small_panel() -> None:
    """Each market at its own horizon, the yardstick that of the methods, whoever computes them."""
    rng = np.random.default_rng(2)
    hours, markets = 24 * 420, 4
    close = np.exp(np.cumsum(0.006 * rng.standard_t(5, (hours, markets)), axis=0))
    history = MarketHistory(
        markets=("AUSDT", "BUSDT", "CUSD", "DUSDT"),
        time_ns=FIRST_NS + HOUR_NS * np.arange(hours, dtype=np.int64),
        interval_ns=HOUR_NS,
        close=close,
        active=np.ones(close.shape, dtype=bool),
        mask_from_ns=np.full(close.shape, NEVER_MASKED),
        price_kind=PriceKind.MARK,
    )
    panel = returns_panel(history)
    horizon = np.array([1, 4, 4, 4])
    default = np.full((panel.time_ns.size, markets, 2), 0.03)
    legs = (
        MarginLeg(name="close-out", horizon_hours=horizon, default=default),
        MarginLeg(
            name="reaction",
            horizon_hours=np.full(4, 8),
            default=default,
            tail=0.05,
            confidence=0.95,
        ),
    )
    payoffs = [Payoff.LINEAR, Payoff.LINEAR, Payoff.INVERSE, Payoff.LINEAR]

    def found_of(paid: list[Payoff]) -> LegMargins:
        return venue_margins(panel, range(markets), legs, paid, CANDIDATES, SerialExecutor())

    both = found_of(payoffs)
    found = both.close_out
    np.testing.assert_array_equal(found.policies[0], default)
    assert np.isfinite(found.policies[:, -1]).all()
    for column, hours_of in ((0, 1), (3, 4)):
        own = METHODS["hs_365_buffer"]().paths(panel, hours_of).value_at_risk
        np.testing.assert_array_equal(found.yardstick[-1, column], own[-1, column])
    linear = found_of([Payoff.LINEAR] * 4).close_out
    fall, rise = -np.log1p(-linear.policies[1, -1, 2, 0]), np.log1p(linear.policies[1, -1, 2, 1])
    wanted = loss_of_move(Payoff.INVERSE, fall, rise)
    np.testing.assert_allclose(found.policies[1, -1, 2], wanted, rtol=1e-12)
    prepared = prepared_legs(panel, range(markets), legs, payoffs, CANDIDATES)
    again = prepared.paths(CANDIDATES[2])
    np.testing.assert_array_equal(again.close_out, found.policies[2])
    np.testing.assert_array_equal(again.reaction, both.reaction.policies[2])
    coarse = replace(panel, interval_ns=24 * HOUR_NS)
    with pytest.raises(UsageError, match="divide 8 h"):
        venue_margins(coarse, range(4), legs, payoffs, CANDIDATES, SerialExecutor())
