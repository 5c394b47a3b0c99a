"""Coverage tables of a venue whose classes have different horizons."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from plimsoll.calibration.evidence.coverage_tables import _rows_of_policy, coverage_table, pool
from plimsoll.calibration.evidence.proof import PolicyInForce, Proof
from plimsoll.calibration.scored import ScoredLosses
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.validation.coverage import christoffersen_independence, conditional_coverage
from plimsoll.validation.starts import Starts

MARGIN = 0.1


def losses(hours: list[int], days: int, seed: int = 5) -> ScoredLosses:
    """Losses on the union of all starts; a breach is often followed by another."""
    rng = np.random.default_rng(seed)
    every = np.arange(days * 24)
    loss = np.full((every.size, len(hours), 2), np.nan)
    for j, horizon in enumerate(hours):
        own = np.flatnonzero(every % horizon == 0)
        shock = rng.random((own.size, 2)) < 0.02
        again = np.roll(shock, 1, axis=0) & (rng.random((own.size, 2)) < 0.5)
        loss[own, j] = np.where(shock | again, 0.2, 0.0)
    rows = np.flatnonzero(np.isfinite(loss).any(axis=(1, 2)))
    return ScoredLosses(
        start_ns=rows * HOUR_NS,
        loss=loss[rows],
        horizon_hours=np.array(hours),
        lost=np.zeros(len(hours), dtype=np.int64),
    )


def proof_of(scored: ScoredLosses) -> Proof:
    """What a coverage table reads of a proof: who the markets are."""
    markets = tuple(f"M{hours}" for hours in scored.horizon_hours)
    named = SimpleNamespace(
        markets=markets, class_of=dict.fromkeys(markets, "c"), price_note=lambda: "SYNTHETIC"
    )
    return cast(Proof, named)


def test_independence_is_tested_at_every_horizon() -> None:
    scored = losses([1, 2, 4, 24], days=500)
    margin = np.full(scored.loss.shape, MARGIN)
    table = coverage_table(proof_of(scored), margin, scored, 0.99, "coverage", "Coverage")
    names = [column.name for column in table.columns]
    assert len(table.rows) == 8
    for number, cells in enumerate(table.rows):
        row = dict(zip(names, cells, strict=True))
        own = scored.loss[:, number // 2, number % 2]
        flags = own[np.isfinite(own)] > MARGIN
        assert row["n"] == flags.size == 500 * 24 // int(scored.horizon_hours[number // 2])
        independence = christoffersen_independence(flags)
        assert independence.p_value < 0.05
        assert row["independence_p"] == pytest.approx(independence.p_value, rel=1e-9)
        joint = conditional_coverage(flags, 0.01)
        assert row["conditional_p"] == pytest.approx(joint.p_value, rel=1e-9)


def clustered_error(scored: ScoredLosses, lags: int) -> float:
    """statsmodels: sums by day, Bartlett weights over ``lags`` days."""
    known = np.isfinite(scored.loss)
    day = np.broadcast_to((scored.start_ns // DAY_NS)[:, None, None], known.shape)[known]
    broke = (scored.loss[known] > MARGIN).astype(np.float64)
    order = np.argsort(day, kind="stable")
    fit = OLS(broke[order], np.ones(broke.size)).fit(
        cov_type="hac-groupsum",
        cov_kwds={"time": day[order], "maxlags": lags, "use_correction": False},
    )
    return float(fit.bse[0])


@pytest.mark.parametrize(
    ("hours", "lags", "starts"),
    [
        ([1, 240], 10, Starts.OVERLAPPING),
        ([8, 230], 10, Starts.OVERLAPPING),
        ([1, 120], 5, Starts.OVERLAPPING),
        ([1, 24], 5, Starts.OVERLAPPING),
        ([8, 8], 5, Starts.NON_OVERLAPPING),
    ],
)
def test_lags_reach_over_the_longest_horizon(hours: list[int], lags: int, starts: Starts) -> None:
    scored = losses(hours, days=600)
    scored.loss[:, 0][(scored.start_ns // DAY_NS) % 30 < 9] += 0.15  # breaches nine days running
    found = pool(np.full(scored.loss.shape, MARGIN), scored, 0.01)
    assert found is not None
    assert found.starts is starts
    assert f"{lags} daily lags" in found.method
    # The same terms, summed in another order.
    assert found.standard_error == pytest.approx(clustered_error(scored, lags), rel=1e-9)


def test_the_horizon_is_that_of_the_markets_pooled() -> None:
    scored = losses([1, 48, 240], days=600)
    margin = np.full(scored.loss.shape, MARGIN)
    expected = {
        (True, False, False): (5, Starts.NON_OVERLAPPING),
        (False, True, False): (5, Starts.NON_OVERLAPPING),
        (False, False, True): (10, Starts.NON_OVERLAPPING),
        (True, True, False): (5, Starts.OVERLAPPING),
    }
    for columns, (lags, starts) in expected.items():
        found = pool(margin, scored, 0.01, np.array(columns))
        assert found is not None
        assert f"{lags} daily lags" in found.method
        assert found.starts is starts
    # A market with losses and no margin is not in the pool either.
    without = margin.copy()
    without[:, 2] = np.nan
    found = pool(without, scored, 0.01)
    assert found is not None
    assert "5 daily lags" in found.method
    assert pool(np.full_like(margin, np.nan), scored, 0.01) is None


def test_notes_name_the_policy_and_its_tools() -> None:
    problem = SimpleNamespace(anti_procyclicality=SimpleNamespace(names="none"))

    def told(chosen: PolicyInForce | None, *, applied: bool = False) -> str:
        proof = object.__new__(Proof)  # of its many fields the note reads three
        outages = SimpleNamespace(applied=applied)
        for name, value in (("problem", problem), ("chosen", chosen), ("outages", outages)):
            object.__setattr__(proof, name, value)
        return proof.tools_note()

    assert told(None) == "Anti-procyclicality tools in force: none."
    assert told(None, applied=True).endswith(
        " Margins of the walk-forward are without the outage multipliers of the set's day."
    )
    policy = PolicyInForce(
        told="calm (tools: +5%/-2% a day) from 2024-01-01", before=cast(Any, None), since_ns=0
    )
    assert told(policy) == (
        "Margin policy in force: calm (tools: +5%/-2% a day) from 2024-01-01. Tools that the venue "
        "or its rulebook demands on top: none. Markets that are young or on the class floor have "
        "no number from a policy and no say in its choice; their margins fall no faster in a day "
        "than the policy in force allows, and rise freely."
    )


def test_the_forecaster_as_it_is_stands_beside_the_policy_on_the_days_of_the_latter() -> None:
    scored = losses([8, 24], days=400)
    since, margin = 100 * DAY_NS, np.full(scored.loss.shape, MARGIN)
    after = np.full(scored.loss.shape, 3.0 * MARGIN)  # above every loss
    chosen = PolicyInForce(told="calm", before=cast(Any, None), since_ns=since)
    made = SimpleNamespace(chosen=chosen, maintenance=scored, margin=lambda _: margin)
    before, policy = list(_rows_of_policy(cast(Proof, made), after, 0.01))
    late = scored.loss[scored.start_ns >= since]
    late = late[np.isfinite(late)]
    assert before is not None
    assert policy is not None
    assert before[:3] == (
        "maintenance since 1970-04-11, forecaster as it is",
        late.size,
        int((late > MARGIN).sum()),
    )
    assert policy[:3] == ("maintenance since 1970-04-11, policy in force", late.size, 0)
    made.chosen = PolicyInForce(told="log_blend", before=cast(Any, None), since_ns=None)
    assert not list(_rows_of_policy(cast(Proof, made), after, 0.01))
