"""A venue file that holds, to be spoiled one value at a time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plimsoll.config import check_venue
from plimsoll.errors import Fault

HOLDING: dict[str, Any] = {
    "version": 1,
    "venue": {"name": "test"},
    "data": {"prices": {"format": "sandbox", "price_kind": "synthetic_mark"}},
    "markets": [
        {"symbol": "BTCUSDT", "instrument": "BTC/USDT:USDT", "class": "large"},
        {"symbol": "BTCUSD", "instrument": "BTC/USD:BTC", "class": "large", "payoff": "inverse"},
    ],
    "classes": {
        "large": {
            "maintenance_horizon_hours": 1,
            "reaction_horizon_hours": 8,
            "liquidation_cost": 0.0005,
            "liquidation_fee": 0.001,
            "adv_usd": 1e9,
            "tier_caps_usd": [50_000, 250_000],
        }
    },
}


def at(document: Any, *path: str | int) -> Any:
    for step in path:
        document = document[step] if isinstance(step, int) else document.setdefault(step, {})
    return document


@pytest.fixture
def holding() -> dict[str, Any]:
    """A venue that holds, as plain values."""
    return copy.deepcopy(HOLDING)


@pytest.fixture
def faults_of(tmp_path: Path) -> Callable[..., tuple[Fault, ...]]:
    """Faults of the holding file with ``value`` put at ``path`` (JSON is YAML)."""

    def faults(*path: str | int, value: object = None) -> tuple[Fault, ...]:
        document = copy.deepcopy(HOLDING)
        if path:
            at(document, *path[:-1])[path[-1]] = value
        file = tmp_path / "venue.yaml"
        file.write_text(json.dumps(document, indent=1))
        return check_venue(file)

    return faults
