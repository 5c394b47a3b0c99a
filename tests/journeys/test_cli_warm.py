"""After ``plimsoll warm`` a fresh process compiles nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# runs what the verbs run, and counts what had to be compiled for it
FRESH = """\
import json
from plimsoll.journeys import warm

for exercise in warm.EXERCISES.values():
    exercise()
missed = {n: sum(k.stats.cache_misses.values()) for n, k in warm.kernels().items()}
print(json.dumps({name: count for name, count in missed.items() if count}))
"""


@pytest.mark.slow
def test_after_a_warm_up_a_fresh_process_compiles_nothing() -> None:
    command = [sys.executable, "-m", "plimsoll.cli", "warm", "--json"]
    warmed = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(warmed.stdout)["result"]
    assert result["cold"] == []
    assert result["compiled"] > 50
    fresh = subprocess.run(
        [sys.executable, "-c", FRESH], capture_output=True, text=True, check=True
    )
    assert json.loads(fresh.stdout) == {}
