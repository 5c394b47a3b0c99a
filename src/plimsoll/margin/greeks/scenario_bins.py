"""Bins of scenarios for the pre-screen: who is in which, and the ranges within each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.bin_bounds import MONOMIALS, ScenarioBins
from plimsoll.maths.quadratic_forms import (
    CROSS_PRICE,
    DELTA,
    GAMMA,
    THETA,
    VANNA,
    VEGA,
    VOLGA,
    QuadraticForms,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ROUNDING = 1e-12
"""Share of the largest profit and form by which residuals are widened: rounding of all sums."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moves:
    """(S, J) moves of spot and volatility of J coins; any will do, good ones make bounds tight."""

    spot: FloatArray
    vol: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FormProfits:
    """Forms of N + C rows, and their profits (N + C, S) fully revalued."""

    forms: QuadraticForms
    profit: FloatArray


def scenario_bins(rows: FormProfits, moves: Moves, weights: FloatArray, count: int) -> ScenarioBins:
    """Put S scenarios into at most ``count`` bins of like moves."""
    members = split(np.concatenate([moves.spot, moves.vol], axis=1), count)
    middle = [_middle(moves.spot, at) for at in members], [_middle(moves.vol, at) for at in members]
    low, high, pairs = _ranges(moves, members, *middle)
    fitted, scale = form_values(rows.forms, moves)
    size = np.maximum(scale, np.abs(rows.profit)).max(axis=1, initial=0.0)
    residual = rows.profit - fitted
    slack = (ROUNDING * size)[:, None]
    least = np.stack([residual[:, at].min(axis=1) for at in members], axis=1) - slack
    most = np.stack([residual[:, at].max(axis=1) for at in members], axis=1) + slack
    return ScenarioBins(
        np.stack(middle[0], axis=1),
        np.stack(middle[1], axis=1),
        low,
        high,
        *pairs,
        np.ascontiguousarray(least),
        np.ascontiguousarray(most),
        np.array([weights[at].sum() for at in members]),
    )


def split(features: FloatArray, count: int) -> list[IntArray]:
    """Split rows (S, F) at medians, always the widest bin along its widest feature.

    Width is measured in standard deviations of the feature over all rows.
    """
    spread = features.std(axis=0)
    scaled = features / np.where(spread > 0.0, spread, 1.0)
    bins = [np.arange(features.shape[0], dtype=np.int64)]
    widths = [_width(scaled, bins[0])]
    while len(bins) < count and max(widths) > 0.0:
        chosen = int(np.argmax(widths))
        at = bins.pop(chosen)
        widths.pop(chosen)
        feature = int(np.argmax(np.ptp(scaled[at], axis=0)))
        order = at[np.argsort(scaled[at, feature], kind="stable")]
        for half in np.array_split(order, 2):
            bins.append(np.sort(half))
            widths.append(_width(scaled, half))
    return bins


def form_values(forms: QuadraticForms, moves: Moves) -> tuple[FloatArray, FloatArray]:
    """Values (R, S) of every row's form at every scenario's moves, and their gross sizes."""
    rows = forms.offsets.size - 1
    value, gross = np.zeros((rows, moves.spot.shape[0])), np.zeros((rows, moves.spot.shape[0]))
    row_of = np.repeat(np.arange(rows), np.diff(forms.offsets))
    for e, row in enumerate(row_of.tolist()):
        kind, i, k = int(forms.kind[e]), int(forms.first[e]), int(forms.second[e])
        part = forms.coefficient[e] * _monomial(kind, moves, i, k)
        value[row] += part
        gross[row] += np.abs(part)
    return value, gross


def _monomial(kind: int, moves: Moves, i: int, k: int) -> FloatArray:
    x, y = moves.spot[:, i], moves.vol[:, i]
    own = {THETA: 1.0, DELTA: x, GAMMA: x * x, VEGA: y, VANNA: x * y, VOLGA: y * y}
    if kind in own:
        return np.asarray(own[kind], dtype=np.float64)
    out: FloatArray = x * (moves.spot[:, k] if kind == CROSS_PRICE else moves.vol[:, k])
    return out


def _width(scaled: FloatArray, at: IntArray) -> float:
    """Widest feature times root of the members: wide bins and full ones are split first."""
    return float(np.ptp(scaled[at], axis=0).max(initial=0.0)) * float(np.sqrt(at.size))


def _middle(moves: FloatArray, at: IntArray) -> FloatArray:
    out: FloatArray = 0.5 * (moves[at].min(axis=0) + moves[at].max(axis=0))
    return out


def _ranges(
    moves: Moves, members: list[IntArray], spot: list[FloatArray], vol: list[FloatArray]
) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
    """Ranges of monomials (J, 5, B), twice, and of pairs (J, J, B), four times."""
    coins = moves.spot.shape[1]
    low = np.empty((coins, MONOMIALS, len(members)))
    high = np.empty_like(low)
    shape = (coins, coins, len(members))
    price, vol_pairs = (np.empty(shape), np.empty(shape)), (np.empty(shape), np.empty(shape))
    for b, at in enumerate(members):
        dx, dy = moves.spot[at] - spot[b], moves.vol[at] - vol[b]
        each = np.stack([dx, dy, dx * dx, dx * dy, dy * dy], axis=2)
        low[:, :, b], high[:, :, b] = each.min(axis=0), each.max(axis=0)
        for (least, most), other in ((price, dx), (vol_pairs, dy)):
            products = dx[:, :, None] * other[:, None, :]
            least[:, :, b], most[:, :, b] = products.min(axis=0), products.max(axis=0)
    return low, high, (*price, *vol_pairs)
