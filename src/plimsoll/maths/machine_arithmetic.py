"""Machine instructions that compiled kernels need and numba does not name.

Only compiled code can call these; they vectorise. :data:`fma` is a library call, slow but with the
same bits, on a processor without the instruction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from numba import types
from numba.extending import intrinsic

_TWO_CHAINS_FROM = 20  # terms of a polynomial
_DOUBLINGS = 4
_SPLIT = 1 << _DOUBLINGS

_Generator = tuple[Any, Callable[[Any, Any, Any, Any], Any]]


def _fma(_typing: Any, _a: Any, _b: Any, _c: Any) -> _Generator:
    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return types.float64(types.float64, types.float64, types.float64), generate


def _bits_of(_typing: Any, _value: Any) -> _Generator:
    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.int64))

    return types.int64(types.float64), generate


def _float_of(_typing: Any, _bits: Any) -> _Generator:
    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], context.get_value_type(types.float64))

    return types.float64(types.int64), generate


def _polynomial(_typing: Any, _x: Any, coefficients: Any) -> _Generator:
    def generate(_context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, table = args
        terms = [builder.extract_value(table, i) for i in range(signature.args[1].count)]
        if len(terms) < _TWO_CHAINS_FROM:
            return _horner(builder, x, terms)
        # High and low powers apart: two short chains of dependent operations, not a long one.
        low, high = (_horner(builder, x, part) for part in (terms[:_SPLIT], terms[_SPLIT:]))
        power = x
        for _ in range(_DOUBLINGS):
            power = builder.fmul(power, power)
        return builder.fma(high, power, low)

    return types.float64(types.float64, coefficients), generate


def _horner(builder: Any, x: Any, terms: list[Any]) -> Any:
    value = terms[-1]
    for term in reversed(terms[:-1]):
        value = builder.fma(value, x, term)
    return value


fma = cast(Callable[[float, float, float], float], intrinsic(_fma))
"""``a * b + c``, rounded once."""

bits_of = cast(Callable[[float], int], intrinsic(_bits_of))
"""The 64 bits of a float, as a signed integer."""

float_of = cast(Callable[[int], float], intrinsic(_float_of))
"""The float that has these 64 bits."""

polynomial = cast(Callable[[float, tuple[float, ...]], float], intrinsic(_polynomial))
"""Value at ``x`` by Horner's rule, unrolled and fused; coefficients by rising power, as a tuple."""
