"""After ``plimsoll warm`` a fresh process compiles nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

# Warms up as the command does, which runs what every verb runs, and counts what had to be
# compiled for it.
COUNTED = """\
import json
import sys
from typer.testing import CliRunner
from plimsoll.cli.main import application
from plimsoll.journeys import warm

told = CliRunner().invoke(application(), ["warm", "--workers", "1", "--json"])
if told.exit_code:
    sys.exit(told.output)
missed = {n: sum(k.stats.cache_misses.values()) for n, k in warm.kernels().items()}
compiled = {name: count for name, count in missed.items() if count}
print(json.dumps({"result": json.loads(told.stdout)["result"], "compiled": compiled}))
"""


def warmed_up() -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", COUNTED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_after_a_warm_up_a_fresh_process_compiles_nothing() -> None:
    found = warmed_up()
    if found["compiled"]:  # that was the warm-up; else this environment was warm by then
        found = warmed_up()
    assert found["compiled"] == {}
    assert found["result"]["cold"] == []
    assert found["result"]["new"] == 0
    assert found["result"]["compiled"] > 50
