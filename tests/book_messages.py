"""Recordings of Binance made by hand: one futures market whose book is known at every message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

START_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000_000_000
Levels = Sequence[tuple[str, str]]


def change(before: int, last: int, bids: Levels = (), asks: Levels = ()) -> dict[str, Any]:
    """A depth change of futures that covers what comes after ``before`` up to ``last``."""
    data = {"e": "depthUpdate", "E": 1_700_000_000_000, "T": 1_700_000_000_000, "s": "BTCUSDT"}
    ids = {"U": before + 1, "u": last, "pu": before}
    return {"stream": "btcusdt@depth", "data": {**data, **ids, "b": list(bids), "a": list(asks)}}


def snapshot(last: int, bids: Levels, asks: Levels) -> dict[str, Any]:
    """A REST answer."""
    return {"lastUpdateId": last, "E": 1, "T": 1, "bids": list(bids), "asks": list(asks)}


def write(path: Path, messages: Sequence[dict[str, Any]]) -> Path:
    """Write messages a second apart, each behind its time of receipt."""
    lines = [f"{START_NS + i * STEP_NS} {json.dumps(m)}" for i, m in enumerate(messages)]
    text = "\n".join(lines) + "\n"
    path.write_text(text.replace('": ', '":'), encoding="utf-8")
    return path
