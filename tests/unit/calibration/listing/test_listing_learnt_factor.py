"""What past listings teach: losses of known ratio to their margins."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.listing.proof import ListingProof, factor_of, with_factors
from plimsoll.domain.market import DAY_NS, HOUR_NS

LISTINGS, ROWS = 8, 3 * 60
FIRST = 20_000 * DAY_NS


def proof(scale: float, *, from_age: float = 20.0, opening: float = 1.0) -> ListingProof:
    """Eight past listings of 60 days and the coin; losses are exponential, 1 % above ``scale``.

    Margins are 1, so that the 99 % quantile of loss over margin is ``scale``, in the first three
    days times ``opening``.
    """
    generator = np.random.default_rng(4)
    loss = generator.exponential(scale / np.log(100.0), (ROWS, LISTINGS + 1, 2))
    age = np.tile(np.arange(ROWS)[:, None] / 3.0, (1, LISTINGS + 1))
    loss[age[:, 0] < 3.0] *= opening
    return ListingProof(
        start_ns=FIRST + 8 * HOUR_NS * np.arange(ROWS),
        age_days=age,
        from_age=from_age,
        margin=np.ones(loss.shape),
        loss=loss,
        markets=(*(f"P{i}" for i in range(LISTINGS)), "NEW"),
        own=LISTINGS,
        horizon_ns=8 * HOUR_NS,
    )


def test_the_factor_is_the_quantile_of_loss_over_margin() -> None:
    """Within three of its own standard errors of the truth; those are of an eighth at most."""
    found = factor_of(proof(1.5), 0.99, seed=1)
    assert abs(found.factor - 1.5) < 3.0 * found.error < 0.6
    assert found.listings == LISTINGS
    assert "20 days" in found.ages


def test_it_is_never_below_one() -> None:
    found = factor_of(proof(0.7), 0.99, seed=1)
    assert (found.factor, found.error) == (1.0, 0.0)


def test_an_opening_learns_of_openings_alone() -> None:
    young = factor_of(proof(1.0, from_age=1.5, opening=2.5), 0.99, seed=1)
    assert young.factor > 1.8
    assert "first three days" in young.ages
    assert factor_of(proof(1.0, opening=2.5), 0.99, seed=1).factor < 1.2


def test_each_is_judged_by_the_others() -> None:
    """A listing of its own losses changes the margin of all but itself."""
    plain = proof(1.5)
    wild = proof(1.5)
    wild.loss[:, 0] *= 10.0
    judged, usual = with_factors(wild, 0.99), with_factors(plain, 0.99)
    assert judged.margin[-1, 0] == pytest.approx(usual.margin[-1, 0])
    assert (judged.margin[-1, 1:] > usual.margin[-1, 1:]).all()


def test_judged_coverage_is_near_the_target() -> None:
    found = with_factors(proof(1.5), 0.99).pooled(0.01)
    assert found is not None
    assert found.breach_rate == pytest.approx(0.01, abs=3.0 * found.standard_error)
    plain = proof(1.5).pooled(0.01)
    assert plain is not None
    assert plain.breach_rate > 0.03


def test_few_listings_teach_nothing() -> None:
    alone = proof(1.5)
    alone.margin[:, :4] = np.nan
    assert factor_of(alone, 0.99, seed=1).listings == 0
    assert with_factors(alone, 0.99).margin[-1, 5, 0] == 1.0
