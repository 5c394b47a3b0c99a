"""Data inside a page: JSON that cannot leave its element, arrays as base64, text for CSS."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

_UNSAFE = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}

Plain = str | float | int | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]


def json_block(value: Plain) -> Markup:
    """Return JSON for a ``<script type="application/json">``: no ``<``, ``>``, ``&`` in it.

    NaN and infinities become null, as JSON has none.

    >>> json_block({"market": "</script>", "rate": float("nan")})
    Markup('{"market":"\\\\u003c/script\\\\u003e","rate":null}')
    """
    text = json.dumps(
        _finite(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
    )
    return Markup(text.translate(_UNSAFE))


def base64_array(values: NDArray[np.generic], dtype: str) -> str:
    """Return an array as base64 of its little-endian bytes."""
    plain = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<"))
    return base64.b64encode(plain.tobytes()).decode("ascii")


def array_from_base64(text: str, dtype: str) -> NDArray[np.generic]:
    """Inverse of `base64_array`; the array is read-only."""
    return np.frombuffer(base64.b64decode(text, validate=True), np.dtype(dtype).newbyteorder("<"))


def css_string(text: str) -> Markup:
    r"""Return a CSS string literal in which every sign but letters and digits is escaped.

    >>> print(css_string('a"b'))
    "a\22 b"
    """
    body = "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):x} " for c in text)
    return Markup(f'"{body}"')


def plot_text(text: str) -> str:
    """Return text that plotly prints literally: it reads labels as a small HTML.

    >>> plot_text("<b>A&B</b>")
    '&lt;b&gt;A&amp;B&lt;/b&gt;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _finite(value: Plain) -> Plain:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(item) for item in value]
    return value
