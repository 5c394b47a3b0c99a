"""Branch-free exponential, logarithm and normal law, which LLVM inlines and vectorises.

numba has no vector mathematics of its own any more, so a loop over ``math.exp`` or ``math.erfc``
calls a scalar library function per element. These kernels are a range reduction and a polynomial
without branches: called in a loop over contiguous arrays they run on whole vector registers, and
they give the same bits for an element wherever it stands, on every processor with a fused
multiply-add (each multiply-add is asked for by name, none is left to the compiler).

Relative accuracy, measured against 50 digits by ``tests/unit/maths/test_elementary.py``:

===================  =========  ==================================================
``exp``              1.3e-16    subnormal results to a last place
``exp_nonpositive``  1.3e-16    for ``-708 <= x <= 0``, 0 below
``log``              1.6e-16    also next to 1
``log1p``            1.8e-16    also next to 0
``log_ratio``        3.0e-16    ``ln(a / b)``, also where ``a`` is next to ``b``
``erfcx_positive``   5.5e-16    for ``x >= 0``; the Black formula needs no other
``erfcx``            6.0e-16    of either sign
``normal_cdf``       7.5e-16    tails included, to the subnormals
``normal_pdf``       4.0e-16
===================  =========  ==================================================

NaN gives NaN; infinities and poles give what C gives. Polynomials interpolate at Chebyshev nodes
with 60 digits: ``exp`` on half a binary octave, ``log`` as the series of the inverse hyperbolic
tangent, ``erfcx`` as ``(x + 4) erfcx(x)`` in ``(x - 4) / (x + 4)`` (the mapping of Schonfelder,
1978, and of Shepherd and Laframboise, 1981).
"""

from __future__ import annotations

import math

from numba import njit

from plimsoll.maths.machine_arithmetic import bits_of, float_of, fma, polynomial

