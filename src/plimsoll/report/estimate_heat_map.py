"""Correlations of a book as a heat map: a small PNG inside a drawing with names and classes."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from plimsoll.report.arrangement import short_name
from plimsoll.report.palette import INK, MUTED, RULE
from plimsoll.report.svg import Scale, drawing, line, text

FloatArray = NDArray[np.float64]

_SIDE, _LEFT, _TOP = 620.0, 116.0, 14.0
_MOST_NAMES = 78
_COLD, _NOUGHT, _WARM = (0, 114, 178), (247, 248, 250), (172, 58, 12)
"""Blue, white, vermilion, after Okabe and Ito: apart for every reader, dark at both ends."""


def heat_map_drawing(
    correlation: FloatArray, names: Sequence[str], classes: Sequence[str], title: str
) -> Markup:
    """Return the correlations in the order given; classes are parted by lines."""
    count = len(names)
    image = base64.b64encode(png(_colours(correlation))).decode("ascii")
    parts = [
        Markup(
            '<image x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none" '
            'style="image-rendering:pixelated" href="data:image/png;base64,{}"/>'
        ).format(f"{_LEFT:g}", f"{_TOP:g}", f"{_SIDE:g}", f"{_SIDE:g}", image)
    ]
    at = Scale(low=0.0, high=float(count), start=0.0, stop=_SIDE)
    parts += _names(names, at)
    parts += _classes(classes, at)
    parts += _scale_of_colours()
    return drawing(_LEFT + _SIDE + 96.0, _TOP + _SIDE + 34.0, title, parts)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return (H, W, 3) pixels as a PNG (ISO/IEC 15948): the same pixels, the same bytes.

    >>> png(np.zeros((1, 1, 3), dtype=np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _colours(values: FloatArray) -> NDArray[np.uint8]:
    share = np.clip(np.abs(values), 0.0, 1.0)[..., None]
    end = np.where(values[..., None] < 0.0, np.array(_COLD), np.array(_WARM))
    mixed = (1.0 - share) * np.array(_NOUGHT) + share * end
    found: NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)
    return found


def _names(names: Sequence[str], at: Scale) -> Iterator[Markup]:
    """Names to the left: all of them, or every so many."""
    step = -(-len(names) // _MOST_NAMES)
    size = min(9.5, max(6.0, 0.9 * _SIDE * step / max(1, len(names))))
    for i in range(0, len(names), step):
        y = _TOP + at(i + 0.5) + 0.35 * size
        yield text(_LEFT - 5, y, short_name(names[i], 18), anchor="end", size=size, colour=INK)
    if step > 1:
        words = f"one in {step} of {len(names)} markets is named"
        yield text(_LEFT, _TOP + _SIDE + 14, words, size=9.5, colour=MUTED)


def _classes(classes: Sequence[str], at: Scale) -> Iterator[Markup]:
    start = 0
    for i in range(1, len(classes) + 1):
        if i < len(classes) and classes[i] == classes[start]:
            continue
        if start:
            edge = at(float(start))
            yield line(_LEFT + edge, _TOP, _LEFT + edge, _TOP + _SIDE, colour=INK)
            yield line(_LEFT, _TOP + edge, _LEFT + _SIDE, _TOP + edge, colour=INK)
        if classes[start]:
            middle = _LEFT + at((start + i) / 2.0)
            yield text(middle, _TOP - 4, classes[start], anchor="middle", size=9, colour=MUTED)
        start = i


def _scale_of_colours() -> Iterator[Markup]:
    left, top, height = _LEFT + _SIDE + 16.0, _TOP + 20.0, 240.0
    column = np.linspace(1.0, -1.0, 121)[:, None]
    image = base64.b64encode(png(_colours(column))).decode("ascii")
    yield Markup(
        '<image x="{}" y="{}" width="14" height="{}" preserveAspectRatio="none" '
        'href="data:image/png;base64,{}"/>'
    ).format(f"{left:g}", f"{top:g}", f"{height:g}", image)
    for value in (1.0, 0.5, 0.0, -0.5, -1.0):
        y = top + height * (1.0 - value) / 2.0
        yield line(left + 14, y, left + 18, y, colour=RULE)
        label = f"{value:g}".replace("-", "\u2212")
        yield text(left + 21, y + 3.3, label, size=9.5, colour=MUTED)
    yield text(left, top - 8, "correlation [1]", size=9.5, colour=MUTED)
