"""Margins of a policy on a panel: the blend, the pooled tail, the memory of history, the tools."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.anti_procyclicality import buffered, trailing_median
from plimsoll.calibration.frontier.panel_scales import STEP_HOURS, HorizonPaths, PanelScales
from plimsoll.calibration.frontier.policy import MarginPolicy
from plimsoll.maths.pooled_level_tails import PooledTailRules, pooled_level_tails
from plimsoll.maths.speed_and_range_limits import capped_table, limited_table

FloatArray = NDArray[np.float64]

STRESS_ROWS = 90
LEAST_PAST_ROWS = 180
RELEASED_ROWS = 20
_CONSTANT_LOG_VOLATILITY = -4.6


def policy_margin(scales: PanelScales, policy: MarginPolicy, horizon_hours: int) -> FloatArray:
    """(D, N, 2) margins of every boundary from what stands before it; NaN where there is none.

    Shares of notional: side 0 a long, side 1 a short.
    """
    paths = scales.horizon(horizon_hours)
    margin = _blend_margin(scales, paths, policy)
    if policy.history_weight:
        flat = _flat(np.where(scales.usable[:, :, None], paths.history, np.nan))
        history = buffered(flat, policy.history_buffer).reshape(margin.shape)
        margin = margin ** (1.0 - policy.history_weight) * history**policy.history_weight
    return with_policy_tools(margin, policy, paths)


def log_blend_distance(scales: PanelScales, policy: MarginPolicy) -> FloatArray:
    """(S, N) log distance from the long volatility, within the policy's reach."""
    weights = np.array(policy.weights)
    own = scales.short @ weights
    common = (scales.common @ weights)[:, None]
    share = policy.common_share
    moved = policy.rest + (1.0 - share) * own + share * common
    return np.asarray(np.clip(moved, *policy.reach))


def _blend_margin(scales: PanelScales, paths: HorizonPaths, policy: MarginPolicy) -> FloatArray:
    anchored = policy.anchor * scales.long + (1.0 - policy.anchor) * (
        _CONSTANT_LOG_VOLATILITY + 0.0 * scales.long
    )
    log_scale = anchored + log_blend_distance(scales, policy)
    log_scale += 0.5 * np.log(paths.moves.horizon_bars)
    scaled = np.where(scales.learnable, paths.moves.move / np.exp(log_scale), np.nan)
    per_day = 24.0 / STEP_HOURS
    rules = PooledTailRules(
        own_fade=0.5 ** (1.0 / (per_day * policy.own_half_life_days)),
        pool_fade=0.5 ** (1.0 / (per_day * policy.pool_half_life_days)),
        level_tail=policy.level_tail,
        level_prior=policy.level_prior,
        pool_prior=policy.pool_prior,
        tail=policy.tail,
    )
    is_day = np.zeros(scaled.shape[0], dtype=np.bool_)
    is_day[scales.row] = True
    tails = pooled_level_tails(scaled, paths.moves.known, paths.moves.longest, is_day, rules)
    day = np.cumsum(is_day)[scales.row] - 1
    size = np.exp(log_scale[scales.row][:, :, None] + tails[day])
    margin = np.stack([-np.expm1(-size[..., 0]), np.expm1(size[..., 1])], axis=-1)
    return np.where(scales.usable[:, :, None], margin, np.nan)


def with_policy_tools(margin: FloatArray, policy: MarginPolicy, paths: HorizonPaths) -> FloatArray:
    """Apply stress weight, buffer, long floor, cap and floor, speed limit, in this order."""
    shape, path = margin.shape, _flat(margin)
    loss = np.array(_flat(paths.latest_loss).T, order="C")
    if policy.stress_weight:
        worst = np.fmax.accumulate(trailing_median(path, STRESS_ROWS), axis=0)
        path = (1.0 - policy.stress_weight) * path + policy.stress_weight * worst
    if policy.buffer:
        path = buffered(path, policy.buffer)
    if policy.long_floor:
        path = np.maximum(path, policy.long_floor * _flat(paths.long_history))
    if policy.cap_and_floor is not None:
        low, high = policy.cap_and_floor
        rows = np.array(path.T, order="C")
        path = capped_table(rows, loss, low, high, LEAST_PAST_ROWS, RELEASED_ROWS).T
    if policy.is_limited:
        rows = np.array(path.T, order="C")
        path = limited_table(rows, loss, policy.rise_limit, policy.fall_limit, policy.breach_gap).T
    return np.asarray(path).reshape(shape)


def _flat(path: FloatArray) -> FloatArray:
    return path.reshape(path.shape[0], -1)