_EXP = (
    0.5,
    0.16666666666666669,
    0.04166666666662413,
    0.008333333333330062,
    0.0013888888917213717,
    0.00019841269863053618,
    2.4801521295954376e-05,
    2.7557268459997064e-06,
    2.7620088445409746e-07,
    2.510038549551032e-08,
)
_LOG = (
    0.6666666666666666,
    0.4000000000000794,
    0.28571428567275936,
    0.2222222304835159,
    0.18181737626302938,
    0.15388867805613718,
    0.13209708242059462,
    0.13609030262858499,
)
_ERFCX = (
    1.095995661000491,
    -0.976548729080882,
    0.7732087022652305,
    -0.5408538313132359,
    0.33085158787832425,
    -0.1740109372398951,
    0.0763815149035804,
    -0.02637005334114636,
    0.006112055709425008,
    -0.0002809588561761663,
    -0.00045505297648525974,
    0.0001768127558246703,
    -3.634189815734297e-06,
    -1.8860623869611058e-05,
    4.692357838082307e-06,
    1.423490191441101e-06,
    -8.436204025935691e-07,
    -7.434152285505024e-08,
    1.2250562055092748e-07,
    -3.182121907694927e-10,
    -1.5265540766876378e-08,
    7.222424596989434e-10,
    1.2056126062974666e-09,
    -7.944018485510838e-11,
)
_LOG2_E = 1.4426950408889634
# ln 2 in two parts; the first has 21 trailing zero bits, so that exponent * part is exact.
_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
_ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer in the low bits
_ROUND_BITS = 0x4338000000000000
_ROOT_HALF_BITS = 0x3FE6A09E667F3BCD
_HALF_OCTAVE = 1 << 51
_SMALLEST_NORMAL = 2.2250738585072014e-308
_TWO_54 = 18014398509481984.0
_SQRT_HALF = 0.7071067811865476
_INVERSE_SQRT_2PI = 0.3989422804014327
_INVERSE_SQRT_PI = 0.5641895835477563


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _exp_parts(x: float) -> tuple[float, int]:
    """e**x as a number in [0.7, 1.42) times two to an integer."""
    shifted = fma(x, _LOG2_E, _ROUND)
    octaves = shifted - _ROUND
    r = fma(octaves, -_LN2_LOW, fma(octaves, -_LN2_HIGH, x))
    leading = 1.0 + r
    value = leading + fma(r * r, polynomial(r, _EXP), r - (leading - 1.0))
    return value, bits_of(shifted) - _ROUND_BITS


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def exp(x: float) -> float:
    """e**x; infinite above 709.78, subnormal below -708.4, 0 below -745.1."""
    x = -746.0 if x < -746.0 else x
    x = 710.0 if x > 710.0 else x
    value, n = _exp_parts(x)
    # Two factors, because one cannot reach the subnormals and infinity.
    half = ((n + 4096) >> 1) - 2048
    return value * float_of((half + 1023) << 52) * float_of((n - half + 1023) << 52)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def exp_nonpositive(x: float) -> float:
    """e**x for ``x <= 0`` by fewer steps: 0 below -708; meaningless above 709."""
    value, n = _exp_parts(-708.0 if x < -708.0 else x)
    value *= float_of((n + 1023) << 52)
    return 0.0 if x < -708.0 else value


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _octaves(bits: int) -> int:
    """How many octaves a positive number lies from [sqrt(1/2), sqrt(2))."""
    return (bits - _ROOT_HALF_BITS) >> 52


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _as_float(small_integer: int) -> float:
    """Convert an integer below 2**51 by one addition, which every processor vectorises."""
    return float_of(small_integer + _ROUND_BITS) - _ROUND


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _two_atanh_rest(s: float) -> float:
    """``2 atanh(s)`` less its leading term ``2 s``, for ``|s| <= 0.2``."""
    z = s * s
    return s * z * polynomial(z, _LOG)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def log(x: float) -> float:
    """Natural logarithm; -inf at 0, NaN below, inf at inf."""
    small = x < _SMALLEST_NORMAL
    bits = bits_of(x * _TWO_54 if small else x)
    n = _octaves(bits)
    f = float_of(bits - (n << 52)) - 1.0
    octaves = _as_float(n - 54 if small else n)
    s = f / (2.0 + f)
    # 2 s = f - s f: the leading term is then exact.
    low = fma(octaves, _LN2_LOW, _two_atanh_rest(s) - s * f)
    value = fma(octaves, _LN2_HIGH, f + low)
    value = x if x == math.inf else value
    value = -math.inf if x == 0.0 else value
    return math.nan if x < 0.0 or x != x else value


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def log_positive(x: float) -> float:
    """Natural logarithm of a positive normal number by fewer steps: the bits of `log`."""
    bits = bits_of(x)
    n = _octaves(bits)
    f = float_of(bits - (n << 52)) - 1.0
    octaves = _as_float(n)
    s = f / (2.0 + f)
    low = fma(octaves, _LN2_LOW, _two_atanh_rest(s) - s * f)
    return fma(octaves, _LN2_HIGH, f + low)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def log1p(x: float) -> float:
    """``ln(1 + x)`` without loss next to 0; -inf at -1, NaN below, inf at inf."""
    y = 1.0 + x
    bits = bits_of(y)
    n = _octaves(bits)
    # What the sum lost, on the scale of the mantissa; nothing is left of it above 2**53.
    lost = (x - (y - 1.0)) if y > x else (1.0 - (y - x))
    lost *= float_of((1023 - (n if n < 1000 else 1000)) << 52)
    f = (float_of(bits - (n << 52)) - 1.0) + lost
    s = f / (2.0 + f)
    low = fma(_as_float(n), _LN2_LOW, _two_atanh_rest(s) - s * f)
    value = fma(_as_float(n), _LN2_HIGH, f + low)
    value = x if x == math.inf else value
    value = -math.inf if x == -1.0 else value
    return math.nan if x < -1.0 or x != x else value


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def log_ratio_parts(a: float, b: float) -> tuple[float, float]:
    """``ln(a / b)`` as the sum of two parts, for positive normal numbers below 1e308.

    The sum is wrong by less than 1e-16 absolutely, however large it is, and by 3e-16 of itself
    where ``a`` is next to ``b``: their difference is exact there.
    """
    # Whole octaves, by the difference of the bits, leave a / b between 2/3 and 3/2.
    n = (bits_of(a) - bits_of(b) + _HALF_OCTAVE) >> 52
    near = float_of(bits_of(a) - (n << 52))
    s = (near - b) / (near + b)
    octaves = _as_float(n)
    high = octaves * _LN2_HIGH
    total = high + 2.0 * s
    return total, (2.0 * s - (total - high)) + fma(octaves, _LN2_LOW, _two_atanh_rest(s))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def log_ratio(a: float, b: float) -> float:
    """``ln(a / b)`` of positive normal numbers below 1e308, without loss where they are close."""
    high, low = log_ratio_parts(a, b)
    return high + low


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def erfcx_positive(x: float) -> float:
    """``exp(x**2) erfc(x)`` for ``0 <= x < 1e300``; meaningless below 0."""
    u = x + 4.0
    r = 1.0 / u
    # One Newton step, with what the sum lost, makes r exact to its last place.
    r = fma(r, fma(-u, r, 1.0) - (x - (u - 4.0)) * r, r)
    return r * polynomial(fma(-8.0, r, 1.0), _ERFCX)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def _exp_of_square(x: float, scale: float) -> float:
    """``exp(scale * x**2)`` for a power of two ``scale``; the square's rounding put right."""
    square = x * x
    return exp(scale * square) * fma(scale, fma(x, x, -square), 1.0)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def erfcx(x: float) -> float:
    """``exp(x**2) erfc(x)``; infinite below -26.63."""
    size = abs(x)
    value = erfcx_positive(1e9 if size > 1e9 else size)
    value = _INVERSE_SQRT_PI / size if size > 1e9 else value
    reflected = 2.0 * _exp_of_square(27.0 if size > 27.0 else size, 1.0) - value
    return reflected if x < 0.0 else value


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def normal_pdf(x: float) -> float:
    """Standard normal density."""
    size = abs(x)
    return _INVERSE_SQRT_2PI * _exp_of_square(40.0 if size > 40.0 else size, -0.5)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def normal_cdf(x: float) -> float:
    """Standard normal distribution function; small tails keep their digits.

    Examples
    --------
    >>> normal_cdf(0.0), round(normal_cdf(-1.0), 15)
    (0.5, 0.158655253931457)
    """
    size = abs(x)
    size = 40.0 if size > 40.0 else size
    tail = 0.5 * _exp_of_square(size, -0.5) * erfcx_positive(_SQRT_HALF * size)
    return 1.0 - tail if x > 0.0 else tail
