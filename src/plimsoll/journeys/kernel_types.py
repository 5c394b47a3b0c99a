"""Machine types of a kernel's arguments, read off its annotations.

The kernels' own convention: ``float`` and ``int`` are 64 bits wide, arrays are contiguous, and
the name of an array's alias says what it holds and how many dimensions it has.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from numba import types

_BY_NAME: Mapping[str, Any] = {
    "float": types.float64,
    "int": types.int64,
    "bool": types.boolean,
    "Vector": types.Array(types.float64, 1, "C"),
    "Matrix": types.Array(types.float64, 2, "C"),
    "Cube": types.Array(types.float64, 3, "C"),
    "Flags": types.Array(types.boolean, 1, "C"),
    **dict.fromkeys(("Index", "Codes", "Ranks"), types.Array(types.int64, 1, "C")),
    "IndexMatrix": types.Array(types.int64, 2, "C"),
}


def argument_types(kernel: Any) -> tuple[Any, ...] | None:
    """Return the types of a kernel's arguments, or None where an annotation is none of ours."""
    function = kernel.py_func
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    scope = vars(sys.modules[function.__module__])
    found = [_type_of(function.__annotations__.get(name, ""), scope) for name in names]
    return None if None in found else tuple(found)


def _type_of(annotation: object, scope: Mapping[str, object]) -> Any:
    """Machine type of one annotation; named tuples field by field."""
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    if name in _BY_NAME:
        return _BY_NAME[name]
    record = scope.get(name)
    if not (isinstance(record, type) and issubclass(record, tuple)):
        return None
    inner = vars(sys.modules[record.__module__])
    fields = [_type_of(_text(kind), inner) for kind in record.__annotations__.values()]
    if None in fields or not fields:
        return None
    if len(set(fields)) == 1:  # numba's own type of a tuple whose fields are all alike
        return types.NamedUniTuple(fields[0], len(fields), record)  # type: ignore[no-untyped-call]
    return types.NamedTuple(fields, record)  # type: ignore[no-untyped-call]


def _text(annotation: object) -> object:
    """Text of an annotation; a named tuple holds its own as forward references."""
    return getattr(annotation, "__forward_arg__", annotation)
