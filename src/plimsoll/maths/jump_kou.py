"""Kou's law of one return (2002): a normal with Poisson numbers of exponential jumps.

Up jumps come at rate lambda_1 with sizes of rate eta_1, down jumps at lambda_2 with eta_2. An up
and a down jump together are an up jump with probability ``a = eta_2 / (eta_1 + eta_2)`` and a down
jump otherwise, so i of one and j of the other leave k ups with probability
``C(i - k + j - 1, j - 1) a^j (1 - a)^(i - k)`` (Kou's appendix B). The density is a sum of
positive terms: weights times normals convolved with Erlang laws, ``g_k``. Those follow from
repeated integrals of the error function, forward where that loses less than three digits and by a
continued fraction elsewhere. Numbers of jumps beyond a probability of 1e-26 are left out.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from plimsoll.maths.elementary import erfcx

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MOST_JUMPS = 400
_UNSEEN = 1e-26
_LOSS = 2.5
_DECAY = 12.0
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
_ROOT_HALF = math.sqrt(0.5)


@njit(cache=True, nogil=True)
def jump_numbers(rate: float) -> int:
    """Least J with ``P(Poisson(rate) > J)`` at most 1e-26."""
    weight, n = math.exp(-rate), 0
    while n < MOST_JUMPS:
        following = weight * rate / (n + 1.0)
        if n + 2 > rate and following / (1.0 - rate / (n + 2.0)) <= _UNSEEN:
            break
        weight = following
        n += 1
    return n


@njit(cache=True, nogil=True)
def _poisson(rate: float, count: int) -> Vector:
    """Probabilities of 0 .. count."""
    out = np.empty(count + 1)
    out[0] = math.exp(-rate)
    for n in range(count):
        out[n + 1] = out[n] * rate / (n + 1.0)
    return out


@njit(cache=True, nogil=True)
def side_weights(own: float, other: float, a: float) -> Matrix:
    """Probability that k = 0 .. jumps of the own side are left, and its three derivatives.

    Columns: probability, derivatives in ``own``, ``other`` and ``a``, the chance that a pair of
    opposite jumps leaves one of the own side. Row 0 holds nothing.
    """
    most, others = jump_numbers(own), jump_numbers(other)
    p, q, b = _poisson(own, most), _poisson(other, others), 1.0 - a
    out = np.zeros((most + 1, 4))
    for k in range(1, most + 1):
        for i in range(k, most + 1):
            lost = i - k
            rise = p[i - 1] - p[i]
            if lost == 0:
                out[k, 0] += p[i] * q[0]
                out[k, 1] += rise * q[0]
                out[k, 2] -= p[i] * q[0]
            chance = a * b**lost
            for j in range(1, others + 1):
                if chance * q[j] < _UNSEEN * 1e-8 and j > other:
                    break
                out[k, 0] += p[i] * q[j] * chance
                out[k, 1] += rise * q[j] * chance
                out[k, 2] += p[i] * (q[j - 1] - q[j]) * chance
                out[k, 3] += p[i] * q[j] * chance * (j / a - lost / b)
                chance *= a * (lost + j) / j
    return out


@njit(cache=True, nogil=True)
def erlang_normals(y: float, s: float, eta: float, count: int, out: Vector) -> None:
    """Densities at ``y`` of ``s Z + Erlang(k, eta)`` for k = 0 .. count (0: the normal)."""
    z, h = y / s, s * eta - y / s
    out[0] = math.exp(-0.5 * z * z) / (s * _ROOT_TWO_PI)
    if h * math.sqrt(2.0 * count) > _LOSS:
        _falling(out[0], s * eta, h, count, out)
        return
    # Hh_0 = sqrt(2 pi) Phi(-h); n Hh_n = Hh_(n-2) - h Hh_(n-1): a sum where h <= 0, and an error
    # that grows as exp(2 h sqrt(2 n)) where h > 0.
    prefactor = math.exp(0.5 * s * eta * s * eta - eta * y) / (s * _ROOT_TWO_PI)
    before, now = math.exp(-0.5 * h * h), _ROOT_TWO_PI * 0.5 * math.erfc(h * _ROOT_HALF)
    power = s * eta
    for k in range(1, count + 1):
        out[k] = prefactor * power * now
        before, now = now, (before - h * now) / k
        power *= s * eta


@njit(cache=True, nogil=True)
def _falling(height: float, scale: float, h: float, count: int, out: Vector) -> None:
    """Ratios of scaled ``Hh`` by their continued fraction, from far out back to the first.

    The error of the ratio begun with falls as ``exp(-2 h (sqrt(2 far) - sqrt(2 count)))``.
    """
    far = count + 2 + int(0.5 * (math.sqrt(2.0 * count) + _DECAY / h) ** 2)
    ratio = 2.0 / (h + math.sqrt(h * h + 4.0 * far))
    for n in range(far, count, -1):
        ratio = 1.0 / (h + n * ratio)
    ratios = np.empty(count + 1)
    for n in range(count, 0, -1):
        ratios[n] = ratio  # Hh_n / Hh_(n-1) of n = count .. 1
        ratio = 1.0 / (h + n * ratio)
    now = math.sqrt(0.5 * math.pi) * erfcx(h * _ROOT_HALF)
    power = scale
    for k in range(1, count + 1):
        out[k] = height * power * now
        now *= ratios[k]
        power *= scale


@njit(cache=True, nogil=True)
def kou_scores(values: Vector, theta: Vector, scores: Matrix) -> float:
    """Log-likelihood; derivatives by observation into ``scores`` (n, 6).

    ``theta``: m, log s, log lambda_1, log lambda_2, log eta_1, log eta_2.
    """
    densities = _densities(values, theta, scores)
    total = 0.0
    for i in range(values.size):
        if not densities[i] > 0.0:
            return -np.inf
        scores[i] /= densities[i]
        total += math.log(densities[i])
    return total


@njit(cache=True, nogil=True)
def _densities(values: Vector, theta: Vector, slopes: Matrix) -> Vector:
    """Density at every value; its derivatives into ``slopes``."""
    m, s = theta[0], math.exp(theta[1])
    up_rate, down_rate = math.exp(theta[2]), math.exp(theta[3])
    up_eta, down_eta = math.exp(theta[4]), math.exp(theta[5])
    a = down_eta / (up_eta + down_eta)
    up, down = side_weights(up_rate, down_rate, a), side_weights(down_rate, up_rate, 1.0 - a)
    g, f = np.empty(up.shape[0] + 2), np.empty(down.shape[0] + 2)
    none = math.exp(-up_rate - down_rate)
    by_a = a * (1.0 - a)
    out = np.empty(values.size)
    for i in range(values.size):
        y = values[i] - m
        row = slopes[i]
        row[:] = 0.0
        erlang_normals(y, s, up_eta, up.shape[0] + 1, g)
        erlang_normals(-y, s, down_eta, down.shape[0] + 1, f)
        density = none * g[0]
        row[0] = density * y / (s * s)
        row[1] = density * (y * y / (s * s) - 1.0)
        row[2] = -up_rate * density
        row[3] = -down_rate * density
        density += _side(up, g, up_eta, s, y, -1.0, up_rate, down_rate, by_a, row, 2, 3, 4, 5)
        density += _side(down, f, down_eta, s, -y, 1.0, down_rate, up_rate, by_a, row, 3, 2, 5, 4)
        out[i] = density
    return out


@njit(cache=True, nogil=True)
def _side(
    weights: Matrix,
    g: Vector,
    eta: float,
    s: float,
    y: float,
    sign: float,
    own: float,
    other: float,
    by_a: float,
    row: Vector,
    at_own: int,
    at_other: int,
    at_eta: int,
    at_other_eta: int,
) -> float:
    """Add one side's terms to the derivatives and return its density."""
    density = 0.0
    first_slope = -y / (s * s) * g[0]
    for k in range(1, weights.shape[0]):
        w, value = weights[k, 0], g[k]
        density += w * value
        slope = eta * (g[k - 1] - value)
        before = first_slope if k == 1 else eta * (g[k - 2] - g[k - 1])
        row[0] += sign * w * slope
        row[1] += w * s * s * eta * (before - slope)
        row[at_own] += own * weights[k, 1] * value
        row[at_other] += other * weights[k, 2] * value
        row[at_eta] += w * k * (value - g[k + 1]) - by_a * weights[k, 3] * value
        row[at_other_eta] += by_a * weights[k, 3] * value
    return density


