"""A policy carried on day by day is the policy laid on the whole path, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.calibration.frontier.policy import MarginPolicy
from plimsoll.calibration.venue_frontier.candidates import DEFAULT, venue_candidates
from plimsoll.calibration.warm_policy import (
    MarketDays,
    WarmPolicy,
    kept_policy,
    policy_leg,
    tooled,
)
from plimsoll.errors import ParameterError

DAYS, KNOWN, MARKETS = 400, 380, 3
HOURS = np.ones(MARKETS, dtype=np.int64)
ON_DEFAULT = [c.policy for c in venue_candidates(0.01) if c.on_default and not c.is_default]


def paths() -> tuple[np.ndarray, np.ndarray]:
    """Margins that jump, and losses of which some break them."""
    rng = np.random.default_rng(3)
    default = 0.03 * np.exp(0.3 * rng.standard_normal((DAYS, MARKETS, 2)))
    loss = np.where(rng.random(default.shape) < 0.05, 2.0, 0.5) * default
    return default, loss


@pytest.mark.parametrize("policy", ON_DEFAULT, ids=lambda one: one.name)
def test_carried_on_is_the_whole(policy: MarginPolicy) -> None:
    default, loss = paths()
    chosen = 1.004 * tooled(default, loss, policy)
    known = slice(0, KNOWN)
    leg = policy_leg(policy, HOURS, default[known], chosen[known], loss[known])
    np.testing.assert_allclose(leg.level, 1.004, rtol=1e-12)
    column = 1
    further = np.stack([default[KNOWN:, column], loss[KNOWN:, column]], axis=1)
    days = MarketDays(maintenance=further, reaction=further)
    state = WarmPolicy(policy=policy, maintenance=leg, reaction=None)
    own = default[-1:, column : column + 1]
    held, reaction = state.margins(column, days, own)
    # One product is rounded twice: the level is read off a ratio.
    np.testing.assert_allclose(held[0, 0], chosen[-1, column], rtol=1e-12)
    assert reaction is own
    assert not np.allclose(held, own, rtol=1e-3)
    both, _ = replace(state, reaction=leg).margins(column, days, own)
    np.testing.assert_array_equal(both, held)


def test_a_market_that_cannot_be_made_again_is_refused_by_name_of_the_policy() -> None:
    policy = kept_policy("log_blend, speed +5/-2 %", 0.01)
    assert policy is not None
    default, loss = paths()
    chosen = 1.1 * tooled(default, loss, policy)
    chosen[-1, 0] *= [1.0, 1.2]
    chosen[:, 2] = default[:, 2]
    leg = policy_leg(policy, HOURS, default, chosen, loss)
    none = np.empty((0, 2, 2))
    with pytest.raises(ParameterError, match="made again"):
        leg.margin(policy, 0, none)
    np.testing.assert_allclose(leg.margin(policy, 1, none), chosen[-1, 1], rtol=1e-12)
    np.testing.assert_array_equal(leg.margin(policy, 2, none), default[-1, 2])
    with pytest.raises(ParameterError, match="all markets"):
        policy_leg(policy, HOURS, default, chosen * [1.0, 1.3], loss)


def test_policies_of_their_own_paths_are_not_kept() -> None:
    assert kept_policy(DEFAULT, 0.01) is None
    own = next(c.name for c in venue_candidates(0.01) if not c.on_default)
    with pytest.raises(ParameterError, match="kept warm"):
        kept_policy(own, 0.01)
