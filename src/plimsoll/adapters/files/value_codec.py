"""Plain values, arrays and dataclasses as bytes and back, without code that a file could choose.

A tree of JSON, and the arrays after it. The tree may name dataclasses, named tuples and
enumerations of this package whose modules are imported already; nothing is imported or called
for a file's sake but their constructors. Floats, dtypes, the order of axes in memory and whether
an array may be written to come back as they were, so that a computation goes on to the same bits.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError, UsageError

PACKAGE = "plimsoll."
_LENGTH = 8
_KINDS = "biufUSmM"


def encoded(value: object) -> bytes:
    """Return a value as bytes.

    Raises
    ------
    UsageError
        For what is neither plain nor a dataclass, a named tuple or an enumeration of ours.
    """
    writer = _Writer()
    tree = json.dumps(writer.tree(value), separators=(",", ":")).encode()
    return b"".join((len(tree).to_bytes(_LENGTH, "little"), tree, *writer.blobs))


def decoded(data: bytes | memoryview) -> Any:
    """Return the value of bytes that `encoded` made.

    Raises
    ------
    DataFormatError
        For other bytes, and for classes that are not there (any more) or refuse their fields.
    """
    view = memoryview(data)
    try:
        start = _LENGTH + int.from_bytes(view[:_LENGTH], "little")
        tree = json.loads(bytes(view[_LENGTH:start]))
        return _Reader(view[start:]).value(tree)
    except DataFormatError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise DataFormatError(
            "must hold a value of ours", found=f"{type(error).__name__}: {error}"[:200]
        ) from None


class _Writer:
    """Turns values into a tree, and gathers the bytes of their arrays."""

    def __init__(self) -> None:
        self.blobs: list[bytes] = []
        self._size = 0
        self._known: dict[int, tuple[NDArray[Any], list[object]]] = {}

    def tree(self, value: object) -> object:
        """Return one value; containers as ``{tag: content}``."""
        if isinstance(value, np.ndarray | np.generic):
            return {"array" if isinstance(value, np.ndarray) else "scalar": self._array(value)}
        if isinstance(value, Enum):
            return {"enum": _name(type(value)), "value": self.tree(value.value)}
        if value is None or isinstance(value, str | bool | int | float):
            return value
        if isinstance(value, Decimal):
            return {"decimal": str(value)}
        if isinstance(value, bytes):
            return {"bytes": self._array(np.frombuffer(value, dtype=np.uint8))}
        if isinstance(value, Mapping):
            return {"map": [[self.tree(k), self.tree(v)] for k, v in value.items()]}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return {"named": _name(type(value)), "value": [self.tree(item) for item in value]}
        if isinstance(value, tuple | list):
            return {type(value).__name__: [self.tree(item) for item in value]}
        if is_dataclass(value):
            content = {f.name: self.tree(getattr(value, f.name)) for f in fields(value) if f.init}
            return {"class": _name(type(value)), "value": content}
        raise UsageError("must be plain data", found=type(value).__name__, field="value")

    def _array(self, value: Any) -> list[object]:
        """Dtype, shape in memory, order of the axes, whether it may be written, and place."""
        array = np.asarray(value)
        if array.dtype.kind not in _KINDS:
            raise UsageError("must be an array of numbers or text", found=str(array.dtype))
        if id(value) in self._known:
            return self._known[id(value)][1]
        axes = sorted(range(array.ndim), key=lambda axis: (-abs(array.strides[axis]), axis))
        inner = np.ascontiguousarray(array.transpose(axes))
        shape = [array.shape[axis] for axis in axes]
        data = inner.tobytes()
        writeable = bool(array.flags.writeable)
        told: list[object] = [array.dtype.str, shape, axes, writeable, self._size]
        self.blobs.append(data)
        self._size += len(data)
        self._known[id(value)] = (array, told)  # held, so that no other gets the same id
        return told


class _Reader:
    """Turns a tree and the bytes of arrays into values."""

    def __init__(self, blobs: memoryview) -> None:
        self._blobs = blobs

    def value(self, tree: Any) -> Any:
        """Return the value of one node."""
        if not isinstance(tree, dict):
            return tree
        tag, content = next(iter(tree.items()))
        if tag in ("enum", "named", "class"):
            return self._of_class(_class(content, tag), tree["value"])
        if tag in ("array", "scalar", "bytes"):
            array = self._array(*content)
            if tag == "bytes":
                return array.tobytes()
            return array if tag == "array" else array[()]
        if tag == "map":
            return {self.value(key): self.value(item) for key, item in content}
        if tag == "decimal":
            return Decimal(content)
        return {"tuple": tuple, "list": list}[tag](self.value(item) for item in content)

    def _of_class(self, kind: Any, content: Any) -> Any:
        if issubclass(kind, Enum):
            return kind(self.value(content))
        if isinstance(content, dict):
            return kind(**{name: self.value(item) for name, item in content.items()})
        return kind(*(self.value(item) for item in content))

    def _array(
        self, dtype: str, shape: list[int], axes: list[int], writeable: bool, start: int
    ) -> NDArray[Any]:
        kind = np.dtype(dtype)
        if kind.kind not in _KINDS:
            raise ValueError(f"an array of {dtype}")
        count = int(np.prod(shape, dtype=np.int64))
        flat = np.frombuffer(self._blobs, dtype=kind, count=count, offset=start).copy()
        inner = flat.reshape(shape)
        array: NDArray[Any] = inner.transpose(np.argsort(axes)) if axes else inner
        array.flags.writeable = writeable
        return array


def _name(kind: type) -> str:
    if not kind.__module__.startswith(PACKAGE) or "<" in kind.__qualname__:
        raise UsageError("must be a class of this package", found=repr(kind), field="value")
    return f"{kind.__module__}:{kind.__qualname__}"


def _class(name: str, tag: str) -> Any:
    """Return the class of that name, of the kind that the tag says, in a module that is there."""
    module, _, path = name.partition(":")
    if not module.startswith(PACKAGE):
        raise ValueError(f"a class of {module}")
    found: Any = sys.modules[module]
    for part in path.split("."):
        found = getattr(found, part)
    fits = (
        isinstance(found, type)
        and {
            "enum": lambda: issubclass(found, Enum),
            "class": lambda: is_dataclass(found),
            "named": lambda: issubclass(found, tuple) and hasattr(found, "_fields"),
        }[tag]()
    )
    if not fits:
        raise ValueError(f"{name} as {tag}")
    return found