@njit(cache=True, nogil=True)
def kou_density(values: Vector, theta: Vector) -> Vector:
    """Density at every value; ``theta`` as in :func:`kou_scores`."""
    return _densities(values, theta, np.empty((values.size, 6)))


@njit(cache=True, nogil=True)
def kou_tail(value: float, theta: Vector) -> tuple[float, float]:
    """Probability of a return at or below ``value``, and ``E[x; x <= value]``."""
    m, s = theta[0], math.exp(theta[1])
    up_rate, down_rate = math.exp(theta[2]), math.exp(theta[3])
    up_eta, down_eta = math.exp(theta[4]), math.exp(theta[5])
    a = down_eta / (up_eta + down_eta)
    y = value - m
    up, down = side_weights(up_rate, down_rate, a), side_weights(down_rate, up_rate, 1.0 - a)
    g, f = np.empty(up.shape[0]), np.empty(down.shape[0])
    erlang_normals(y, s, up_eta, up.shape[0] - 1, g)
    erlang_normals(-y, s, down_eta, down.shape[0] - 1, f)
    below = 0.5 * math.erfc(-y / s * _ROOT_HALF)
    area = y * below + s * s * g[0]  # integral of the distribution up to y
    none = math.exp(-up_rate - down_rate)
    probability, partial = none * below, none * (y * below - area)
    above_cdf, above_area = below, area
    for k in range(1, up.shape[0]):
        above_cdf -= g[k] / up_eta
        above_area -= above_cdf / up_eta
        probability += up[k, 0] * above_cdf
        partial += up[k, 0] * (y * above_cdf - above_area)
    lower, lower_area = below, area
    for k in range(1, down.shape[0]):
        lower += f[k] / down_eta
        lower_area += lower / down_eta
        probability += down[k, 0] * lower
        partial += down[k, 0] * (y * lower - lower_area)
    return probability, m * probability + partial
